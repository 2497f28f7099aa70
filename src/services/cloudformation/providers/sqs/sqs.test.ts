// AWS::SQS through CloudFormation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html

import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string): object => ({ Ref });
const att = (logicalId: string, name: string): object => ({ 'Fn::GetAtt': [logicalId, name] });
const queue = (Properties: object = {}): object => ({ Type: 'AWS::SQS::Queue', Properties });

function newStand(): ProviderStand & {
  sqs: SQSClient;
  attributes: (url: string) => Promise<Record<string, string>>;
} {
  const stand = new ProviderStand();
  const sqs = stand.table.client(SQSClient);
  const attributes = async (QueueUrl: string): Promise<Record<string, string>> => {
    const found = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    return found.Attributes ?? {};
  };
  return Object.assign(stand, { sqs, attributes });
}

describe('AWS::SQS::Queue', () => {
  const parts = (properties: object): { Resources: Record<string, object>; Outputs: object } => ({
    Resources: {
      Dead: queue(),
      Jobs: queue({
        RedrivePolicy: { deadLetterTargetArn: att('Dead', 'Arn'), maxReceiveCount: 5 },
        Tags: [{ Key: 'team', Value: 'a' }],
        ...properties,
      }),
    },
    Outputs: {
      Ref: { Value: ref('Jobs') },
      Url: { Value: att('Jobs', 'QueueUrl') },
      Arn: { Value: att('Jobs', 'Arn') },
      Name: { Value: att('Jobs', 'QueueName') },
    },
  });

  it('is known by its URL, and has the attributes and tags of the template', async () => {
    const stand = newStand();
    expect(await stand.create(parts({ VisibilityTimeout: 60, DelaySeconds: 5 }))).toBe('CREATE_COMPLETE');
    const { Ref = '', Url, Arn, Name = '' } = await stand.outputs();
    expect(Url).toBe(Ref);
    expect(Ref).toMatch(/^https:\/\/sqs\..*\/shop-Jobs-[A-Za-z0-9]{12}$/);
    const attributes = await stand.attributes(Ref);
    expect(attributes).toMatchObject({ QueueArn: Arn, VisibilityTimeout: '60', DelaySeconds: '5' });
    expect(Arn).toMatch(new RegExp(`:${Name}$`));
    expect(JSON.parse(attributes['RedrivePolicy'] ?? '')).toMatchObject({ maxReceiveCount: 5 });
    // The type's schema: cloudFormationSystemTags is false.
    const { Tags } = await stand.sqs.send(new ListQueueTagsCommand({ QueueUrl: Ref }));
    expect(Tags).toEqual({ team: 'a' });
  });

  it('is changed in place, and what the template no longer says goes back to its default', async () => {
    const stand = newStand();
    await stand.create(parts({ VisibilityTimeout: 60, DelaySeconds: 5, SqsManagedSseEnabled: false }));
    const { Ref = '' } = await stand.outputs();
    const after = parts({ VisibilityTimeout: 90, RedrivePolicy: undefined, Tags: undefined });
    expect(await stand.update(after)).toBe('UPDATE_COMPLETE');
    const attributes = await stand.attributes(Ref);
    expect(attributes).toMatchObject({
      VisibilityTimeout: '90',
      DelaySeconds: '0',
      SqsManagedSseEnabled: 'false', // Stays as it is (recorded by LocalStack: test_update_fifo_queue_remove_all_properties_except_queuename).
    });
    expect(attributes['RedrivePolicy']).toBeUndefined();
    const { Tags } = await stand.sqs.send(new ListQueueTagsCommand({ QueueUrl: Ref }));
    expect(Tags).toBeUndefined();
  });

  it('gets a name that ends in .fifo where it keeps its order, and is replaced by one that does', async () => {
    const stand = newStand();
    await stand.create({ Resources: { Jobs: queue() } });
    const Resources = { Jobs: queue({ FifoQueue: true, ContentBasedDeduplication: true }) };
    expect(await stand.update({ Resources })).toBe('UPDATE_COMPLETE');
    const { QueueUrls = [] } = await stand.sqs.send(new ListQueuesCommand({}));
    expect(QueueUrls).toEqual([expect.stringMatching(/shop-Jobs-[A-Za-z0-9]{12}\.fifo$/)]);
  });

  it('is not made where there is one of its name, which stays', async () => {
    const stand = newStand();
    await stand.sqs.send(new CreateQueueCommand({ QueueName: 'jobs' }));
    expect(await stand.create({ Resources: { Jobs: queue({ QueueName: 'jobs' }) } })).toBe(
      'ROLLBACK_COMPLETE',
    );
    expect((await stand.failures())[0]).toContain(
      "Resource of type 'AWS::SQS::Queue' with identifier 'jobs' already exists.",
    );
    const { QueueUrls = [] } = await stand.sqs.send(new ListQueuesCommand({}));
    expect(QueueUrls).toHaveLength(1);
  });
});

describe('policies of queues', () => {
  const statement = (Action: string): object => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action, Resource: '*' }],
  });
  const parts = (action: string, names: string[]): { Resources: object } => ({
    Resources: {
      One: queue(),
      Two: queue(),
      Three: queue(),
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: { PolicyDocument: statement(action), Queues: names.map(ref) },
      },
      Inline: {
        Type: 'AWS::SQS::QueueInlinePolicy',
        Properties: { PolicyDocument: statement(action), Queue: ref('Three') },
      },
    },
  });

  it('are put on their queues, moved and taken away', async () => {
    const stand = newStand();
    expect(await stand.create(parts('sqs:SendMessage', ['One', 'Two']))).toBe('CREATE_COMPLETE');
    const { One = '', Two = '', Three = '', Inline, Policy } = await stand.physicalIds();
    expect([Inline, Policy]).toEqual([Three, expect.stringMatching(/^shop-Policy-/)]);
    await stand.update(parts('sqs:ReceiveMessage', ['Two']));
    const policies = await Promise.all(
      [One, Two, Three].map(async (url) => (await stand.attributes(url))['Policy']),
    );
    expect(policies).toEqual([
      undefined,
      expect.stringContaining('ReceiveMessage'),
      expect.stringContaining('ReceiveMessage'),
    ]);
    const { Policy: _, Inline: __, ...queues } = parts('', []).Resources as Record<string, object>;
    await stand.update({ Resources: queues });
    const left = await Promise.all([Two, Three].map(async (url) => (await stand.attributes(url))['Policy']));
    expect(left).toEqual([undefined, undefined]);
  });
});
