// Target tracking: the capacity that brings a metric to its target, when one of the policy's alarms says it is off.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html

import type { Ctx } from '#cloud/ctx.ts';
import type { PolicyAlarm } from '#cloud/ports/scaling.ts';
import { roleOf, setDesired } from '../group.ts';
import type { Group } from '../group.ts';
import { counts, instances, isPending } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { scalingWarmup, warmAt } from '../instances/warmup.ts';
import { policies } from './policy.ts';
import type { ScalingPolicy, Tracking } from './policy.ts';

/** Counted instances that have not warmed up: their metrics and their capacity do not count yet. */
export function warmingUp(ctx: Ctx, group: Group, { warmupSeconds }: ScalingPolicy): GroupInstance[] {
  const seconds = warmupSeconds >= 0 ? warmupSeconds : scalingWarmup(group);
  return ctx
    .list(instances, 'group', group.name)
    .filter((one) => counts(one) && (isPending(one) || ctx.now < warmAt(one, seconds)));
}

/** Grows at once and in proportion; shrinks gradually, and only where all policies of the group agree. */
export function track(ctx: Ctx, group: Group, policy: ScalingPolicy, alarm: PolicyAlarm): void {
  const kind = policy.alarms.find(({ name }) => name === alarm.alarmName)?.kind;
  const target = (policy.tracking as Tracking).TargetValue;
  if (kind === undefined || !(target > 0)) return;
  const ratio = alarm.metricValue / target;
  const desired = kind === 'high' ? grown(ctx, group, policy, ratio) : shrunk(ctx, group, policy, ratio);
  if (desired === group.desired) return;
  const who = `a monitor alarm ${alarm.alarmName} in state ALARM triggered policy ${policy.name}`;
  setDesired(ctx, group, desired, who);
}

/** Instances that are warming up are not part of the capacity that the metric is about. */
function grown(ctx: Ctx, group: Group, policy: ScalingPolicy, ratio: number): number {
  const warm = serving(ctx, group).length - warmingUp(ctx, group, policy).length;
  return Math.max(group.desired, Math.min(group.maxSize, Math.ceil(warm * ratio)));
}

/** Nothing goes while anything still comes. Instances on their way out are still part of the capacity. */
function shrunk(ctx: Ctx, group: Group, policy: ScalingPolicy, ratio: number): number {
  const members = ctx.list(instances, 'group', group.name);
  const here = serving(ctx, group).length;
  if (here < group.desired || warmingUp(ctx, group, policy).length > 0 || !allAgree(ctx, group, policy))
    return group.desired;
  const leaving = members.filter(({ state }) => state.startsWith('Terminating')).length;
  const wanted = Math.ceil((here + leaving) * ratio);
  const gradual = group.desired - Math.max(1, Math.floor(group.desired / 10));
  return Math.min(group.desired, Math.max(group.minSize, gradual, wanted));
}

function serving(ctx: Ctx, group: Group): GroupInstance[] {
  return ctx.list(instances, 'group', group.name).filter(counts);
}

/** Every other tracking policy that may shrink the group finds too that it is too large. */
function allAgree(ctx: Ctx, group: Group, policy: ScalingPolicy): boolean {
  const others = ctx
    .list(policies, 'group', group.name)
    .filter(({ arn, enabled }) => arn !== policy.arn && enabled)
    .flatMap(({ alarms }) => alarms.flatMap(({ kind, name }) => (kind === 'low' ? [name] : [])));
  if (others.length === 0) return true;
  const found = ctx.call('monitoring', 'DescribeAlarms', { AlarmNames: others }, roleOf(group));
  return found.ok && (found.output.MetricAlarms ?? []).every(({ StateValue }) => StateValue === 'ALARM');
}
