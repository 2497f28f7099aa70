// An instance refresh as it goes on: which instances are outdated, how far it has come, when it pauses, and how it ends.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { ongoing } from '../activities.ts';
import { changeGroup, groups, isSuspended, nudge, outOfService, roleOf, stamp } from '../group.ts';
import type { Group } from '../group.ts';
import { matches, recipesOf } from '../groups/source.ts';
import { counts, instances } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { pace } from '../instances/pace.ts';
import { isLeaving, terminate } from '../instances/termination.ts';
import { warmAt } from '../instances/warmup.ts';
import { isHealthy } from '../load-balancing/load-balancing.ts';
import { REFRESH_PATIENCE_MS } from '../timings.ts';
import { refreshes } from './refresh.ts';
import type { Refresh } from './refresh.ts';

/** What an instance refresh finds in its group. */
interface Sight {
  /** Instances that are not on their way out. */
  readonly members: readonly GroupInstance[];
  readonly outdated: readonly GroupInstance[];
  /** Launched by the refresh, and not yet healthy and warm. */
  readonly unready: readonly GroupInstance[];
  readonly ready: number;
  /** How many instances the group lacks. */
  readonly missing: number;
}

/** Moves a refresh one step. Returns when to look again. */
export function advance(ctx: Ctx, group: Group, refresh: Refresh): number | undefined {
  if (refresh.status === 'Cancelling') return cancelled(ctx, group, refresh);
  if (refresh.status === 'Pending') {
    if (ctx.now < refresh.pausedUntil) return refresh.pausedUntil;
    const begun = { status: 'InProgress', startAt: ctx.now, progressAt: ctx.now } as const;
    return advance(ctx, group, ctx.update(refreshes, refresh, begun));
  }
  const alarm = refresh.status === 'RollbackInProgress' ? undefined : alarmOf(ctx, group, refresh);
  if (alarm !== undefined) return fail(ctx, refresh, `The CloudWatch alarm ${alarm} is in the ALARM state.`);
  if (refresh.status === 'Baking') {
    if (ctx.now < refresh.pausedUntil) return refresh.pausedUntil;
    return finish(ctx, refresh, 'Successful');
  }
  if (isSuspended(group, 'InstanceRefresh')) return undefined;
  return replaceSome(ctx, group, refresh);
}

/** The first of the refresh's alarms that is in alarm. */
function alarmOf(ctx: Ctx, group: Group, { preferences: { alarms } }: Refresh): string | undefined {
  if (alarms.length === 0) return undefined;
  const AlarmTypes = ['MetricAlarm', 'CompositeAlarm'] as const;
  const found = ctx.call('monitoring', 'DescribeAlarms', { AlarmNames: alarms, AlarmTypes }, roleOf(group));
  if (!found.ok) return undefined;
  const all = [...(found.output.MetricAlarms ?? []), ...(found.output.CompositeAlarms ?? [])];
  return all.find(({ StateValue }) => StateValue === 'ALARM')?.AlarmName;
}

/** Where a refresh stands, with what has proven itself by now written down. */
export function sightOf(ctx: Ctx, group: Group, refresh: Refresh): Sight {
  const members = ctx.list(instances, 'group', group.name).filter((member) => !isLeaving(member));
  const stale = staleness(ctx, group, refresh);
  const outdated = members.filter(stale);
  const fresh = members.filter((one) => counts(one) && one.generation === group.generation);
  const unready = fresh.filter((one) => !proves(ctx, group, refresh, one));
  const waiting = new Set(unready);
  const serving = members.filter((one) => one.state === 'InService' && one.health === 'Healthy');
  const ready = serving.filter((one) => !waiting.has(one)).length;
  const missing = Math.max(0, group.desired - members.filter(counts).length);
  return { members, outdated, unready, ready, missing };
}

/** Which instances a refresh, or its rollback, replaces. */
function staleness(ctx: Ctx, group: Group, refresh: Refresh): (member: GroupInstance) => boolean {
  const { standbyInstances, protectedInstances, skipMatching } = refresh.preferences;
  if (refresh.status === 'RollbackInProgress') return ({ generation }) => generation === refresh.generation;
  const recipes = skipMatching ? recipesOf(ctx, group, refresh.desired ?? group.source) : [];
  return (member) => {
    if (member.generation >= refresh.generation) return false;
    if (member.state === 'Standby' && standbyInstances === 'Ignore') return false;
    if (member.protected && protectedInstances === 'Ignore') return false;
    return recipes instanceof Fault || !matches(member, recipes);
  };
}

