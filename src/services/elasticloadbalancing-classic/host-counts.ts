// HealthyHostCount and UnHealthyHostCount, per load balancer and per zone of it. A count stands until it changes.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { rosterOf } from './rosters.ts';
import { loadBalancers } from './tables.ts';

interface Count {
  readonly healthy: number;
  readonly unhealthy: number;
}

/** What CloudWatch was last told of a load balancer. Zone '' is all of it. */
interface HostCount {
  loadBalancer: string;
  zones: Readonly<Record<string, Count>>;
}

export const hostCounts: Table<HostCount> = table<HostCount>(
  'elasticloadbalancing-classic/host-counts',
  (row) => row.loadBalancer,
);

/** Tells CloudWatch how many instances of a load balancer are healthy now, where that has changed. */
export function publishHostCounts(ctx: Ctx, loadBalancer: string): void {
  const before = ctx.get(hostCounts, loadBalancer)?.zones ?? {};
  const after = counted(ctx, loadBalancer);
  for (const zone of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const dimensions = { LoadBalancerName: loadBalancer, ...(zone === '' ? {} : { AvailabilityZone: zone }) };
    for (const [name, of] of [
      ['HealthyHostCount', 'healthy'],
      ['UnHealthyHostCount', 'unhealthy'],
    ] as const) {
      const value = after[zone]?.[of];
      if (value === before[zone]?.[of]) continue;
      ctx.port(metrics).level(ctx, { namespace: 'AWS/ELB', name, dimensions }, 'Count', value);
    }
  }
  if (Object.keys(after).length > 0) ctx.put(hostCounts, { loadBalancer, zones: after });
  else ctx.delete(hostCounts, loadBalancer);
}

/** Nothing for a load balancer without registered instances: AWS reports no counts then. */
function counted(ctx: Ctx, loadBalancer: string): Readonly<Record<string, Count>> {
  if (!ctx.get(loadBalancers, loadBalancer)) return {};
  const registered = rosterOf(ctx, loadBalancer).filter(({ drainingUntil }) => drainingUntil === null);
  const found: Record<string, Count> = {};
  for (const { zone, standing } of registered) {
    const [healthy, unhealthy] = [
      Number(standing === 'in service'),
      Number(standing === 'failed' || standing === 'stopped'),
    ];
    for (const scope of ['', zone]) {
      const known = found[scope] ?? { healthy: 0, unhealthy: 0 };
      found[scope] = { healthy: known.healthy + healthy, unhealthy: known.unhealthy + unhealthy };
    }
  }
  return found;
}
