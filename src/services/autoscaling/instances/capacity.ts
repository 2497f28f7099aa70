// The reconciler of a group: as many instances as are desired, evenly over the zones. Level-triggered: it
// compares what is with what should be, acts, and sleeps until a request, an instance or a retry wakes it.

import type { Reconciler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { begin, finish, ongoing } from '../activities.ts';
import {
  changeGroup,
  groupReconciler,
  groups,
  isSuspended,
  outOfService,
  liveGroupOf,
  setDesired,
  stamp,
} from '../group.ts';
import type { Group } from '../group.ts';
import { deleteRows } from '../groups/deletion.ts';
import { recipesOf } from '../groups/source.ts';
import type { Recipe } from '../groups/source.ts';
import { counts, instances, isPending } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { activeRefresh, launchSource } from '../refreshes/refresh.ts';
import { LAUNCH_BATCH, launchPause, rebalanceDelay } from '../timings.ts';
import { countByZone, emptiest, moves } from './balance.ts';
import type { Counts } from './balance.ts';
import { EVERYWHERE, launch, postpone } from './launch.ts';
import { chooseVictim, terminate } from './termination.ts';

export const reconcileGroup: Reconciler<Group, Ctx> = {
  ...groupReconciler,
  table: groups,
  step(ctx, group) {
    const members = ctx.list(instances, 'group', group.name);
    if (group.deleting) return members.length === 0 ? deleteRows(ctx, group) : undefined;
    if (ctx.now < group.actAt) return group.actAt;
    const counted = members.filter(counts);
    const wanted = group.desired + group.surge;
    if (counted.length < wanted) return launchMissing(ctx, group, counted);
    // Instances that even zones out come on top until they serve: AWS launches before it terminates.
    const onTop = counted.filter((member) => member.rebalancing && isPending(member)).length;
    const excess = counted.length - onTop - wanted;
    if (excess > 0) return terminateExcess(ctx, group, counted, excess);
    if (onTop > 0) return undefined;
    return rebalance(ctx, settled(ctx, group), members, counted);
  },
};

/** Nothing is missing and nothing is too much: what led here need not be told again. */
function settled(ctx: Ctx, group: Group): Group {
  const clean =
    group.reason === '' && group.replacements === 0 && group.balancing.length === 0 && group.blockedAt < 0;
  return clean
    ? group
    : changeGroup(ctx, group.name, { reason: '', replacements: 0, balancing: [], blockedAt: -1 });
}

function openZones(ctx: Ctx, { zones, retries }: Group): string[] {
  return zones.filter((zone) => (retries[zone]?.at ?? 0) <= ctx.now);
}

/** When the earliest of the retries is due that are still ahead. */
function nextRetry(ctx: Ctx, { retries }: Group): number | undefined {
  const ahead = Object.values(retries).flatMap(({ at }) => (at > ctx.now ? [at] : []));
  return ahead.length > 0 ? Math.min(...ahead) : undefined;
}

/** What to launch with; nothing, with a retry noted, where it is gone. */
function recipesNow(ctx: Ctx, group: Group, zone: string, cause: string): readonly Recipe[] | undefined {
  const found = recipesOf(ctx, group, launchSource(ctx, group));
  if (!(found instanceof Fault)) return found;
  const activity = begin(ctx, group.name, { description: 'Launching a new EC2 instance', cause, zone });
  finish(ctx, activity.id, 'Failed', `${found.message} Launching EC2 instance failed.`);
  postpone(ctx, group.name, EVERYWHERE);
  return undefined;
}

/** Why an instance is launched: for one that was unhealthy, in an instance refresh, or because one is missing. */
function launchCause(ctx: Ctx, group: Group, ordinary: string): string {
  const replacing = `At ${stamp(ctx)} an instance was launched in response to`;
  if (group.replacements > 0) return `${replacing} an unhealthy instance needing to be replaced.`;
  const refreshing = group.reason === '' && activeRefresh(ctx, group.name) !== undefined;
  return refreshing ? `${replacing} an instance refresh.` : ordinary;
}

function launchMissing(ctx: Ctx, group: Group, counted: readonly GroupInstance[]): number | undefined {
  if (isSuspended(group, 'Launch')) return undefined;
  const blocked = group.retries[EVERYWHERE]?.at ?? 0;
  if (blocked > ctx.now) return blocked;
  const missing = group.desired + group.surge - counted.length;
  const batch = Math.min(missing, LAUNCH_BATCH);
  const ordinary =
    `${group.reason}At ${stamp(ctx)} an instance was started in response to a difference between desired and actual ` +
    `capacity, increasing the capacity from ${counted.length} to ${counted.length + batch}.`;
  const recipes = recipesNow(ctx, group, group.zones[0] as string, ordinary);
  if (!recipes) return nextRetry(ctx, ctx.get(groups, group.name) as Group);
  const perZone = countByZone(group.zones, counted);
  let { replacements } = group;
  for (let launched = 0; launched < batch;) {
    const now = ctx.get(groups, group.name) as Group;
    const zone = emptiest(perZone, openZones(ctx, now));
    if (zone === undefined || (now.retries[EVERYWHERE]?.at ?? 0) > ctx.now) return nextRetry(ctx, now);
    if (!launch(ctx, group.name, recipes, { zone, cause: launchCause(ctx, now, ordinary) })) continue;
    perZone.set(zone, (perZone.get(zone) ?? 0) + 1);
    launched += 1;
    replacements = Math.max(0, replacements - 1);
    changeGroup(ctx, group.name, { replacements });
  }
  if (batch === missing) return undefined;
  const actAt = ctx.now + ctx.duration(launchPause, group.name, counted.length);
  return changeGroup(ctx, group.name, { actAt }).actAt;
}

function terminateExcess(
  ctx: Ctx,
  group: Group,
  counted: readonly GroupInstance[],
  excess: number,
): undefined {
  if (isSuspended(group, 'Terminate')) return;
  const zones = group.balancing.join(' ');
  const balancing =
    `At ${stamp(ctx)} instances were launched to balance instances in zones ${zones} with other zones resulting in more ` +
    'than desired number of instances in the group.  ';
  const difference = outOfService(
    ctx,
    'a difference between desired and actual capacity, shrinking the capacity',
  );
  const why = group.balancing.length > 0 ? balancing : group.reason;
  const shrinking = `${why}${difference} from ${counted.length} to ${counted.length - excess}.  `;
  let left = [...counted];
  for (let taken = 0; taken < excess; taken += 1) {
    const now = ctx.get(groups, group.name) as Group;
    const victim = chooseVictim(ctx, now, left);
    if (!victim) return tellProtected(ctx, now);
    left = left.filter(({ instanceId }) => instanceId !== victim.instanceId);
    terminate(ctx, victim, {
      cause: `${shrinking}At ${stamp(ctx)} instance ${victim.instanceId} was selected for termination.`,
    });
  }
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html */
function tellProtected(ctx: Ctx, group: Group): undefined {
  if (group.blockedAt === group.desired) return;
  const description =
    'Could not scale to desired capacity because all remaining instances are protected from scale-in.';
  const cause = `${group.reason}At ${stamp(ctx)} no instance could be selected for termination.`;
  const { id } = begin(ctx, group.name, { description, cause, zone: group.zones[0] as string });
  finish(ctx, id, 'Cancelled');
  changeGroup(ctx, group.name, { blockedAt: group.desired });
}

/** Launches in zones that have too few; what is then too much in the others goes by scale-in. */
function rebalance(
  ctx: Ctx,
  group: Group,
  members: readonly GroupInstance[],
  counted: readonly GroupInstance[],
): number | undefined {
  if (isSuspended(group, 'AZRebalance') || isSuspended(group, 'Launch')) return undefined;
  // What is being replaced anyway goes where it evens zones out.
  if (group.surge > 0 || activeRefresh(ctx, group.name)) return undefined;
  // While instances come or go the balance is not yet what it will be.
  if (members.some(({ state }) => state !== 'InService' && state !== 'Standby')) return undefined;
  const perZone = countByZone(group.zones, counted);
  const free = counted.filter((member) => !member.protected);
  const wanted = moves(perZone, group.zones, countByZone([], free));
  if (wanted.length === 0) return balanced(ctx, group);
  const open = openZones(ctx, group);
  const targets = wanted.filter((zone) => open.includes(zone));
  if (targets.length === 0) return nextRetry(ctx, group);
  if (group.unbalancedSince === 0) {
    changeGroup(ctx, group.name, { unbalancedSince: ctx.now });
    return ctx.now + ctx.duration(rebalanceDelay, group.name, group.launches);
  }
  const due = group.unbalancedSince + ctx.duration(rebalanceDelay, group.name, group.launches);
  if (ctx.now < due) return due;
  return launchOnTop(ctx, group, targets, perZone);
}

function balanced(ctx: Ctx, group: Group): undefined {
  if (group.unbalancedSince !== 0) changeGroup(ctx, group.name, { unbalancedSince: 0 });
}

/** A group may exceed its maximum meanwhile, by a tenth of it or by one. */
function launchOnTop(
  ctx: Ctx,
  group: Group,
  targets: readonly string[],
  perZone: Counts,
): number | undefined {
  const current = [...perZone.values()].reduce((sum, count) => sum + count, 0);
  const room = group.maxSize + Math.max(1, Math.floor(group.maxSize / 10)) - current;
  const zones = [...perZone.keys()].join(' ');
  const had = `availability zones ${zones} had ${[...perZone.values()].join(' ')} instances respectively`;
  const cause = `At ${stamp(ctx)} ${had}. An instance was launched to aid in balancing the group's zones.`;
  const recipes = recipesNow(ctx, group, targets[0] as string, cause);
  if (!recipes) return nextRetry(ctx, ctx.get(groups, group.name) as Group);
  const into: string[] = [];
  for (const zone of targets.slice(0, room)) {
    const open = openZones(ctx, ctx.get(groups, group.name) as Group).includes(zone);
    if (open && launch(ctx, group.name, recipes, { zone, cause, rebalancing: true })) into.push(zone);
  }
  const now = changeGroup(ctx, group.name, { unbalancedSince: 0, balancing: [...new Set(into)].toSorted() });
  return into.length > 0 ? undefined : nextRetry(ctx, now);
}

export const capacityOperations: Operations<'autoscaling'> = {
  SetDesiredCapacity(ctx, { AutoScalingGroupName, DesiredCapacity: desired, HonorCooldown = false }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const value = `New SetDesiredCapacity value ${desired} is`;
    if (desired > group.maxSize) {
      throw new Fault(
        'ValidationError',
        `${value} above max value ${group.maxSize} for the AutoScalingGroup.`,
      );
    }
    if (desired < group.minSize) {
      throw new Fault(
        'ValidationError',
        `${value} below min value ${group.minSize} for the AutoScalingGroup.`,
      );
    }
    if (HonorCooldown) checkCooldown(ctx, group);
    setDesired(ctx, group, desired, 'a user request explicitly set group desired capacity');
  },
};

/** Throws AWS's error while something is being scaled or the cooldown after it lasts. */
export function checkCooldown(ctx: Ctx, group: Group): void {
  const open = ongoing(ctx, group.name);
  if (open === undefined && ctx.now >= group.cooldownUntil) return;
  const which = open === undefined ? 'The cooldown of the group' : `Scaling activity ${open}`;
  throw new Fault('ScalingActivityInProgressFault', `${which} is in progress and blocks this action`);
}
