// Expectations follow answers of AWS that LocalStack's tests recorded (test_sns.snapshot.json).

import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  AddPermissionCommand,
  CreateTopicCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  RemovePermissionCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { monitoringTable } from '../../../tests/monitoring-table.ts';
import { START } from '../../../tests/table.ts';

const MINUTE = 60_000;
const TopicArn = 'arn:aws:sns:us-east-1:000000000000:news';

async function stage(Attributes: Record<string, string> = {}) {
  const table = monitoringTable({ profile: 'instant' });
  const sns = table.client(SNSClient);
  const create = (
    Name: string,
    given: Record<string, string> = {},
    Tags = [] as { Key: string; Value: string }[],
  ) => sns.send(new CreateTopicCommand({ Name, Attributes: given, Tags }));
  await create('news', Attributes);
  const attributes = async (arn = TopicArn) =>
    (await sns.send(new GetTopicAttributesCommand({ TopicArn: arn }))).Attributes ?? {};
  const set = (AttributeName: string, AttributeValue: string) =>
    sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));
  const subscribe = (Protocol: string, Endpoint: string, more: Record<string, string> = {}) =>
    sns.send(
      new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes: more, ReturnSubscriptionArn: true }),
    );
  return { table, sns, create, attributes, set, subscribe };
}

describe('topics', () => {
  it.each(['', 'a b', 'news.fifo', 'x'.repeat(257)])('cannot be named %o', async (name) => {
    const { create } = await stage();
    await expect(create(name)).rejects.toThrow('Invalid parameter: Topic Name');
  });

  it('are the same for the same attributes and tags, and for none', async () => {
    const { create } = await stage();
    const tags = [{ Key: 'a', Value: '1' }];
    await create('tagged', { DisplayName: 'Tagged' }, tags);
    await create('tagged');
    await create('tagged', { DisplayName: 'Tagged' }, tags);
    await expect(create('tagged', { DisplayName: 'Other' })).rejects.toThrow(
      'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
    );
    await expect(create('tagged', {}, [...tags, { Key: 'b', Value: '2' }])).rejects.toThrow(
      'Invalid parameter: Tags Reason: Topic already exists with different tags',
    );
    await expect(create('twice', {}, [...tags, ...tags])).rejects.toThrow('Duplicated keys are not allowed.');
  });

  it('show the delivery policy that holds', async () => {
    const { attributes, set } = await stage();
    const standard = {
      minDelayTarget: 20,
      maxDelayTarget: 20,
      numRetries: 3,
      numMaxDelayRetries: 0,
      numNoDelayRetries: 0,
      numMinDelayRetries: 0,
      backoffFunction: 'linear',
    };
    const effective = async () =>
      (JSON.parse((await attributes())['EffectiveDeliveryPolicy'] as string) as { http: object }).http;
    expect(await effective()).toEqual({
      defaultHealthyRetryPolicy: standard,
      disableSubscriptionOverrides: false,
      defaultRequestPolicy: { headerContentType: 'text/plain; charset=UTF-8' },
    });
    const retries = { minDelayTarget: 5, maxDelayTarget: 6, numRetries: 1 };
    await set('DeliveryPolicy', JSON.stringify({ http: { defaultHealthyRetryPolicy: retries } }));
    expect(await effective()).toMatchObject({ defaultHealthyRetryPolicy: { ...standard, ...retries } });
    expect(JSON.parse((await attributes())['DeliveryPolicy'] as string)).toEqual({
      http: { defaultHealthyRetryPolicy: retries, disableSubscriptionOverrides: false },
    });
    await set('DeliveryPolicy', '');
    expect(await attributes()).not.toHaveProperty('DeliveryPolicy');
    const endless = { http: { defaultHealthyRetryPolicy: { numRetries: 100, maxDelayTarget: 3600 } } };
    await expect(set('DeliveryPolicy', JSON.stringify(endless))).rejects.toThrow('3600 seconds');
  });

  it('take and lose permissions by label', async () => {
    const { sns, attributes } = await stage();
    const add = (ActionName: string[]) =>
      sns.send(
        new AddPermissionCommand({ TopicArn, Label: 'test', AWSAccountId: ['111122223333'], ActionName }),
      );
    const statements = async () =>
      (JSON.parse((await attributes())['Policy'] as string) as { Statement: { Sid: string }[] }).Statement;
    await expect(add(['Fly'])).rejects.toThrow('Policy statement action out of service scope!');
    await add(['Publish']);
    expect((await statements())[1]).toEqual({
      Sid: 'test',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:root' },
      Action: 'SNS:Publish',
      Resource: TopicArn,
    });
    await expect(add(['Publish'])).rejects.toThrow('Invalid parameter: Statement already exists');
    await sns.send(new RemovePermissionCommand({ TopicArn, Label: 'test' }));
    expect((await statements()).map(({ Sid }) => Sid)).toEqual(['__default_statement_ID']);
  });

  it('let in the account that was given a permission', async () => {
    const { table, sns } = await stage();
    const credentials = { accessKeyId: '111122223333', secretAccessKey: 'test' };
    const publish = () =>
      table.client(SNSClient, { credentials }).send(new PublishCommand({ TopicArn, Message: 'm' }));
    await expect(publish()).rejects.toMatchObject({ name: /Authorization|AccessDenied/ });
    await sns.send(
      new AddPermissionCommand({
        TopicArn,
        Label: 'partner',
        AWSAccountId: ['111122223333'],
        ActionName: ['Publish'],
      }),
    );
    expect((await publish()).MessageId).toBeTypeOf('string');
    // A policy with a principal that there cannot be would shut everybody out.
    const nobody = { TopicArn, Label: 'nobody', AWSAccountId: ['nobody'], ActionName: ['Publish'] };
    await expect(sns.send(new AddPermissionCommand(nobody))).rejects.toThrow(
      'Invalid parameter: AWSAccountId',
    );
    expect((await publish()).MessageId).toBeTypeOf('string');
  });

  // Terraform sets the rate of every protocol, whether or not there is a role.
  // https://docs.aws.amazon.com/sns/latest/dg/topics-attrib.html
  it('keep the sample rates of delivery logs, from 0 to 100', async () => {
    const { set, attributes } = await stage();
    await set('SQSSuccessFeedbackSampleRate', '0');
    await set('HTTPSuccessFeedbackSampleRate', '100');
    expect(await attributes()).toMatchObject({
      SQSSuccessFeedbackSampleRate: '0',
      HTTPSuccessFeedbackSampleRate: '100',
    });
    await expect(set('SQSSuccessFeedbackSampleRate', '101')).rejects.toThrow('Invalid parameter');
  });

  it('refuse what is not modelled or not known', async () => {
    const { set } = await stage();
    await expect(set('SQSFailureFeedbackRoleArn', 'arn:aws:iam::000000000000:role/r')).rejects.toThrow(
      'The topic attribute SQSFailureFeedbackRoleArn is not modelled by Sandtable.',
    );
    await expect(set('FifoTopic', 'false')).rejects.toThrow('Invalid parameter: AttributeName');
    await expect(set('FifoThroughputScope', 'Topic')).rejects.toThrow('only be set for FIFO topics');
  });

  it('are asked for by ARN, in their own region', async () => {
    const { table, attributes } = await stage();
    await expect(attributes('randomarn')).rejects.toThrow(
      'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1',
    );
    const abroad = table.client(SNSClient, { region: 'eu-west-1' });
    await expect(abroad.send(new GetTopicAttributesCommand({ TopicArn }))).rejects.toThrow(
      'Invalid parameter: TopicArn',
    );
  });

  it('are listed by a hundred, as are subscriptions', async () => {
    const { sns, create, subscribe } = await stage();
    for (let n = 0; n < 100; n += 1) {
      await create(`t${n}`);
      await subscribe('email', `reader${n}@example.com`);
    }
    await subscribe('email', 'last@example.com');
    const first = await sns.send(new ListTopicsCommand({}));
    const rest = await sns.send(new ListTopicsCommand({ NextToken: first.NextToken }));
    expect([first.Topics?.length, rest.Topics?.length, rest.NextToken]).toEqual([100, 1, undefined]);
    const some = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    const last = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken: some.NextToken }));
    expect([some.Subscriptions?.length, last.Subscriptions?.length]).toEqual([100, 1]);
  });
});

