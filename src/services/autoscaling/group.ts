// The row of an Auto Scaling group, and how the rest of the service finds it, names it and wakes it.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { reaction } from './timings.ts';

export const PRINCIPAL = 'autoscaling.amazonaws.com';

/** A launch template as a group refers to it: `version` is a number, `$Latest` or `$Default`, which it is without one. */
export interface LaunchTemplate {
  id: string;
  name: string;
  version?: string;
}

/** An instance type that a mixed instances policy allows, with a template of its own where it has one. */
export interface Override {
  instanceType: string;
  template?: LaunchTemplate;
}

/** A mixed instances policy: types in order of preference, all of them on demand. */
export interface MixedInstances {
  overrides: readonly Override[];
  /** As the request gave it, AWS's defaults filled in. */
  distribution: Readonly<Record<string, string | number>>;
}

/** From what a group launches: a launch template, perhaps with other instance types, or a launch configuration. */
export interface Source {
  template?: LaunchTemplate;
  mixed?: MixedInstances;
  launchConfigurationName?: string;
}

export interface GroupTag {
  value: string;
  propagates: boolean;
}

/** Launches that failed, in one zone or (`*`) everywhere, and when to try again. */
export interface Retry {
  at: number;
  failures: number;
}

export interface Group {
  name: string;
  arn: string;
  source: Source;
  minSize: number;
  maxSize: number;
  desired: number;
  cooldownSeconds: number;
  zones: readonly string[];
  /** Empty where the group was given zones only: then EC2's default subnets serve. */
  subnets: readonly { id: string; zone: string }[];
  targetGroupArns: readonly string[];
  /** Classic Load Balancers, by name. */
  loadBalancerNames: readonly string[];
  healthCheckType: 'EC2' | 'ELB';
  gracePeriodSeconds: number;
  /** DefaultInstanceWarmup; -1: none. */
  warmupSeconds: number;
  /** MaxInstanceLifetime; 0: none. */
  lifetimeSeconds: number;
  /** Percentages of the instance maintenance policy; -1: none. */
  minHealthyPercent: number;
  maxHealthyPercent: number;
  terminationPolicies: readonly string[];
  protectsNew: boolean;
  roleArn: string;
  /** Suspended processes, with the reason. */
  suspended: Readonly<Record<string, string>>;
  tags: Readonly<Record<string, GroupTag>>;
  enabledMetrics: readonly string[];
  createdAt: number;
  deleting: boolean;
  /** Earliest instant of the next launch or termination. */
  actAt: number;
  /**
   * Why capacity differs from what is desired, for the cause of the activities that follow; empty when
   * all is well.
   */
  reason: string;
  /** How many instances above the desired capacity the group may have while some are being replaced. */
  surge: number;
  /** How many times all instances have been declared outdated: each knows in which generation it joined. */
  generation: number;
  /** Unhealthy instances that were taken out and not yet replaced. */
  replacements: number;
  retries: Readonly<Record<string, Retry>>;
  /** Since when no launch has succeeded; 0 when the last one did. */
  failingSince: number;
  /** Zones into which instances are being moved; empty when none are. */
  balancing: readonly string[];
  /** Since when zones have been out of balance; 0 when they are not. */
  unbalancedSince: number;
  /** The desired capacity that protection was last reported to stand in the way of; -1 when it does not. */
  blockedAt: number;
  /** When the last scaling by a simple policy, or by request, was over: cooldown counts from here. */
  scaledAt: number;
  cooldownUntil: number;
  /** How many instances were ever launched, and how many looks were taken: ordinals of random numbers. */
  launches: number;
  looks: number;
  activities: number;
}

/** Version 1 knew launch templates alone, and nothing that replaces instances. */
function upgraded(row: object): Group {
  const { launchTemplate: template, ...rest } = row as Group & { launchTemplate: LaunchTemplate };
  return {
    ...rest,
    source: { template },
    loadBalancerNames: [],
    warmupSeconds: -1,
    lifetimeSeconds: 0,
    minHealthyPercent: -1,
    maxHealthyPercent: -1,
    surge: 0,
    generation: 0,
  };
}

export const groups: Table<Group> = table<Group>(
  'autoscaling/groups',
  (row) => row.name,
  {},
  { version: 2, upgrade: upgraded },
);

/** For wakes from files that the reconciler itself imports. */
export const groupReconciler = { name: 'autoscaling/group' } as const;
export const replacementReconciler = { name: 'autoscaling/replacement' } as const;
export const metricsReconciler = { name: 'autoscaling/group-metrics' } as const;

