// Messages follow answers of AWS that LocalStack's tests recorded (test_events.snapshot.json).

import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemovePermissionCommand,
  RemoveTargetsCommand,
  TagResourceCommand,
  TestEventPatternCommand,
  UntagResourceCommand,
  UpdateEventBusCommand,
} from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';

const ACCOUNT = '000000000000';
const PATTERN = JSON.stringify({ source: ['shop'] });
const QUEUE = `arn:aws:sqs:us-east-1:${ACCOUNT}:orders`;

function stand(): EventBridgeClient {
  return newTable().client(EventBridgeClient);
}

describe('event buses', () => {
  it('are there by default, and made, changed and deleted by name', async () => {
    const events = stand();
    const arn = `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/shop`;
    const made = await events.send(new CreateEventBusCommand({ Name: 'shop', Description: 'Orders' }));
    expect(made).toMatchObject({ EventBusArn: arn, Description: 'Orders' });
    await expect(events.send(new CreateEventBusCommand({ Name: 'shop' }))).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      message: 'Event bus shop already exists.',
    });
    await events.send(new UpdateEventBusCommand({ Name: 'shop', Description: 'All orders' }));
    const { EventBuses = [] } = await events.send(new ListEventBusesCommand({}));
    expect(EventBuses.map(({ Name, Description }) => [Name, Description])).toEqual([
      ['default', undefined],
      ['shop', 'All orders'],
    ]);
    const page = await events.send(new ListEventBusesCommand({ Limit: 1 }));
    const next = await events.send(new ListEventBusesCommand({ Limit: 1, NextToken: page.NextToken }));
    expect([page, next].map((one) => one.EventBuses?.[0]?.Name)).toEqual(['default', 'shop']);
    expect(await events.send(new DescribeEventBusCommand({ Name: arn }))).toMatchObject({ Name: 'shop' });
    await events.send(new DeleteEventBusCommand({ Name: 'shop' }));
    // Again, and there is no error (recorded by LocalStack: test_describe_delete_not_existing_event_bus).
    await events.send(new DeleteEventBusCommand({ Name: 'shop' }));
    await expect(events.send(new DescribeEventBusCommand({ Name: 'shop' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Event bus shop does not exist.',
    });
  });

  it('stay while they have rules, and the default one always', async () => {
    const events = stand();
    await events.send(new CreateEventBusCommand({ Name: 'shop' }));
    await events.send(new PutRuleCommand({ Name: 'all', EventBusName: 'shop', EventPattern: PATTERN }));
    await expect(events.send(new DeleteEventBusCommand({ Name: 'shop' }))).rejects.toThrow(
      "EventBus can't be deleted since it has rules.",
    );
    await expect(events.send(new DeleteEventBusCommand({ Name: 'default' }))).rejects.toThrow(
      'Cannot delete event bus default.',
    );
  });

  it('let others in by statements, which are given and taken by id', async () => {
    const events = stand();
    const Action = 'events:PutEvents';
    const policy = async (): Promise<{ Statement: { Sid: string }[] } | undefined> => {
      const { Policy } = await events.send(new DescribeEventBusCommand({}));
      return Policy === undefined ? undefined : (JSON.parse(Policy) as { Statement: { Sid: string }[] });
    };
    await events.send(
      new PutPermissionCommand({ Action, Principal: '111122223333', StatementId: 'partner' }),
    );
    const Condition = { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: 'o-1' };
    await events.send(new PutPermissionCommand({ Action, Principal: '*', StatementId: 'org', Condition }));
    const Resource = `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/default`;
    expect((await policy())?.Statement).toEqual([
      {
        Sid: 'partner',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111122223333:root' },
        Action,
        Resource,
      },
      {
        Sid: 'org',
        Effect: 'Allow',
        Principal: '*',
        Action,
        Resource,
        Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } },
      },
    ]);
    await events.send(new RemovePermissionCommand({ StatementId: 'partner' }));
    expect((await policy())?.Statement.map(({ Sid }) => Sid)).toEqual(['org']);
    await expect(events.send(new RemovePermissionCommand({ StatementId: 'partner' }))).rejects.toThrow(
      'Statement with the provided id does not exist.',
    );
    await events.send(new RemovePermissionCommand({ RemoveAllPermissions: true }));
    expect(await policy()).toBeUndefined();
  });
});

