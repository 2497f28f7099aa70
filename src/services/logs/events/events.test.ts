// Writing and reading events. Messages:
// https://github.com/localstack/localstack/blob/main/tests/aws/services/logs/test_logs_events.snapshot.json

import * as sdk from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { START } from '../../../../tests/table.ts';
import { DAY, GROUP, HOUR, stage } from '../test-stand.ts';

const invalid = (message: string) => ({ name: 'InvalidParameterException', message });
const noGroup = { name: 'ResourceNotFoundException', message: 'The specified log group does not exist.' };

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
describe('PutLogEvents', () => {
  it('rejects single events that are too old, expired or too new, and takes the rest', async () => {
    const { table, logs, write } = await stage({ startAt: START });
    await logs.send(new sdk.PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 7 }));
    const { now } = table.world;
    const { rejectedLogEventsInfo } = await write([
      [now - 15 * DAY, 'too old'],
      [now - 8 * DAY, 'expired'],
      [now - HOUR, 'taken'],
      [now + HOUR, 'taken too'],
      [now + 3 * HOUR, 'too new'],
    ]);
    expect(rejectedLogEventsInfo).toEqual({
      tooOldLogEventEndIndex: 1,
      expiredLogEventEndIndex: 2,
      tooNewLogEventStartIndex: 4,
    });
    const { events } = await logs.send(new sdk.FilterLogEventsCommand({ logGroupName: GROUP }));
    expect(events?.map(({ message }) => message)).toEqual(['taken', 'taken too']);
  });

  it('takes no batch that is out of order, spans more than a day or is too large', async () => {
    const { table, write } = await stage();
    const { now } = table.world;
    await expect(
      write([
        [now, 'b'],
        [now - 1, 'a'],
      ]),
    ).rejects.toMatchObject(
      invalid('Log events in a single PutLogEvents request must be in chronological order.'),
    );
    await expect(
      write([
        [now - DAY - 1, 'a'],
        [now, 'b'],
      ]),
    ).rejects.toMatchObject(
      invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.'),
    );
    const half = 'x'.repeat(524_288);
    await expect(write([half, half])).rejects.toMatchObject(
      invalid('Upload too large: 1048628 bytes exceeds limit of 1048576'),
    );
    await expect(write([`${half}${half}`])).rejects.toMatchObject(
      invalid('Log event too large: 1048602 bytes exceeds limit of 1048576'),
    );
  });

  it('ignores sequence tokens', async () => {
    const { table, logs, write } = await stage();
    await write(['a']);
    const sequenceToken = 'nonsense';
    const place = { logGroupName: GROUP, logStreamName: 'one', sequenceToken };
    const logEvents = [{ timestamp: table.world.now, message: 'b' }];
    const { nextSequenceToken } = await logs.send(new sdk.PutLogEventsCommand({ ...place, logEvents }));
    expect(nextSequenceToken).toMatch(/^\d{56}$/);
  });

  it('asks for a group and a stream that exist', async () => {
    const { logs } = await stage();
    const put = (logGroupName: string) =>
      logs.send(
        new sdk.PutLogEventsCommand({
          logGroupName,
          logStreamName: 'none',
          logEvents: [{ timestamp: START, message: 'a' }],
        }),
      );
    await expect(put('none')).rejects.toMatchObject(noGroup);
    await expect(put(GROUP)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The specified log stream does not exist.',
    });
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
describe('GetLogEvents', () => {
  async function ten() {
    const stand = await stage();
    for (let i = 0; i < 5; i += 1) {
      // Batches overlap: each has an event of the time of the one before.
      const { now } = stand.table.world;
      await stand.write([
        [now - 1500, `m${i * 2}`],
        [now, `m${i * 2 + 1}`],
      ]);
      stand.table.advance(1000);
    }
    const get = async (input: object = {}) => {
      const place = { logGroupName: GROUP, logStreamName: 'one' };
      const output = await stand.logs.send(new sdk.GetLogEventsCommand({ ...place, ...input }));
      const { nextForwardToken, nextBackwardToken, events = [] } = output;
      return {
        forward: nextForwardToken as string,
        backward: nextBackwardToken as string,
        events: events.map(({ message }) => message?.slice(1)).join(''),
      };
    };
    return { ...stand, get };
  }

  it('gives the latest events first, each page in the order of time', async () => {
    const { get } = await ten();
    const last = await get({ limit: 4 });
    expect(last.events).toBe('5879'); // m8 is of the half second between m5 and m7.
    const middle = await get({ limit: 4, nextToken: last.backward });
    expect(middle.events).toBe('1436');
    const first = await get({ limit: 4, nextToken: middle.backward });
    expect(first.events).toBe('02');
    const none = await get({ limit: 4, nextToken: first.backward });
    expect(none).toMatchObject({ events: '', backward: first.backward });
  });

  it('gives the same token again at the end of the stream, and new events with it later', async () => {
    const { table, write, get } = await ten();
    const whole = await get({ startFromHead: true });
    expect(whole.events).toBe('0214365879');
    expect(whole.forward).toMatch(/^f\/\d{56}\/s$/);
    expect(whole.backward).toMatch(/^b\/\d{56}\/s$/);
    const end = await get({ startFromHead: true, nextToken: whole.forward });
    expect(end).toMatchObject({ events: '', forward: whole.forward });
    expect((await get({ nextToken: end.backward, limit: 2 })).events).toBe('79');
    await write([[table.world.now, 'm!']]);
    expect((await get({ startFromHead: true, nextToken: whole.forward })).events).toBe('!');
  });

  it('takes the start of a period and leaves out its end', async () => {
    const { get } = await ten();
    expect((await get({ startTime: START, endTime: START + 1000 })).events).toBe('14');
    expect(
      (await get({ startTime: START, endTime: START + 1000, startFromHead: true, limit: 1 })).events,
    ).toBe('1');
  });

  it('takes no token that it has not given out', async () => {
    const { get } = await ten();
    await expect(get({ nextToken: 'f/1/s' })).rejects.toMatchObject(
      invalid('The specified nextToken is invalid.'),
    );
    await expect(get({ limit: 10_001 })).rejects.toMatchObject(
      invalid(
        "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: " +
          'Member must have value less than or equal to 10000',
      ),
    );
  });

  it('is not there for the class Infrequent Access', async () => {
    const { logs } = await stage();
    const cold = { logGroupName: 'cold', logGroupClass: 'INFREQUENT_ACCESS' } as const;
    await logs.send(new sdk.CreateLogGroupCommand(cold));
    const place = { logGroupName: 'cold', logStreamName: 'one' };
    await logs.send(new sdk.CreateLogStreamCommand(place));
    await expect(logs.send(new sdk.GetLogEventsCommand(place))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
describe('FilterLogEvents', () => {
  async function three() {
    const stand = await stage();
    for (let i = 0; i < 9; i += 1) {
      await stand.write([`${i % 2 === 0 ? 'INFO' : 'ERROR'} ${i}`], `s${i % 3}`);
      stand.table.advance(1000);
    }
    const filter = async (input: object = {}) => {
      const command = new sdk.FilterLogEventsCommand({ logGroupName: GROUP, ...input });
      const { events = [], nextToken } = await stand.logs.send(command);
      return { found: events.map(({ message }) => message?.at(-1)).join(''), nextToken, events };
    };
    return { ...stand, filter };
  }

  it('gives events of all streams in the order of time', async () => {
    const { filter } = await three();
    const { found, events, nextToken } = await filter();
    expect(found).toBe('012345678');
    expect(nextToken).toBeUndefined();
    expect(events[4]).toEqual({
      logStreamName: 's1',
      timestamp: START + 4000,
      message: 'INFO 4',
      ingestionTime: START + 4000,
      eventId: expect.stringMatching(/^\d{56}$/),
    });
  });

  it('filters by pattern, time and stream', async () => {
    const { filter } = await three();
    expect((await filter({ filterPattern: 'ERROR' })).found).toBe('1357');
    expect((await filter({ startTime: START + 2000, endTime: START + 4000 })).found).toBe('234');
    expect((await filter({ logStreamNames: ['s0'] })).found).toBe('036');
    expect((await filter({ logStreamNames: ['s0', 's2'], filterPattern: '-INFO' })).found).toBe('35');
    expect((await filter({ logStreamNamePrefix: 's1' })).found).toBe('147');
    await expect(filter({ logStreamNames: ['none'] })).rejects.toMatchObject({
      message: 'The specified log stream does not exist.',
    });
    await expect(filter({ filterPattern: '{ $.a = }' })).rejects.toMatchObject(
      invalid('Invalid filter pattern'),
    );
  });

  it('gives pages', async () => {
    const { filter } = await three();
    let nextToken: string | undefined;
    const pages: string[] = [];
    do {
      const page = await filter({ filterPattern: 'INFO', limit: 2, nextToken });
      pages.push(page.found);
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    expect(pages).toEqual(['02', '46', '8']);
    await expect(filter({ nextToken: 'unknown' })).rejects.toMatchObject(
      invalid('The specified nextToken is invalid.'),
    );
  });

  it('gives no more than a megabyte at once', async () => {
    const { table, filter, write } = await three();
    const message = 'x'.repeat(400_000);
    for (let i = 0; i < 3; i += 1) await write([message]);
    const startTime = table.world.now;
    const first = await filter({ startTime });
    expect(first.events).toHaveLength(2);
    expect((await filter({ startTime, nextToken: first.nextToken })).events).toHaveLength(1);
  });

  it('looks through thousands of events', async () => {
    const { table, write, filter } = await three();
    for (let i = 0; i < 20; i += 1) {
      await write(Array.from({ length: 200 }, (_, n) => `WARN ${i} ${n}`));
      table.advance(10);
    }
    expect((await filter({ filterPattern: 'WARN', limit: 2 })).events).toHaveLength(2);
    expect((await filter({ filterPattern: 'WARN' })).events).toHaveLength(4000);
    expect((await filter({ filterPattern: '"WARN 19 199"' })).events).toHaveLength(1);
  });
});