describe('subscriptions by e-mail', () => {
  it('wait for a confirmation that nobody sends, and are deleted after two days', async () => {
    const { table, sns, attributes, subscribe } = await stage();
    const plain = await sns.send(
      new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'ops@example.com' }),
    );
    expect(plain.SubscriptionArn).toBe('pending confirmation');
    const { SubscriptionArn } = await subscribe('email', 'ops@example.com');
    expect(SubscriptionArn).toMatch(/^arn:aws:sns:us-east-1:000000000000:news:/);
    const listed = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    expect(listed.Subscriptions?.map((one) => one.SubscriptionArn)).toEqual(['PendingConfirmation']);
    expect(await attributes()).toMatchObject({ SubscriptionsPending: '1', SubscriptionsConfirmed: '0' });
    await sns.send(new PublishCommand({ TopicArn, Message: 'unheard' }));
    expect(table.world.foreground).toBe(false);
    table.advance(48 * 60 * MINUTE);
    expect(await attributes()).toMatchObject({ SubscriptionsPending: '0', SubscriptionsDeleted: '0' });
  });

  it('are of the form of an address', async () => {
    const { subscribe } = await stage();
    await expect(subscribe('email', 'nobody')).rejects.toThrow('Invalid parameter: Email address');
    await expect(subscribe('carrier-pigeon', 'nobody')).rejects.toThrow(
      'Invalid parameter: Amazon SNS does not support this protocol string: carrier-pigeon',
    );
    await expect(subscribe('http', 'https://example.com/')).rejects.toThrow(
      'Invalid parameter: Endpoint must match the specified protocol',
    );
  });
});

