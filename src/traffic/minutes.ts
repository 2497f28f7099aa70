// What load balancers tell CloudWatch: counted here during a minute, published when it is over. Points that AWS omits are omitted:
// counts of zero, and everything while no request flows.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { addCounts, binsOf, condense, joined } from './latency.ts';
import type { Histogram } from './latency.ts';
import type { Branch } from './meeting.ts';
import type { Front, Outcome, Tally } from './tally.ts';

export const MINUTE_MS = 60_000;

/** Counts of the minute that runs, of one target group behind one load balancer, or of requests that reached no group. */
export interface Minute {
  readonly scope: string;
  readonly loadBalancer: string;
  /** CloudWatch dimension; '' for none. */
  readonly group: string;
  /** Counts of one sample each, by metric. */
  readonly counts: Readonly<Record<string, number>>;
  /** Answers of applications, by latency. */
  readonly times: Histogram;
  /** Requests divided by targets. */
  readonly perTarget: number;
  /** Among how many targets requests are divided. */
  readonly targets: number;
}

export const minutes: Table<Minute> = table<Minute>('traffic/minutes', (row) =>
  minuteKey(row.scope, row.loadBalancer, row.group),
);

function minuteKey(scope: string, loadBalancer: string, group: string): string {
  return `${scope} ${loadBalancer} ${group}`;
}

/** Adds the requests of a tally to the minute that runs. */
export function count(ctx: Ctx, tally: Tally, branches: readonly Branch[]): void {
  tally.fronts.forEach((front, f) => {
    const { scope, loadBalancer, group } = front;
    const found: Record<string, number> = {};
    let requests = 0;
    tally.outcomes.forEach((outcome, o) => {
      const total = outcome.front && sameFront(outcome.front, front) ? tally.total(o) : 0;
      if (total === 0) return;
      if (group !== '') requests += total;
      const names = namesFor(loadBalancer)(outcome, group);
      for (const metric of names) found[metric] = (found[metric] ?? 0) + total;
    });
    if (Object.keys(found).length === 0) return;
    const known = ctx.get(minutes, minuteKey(scope, loadBalancer, group));
    const counts: Record<string, number> = { ...known?.counts };
    for (const metric in found) counts[metric] = (counts[metric] ?? 0) + (found[metric] as number);
    const times = addCounts(known?.times ?? [], tally.times[f] as Float64Array, tally.marks);
    const targets = targetsOf(branches, group) ?? known?.targets ?? 1;
    const perTarget = (known?.perTarget ?? 0) + requests / targets;
    ctx.put(minutes, { scope, loadBalancer, group, counts, times, perTarget, targets });
  });
}

function sameFront(left: Front, right: Front): boolean {
  return left.scope === right.scope && left.loadBalancer === right.loadBalancer && left.group === right.group;
}

/** Healthy targets, or all where none is healthy. */
function targetsOf(branches: readonly Branch[], dimension: string): number | undefined {
  const groups = branches.flatMap(({ meeting }) => (meeting.kind === 'forward' ? meeting.groups : []));
  const found = groups.find(({ group }) => group.dimension === dimension)?.group;
  if (!found || found.targets.length === 0) return undefined;
  return found.targets.filter(({ healthy }) => healthy).length || found.targets.length;
}

/** The counts that a request goes into. Answers of targets are `HTTPCode_Target`, the load balancer's own `HTTPCode_ELB`. */
function metricsOf({ version, status, reason, unconnected }: Outcome, group: string): string[] {
  const found = group === '' ? [] : ['RequestCount'];
  const family = `${Math.floor(status / 100)}XX`;
  if (version !== '') return [...found, `HTTPCode_Target_${family}_Count`];
  if (reason === '' || reason === 'fixed response') {
    found.push(family === '3XX' ? 'HTTP_Redirect_Count' : 'HTTP_Fixed_Response_Count');
  }
  if (unconnected) found.push('TargetConnectionErrorCount');
  if (status >= 300) found.push(`HTTPCode_ELB_${family}_Count`);
  if ([500, 502, 503, 504].includes(status)) found.push(`HTTPCode_ELB_${status}_Count`);
  return found;
}

function namesFor(loadBalancer: string): typeof metricsOf {
  if (isNetwork(loadBalancer)) return networkMetricsOf;
  return isClassic(loadBalancer) ? classicMetricsOf : metricsOf;
}

/**
 * A Network Load Balancer sees connections, a new one for each request here, and which of them are reset.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
 */
