// Notifications of launches and terminations to SNS topics, and the messages of lifecycle hooks.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import { tellEventBridge } from '#cloud/service-events.ts';
import type { Operations } from '#cloud/service.ts';
import { groups, liveGroupOf, roleOf } from '../group.ts';
import type { Group } from '../group.ts';

/** What a group tells one topic. */
export interface NotificationConfiguration {
  group: string;
  topicArn: string;
  types: readonly string[];
}

// A topic's ARN holds no space, so the key is unambiguous.
export const notifications: Table<NotificationConfiguration> = table<NotificationConfiguration>(
  'autoscaling/notifications',
  (row) => `${row.topicArn} ${row.group}`,
  { group: (row) => row.group },
);

const TYPES = [
  'autoscaling:EC2_INSTANCE_LAUNCH',
  'autoscaling:EC2_INSTANCE_LAUNCH_ERROR',
  'autoscaling:EC2_INSTANCE_TERMINATE',
  'autoscaling:EC2_INSTANCE_TERMINATE_ERROR',
  'autoscaling:TEST_NOTIFICATION',
];
const PAGE_SIZE = 100;

const SUBJECTS: Readonly<Record<string, string>> = {
  'autoscaling:EC2_INSTANCE_LAUNCH': 'launch',
  'autoscaling:EC2_INSTANCE_LAUNCH_ERROR': 'failed launch',
  'autoscaling:EC2_INSTANCE_TERMINATE': 'termination',
  'autoscaling:EC2_INSTANCE_TERMINATE_ERROR': 'failed termination',
  'autoscaling:TEST_NOTIFICATION': 'test notification',
};

/** What every message of the service begins with. */
function envelope(ctx: Ctx, group: Group): Record<string, unknown> {
  return {
    AccountId: ctx.account,
    RequestId: ctx.uuid('notification'),
    Service: 'AWS Auto Scaling',
    Time: formatIso(ctx.now),
    AutoScalingGroupName: group.name,
  };
}

/**
 * Tells the group's topics that want to know. Delivery is on best effort: a topic that refuses is passed
 * over.
 */
export function notify(ctx: Ctx, groupName: string, type: string, about: Record<string, unknown>): void {
  const group = ctx.get(groups, groupName);
  if (!group) return;
  tellBus(ctx, group, type, about);
  for (const { topicArn, types } of ctx.list(notifications, 'group', groupName)) {
    if (types.includes(type)) publish(ctx, group, topicArn, type, about);
  }
}

const DETAIL_TYPES: Readonly<Record<string, string>> = {
  'autoscaling:EC2_INSTANCE_LAUNCH': 'EC2 Instance Launch Successful',
  'autoscaling:EC2_INSTANCE_LAUNCH_ERROR': 'EC2 Instance Launch Unsuccessful',
  'autoscaling:EC2_INSTANCE_TERMINATE': 'EC2 Instance Terminate Successful',
  'autoscaling:EC2_INSTANCE_TERMINATE_ERROR': 'EC2 Instance Terminate Unsuccessful',
};

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html */
function tellBus(ctx: Ctx, group: Group, type: string, about: Record<string, unknown>): void {
  const detailType = DETAIL_TYPES[type];
  if (detailType === undefined) return;
  const { AutoScalingGroupARN: _, Progress: __, ...rest } = about;
  const { EC2InstanceId, ActivityId } = rest;
  tellEventBridge(ctx, 'aws.autoscaling', () => ({
    detailType,
    resources: [
      group.arn,
      ...(typeof EC2InstanceId === 'string' ? [ctx.arn('ec2', `instance/${EC2InstanceId}`)] : []),
    ],
    detail: {
      AutoScalingGroupName: group.name,
      RequestId: ActivityId,
      ...rest,
      ...timesIn(about),
      ...(type.includes('LAUNCH')
        ? { Origin: 'EC2', Destination: 'AutoScalingGroup' }
        : { Origin: 'AutoScalingGroup', Destination: 'EC2' }),
    },
  }));
}

