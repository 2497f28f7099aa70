import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import type { CreateEventSourceMappingCommandInput } from '@aws-sdk/client-lambda';
import { SendMessageBatchCommand, SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { matches } from '#cloud/event-patterns/match.ts';
import type { JsonObject } from '#cloud/json.ts';
import { functionArn, MINUTE, queueArn, queueUrl, SECOND, stand } from '../../../../tests/lambda-stand.ts';
import type { Stand } from '../../../../tests/lambda-stand.ts';
import { checkPlain } from '../../../../tests/simulation/rows.ts';
import { invocations } from '../invocations/invocations.ts';
import { parsePattern, passesAny } from './filter-pattern.ts';

const FunctionName = 'f';
const READER = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:SendMessage'];

/** Writes down the bodies of each batch. */
const RECORDS = `function:
  duration: 1s
  calls:
    - service: sqs
      operation: SendMessage
      input: { QueueUrl: '${queueUrl('seen')}', MessageBody: '\${event.Records}' }`;

async function mapped(
  more: Partial<CreateEventSourceMappingCommandInput> = {},
  { manifest = RECORDS, attributes = {} }: { manifest?: string; attributes?: Record<string, string> } = {},
): Promise<
  Stand & { uuid: string; fill: (...bodies: string[]) => Promise<void>; seen: () => Promise<string[][]> }
> {
  const made = await stand(...READER);
  await made.queue('work', attributes);
  await made.queue('seen');
  await made.active('f', manifest);
  const EventSourceArn = queueArn('work');
  const { UUID = '' } = await made.lambda.send(
    new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn, ...more }),
  );
  made.table.advance(10 * SECOND);
  const fill = async (...bodies: string[]): Promise<void> => {
    for (let at = 0; at < bodies.length; at += 10) {
      const Entries = bodies
        .slice(at, at + 10)
        .map((MessageBody, index) => ({ Id: String(index), MessageBody }));
      await made.sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl('work'), Entries }));
    }
  };
  const seen = async (): Promise<string[][]> =>
    (await made.bodies('seen')).map((body) =>
      (JSON.parse(body) as { body: string }[]).map((record) => record.body).toSorted(),
    );
  return Object.assign(made, { uuid: UUID, fill, seen });
}

// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
describe('an event source mapping', () => {
  // A world is saved as JSON, which has no `undefined`: messages without attributes have no digest of them either.
  it('keep what they wait for and what they get as JSON', async () => {
    const { fill, table } = await mapped();
    const spelled: string[] = [];
    const stop = table.world.observe(({ changes }) => {
      for (const { table: name, after } of changes) if (after) checkPlain(after, name);
      spelled.push(...changes.map(({ after }) => JSON.stringify(after ?? null)));
    });
    await fill('a');
    table.advance(MINUTE);
    stop();
    expect(spelled.join('')).toContain('MD5OfBody');
  });

  it('reads the queue, invokes the function with what it finds, and deletes what was processed', async () => {
    const made = await mapped();
    await made.fill('a', 'b', 'c');
    made.table.advance(5 * SECOND);
    const [body] = await made.bodies('seen');
    const records = JSON.parse(body as string) as Record<string, unknown>[];
    expect(records).toHaveLength(3);
    expect(records[0]).toMatchObject({
      body: 'a',
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn('work'),
      awsRegion: 'us-east-1',
      messageAttributes: {},
      attributes: { ApproximateReceiveCount: '1', SenderId: expect.any(String) as string },
    });
    made.table.advance(10 * MINUTE);
    expect(await made.seen()).toEqual([]);
    expect(await made.bodies('work')).toEqual([]);
  });

  it('costs nothing while the queue is empty', async () => {
    const made = await mapped();
    const before = made.table.world.position;
    made.table.advance(600 * MINUTE);
    expect(made.table.world.position - before).toBeLessThan(3);
    await made.fill('late');
    made.table.advance(5 * SECOND);
    expect(await made.seen()).toEqual([['late']]);
  });

  it('waits for its window to fill a batch', async () => {
    const made = await mapped({ BatchSize: 100, MaximumBatchingWindowInSeconds: 30 });
    await made.fill('a');
    made.table.advance(10 * SECOND);
    await made.fill('b');
    made.table.advance(10 * SECOND);
    expect(await made.seen()).toEqual([]);
    made.table.advance(15 * SECOND);
    expect(await made.seen()).toEqual([['a', 'b']]);
    await made.fill(...Array.from({ length: 100 }, (_, index) => `m${index}`));
    made.table.advance(5 * SECOND);
    expect((await made.seen()).map((batch) => batch.length)).toEqual([100]);
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
  it('leaves what a failing function was given to the visibility timeout and the redrive policy', async () => {
    const redrive = { deadLetterTargetArn: queueArn('dead'), maxReceiveCount: 2 };
    const made = await stand(...READER);
    await made.queue('dead');
    await made.queue('work', { RedrivePolicy: JSON.stringify(redrive), VisibilityTimeout: '30' });
    await made.active('f', 'function: { errors: 100% }');
    await made.lambda.send(
      new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn: queueArn('work') }),
    );
    made.table.advance(10 * SECOND);
    await made.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl('work'), MessageBody: 'bad' }));
    made.table.advance(50 * SECOND);
    expect(await made.bodies('dead')).toEqual([]);
    made.table.advance(30 * SECOND);
    expect(await made.bodies('dead')).toEqual(['bad']);
  });

  it('deletes all but the messages that the function reports as failed', async () => {
    const made = await mapped(
      { FunctionResponseTypes: ['ReportBatchItemFailures'] },
      {
        manifest: `function: { answers: { batchItemFailures: [{ itemIdentifier: '\${event.Records.1.messageId}' }] } }`,
      },
    );
    await made.fill('good', 'bad', 'fine');
    made.table.advance(5 * SECOND);
    await made.lambda.send(new UpdateEventSourceMappingCommand({ UUID: made.uuid, Enabled: false }));
    made.table.advance(40 * SECOND);
    expect(await made.bodies('work')).toEqual(['bad']);
  });

  it('gives back the whole batch where the report makes no sense', async () => {
    const made = await mapped(
      { FunctionResponseTypes: ['ReportBatchItemFailures'] },
      { manifest: `function: { answers: { batchItemFailures: [{ foo: notvalid }] } }` },
    );
    await made.fill('one');
    made.table.advance(5 * SECOND);
    await made.lambda.send(new UpdateEventSourceMappingCommand({ UUID: made.uuid, Enabled: false }));
    made.table.advance(40 * SECOND);
    expect(await made.bodies('work')).toEqual(['one']);
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
  it('drops what its filters do not let through', async () => {
    const made = await mapped({
      FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["order"]}}' }] },
    });
    await made.fill('{"kind":"order"}', '{"kind":"visit"}', 'plain');
    made.table.advance(5 * SECOND);
    expect(await made.seen()).toEqual([['{"kind":"order"}']]);
    made.table.advance(10 * MINUTE);
    expect(await made.bodies('work')).toEqual([]);
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
  it('begins with five batches at a time and never has more than its maximum concurrency', async () => {
    const running = ({ table }: Stand): number => table.read((ctx) => ctx.list(invocations).length);
    const bodies = Array.from({ length: 30 }, (_, index) => `m${index}`);
    const manifest = 'function: { duration: 2s }';
    const free = await mapped({ BatchSize: 1 }, { manifest });
    await free.fill(...bodies);
    free.table.advance(SECOND);
    expect(running(free)).toBe(5);
    const bound = await mapped({ BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } }, { manifest });
    await bound.fill(...bodies);
    bound.table.advance(SECOND);
    expect(running(bound)).toBe(2);
    bound.table.advance(2 * MINUTE);
    expect(await bound.bodies('work')).toEqual([]);
  });

  it('keeps the order of a message group of a FIFO queue', async () => {
    const made = await stand(...READER);
    await made.queue('work.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
    await made.queue('seen');
    await made.active('f', RECORDS);
    const create = { FunctionName, EventSourceArn: queueArn('work.fifo'), BatchSize: 1 };
    await made.lambda.send(new CreateEventSourceMappingCommand(create));
    made.table.advance(10 * SECOND);
    for (const MessageBody of ['1', '2', '3']) {
      await made.sqs.send(
        new SendMessageCommand({ QueueUrl: queueUrl('work.fifo'), MessageBody, MessageGroupId: 'g' }),
      );
    }
    made.table.advance(1500);
    expect(made.table.read((ctx) => ctx.list(invocations).length)).toBe(1);
    made.table.advance(MINUTE);
    const bodies = (await made.bodies('seen')).map(
      (text) => (JSON.parse(text) as { body: string }[])[0]?.body,
    );
    expect(bodies).toEqual(['1', '2', '3']);
  });

  it('backs off while the function is throttled, and goes on when it is not', async () => {
    const made = await mapped();
    const reserve = (ReservedConcurrentExecutions: number) =>
      made.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
    await reserve(0);
    await made.fill('a');
    made.table.advance(20 * SECOND);
    expect(await made.seen()).toEqual([]);
    await reserve(5);
    made.table.advance(MINUTE);
    expect(await made.seen()).toEqual([['a']]);
  });

  it('tries less and less often where its role may no longer read, and goes on when it may', async () => {
    const made = await mapped();
    await made.allow('sqs:SendMessage');
    await made.fill('a');
    made.table.advance(SECOND);
    const before = made.table.world.position;
    made.table.advance(24 * 60 * MINUTE);
    expect(made.table.world.position - before).toBeLessThan(300);
    expect(await made.seen()).toEqual([]);
    await made.allow(...READER);
    made.table.advance(61 * MINUTE);
    expect(await made.seen()).toEqual([['a']]);
  });

  it('stops reading when it is disabled or deleted', async () => {
    const made = await mapped();
    const state = async () =>
      (await made.lambda.send(new GetEventSourceMappingCommand({ UUID: made.uuid }))).State;
    expect(await state()).toBe('Enabled');
    await made.lambda.send(new UpdateEventSourceMappingCommand({ UUID: made.uuid, Enabled: false }));
    expect(await state()).toBe('Disabling');
    await expect(
      made.lambda.send(new DeleteEventSourceMappingCommand({ UUID: made.uuid })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' });
    await made.fill('a');
    made.table.advance(20 * SECOND);
    expect(await state()).toBe('Disabled');
    expect(await made.seen()).toEqual([]);
    await made.lambda.send(new UpdateEventSourceMappingCommand({ UUID: made.uuid, Enabled: true }));
    made.table.advance(20 * SECOND);
    expect(await made.seen()).toEqual([['a']]);
    const deleted = await made.lambda.send(new DeleteEventSourceMappingCommand({ UUID: made.uuid }));
    expect(deleted.State).toBe('Deleting');
    made.table.advance(20 * SECOND);
    await expect(state()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await made.fill('b');
    made.table.advance(MINUTE);
    expect(await made.bodies('work')).toEqual(['b']);
  });

  it('is checked when it is made, and there is one for a queue and a function', async () => {
    const made = await stand();
    await made.queue('work', { VisibilityTimeout: '30' });
    await made.active('f', '', { Timeout: 60 });
    const create = (more: Partial<CreateEventSourceMappingCommandInput> = {}) =>
      made.lambda.send(
        new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn: queueArn('work'), ...more }),
      );
    await expect(create({ FunctionName: 'none' })).rejects.toThrow('Function does not exist');
    await expect(create({ BatchSize: 11 })).rejects.toThrow(
      'Maximum batch window in seconds must be greater',
    );
    await expect(create({ FilterCriteria: { Filters: [{ Pattern: 'x' }] } })).rejects.toThrow(
      'Invalid filter pattern definition.',
    );
    await expect(
      create({ EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s' }),
    ).rejects.toThrow('not modelled by Sandtable');
    await expect(create()).rejects.toThrow(
      'The function execution role does not have permissions to call ReceiveMessage on SQS',
    );
    await made.allow(...READER);
    await expect(create()).rejects.toThrow(
      'Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds',
    );
    await expect(create({ EventSourceArn: queueArn('none') })).rejects.toThrow('NonExistentQueue');
    const Attributes = { VisibilityTimeout: '360' };
    await made.sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl('work'), Attributes }));
    const first = await create();
    expect(first).toMatchObject({
      BatchSize: 10,
      EventSourceArn: queueArn('work'),
      FunctionArn: functionArn('f'),
      FunctionResponseTypes: [],
      MaximumBatchingWindowInSeconds: 0,
      State: 'Creating',
      StateTransitionReason: 'USER_INITIATED',
    });
    await expect(create()).rejects.toMatchObject({ name: 'ResourceConflictException' });
    const { EventSourceMappings } = await made.lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName }),
    );
    expect(EventSourceMappings?.map(({ UUID }) => UUID)).toEqual([first.UUID]);
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
describe('filter patterns', () => {
  const parsed = (text: string): JsonObject => parsePattern(text) ?? expect.unreachable(text);

  it.each([
    [{ a: ['x', null] }, { a: null }, true],
    [{ a: ['x'] }, { a: 'y' }, false],
    [{ a: [{ prefix: 'or' }] }, { a: 'order' }, true],
    [{ a: [{ suffix: 'er' }] }, { a: 'orders' }, false],
    [{ a: [{ exists: false }] }, {}, true],
    [{ a: [{ exists: true }] }, {}, false],
    [{ a: [{ 'anything-but': ['x', 'y'] }] }, { a: 'z' }, true],
    [{ a: [{ 'anything-but': { prefix: 'x' } }] }, { a: 'xy' }, false],
    [{ a: [{ numeric: ['>', 1, '<=', 5] }] }, { a: 5 }, true],
    [{ a: [{ numeric: ['>', 1, '<=', 5] }] }, { a: 6 }, false],
    [{ a: [{ 'equals-ignore-case': 'ABC' }] }, { a: 'abc' }, true],
    [{ $or: [{ a: ['x'] }, { b: { c: ['y'] } }] }, { b: { c: 'y' } }, true],
    [{ a: ['x'] }, { a: ['w', 'x'] }, true],
  ])('%j on %j: %s', (pattern, record, expected) => {
    expect(matches(parsed(JSON.stringify(pattern)), record)).toBe(expected);
  });

  it.each(['', '[]', '{"a":"x"}', '{"a":[]}', '{"a":[{"like":"x"}]}', '{"a":[{"numeric":["<"]}]}'])(
    'refuses %s',
    (text) => {
      expect(parsePattern(text)).toBeUndefined();
    },
  );

  it('looks at bodies as text or as JSON, as the pattern does', () => {
    const onText = [parsed('{"body":[{"prefix":"hel"}]}')];
    expect(passesAny(onText, { body: 'hello' })).toBe(true);
    const onFields = [parsed('{"body":{"a":[1]}}')];
    expect(passesAny(onFields, { body: '{"a":1}' })).toBe(true);
    expect(passesAny(onFields, { body: 'a' })).toBe(false);
  });
});
