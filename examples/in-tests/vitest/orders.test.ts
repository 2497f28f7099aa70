import { CloudWatchClient, DescribeAlarmsCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createWorld } from 'sandtable';
import type { EmbeddedWorld } from 'sandtable';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { place, shipNext, stateOf } from './orders.ts';
import type { Surroundings } from './orders.ts';

let prepared: EmbeddedWorld;
let queueUrl: string;

// Set up once …
beforeAll(async () => {
  prepared = await createWorld({ timings: 'typical' });
  const dynamodb = prepared.client(DynamoDBClient);
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'orders',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  // A stock waiter sleeps for 20 seconds between two looks; here they pass at once.
  await prepared.clock.run(() =>
    waitUntilTableExists({ client: dynamodb, maxWaitTime: 120 }, { TableName: 'orders' }),
  );
  const queue = new CreateQueueCommand({ QueueName: 'orders', Attributes: { VisibilityTimeout: '30' } });
  ({ QueueUrl: queueUrl = '' } = await prepared.client(SQSClient).send(queue));
  await prepared.client(CloudWatchClient).send(
    new PutMetricAlarmCommand({
      AlarmName: 'orders-fail',
      Namespace: 'orders',
      MetricName: 'failed',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 2,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
  );
});
afterAll(() => prepared.close());

let world: EmbeddedWorld;
let app: Surroundings;

// … and forked for each test, which takes no longer however much is in it.
beforeEach(() => {
  world = prepared.fork();
  app = {
    dynamodb: world.client(DynamoDBClient),
    sqs: world.client(SQSClient),
    cloudwatch: world.client(CloudWatchClient),
    table: 'orders',
    queueUrl,
  };
  return () => world.close();
});

const shipped: string[] = [];
const ship = async (id: string): Promise<void> => void shipped.push(id);
const breakDown = (): Promise<never> => Promise.reject(new Error('The carrier is closed.'));

test('an order is shipped once', async () => {
  await place(app, 'o-1');
  expect(await stateOf(app, 'o-1')).toBe('placed');
  expect(await shipNext(app, ship)).toBe('o-1');
  expect(await stateOf(app, 'o-1')).toBe('shipped');
  await world.clock.advance(60_000);
  expect(await shipNext(app, ship)).toBeUndefined();
});

test('an order is placed once', async () => {
  await place(app, 'o-1'); // The one of the other test is in another world.
  await expect(place(app, 'o-1')).rejects.toThrow('The conditional request failed');
});

test('an order that could not be shipped is offered again when its visibility timeout is over', async () => {
  await place(app, 'o-1');
  expect(await shipNext(app, breakDown)).toBeUndefined();
  await world.clock.advance(29_000);
  expect(await shipNext(app, ship)).toBeUndefined();
  await world.clock.advance(1000);
  expect(await shipNext(app, ship)).toBe('o-1');
});

test('the alarm goes off when shipping fails again and again', async () => {
  const inAlarm = async (): Promise<boolean> => {
    const { MetricAlarms = [] } = await app.cloudwatch.send(
      new DescribeAlarmsCommand({ StateValue: 'ALARM' }),
    );
    return MetricAlarms.some(({ AlarmName }) => AlarmName === 'orders-fail');
  };
  for (const id of ['o-1', 'o-2', 'o-3']) await place(app, id);
  for (let tries = 0; tries < 3; tries += 1) await shipNext(app, breakDown);
  expect(await inAlarm()).toBe(false);
  await world.clock.until(inAlarm, { within: 5 * 60_000, what: 'the alarm' });
});

test('an order that SQS throttles is taken down but never shipped: place() has a bug', async () => {
  const stop = world.inject.begin({
    kind: 'api-error',
    service: 'sqs',
    operation: 'SendMessage',
    shape: 'RequestThrottled',
    message: 'Rate exceeded',
    perMille: 1000,
  });
  // The SDK tries three times, with pauses that take none of the test's time.
  await expect(world.clock.run(() => place(app, 'o-1'))).rejects.toThrow('Rate exceeded');
  stop();
  // It is in the table, and nobody will ship it.
  expect(await stateOf(app, 'o-1')).toBe('placed');
  expect(await shipNext(app, ship)).toBeUndefined();
});