describe('rules', () => {
  it('are put whole: what a request leaves out is gone, but for targets and tags', async () => {
    const events = stand();
    const Tags = [{ Key: 'team', Value: 'blue' }];
    const put = { Name: 'orders', EventPattern: PATTERN };
    const { RuleArn } = await events.send(new PutRuleCommand({ ...put, Description: 'Orders', Tags }));
    expect(RuleArn).toBe(`arn:aws:events:us-east-1:${ACCOUNT}:rule/orders`);
    await events.send(new PutTargetsCommand({ Rule: 'orders', Targets: [{ Id: 'q', Arn: QUEUE }] }));
    await events.send(new PutRuleCommand({ ...put, State: 'DISABLED' }));
    const { $metadata: _, ...rule } = await events.send(new DescribeRuleCommand({ Name: 'orders' }));
    expect(rule).toEqual({
      Name: 'orders',
      Arn: RuleArn,
      EventPattern: PATTERN,
      State: 'DISABLED',
      EventBusName: 'default',
      CreatedBy: ACCOUNT,
    });
    const targets = await events.send(new ListTargetsByRuleCommand({ Rule: 'orders' }));
    expect(targets.Targets).toEqual([{ Id: 'q', Arn: QUEUE }]);
    const tags = await events.send(new ListTagsForResourceCommand({ ResourceARN: RuleArn }));
    expect(tags.Tags).toEqual(Tags);
    await events.send(new EnableRuleCommand({ Name: 'orders' }));
    expect((await events.send(new DescribeRuleCommand({ Name: 'orders' }))).State).toBe('ENABLED');
    await events.send(new DisableRuleCommand({ Name: 'orders' }));
    expect((await events.send(new DescribeRuleCommand({ Name: 'orders' }))).State).toBe('DISABLED');
  });

  it('belong to their bus', async () => {
    const events = stand();
    await events.send(new CreateEventBusCommand({ Name: 'shop' }));
    const put = { Name: 'orders', EventBusName: 'shop', EventPattern: PATTERN };
    const { RuleArn } = await events.send(new PutRuleCommand(put));
    expect(RuleArn).toBe(`arn:aws:events:us-east-1:${ACCOUNT}:rule/shop/orders`);
    expect((await events.send(new ListRulesCommand({}))).Rules).toEqual([]);
    const list = new ListRulesCommand({ EventBusName: 'shop', NamePrefix: 'or' });
    expect((await events.send(list)).Rules).toMatchObject([{ Name: 'orders', EventBusName: 'shop' }]);
    await expect(events.send(new DescribeRuleCommand({ Name: 'orders' }))).rejects.toThrow(
      'Rule orders does not exist on EventBus default.',
    );
  });

  it('cannot be deleted while they have targets', async () => {
    const events = stand();
    await events.send(new PutRuleCommand({ Name: 'orders', EventPattern: PATTERN }));
    await events.send(new PutTargetsCommand({ Rule: 'orders', Targets: [{ Id: 'q', Arn: QUEUE }] }));
    const remove = new DeleteRuleCommand({ Name: 'orders' });
    await expect(events.send(remove)).rejects.toThrow("Rule can't be deleted since it has targets.");
    const names = await events.send(new ListRuleNamesByTargetCommand({ TargetArn: QUEUE }));
    expect(names.RuleNames).toEqual(['orders']);
    const removed = await events.send(new RemoveTargetsCommand({ Rule: 'orders', Ids: ['q', 'x'] }));
    expect(removed).toMatchObject({ FailedEntryCount: 1, FailedEntries: [{ TargetId: 'x' }] });
    await events.send(remove);
    await events.send(remove);
    expect((await events.send(new ListRulesCommand({}))).Rules).toEqual([]);
  });

  it.each([
    [{}, 'Parameter(s) EventPattern or ScheduleExpression must be specified.'],
    [{ EventPattern: '{"source":[]}' }, 'Event pattern is not valid. Reason: Empty arrays are not allowed'],
    [{ ScheduleExpression: 'rate(1 minutes)' }, 'Parameter ScheduleExpression is not valid.'],
    [
      { ScheduleExpression: 'rate(1 minute)', EventBusName: 'shop' },
      'ScheduleExpression is supported only on the default event bus.',
    ],
    [{ EventPattern: PATTERN, EventBusName: 'none' }, 'Event bus none does not exist.'],
    [
      { EventPattern: PATTERN, State: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS' as const },
      'A rule for management events of CloudTrail is not modelled',
    ],
  ])('cannot be %o', async (input, message) => {
    const events = stand();
    await events.send(new CreateEventBusCommand({ Name: 'shop' }));
    await expect(events.send(new PutRuleCommand({ Name: 'r', ...input }))).rejects.toThrow(message);
  });

  it('and buses have tags', async () => {
    const events = stand();
    const Tags = [{ Key: 'team', Value: 'blue' }];
    const { EventBusArn } = await events.send(new CreateEventBusCommand({ Name: 'shop', Tags }));
    const more = [{ Key: 'tier', Value: '1' }];
    await events.send(new TagResourceCommand({ ResourceARN: EventBusArn, Tags: more }));
    await events.send(new UntagResourceCommand({ ResourceARN: EventBusArn, TagKeys: ['team'] }));
    const tags = await events.send(new ListTagsForResourceCommand({ ResourceARN: EventBusArn }));
    expect(tags.Tags).toEqual(more);
    const absent = `arn:aws:events:us-east-1:${ACCOUNT}:rule/none`;
    await expect(events.send(new ListTagsForResourceCommand({ ResourceARN: absent }))).rejects.toThrow(
      'Rule none does not exist on EventBus default.',
    );
  });
});

describe('targets', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, n) => ({ Id: `t${n}`, Arn: QUEUE }));

  async function rule(): Promise<EventBridgeClient> {
    const events = stand();
    await events.send(new PutRuleCommand({ Name: 'r', EventPattern: PATTERN }));
    return events;
  }

  it('are five for each rule at most', async () => {
    const events = await rule();
    await events.send(new PutTargetsCommand({ Rule: 'r', Targets: ids(5) }));
    await events.send(new PutTargetsCommand({ Rule: 'r', Targets: ids(3) }));
    await expect(events.send(new PutTargetsCommand({ Rule: 'r', Targets: ids(6) }))).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'The requested resource exceeds the maximum number allowed.',
    });
  });

  it.each([
    [{ Arn: 'queue' }, 'Parameter queue is not valid. Reason: Provided Arn is not in correct format.'],
    [{ Arn: `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:m` }, 'A target of states is not modelled'],
    [
      { Arn: QUEUE, Input: '{}', InputPath: '$.detail' },
      'Only one of Input, InputPath, or InputTransformer must be provided for target t.',
    ],
    [
      { Arn: QUEUE, InputTransformer: { InputPathsMap: { a: '$.id' }, InputTemplate: '"<a> <b>"' } },
      'InputTemplate for target t contains invalid placeholder b.',
    ],
    [
      { Arn: QUEUE, InputTransformer: { InputTemplate: 'plain words' } },
      'Invalid InputTemplate for target t.',
    ],
    [{ Arn: `${QUEUE}.fifo` }, 'Parameter(s) SqsParameters must be specified for target: t.'],
    [
      { Arn: 'arn:aws:events:us-east-1:111122223333:event-bus/default' },
      'RoleArn is required for target arn:aws:events:us-east-1:111122223333:event-bus/default.',
    ],
    [{ Arn: QUEUE, KinesisParameters: { PartitionKeyPath: '$.id' } }, 'KinesisParameters'],
  ])('cannot be %o', async (target, message) => {
    const events = await rule();
    const put = new PutTargetsCommand({ Rule: 'r', Targets: [{ Id: 't', ...target }] });
    await expect(events.send(put)).rejects.toThrow(message);
  });

  // As moto has it: test_put_targets_error_missing_parameter_sqs_fifo, test_put_targets_error_invalid_arn.
  it('are looked at before the rule', async () => {
    const events = await rule();
    const put = (...arns: string[]): Promise<unknown> =>
      events.send(
        new PutTargetsCommand({
          Rule: 'none',
          Targets: arns.map((Arn, index) => ({ Id: `t${index}`, Arn })),
        }),
      );
    await expect(put(`${QUEUE}.fifo`)).rejects.toThrow('Parameter(s) SqsParameters must be specified');
    await expect(put('arn:aws:s3:::bucket', 'bucket')).rejects.toThrow(
      'Parameter bucket is not valid. Reason: Provided Arn is not in correct format.',
    );
  });
});

