import {
  CloudWatchClient,
  DescribeAlarmHistoryCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import type { PutMetricAlarmCommandInput } from '@aws-sdk/client-cloudwatch';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  TagResourceCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import type { PublishCommandInput } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { monitoringTable } from '../../../tests/monitoring-table.ts';

const MINUTE = 60_000;
const TopicArn = 'arn:aws:sns:us-east-1:000000000000:news';
const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const queueUrl = (name: string): string => `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`;

/** A queue policy that lets a topic send: https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html */
const allows = (name: string, topicArn: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queueArn(name),
        Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
      },
    ],
  });

async function stage({ profile = 'typical' }: { profile?: 'typical' | 'instant' } = {}) {
  const table = monitoringTable({ profile });
  const sns = table.client(SNSClient);
  const sqs = table.client(SQSClient);
  await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const queue = async (name: string, topicArn = TopicArn) => {
    await sqs.send(
      new CreateQueueCommand({
        QueueName: name,
        Attributes: { Policy: allows(name, topicArn), VisibilityTimeout: '43200' },
      }),
    );
  };
  const subscribe = async (name: string, Attributes: Record<string, string> = {}) => {
    const input = { TopicArn, Protocol: 'sqs', Endpoint: queueArn(name), Attributes };
    return (await sns.send(new SubscribeCommand(input))).SubscriptionArn as string;
  };
  const publish = (Message: string, more: Partial<PublishCommandInput> = {}) =>
    sns.send(new PublishCommand({ TopicArn, Message, ...more }));
  const bodies = async (name: string): Promise<string[]> => {
    const input = { QueueUrl: queueUrl(name), MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(input));
    return Messages.map(({ Body }) => Body as string);
  };
  const messages = async (name: string): Promise<string[]> =>
    (await bodies(name)).map((body) => (JSON.parse(body) as { Message: string }).Message);
  return { table, sns, sqs, queue, subscribe, publish, bodies, messages };
}

