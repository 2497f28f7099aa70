// Events on their way to targets: who gets what, who may, and what becomes of those that nobody takes.

import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateEventBusCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import type { PutEventsRequestEntry, PutRuleCommandInput, Target } from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateTopicCommand,
  SNSClient,
  SetTopicAttributesCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { injections } from '#cloud/injections.ts';
import { newTable, START } from '../../../tests/table.ts';

const ACCOUNT = '000000000000';
const OTHER = '111122223333';
const MINUTE = 60_000;
const arnOf = (service: string, resource: string, account = ACCOUNT): string =>
  `arn:aws:${service}:us-east-1:${account}:${resource}`;
const allowing = (Action: string, Service = 'events.amazonaws.com', more: object = {}): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service }, Action, Resource: '*', ...more }],
  });
const ENTRY = { Source: 'shop', DetailType: 'Order', Detail: '{"id":7,"items":["a","b"]}' };

class Stand {
  readonly table = newTable();
  readonly events = this.table.client(EventBridgeClient);
  readonly sqs = this.table.client(SQSClient);

  /** A queue that lets EventBridge in for one rule of the default bus, or for any. */
  async queue(
    QueueName: string,
    more: { rule?: string; closed?: boolean; fifo?: boolean } = {},
  ): Promise<string> {
    const Condition = { ArnEquals: { 'aws:SourceArn': arnOf('events', `rule/${more.rule ?? 'r'}`) } };
    const Policy = allowing('sqs:SendMessage', undefined, more.rule === undefined ? {} : { Condition });
    await this.sqs.send(
      new CreateQueueCommand({
        QueueName,
        Attributes: {
          ...(more.closed ? {} : { Policy }),
          ...(more.fifo && { FifoQueue: 'true', ContentBasedDeduplication: 'true' }),
        },
      }),
    );
    return arnOf('sqs', QueueName);
  }

  async rule(targets: readonly Omit<Target, 'Id'>[], more: Partial<PutRuleCommandInput> = {}): Promise<void> {
    const { EventBusName, Name = 'r' } = more;
    const EventPattern = more.ScheduleExpression === undefined ? '{"source":["shop"]}' : undefined;
    await this.events.send(new PutRuleCommand({ EventPattern, ...more, Name }));
    const Targets = targets.map((target, index) => ({ Id: `t${index}`, ...target }) as Target);
    await this.events.send(new PutTargetsCommand({ Rule: Name, EventBusName, Targets }));
  }

  async put(entry: PutEventsRequestEntry = {}): Promise<string | undefined> {
    const Entries = [{ ...ENTRY, ...entry }];
    const { Entries: results = [] } = await this.events.send(new PutEventsCommand({ Entries }));
    this.table.advance(1000);
    return results[0]?.EventId;
  }

  /** All messages, which are taken. */
  async messages(name: string): Promise<{ body: string; attributes: Record<string, string> }[]> {
    const QueueUrl = `https://sqs.us-east-1.amazonaws.com/${ACCOUNT}/${name}`;
    const { Messages = [] } = await this.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    );
    for (const { ReceiptHandle } of Messages)
      await this.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    return Messages.map(({ Body = '', MessageAttributes = {} }) => ({
      body: Body,
      attributes: Object.fromEntries(
        Object.entries(MessageAttributes).map(([name_, { StringValue = '' }]) => [name_, StringValue]),
      ),
    }));
  }

  async bodies(name: string): Promise<unknown[]> {
    return (await this.messages(name)).map(({ body }) => JSON.parse(body) as unknown);
  }

  async sum(MetricName: string): Promise<number> {
    this.table.advance(2 * MINUTE);
    const { Datapoints = [] } = await this.table.client(CloudWatchClient).send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/Events',
        MetricName,
        Dimensions: [{ Name: 'RuleName', Value: 'r' }],
        StartTime: new Date(START),
        EndTime: new Date(START + 30 * 60 * MINUTE),
        Period: 30 * 60 * 60,
        Statistics: ['Sum'],
      }),
    );
    return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
  }

  throttle(perMille: number): () => void {
    const injection = {
      kind: 'api-error',
      service: 'sqs',
      operation: 'SendMessage',
      shape: 'ThrottlingException',
      message: 'Rate exceeded',
      perMille,
    } as const;
    this.table.act((ctx) => ctx.everywhere.put(injections, { id: 'i', injection, startedAt: ctx.now }));
    return () => this.table.act((ctx) => ctx.everywhere.delete(injections, 'i'));
  }
}