/** Whether a new instance is in service, passes the group's health checks, and has warmed up. Once proven, always. */
function proves(ctx: Ctx, group: Group, { preferences }: Refresh, member: GroupInstance): boolean {
  if (member.state !== 'InService' || member.health !== 'Healthy') return false;
  if (member.proven) return true;
  if (ctx.now < warmAt(member, preferences.warmupSeconds)) return false;
  if (group.healthCheckType === 'ELB' && !isHealthy(ctx, group, member)) return false;
  ctx.update(instances, member, { proven: true });
  return true;
}

/** How much of the refresh is done, in instances and in percent. A rollback counts back to nothing. */
function progressOf(
  refresh: Refresh,
  { outdated, unready, missing }: Sight,
): Pick<Refresh, 'remaining' | 'percent'> {
  const { total } = refresh;
  const back = refresh.status === 'RollbackInProgress';
  const open = back ? total - outdated.length : outdated.length + unready.length + missing;
  const remaining = Math.max(0, Math.min(total, open));
  return { remaining, percent: total === 0 ? 100 : Math.floor((100 * (total - remaining)) / total) };
}

function replaceSome(ctx: Ctx, group: Group, before: Refresh): number | undefined {
  const sight = sightOf(ctx, group, before);
  const now = progressOf(before, sight);
  const moved = now.remaining !== before.remaining || now.percent !== before.percent;
  const refresh = moved ? ctx.update(refreshes, before, { ...now, progressAt: ctx.now }) : before;
  const settled = sight.unready.length === 0 && sight.missing === 0;
  if (sight.outdated.length === 0 && settled) return complete(ctx, refresh);
  if (ctx.now < refresh.pausedUntil) return refresh.pausedUntil;
  const reached = checkpoint(ctx, refresh);
  if (reached !== undefined)
    return reached.over ? complete(ctx, reached.refresh) : reached.refresh.pausedUntil;
  const eligible = sight.outdated.filter((member) => isEligible(refresh, member));
  const due = withinCheckpoint(refresh, sight, eligible);
  const { minPercent, maxPercent } = refresh.preferences;
  const bounds = { minPercent, maxPercent: maxPercent < 0 ? undefined : maxPercent };
  const standing = { desired: group.desired, ready: sight.ready, outdated: due.length };
  const { terminable } = pace(bounds, standing);
  // Standby instances serve nobody: no percentage holds them back.
  const aside = due.filter(({ state }) => state === 'Standby');
  const rest = due.filter(({ state }) => state !== 'Standby');
  const leaving = isSuspended(group, 'Terminate') ? [] : [...aside, ...rest.slice(0, terminable)];
  for (const member of leaving) replace(ctx, member);
  const { surge } = pace(bounds, { ...standing, outdated: due.length - leaving.length });
  if (surge !== (ctx.get(groups, group.name) as Group).surge) nudge(ctx, group.name, { surge });
  return wait(ctx, refresh, sight, leaving.length > 0);
}

/** In service, or in standby where that goes too; protected ones only where the refresh says so. */
function isEligible({ preferences, status }: Refresh, { state, protected: kept }: GroupInstance): boolean {
  const back = status === 'RollbackInProgress';
  if (kept && !back && preferences.protectedInstances !== 'Refresh') return false;
  return state === 'InService' || (state === 'Standby' && preferences.standbyInstances === 'Terminate');
}

/** Oldest first, and no more than the next checkpoint asks for. */
function withinCheckpoint(
  { preferences: { checkpoints }, checkpoint: index, total, status }: Refresh,
  { outdated }: Sight,
  eligible: readonly GroupInstance[],
): GroupInstance[] {
  const sorted = eligible.toSorted((left, right) => left.ordinal - right.ordinal);
  const next = status === 'RollbackInProgress' ? undefined : checkpoints[index];
  if (next === undefined) return sorted;
  const replaced = total - outdated.length;
  return sorted.slice(0, Math.max(0, Math.ceil((total * next) / 100) - replaced));
}

/** Pauses at a checkpoint that was reached; after the last one it is over. */
function checkpoint(ctx: Ctx, refresh: Refresh): { refresh: Refresh; over: boolean } | undefined {
  const { checkpoints, checkpointDelaySeconds } = refresh.preferences;
  const reached = checkpoints.filter((percent) => refresh.percent >= percent).length;
  if (refresh.status === 'RollbackInProgress' || reached <= refresh.checkpoint) return undefined;
  const over = reached === checkpoints.length;
  const pausedUntil = over ? 0 : ctx.now + checkpointDelaySeconds * 1000;
  const statusReason = `Waiting for the checkpoint delay of ${checkpointDelaySeconds} seconds at ${checkpoints[reached - 1]} percent.`;
  const change = {
    checkpoint: reached,
    pausedUntil,
    progressAt: Math.max(ctx.now, pausedUntil),
    statusReason,
  };
  return { refresh: ctx.update(refreshes, refresh, change), over };
}