function networkMetricsOf({ reason }: Outcome): string[] {
  const reset = reason === 'refused' || reason === 'cut off' ? ['TCP_Target_Reset_Count'] : [];
  return ['NewFlowCount', 'NewFlowCount_TCP', ...reset];
}

function isNetwork(loadBalancer: string): boolean {
  return loadBalancer.startsWith('net/');
}

/** Classic Load Balancers are known by their names alone. */
function isClassic(loadBalancer: string): boolean {
  return !loadBalancer.includes('/');
}

/** The same of a Classic Load Balancer. It sees no answers in what goes through a TCP listener. */
function classicMetricsOf({ version, status, unconnected }: Outcome, group: string): string[] {
  const found = group === '' ? [] : ['RequestCount'];
  if (unconnected) found.push('BackendConnectionErrors');
  if (group.split('/')[1] === 'tcp') return found;
  return [...found, `HTTPCode_${version === '' ? 'ELB' : 'Backend'}_${Math.floor(status / 100)}XX`];
}

/** Counts that AWS gives per target group too. */
const OF_GROUPS = /^(RequestCount|HTTPCode_Target_.*|TargetConnectionErrorCount)$/;

/** Publishes the minute that ends now, and begins the next. */
export function publishMinute(ctx: Ctx): void {
  const rows = ctx.everywhere.list(minutes);
  const at = ctx.now - MINUTE_MS;
  const whole = new Map<string, Minute[]>();
  for (const row of rows) {
    const key = `${row.scope} ${row.loadBalancer}`;
    whole.set(key, [...(whole.get(key) ?? []), row]);
    if (row.group !== '' && !isClassic(row.loadBalancer) && !isNetwork(row.loadBalancer))
      publishGroup(ctx, row, at);
    ctx.everywhere.delete(minutes, minuteKey(row.scope, row.loadBalancer, row.group));
  }
  for (const parts of whole.values()) {
    const { scope, loadBalancer } = parts[0] as Minute;
    const counts: Record<string, number> = {};
    for (const part of parts) {
      for (const metric in part.counts)
        counts[metric] = (counts[metric] ?? 0) + (part.counts[metric] as number);
    }
    if (isNetwork(loadBalancer)) {
      const dimensions = { LoadBalancer: loadBalancer };
      publish(ctx.inScope(scope), { ...NETWORK, dimensions }, at, counts, []);
      continue;
    }
    const series = isClassic(loadBalancer)
      ? { ...CLASSIC, dimensions: { LoadBalancerName: loadBalancer } }
      : { ...CURRENT, dimensions: { LoadBalancer: loadBalancer } };
    publish(ctx.inScope(scope), series, at, counts, joined(parts.map(({ times }) => times)));
  }
}

function publishGroup(ctx: Ctx, row: Minute, at: number): void {
  const there = ctx.inScope(row.scope);
  const dimensions = { TargetGroup: row.group, LoadBalancer: row.loadBalancer };
  const counts = Object.fromEntries(Object.entries(row.counts).filter(([metric]) => OF_GROUPS.test(metric)));
  publish(there, { ...CURRENT, dimensions }, at, counts, row.times);
  for (const which of [dimensions, { TargetGroup: row.group }]) {
    const metric = { namespace: CURRENT.namespace, name: 'RequestCountPerTarget', dimensions: which };
    // A sum that stands for an average: one sample, whatever the number of requests.
    there.port(metrics).publish(there, metric, { at, unit: 'Count', values: [row.perTarget], counts: [1] });
  }
}

/** What the two generations of load balancers call the same. */
const CURRENT = { namespace: 'AWS/ApplicationELB', time: 'TargetResponseTime' } as const;
const CLASSIC = { namespace: 'AWS/ELB', time: 'Latency' } as const;
/** It does not see when an answer is complete. */
const NETWORK = { namespace: 'AWS/NetworkELB', time: '' } as const;

interface Series {
  readonly namespace: string;
  readonly time: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

function publish(
  ctx: Ctx,
  { namespace, time, dimensions }: Series,
  at: number,
  counts: Readonly<Record<string, number>>,
  times: Histogram,
): void {
  for (const name of Object.keys(counts).toSorted()) {
    const point = { at, unit: 'Count', values: [1], counts: [counts[name] as number] };
    ctx.port(metrics).publish(ctx, { namespace, name, dimensions }, point);
  }
  const { values, counts: samples } = condense(binsOf(times));
  if (values.length === 0) return;
  const seconds = values.map((micros) => micros / 1_000_000);
  const metric = { namespace, name: time, dimensions };
  ctx.port(metrics).publish(ctx, metric, { at, unit: 'Seconds', values: seconds, counts: samples });
}
