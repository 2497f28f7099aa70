import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createWorld } from 'sandtable';
import { deliver, remind } from './reminders.mjs';

let world, sqs, queueUrl, told, stop, delivering;

beforeEach(async () => {
  world = await createWorld();
  sqs = new SQSClient(world.config());
  ({ QueueUrl: queueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'reminders' })));
  told = [];
  stop = new AbortController();
  // The consumer runs beside the test, as it would beside the application.
  delivering = deliver(sqs, queueUrl, (text) => told.push([text, world.clock.now]), stop.signal);
});

afterEach(async () => {
  stop.abort();
  await delivering;
  await world.close();
});

test('a reminder is delivered when it is due, to the second', async () => {
  const from = world.clock.now;
  await remind(sqs, queueUrl, 'tea', 300);
  await world.clock.advance(299_000);
  assert.deepEqual(told, []);
  await world.clock.advance(1000);
  assert.deepEqual(told, [['tea', from + 300_000]]);
});

test('reminders are delivered in the order in which they are due', async () => {
  await remind(sqs, queueUrl, 'later', 120);
  await remind(sqs, queueUrl, 'soon', 60);
  await world.clock.until(() => told.length === 2, { within: 180_000 });
  assert.deepEqual(
    told.map(([text]) => text),
    ['soon', 'later'],
  );
});
