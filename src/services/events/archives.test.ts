// Archives and replays. Answers follow those of AWS that LocalStack's tests recorded (test_archive_and_replay.snapshot.json).

import {
  CancelReplayCommand,
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  EventBridgeClient,
  ListArchivesCommand,
  ListReplaysCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  StartReplayCommand,
  UpdateArchiveCommand,
} from '@aws-sdk/client-eventbridge';
import type { CreateArchiveCommandInput, StartReplayCommandInput } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { newTable, START } from '../../../tests/table.ts';
import type { TableOptions } from '../../../tests/table.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const BUS = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
const ARCHIVE = 'arn:aws:events:us-east-1:000000000000:archive/orders';
const Policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }],
});

function stage(profile: TableOptions['profile'] = 'instant') {
  const table = newTable({ profile });
  const events = table.client(EventBridgeClient);
  const sqs = table.client(SQSClient);
  const archive = (more: Partial<CreateArchiveCommandInput> = {}) =>
    events.send(new CreateArchiveCommand({ ArchiveName: 'orders', EventSourceArn: BUS, ...more }));
  const described = () => events.send(new DescribeArchiveCommand({ ArchiveName: 'orders' }));
  const put = (Source: string, Detail = '{}') =>
    events.send(new PutEventsCommand({ Entries: [{ Source, DetailType: 'Order', Detail }] }));
  /** A queue that a rule of its name sends the shop's events to. */
  const queue = async (name: string) => {
    await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { Policy } }));
    const EventPattern = JSON.stringify({ source: ['shop'] });
    const { RuleArn } = await events.send(new PutRuleCommand({ Name: name, EventPattern }));
    const Arn = `arn:aws:sqs:us-east-1:000000000000:${name}`;
    await events.send(new PutTargetsCommand({ Rule: name, Targets: [{ Id: 'q', Arn }] }));
    return RuleArn as string;
  };
  /** What is in a queue, which is then empty. */
  const drained = async (name: string) => {
    const QueueUrl = `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`;
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    for (const { ReceiptHandle } of Messages)
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    return Messages.map(({ Body = '' }) => JSON.parse(Body) as Record<string, unknown>);
  };
  const replay = (more: Partial<StartReplayCommandInput> = {}) =>
    events.send(
      new StartReplayCommand({
        ReplayName: 'again',
        EventSourceArn: ARCHIVE,
        EventStartTime: new Date(START),
        EventEndTime: new Date(START + DAY),
        Destination: { Arn: BUS },
        ...more,
      }),
    );
  const replayed = (ReplayName = 'again') => events.send(new DescribeReplayCommand({ ReplayName }));
  return { table, events, archive, described, put, queue, drained, replay, replayed };
}

describe('archives', () => {
  it('keep the events of a bus that match their pattern', async () => {
    const { archive, described, put } = stage();
    const made = await archive({ EventPattern: '{"source":["shop"]}', Description: 'All', RetentionDays: 1 });
    expect(made).toMatchObject({ ArchiveArn: ARCHIVE, State: 'ENABLED', CreationTime: new Date(START) });
    await put('shop');
    await put('elsewhere');
    expect(await described()).toMatchObject({
      ArchiveArn: ARCHIVE,
      ArchiveName: 'orders',
      Description: 'All',
      EventCount: 1,
      EventPattern: '{"source":["shop"]}',
      EventSourceArn: BUS,
      RetentionDays: 1,
      State: 'ENABLED',
    });
  });

  it('forget what is older than they are to keep', async () => {
    const { table, archive, described, put } = stage();
    await archive({ RetentionDays: 1 });
    await put('shop');
    table.advance(DAY);
    expect((await described()).EventCount).toBe(1);
    table.advance(1);
    expect((await described()).EventCount).toBe(0);
  });

  it('have events up to ten minutes late', async () => {
    const { table, archive, described, put } = stage('typical');
    await archive();
    for (let i = 0; i < 20; i += 1) await put('shop');
    expect((await described()).EventCount).toBeLessThan(20);
    table.advance(10 * MINUTE);
    expect((await described()).EventCount).toBe(20);
  });

  it('are listed in one way at a time, changed and deleted', async () => {
    const { events, archive } = stage();
    await archive();
    const list = async (input: object) =>
      (await events.send(new ListArchivesCommand(input))).Archives?.map(({ ArchiveName }) => ArchiveName);
    expect(await list({ NamePrefix: 'ord' })).toEqual(['orders']);
    expect(await list({ State: 'DISABLED' })).toEqual([]);
    expect(await list({ EventSourceArn: BUS })).toEqual(['orders']);
    await expect(list({ EventSourceArn: `${BUS}x` })).rejects.toThrow('Event bus defaultx does not exist.');
    await expect(list({ NamePrefix: 'o', State: 'ENABLED' })).rejects.toThrow('At most one filter');
    const update = (input: object) =>
      events.send(new UpdateArchiveCommand({ ArchiveName: 'orders', ...input }));
    await expect(update({})).rejects.toThrow(
      'At least one of EventPattern, RetentionDays or Description must be provided.',
    );
    expect(await update({ RetentionDays: 3 })).toMatchObject({ State: 'ENABLED' });
    await events.send(new DeleteArchiveCommand({ ArchiveName: 'orders' }));
    await expect(update({ RetentionDays: 3 })).rejects.toThrow('Archive orders does not exist.');
  });

  it('are made once, of a bus that there is', async () => {
    const { archive } = stage();
    await archive();
    await expect(archive()).rejects.toThrow('Archive orders already exists.');
    await expect(archive({ EventSourceArn: `${BUS}x` })).rejects.toThrow(
      'Event bus defaultx does not exist.',
    );
    const wrong = archive({ ArchiveName: 'more', EventPattern: '{"source":"shop"}' });
    await expect(wrong).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
  });
});

