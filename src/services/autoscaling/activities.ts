// Scaling activities: the history of a group, in AWS's words.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { groupOf, groups, stamp } from './group.ts';
import type { Group } from './group.ts';
import { notify } from './groups/notifications.ts';
import type { GroupInstance } from './instance.ts';
import { ACTIVITY_RETENTION_MS } from './timings.ts';

type WireActivity = Output<'autoscaling', 'DescribeScalingActivities'>['Activities'][number];
export type ActivityStatus = WireActivity['StatusCode'];

export interface Activity {
  id: string;
  /** Its number in the group: newest has the highest. */
  number: number;
  group: string;
  groupArn: string;
  instanceId: string;
  description: string;
  cause: string;
  startAt: number;
  /** 0 while it goes on. */
  endAt: number;
  status: ActivityStatus;
  message: string;
  progress: number;
  zone: string;
  subnetId: string;
}

export const activities: Table<Activity> = table<Activity>('autoscaling/activities', (row) => row.id, {
  group: (row) => row.group,
});

const PAGE_SIZE = 100;
/** How many activities a group gathers between two clearings of old ones. */
const CLEARING = 200;

interface Opening {
  description: string;
  cause: string;
  status?: ActivityStatus;
  progress?: number;
  instanceId?: string;
  zone: string;
  subnetId?: string;
}

/** Writes down that something has begun. Returns the activity. */
export function begin(ctx: Ctx, groupName: string, opening: Opening): Activity {
  const group = ctx.get(groups, groupName) as Group;
  const number = group.activities + 1;
  ctx.update(groups, group, { activities: number });
  if (number % CLEARING === 0) clear(ctx, groupName);
  const activity: Activity = {
    id: ctx.uuid('activity'),
    number,
    group: groupName,
    groupArn: group.arn,
    instanceId: opening.instanceId ?? '',
    description: opening.description,
    cause: opening.cause.trimEnd(),
    startAt: ctx.now,
    endAt: 0,
    status: opening.status ?? 'InProgress',
    message: '',
    progress: opening.progress ?? 0,
    zone: opening.zone,
    subnetId: opening.subnetId ?? '',
  };
  ctx.put(activities, activity);
  return activity;
}

/** An activity about an instance. */
export function beginFor(
  ctx: Ctx,
  member: GroupInstance,
  opening: Omit<Opening, 'instanceId' | 'zone' | 'subnetId'>,
): Activity {
  const { instanceId, zone, subnetId } = member;
  return begin(ctx, member.group, { ...opening, instanceId, zone, subnetId });
}

/** Notes how far an activity has come. One that is over stays as it is. */
export function progress(ctx: Ctx, id: string, status: ActivityStatus, percent: number): void {
  const activity = ctx.get(activities, id);
  if (activity && activity.endAt === 0) ctx.update(activities, activity, { status, progress: percent });
}

/** Ends an activity, and tells the group's topics where it launched or terminated something. */
export function finish(
  ctx: Ctx,
  id: string,
  status: 'Successful' | 'Failed' | 'Cancelled',
  message: string = '',
): void {
  const activity = ctx.get(activities, id);
  if (!activity || activity.endAt !== 0) return;
  const description =
    message === '' ? activity.description : `${activity.description}.  Status Reason: ${message}`;
  const ended = { status, message, description, progress: 100, endAt: ctx.now };
  const next = ctx.update(activities, activity, ended);
  const kind = kindOf(activity);
  if (kind)
    notify(ctx, next.group, `autoscaling:${kind}${status === 'Successful' ? '' : '_ERROR'}`, messageOf(next));
}

function kindOf({ description }: Activity): string | undefined {
  if (description.startsWith('Launching') || description.startsWith('Attaching'))
    return 'EC2_INSTANCE_LAUNCH';
  return description.startsWith('Terminating') ? 'EC2_INSTANCE_TERMINATE' : undefined;
}

