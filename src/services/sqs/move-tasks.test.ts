// Expectations follow answers of AWS that LocalStack's tests recorded (test_sqs_move_task.snapshot.json).

import {
  CancelMessageMoveTaskCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { monitoringTable } from '../../../tests/monitoring-table.ts';

const SECOND = 1000;
const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const url = (name: string): string => `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`;

async function stage(letters: number) {
  const table = monitoringTable({ profile: 'instant' });
  const sqs = table.client(SQSClient);
  await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
  await sqs.send(new CreateQueueCommand({ QueueName: 'other' }));
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 1 });
  await sqs.send(new CreateQueueCommand({ QueueName: 'jobs', Attributes: { RedrivePolicy } }));
  const receive = async (name: string, VisibilityTimeout?: number) => {
    const input = {
      QueueUrl: url(name),
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All' as const],
    };
    return (await sqs.send(new ReceiveMessageCommand({ ...input, VisibilityTimeout }))).Messages ?? [];
  };
  const ids: (string | undefined)[] = [];
  for (let n = 1; n <= letters; n += 1) {
    const { MessageId } = await sqs.send(
      new SendMessageCommand({ QueueUrl: url('jobs'), MessageBody: `letter ${n}` }),
    );
    ids.push(MessageId);
  }
  for (let n = 0; n < letters; n += 10) await receive('jobs', 0);
  for (let n = 0; n < letters; n += 10) await receive('jobs', 0);
  const start = (more: { DestinationArn?: string; MaxNumberOfMessagesPerSecond?: number } = {}) =>
    sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('dead'), ...more }));
  const list = async () =>
    (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: arn('dead'), MaxResults: 10 }))).Results;
  const size = async (name: string) => {
    const asked = new GetQueueAttributesCommand({ QueueUrl: url(name), AttributeNames: ['All'] });
    return Number((await sqs.send(asked)).Attributes?.['ApproximateNumberOfMessages']);
  };
  return { table, sqs, receive, start, list, size, ids };
}

describe('message move tasks', () => {
  it('give dead letters back to the queues that they came from, as new messages', async () => {
    const { table, start, list, receive, size, ids } = await stage(2);
    expect(await size('dead')).toBe(2);
    const { TaskHandle } = await start();
    expect(TaskHandle).toBeTypeOf('string');
    table.advance(SECOND);
    expect(await list()).toEqual([
      {
        Status: 'COMPLETED',
        SourceArn: arn('dead'),
        ApproximateNumberOfMessagesMoved: 2,
        ApproximateNumberOfMessagesToMove: 2,
        StartedTimestamp: 1_767_571_200_000,
      },
    ]);
    const back = await receive('jobs');
    expect(back.map(({ Body }) => Body)).toEqual(['letter 1', 'letter 2']);
    expect(back.map(({ Attributes }) => Attributes?.['ApproximateReceiveCount'])).toEqual(['1', '1']);
    expect(back.some(({ MessageId }) => ids.includes(MessageId))).toBe(false);
    expect(await size('dead')).toBe(0);
  });

  it('keep to their rate, one at a time for a queue, until they are cancelled', async () => {
    const { table, sqs, start, list, size } = await stage(10);
    const asked = { DestinationArn: arn('other'), MaxNumberOfMessagesPerSecond: 1 };
    const { TaskHandle } = await start(asked);
    await expect(start(asked)).rejects.toThrow(
      'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
    );
    table.advance(2 * SECOND);
    expect(await list()).toEqual([
      {
        TaskHandle,
        Status: 'RUNNING',
        SourceArn: arn('dead'),
        DestinationArn: arn('other'),
        MaxNumberOfMessagesPerSecond: 1,
        ApproximateNumberOfMessagesMoved: 3,
        ApproximateNumberOfMessagesToMove: 10,
        StartedTimestamp: 1_767_571_200_000,
      },
    ]);
    const cancelled = await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect(cancelled.ApproximateNumberOfMessagesMoved).toBe(3);
    table.advance(10 * SECOND);
    expect((await list())?.[0]).toMatchObject({ Status: 'CANCELLED', ApproximateNumberOfMessagesMoved: 3 });
    expect([await size('other'), await size('dead')]).toEqual([3, 7]);
    await expect(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }))).rejects.toThrow('active tasks');
  });

  it('fail when their destination goes', async () => {
    const { table, sqs, start, list, size } = await stage(3);
    await start({ DestinationArn: arn('other'), MaxNumberOfMessagesPerSecond: 1 });
    table.advance(0);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url('other') }));
    table.advance(10 * SECOND);
    expect((await list())?.[0]).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'AWS.SimpleQueueService.NonExistentQueue',
      ApproximateNumberOfMessagesMoved: 1,
    });
    expect(await size('dead')).toBe(2);
  });

  it('start only from a dead-letter queue, towards a queue that exists', async () => {
    const { sqs, start } = await stage(0);
    await expect(sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('jobs') }))).rejects.toThrow(
      'Source queue must be configured as a Dead Letter Queue.',
    );
    await expect(start({ DestinationArn: arn('none') })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "The resource that you specified for the DestinationArn parameter doesn't exist.",
    });
    await expect(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: 'foobared' }))).rejects.toThrow(
      'Value for parameter TaskHandle is invalid.',
    );
  });
});
