// Resources that others answer for: custom resources, wait conditions and nested stacks.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ListTopicsCommand, SNSClient, SubscribeCommand, CreateTopicCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const QUEUE = 'https://sqs.us-east-1.amazonaws.com/000000000000/requests';
const TOPIC = 'arn:aws:sns:us-east-1:000000000000:requests';

interface CustomRequest {
  RequestType: string;
  ResponseURL: string;
  RequestId: string;
  PhysicalResourceId?: string;
  ResourceProperties: Record<string, unknown>;
  OldResourceProperties?: Record<string, unknown>;
}

class Stand {
  readonly table: TestTable = newTable();
  readonly cloudformation = this.table.client(CloudFormationClient);
  readonly sqs = this.table.client(SQSClient);
  readonly sns = this.table.client(SNSClient);
  readonly s3 = this.table.client(S3Client);

  /** A topic whose messages a queue gets, for custom resources that are answered by hand. */
  async subscriber(): Promise<void> {
    await this.sns.send(new CreateTopicCommand({ Name: 'requests' }));
    const Policy = JSON.stringify({
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }],
    });
    await this.sqs.send(new CreateQueueCommand({ QueueName: 'requests', Attributes: { Policy } }));
    await this.sns.send(
      new SubscribeCommand({
        TopicArn: TOPIC,
        Protocol: 'sqs',
        Endpoint: 'arn:aws:sqs:us-east-1:000000000000:requests',
      }),
    );
  }

  async request(): Promise<CustomRequest> {
    const { Messages = [] } = await this.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: QUEUE, VisibilityTimeout: 43200 }),
    );
    const { Message } = JSON.parse(Messages[0]?.Body ?? '{}') as { Message: string };
    return JSON.parse(Message) as CustomRequest;
  }

  /** The status of an HTTP PUT to a URL that was handed out. */
  put(url: string, body: object): number {
    const [, host = '', path = ''] = /^http:\/\/([^/]+)(\/.*)$/.exec(url) ?? [];
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const wire = { method: 'PUT', path, query: '', headers: { host }, body: bytes, host };
    return (this.table.gateway.handle(wire) as { status: number }).status;
  }

  async create(TemplateBody: string, StackName = 'shop'): Promise<void> {
    await this.cloudformation.send(new CreateStackCommand({ StackName, TemplateBody }));
    this.table.advance(MINUTE);
  }

  async update(TemplateBody: string): Promise<void> {
    await this.cloudformation.send(new UpdateStackCommand({ StackName: 'shop', TemplateBody }));
    this.table.advance(MINUTE);
  }

  async stack(StackName = 'shop') {
    const { Stacks = [] } = await this.cloudformation.send(new DescribeStacksCommand({ StackName }));
    return Stacks[0];
  }

  async reasons(StackName = 'shop'): Promise<string[]> {
    const { StackEvents = [] } = await this.cloudformation.send(
      new DescribeStackEventsCommand({ StackName }),
    );
    return StackEvents.toReversed().map(({ LogicalResourceId, ResourceStatus, ResourceStatusReason }) =>
      [LogicalResourceId, ResourceStatus, ResourceStatusReason]
        .filter((part) => part !== undefined)
        .join(' '),
    );
  }
}

const custom = (Size: number): string =>
  JSON.stringify({
    Resources: {
      Disk: { Type: 'Custom::Disk', Properties: { ServiceToken: TOPIC, Size, Nested: { On: true } } },
    },
    Outputs: { Speed: { Value: { 'Fn::GetAtt': ['Disk', 'Speed'] } }, Id: { Value: { Ref: 'Disk' } } },
  });