describe('replays', () => {
  it('send the events of an archive to the rules of its bus again', async () => {
    const { table, archive, described, put, queue, drained, replay, replayed } = stage();
    await archive();
    await queue('a');
    await put('shop', '{"n":1}');
    table.advance(MINUTE);
    await put('shop', '{"n":2}');
    table.advance(MINUTE);
    const first = await drained('a');
    expect(await replay()).toMatchObject({
      State: 'STARTING',
      ReplayStartTime: new Date(START + 2 * MINUTE),
    });
    table.advance(MINUTE);
    expect(await drained('a')).toEqual(first.map((event) => ({ ...event, 'replay-name': 'again' })));
    expect(await replayed()).toMatchObject({
      State: 'COMPLETED',
      EventLastReplayedTime: new Date(START + MINUTE),
      ReplayEndTime: expect.any(Date) as unknown,
      Destination: { Arn: BUS },
    });
    expect((await described()).EventCount).toBe(2);
  });

  it('take the events of a time, in its order, for the rules that they are meant for', async () => {
    const { table, archive, put, queue, drained, replay } = stage();
    await archive();
    const RuleArn = await queue('a');
    await queue('b');
    for (const n of [1, 2, 3]) {
      await put('shop', JSON.stringify({ n }));
      table.advance(MINUTE);
    }
    await drained('a');
    await drained('b');
    const EventStartTime = new Date(START + MINUTE);
    await replay({ EventStartTime, Destination: { Arn: BUS, FilterArns: [RuleArn] } });
    table.advance(MINUTE);
    expect((await drained('a')).map(({ detail }) => detail)).toEqual([{ n: 2 }, { n: 3 }]);
    expect(await drained('b')).toEqual([]);
  });

  it('are cancelled while they are under way, and not afterwards', async () => {
    const { table, events, archive, put, queue, drained, replay, replayed } = stage();
    await archive();
    await queue('a');
    await put('shop');
    table.advance(MINUTE);
    await drained('a');
    await replay();
    const cancel = () => events.send(new CancelReplayCommand({ ReplayName: 'again' }));
    expect(await cancel()).toMatchObject({ State: 'CANCELLING' });
    table.advance(MINUTE);
    expect((await replayed()).State).toBe('CANCELLED');
    expect(await drained('a')).toEqual([]);
    await expect(cancel()).rejects.toMatchObject({ name: 'IllegalStatusException' });
  });

  it('go from an archive to its own bus, under a name of their own, ten at a time', async () => {
    const { events, archive, replay, replayed } = stage();
    await archive();
    const other = `${BUS.slice(0, -'default'.length)}other`;
    await expect(replay({ Destination: { Arn: other } })).rejects.toThrow('Event bus other does not exist.');
    await events.send(new CreateEventBusCommand({ Name: 'other' }));
    await expect(replay({ Destination: { Arn: other } })).rejects.toThrow(
      'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
    );
    await expect(replay({ EventSourceArn: `${ARCHIVE}x` })).rejects.toThrow(
      'Parameter EventSourceArn is not valid. Reason: Archive ordersx does not exist.',
    );
    await expect(replay({ EventEndTime: new Date(START) })).rejects.toThrow(
      'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
    );
    await expect(replayed()).rejects.toThrow('Replay again does not exist.');
    await replay();
    await expect(replay()).rejects.toThrow('Replay again already exists.');
    for (let n = 1; n < 10; n += 1) await replay({ ReplayName: `r${n}` });
    await expect(replay({ ReplayName: 'r10' })).rejects.toMatchObject({ name: 'LimitExceededException' });
    const { Replays = [], NextToken } = await events.send(
      new ListReplaysCommand({ NamePrefix: 'r', Limit: 4 }),
    );
    expect(Replays.map(({ ReplayName }) => ReplayName)).toEqual(['r1', 'r2', 'r3', 'r4']);
    expect(NextToken).toBeDefined();
  });
});