describe('PutEvents', () => {
  const entry = { Source: 'shop', DetailType: 'Order', Detail: '{"id":1}' };

  it.each([
    [
      { Source: undefined },
      'InvalidArgument',
      'Parameter Source is not valid. Reason: Source is a required argument.',
    ],
    [
      { DetailType: undefined },
      'InvalidArgument',
      'Parameter DetailType is not valid. Reason: DetailType is a required argument.',
    ],
    [
      { Detail: undefined },
      'InvalidArgument',
      'Parameter Detail is not valid. Reason: Detail is a required argument.',
    ],
    [{ Detail: '["a"]' }, 'MalformedDetail', 'Detail is malformed.'],
    [{ Detail: '{"a":' }, 'MalformedDetail', 'Detail is malformed.'],
    [{ Source: 'aws.ec2' }, 'NotAuthorizedForSourceException', 'Not authorized for the source.'],
  ])('takes an entry and not one with %o beside it', async (wrong, ErrorCode, ErrorMessage) => {
    const Entries = [{ ...entry, ...wrong } as typeof entry, entry];
    const { FailedEntryCount, Entries: results } = await stand().send(new PutEventsCommand({ Entries }));
    expect(FailedEntryCount).toBe(1);
    expect(results).toEqual([{ ErrorCode, ErrorMessage }, { EventId: expect.any(String) }]);
  });

  it('takes what goes to a bus that is not there, and 256 KB at most', async () => {
    const events = stand();
    const lost = await events.send(new PutEventsCommand({ Entries: [{ ...entry, EventBusName: 'none' }] }));
    expect(lost.FailedEntryCount).toBe(0);
    const Detail = JSON.stringify({ text: 'x'.repeat(262_144) });
    await expect(events.send(new PutEventsCommand({ Entries: [{ ...entry, Detail }] }))).rejects.toThrow(
      'Total size of the entries in the request is over the limit.',
    );
  });
});

