// HealthyHostCount and UnHealthyHostCount, per target group and per zone of it. A count stands until it changes.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports.ts';
import { dimension, loadBalancerUsing, targets } from './tables.ts';

/** What CloudWatch was last told of a group. Zone '' is the whole group. */
interface HostCount {
  targetGroupArn: string;
  loadBalancerArn: string;
  zones: Readonly<Record<string, { readonly healthy: number; readonly unhealthy: number }>>;
}

export const hostCounts: Table<HostCount> = table<HostCount>('elasticloadbalancing/host-counts', (row) => row.targetGroupArn);

/** Tells CloudWatch how many targets of a group are healthy now, where that has changed. */
export function publishHostCounts(ctx: Ctx, targetGroupArn: string): void {
  const before = ctx.get(hostCounts, targetGroupArn);
  const after = count(ctx, targetGroupArn);
  if (before && before.loadBalancerArn !== after?.loadBalancerArn) tell(ctx, before, undefined);
  if (after) tell(ctx, after, before?.loadBalancerArn === after.loadBalancerArn ? before : undefined, 'new');
  if (after) ctx.put(hostCounts, after);
  else if (before) ctx.delete(hostCounts, targetGroupArn);
}

/** Nothing for a group that no load balancer uses or that has no registered targets: AWS reports no counts then. */
function count(ctx: Ctx, targetGroupArn: string): HostCount | undefined {
  const loadBalancer = loadBalancerUsing(ctx, targetGroupArn);
  const registered = ctx.list(targets, 'group', targetGroupArn).filter(({ drainingUntil }) => drainingUntil === null);
  if (!loadBalancer || registered.length === 0) return undefined;
  const zones: Record<string, { healthy: number; unhealthy: number }> = { '': { healthy: 0, unhealthy: 0 } };
  for (const { zone, health } of registered) {
    if (health.state === 'unused') continue;
    const ofZone = (zones[zone] ??= { healthy: 0, unhealthy: 0 });
    for (const counted of [ofZone, zones['']]) {
      if (counted && health.state === 'healthy') counted.healthy += 1;
      if (counted && health.state === 'unhealthy') counted.unhealthy += 1;
    }
  }
  return { targetGroupArn, loadBalancerArn: loadBalancer.arn, zones };
}

/** Sets the levels of `row` where they differ from `before`; levels that only `before` has end. */
function tell(ctx: Ctx, row: HostCount, before: HostCount | undefined, mode: 'new' | 'end' = 'end'): void {
  for (const zone of new Set([...Object.keys(row.zones), ...Object.keys(before?.zones ?? {})])) {
    const now = mode === 'new' ? row.zones[zone] : undefined;
    const then = before?.zones[zone];
    const dimensions = {
      TargetGroup: dimension(row.targetGroupArn),
      LoadBalancer: dimension(row.loadBalancerArn),
      ...(zone === '' ? {} : { AvailabilityZone: zone }),
    };
    const level = (name: string, value: number | undefined): void =>
      ctx.port(metrics).level(ctx, { namespace: 'AWS/ApplicationELB', name, dimensions }, 'Count', value);
    if (now?.healthy !== then?.healthy || mode === 'end') level('HealthyHostCount', now?.healthy);
    if (now?.unhealthy !== then?.unhealthy || mode === 'end') level('UnHealthyHostCount', now?.unhealthy);
  }
}