function replace(ctx: Ctx, member: GroupInstance): void {
  const cause = outOfService(ctx, 'an instance refresh.');
  const selected = `At ${stamp(ctx)} instance ${member.instanceId} was selected for termination.`;
  terminate(ctx, member, { cause: `${cause}  ${selected}` });
}

/** Says what is waited for. An hour without progress is too long. */
function wait(ctx: Ctx, refresh: Refresh, sight: Sight, moved: boolean): number | undefined {
  const { warmupSeconds } = refresh.preferences;
  const warming = sight.unready.filter(
    (one) => one.state === 'InService' && ctx.now < warmAt(one, warmupSeconds),
  );
  const progressAt = moved || warming.length > 0 ? ctx.now : refresh.progressAt;
  const statusReason = reasonOf(sight, warming[0]);
  if (ctx.now - progressAt >= REFRESH_PATIENCE_MS) return fail(ctx, refresh, statusReason);
  if (statusReason !== refresh.statusReason || progressAt !== refresh.progressAt)
    ctx.update(refreshes, refresh, { statusReason, progressAt });
  return Math.min(...warming.map((one) => warmAt(one, warmupSeconds)), progressAt + REFRESH_PATIENCE_MS);
}

function reasonOf({ unready, outdated }: Sight, warming: GroupInstance | undefined): string {
  if (warming)
    return `Waiting for instances to warm up before continuing. For example: ${warming.instanceId} is warming up.`;
  const available = 'Waiting for remaining instances to be available.';
  const [slow] = unready;
  if (slow)
    return `${available} For example: ${slow.instanceId} has insufficient data to evaluate its health with Amazon EC2.`;
  const kept = outdated.find((one) => one.protected);
  if (kept) return `${available} For example: ${kept.instanceId} is protected from scale in.`;
  const aside = outdated.find(({ state }) => state === 'Standby');
  return aside ? `${available} For example: ${aside.instanceId} is in Standby.` : available;
}

/** Nothing is left to do: bakes, or takes the desired configuration over. */
function complete(ctx: Ctx, refresh: Refresh): number | undefined {
  if (refresh.status === 'RollbackInProgress') return finish(ctx, refresh, 'RollbackSuccessful');
  const { bakeSeconds } = refresh.preferences;
  if (bakeSeconds === 0) return finish(ctx, refresh, 'Successful');
  const pausedUntil = ctx.now + bakeSeconds * 1000;
  ctx.update(refreshes, refresh, { status: 'Baking', statusReason: '', pausedUntil });
  return pausedUntil;
}

type Ending = 'Successful' | 'Failed' | 'Cancelled' | 'RollbackSuccessful' | 'RollbackFailed';

function finish(ctx: Ctx, refresh: Refresh, status: Ending, statusReason: string = ''): undefined {
  ctx.update(refreshes, refresh, { status, statusReason, endAt: ctx.now });
  const taken = status === 'Successful' && refresh.desired ? { source: refresh.desired } : {};
  nudge(ctx, refresh.group, { ...taken, surge: 0 });
}

function fail(ctx: Ctx, refresh: Refresh, reason: string): number | undefined {
  if (refresh.status === 'RollbackInProgress') return finish(ctx, refresh, 'RollbackFailed', reason);
  if (!refresh.preferences.autoRollback) return finish(ctx, refresh, 'Failed', reason);
  rollBack(ctx, refresh, reason);
  return ctx.now;
}

/** Turns a refresh around: what it has launched is replaced from the configuration that the group still has. */
export function rollBack(ctx: Ctx, refresh: Refresh, reason: string): void {
  const { percent, remaining } = refresh;
  ctx.update(refreshes, refresh, {
    status: 'RollbackInProgress',
    statusReason: '',
    pausedUntil: 0,
    progressAt: ctx.now,
    rollback: { reason, startAt: ctx.now, percent, remaining },
  });
  const { generation } = ctx.get(groups, refresh.group) as Group;
  changeGroup(ctx, refresh.group, { generation: generation + 1, surge: 0 });
  nudge(ctx, refresh.group);
}

/** Complete at once, or when nothing is being launched or terminated any more. */
function cancelled(ctx: Ctx, group: Group, refresh: Refresh): undefined {
  if (refresh.waits && ongoing(ctx, group.name) !== undefined) return;
  finish(ctx, refresh, 'Cancelled', 'Cancelled due to user request.');
}