describe('events', () => {
  // https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
  it('come to the targets of the rules that they match', async () => {
    const stand = new Stand();
    await stand.rule([{ Arn: await stand.queue('q', { rule: 'r' }) }]);
    await stand.put({ Source: 'other' });
    const Time = new Date(START - 1500);
    const id = await stand.put({ Time, Resources: ['arn:aws:x:::y'] });
    expect((await stand.messages('q')).map(({ body }) => body)).toEqual([
      JSON.stringify({
        version: '0',
        id,
        'detail-type': 'Order',
        source: 'shop',
        account: ACCOUNT,
        time: '2026-01-04T23:59:58Z',
        region: 'us-east-1',
        resources: ['arn:aws:x:::y'],
        detail: { id: 7, items: ['a', 'b'] },
      }),
    ]);
    expect(await stand.sum('TriggeredRules')).toBe(1);
    expect(await stand.sum('Invocations')).toBe(1);
  });

  it('pass rules that are disabled', async () => {
    const stand = new Stand();
    await stand.rule([{ Arn: await stand.queue('q') }]);
    await stand.events.send(new DisableRuleCommand({ Name: 'r' }));
    await stand.put();
    await stand.events.send(new EnableRuleCommand({ Name: 'r' }));
    const id = await stand.put();
    expect(await stand.bodies('q')).toMatchObject([{ id }]);
  });

  it('go through topics, in message groups, and into log groups that let them in', async () => {
    const stand = new Stand();
    const sns = stand.table.client(SNSClient);
    const logs = stand.table.client(CloudWatchLogsClient);
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
    const opened = { AttributeName: 'Policy', AttributeValue: allowing('sns:Publish') };
    await sns.send(new SetTopicAttributesCommand({ TopicArn, ...opened }));
    const Endpoint = await stand.queue('from-topic');
    const fromTopic = { Policy: allowing('sqs:SendMessage', 'sns.amazonaws.com') };
    await stand.sqs.send(new CreateQueueCommand({ QueueName: 'heard', Attributes: fromTopic }));
    const raw = { RawMessageDelivery: 'true' };
    const heard = Endpoint.replace('from-topic', 'heard');
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: heard, Attributes: raw }));
    const logGroupName = '/aws/events/all';
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    const policyDocument = allowing('logs:*');
    await logs.send(new PutResourcePolicyCommand({ policyName: 'events', policyDocument }));
    const fifo = await stand.queue('q.fifo', { fifo: true });
    await stand.rule([
      { Arn: TopicArn },
      { Arn: fifo, SqsParameters: { MessageGroupId: 'g' } },
      { Arn: arnOf('logs', `log-group:${logGroupName}`) },
    ]);
    const id = await stand.put();
    stand.table.advance(10_000);
    expect(await stand.bodies('heard')).toMatchObject([{ id }]);
    expect(await stand.bodies('q.fifo')).toMatchObject([{ id }]);
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
    expect(events.map(({ message = '' }) => JSON.parse(message) as object)).toMatchObject([{ id }]);
    expect(await stand.sum('FailedInvocations')).toBe(0);
  });

  it.each([
    [{ Input: '{"a": 1}' }, '{"a": 1}'],
    [{ InputPath: '$.detail' }, '{"id":7,"items":["a","b"]}'],
    [{ InputPath: '$.detail.items[1]' }, '"b"'],
    [{ InputPath: '$.detail.items[*]' }, '["a","b"]'],
    [
      transformer('{"id": <id>, "of": "shop/<id>", "list": <items>}'),
      '{"id": 7, "of": "shop/7", "list": ["a","b"]}',
    ],
    [transformer('"Order <id> of <items>, <none>!"'), '"Order 7 of [a,b], !"'],
    [transformer('{"none": <none>}'), '{"none": ""}'],
    [transformer('"<aws.events.rule-name> at <aws.events.rule-arn>"'), `"r at ${arnOf('events', 'rule/r')}"`],
    [transformer('{"list": "<items>"}'), undefined],
    [{ InputPath: '$.detail.none' }, undefined],
  ])('are told with %o as %s', async (input, expected) => {
    const stand = new Stand();
    await stand.rule([{ Arn: await stand.queue('q'), ...input }]);
    await stand.put();
    const bodies = (await stand.messages('q')).map(({ body }) => body);
    expect(bodies).toEqual(expected === undefined ? [] : [expected]);
  });

  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
  it('that a target forbids go to the dead-letter queue at once', async () => {
    const stand = new Stand();
    const Arn = await stand.queue('closed', { closed: true });
    const DeadLetterConfig = { Arn: await stand.queue('dead', { rule: 'r' }) };
    await stand.rule([{ Arn, DeadLetterConfig }]);
    const id = await stand.put();
    const [dead] = await stand.messages('dead');
    expect(JSON.parse(dead?.body ?? '')).toMatchObject({ id });
    expect(dead?.attributes).toEqual({
      RULE_ARN: arnOf('events', 'rule/r'),
      TARGET_ARN: Arn,
      ERROR_CODE: 'NO_PERMISSIONS',
      ERROR_MESSAGE: expect.stringContaining('is not authorized') as string,
      RETRY_ATTEMPTS: '0',
    });
    expect(await stand.sum('FailedInvocations')).toBe(1);
    expect(await stand.sum('InvocationsSentToDLQ')).toBe(1);
  });

  it('are tried again while a target is throttled', async () => {
    const stand = new Stand();
    await stand.rule([{ Arn: await stand.queue('q') }]);
    const end = stand.throttle(1000);
    const id = await stand.put();
    stand.table.advance(5 * MINUTE);
    end();
    expect(await stand.bodies('q')).toEqual([]);
    stand.table.advance(10 * MINUTE);
    expect(await stand.bodies('q')).toMatchObject([{ id }]);
    expect(await stand.sum('RetryInvocationAttempts')).toBeGreaterThan(3);
    expect(await stand.sum('FailedInvocations')).toBe(0);
  });

  it.each([
    [{ MaximumRetryAttempts: 2 }, 10 * MINUTE, 3],
    [{ MaximumEventAgeInSeconds: 60 }, 10 * MINUTE, 7],
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html: 24 hours or 185 times.
    [undefined, 25 * 60 * MINUTE, 186],
  ])('are given up after a RetryPolicy of %o', async (RetryPolicy, within, attempts) => {
    const stand = new Stand();
    await stand.rule([{ Arn: await stand.queue('q'), RetryPolicy }]);
    stand.throttle(1000);
    await stand.put();
    stand.table.advance(within);
    expect(await stand.sum('FailedInvocations')).toBe(1);
    const retries = await stand.sum('RetryInvocationAttempts');
    expect(retries).toBeLessThan(attempts);
    expect(retries).toBeGreaterThanOrEqual(Math.floor(attempts * 0.6));
  });
});