describe('TestEventPattern', () => {
  const Event = JSON.stringify({
    id: '1',
    account: ACCOUNT,
    source: 'order',
    time: '2022-07-13T13:48:01Z',
    region: 'us-east-1',
    resources: [],
    'detail-type': 'Test',
  });

  it('tells whether a pattern matches an event', async () => {
    const events = stand();
    const result = async (source: string): Promise<boolean | undefined> => {
      const EventPattern = JSON.stringify({ source: [source] });
      return (await events.send(new TestEventPatternCommand({ Event, EventPattern }))).Result;
    };
    expect([await result('order'), await result('shipment')]).toEqual([true, false]);
  });

  // Recorded by LocalStack: test_event_pattern[content_ignorecase].
  it('takes an event whose detail-type is a list', async () => {
    const listed = JSON.stringify({ ...(JSON.parse(Event) as object), 'detail-type': ['TEST'] });
    const EventPattern = JSON.stringify({ 'detail-type': [{ 'equals-ignore-case': 'test' }] });
    const { Result } = await stand().send(new TestEventPatternCommand({ Event: listed, EventPattern }));
    expect(Result).toBe(true);
  });

  it.each(['plain words', '[]', '{}'])('does not take %o for an event', async (wrong) => {
    await expect(
      stand().send(new TestEventPatternCommand({ Event: wrong, EventPattern: PATTERN })),
    ).rejects.toThrow('Parameter Event is not valid.');
  });
});