/** What a notification tells about an activity. */
function messageOf(activity: Activity): Record<string, unknown> {
  return {
    Progress: 50, // AWS's own notifications always say 50.
    Description: activity.description,
    AutoScalingGroupARN: activity.groupArn,
    ActivityId: activity.id,
    StartTime: activity.startAt,
    EndTime: activity.endAt,
    EC2InstanceId: activity.instanceId,
    StatusCode: activity.status === 'Successful' ? 'InProgress' : activity.status,
    StatusMessage: activity.message,
    Details: detailsOf(activity),
    Cause: activity.cause,
  };
}

/** Whether something is going on in a group; the id of the oldest that is. */
export function ongoing(ctx: Ctx, group: string): string | undefined {
  const open = ctx.list(activities, 'group', group).filter(({ endAt }) => endAt === 0);
  return open.toSorted((left, right) => left.number - right.number)[0]?.id;
}

function clear(ctx: Ctx, group: string): void {
  for (const { id, endAt } of ctx.list(activities, 'group', group)) {
    if (endAt !== 0 && endAt < ctx.now - ACTIVITY_RETENTION_MS) ctx.delete(activities, id);
  }
}

function detailsOf({ zone, subnetId }: Activity): Record<string, string> {
  return { ...(subnetId === '' ? {} : { 'Subnet ID': subnetId }), 'Availability Zone': zone };
}

export function describeActivity(ctx: Ctx, activity: Activity): WireActivity {
  const gone = ctx.get(groups, activity.group)?.arn !== activity.groupArn;
  return {
    ActivityId: activity.id,
    AutoScalingGroupName: activity.group,
    Description: activity.description,
    Cause: activity.cause,
    StartTime: activity.startAt,
    ...(activity.endAt === 0 ? {} : { EndTime: activity.endAt }),
    StatusCode: activity.status,
    ...(activity.message === '' ? {} : { StatusMessage: activity.message }),
    Progress: activity.progress,
    Details: JSON.stringify(detailsOf(activity)),
    AutoScalingGroupARN: activity.groupArn,
    ...(gone ? { AutoScalingGroupState: 'Deleted' } : {}),
  };
}

type Filters = readonly { Name?: string | undefined; Values?: readonly string[] | undefined }[];

/** Whether an activity passes all filters of a request. */
function accepts(ctx: Ctx, filters: Filters): (row: Activity) => boolean {
  // ISO 8601 compares as text.
  const spelled = (row: Activity): string => stamp(ctx, row.startAt);
  const tests = filters.map(({ Name = '', Values = [] }) => {
    if (Name === 'Status') return (row: Activity) => Values.includes(row.status);
    const bound = Values[0] ?? '';
    if (Name === 'StartTimeLowerBound') return (row: Activity) => spelled(row) >= bound;
    if (Name === 'StartTimeUpperBound') return (row: Activity) => spelled(row) <= bound;
    throw new Fault('ValidationError', `Filter name ${Name} is not supported.`);
  });
  return (row) => tests.every((test) => test(row));
}

export const activityOperations: Operations<'autoscaling'> = {
  DescribeScalingActivities(ctx, input) {
    const {
      ActivityIds,
      AutoScalingGroupName,
      IncludeDeletedGroups = false,
      MaxRecords = PAGE_SIZE,
      Filters = [],
    } = input;
    if (AutoScalingGroupName !== undefined && !IncludeDeletedGroups) groupOf(ctx, AutoScalingGroupName);
    const accepted = accepts(ctx, Filters);
    const all =
      AutoScalingGroupName === undefined
        ? ctx.list(activities)
        : ctx.list(activities, 'group', AutoScalingGroupName);
    const wanted = all
      .filter((row) => ctx.now - row.startAt < ACTIVITY_RETENTION_MS && accepted(row))
      .filter((row) => IncludeDeletedGroups || ctx.get(groups, row.group)?.arn === row.groupArn)
      .filter((row) => ActivityIds === undefined || ActivityIds.includes(row.id))
      .toSorted((left, right) => right.startAt - left.startAt || right.number - left.number);
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { items, next } = pageOf(wanted, (row) => row.id, { token: input.NextToken, limit, invalidToken });
    return { Activities: items.map((row) => describeActivity(ctx, row)), NextToken: next };
  },
};

export function invalidToken(): Fault {
  return new Fault('InvalidNextToken', 'The token is invalid.');
}
