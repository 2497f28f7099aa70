// https://docs.aws.amazon.com/sns/latest/dg/sns-fifo-topics.html; messages follow answers of AWS that LocalStack's tests recorded
// (test_sns.snapshot.json).

import {
  CreateTopicCommand,
  GetTopicAttributesCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import type { PublishCommandInput } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Message } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { injections } from '#cloud/injections.ts';
import { monitoringTable } from '../../../tests/monitoring-table.ts';
import { deduplications } from './tables.ts';

const SECOND = 1000;
const MINUTE = 60_000;
const TopicArn = 'arn:aws:sns:us-east-1:000000000000:orders.fifo';
const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const QueueUrl = (name: string): string => `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`;
/** SHA-256 of "Test". */
const DIGEST = '532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25';

async function stage(Attributes: Record<string, string> = {}) {
  const table = monitoringTable();
  const sns = table.client(SNSClient);
  const sqs = table.client(SQSClient);
  await sns.send(
    new CreateTopicCommand({ Name: 'orders.fifo', Attributes: { FifoTopic: 'true', ...Attributes } }),
  );
  const queue = (QueueName: string) => {
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: queueArn(QueueName) },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    const fifo: Record<string, string> = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
    return sqs.send(new CreateQueueCommand({ QueueName, Attributes: { Policy, ...fifo } }));
  };
  const subscribe = (name: string, more: Record<string, string> = {}) => {
    const input = { TopicArn, Protocol: 'sqs', Endpoint: queueArn(name), Attributes: more };
    return sns.send(new SubscribeCommand(input));
  };
  const publish = (Message: string, more: Partial<PublishCommandInput> = {}) =>
    sns.send(new PublishCommand({ TopicArn, Message, MessageGroupId: 'g', ...more }));
  /** Takes what is there, until nothing is. */
  const drain = async (name: string): Promise<Message[]> => {
    const found: Message[] = [];
    for (;;) {
      const input = { QueueUrl: QueueUrl(name), MaxNumberOfMessages: 10 };
      const asked = { ...input, MessageSystemAttributeNames: ['All' as const] };
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(asked));
      if (Messages.length === 0) return found;
      for (const { ReceiptHandle } of Messages)
        await sqs.send(new DeleteMessageCommand({ QueueUrl: QueueUrl(name), ReceiptHandle }));
      found.push(...Messages);
    }
  };
  const texts = async (name: string) =>
    (await drain(name)).map(({ Body }) => (JSON.parse(Body as string) as { Message: string }).Message);
  return { table, sns, queue, subscribe, publish, drain, texts };
}

