// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html

import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { ReceiveMessageCommandInput } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { monitoringTable } from '../../../tests/monitoring-table.ts';
import { messages } from './message.ts';
import { receiveAttempts } from './receive-attempts.ts';

const SECOND = 1000;
const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/jobs.fifo';

async function stage() {
  const table = monitoringTable();
  const sqs = table.client(SQSClient);
  const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  await sqs.send(new CreateQueueCommand({ QueueName: 'jobs.fifo', Attributes }));
  for (const MessageBody of ['a', 'b'])
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: MessageBody }));
  const receive = async (more: Partial<ReceiveMessageCommandInput> = {}) =>
    (
      await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          ReceiveRequestAttemptId: 'one',
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
          ...more,
        }),
      )
    ).Messages ?? [];
  return { table, sqs, receive };
}

describe('receives with an attempt id', () => {
  it('give the same messages again, with a fresh timeout, while those are in flight', async () => {
    const { table, receive } = await stage();
    const first = await receive();
    expect(first[0]?.Body).toBe('a');
    table.advance(20 * SECOND);
    expect(await receive()).toEqual(first);
    table.advance(20 * SECOND);
    expect(await receive()).toEqual(first);
    expect((await receive({ ReceiveRequestAttemptId: 'two' }))[0]?.Body).toBe('b');
  });

  it('give others once a message was changed, or five minutes have gone', async () => {
    const { table, sqs, receive } = await stage();
    const [first] = await receive({ VisibilityTimeout: 3600 });
    const { ReceiptHandle } = first as { ReceiptHandle: string };
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 60 }));
    expect((await receive({ VisibilityTimeout: 3600 }))[0]?.Body).toBe('b');
    table.advance(301 * SECOND);
    expect((await receive())[0]).toMatchObject({ Body: 'a', Attributes: { ApproximateReceiveCount: '2' } });
    table.advance(301 * SECOND);
    expect(table.read((ctx) => ctx.list(receiveAttempts))).toEqual([]);
  });

  it('are for FIFO queues only', async () => {
    const { sqs, receive } = await stage();
    const { QueueUrl: plain } = await sqs.send(new CreateQueueCommand({ QueueName: 'plain' }));
    await expect(receive({ QueueUrl: plain })).rejects.toThrow('not valid for this queue type');
  });
});

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
describe('messages in flight', () => {
  it('are 120,000 at most: then a short poll of a standard queue is refused, and a long poll gets nothing', async () => {
    const { table, sqs } = await stage();
    const { QueueUrl: busy } = await sqs.send(new CreateQueueCommand({ QueueName: 'busy' }));
    await sqs.send(new SendMessageCommand({ QueueUrl: busy, MessageBody: 'one more' }));
    const receive = (WaitTimeSeconds = 0) =>
      sqs.send(new ReceiveMessageCommand({ QueueUrl: busy, WaitTimeSeconds }));
    table.act((ctx) => {
      const plain = { body: '', attributes: {}, senderId: '', sentAt: ctx.now, receiveCount: 1 };
      const visibleAt = ctx.now + 30 * SECOND;
      for (let n = 0; n < 120_000; n += 1) {
        const sequence = String(n).padStart(20, '0');
        const key = `busy@${visibleAt}@${sequence}`;
        ctx.put(messages, { ...plain, key, id: sequence, sequence, visibleAt, receivedAt: ctx.now });
      }
    });
    await expect(receive()).rejects.toMatchObject({ name: 'OverLimit' });
    const patient = receive(20);
    await new Promise((resolve) => setImmediate(resolve));
    table.advance(20 * SECOND);
    expect((await patient).Messages).toBeUndefined();
    table.advance(10 * SECOND);
    expect((await receive()).Messages?.[0]?.Body).toBe('one more');
  });
});
