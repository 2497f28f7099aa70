// Stacks through the front door: created, updated, rolled back and deleted, with CloudFormation's own statuses, events and order.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { GetTopicAttributesCommand, ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

const MINUTES = 60_000;

function template(resources: object, outputs: object = {}): string {
  return JSON.stringify({ Resources: resources, Outputs: outputs });
}

const topic = (DisplayName: string, more: object = {}): object => ({
  Type: 'AWS::SNS::Topic',
  Properties: { DisplayName, ...more },
});

class Stand {
  readonly table: TestTable = newTable();
  readonly cloudformation = this.table.client(CloudFormationClient);
  readonly sns = this.table.client(SNSClient);

  async create(TemplateBody: string, more: object = {}): Promise<void> {
    await this.cloudformation.send(new CreateStackCommand({ StackName: 'shop', TemplateBody, ...more }));
    this.table.advance(10 * MINUTES);
  }

  async update(TemplateBody: string, more: object = {}): Promise<void> {
    await this.cloudformation.send(new UpdateStackCommand({ StackName: 'shop', TemplateBody, ...more }));
    this.table.advance(10 * MINUTES);
  }

  async status(StackName = 'shop'): Promise<string | undefined> {
    const { Stacks = [] } = await this.cloudformation.send(new DescribeStacksCommand({ StackName }));
    return Stacks[0]?.StackStatus;
  }