/** The group, or AWS's own answer when there is none. */
export function groupOf(ctx: Ctx, name: string | undefined): Group {
  const group = name === undefined ? undefined : ctx.get(groups, nameIn(name));
  if (!group) {
    const message = `AutoScalingGroup name not found - AutoScalingGroup: ${name ?? null} not found`;
    throw new Fault('ValidationError', message);
  }
  return group;
}

export function exists(ctx: Ctx, name: string): boolean {
  return ctx.get(groups, nameIn(name)) !== undefined;
}

/** As `groupOf`, for requests that would change the group: one on its way out takes none. */
export function liveGroupOf(ctx: Ctx, name: string | undefined): Group {
  const group = groupOf(ctx, name);
  if (group.deleting) {
    throw new Fault(
      'ScalingActivityInProgressFault',
      'You cannot update an AutoScalingGroup while it is being deleted.',
    );
  }
  return group;
}

/** AWS takes a group's ARN in place of its name. */
function nameIn(nameOrArn: string): string {
  const marker = ':autoScalingGroupName/';
  const at = nameOrArn.startsWith('arn:') ? nameOrArn.indexOf(marker) : -1;
  return at < 0 ? nameOrArn : nameOrArn.slice(at + marker.length);
}

/** The ARN that IAM decides on, also where there is no such group. */
export function groupArn(ctx: Ctx, name: string | undefined): string {
  if (name === undefined) return '*';
  if (name.startsWith('arn:')) return name;
  return (
    ctx.get(groups, name)?.arn ?? ctx.arn('autoscaling', `autoScalingGroup:*:autoScalingGroupName/${name}`)
  );
}

/** Auto Scaling acts in the account through the group's service-linked role. */
export function roleOf(group: Pick<Group, 'roleArn'>): ThroughRole {
  return { roleArn: group.roleArn, service: PRINCIPAL, sessionName: 'AutoScaling' };
}

export function isSuspended(group: Group, process: string): boolean {
  return Object.hasOwn(group.suspended, process);
}

/** An instant as causes and notifications spell it: to the second. */
export function stamp(ctx: Ctx, at: number = ctx.now): string {
  return `${formatIso(at).slice(0, 19)}Z`;
}

/** How the causes of terminations begin. */
export function outOfService(ctx: Ctx, why: string): string {
  return `At ${stamp(ctx)} an instance was taken out of service in response to ${why}`;
}

/** Whether instances of a group are ever replaced other than when they are unhealthy: most groups need no look at that. */
export function mayReplace({ lifetimeSeconds, minHealthyPercent, surge, generation }: Group): boolean {
  return lifetimeSeconds > 0 || minHealthyPercent >= 0 || surge > 0 || generation > 0;
}

/** Changes a group and has its capacity looked at after the service's usual reaction time. */
export function nudge(ctx: Ctx, name: string, change: Partial<Group> = {}): void {
  const group = ctx.get(groups, name);
  if (!group) return;
  const looks = group.looks + 1;
  const actAt = group.actAt > ctx.now ? group.actAt : ctx.now + ctx.duration(reaction, name, looks);
  const next = ctx.update(groups, group, { ...change, looks, actAt });
  ctx.wake(groupReconciler, name, actAt);
  if (mayReplace(next)) ctx.wake(replacementReconciler, name);
  if (group.enabledMetrics.length > 0) ctx.wake(metricsReconciler, name);
}

/** Writes members of a group that may have changed since it was read. */
export function changeGroup(ctx: Ctx, name: string, change: Partial<Group>): Group {
  return ctx.update(groups, ctx.get(groups, name) as Group, change);
}

/** Sets the desired capacity. `why` is the beginning of the cause, such as `a user request update of …`. */
export function setDesired(
  ctx: Ctx,
  group: Group,
  desired: number,
  why: string,
  change: Partial<Group> = {},
): void {
  const same = desired === group.desired;
  const reason = `At ${stamp(ctx)} ${why} changing the desired capacity from ${group.desired} to ${desired}.  `;
  nudge(ctx, group.name, {
    ...change,
    desired,
    blockedAt: -1,
    ...(same ? {} : { reason, scaledAt: ctx.now }),
  });
}

/** Throws AWS's error where a request would take the desired capacity out of the group's bounds. */
export function checkRoom(group: Group, desired: number, verb: string, count: number): void {
  if (desired >= group.minSize && desired <= group.maxSize) return;
  const sizes = `min-size=${group.minSize}, max-size=${group.maxSize}, and desired-size=${group.desired}`;
  const what = `${count} instance${count === 1 ? '' : 's'}`;
  throw new Fault(
    'ValidationError',
    `AutoScalingGroup ${group.name} has ${sizes}. To ${verb} ${what}, please update the AutoScalingGroup sizes appropriately.`,
  );
}
