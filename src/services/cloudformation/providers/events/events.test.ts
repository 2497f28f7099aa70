// AWS::Events through CloudFormation. What Ref and Fn::GetAtt give:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html

import {
  DescribeArchiveCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  ListArchivesCommand,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
} from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

function newStand(): ProviderStand & { bridge: EventBridgeClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, { bridge: stand.table.client(EventBridgeClient) });
}

const att = (logicalId: string, name: string): object => ({ 'Fn::GetAtt': [logicalId, name] });
const ref = (Ref: string): object => ({ Ref });
const EventPattern = { source: ['shop'] };

function rule(properties: object): object {
  return { Type: 'AWS::Events::Rule', Properties: { EventPattern, ...properties } };
}

const queue = {
  Queue: { Type: 'AWS::SQS::Queue' },
  Policy: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [ref('Queue')],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'sqs:SendMessage',
            Resource: att('Queue', 'Arn'),
            Condition: { ArnEquals: { 'aws:SourceArn': att('Rule', 'Arn') } },
          },
        ],
      },
    },
  },
};

describe('AWS::Events::Rule', () => {
  it('tells its targets, is updated in place and leaves nothing behind', async () => {
    const stand = newStand();
    const Targets = [{ Id: 'queue', Arn: att('Queue', 'Arn'), InputPath: '$.detail' }];
    const Outputs = { Rule: { Value: ref('Rule') }, Arn: { Value: att('Rule', 'Arn') } };
    const Tags = [{ Key: 'team', Value: 'blue' }];
    const Resources = { ...queue, Rule: rule({ Targets, Tags }) };
    expect([await stand.create({ Resources, Outputs }), ...(await stand.failures())]).toEqual([
      'CREATE_COMPLETE',
    ]);
    const { Rule: Name = '', Arn } = await stand.outputs();
    expect(Name).toMatch(/^shop-Rule-\w{12}$/);
    expect(Arn).toBe(`arn:aws:events:us-east-1:000000000000:rule/${Name}`);
    const tags = await stand.bridge.send(new ListTagsForResourceCommand({ ResourceARN: Arn }));
    expect(tags.Tags?.map(({ Key }) => Key)).toContain('aws:cloudformation:stack-id');

    const Entries = [{ Source: 'shop', DetailType: 'Order', Detail: '{"id":1}' }];
    await stand.bridge.send(new PutEventsCommand({ Entries }));
    stand.table.advance(1000);
    const { Queue: QueueUrl } = await stand.physicalIds();
    const { Messages = [] } = await stand.table
      .client(SQSClient)
      .send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages.map(({ Body }) => Body)).toEqual(['{"id":1}']);

    const next = rule({ State: 'DISABLED', Targets: [{ Id: 'other', Arn: att('Queue', 'Arn') }] });
    expect(await stand.update({ Resources: { ...queue, Rule: next }, Outputs })).toBe('UPDATE_COMPLETE');
    expect(await stand.outputs()).toMatchObject({ Rule: Name });
    const found = await stand.bridge.send(new DescribeRuleCommand({ Name }));
    expect(found).toMatchObject({ State: 'DISABLED', EventPattern: '{"source":["shop"]}' });
    const targets = await stand.bridge.send(new ListTargetsByRuleCommand({ Rule: Name }));
    expect(targets.Targets?.map(({ Id }) => Id)).toEqual(['other']);

    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect((await stand.bridge.send(new ListRulesCommand({}))).Rules).toEqual([]);
  });

  it('is known by its bus and its name on other buses', async () => {
    const stand = newStand();
    const Resources = {
      Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } },
      Rule: rule({ EventBusName: ref('Bus'), Name: 'all' }),
    };
    const Outputs = { Rule: { Value: ref('Rule') }, Name: { Value: att('Rule', 'RuleName') } };
    expect(await stand.create({ Resources, Outputs })).toBe('CREATE_COMPLETE');
    expect(await stand.outputs()).toEqual({ Rule: 'orders|all', Name: 'all' });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect((await stand.bridge.send(new ListEventBusesCommand({}))).EventBuses).toHaveLength(1);
  });

  it.each([
    [{ EventPattern: { source: [] } }, 'Event pattern is not valid. Reason: Empty arrays are not allowed'],
    [{ Name: 'taken' }, "identifier 'taken' already exists."],
    [
      { Targets: [{ Id: 't', Arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s' }] },
      'A target of kinesis is not modelled by Sandtable.',
    ],
  ])('cannot be made with %o', async (properties, reason) => {
    const stand = newStand();
    await stand.bridge.send(new PutRuleCommand({ Name: 'taken', ScheduleExpression: 'rate(1 day)' }));
    expect(await stand.create({ Resources: { Rule: rule(properties) } })).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain(reason);
    expect((await stand.bridge.send(new ListRulesCommand({}))).Rules).toHaveLength(1);
  });
});

describe('AWS::Events::EventBus', () => {
  it('has a policy of its own and statements beside it', async () => {
    const stand = newStand();
    const bus = { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders', Description: 'Orders' } };
    const statement = (properties: object): object => ({
      Type: 'AWS::Events::EventBusPolicy',
      Properties: { EventBusName: ref('Bus'), ...properties },
    });
    const One = statement({ StatementId: 'one', Action: 'events:PutEvents', Principal: '111122223333' });
    const Statement = {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::444455556666:root' },
      Action: 'events:PutEvents',
      Resource: att('Bus', 'Arn'),
    };
    const Two = { ...statement({ StatementId: 'two', Statement }), DependsOn: 'One' };
    const made = await stand.create({ Resources: { Bus: bus, One, Two } });
    expect([made, ...(await stand.failures())]).toEqual(['CREATE_COMPLETE']);
    const sids = async (): Promise<string[]> => {
      const { Policy } = await stand.bridge.send(new DescribeEventBusCommand({ Name: 'orders' }));
      const { Statement: found } = JSON.parse(Policy ?? '{"Statement":[]}') as {
        Statement: { Sid: string }[];
      };
      return found.map(({ Sid }) => Sid);
    };
    expect(await sids()).toEqual(['one', 'two']);
    expect(await stand.update({ Resources: { Bus: bus, Two: { ...Two, DependsOn: [] } } })).toBe(
      'UPDATE_COMPLETE',
    );
    expect(await sids()).toEqual(['two']);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect((await stand.bridge.send(new ListEventBusesCommand({}))).EventBuses).toHaveLength(1);
  });
});

describe('AWS::Events::Archive', () => {
  it('is named and changed by its stack, and goes with it', async () => {
    const stand = newStand();
    const SourceArn = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
    const parts = (more: object) => ({
      Resources: {
        Archive: { Type: 'AWS::Events::Archive', Properties: { SourceArn, EventPattern, ...more } },
      },
      Outputs: { Name: { Value: ref('Archive') }, Arn: { Value: att('Archive', 'Arn') } },
    });
    const made = await stand.create(parts({ RetentionDays: 7, Description: 'Orders' }));
    expect([made, ...(await stand.failures())]).toEqual(['CREATE_COMPLETE']);
    const { Name: ArchiveName = '', Arn } = await stand.outputs();
    expect(ArchiveName).toMatch(/^shop-Archive-\w{12}$/);
    expect(Arn).toBe(`arn:aws:events:us-east-1:000000000000:archive/${ArchiveName}`);
    const found = () => stand.bridge.send(new DescribeArchiveCommand({ ArchiveName }));
    expect(await found()).toMatchObject({ RetentionDays: 7, EventPattern: '{"source":["shop"]}' });
    expect(await stand.update(parts({ Description: 'All orders' }))).toBe('UPDATE_COMPLETE');
    expect(await found()).toMatchObject({ RetentionDays: 0, Description: 'All orders' });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    expect((await stand.bridge.send(new ListArchivesCommand({}))).Archives).toEqual([]);
  });
});
