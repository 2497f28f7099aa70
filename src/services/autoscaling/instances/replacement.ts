// The reconciler that replaces instances: in an instance refresh, at the end of their lifetime, and, where the group has an
// instance maintenance policy, when they are unhealthy. It says how many instances there may be meanwhile; the group's own
// reconciler launches them.

import { wake } from '#world/index.ts';
import type { Reconciler, Wake } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { alarmChanged } from '#cloud/ports/metrics.ts';
import { targetChanged } from '#cloud/ports/routing.ts';
import { groupInstanceChanged } from '#cloud/ports/scaling.ts';
import {
  groups,
  isSuspended,
  mayReplace,
  nudge,
  outOfService,
  replacementReconciler,
  stamp,
} from '../group.ts';
import type { Group } from '../group.ts';
import { counts, instances } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { activeRefresh, refreshes } from '../refreshes/refresh.ts';
import { advance } from '../refreshes/refreshing.ts';
import { pace } from './pace.ts';
import { terminate } from './termination.ts';
import { replacementWarmup, warmAt } from './warmup.ts';

export const reconcileReplacement: Reconciler<Group, Ctx> = {
  ...replacementReconciler,
  table: groups,
  wakes: [
    wake(groupInstanceChanged, (ctx: Ctx, { group: name }) => {
      const group = ctx.get(groups, name);
      return group && mayReplace(group) ? [name] : [];
    }),
    wake(targetChanged, (ctx: Ctx, { targetId }) => {
      const name = ctx.get(instances, targetId)?.group;
      return name !== undefined && activeRefresh(ctx, name) ? [name] : [];
    }),
    wake(alarmChanged, (ctx: Ctx, { alarmName }) =>
      ctx
        .list(refreshes)
        .flatMap(({ endAt, group, preferences }) =>
          endAt === 0 && preferences.alarms.includes(alarmName) ? [group] : [],
        ),
    ),
  ] as Wake<unknown, Ctx>[],
  step(ctx, group) {
    if (group.deleting) return undefined;
    const refresh = activeRefresh(ctx, group.name);
    if (refresh) return advance(ctx, group, refresh);
    return mayReplace(group) ? maintain(ctx, group) : undefined;
  },
};

/** Without a policy, up to a tenth of the group at once, one at least. */
const WITHOUT_POLICY = 90;

/** Replaces what is unhealthy or too old, within the bounds of the group's maintenance policy. */
function maintain(ctx: Ctx, group: Group): number | undefined {
  const serving = ctx
    .list(instances, 'group', group.name)
    .filter((member) => counts(member) && member.state === 'InService');
  const unhealthy = serving.filter((member) => member.health === 'Unhealthy' && group.minHealthyPercent >= 0);
  const expired = serving.filter(
    (member) => member.health === 'Healthy' && !member.protected && ctx.now >= endOfLife(group, member),
  );
  const outdated = isSuspended(group, 'Terminate')
    ? []
    : [...(isSuspended(group, 'ReplaceUnhealthy') ? [] : unhealthy), ...expired];
  const warmup = replacementWarmup(group);
  // Unhealthy instances count until they go: with a minimum of 100 percent their replacements come first.
  const ready = serving.filter((one) => outdated.includes(one) || ctx.now >= warmAt(one, warmup));
  const bounds =
    group.minHealthyPercent < 0
      ? { minPercent: WITHOUT_POLICY, maxPercent: undefined }
      : { minPercent: group.minHealthyPercent, maxPercent: group.maxHealthyPercent };
  const standing = { desired: group.desired, ready: ready.length, outdated: outdated.length };
  const { terminable } = pace(bounds, standing);
  const leaving = outdated.toSorted((left, right) => left.ordinal - right.ordinal).slice(0, terminable);
  for (const member of leaving) end(ctx, group, member);
  const { surge } = pace(bounds, { ...standing, outdated: outdated.length - leaving.length });
  if (surge !== group.surge) nudge(ctx, group.name, { surge });
  return nextLook(ctx, group, serving, warmup);
}

function end(ctx: Ctx, group: Group, member: GroupInstance): void {
  if (member.health === 'Unhealthy') {
    const { replacements } = ctx.get(groups, group.name) as Group;
    // One that was launched beforehand takes its place already.
    if (group.surge === 0) nudge(ctx, group.name, { replacements: replacements + 1 });
    terminate(ctx, member, { cause: member.unhealthyCause });
    return;
  }
  const cause = outOfService(ctx, `its maximum instance lifetime of ${group.lifetimeSeconds} seconds.`);
  const selected = `At ${stamp(ctx)} instance ${member.instanceId} was selected for termination.`;
  terminate(ctx, member, { cause: `${cause}  ${selected}` });
}

/** The end of an instance's lifetime (epoch ms). */
function endOfLife({ lifetimeSeconds }: Group, { launchedAt }: GroupInstance): number {
  return lifetimeSeconds === 0 ? Infinity : launchedAt + lifetimeSeconds * 1000;
}

/** When the next instance is warm, or too old. */
function nextLook(
  ctx: Ctx,
  group: Group,
  serving: readonly GroupInstance[],
  warmup: number,
): number | undefined {
  const ends = serving.filter((one) => !one.protected).map((one) => endOfLife(group, one));
  const ahead = [...serving.map((one) => warmAt(one, warmup)), ...ends].filter((at) => at > ctx.now);
  const next = Math.min(...ahead);
  return next < Infinity ? next : undefined;
}