describe('FIFO topics', () => {
  it('pass on group, deduplication id and their own sequence number', async () => {
    const { table, queue, subscribe, publish, drain } = await stage({ ContentBasedDeduplication: 'true' });
    await queue('q.fifo');
    await subscribe('q.fifo');
    const { SequenceNumber } = await publish('Test');
    expect(SequenceNumber).toMatch(/^\d{20}$/);
    table.advance(SECOND);
    const [message] = await drain('q.fifo');
    expect(message?.Attributes).toMatchObject({ MessageGroupId: 'g', MessageDeduplicationId: DIGEST });
    expect(JSON.parse(message?.Body as string)).toMatchObject({ Message: 'Test', SequenceNumber });
  });

  it('take a message once within five minutes, and say the same of it again', async () => {
    const { table, queue, subscribe, publish, texts } = await stage();
    await queue('q.fifo');
    await subscribe('q.fifo');
    const first = await publish('one', { MessageDeduplicationId: 'd' });
    const again = await publish('two', { MessageDeduplicationId: 'd', MessageGroupId: 'other' });
    expect([again.MessageId, again.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
    table.advance(SECOND);
    expect(await texts('q.fifo')).toEqual(['one']);
    table.advance(5 * MINUTE);
    await publish('three', { MessageDeduplicationId: 'd' });
    table.advance(SECOND);
    expect(await texts('q.fifo')).toEqual(['three']);
    table.advance(5 * MINUTE);
    expect(table.read((ctx) => ctx.list(deduplications))).toEqual([]);
  });

  it('deduplicate within a message group where their throughput scope is that', async () => {
    const { sns, publish } = await stage({ FifoThroughputScope: 'MessageGroup' });
    const first = await publish('one', { MessageDeduplicationId: 'd' });
    const other = await publish('one', { MessageDeduplicationId: 'd', MessageGroupId: 'other' });
    expect(other.MessageId).not.toBe(first.MessageId);
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({
      FifoTopic: 'true',
      ContentBasedDeduplication: 'false',
      FifoThroughputScope: 'MessageGroup',
    });
  });

  it('keep the order of a group while a delivery is tried again, and do not hold up other groups', async () => {
    const { table, queue, subscribe, publish, texts } = await stage({ ContentBasedDeduplication: 'true' });
    await queue('q.fifo');
    await subscribe('q.fifo');
    const throttled = {
      kind: 'api-error',
      service: 'sqs',
      operation: 'SendMessage',
      shape: 'ThrottlingException',
      message: '',
      perMille: 1000,
    } as const;
    const begin = () =>
      table.act((ctx) =>
        ctx.everywhere.put(injections, { id: 'i', injection: throttled, startedAt: ctx.now }),
      );
    begin();
    for (let n = 1; n <= 5; n += 1) await publish(`a${n}`, { MessageGroupId: 'a' });
    table.advance(10 * SECOND);
    table.act((ctx) => ctx.everywhere.delete(injections, 'i'));
    await publish('b1', { MessageGroupId: 'b' });
    table.advance(100);
    expect(await texts('q.fifo')).toEqual(['b1']);
    table.advance(MINUTE);
    expect(await texts('q.fifo')).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
  });

  it('keep the order of a batch', async () => {
    const { table, sns, queue, subscribe, texts } = await stage({ ContentBasedDeduplication: 'true' });
    await queue('q.fifo');
    await subscribe('q.fifo');
    const names = ['1', '2', '3', '4', '5', '6', '7', '8'];
    const PublishBatchRequestEntries = names.map((Id) => ({ Id, Message: Id, MessageGroupId: 'g' }));
    const { Successful } = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    const numbers = Successful?.map(({ SequenceNumber }) => SequenceNumber as string) ?? [];
    expect(numbers.toSorted()).toEqual(numbers);
    table.advance(SECOND);
    expect(await texts('q.fifo')).toEqual(names);
  });

  it('deliver to standard queues too, without the group', async () => {
    const { table, queue, subscribe, publish, drain } = await stage({ ContentBasedDeduplication: 'true' });
    await queue('plain');
    await subscribe('plain');
    await publish('Test');
    table.advance(SECOND);
    const [message] = await drain('plain');
    expect(message?.Attributes).not.toHaveProperty('MessageGroupId');
  });

  it('hand dead letters on to FIFO queues only, in their group', async () => {
    const { table, queue, subscribe, publish, drain } = await stage();
    await queue('dead.fifo');
    const redrive = (name: string) => ({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn(name) }),
    });
    await expect(subscribe('gone.fifo', redrive('dead'))).rejects.toThrow(
      'RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.',
    );
    await subscribe('gone.fifo', redrive('dead.fifo'));
    await publish('one', { MessageDeduplicationId: '1' });
    await publish('two', { MessageDeduplicationId: '2' });
    table.advance(SECOND);
    const letters = await drain('dead.fifo');
    expect(letters.map(({ Attributes }) => Attributes?.['MessageDeduplicationId'])).toEqual(['1', '2']);
  });

  it('ask for a group and for a deduplication id, which other topics do not take', async () => {
    const { sns, publish } = await stage();
    await expect(publish('m', { MessageGroupId: undefined })).rejects.toThrow(
      'Invalid parameter: The MessageGroupId parameter is required for FIFO topics',
    );
    await expect(publish('m')).rejects.toThrow(
      'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
    const { TopicArn: plain } = await sns.send(new CreateTopicCommand({ Name: 'plain' }));
    await expect(publish('m', { TopicArn: plain, MessageDeduplicationId: 'd' })).rejects.toThrow(
      'The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    );
    await expect(
      sns.send(new SubscribeCommand({ TopicArn: plain, Protocol: 'sqs', Endpoint: queueArn('q.fifo') })),
    ).rejects.toThrow('FIFO SQS Queues can not be subscribed to standard SNS topics');
    await expect(
      sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'a@example.com' })),
    ).rejects.toThrow('Please use FIFO SQS queue');
  });
});
