// Taking instances out: which one scale-in chooses, and how a termination begins.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { beginFor, describeActivity, finish } from '../activities.ts';
import type { Activity } from '../activities.ts';
import { groupOf, nudge, stamp } from '../group.ts';
import type { Group } from '../group.ts';
import { launchConfigurations } from '../groups/launch-configuration.ts';
import { enter, instances, managed } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { dropActions } from './lifecycle-hooks.ts';

const HOUR_MS = 3_600_000;

/** Narrows candidates to those that a policy would take first. */
type Policy = (ctx: Ctx, group: Group, candidates: readonly GroupInstance[]) => readonly GroupInstance[];

const POLICIES: Readonly<Record<string, Policy>> = {
  OldestInstance: (_, __, all) => leastBy(all, ({ launchedAt }) => launchedAt),
  NewestInstance: (_, __, all) => leastBy(all, ({ launchedAt }) => -launchedAt),
  OldestLaunchConfiguration: (ctx, _, all) => leastBy(all, (one) => configurationAge(ctx, one)),
  OldestLaunchTemplate: (_, group, all) => leastBy(all, (one) => templateAge(group, one)),
  ClosestToNextInstanceHour: (ctx, _, all) =>
    leastBy(all, (one) => HOUR_MS - ((ctx.now - one.launchedAt) % HOUR_MS)),
  // Every instance here is on demand: none is out of line with the strategy for Spot Instances.
  AllocationStrategy: (_, __, all) => all,
  Default(ctx, group, all) {
    // Instances of a launch configuration go before those of a launch template.
    const configured = all.filter((one) => one.launchConfigurationName !== undefined);
    const oldest =
      configured.length > 0
        ? leastBy(configured, (one) => configurationAge(ctx, one))
        : leastBy(all, (one) => templateAge(group, one));
    return leastBy(oldest, (one) => HOUR_MS - ((ctx.now - one.launchedAt) % HOUR_MS));
  },
};

const TERMINATION_POLICIES: readonly string[] = Object.keys(POLICIES).toSorted();

/** Throws AWS's error for policies that it would not take. */
export function checkPolicies(names: readonly string[]): void {
  for (const name of names) {
    if (name.startsWith('arn:'))
      throw new Fault('NotImplemented', 'Custom termination policies are not modelled by Sandtable.');
    if (!POLICIES[name]) throw new Fault('ValidationError', `${name} is not a valid termination policy.`);
  }
  const atDefault = names.indexOf('Default');
  if (atDefault >= 0 && atDefault < names.length - 1) {
    throw new Fault('ValidationError', 'The Default termination policy must be the last policy in the list.');
  }
}

/** Templates other than the group's come first, then lower versions. */
function templateAge(group: Group, { launchTemplate }: GroupInstance): number {
  if (!launchTemplate) return Number.MAX_SAFE_INTEGER;
  return launchTemplate.id === group.source.template?.id ? Number(launchTemplate.version) : 0;
}

/** When the instance's launch configuration was made: the oldest come first, deleted ones before all. */
function configurationAge(ctx: Ctx, { launchConfigurationName: name }: GroupInstance): number {
  if (name === undefined) return Number.MAX_SAFE_INTEGER;
  return ctx.get(launchConfigurations, name)?.createdAt ?? 0;
}

function leastBy(
  all: readonly GroupInstance[],
  measure: (one: GroupInstance) => number,
): readonly GroupInstance[] {
  const least = Math.min(...all.map(measure));
  return all.filter((one) => measure(one) === least);
}

/** Whom scale-in takes next; nobody where all that are left are protected. */
export function chooseVictim(
  ctx: Ctx,
  group: Group,
  members: readonly GroupInstance[],
): GroupInstance | undefined {
  const free = members.filter((member) => !member.protected);
  if (free.length === 0) return undefined;
  let candidates: readonly GroupInstance[] = fromFullestZone(group, members, free);
  for (const name of group.terminationPolicies)
    candidates = POLICIES[name]?.(ctx, group, candidates) ?? candidates;
  if (!group.terminationPolicies.includes('Default') && candidates.length > 1) {
    candidates = POLICIES['Default']?.(ctx, group, candidates) ?? candidates;
  }
  const draw = ctx.random('autoscaling/victim', group.name)(group.activities);
  return candidates[Math.floor(draw * candidates.length)];
}

/** Zones come before any policy: those that the group has left, then those with the most instances. */
function fromFullestZone(
  group: Group,
  all: readonly GroupInstance[],
  free: readonly GroupInstance[],
): GroupInstance[] {
  const left = free.filter(({ zone }) => !group.zones.includes(zone));
  if (left.length > 0) return left;
  const size = (zone: string): number => all.filter((member) => member.zone === zone).length;
  const most = Math.max(...free.map(({ zone }) => size(zone)));
  return free.filter(({ zone }) => size(zone) === most);
}

interface Ending {
  cause: string;
  /** Termination hooks run, as they do unless the group is being deleted by force. */
  hooked?: boolean;
  /** Why a launch that was going on came to nothing. */
  launchEnded?: { status: 'Failed' | 'Cancelled'; message: string };
}

/** Begins to take an instance out of its group and to terminate it. */
export function terminate(
  ctx: Ctx,
  member: GroupInstance,
  { cause, hooked = true, launchEnded }: Ending,
): Activity {
  finish(ctx, member.activityId, launchEnded?.status ?? 'Cancelled', launchEnded?.message ?? '');
  dropActions(ctx, member.instanceId);
  const activity = beginFor(ctx, member, {
    description: `Terminating EC2 instance: ${member.instanceId}`,
    cause,
  });
  enter(ctx, member, 'Terminating', { activityId: activity.id, hooked });
  nudge(ctx, member.group);
  return activity;
}

export function isLeaving({ state }: GroupInstance): boolean {
  return state.startsWith('Terminating') || state === 'Terminated' || state === 'Detaching';
}

export const terminationOperations: Operations<'autoscaling'> = {
  TerminateInstanceInAutoScalingGroup(ctx, { InstanceId, ShouldDecrementDesiredCapacity: decrement }) {
    const member = managed(ctx, InstanceId);
    const group = groupOf(ctx, member.group);
    if (isLeaving(member)) {
      const message = `Instance ${InstanceId} is already in the state ${member.state}.`;
      throw new Fault('ScalingActivityInProgressFault', message);
    }
    const at = `At ${stamp(ctx)} instance ${InstanceId} was taken out of service in response to a user request`;
    if (!decrement) return { Activity: describeActivity(ctx, terminate(ctx, member, { cause: `${at}.` })) };
    // Also for an instance in standby, which is not part of the desired capacity any more (observed by moto's authors).
    const desired = group.desired - 1;
    if (desired < group.minSize) {
      throw new Fault(
        'ValidationError',
        `Currently, desiredSize equals minSize (${group.minSize}). Terminating instance without replacement will violate ` +
          "group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.",
      );
    }
    const cause = `${at}, shrinking the capacity from ${group.desired} to ${desired}.`;
    nudge(ctx, group.name, { desired });
    return {
      Activity: describeActivity(
        ctx,
        terminate(ctx, ctx.get(instances, InstanceId) as GroupInstance, { cause }),
      ),
    };
  },

  DescribeTerminationPolicyTypes() {
    return { TerminationPolicyTypes: TERMINATION_POLICIES };
  },
};
