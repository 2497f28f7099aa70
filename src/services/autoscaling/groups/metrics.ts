// Group metrics in AWS/AutoScaling: levels that stand until the group changes. Published only where they
// were enabled. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { groupInstanceChanged } from '#cloud/ports/scaling.ts';
import type { Operations } from '#cloud/service.ts';
import { groups, liveGroupOf, metricsReconciler } from '../group.ts';
import type { Group } from '../group.ts';
import { instances } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';

type Reading = (group: Group, members: readonly GroupInstance[]) => number;

const inState =
  (...states: readonly string[]): Reading =>
  (_, members) =>
    members.filter(({ state }) => states.includes(state.split(':')[0] as string)).length;

const READINGS: Readonly<Record<string, Reading>> = {
  GroupMinSize: (group) => group.minSize,
  GroupMaxSize: (group) => group.maxSize,
  GroupDesiredCapacity: (group) => group.desired,
  GroupInServiceInstances: inState('InService'),
  GroupPendingInstances: inState('Pending'),
  GroupStandbyInstances: inState('Standby', 'EnteringStandby'),
  GroupTerminatingInstances: inState('Terminating'),
  GroupTotalInstances: (_, members) => members.length,
};

/** Tells CloudWatch where a group stands. Sleeps where no metric is enabled. */
export const reconcileMetrics: Reconciler<Group, Ctx> = {
  ...metricsReconciler,
  table: groups,
  wakes: [
    wake(groupInstanceChanged, (ctx: Ctx, { group }) =>
      ctx.get(groups, group)?.enabledMetrics.length ? [group] : [],
    ),
  ],
  step(ctx, group) {
    const members = ctx.list(instances, 'group', group.name);
    for (const metric of group.enabledMetrics)
      level(ctx, group.name, metric, READINGS[metric]?.(group, members));
  },
};

/** No value: the metric is no longer published. */
function level(ctx: Ctx, group: string, name: string, value: number | undefined): void {
  const metric = { namespace: 'AWS/AutoScaling', name, dimensions: { AutoScalingGroupName: group } };
  ctx.port(metrics).level(ctx, metric, 'None', value);
}

/** Ends all metrics of a group that goes. */
export function stopLevels(ctx: Ctx, group: Group): void {
  for (const metric of group.enabledMetrics) level(ctx, group.name, metric, undefined);
}

function checked(names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (READINGS[name]) continue;
    if (/^(Group|WarmPool|GroupAndWarmPool)[A-Za-z]+$/.test(name)) {
      throw new Fault('NotImplemented', `The group metric ${name} is not modelled by Sandtable.`);
    }
    throw new Fault('ValidationError', `${name} is not a valid Metric type.`);
  }
  return names.length > 0 ? names : Object.keys(READINGS);
}

export const metricOperations: Operations<'autoscaling'> = {
  EnableMetricsCollection(ctx, { AutoScalingGroupName, Metrics = [], Granularity }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    if (Granularity !== '1Minute')
      throw new Fault('ValidationError', `${Granularity} is not a valid Granularity.`);
    const enabledMetrics = [...new Set([...group.enabledMetrics, ...checked(Metrics)])].toSorted();
    ctx.update(groups, group, { enabledMetrics });
    ctx.wake(metricsReconciler, group.name);
  },

  DisableMetricsCollection(ctx, { AutoScalingGroupName, Metrics = [] }) {
    const group = liveGroupOf(ctx, AutoScalingGroupName);
    const ended = checked(Metrics);
    for (const name of group.enabledMetrics)
      if (ended.includes(name)) level(ctx, group.name, name, undefined);
    ctx.update(groups, group, {
      enabledMetrics: group.enabledMetrics.filter((name) => !ended.includes(name)),
    });
  },

  DescribeMetricCollectionTypes() {
    const Metrics = Object.keys(READINGS).map((Metric) => ({ Metric }));
    return { Metrics, Granularities: [{ Granularity: '1Minute' }] };
  },
};
