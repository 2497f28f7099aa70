// HealthyHostCount and UnHealthyHostCount, per target group and per zone of it. A count stands until it
// changes.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import type { MetricId } from '#cloud/ports/metrics.ts';
import { dimension, loadBalancerUsing } from './tables.ts';
import { rosterOf } from './targets/rosters.ts';
import type { ZoneCount } from './targets/rosters.ts';

/** What CloudWatch was last told of a group. Zone '' is the whole group. */
interface HostCount {
  targetGroupArn: string;
  loadBalancerArn: string;
  zones: Readonly<Record<string, { readonly healthy: number; readonly unhealthy: number }>>;
}

export const hostCounts: Table<HostCount> = table<HostCount>(
  'elasticloadbalancing/host-counts',
  (row) => row.targetGroupArn,
);

/** Tells CloudWatch how many targets of a group are healthy now, where that has changed. */
export function publishHostCounts(ctx: Ctx, targetGroupArn: string): void {
  const before = ctx.get(hostCounts, targetGroupArn);
  const after = count(ctx, targetGroupArn);
  const [old, now] = [levels(before), levels(after)];
  for (const [key, { metric, value }] of old) {
    const next = now.get(key)?.value;
    if (next !== value) ctx.port(metrics).level(ctx, metric, 'Count', next);
  }
  for (const [key, { metric, value }] of now) {
    if (!old.has(key)) ctx.port(metrics).level(ctx, metric, 'Count', value);
  }
  if (after) ctx.put(hostCounts, after);
  else if (before) ctx.delete(hostCounts, targetGroupArn);
}

/**
 * Nothing for a group that no load balancer uses or that has no registered targets: AWS reports no counts
 * then.
 */
function count(ctx: Ctx, targetGroupArn: string): HostCount | undefined {
  const loadBalancer = loadBalancerUsing(ctx, targetGroupArn);
  const roster = rosterOf(ctx, targetGroupArn);
  if (!loadBalancer || roster.registered === 0) return undefined;
  const whole = { healthy: 0, unhealthy: 0 };
  const zones: Record<string, { healthy: number; unhealthy: number }> = { '': whole };
  for (const zone of [...roster.zones.keys()].toSorted()) {
    const { healthy, unhealthy } = roster.zones.get(zone) as ZoneCount;
    zones[zone] = { healthy, unhealthy };
    whole.healthy += healthy;
    whole.unhealthy += unhealthy;
  }
  return { targetGroupArn, loadBalancerArn: loadBalancer.arn, zones };
}

function namespaceOf(loadBalancerArn: string): string {
  return dimension(loadBalancerArn).startsWith('net/') ? 'AWS/NetworkELB' : 'AWS/ApplicationELB';
}

/** The metrics of a group, by a key of their own. */
function levels(row: HostCount | undefined): Map<string, { metric: MetricId; value: number }> {
  const found = new Map<string, { metric: MetricId; value: number }>();
  for (const [zone, { healthy, unhealthy }] of Object.entries(row?.zones ?? {})) {
    const { targetGroupArn, loadBalancerArn } = row as HostCount;
    const dimensions = {
      TargetGroup: dimension(targetGroupArn),
      LoadBalancer: dimension(loadBalancerArn),
      ...(zone === '' ? {} : { AvailabilityZone: zone }),
    };
    for (const [name, value] of [
      ['HealthyHostCount', healthy],
      ['UnHealthyHostCount', unhealthy],
    ] as const) {
      found.set(`${loadBalancerArn} ${zone} ${name}`, {
        metric: { namespace: namespaceOf(loadBalancerArn), name, dimensions },
        value,
      });
    }
  }
  return found;
}
