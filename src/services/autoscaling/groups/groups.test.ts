import {
  AutoScalingClient,
  CreateOrUpdateTagsCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeTagsCommand,
  EnableMetricsCollectionCommand,
  PutNotificationConfigurationCommand,
  SetDesiredCapacityCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { GROUP, MINUTE, stand } from '../test-stand.ts';

it('refuses what cannot be: a second group of the name, a template that is not there, sizes that contradict', async () => {
  const here = await stand();
  await here.create();
  await expect(here.create()).rejects.toMatchObject({ name: 'AlreadyExistsFault' });
  const LaunchTemplate = { LaunchTemplateName: 'nothing' };
  await expect(here.create({ AutoScalingGroupName: 'b', LaunchTemplate })).rejects.toThrow(
    'You must use a valid fully-formed launch template.',
  );
  await expect(here.create({ AutoScalingGroupName: 'b', MinSize: 2, MaxSize: 1 })).rejects.toThrow(
    'Max bound, 1, must be greater than or equal to min bound, 2',
  );
  const update = new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: 'c', MinSize: 1 });
  await expect(here.asg.send(update)).rejects.toThrow('AutoScalingGroup name not found - null');
});

it('refuses by name what is not modelled', async () => {
  const here = await stand();
  await expect(here.create({ CapacityRebalance: true })).rejects.toThrow('CapacityRebalance');
  await expect(here.create({ HealthCheckType: 'EBS' })).rejects.toThrow('not modelled');
});

// As moto's test_create_auto_scaling_from_template_version__no_version, which was verified against AWS.
it('shows the version of its template only where it was given one', async () => {
  const here = await stand();
  const created = async (AutoScalingGroupName: string, Version?: string) => {
    await here.create({ AutoScalingGroupName, LaunchTemplate: { LaunchTemplateName: 'web', Version } });
    const described = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [AutoScalingGroupName] });
    return (await here.asg.send(described)).AutoScalingGroups?.[0]?.LaunchTemplate;
  };
  expect(await created('plain')).not.toHaveProperty('Version');
  expect(await created('latest', '$Latest')).toHaveProperty('Version', '$Latest');
});

it('finds groups by their tags', async () => {
  const here = await stand();
  await here.create();
  await here.create({ AutoScalingGroupName: 'other' });
  const tag = {
    ResourceId: GROUP,
    ResourceType: 'auto-scaling-group',
    Key: 'team',
    Value: 'blue',
    PropagateAtLaunch: true,
  };
  await here.asg.send(new CreateOrUpdateTagsCommand({ Tags: [tag] }));
  const Filters = [{ Name: 'tag:team', Values: ['blue'] }];
  const { AutoScalingGroups = [] } = await here.asg.send(new DescribeAutoScalingGroupsCommand({ Filters }));
  expect(AutoScalingGroups.map(({ AutoScalingGroupName }) => AutoScalingGroupName)).toEqual([GROUP]);
  expect((await here.asg.send(new DescribeTagsCommand({}))).Tags).toEqual([tag]);
  // A Boolean, in either case: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Filter.html
  const launched = new DescribeTagsCommand({ Filters: [{ Name: 'propagate-at-launch', Values: ['True'] }] });
  expect((await here.asg.send(launched)).Tags).toEqual([tag]);
});

it('shows groups page by page', async () => {
  const here = await stand();
  for (const AutoScalingGroupName of ['a', 'b', 'c']) await here.create({ AutoScalingGroupName });
  const first = await here.asg.send(new DescribeAutoScalingGroupsCommand({ MaxRecords: 2 }));
  const rest = await here.asg.send(
    new DescribeAutoScalingGroupsCommand({ MaxRecords: 2, NextToken: first.NextToken }),
  );
  expect([
    first.AutoScalingGroups?.length,
    rest.AutoScalingGroups?.[0]?.AutoScalingGroupName,
    rest.NextToken,
  ]).toEqual([2, 'c', undefined]);
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/security_iam_id-based-policy-examples.html
it('lets IAM decide by the tags of the group and by the size that is asked for', async () => {
  const here = await stand();
  await here.create({ Tags: [{ Key: 'team', Value: 'blue' }] });
  await here.create({ AutoScalingGroupName: 'other' });
  const iam = here.table.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'u' }));
  const Action = ['autoscaling:SetDesiredCapacity', 'autoscaling:UpdateAutoScalingGroup'];
  const Condition = {
    StringEquals: { 'autoscaling:ResourceTag/team': 'blue' },
    NumericLessThanEqualsIfExists: { 'autoscaling:MaxSize': '5' },
  };
  const Statement = [{ Effect: 'Allow', Action, Resource: '*', Condition }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: 'u', PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
  here.table.advance(MINUTE);
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId as string,
    secretAccessKey: AccessKey?.SecretAccessKey as string,
  };
  const user = here.table.client(AutoScalingClient, { credentials });
  const resize = (AutoScalingGroupName: string): Promise<unknown> =>
    user.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 0 }));
  await resize(GROUP);
  await expect(resize('other')).rejects.toMatchObject({ name: 'AccessDenied' });
  const grow = (MaxSize: number): Promise<unknown> =>
    user.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, MaxSize }));
  await grow(5);
  await expect(grow(6)).rejects.toMatchObject({ name: 'AccessDenied' });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html
it('notifies a topic of launches', async () => {
  const here = await stand();
  await here.create();
  const sns = here.table.client(SNSClient);
  const sqs = here.table.client(SQSClient);
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'scaling' }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'scaling' }));
  const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:scaling';
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: Endpoint,
    },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const Attributes = { RawMessageDelivery: 'true' };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
  const NotificationTypes = ['autoscaling:EC2_INSTANCE_LAUNCH'];
  await here.asg.send(
    new PutNotificationConfigurationCommand({
      AutoScalingGroupName: GROUP,
      TopicARN: TopicArn,
      NotificationTypes,
    }),
  );
  await here.asg.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: 1 }));
  here.until('InService', 1);
  here.table.advance(MINUTE);
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(JSON.parse(Messages[0]?.Body ?? '{}')).toMatchObject({
    Service: 'AWS Auto Scaling',
    Event: 'autoscaling:EC2_INSTANCE_LAUNCH',
    AutoScalingGroupName: GROUP,
    EC2InstanceId: here.ids()[0],
  });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
it('publishes group metrics every minute once they are enabled', async () => {
  const here = await stand();
  await here.create({ DesiredCapacity: 2 });
  await here.asg.send(
    new EnableMetricsCollectionCommand({ AutoScalingGroupName: GROUP, Granularity: '1Minute' }),
  );
  here.until('InService', 2);
  here.table.advance(10 * MINUTE);
  const end = here.table.world.now;
  const { Datapoints = [] } = await here.table.client(CloudWatchClient).send(
    new GetMetricStatisticsCommand({
      Namespace: 'AWS/AutoScaling',
      MetricName: 'GroupInServiceInstances',
      Dimensions: [{ Name: 'AutoScalingGroupName', Value: GROUP }],
      StartTime: new Date(end - 6 * MINUTE),
      EndTime: new Date(end),
      Period: 60,
      Statistics: ['Average'],
    }),
  );
  expect(Datapoints.length).toBeGreaterThanOrEqual(4);
  expect(new Set(Datapoints.map(({ Average }) => Average))).toEqual(new Set([2]));
});
