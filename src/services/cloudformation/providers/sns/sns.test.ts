// AWS::SNS through CloudFormation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html

import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsCommand,
  ListTopicsCommand,
  PublishCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string): object => ({ Ref });
const att = (logicalId: string, name: string): object => ({ 'Fn::GetAtt': [logicalId, name] });

function newStand(): ProviderStand & { sns: SNSClient; sqs: SQSClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, {
    sns: stand.table.client(SNSClient),
    sqs: stand.table.client(SQSClient),
  });
}

describe('a topic that fans out to a queue', () => {
  const parts = (properties: object): { Resources: object; Outputs: object } => ({
    Resources: {
      Topic: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: 'Orders' } },
      Queue: { Type: 'AWS::SQS::Queue', Properties: {} },
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [ref('Queue')],
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'sns.amazonaws.com' },
                Action: 'sqs:SendMessage',
                Resource: att('Queue', 'Arn'),
                Condition: { ArnEquals: { 'aws:SourceArn': ref('Topic') } },
              },
            ],
          },
        },
      },
      Subscription: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: ref('Topic'),
          Protocol: 'sqs',
          Endpoint: att('Queue', 'Arn'),
          ...properties,
        },
      },
    },
    Outputs: {
      Topic: { Value: ref('Topic') },
      Queue: { Value: ref('Queue') },
      Subscription: { Value: ref('Subscription') },
    },
  });

  it('delivers what its subscription lets through, as the template changes it', async () => {
    const stand = newStand();
    const before = parts({ RawMessageDelivery: true, FilterPolicy: { kind: ['order'] } });
    expect(await stand.create(before)).toBe('CREATE_COMPLETE');
    const { Topic: TopicArn = '', Queue: QueueUrl = '', Subscription = '' } = await stand.outputs();
    const MessageAttributes = { kind: { DataType: 'String', StringValue: 'order' } };
    await stand.sns.send(new PublishCommand({ TopicArn, Message: 'one', MessageAttributes }));
    await stand.sns.send(new PublishCommand({ TopicArn, Message: 'two' }));
    stand.table.advance(60_000);
    const received = await stand.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    expect(received.Messages?.map(({ Body }) => Body)).toEqual(['one']);

    const nested = { order: { kind: ['big'] } };
    await stand.update(parts({ FilterPolicyScope: 'MessageBody', FilterPolicy: nested }));
    const attributes = async (): Promise<Record<string, string> | undefined> => {
      const query = { SubscriptionArn: Subscription };
      return (await stand.sns.send(new GetSubscriptionAttributesCommand(query))).Attributes;
    };
    expect(await attributes()).toMatchObject({
      RawMessageDelivery: 'false',
      FilterPolicyScope: 'MessageBody',
      FilterPolicy: JSON.stringify(nested),
    });
    expect(await stand.update(parts({}))).toBe('UPDATE_COMPLETE');
    expect((await attributes())?.['FilterPolicy']).toBeUndefined();
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const left = await stand.sns.send(new ListSubscriptionsCommand({}));
    expect(left.Subscriptions).toEqual([]);
  });

  it('fails on a subscription that is none, and leaves nothing', async () => {
    const stand = newStand();
    expect(await stand.create(parts({ Protocol: 'carrier-pigeon' }))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('does not support this protocol string: carrier-pigeon');
    const left = await stand.sns.send(new ListTopicsCommand({}));
    expect(left.Topics).toEqual([]);
  });
});

describe('AWS::SNS::Topic', () => {
  it('is not made where there is one of its name, which stays', async () => {
    const stand = newStand();
    await stand.sns.send(new CreateTopicCommand({ Name: 'orders' }));
    const Topic = { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'orders' } };
    expect(await stand.create({ Resources: { Topic } })).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain(
      "Resource of type 'AWS::SNS::Topic' with identifier 'orders' already exists.",
    );
    const left = await stand.sns.send(new ListTopicsCommand({}));
    expect(left.Topics).toHaveLength(1);
  });
});

describe('policies of topics', () => {
  const statement = (Action: string): object => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action, Resource: '*' }],
  });
  const topic = { Type: 'AWS::SNS::Topic', Properties: {} };

  it('take the place of the default one, which comes back', async () => {
    const stand = newStand();
    const both = {
      One: topic,
      Two: topic,
      Policy: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: { PolicyDocument: statement('sns:Publish'), Topics: [ref('One')] },
      },
      Inline: {
        Type: 'AWS::SNS::TopicInlinePolicy',
        Properties: { PolicyDocument: statement('sns:Subscribe'), TopicArn: ref('Two') },
      },
    };
    expect(await stand.create({ Resources: both })).toBe('CREATE_COMPLETE');
    const { One = '', Two = '' } = await stand.physicalIds();
    const policyOf = async (TopicArn: string): Promise<string> =>
      (await stand.sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes?.['Policy'] ?? '';
    expect(JSON.parse(await policyOf(One))).toEqual(statement('sns:Publish'));
    expect(JSON.parse(await policyOf(Two))).toEqual(statement('sns:Subscribe'));
    await stand.update({ Resources: { One: topic, Two: topic } });
    expect(await policyOf(One)).toContain('__default_policy_ID');
    expect(await policyOf(Two)).toContain('__default_policy_ID');
  });
});
