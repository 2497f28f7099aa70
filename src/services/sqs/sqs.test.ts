import {
  AddPermissionCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  RemovePermissionCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import type { ReceiveMessageCommandInput, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { monitoringTable } from '../../../tests/monitoring-table.ts';
import { deduplications } from './send.ts';

const SECOND = 1000;
const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/jobs';
const QueueArn = 'arn:aws:sqs:us-east-1:000000000000:jobs';

function stage(profile: 'typical' | 'instant' = 'typical') {
  const table = monitoringTable({ profile });
  const sqs = table.client(SQSClient);
  const create = (QueueName: string, Attributes: Record<string, string> = {}) =>
    sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  const send = (MessageBody: string, more: Partial<SendMessageCommandInput> = {}) =>
    sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
  const receive = async (more: Partial<ReceiveMessageCommandInput> = {}) =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...more }))).Messages ?? [];
  const bodies = async (more: Partial<ReceiveMessageCommandInput> = {}) =>
    (await receive({ MaxNumberOfMessages: 10, ...more })).map(({ Body }) => Body);
  const attributes = async (url = QueueUrl) =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }))).Attributes ??
    {};
  return { table, sqs, create, send, receive, bodies, attributes };
}

async function withQueue(Attributes: Record<string, string> = {}) {
  const all = stage();
  await all.create('jobs', Attributes);
  return all;
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
describe('queues', () => {
  it('are created once by name, unless the attributes differ', async () => {
    const { create } = stage();
    expect((await create('jobs', { VisibilityTimeout: '60' })).QueueUrl).toBe(QueueUrl);
    expect((await create('jobs', { VisibilityTimeout: '60' })).QueueUrl).toBe(QueueUrl);
    expect((await create('jobs')).QueueUrl).toBe(QueueUrl);
    await expect(create('jobs', { VisibilityTimeout: '61' })).rejects.toMatchObject({
      name: 'QueueNameExists',
      message:
        'A queue already exists with the same name and a different value for attribute VisibilityTimeout',
    });
  });

  it.each([
    ['a b', {}, 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length'],
    ['jobs', { VisibilityTimeout: '43201' }, 'Invalid value for the parameter VisibilityTimeout.'],
    ['jobs', { Colour: 'red' }, 'Unknown Attribute Colour.'],
    [
      'jobs',
      { KmsMasterKeyId: 'alias/aws/sqs', SqsManagedSseEnabled: 'true' },
      'You can use one type of server-side encryption (SSE) at one time.',
    ],
    ['jobs', { ContentBasedDeduplication: 'true' }, 'Unknown Attribute ContentBasedDeduplication.'],
    [
      'jobs',
      { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: `${QueueArn}-dead`, maxReceiveCount: 3 }) },
      'Dead letter target does not exist.',
    ],
  ])('are refused as %s with %o', async (name, given, message) => {
    await expect(stage().create(name, given as Record<string, string>)).rejects.toThrow(message);
  });

  it('are found by name and listed by prefix, page by page', async () => {
    const { sqs, create } = stage();
    for (const name of ['jobs', 'jobs-dead', 'mail']) await create(name);
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'jobs' }))).QueueUrl).toBe(QueueUrl);
    expect((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'jobs' }))).QueueUrls).toEqual([
      QueueUrl,
      `${QueueUrl}-dead`,
    ]);
    const first = await sqs.send(new ListQueuesCommand({ MaxResults: 2 }));
    const rest = await sqs.send(new ListQueuesCommand({ MaxResults: 2, NextToken: first.NextToken }));
    expect([first.QueueUrls?.length, rest.QueueUrls?.length, rest.NextToken]).toEqual([2, 1, undefined]);
  });

  it('tell their attributes, with defaults for those that were not set', async () => {
    const { attributes, sqs, table } = await withQueue({ DelaySeconds: '5' });
    table.advance(3 * SECOND);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '10' } }));
    expect(await attributes()).toEqual({
      QueueArn,
      DelaySeconds: '5',
      VisibilityTimeout: '10',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'true',
      CreatedTimestamp: '1767571200',
      LastModifiedTimestamp: '1767571203',
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
    });
  });

  it('do not exist after deletion, and their name stays taken for 60 seconds', async () => {
    const { sqs, table, create, send } = await withQueue();
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await expect(send('m')).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    });
    await expect(create('jobs')).rejects.toMatchObject({ name: 'QueueDeletedRecently' });
    table.advance(60 * SECOND);
    expect((await create('jobs')).QueueUrl).toBe(QueueUrl);
  });

  it('are purged at most once a minute', async () => {
    const { sqs, table, send, bodies } = await withQueue();
    await send('m');
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    expect(await bodies()).toEqual([]);
    await expect(sqs.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toMatchObject({
      name: 'PurgeQueueInProgress',
    });
    table.advance(60 * SECOND);
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  });

  it('carry tags', async () => {
    const { sqs } = await withQueue();
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { team: 'shop', stage: 'prod' } }));
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['stage'] }));
    expect((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags).toEqual({ team: 'shop' });
  });

  it('let other accounts in by their policy alone', async () => {
    const { sqs, table } = await withQueue();
    const credentials = { accessKeyId: '111122223333', secretAccessKey: 'test' };
    const other = table.client(SQSClient, { credentials });
    const attempt = () => other.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
    await expect(attempt()).rejects.toThrow(/not authorized to perform: sqs:sendmessage/i);
    const permission = {
      QueueUrl,
      Label: 'partner',
      AWSAccountIds: ['111122223333'],
      Actions: ['SendMessage'],
    };
    await sqs.send(new AddPermissionCommand(permission));
    await attempt();
    await expect(sqs.send(new AddPermissionCommand(permission))).rejects.toThrow('Already exists');
    // A policy with a principal that there cannot be would shut everybody out.
    const nobody = { ...permission, Label: 'nobody', AWSAccountIds: ['nobody'] };
    await expect(sqs.send(new AddPermissionCommand(nobody))).rejects.toThrow('Unable to verify');
    await sqs.send(new RemovePermissionCommand({ QueueUrl, Label: 'partner' }));
    await expect(attempt()).rejects.toThrow(/not authorized/);
  });
});

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
describe('messages', () => {
  it('are received, stay invisible for the timeout, and come back', async () => {
    const { table, send, receive, bodies, attributes } = await withQueue();
    const { MessageId, MD5OfMessageBody } = await send('hello');
    expect(MD5OfMessageBody).toBe('5d41402abc4b2a76b9719d911017c592');
    const [first] = await receive({ MessageSystemAttributeNames: ['All'] });
    expect(first).toMatchObject({
      MessageId,
      Body: 'hello',
      MD5OfBody: MD5OfMessageBody,
      Attributes: {
        SenderId: '000000000000',
        SentTimestamp: '1767571200000',
        ApproximateReceiveCount: '1',
        ApproximateFirstReceiveTimestamp: '1767571200000',
      },
    });
    expect(await bodies()).toEqual([]);
    expect(await attributes()).toMatchObject({
      ApproximateNumberOfMessagesNotVisible: '1',
      ApproximateNumberOfMessages: '0',
    });
    table.advance(30 * SECOND);
    const [second] = await receive({ AttributeNames: ['ApproximateReceiveCount' as never] });
    expect(second?.Attributes).toEqual({ ApproximateReceiveCount: '2' });
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
  });

  // Recorded by LocalStack: test_filter_policy, test_exists_filter_policy. The reference says otherwise of older ones.
  it('are gone after deletion by any of their receipt handles', async () => {
    const { table, sqs, send, receive, bodies } = await withQueue();
    await send('m');
    const [first] = await receive();
    table.advance(30 * SECOND);
    const [second] = await receive();
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    table.advance(60 * SECOND);
    expect(await bodies()).toEqual([]);
    const forged = sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'forged' }));
    await expect(forged).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
  });

  it('change their visibility while they are in flight', async () => {
    const { table, sqs, send, receive, bodies } = await withQueue();
    await send('m');
    const change = (ReceiptHandle: string | undefined, VisibilityTimeout: number) =>
      sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
    const [first] = await receive();
    await change(first?.ReceiptHandle, 100);
    table.advance(99 * SECOND);
    expect(await bodies()).toEqual([]);
    table.advance(SECOND);
    const [second] = await receive();
    await change(second?.ReceiptHandle, 0);
    expect(await bodies()).toEqual(['m']);
    table.advance(40 * SECOND);
    const [third] = await receive();
    table.advance(20 * SECOND);
    await expect(change(third?.ReceiptHandle, 43_199)).rejects.toThrow(
      'Total VisibilityTimeout for the message is beyond the limit',
    );
  });

  it('are delayed by the queue or by themselves', async () => {
    const { table, send, bodies, attributes } = await withQueue({ DelaySeconds: '10' });
    await send('queue');
    await send('own', { DelaySeconds: 2 });
    expect(await attributes()).toMatchObject({ ApproximateNumberOfMessagesDelayed: '2' });
    table.advance(2 * SECOND);
    expect(await bodies()).toEqual(['own']);
    table.advance(8 * SECOND);
    expect(await bodies()).toEqual(['queue']);
  });

  it('expire after the retention period', async () => {
    const { table, send, bodies, attributes } = await withQueue({ MessageRetentionPeriod: '60' });
    await send('m');
    table.advance(60 * SECOND);
    expect(await attributes()).toMatchObject({ ApproximateNumberOfMessages: '0' });
    expect(await bodies()).toEqual([]);
  });

  it('move to the dead-letter queue at the receive after the last one allowed', async () => {
    const { table, sqs, create, send, receive, bodies } = stage();
    await create('dead');
    const dead = QueueUrl.replace('jobs', 'dead');
    const deadLetterTargetArn = QueueArn.replace('jobs', 'dead');
    await create('jobs', { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }) });
    await send('poison');
    for (const _ of [1, 2]) {
      expect(await bodies()).toEqual(['poison']);
      table.advance(30 * SECOND);
      expect(await bodies({ QueueUrl: dead })).toEqual([]);
    }
    await send('good');
    expect(await bodies({ MaxNumberOfMessages: 1 })).toEqual(['good']);
    const [message] = await receive({ QueueUrl: dead, MessageSystemAttributeNames: ['All'] });
    expect(message).toMatchObject({
      Body: 'poison',
      // The count goes on across queues.
      Attributes: {
        DeadLetterQueueSourceArn: QueueArn,
        SentTimestamp: '1767571200000',
        ApproximateReceiveCount: '3',
      },
    });
    const sources = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }));
    expect(sources.queueUrls).toEqual([QueueUrl]);
  });

  it('have attributes, which are asked for by name', async () => {
    const { send, receive } = await withQueue();
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: 'order' },
      'app.size': { DataType: 'Number.int', StringValue: '12' },
      raw: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2, 255) },
    };
    expect((await send('m', { MessageAttributes })).MD5OfMessageAttributes).toMatch(/^[0-9a-f]{32}$/);
    const [some] = await receive({ MessageAttributeNames: ['app.*'], VisibilityTimeout: 0 });
    expect(some?.MessageAttributes).toEqual({ 'app.size': MessageAttributes['app.size'] });
    const [all] = await receive({ MessageAttributeNames: ['All'] });
    expect(all?.MessageAttributes).toEqual(MessageAttributes);
    await expect(
      send('m', { MessageAttributes: { n: { DataType: 'Number', StringValue: 'x' } } }),
    ).rejects.toThrow("Can't cast");
    await expect(
      send('m', { MessageAttributes: { n: { DataType: 'Text', StringValue: 'x' } } }),
    ).rejects.toThrow('invalid message attribute type');
  });

  it('have a digest of their attributes as AWS computes it', async () => {
    const { send } = await withQueue();
    // From moto's and localstack's recorded answers: {"timestamp": {DataType: "Number", StringValue: "1493147359900"}}.
    const MessageAttributes = { timestamp: { DataType: 'Number', StringValue: '1493147359900' } };
    expect((await send('m', { MessageAttributes })).MD5OfMessageAttributes).toBe(
      '235c5c510d26fb653d073faed50ae77c',
    );
  });

  it.each([
    [{ MessageBody: '' }, 'The request must contain the parameter MessageBody.'],
    [{ MessageBody: 'a\u0000b' }, 'Invalid characters found'],
    [{ MessageBody: 'x'.repeat(1025) }, 'Message must be shorter than 1024 bytes.'],
    [{ DelaySeconds: 901 }, 'DelaySeconds must be >= 0 and <= 900'],
    [{ MessageDeduplicationId: 'd' }, 'not valid for this queue type'],
  ])('are refused with %o', async (more, message) => {
    const { send } = await withQueue({ MaximumMessageSize: '1024' });
    await expect(send('m', more)).rejects.toThrow(message);
  });

  it('go and come in batches, each entry with its own outcome', async () => {
    const { sqs, send, receive } = await withQueue();
    const batch = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: 'a', MessageBody: 'one' },
          { Id: 'b', MessageBody: 'two', DelaySeconds: 1000 },
        ],
      }),
    );
    expect(batch.Successful?.map(({ Id }) => Id)).toEqual(['a']);
    expect(batch.Failed).toMatchObject([{ Id: 'b', SenderFault: true, Code: 'InvalidParameterValue' }]);
    await send('three');
    const received = await receive({ MaxNumberOfMessages: 10 });
    const Entries = received.map(({ ReceiptHandle }, index) => ({ Id: `m${index}`, ReceiptHandle }));
    const changed = await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: Entries.map((entry) => ({ ...entry, VisibilityTimeout: 5 })),
      }),
    );
    expect(changed.Successful).toHaveLength(2);
    const deleted = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: [...Entries, { Id: 'x', ReceiptHandle: 'forged' }],
      }),
    );
    expect(deleted.Successful).toHaveLength(2);
    expect(deleted.Failed?.[0]?.Code).toBe('ReceiptHandleIsInvalid');
    const twice = new SendMessageBatchCommand({
      QueueUrl,
      Entries: [
        { Id: 'a', MessageBody: '1' },
        { Id: 'a', MessageBody: '2' },
      ],
    });
    await expect(sqs.send(twice)).rejects.toMatchObject({ name: 'BatchEntryIdsNotDistinct' });
    const many = Array.from({ length: 11 }, (_, index) => ({ Id: `m${index}`, MessageBody: 'm' }));
    await expect(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: many }))).rejects.toThrow(
      'Maximum number of entries per request are 10. You have sent 11.',
    );
  });
});

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
describe('long polls', () => {
  it('answer when a message arrives, becomes visible or comes out of its delay, and empty at their deadline', async () => {
    const { table, send, bodies } = await withQueue({ ReceiveMessageWaitTimeSeconds: '20' });
    const answered: unknown[] = [];
    const poll = (): void =>
      void bodies({ VisibilityTimeout: 5 }).then((found) =>
        answered.push([found, table.world.now % 100_000]),
      );
    const settled = async (ms: number): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      table.advance(ms);
      await new Promise((resolve) => setImmediate(resolve));
    };
    poll();
    await settled(3 * SECOND);
    await send('first');
    await settled(0);
    expect(answered.pop()).toEqual([['first'], 3000]);
    poll();
    await settled(5 * SECOND);
    expect(answered.pop()).toEqual([['first'], 8000]);
    await send('late', { DelaySeconds: 2 });
    poll();
    await settled(2 * SECOND);
    expect(answered.pop()).toEqual([['late'], 10_000]);
    table.advance(0);
    await bodies({ VisibilityTimeout: 43_200, WaitTimeSeconds: 0 });
    table.advance(10 * SECOND);
    await bodies({ VisibilityTimeout: 43_200, WaitTimeSeconds: 0 });
    poll();
    await settled(20 * SECOND);
    expect(answered.pop()).toEqual([[], 40_000]);
  });

  it('of another account are woken as well', async () => {
    const { table, sqs, send } = await withQueue();
    const permission = { QueueUrl, Label: 'p', AWSAccountIds: ['111122223333'], Actions: ['ReceiveMessage'] };
    await sqs.send(new AddPermissionCommand(permission));
    const other = table.client(SQSClient, {
      credentials: { accessKeyId: '111122223333', secretAccessKey: 'test' },
    });
    const poll = other.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    await new Promise((resolve) => setImmediate(resolve));
    await send('hello');
    table.advance(0);
    expect((await poll).Messages?.[0]?.Body).toBe('hello');
  });
});

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fifo-queues.html
describe('FIFO queues', () => {
  const url = `${QueueUrl}.fifo`;
  async function fifo(more: Record<string, string> = {}) {
    const all = stage();
    await all.create('jobs.fifo', { FifoQueue: 'true', ...more });
    const push = (MessageBody: string, MessageGroupId: string, MessageDeduplicationId?: string) =>
      all.send(MessageBody, { QueueUrl: url, MessageGroupId, MessageDeduplicationId });
    const pull = (MaxNumberOfMessages = 10) => all.receive({ QueueUrl: url, MaxNumberOfMessages });
    return { ...all, push, pull };
  }

  it('keep the order of each group, and hold a group back while one of its messages is in flight', async () => {
    const { table, sqs, push, pull } = await fifo({ ContentBasedDeduplication: 'true' });
    for (const [body, group] of [
      ['a1', 'a'],
      ['b1', 'b'],
      ['a2', 'a'],
    ] as const)
      await push(body, group);
    const [first] = await pull(1);
    expect(first?.Body).toBe('a1');
    expect((await pull()).map(({ Body }) => Body)).toEqual(['b1']);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle }));
    expect((await pull()).map(({ Body }) => Body)).toEqual(['a2']);
    table.advance(30 * SECOND);
    expect((await pull()).map(({ Body }) => Body)).toEqual(['b1', 'a2']);
  });

  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html and
  // LocalStack's validated test test_fifo_receive_message_with_zero_visibility_timeout.
  it('give as many messages of one group as there are, and of the group that waits longest first', async () => {
    const { table, push, receive } = await fifo({ ContentBasedDeduplication: 'true' });
    for (const body of ['a1', 'b1', 'b2', 'c1', 'a2']) {
      await push(body, body.slice(0, 1));
      table.advance(SECOND);
    }
    const at = { QueueUrl: url, VisibilityTimeout: 0 };
    const pulled = async (MaxNumberOfMessages: number) => receive({ ...at, MaxNumberOfMessages });
    expect((await pulled(3)).map(({ Body }) => Body)).toEqual(['a1', 'a2', 'b1']);
    const rest = await pulled(10);
    expect(rest.map(({ Body }) => Body)).toEqual(['c1', 'a1', 'a2', 'b1', 'b2']);
  });

  // test_purge_queue_clears_fifo_deduplication_cache, and the spelling of test_fifo_high_throughput_ordering.
  it('take again what has been purged, and their truth values in any case', async () => {
    const { sqs, push, pull, attributes } = await fifo({
      FifoQueue: 'True',
      ContentBasedDeduplication: 'True',
    });
    expect(await attributes(url)).toMatchObject({ FifoQueue: 'true', ContentBasedDeduplication: 'true' });
    await push('one', 'g');
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    await push('one', 'g');
    expect(await pull()).toHaveLength(1);
  });

  it('take a message once within five minutes', async () => {
    const { table, push, pull } = await fifo();
    const first = await push('one', 'g', 'id');
    const second = await push('two', 'g', 'id');
    expect(second.MessageId).toBe(first.MessageId);
    expect(second.SequenceNumber).toBe(first.SequenceNumber);
    expect(await pull()).toHaveLength(1);
    table.advance(300 * SECOND);
    expect(table.read((ctx) => ctx.list(deduplications))).toEqual([]);
    expect((await push('three', 'g', 'id')).MessageId).not.toBe(first.MessageId);
  });

  it('ask for a group and a deduplication id, and take no delay of a message', async () => {
    const { send, push } = await fifo();
    await expect(send('m', { QueueUrl: url })).rejects.toThrow('must contain the parameter MessageGroupId');
    await expect(push('m', 'g')).rejects.toThrow(
      'ContentBasedDeduplication enabled or MessageDeduplicationId provided',
    );
    const delayed = send('m', {
      QueueUrl: url,
      MessageGroupId: 'g',
      MessageDeduplicationId: 'd',
      DelaySeconds: 1,
    });
    await expect(delayed).rejects.toThrow('not valid for this queue type');
  });
});