describe('topics', () => {
  it('are created once by name, listed, changed, tagged and deleted', async () => {
    const { sns } = await stage();
    const again = await sns.send(new CreateTopicCommand({ Name: 'news' }));
    expect(again.TopicArn).toBe(TopicArn);
    await sns.send(new CreateTopicCommand({ Name: 'other', Tags: [{ Key: 'team', Value: 'shop' }] }));
    expect((await sns.send(new ListTopicsCommand({}))).Topics?.map((topic) => topic.TopicArn)).toEqual([
      TopicArn,
      TopicArn.replace('news', 'other'),
    ]);
    await sns.send(
      new SetTopicAttributesCommand({ TopicArn, AttributeName: 'DisplayName', AttributeValue: 'News' }),
    );
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(Attributes).toMatchObject({
      TopicArn,
      DisplayName: 'News',
      Owner: '000000000000',
      SubscriptionsConfirmed: '0',
    });
    await sns.send(new TagResourceCommand({ ResourceArn: TopicArn, Tags: [{ Key: 'a', Value: '1' }] }));
    expect((await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags).toEqual([
      { Key: 'a', Value: '1' },
    ]);
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    await expect(sns.send(new GetTopicAttributesCommand({ TopicArn }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });
});

// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
describe('publishing', () => {
  it('puts an envelope into every subscribed queue', async () => {
    const { table, queue, subscribe, publish, bodies } = await stage();
    await queue('a');
    await queue('b');
    const SubscriptionArn = await subscribe('a');
    await subscribe('b');
    const { MessageId } = await publish('hello', {
      Subject: 'greeting',
      MessageAttributes: { kind: { DataType: 'String', StringValue: 'x' } },
    });
    table.advance(1000);
    const [body] = await bodies('a');
    expect(JSON.parse(body as string)).toEqual({
      Type: 'Notification',
      MessageId,
      TopicArn,
      Subject: 'greeting',
      Message: 'hello',
      Timestamp: '2026-01-05T00:00:00.000Z',
      SignatureVersion: '1',
      Signature: expect.stringMatching(/^[A-Za-z0-9+/]{342}==$/) as unknown,
      SigningCertURL: expect.stringContaining('/SimpleNotificationService-') as unknown,
      UnsubscribeURL: `https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${SubscriptionArn}`,
      MessageAttributes: { kind: { Type: 'String', Value: 'x' } },
    });
    expect(await bodies('b')).toHaveLength(1);
  });

  it('delivers the bare message, with its attributes, where raw delivery is on', async () => {
    const { table, sqs, queue, subscribe, publish } = await stage();
    await queue('raw');
    await subscribe('raw', { RawMessageDelivery: 'true' });
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: 'x' },
      size: { DataType: 'Number', StringValue: '12' },
    };
    await publish('hello', { MessageAttributes });
    table.advance(1000);
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl('raw'), MessageAttributeNames: ['All'] }),
    );
    expect(Messages?.[0]).toMatchObject({ Body: 'hello', MessageAttributes });
  });

  it('takes one text per protocol, and batches', async () => {
    const { table, sns, queue, subscribe, publish, messages } = await stage();
    await queue('a');
    await subscribe('a');
    await publish(JSON.stringify({ default: 'all', sqs: 'queues' }), { MessageStructure: 'json' });
    await expect(publish('{}', { MessageStructure: 'json' })).rejects.toThrow('No default entry');
    const PublishBatchRequestEntries = [
      { Id: '1', Message: 'one' },
      { Id: '2', Message: 'two' },
    ];
    const batch = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    expect(batch.Successful?.map(({ Id }) => Id)).toEqual(['1', '2']);
    table.advance(1000);
    expect((await messages('a')).toSorted()).toEqual(['one', 'queues', 'two']);
  });

  // https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
  it('filters by attributes or by the body', async () => {
    const { table, queue, subscribe, publish, messages } = await stage();
    for (const name of ['orders', 'large', 'body']) await queue(name);
    await subscribe('orders', { FilterPolicy: JSON.stringify({ kind: ['order', { prefix: 're' }] }) });
    await subscribe('large', { FilterPolicy: JSON.stringify({ size: [{ numeric: ['>', 10] }] }) });
    await subscribe('body', {
      FilterPolicy: JSON.stringify({ shop: { city: ['Rome'] } }),
      FilterPolicyScope: 'MessageBody',
    });
    const kind = (StringValue: string) => ({ kind: { DataType: 'String', StringValue } });
    await publish('order', { MessageAttributes: kind('order') });
    await publish('refund', { MessageAttributes: kind('refund') });
    await publish('visit', {
      MessageAttributes: { ...kind('visit'), size: { DataType: 'Number', StringValue: '11' } },
    });
    await publish('alone', { MessageAttributes: { size: { DataType: 'String.Array', StringValue: '12' } } });
    await publish(JSON.stringify({ shop: { city: 'Rome' } }));
    table.advance(1000);
    expect((await messages('orders')).toSorted()).toEqual(['order', 'refund']);
    expect((await messages('large')).toSorted()).toEqual(['alone', 'visit']);
    expect(await messages('body')).toHaveLength(1);
  });

  // https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html: client-side errors are not retried.
  it('does not reach a queue whose policy does not let this topic in; a dead-letter queue catches it', async () => {
    const { table, queue, subscribe, publish, bodies } = await stage();
    await queue('closed', TopicArn.replace('news', 'another'));
    await queue('dead');
    await subscribe('closed', { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead') }) });
    await publish('hello');
    table.advance(MINUTE);
    expect(await bodies('closed')).toEqual([]);
    expect(await bodies('dead')).toHaveLength(1);
  });

  it('stops with the subscription or the queue', async () => {
    const { table, sns, sqs, queue, subscribe, publish, bodies } = await stage();
    await queue('a');
    await queue('b');
    const arn = await subscribe('a');
    await subscribe('b');
    await publish('early');
    await sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    await sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl('b') }));
    table.advance(MINUTE);
    expect(await bodies('a')).toEqual([]);
    expect(table.world.foreground).toBe(false);
  });

  it('reaches a queue of another account through both policies', async () => {
    const { table, sns, queue, publish } = await stage();
    const credentials = { accessKeyId: '111122223333', secretAccessKey: 'test' };
    const [theirSqs, theirSns] = [
      table.client(SQSClient, { credentials }),
      table.client(SNSClient, { credentials }),
    ];
    const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/111122223333/theirs';
    const Endpoint = 'arn:aws:sqs:us-east-1:111122223333:theirs';
    await theirSqs.send(new CreateQueueCommand({ QueueName: 'theirs' }));
    const Policy = allows('theirs', TopicArn).replace('000000000000:theirs', '111122223333:theirs');
    await theirSqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const subscribe = () => theirSns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
    await expect(subscribe()).rejects.toThrow(/not authorized to perform: sns:subscribe/i);
    const AttributeValue = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: '111122223333' },
          Action: ['sns:Subscribe', 'sns:Publish'],
          Resource: TopicArn,
        },
      ],
    });
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Policy', AttributeValue }));
    await subscribe();
    await queue('ours');
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('ours') }));
    expect((await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toHaveLength(2);
    await publish('from the owner');
    await theirSns.send(new PublishCommand({ TopicArn, Message: 'from the other' }));
    table.advance(1000);
    const { Messages = [] } = await theirSqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    expect(Messages).toHaveLength(2);
  });
});

