// Which instances a deployment group means, and what CodeDeploy remembers of them.

import type { Ctx } from '#cloud/ctx.ts';
import type { Tags } from '#cloud/tags.ts';
import { hostOf, matchesAny } from '../groups/on-premises-instances.ts';
import type { TagFilter } from '../groups/on-premises-instances.ts';
import { revisionText } from '../groups/revisions.ts';
import { instanceRecords, onPremisesInstances } from '../rows.ts';
import type { DeploymentGroup, RevisionLocation, TargetInstances } from '../rows.ts';
import { demand } from '../service-role.ts';
import type { Acting } from '../service-role.ts';

/** An instance that may be deployed to. */
export interface Member {
  targetId: string;
  arn: string;
  host: string;
}

/** How instances are chosen. Members of `filters` are alternatives; members of `sets` must all hold. */
interface Selection {
  filters: readonly TagFilter[];
  sets: readonly (readonly TagFilter[])[];
}

/** States in which a group's instance takes part in deployments; new ones get a deployment of their own. */
const SERVING: ReadonlySet<string> = new Set(['InService', 'Standby', 'EnteringStandby']);

function chosen({ filters, sets }: Selection, tags: Tags): boolean {
  if (filters.length > 0) return matchesAny(filters, tags);
  return sets.length > 0 && sets.every((alternatives) => matchesAny(alternatives, tags));
}

function names({ filters, sets }: Selection): boolean {
  return filters.length > 0 || sets.length > 0;
}

/** An EC2 instance as a member. Agents name themselves by this ARN. */
export function ec2Member(ctx: Ctx, instanceId: string): Member {
  const arn = ctx.arn('ec2', `instance/${instanceId}`);
  return { targetId: instanceId, arn, host: arn };
}

function tagged(ctx: Ctx, acting: Acting, selection: Selection): Member[] {
  if (!names(selection)) return [];
  const found: Member[] = [];
  let token: string | undefined;
  do {
    const Filters = [{ Name: 'instance-state-name', Values: ['running'] }];
    const more = token === undefined ? {} : { NextToken: token };
    const { Reservations = [], NextToken } = demand(ctx, acting, 'ec2', 'DescribeInstances', {
      Filters,
      MaxResults: 1000,
      ...more,
    });
    for (const { InstanceId = '', Tags = [] } of Reservations.flatMap(({ Instances = [] }) => Instances)) {
      const tags = Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
      if (chosen(selection, tags)) found.push(ec2Member(ctx, InstanceId));
    }
    token = NextToken === '' ? undefined : NextToken;
  } while (token !== undefined);
  return found;
}

/** Instances in service in Auto Scaling groups. */
export function ofAutoScalingGroups(ctx: Ctx, acting: Acting, groups: readonly string[]): Member[] {
  if (groups.length === 0) return [];
  const input = { AutoScalingGroupNames: groups };
  const { AutoScalingGroups = [] } = demand(ctx, acting, 'autoscaling', 'DescribeAutoScalingGroups', input);
  const all = AutoScalingGroups.flatMap(({ Instances = [] }) => Instances);
  return all
    .filter(({ LifecycleState }) => SERVING.has(LifecycleState))
    .map(({ InstanceId }) => ec2Member(ctx, InstanceId));
}

function onPremises(ctx: Ctx, selection: Selection): Member[] {
  if (!names(selection)) return [];
  return ctx
    .list(onPremisesInstances)
    .filter(({ deregisteredAt, tags }) => deregisteredAt === undefined && chosen(selection, tags))
    .map((row) => ({ targetId: row.name, arn: row.arn, host: hostOf(row) }));
}

function distinct(members: readonly Member[]): Member[] {
  return [...new Map(members.map((member) => [member.targetId, member])).values()];
}

/** All instances of a deployment group, as of now. */
export function membersOf(
  ctx: Ctx,
  acting: Acting,
  { settings, autoScalingGroups }: DeploymentGroup,
): Member[] {
  const { ec2TagFilters = [], ec2TagSet, onPremisesInstanceTagFilters = [], onPremisesTagSet } = settings;
  return distinct([
    ...tagged(ctx, acting, { filters: ec2TagFilters, sets: ec2TagSet?.ec2TagSetList ?? [] }),
    ...ofAutoScalingGroups(
      ctx,
      acting,
      autoScalingGroups.map(({ name }) => name),
    ),
    ...onPremises(ctx, {
      filters: onPremisesInstanceTagFilters,
      sets: onPremisesTagSet?.onPremisesTagSetList ?? [],
    }),
  ]);
}

/** The instances that a blue/green deployment was told to take as the replacement. */
export function replacements(
  ctx: Ctx,
  acting: Acting,
  { tagFilters = [], ec2TagSet, autoScalingGroups = [] }: TargetInstances,
): Member[] {
  return distinct([
    ...tagged(ctx, acting, { filters: tagFilters, sets: ec2TagSet?.ec2TagSetList ?? [] }),
    ...ofAutoScalingGroups(ctx, acting, autoScalingGroups),
  ]);
}

function recordKey(groupId: string, targetId: string): string {
  return `${groupId}/${targetId}`;
}

/** Remembers how a deployment to an instance ended. */
export function recordInstance(
  ctx: Ctx,
  groupId: string,
  targetId: string,
  revision: RevisionLocation | undefined,
): void {
  const key = recordKey(groupId, targetId);
  ctx.put(instanceRecords, {
    key,
    healthy: revision !== undefined,
    ...(revision ? { revision: revisionText(revision) } : {}),
  });
}

/** Forgets what is known of a deployment group's instances. */
export function forgetInstances(ctx: Ctx, groupId: string): void {
  for (const { key } of ctx.scan(instanceRecords, { prefix: `${groupId}/` }))
    ctx.delete(instanceRecords, key);
}

/**
 * Unhealthy instances first, then those with an unknown revision, an old one, the current one.
 * https://docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html
 */
export function inOrder(
  ctx: Ctx,
  { id, targetRevision }: DeploymentGroup,
  members: readonly Member[],
): Member[] {
  const current = targetRevision && revisionText(targetRevision);
  const ranked = members.map((member) => {
    const record = ctx.get(instanceRecords, recordKey(id, member.targetId));
    if (!record) return { member, rank: 1 };
    if (!record.healthy) return { member, rank: 0 };
    return { member, rank: record.revision === current ? 3 : 2 };
  });
  // The sort is stable: instances of one rank stay in the order in which they were found.
  return ranked.toSorted((left, right) => left.rank - right.rank).map(({ member }) => member);
}

/** Whether an instance runs something else than this revision, as far as CodeDeploy knows. */
export function isOutdated(ctx: Ctx, groupId: string, targetId: string, revision: RevisionLocation): boolean {
  const record = ctx.get(instanceRecords, recordKey(groupId, targetId));
  return !record?.healthy || record.revision !== revisionText(revision);
}

/** Whether an instance is known to run an older revision well: the only kind that a follow-on deployment is begun for. */
export function runsOlder(ctx: Ctx, groupId: string, targetId: string, revision: RevisionLocation): boolean {
  const record = ctx.get(instanceRecords, recordKey(groupId, targetId));
  return record !== undefined && record.healthy && record.revision !== revisionText(revision);
}
