// What AWS's own services tell the default bus. Shapes of events: https://docs.aws.amazon.com/eventbridge/latest/ref/welcome.html

import { CreateAutoScalingGroupCommand, AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import {
  CodeDeployClient,
  CreateApplicationCommand,
  CreateDeploymentCommand,
  CreateDeploymentGroupCommand,
} from '@aws-sdk/client-codedeploy';
import {
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

const ACCOUNT = '000000000000';
const QueueUrl = `https://sqs.us-east-1.amazonaws.com/${ACCOUNT}/q`;

interface Told {
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A table on which one rule hands all events of a source to a queue. */
async function listening(source: string): Promise<{ table: TestTable; told: () => Promise<Told[]> }> {
  const table = newTable();
  const sqs = table.client(SQSClient);
  const events = table.client(EventBridgeClient);
  const statement = { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await sqs.send(new CreateQueueCommand({ QueueName: 'q', Attributes: { Policy } }));
  await events.send(new PutRuleCommand({ Name: 'r', EventPattern: JSON.stringify({ source: [source] }) }));
  const Targets = [{ Id: 'q', Arn: `arn:aws:sqs:us-east-1:${ACCOUNT}:q` }];
  await events.send(new PutTargetsCommand({ Rule: 'r', Targets }));
  const told = async (): Promise<Told[]> => {
    const found: Told[] = [];
    for (;;) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      if (Messages.length === 0) return found;
      for (const { Body = '', ReceiptHandle } of Messages) {
        found.push(JSON.parse(Body) as Told);
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  };
  return { table, told };
}

async function imageId(ec2: EC2Client): Promise<string> {
  const Filters = [{ Name: 'name', Values: ['al2023-ami-2023*-x86_64'] }];
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'], Filters }));
  return Images[0]?.ImageId ?? '';
}

const typesOf = (told: readonly Told[]): string[] => told.map((event) => event['detail-type']);

describe('the default bus', () => {
  it('hears of the states of instances', async () => {
    const { table, told } = await listening('aws.ec2');
    const ec2 = table.client(EC2Client);
    const ImageId = await imageId(ec2);
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({ ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 }),
    );
    table.advance(5 * 60_000);
    const id = Instances[0]?.InstanceId ?? '';
    expect(await told()).toMatchObject(
      ['pending', 'running'].map((state) => ({
        'detail-type': 'EC2 Instance State-change Notification',
        resources: [`arn:aws:ec2:us-east-1:${ACCOUNT}:instance/${id}`],
        detail: { 'instance-id': id, state },
      })),
    );
  });

  it('hears of launches and lifecycle actions of groups', async () => {
    const { table, told } = await listening('aws.autoscaling');
    const ec2 = table.client(EC2Client);
    const LaunchTemplateData = { ImageId: await imageId(ec2), InstanceType: 't3.micro' as const };
    await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData }));
    const autoScaling = table.client(AutoScalingClient);
    const group = { AutoScalingGroupName: 'web', MinSize: 1, MaxSize: 1 };
    await autoScaling.send(
      new CreateAutoScalingGroupCommand({
        ...group,
        LaunchTemplate: { LaunchTemplateName: 'web' },
        AvailabilityZones: ['us-east-1a'],
        LifecycleHookSpecificationList: [
          {
            LifecycleHookName: 'warm',
            LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
            HeartbeatTimeout: 60,
            DefaultResult: 'CONTINUE',
          },
        ],
      }),
    );
    table.advance(10 * 60_000);
    const events = await told();
    expect(typesOf(events)).toEqual([
      'EC2 Instance-launch Lifecycle Action',
      'EC2 Instance Launch Successful',
    ]);
    const [action, launch] = events.map(({ detail }) => detail);
    expect(action).toMatchObject({
      AutoScalingGroupName: 'web',
      LifecycleHookName: 'warm',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
      Origin: 'EC2',
      Destination: 'AutoScalingGroup',
    });
    expect(launch).toMatchObject({
      EC2InstanceId: action?.['EC2InstanceId'],
      Details: { 'Availability Zone': 'us-east-1a' },
      Origin: 'EC2',
    });
  });

  // https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-codedeploy.html
  it('hears of deployments', async () => {
    const { table, told } = await listening('aws.codedeploy');
    const codeDeploy = table.client(CodeDeployClient);
    const trust = {
      Effect: 'Allow',
      Principal: { Service: 'codedeploy.amazonaws.com' },
      Action: 'sts:AssumeRole',
    };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
    const { Role } = await table
      .client(IAMClient)
      .send(new CreateRoleCommand({ RoleName: 'deployer', AssumeRolePolicyDocument }));
    const [applicationName, deploymentGroupName] = ['shop', 'web'];
    await codeDeploy.send(new CreateApplicationCommand({ applicationName }));
    const group = { applicationName, deploymentGroupName, serviceRoleArn: Role?.Arn };
    const { deploymentGroupId } = await codeDeploy.send(new CreateDeploymentGroupCommand(group));
    const s3Location = { bucket: 'releases', key: 'one.zip', bundleType: 'zip' as const };
    const revision = { revisionType: 'S3' as const, s3Location };
    const { deploymentId } = await codeDeploy.send(
      new CreateDeploymentCommand({ applicationName, deploymentGroupName, revision }),
    );
    table.advance(10 * 60_000);
    const arn = `arn:aws:codedeploy:us-east-1:${ACCOUNT}`;
    expect(await told()).toEqual(
      ['START', 'FAILURE'].map(
        (state) =>
          expect.objectContaining({
            'detail-type': 'CodeDeploy Deployment State-change Notification',
            resources: [`${arn}:application:shop`, `${arn}:deploymentgroup:shop/web`],
            detail: {
              region: 'us-east-1',
              deploymentId,
              instanceGroupId: deploymentGroupId,
              deploymentGroup: 'web',
              application: 'shop',
              state,
            },
          }) as unknown,
      ),
    );
  });

  it('hears of alarms that change their state', async () => {
    const { table, told } = await listening('aws.cloudwatch');
    const cloudWatch = table.client(CloudWatchClient);
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'errors',
        Namespace: 'Shop',
        MetricName: 'Errors',
        Dimensions: [{ Name: 'Stage', Value: 'prod' }],
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    );
    const StateReason = 'testing';
    await cloudWatch.send(
      new SetAlarmStateCommand({ AlarmName: 'errors', StateValue: 'ALARM', StateReason }),
    );
    table.advance(1000);
    expect(await told()).toMatchObject([
      {
        'detail-type': 'CloudWatch Alarm State Change',
        resources: [`arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:errors`],
        detail: {
          alarmName: 'errors',
          state: { value: 'ALARM', reason: 'testing', timestamp: '2026-01-05T00:00:00.000+0000' },
          previousState: { value: 'INSUFFICIENT_DATA' },
          configuration: {
            metrics: [
              {
                metricStat: {
                  metric: { namespace: 'Shop', name: 'Errors', dimensions: { Stage: 'prod' } },
                  period: 60,
                  stat: 'Sum',
                },
                returnData: true,
              },
            ],
          },
        },
      },
    ]);
  });

  it('hears of stacks and their resources', async () => {
    const { table, told } = await listening('aws.cloudformation');
    const TemplateBody = JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic' } } });
    const { StackId } = await table
      .client(CloudFormationClient)
      .send(new CreateStackCommand({ StackName: 'shop', TemplateBody }));
    table.advance(5 * 60_000);
    const events = await told();
    const statuses = events.map(({ detail }) => {
      const { status } = detail['status-details'] as { status: string };
      return `${String(detail['logical-resource-id'] ?? 'stack')} ${status}`;
    });
    // EventBridge keeps no order.
    expect(statuses.toSorted()).toEqual([
      'Topic CREATE_COMPLETE',
      'Topic CREATE_IN_PROGRESS',
      'Topic CREATE_IN_PROGRESS',
      'stack CREATE_COMPLETE',
      'stack CREATE_IN_PROGRESS',
    ]);
    expect(events[statuses.indexOf('Topic CREATE_COMPLETE')]).toMatchObject({
      'detail-type': 'CloudFormation Resource Status Change',
      resources: [StackId],
      detail: { 'stack-id': StackId, 'resource-type': 'AWS::SNS::Topic' },
    });
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
  it('hears of objects where the bucket is told to', async () => {
    const { table, told } = await listening('aws.s3');
    const s3 = table.client(S3Client);
    const Bucket = 'shop-files';
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'unheard', Body: 'a' }));
    const NotificationConfiguration = { EventBridgeConfiguration: {} };
    await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a b', Body: 'abc' }));
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/unheard` }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'c' }));
    table.advance(1000);
    const events = await told();
    const byReason = events.map((event) => [event['detail-type'], event.detail['reason']] as const);
    expect(byReason.toSorted()).toEqual([
      ['Object Created', 'CopyObject'],
      ['Object Created', 'PutObject'],
      ['Object Deleted', 'DeleteObject'],
    ]);
    expect(events.find(({ detail }) => detail['reason'] === 'PutObject')).toMatchObject({
      resources: [`arn:aws:s3:::${Bucket}`],
      detail: {
        version: '0',
        bucket: { name: Bucket },
        object: { key: 'a b', size: 3, etag: '900150983cd24fb0d6963f7d28e17f72' },
        requester: ACCOUNT,
        'source-ip-address': '127.0.0.1',
      },
    });
  });
});