describe('subscriptions', () => {
  it('are confirmed at once, idempotent, listed, described and changed', async () => {
    const { sns, queue, subscribe } = await stage();
    await queue('a');
    const SubscriptionArn = await subscribe('a');
    expect(await subscribe('a')).toBe(SubscriptionArn);
    await expect(subscribe('a', { RawMessageDelivery: 'true' })).rejects.toThrow(
      'already exists with different attributes',
    );
    expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions).toEqual([
      { SubscriptionArn, Owner: '000000000000', Protocol: 'sqs', Endpoint: queueArn('a'), TopicArn },
    ]);
    await sns.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn,
        AttributeName: 'RawMessageDelivery',
        AttributeValue: 'true',
      }),
    );
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(Attributes).toMatchObject({ RawMessageDelivery: 'true', PendingConfirmation: 'false' });
    expect(await subscribe('a', { RawMessageDelivery: 'True' })).toBe(SubscriptionArn);
    const sms = new SubscribeCommand({ TopicArn, Protocol: 'sms', Endpoint: '+15551234567' });
    await expect(sns.send(sms)).rejects.toThrow('not modelled by Sandtable');
  });
});

// Recorded: test_unsubscribe_wrong_arn_format, test_empty_or_wrong_message_attributes.
// https://github.com/localstack/localstack/blob/main/tests/aws/services/sns/test_sns.snapshot.json
describe('what is wrong with a request', () => {
  it.each([
    [undefined, 'Invalid parameter: SubscriptionArn Reason: no value for required parameter'],
    ['arn:aws:sns:us-east-1:111111111111:random', 'Invalid parameter: SubscriptionId'],
  ])('is said of the subscription %s', async (SubscriptionArn, message) => {
    const { sns } = await stage();
    await expect(sns.send(new UnsubscribeCommand({ SubscriptionArn }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message,
    });
  });

  it('is said of an attribute without a type', async () => {
    const { publish } = await stage();
    const MessageAttributes = { kind: { DataType: undefined, StringValue: 'x' } };
    await expect(publish('m', { MessageAttributes })).rejects.toMatchObject({
      name: 'ValidationError',
      message:
        "1 validation error detected: Value null at 'messageAttributes.kind.member.dataType' failed to satisfy " +
        'constraint: Member must not be null',
    });
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
describe('alarms', () => {
  const PLAIN: PutMetricAlarmCommandInput = {
    AlarmName: 'errors',
    AlarmDescription: 'too many',
    Namespace: 'Shop',
    MetricName: 'Errors',
    Dimensions: [{ Name: 'Stage', Value: 'prod' }],
    Statistic: 'Average',
    Period: 60,
    EvaluationPeriods: 1,
    DatapointsToAlarm: 1,
    Threshold: 5,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    AlarmActions: [TopicArn],
    OKActions: [],
  };

  async function watched() {
    const all = await stage({ profile: 'instant' });
    const cloudwatch = all.table.client(CloudWatchClient);
    await all.queue('oncall');
    await all.subscribe('oncall');
    const put = (more: Partial<PutMetricAlarmCommandInput> = {}) =>
      cloudwatch.send(new PutMetricAlarmCommand({ ...PLAIN, ...more }));
    const value = (Value: number) =>
      cloudwatch.send(
        new PutMetricDataCommand({
          Namespace: 'Shop',
          MetricData: [{ MetricName: 'Errors', Value, Dimensions: [{ Name: 'Stage', Value: 'prod' }] }],
        }),
      );
    const actions = async () =>
      (
        await cloudwatch.send(new DescribeAlarmHistoryCommand({ HistoryItemType: 'Action' }))
      ).AlarmHistoryItems?.map(({ HistorySummary }) => HistorySummary);
    return { ...all, cloudwatch, put, value, actions };
  }

  it('reach a queue through a topic, with the subject and the message that AWS sends', async () => {
    const { table, put, value, bodies, actions } = await watched();
    await put();
    await value(99.5);
    table.advance(MINUTE);
    const [body] = await bodies('oncall');
    const { Subject, Message } = JSON.parse(body as string) as Record<string, string>;
    expect(Subject).toBe('ALARM: "errors" in US East (N. Virginia)');
    expect(Message).toContain('"Threshold":5.0');
    expect(JSON.parse(Message as string)).toEqual({
      AlarmName: 'errors',
      AlarmDescription: 'too many',
      AWSAccountId: '000000000000',
      AlarmConfigurationUpdatedTimestamp: '2026-01-05T00:00:00.000+0000',
      NewStateValue: 'ALARM',
      NewStateReason:
        'Threshold Crossed: 1 out of the last 1 datapoints [99.5 (05/01/26 00:00:00)] was greater than the threshold (5.0) ' +
        '(minimum 1 datapoint for OK -> ALARM transition).',
      StateChangeTime: '2026-01-05T00:01:00.000+0000',
      Region: 'US East (N. Virginia)',
      AlarmArn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors',
      OldStateValue: 'INSUFFICIENT_DATA',
      OKActions: [],
      AlarmActions: [TopicArn],
      InsufficientDataActions: [],
      Trigger: {
        MetricName: 'Errors',
        Namespace: 'Shop',
        StatisticType: 'Statistic',
        Statistic: 'AVERAGE',
        Unit: null,
        Dimensions: [{ value: 'prod', name: 'Stage' }],
        Period: 60,
        EvaluationPeriods: 1,
        DatapointsToAlarm: 1,
        ComparisonOperator: 'GreaterThanThreshold',
        Threshold: 5,
        TreatMissingData: 'notBreaching',
        EvaluateLowSampleCountPercentile: '',
      },
    });
    expect(await actions()).toEqual([`Successfully executed action ${TopicArn}`]);
  });

  it('notify once for each change of state, and not while their actions are off', async () => {
    const { table, put, value, messages } = await watched();
    await put({ OKActions: [TopicArn] });
    for (const one of [9, 9, 9, 1, 1]) {
      await value(one);
      table.advance(MINUTE);
    }
    const states = (await messages('oncall')).map(
      (text) => (JSON.parse(text) as { NewStateValue: string }).NewStateValue,
    );
    expect(states).toEqual(['ALARM', 'OK']);
    await put({ ActionsEnabled: false });
    await value(9);
    table.advance(MINUTE);
    expect(await messages('oncall')).toEqual([]);
  });

  it('on healthy metrics run their OK actions once when they are created', async () => {
    const { table, put, value, messages } = await watched();
    await value(1);
    await put({ OKActions: [TopicArn] });
    table.advance(10 * MINUTE);
    expect(await messages('oncall')).toHaveLength(1);
  });

  it('show in their history that a topic does not let them publish', async () => {
    const { table, sns, cloudwatch, put, actions, bodies } = await watched();
    const AttributeValue = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'sns:Publish', Resource: TopicArn },
      ],
    });
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Policy', AttributeValue }));
    await put();
    await cloudwatch.send(
      new SetAlarmStateCommand({ AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'drill' }),
    );
    table.advance(0);
    expect(await actions()).toEqual([
      `Failed to execute action ${TopicArn}. Received error: ` +
        `"CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: ${TopicArn}"`,
    ]);
    expect(await bodies('oncall')).toEqual([]);
  });

  it('of the composite kind name the children that set them off', async () => {
    const { table, cloudwatch, put, value, messages } = await watched();
    await put({ AlarmActions: [] });
    const composite = { AlarmName: 'down', AlarmRule: 'ALARM(errors)', AlarmActions: [TopicArn] };
    await cloudwatch.send(new PutCompositeAlarmCommand(composite));
    table.advance(0);
    await value(9);
    table.advance(MINUTE);
    const [message] = await messages('oncall');
    expect(JSON.parse(message as string)).toMatchObject({
      AlarmName: 'down',
      AlarmDescription: null,
      AlarmRule: 'ALARM(errors)',
      TriggeringChildren: [
        {
          Arn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors',
          State: { Value: 'ALARM', Timestamp: '2026-01-05T00:01:00.000+0000' },
        },
      ],
    });
  });

  it('with long names keep their subject within what SNS takes', async () => {
    const { table, cloudwatch, put, bodies } = await watched();
    const AlarmName = `${'long'.repeat(50)}-é`;
    await put({ AlarmName });
    await cloudwatch.send(new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: 'drill' }));
    table.advance(0);
    const [body] = await bodies('oncall');
    const { Subject = '' } = JSON.parse(body as string) as Record<string, string>;
    expect(Subject).toHaveLength(100);
    expect(Subject).toMatch(/^ALARM: "long.*\.\.\." in US East \(N. Virginia\)$/);
  });
});
