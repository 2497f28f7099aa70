// What operations of a stack can be asked beside its template: protection, roles, alarms, time limits, notifications, imports.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html

import {
  CancelUpdateStackCommand,
  CloudFormationClient,
  ContinueUpdateRollbackCommand,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import type { CreateStackCommandInput } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { CreateRoleCommand, DeleteRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  ListTopicsCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from './providers/test-stand.ts';

const MINUTE = 60_000;
const StackName = 'shop';

const topic = (DisplayName: string): object => ({ Type: 'AWS::SNS::Topic', Properties: { DisplayName } });
const waiting = (Timeout: string): object => ({
  Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
  Wait: { Type: 'AWS::CloudFormation::WaitCondition', Properties: { Handle: { Ref: 'Handle' }, Timeout } },
});
const body = (Resources: object): string => JSON.stringify({ Resources });

async function create(
  stand: ProviderStand,
  Resources: object,
  more: Partial<CreateStackCommandInput>,
): Promise<string> {
  await stand.cloudformation.send(
    new CreateStackCommand({ StackName, TemplateBody: body(Resources), ...more }),
  );
  return stand.settle();
}

async function topics(stand: ProviderStand): Promise<number> {
  const { Topics = [] } = await stand.table.client(SNSClient).send(new ListTopicsCommand({}));
  return Topics.length;
}

describe('a stack', () => {
  it('is not deleted while termination protection is enabled', async () => {
    const stand = new ProviderStand();
    await create(stand, { Orders: topic('one') }, { EnableTerminationProtection: true });
    await expect(stand.delete()).rejects.toThrow('cannot be deleted while TerminationProtection is enabled');
    const off = { StackName, EnableTerminationProtection: false };
    await stand.cloudformation.send(new UpdateTerminationProtectionCommand(off));
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it('rolls back when its creation takes longer than it may', async () => {
    const stand = new ProviderStand();
    expect(await create(stand, { ...waiting('3600'), Orders: topic('one') }, { TimeoutInMinutes: 2 })).toBe(
      'ROLLBACK_COMPLETE',
    );
    expect(await stand.events()).toContain(
      'shop ROLLBACK_IN_PROGRESS Stack creation time exceeded the specified timeout. Rollback requested by user.',
    );
    expect(await topics(stand)).toBe(0);
  });

  it('goes where its creation fails and OnFailure says DELETE', async () => {
    const stand = new ProviderStand();
    await stand.cloudformation.send(
      new CreateStackCommand({ StackName, TemplateBody: body(waiting('60')), OnFailure: 'DELETE' }),
    );
    stand.table.advance(10 * MINUTE);
    await expect(stand.events()).rejects.toThrow('does not exist');
  });

  it('can do no more than its role may, whoever asks', async () => {
    const stand = new ProviderStand();
    const iam = stand.table.client(IAMClient);
    const statement = (one: object): string => JSON.stringify({ Version: '2012-10-17', Statement: [one] });
    const { Role } = await iam.send(
      new CreateRoleCommand({
        RoleName: 'builder',
        AssumeRolePolicyDocument: statement({
          Effect: 'Allow',
          Principal: { Service: 'cloudformation.amazonaws.com' },
          Action: 'sts:AssumeRole',
        }),
      }),
    );
    const allow = { Effect: 'Allow', Action: 'sqs:*', Resource: '*' };
    const policy = { RoleName: 'builder', PolicyName: 'queues', PolicyDocument: statement(allow) };
    await iam.send(new PutRolePolicyCommand(policy));
    const Resources = { Work: { Type: 'AWS::SQS::Queue' }, Orders: topic('one') };
    expect(await create(stand, Resources, { RoleARN: Role?.Arn })).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toMatch(
      /^Orders CREATE_FAILED .*assumed-role\/builder\/AWSCloudFormation is not authorized to perform: sns:/i,
    );
  });

  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html; the words are AWS's, as in
  // https://repost.aws/questions (ValidationError of CreateStack and DeleteStack).
  it('needs a role that can be assumed, and fails what it is at when the role goes', async () => {
    const stand = new ProviderStand();
    const iam = stand.table.client(IAMClient);
    const cloudformation = stand.table.client(CloudFormationClient);
    const allow = { Effect: 'Allow', Principal: { Service: 'cloudformation.amazonaws.com' } };
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ ...allow, Action: 'sts:AssumeRole' }],
    });
    const role = { RoleName: 'builder' };
    const made = new CreateRoleCommand({ ...role, AssumeRolePolicyDocument });
    const RoleARN = (await iam.send(made)).Role?.Arn ?? '';
    const message = `Role ${RoleARN} is invalid or cannot be assumed`;
    await iam.send(new DeleteRoleCommand(role));
    const TemplateBody = JSON.stringify({ Resources: { Work: { Type: 'AWS::SQS::Queue' } } });
    const asked = new CreateStackCommand({ StackName: 'early', TemplateBody, RoleARN });
    await expect(cloudformation.send(asked)).rejects.toMatchObject({ name: 'ValidationError', message });
    await iam.send(made);
    await cloudformation.send(asked);
    await iam.send(new DeleteRoleCommand(role));
    stand.table.advance(3_600_000);
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName: 'early' }));
    expect(Stacks?.[0]?.StackStatus).toMatch(/^ROLLBACK_/);
    await expect(cloudformation.send(new DeleteStackCommand({ StackName: 'early' }))).rejects.toThrow(
      message,
    );
  });

  it('goes back when an alarm among its rollback triggers fires, even a while after its last resource', async () => {
    const stand = new ProviderStand();
    const cloudwatch = stand.table.client(CloudWatchClient);
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'errors',
        Namespace: 'Shop',
        MetricName: 'Errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    );
    await create(stand, { Orders: topic('one') }, {});
    const Arn = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors';
    await stand.cloudformation.send(
      new UpdateStackCommand({
        StackName,
        TemplateBody: body({ Orders: topic('two') }),
        RollbackConfiguration: {
          RollbackTriggers: [{ Arn, Type: 'AWS::CloudWatch::Alarm' }],
          MonitoringTimeInMinutes: 10,
        },
      }),
    );
    stand.table.advance(5 * MINUTE);
    const state = { AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'test' } as const;
    await cloudwatch.send(new SetAlarmStateCommand(state));
    expect(await stand.settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
  });

  it('tells its topics what happens to it', async () => {
    const stand = new ProviderStand();
    const [sns, sqs] = [stand.table.client(SNSClient), stand.table.client(SQSClient)];
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'events' }));
    const Policy = JSON.stringify({
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }],
    });
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({ QueueName: 'events', Attributes: { Policy } }),
    );
    const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:events';
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
    await create(stand, { Orders: topic('one') }, { NotificationARNs: [TopicArn] });
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    const said = Messages.map(({ Body = '{}' }) => JSON.parse(Body) as { Subject: string; Message: string });
    expect(said[0]?.Subject).toBe('AWS CloudFormation Notification');
    expect(said.map(({ Message }) => /ResourceStatus='(\w+)'/.exec(Message)?.[1])).toContain(
      'CREATE_COMPLETE',
    );
  });

  it('takes what an update did back when the update is cancelled', async () => {
    const stand = new ProviderStand();
    await create(stand, { Orders: topic('one') }, {});
    const TemplateBody = body({ Orders: topic('two'), ...waiting('3600') });
    await stand.cloudformation.send(new UpdateStackCommand({ StackName, TemplateBody }));
    stand.table.advance(MINUTE);
    await stand.cloudformation.send(new CancelUpdateStackCommand({ StackName }));
    expect(await stand.settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(Object.keys(await stand.physicalIds())).toEqual(['Orders']);
  });

  it('continues a rollback that failed, without the resources that are to be skipped', async () => {
    const stand = new ProviderStand();
    const sns = stand.table.client(SNSClient);
    await create(stand, { Orders: topic('one') }, {});
    const { Orders: TopicArn = '' } = await stand.physicalIds();
    const TemplateBody = body({ Orders: topic('two'), ...waiting('600') });
    await stand.cloudformation.send(new UpdateStackCommand({ StackName, TemplateBody }));
    stand.table.advance(2 * MINUTE);
    // Somebody deletes by hand what the rollback would have to change back.
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    expect(await stand.settle()).toBe('UPDATE_ROLLBACK_FAILED');
    const ResourcesToSkip = ['Orders'];
    await stand.cloudformation.send(new ContinueUpdateRollbackCommand({ StackName, ResourcesToSkip }));
    expect(await stand.settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });

  it('imports what is there already, and then owns it', async () => {
    const stand = new ProviderStand();
    const sns = stand.table.client(SNSClient);
    const { TopicArn = '' } = await sns.send(
      new CreateTopicCommand({ Name: 'old', Attributes: { DisplayName: 'one' } }),
    );
    const Orders = {
      Type: 'AWS::SNS::Topic',
      DeletionPolicy: 'Delete',
      Properties: { TopicName: 'old', DisplayName: 'one' },
    };
    const { Id } = await stand.cloudformation.send(
      new CreateChangeSetCommand({
        StackName,
        ChangeSetName: 'import',
        ChangeSetType: 'IMPORT',
        TemplateBody: body({ Orders }),
        ResourcesToImport: [
          { ResourceType: 'AWS::SNS::Topic', LogicalResourceId: 'Orders', ResourceIdentifier: { TopicArn } },
        ],
      }),
    );
    stand.table.advance(MINUTE);
    await stand.cloudformation.send(new ExecuteChangeSetCommand({ ChangeSetName: Id }));
    expect(await stand.settle()).toBe('IMPORT_COMPLETE');
    const { StackResources } = await stand.cloudformation.send(
      new DescribeStackResourcesCommand({ StackName }),
    );
    expect(StackResources?.[0]).toMatchObject({
      PhysicalResourceId: TopicArn,
      ResourceStatus: 'IMPORT_COMPLETE',
    });
    await stand.cloudformation.send(new DeleteStackCommand({ StackName }));
    stand.table.advance(MINUTE);
    expect(await topics(stand)).toBe(0);
  });
});