function timesIn(about: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    ['StartTime', 'EndTime'].flatMap((name) =>
      typeof about[name] === 'number' ? [[name, formatIso(about[name])]] : [],
    ),
  );
}

function publish(
  ctx: Ctx,
  group: Group,
  topicArn: string,
  type: string,
  about: Record<string, unknown>,
): void {
  const Message = JSON.stringify({ ...envelope(ctx, group), ...about, ...timesIn(about), Event: type });
  const Subject = `Auto Scaling: ${SUBJECTS[type] ?? ''} for group "${group.name}"`.slice(0, 100);
  inRegionOf(ctx, topicArn).call('sns', 'Publish', { TopicArn: topicArn, Subject, Message }, roleOf(group));
}

/** The message with which AWS tries a hook's target out. */
export function testMessage(ctx: Ctx, group: Group): string {
  return JSON.stringify({
    ...envelope(ctx, group),
    AutoScalingGroupARN: group.arn,
    Event: 'autoscaling:TEST_NOTIFICATION',
  });
}

/** The message of a lifecycle action. */
export function actionMessage(ctx: Ctx, group: Group, action: Record<string, unknown>): string {
  return JSON.stringify({ ...envelope(ctx, group), ...action });
}

/** Sends a hook's message to its queue or topic under the hook's role. Returns what went wrong. */
export function send(ctx: Ctx, targetArn: string, text: string, as: ThroughRole): Fault | undefined {
  const [, , service, region = '', account = '', name = ''] = targetArn.split(':');
  const there = inRegionOf(ctx, targetArn);
  const QueueUrl = `https://sqs.${region}.amazonaws.com/${account}/${name}`;
  const sent =
    service === 'sqs'
      ? there.call('sqs', 'SendMessage', { QueueUrl, MessageBody: text }, as)
      : there.call('sns', 'Publish', { TopicArn: targetArn, Message: text }, as);
  return sent.ok ? undefined : sent.fault;
}

function inRegionOf(ctx: Ctx, arn: string): Ctx {
  return ctx.in({ region: arn.split(':')[3] || ctx.region });
}

export const notificationOperations: Operations<'autoscaling'> = {
  PutNotificationConfiguration(ctx, { AutoScalingGroupName, TopicARN, NotificationTypes }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const unknown = NotificationTypes.find((type) => !TYPES.includes(type));
    if (unknown !== undefined)
      throw new Fault('ValidationError', `"${unknown}" is not a valid Notification Type.`);
    if (!/^arn:aws[a-z-]*:sns:/.test(TopicARN))
      throw new Fault('ValidationError', `Invalid Topic ARN - ${TopicARN}`);
    ctx.put(notifications, { group: group.name, topicArn: TopicARN, types: NotificationTypes });
    notify(ctx, group.name, 'autoscaling:TEST_NOTIFICATION', { AutoScalingGroupARN: group.arn });
  },

  DeleteNotificationConfiguration(ctx, { AutoScalingGroupName, TopicARN }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const key = `${TopicARN} ${group.name}`;
    if (ctx.get(notifications, key)) ctx.delete(notifications, key);
  },

  DescribeNotificationConfigurations(ctx, { AutoScalingGroupNames, NextToken, MaxRecords = 50 }) {
    const wanted = ctx
      .list(notifications)
      .filter(({ group }) => AutoScalingGroupNames === undefined || AutoScalingGroupNames.includes(group))
      .flatMap(({ group, topicArn, types }) =>
        types.map((type) => ({ AutoScalingGroupName: group, TopicARN: topicArn, NotificationType: type })),
      );
    const { items, next } = pageOf(
      wanted,
      (item) => `${item.TopicARN} ${item.NotificationType} ${item.AutoScalingGroupName}`,
      {
        token: NextToken,
        limit: Math.min(MaxRecords, PAGE_SIZE),
        invalidToken: () => new Fault('InvalidNextToken', 'The token is invalid.'),
      },
    );
    return { NotificationConfigurations: items, NextToken: next };
  },

  DescribeAutoScalingNotificationTypes() {
    return { AutoScalingNotificationTypes: TYPES };
  },
};