describe('subscription attributes', () => {
  const queue = 'arn:aws:sqs:us-east-1:000000000000:q';

  it.each([
    ['Fake', 'x', 'Invalid parameter: AttributeName'],
    ['RawMessageDelivery', 'maybe', 'RawMessageDelivery: Invalid value [maybe]. Must be true or false.'],
    ['FilterPolicyScope', 'Mood', 'Invalid value [Mood]. Please use either MessageBody or MessageAttributes'],
    ['RedrivePolicy', '{"deadLetterTargetArn":"x"}', 'RedrivePolicy: deadLetterTargetArn is an invalid arn'],
    ['RedrivePolicy', '{', 'RedrivePolicy: failed to parse JSON.'],
    ['FilterPolicy', '{"a":{"b":["c"]}}', 'scope MessageAttributes does not support nested filter policy'],
    ['ReplayPolicy', '{}', 'The subscription attribute ReplayPolicy is not modelled by Sandtable.'],
  ])('are checked: %s cannot be %s', async (AttributeName, AttributeValue, message) => {
    const { sns, subscribe } = await stage();
    const { SubscriptionArn } = await subscribe('sqs', queue);
    const set = sns.send(
      new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }),
    );
    await expect(set).rejects.toThrow(message);
  });

  it('end with the subscription, however often that is asked for', async () => {
    const { sns, attributes, subscribe } = await stage();
    const { SubscriptionArn } = await subscribe('sqs', queue);
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    expect(await attributes()).toMatchObject({ SubscriptionsConfirmed: '0', SubscriptionsDeleted: '1' });
    await expect(sns.send(new UnsubscribeCommand({ SubscriptionArn: 'x' }))).rejects.toThrow(
      'An ARN must have at least 6 elements, not 1',
    );
  });
});

describe('publishing', () => {
  it.each([
    [
      { DataType: 'String' },
      "must contain non-empty message attribute value for message attribute type 'String'.",
    ],
    [{ DataType: 'Stringy', StringValue: 'x' }, 'has an invalid message attribute type'],
    [{ DataType: 'Binary', StringValue: 'x' }, "with type 'Binary' must use field 'Binary'."],
    [{ DataType: 'Number', BinaryValue: Uint8Array.of(1) }, "with type 'Number' must use field 'String'."],
  ])('checks attributes: %o', async (attribute, message) => {
    const { sns } = await stage();
    const MessageAttributes = { attr1: attribute };
    await expect(sns.send(new PublishCommand({ TopicArn, Message: 'm', MessageAttributes }))).rejects.toThrow(
      message,
    );
    const PublishBatchRequestEntries = [{ Id: '1', Message: 'm', MessageAttributes }];
    await expect(
      sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries })),
    ).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });

  it('checks batches as a whole', async () => {
    const { sns } = await stage();
    const batch = (...entries: { Id: string; Message: string }[]) =>
      sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries }));
    const Message = 'x'.repeat(200_000);
    await expect(batch({ Id: '1', Message }, { Id: '2', Message })).rejects.toMatchObject({
      name: 'BatchRequestTooLongException',
    });
    await expect(batch({ Id: 'a.b', Message: 'm' })).rejects.toThrow(
      'The Id of a batch entry in the batch request contains an impermissible character: a.b',
    );
    await expect(batch({ Id: '1', Message: 'm' }, { Id: '1', Message: 'm' })).rejects.toMatchObject({
      name: 'BatchEntryIdsNotDistinctException',
    });
  });

  // https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
  it('is counted, as are deliveries, failures and what filters hold back', async () => {
    const { table, sns, subscribe } = await stage();
    await subscribe('sqs', 'arn:aws:sqs:us-east-1:000000000000:gone');
    await subscribe('sqs', 'arn:aws:sqs:us-east-1:000000000000:picky', { FilterPolicy: '{"kind":["x"]}' });
    await sns.send(new PublishCommand({ TopicArn, Message: 'four' }));
    table.advance(2 * MINUTE);
    const sum = async (MetricName: string) =>
      (
        await table.client(CloudWatchClient).send(
          new GetMetricStatisticsCommand({
            Namespace: 'AWS/SNS',
            MetricName,
            Dimensions: [{ Name: 'TopicName', Value: 'news' }],
            StartTime: new Date(START),
            EndTime: new Date(START + MINUTE),
            Period: 60,
            Statistics: ['Sum'],
          }),
        )
      ).Datapoints?.[0]?.Sum;
    expect(await sum('NumberOfMessagesPublished')).toBe(1);
    expect(await sum('PublishSize')).toBe(4);
    expect(await sum('NumberOfNotificationsFailed')).toBe(1);
    expect(await sum('NumberOfNotificationsFilteredOut-NoMessageAttributes')).toBe(1);
    expect(await sum('NumberOfNotificationsDelivered')).toBeUndefined();
  });
});