describe('a custom resource', () => {
  it('is what the subscriber of its topic answers', async () => {
    const stand = new Stand();
    await stand.subscriber();
    await stand.create(custom(3));
    const asked = await stand.request();
    expect(asked.RequestType).toBe('Create');
    // Values come as text.
    expect(asked.ResourceProperties).toEqual({ ServiceToken: TOPIC, Size: '3', Nested: { On: 'true' } });
    expect(
      stand.put(asked.ResponseURL, { Status: 'SUCCESS', PhysicalResourceId: 'disk-1', Data: { Speed: '7' } }),
    ).toBe(200);
    stand.table.advance(MINUTE);
    const stack = await stand.stack();
    expect(stack?.StackStatus).toBe('CREATE_COMPLETE');
    expect(stack?.Outputs?.map(({ OutputValue }) => OutputValue)).toEqual(['7', 'disk-1']);
  });

  it('is replaced where an update answers with another physical id, and the old one is deleted in the end', async () => {
    const stand = new Stand();
    await stand.subscriber();
    await stand.create(custom(3));
    const first = await stand.request();
    stand.put(first.ResponseURL, { Status: 'SUCCESS', PhysicalResourceId: 'disk-1', Data: { Speed: '7' } });
    stand.table.advance(MINUTE);
    await stand.update(custom(4));
    const second = await stand.request();
    expect(second).toMatchObject({
      RequestType: 'Update',
      PhysicalResourceId: 'disk-1',
      OldResourceProperties: { Size: '3' },
    });
    stand.put(second.ResponseURL, { Status: 'SUCCESS', PhysicalResourceId: 'disk-2', Data: { Speed: '8' } });
    stand.table.advance(MINUTE);
    expect((await stand.stack())?.StackStatus).toBe('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    const third = await stand.request();
    expect(third).toMatchObject({ RequestType: 'Delete', PhysicalResourceId: 'disk-1' });
    stand.put(third.ResponseURL, { Status: 'SUCCESS', PhysicalResourceId: 'disk-1' });
    stand.table.advance(MINUTE);
    expect((await stand.stack())?.StackStatus).toBe('UPDATE_COMPLETE');
  });

  it('fails with the reason that it is told', async () => {
    const stand = new Stand();
    await stand.subscriber();
    await stand.create(custom(3));
    const asked = await stand.request();
    stand.put(asked.ResponseURL, { Status: 'FAILED', Reason: 'no disks left', PhysicalResourceId: 'none' });
    stand.table.advance(MINUTE);
    expect(await stand.reasons()).toContain(
      `Disk CREATE_FAILED Received response status [FAILED] from custom resource. Message returned: no disks left (RequestId: ${asked.RequestId})`,
    );
    // The rollback sends a deletion even for what never came to be.
    expect((await stand.request()).RequestType).toBe('Delete');
  });

  it('fails after an hour without an answer', async () => {
    const stand = new Stand();
    await stand.subscriber();
    await stand.create(custom(3));
    stand.table.advance(61 * MINUTE);
    expect((await stand.reasons()).join('\n')).toContain(
      'CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId',
    );
  });

  it('answers only once', async () => {
    const stand = new Stand();
    await stand.subscriber();
    await stand.create(custom(3));
    const asked = await stand.request();
    stand.put(asked.ResponseURL, { Status: 'SUCCESS', PhysicalResourceId: 'disk-1', Data: { Speed: '7' } });
    expect(stand.put(asked.ResponseURL, { Status: 'FAILED', PhysicalResourceId: 'disk-1' })).toBe(403);
  });
});

describe('a wait condition', () => {
  const waits = JSON.stringify({
    Resources: {
      Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
      Wait: {
        Type: 'AWS::CloudFormation::WaitCondition',
        Properties: { Handle: { Ref: 'Handle' }, Timeout: '300', Count: 2 },
      },
    },
    Outputs: { Url: { Value: { Ref: 'Handle' } }, Data: { Value: { 'Fn::GetAtt': ['Wait', 'Data'] } } },
  });

  it('holds its stack until it was signalled often enough', async () => {
    const stand = new Stand();
    await stand.create(waits);
    const url = await handleOf(stand);
    expect(stand.put(url, { Status: 'SUCCESS', UniqueId: 'a', Data: 'one', Reason: '' })).toBe(200);
    expect(stand.put(url, { Status: 'SUCCESS', UniqueId: 'a', Data: 'again', Reason: '' })).toBe(200);
    stand.table.advance(MINUTE);
    expect((await stand.stack())?.StackStatus).toBe('CREATE_IN_PROGRESS');
    stand.put(url, { Status: 'SUCCESS', UniqueId: 'b', Data: 'two', Reason: '' });
    stand.table.advance(MINUTE);
    const data = (await stand.stack())?.Outputs?.find(({ OutputKey }) => OutputKey === 'Data');
    expect(JSON.parse(data?.OutputValue ?? '')).toEqual({ a: 'one', b: 'two' });
  });

  it('fails when its time is up', async () => {
    const stand = new Stand();
    await stand.create(waits);
    stand.table.advance(5 * MINUTE);
    expect(await stand.reasons()).toContain(
      'Wait CREATE_FAILED WaitCondition timed out. Received 0 conditions when expecting 2',
    );
  });
});

async function handleOf(stand: Stand): Promise<string> {
  const { StackEvents = [] } = await stand.cloudformation.send(
    new DescribeStackEventsCommand({ StackName: 'shop' }),
  );
  return (
    StackEvents.find(({ LogicalResourceId }) => LogicalResourceId === 'Handle')?.PhysicalResourceId ?? ''
  );
}

describe('a nested stack', () => {
  const child = (DisplayName: string, name?: string): string =>
    JSON.stringify({
      Parameters: { Title: { Type: 'String' } },
      Resources: {
        Orders: { Type: 'AWS::SNS::Topic', Properties: { DisplayName, ...(name && { TopicName: name }) } },
      },
      Outputs: { Arn: { Value: { Ref: 'Orders' } } },
    });
  const parent = (key: string, more: object = {}): string =>
    JSON.stringify({
      Resources: {
        Tier: {
          Type: 'AWS::CloudFormation::Stack',
          Properties: {
            TemplateURL: `https://templates.s3.us-east-1.amazonaws.com/${key}`,
            Parameters: { Title: 'x' },
          },
        },
        ...more,
      },
      Outputs: { Arn: { Value: { 'Fn::GetAtt': ['Tier', 'Outputs.Arn'] } } },
    });

  async function stage(): Promise<Stand> {
    const stand = new Stand();
    await stand.s3.send(new CreateBucketCommand({ Bucket: 'templates' }));
    const put = (Key: string, Body: string) =>
      stand.s3.send(new PutObjectCommand({ Bucket: 'templates', Key, Body }));
    await put('one.json', child('one'));
    await put('two.json', child('two'));
    await put('bad.json', child('two', 'no/slash'));
    return stand;
  }

  it('hands its outputs to the stack around it and goes with it', async () => {
    const stand = await stage();
    await stand.create(parent('one.json'));
    const stack = await stand.stack();
    expect(stack?.StackStatus).toBe('CREATE_COMPLETE');
    expect(stack?.Outputs?.[0]?.OutputValue).toMatch(/:shop-Tier-\w+-Orders-\w+$/);
    await stand.cloudformation.send(new DeleteStackCommand({ StackName: 'shop' }));
    stand.table.advance(MINUTE);
    const { Topics } = await stand.sns.send(new ListTopicsCommand({}));
    expect(Topics).toEqual([]);
  });

  it('fails the stack around it with its own reason', async () => {
    const stand = await stage();
    await stand.create(parent('bad.json'));
    stand.table.advance(MINUTE);
    const reasons = await stand.reasons();
    expect(reasons.join('\n')).toMatch(
      /Tier CREATE_FAILED Embedded stack arn:\S+ was not successfully created: The following resource\(s\) failed to create: \[Orders\]\. /,
    );
    expect((await stand.stack())?.StackStatus).toBe('ROLLBACK_COMPLETE');
  });

  it('is refused by name where it needs a transform that takes time', async () => {
    const stand = await stage();
    const Body = JSON.stringify({
      Transform: 'AWS::Serverless-2016-10-31',
      Parameters: { Title: { Type: 'String' } },
      Resources: { A: { Type: 'AWS::SNS::Topic' } },
    });
    await stand.s3.send(new PutObjectCommand({ Bucket: 'templates', Key: 'sam.json', Body }));
    const TemplateBody = parent('sam.json');
    const Capabilities = ['CAPABILITY_AUTO_EXPAND'] as const;
    const input = { StackName: 'shop', TemplateBody, Capabilities: [...Capabilities] };
    await stand.cloudformation.send(new CreateStackCommand(input));
    stand.table.advance(MINUTE);
    expect((await stand.reasons()).join('\n')).toContain(
      'Sandtable does not model AWS::Serverless-2016-10-31 in nested stacks.',
    );
  });

  it('waits with its clean-up for its root, and goes back with it', async () => {
    const stand = await stage();
    await stand.create(parent('one.json'));
    const bad = {
      Bad: { Type: 'AWS::SNS::Topic', DependsOn: 'Tier', Properties: { TopicName: 'no/slash' } },
    };
    await stand.update(parent('two.json', bad));
    stand.table.advance(MINUTE);
    expect((await stand.stack())?.StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    const { Stacks = [] } = await stand.cloudformation.send(new DescribeStacksCommand({}));
    expect(Stacks.map(({ StackStatus }) => StackStatus)).toEqual([
      'UPDATE_ROLLBACK_COMPLETE',
      'UPDATE_ROLLBACK_COMPLETE',
    ]);
    await stand.update(parent('two.json'));
    const after = await stand.cloudformation.send(new DescribeStacksCommand({}));
    expect(after.Stacks?.map(({ StackStatus }) => StackStatus)).toEqual([
      'UPDATE_COMPLETE',
      'UPDATE_COMPLETE',
    ]);
  });
});