function transformer(InputTemplate: string): Pick<Target, 'InputTransformer'> {
  const InputPathsMap = { id: '$.detail.id', items: '$.detail.items', none: '$.detail.none' };
  const used = Object.entries(InputPathsMap).filter(([name]) => InputTemplate.includes(`<${name}>`));
  return { InputTransformer: { InputPathsMap: Object.fromEntries(used), InputTemplate } };
}

describe('events for other buses', () => {
  async function role(stand: Stand): Promise<string> {
    const iam = stand.table.client(IAMClient);
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    });
    await iam.send(new CreateRoleCommand({ RoleName: 'sender', AssumeRolePolicyDocument }));
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'events:PutEvents', Resource: '*' }],
    });
    await iam.send(new PutRolePolicyCommand({ RoleName: 'sender', PolicyName: 'send', PolicyDocument }));
    return `arn:aws:iam::${ACCOUNT}:role/sender`;
  }

  it('are the same there', async () => {
    const stand = new Stand();
    await stand.events.send(new CreateEventBusCommand({ Name: 'shop' }));
    await stand.rule([{ Arn: arnOf('events', 'event-bus/shop'), RoleArn: await role(stand) }]);
    await stand.rule([{ Arn: await stand.queue('q') }], { EventBusName: 'shop', Name: 'there' });
    const id = await stand.put();
    expect(await stand.bodies('q')).toMatchObject([{ id, account: ACCOUNT }]);
    await stand.put({ EventBusName: 'shop' });
    expect(await stand.bodies('q')).toHaveLength(1);
  });

  // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
  it('of another account come where the role and the policy of the bus let them', async () => {
    const stand = new Stand();
    const RoleArn = await role(stand);
    const credentials = { accessKeyId: OTHER, secretAccessKey: 'test' };
    const there = stand.table.client(EventBridgeClient, { credentials });
    const theirs = stand.table.client(SQSClient, { credentials });
    const Attributes = { Policy: allowing('sqs:SendMessage') };
    const { QueueUrl } = await theirs.send(new CreateQueueCommand({ QueueName: 'theirs', Attributes }));
    await there.send(new PutRuleCommand({ Name: 'in', EventPattern: `{"account":["${ACCOUNT}"]}` }));
    const Targets = [{ Id: 'q', Arn: arnOf('sqs', 'theirs', OTHER) }];
    await there.send(new PutTargetsCommand({ Rule: 'in', Targets }));
    await stand.rule([{ Arn: arnOf('events', 'event-bus/default', OTHER), RoleArn }]);
    await stand.put();
    expect(await stand.sum('FailedInvocations')).toBe(1);
    const Action = 'events:PutEvents';
    await there.send(new PutPermissionCommand({ Action, Principal: ACCOUNT, StatementId: 'in' }));
    const id = await stand.put();
    const { Messages = [] } = await theirs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    expect(Messages.map(({ Body = '' }) => JSON.parse(Body) as object)).toMatchObject([
      { id, account: ACCOUNT },
    ]);
    // With that permission the account may put events there itself.
    const EventBusName = arnOf('events', 'event-bus/default', OTHER);
    await expect(stand.put({ EventBusName })).resolves.toEqual(expect.any(String));
    await expect(
      there.send(
        new PutEventsCommand({ Entries: [{ ...ENTRY, EventBusName: arnOf('events', 'event-bus/default') }] }),
      ),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

describe('scheduled rules', () => {
  it('tell their targets the instant that they stand for', async () => {
    const stand = new Stand();
    const Arn = await stand.queue('q');
    await stand.rule([{ Arn }], { ScheduleExpression: 'cron(0/10 * * * ? *)' });
    stand.table.advance(21 * MINUTE);
    const event = {
      version: '0',
      id: expect.any(String) as string,
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: ACCOUNT,
      region: 'us-east-1',
      resources: [arnOf('events', 'rule/r')],
      detail: {},
    };
    expect(await stand.bodies('q')).toEqual([
      { ...event, time: '2026-01-05T00:10:00Z' },
      { ...event, time: '2026-01-05T00:20:00Z' },
    ]);
  });

  it('count a rate from when they are turned on', async () => {
    const stand = new Stand();
    const Arn = await stand.queue('q');
    await stand.rule([{ Arn, Input: '1' }], { ScheduleExpression: 'rate(1 hour)', State: 'DISABLED' });
    stand.table.advance(90 * MINUTE);
    await stand.events.send(new EnableRuleCommand({ Name: 'r' }));
    stand.table.advance(59 * MINUTE);
    expect(await stand.bodies('q')).toEqual([]);
    stand.table.advance(62 * MINUTE);
    expect(await stand.bodies('q')).toEqual([1, 1]);
  });
});