  /** Oldest first: `logical id status reason`. */
  async events(StackName = 'shop'): Promise<string[]> {
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

describe('a stack', () => {
  // An answer of CreateStack that users of AWS reported: github.com/aws-solutions/aws-waf-security-automations/pull/31
  it('does not come about where a condition leaves out what is referred to', async () => {
    const stand = new Stand();
    const TemplateBody = JSON.stringify({
      Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
      Resources: {
        Skipped: { ...topic('one'), Condition: 'Never' },
        Orders: topic('two', { TopicName: { 'Fn::GetAtt': ['Skipped', 'TopicName'] } }),
      },
    });
    await expect(stand.create(TemplateBody)).rejects.toMatchObject({
      name: 'ValidationError',
      message:
        'Template format error: Unresolved resource dependencies [Skipped] in the Resources block of the template',
    });
    await expect(stand.status()).rejects.toThrow('does not exist');
  });

  // Both verified against AWS by moto's authors: tests/test_cloudformation/test_conditions.py.
  it('does not come about where a condition leaves out what is put out, and shows no outputs without any', async () => {
    const stand = new Stand();
    const Conditions = { Never: { 'Fn::Equals': ['a', 'b'] } };
    const Resources = { Skipped: { ...topic('one'), Condition: 'Never' }, Orders: topic('two') };
    const Name = { Value: { 'Fn::GetAtt': ['Skipped', 'TopicName'] } };
    const wrong = JSON.stringify({ Conditions, Resources, Outputs: { Name } });
    await expect(stand.create(wrong)).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Unresolved resource dependencies [Skipped] in the Outputs block of the template',
    });
    const Outputs = { Name: { ...Name, Condition: 'Never' } };
    await stand.create(JSON.stringify({ Conditions, Resources, Outputs }));
    const { Stacks } = await stand.cloudformation.send(new DescribeStacksCommand({ StackName: 'shop' }));
    expect(Stacks?.[0]?.StackStatus).toBe('CREATE_COMPLETE');
    expect(Stacks?.[0]?.Outputs).toBeUndefined();
  });

  // Recorded by LocalStack: cloudformation/api/test_stacks.py, test_stack_name_creation.
  it('has a name of letters, digits and hyphens', async () => {
    const stand = new Stand();
    const message =
      "1 validation error detected: Value 'my_shop' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*";
    const TemplateBody = template({ Orders: topic('two') });
    const named = new CreateStackCommand({ StackName: 'my_shop', TemplateBody });
    await expect(stand.cloudformation.send(named)).rejects.toMatchObject({
      name: 'ValidationError',
      message,
    });
  });

  it('tells the events of its creation in order', async () => {
    const stand = new Stand();
    await stand.create(template({ Orders: topic('one') }, { Arn: { Value: { Ref: 'Orders' } } }));
    expect(await stand.events()).toEqual([
      'shop CREATE_IN_PROGRESS User Initiated',
      'Orders CREATE_IN_PROGRESS',
      'Orders CREATE_IN_PROGRESS Resource creation Initiated',
      'Orders CREATE_COMPLETE',
      'shop CREATE_COMPLETE',
    ]);
    const { Stacks = [] } = await stand.cloudformation.send(new DescribeStacksCommand({ StackName: 'shop' }));
    expect(Stacks[0]?.Outputs?.[0]?.OutputValue).toMatch(
      /^arn:aws:sns:us-east-1:000000000000:shop-Orders-\w{12}$/,
    );
  });

  it('changes a resource in place, and replaces it where a property asks for that', async () => {
    const stand = new Stand();
    await stand.create(template({ Orders: topic('one') }));
    await stand.update(template({ Orders: topic('two') }));
    expect(await stand.status()).toBe('UPDATE_COMPLETE');
    const { Topics = [] } = await stand.sns.send(new ListTopicsCommand({}));
    const found = await stand.sns.send(new GetTopicAttributesCommand({ TopicArn: Topics[0]?.TopicArn }));
    expect(found.Attributes?.['DisplayName']).toBe('two');
    await stand.update(template({ Orders: topic('two', { TopicName: 'named' }) }));
    expect((await stand.events()).slice(-8)).toEqual([
      'shop UPDATE_IN_PROGRESS User Initiated',
      'Orders UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.',
      'Orders UPDATE_IN_PROGRESS Resource creation Initiated',
      'Orders UPDATE_COMPLETE',
      'shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'Orders DELETE_IN_PROGRESS',
      'Orders DELETE_COMPLETE',
      'shop UPDATE_COMPLETE',
    ]);
    const after = await stand.sns.send(new ListTopicsCommand({}));
    expect(after.Topics?.map(({ TopicArn }) => TopicArn)).toEqual([
      'arn:aws:sns:us-east-1:000000000000:named',
    ]);
  });

  it('rolls a failed creation back and can then only be deleted', async () => {
    const stand = new Stand();
    await stand.create(
      template({
        Good: topic('one'),
        Bad: { ...topic('two', { TopicName: 'no/slash' }), DependsOn: 'Good' },
      }),
    );
    const events = await stand.events();
    expect(events.at(-5)).toMatch(
      /^Bad CREATE_FAILED Resource handler returned message: "Invalid parameter: Topic Name/,
    );
    expect(events.slice(-4)).toEqual([
      'shop ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Bad]. Rollback requested by user.',
      'Good DELETE_IN_PROGRESS',
      'Good DELETE_COMPLETE',
      'shop ROLLBACK_COMPLETE',
    ]);
    await expect(stand.update(template({ Good: topic('x') }))).rejects.toThrow(
      /^Stack:arn:aws:cloudformation:us-east-1:000000000000:stack\/shop\/[0-9a-f-]{36} is in ROLLBACK_COMPLETE state and can not be updated\.$/,
    );
  });

  it('takes a failed update back', async () => {
    const stand = new Stand();
    await stand.create(template({ Orders: topic('one') }));
    await stand.update(
      template({
        Orders: topic('two'),
        Bad: { ...topic('x', { TopicName: 'no/slash' }), DependsOn: 'Orders' },
      }),
    );
    expect(await stand.status()).toBe('UPDATE_ROLLBACK_COMPLETE');
    const { Topics = [] } = await stand.sns.send(new ListTopicsCommand({}));
    const found = await stand.sns.send(new GetTopicAttributesCommand({ TopicArn: Topics[0]?.TopicArn }));
    expect(found.Attributes?.['DisplayName']).toBe('one');
  });

  it('fails by name where a type or a property is not modelled, before anything is made', async () => {
    const stand = new Stand();
    await stand.create(template({ Orders: topic('one'), Lake: { Type: 'AWS::LakeFormation::Resource' } }));
    expect(await stand.status()).toBe('ROLLBACK_COMPLETE');
    expect(await stand.events()).toContain(
      'Lake CREATE_FAILED Sandtable does not model the resource type AWS::LakeFormation::Resource.',
    );
    const { Topics } = await stand.sns.send(new ListTopicsCommand({}));
    expect(Topics).toEqual([]);
  });

  it('is gone with its resources when it is deleted', async () => {
    const stand = new Stand();
    await stand.create(template({ Orders: topic('one') }));
    await stand.cloudformation.send(new DeleteStackCommand({ StackName: 'shop' }));
    stand.table.advance(5 * MINUTES);
    await expect(stand.status()).rejects.toThrow('Stack with id shop does not exist');
    await expect(
      stand.cloudformation.send(new DescribeStackResourcesCommand({ StackName: 'shop' })),
    ).rejects.toThrow('does not exist');
    const { Topics } = await stand.sns.send(new ListTopicsCommand({}));
    expect(Topics).toEqual([]);
  });
});

describe('a stack whose failures are preserved', () => {
  it('keeps what stands, and ends when what runs beside the failure has ended', async () => {
    const stand = new Stand();
    const wait = {
      Type: 'AWS::CloudFormation::WaitCondition',
      Properties: { Handle: { Ref: 'Handle' }, Timeout: '60' },
    };
    const Handle = { Type: 'AWS::CloudFormation::WaitConditionHandle' };
    await stand.create(
      template({ Good: topic('one'), Bad: topic('x', { TopicName: 'no/slash' }), Handle, Wait: wait }),
      {
        DisableRollback: true,
      },
    );
    expect(await stand.status()).toBe('CREATE_FAILED');
    const { Topics } = await stand.sns.send(new ListTopicsCommand({}));
    expect(Topics).toHaveLength(1);
  });
});
