// A cloud that consists of the traffic engine alone: what requests meet is written down by the test as plans and applications.

import { table } from '#world/index.ts';
import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '#cloud/authenticate.ts';
import { Cloud } from '#cloud/cloud.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { dns } from '#cloud/ports/dns.ts';
import { instances } from '#cloud/ports/instances.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { routing } from '#cloud/ports/routing.ts';
import type { Dns } from '#cloud/ports/dns.ts';
import type { Instances, InstanceState } from '#cloud/ports/instances.ts';
import type { MetricId, Metrics } from '#cloud/ports/metrics.ts';
import type { Plan, PlanGroup, PlanTarget, Routing } from '#cloud/ports/routing.ts';
import { applicationKey, applications } from '#workloads/application.ts';
import type { Application } from '#workloads/application.ts';
import type { LatencyTable } from '#workloads/manifest.ts';
import { startLoad } from '#traffic/load-control.ts';
import type { LoadRequest } from '#traffic/load-control.ts';
import type { Resolution } from '#traffic/load.ts';
import { measured } from '#traffic/measure.ts';
import type { Measurement } from '#traffic/measure.ts';
import { part as traffic } from '#traffic/traffic.ts';
import { newTable } from './table.ts';
import type { TestTable } from './table.ts';

/** Where everything is. */
export const SCOPE = `${DEFAULT_ACCOUNT}/${DEFAULT_REGION}`;
export const HOST = 'web.elb.amazonaws.com';
export const LOAD_BALANCER = 'app/web/50dc6c495c0c9188';
export const GROUP = 'targetgroup/web/73e2d6bc24d8a067';

const plans = table<{ host: string; plan: Plan }>('fake/plans', (row) => row.host, {}, { settles: true });
const names = table<{ name: string; choices: readonly NameChoice[] }>(
  'fake/names',
  (row) => row.name,
  {},
  { settles: true },
);
const states = table<{ instanceId: string; state: InstanceState }>('fake/states', (row) => row.instanceId);

/** Where a name leads, with a share of its answers. */
export interface NameChoice {
  readonly host: string;
  readonly share: number;
  readonly ttlSeconds: number;
}

/** A data point as it reached CloudWatch. */
export interface PublishedPoint {
  id: string;
  metric: MetricId;
  at: number;
  unit: string;
  values: readonly number[];
  counts: readonly number[];
}
const points = table<PublishedPoint>('fake/points', (row) => row.id);

const fakeRouting: Routing = {
  plan: (ctx, { host }) => ctx.everywhere.get(plans, host)?.plan,
  hosts: () => [],
};
const fakeDns: Dns = {
  choices: (ctx, { name }) =>
    ctx.everywhere.get(names, name)?.choices.map((choice) => ({ ...choice, records: [], sets: [] })),
  answer: () => ({ code: 'REFUSED', records: [], authority: [] }),
};
const fakeInstances: Pick<Instances, 'facts'> = {
  facts: (ctx, instanceId) => {
    const state = ctx.everywhere.get(states, instanceId)?.state ?? 'running';
    return { instanceId, state, zone: 'us-east-1a' } as ReturnType<Instances['facts']>;
  },
};
const fakeMetrics: Metrics = {
  publish(ctx, metric, { at, unit, values, counts }) {
    const id = `${at} ${metric.name} ${JSON.stringify(metric.dimensions)}`;
    ctx.everywhere.put(points, { id, metric, at, unit, values: [...values], counts: [...counts] });
  },
  level() {},
};

const fakes: CloudPart = {
  name: 'fakes',
  tables: [plans, names, states, points, applications],
  provides: [
    provide(routing, fakeRouting),
    provide(dns, fakeDns),
    provide(instances, fakeInstances as Instances),
    provide(metrics, fakeMetrics),
  ],
};

export function trafficCloud(): Cloud {
  return new Cloud([], [fakes, traffic]);
}

export function instanceName(n: number): string {
  return `i-${String(n).padStart(17, '0')}`;
}

export function groupOf(targets: readonly PlanTarget[], more: Partial<PlanGroup> = {}): PlanGroup {
  return {
    targetGroupArn: `arn:${GROUP}`,
    dimension: GROUP,
    weight: 1,
    algorithm: 'round_robin',
    targets,
    failOpen: false,
    ...more,
  };
}

/** `count` healthy targets, numbered from `first`. */
export function targetsOf(count: number, first: number = 1): PlanTarget[] {
  return Array.from({ length: count }, (_, i) => ({
    instanceId: instanceName(first + i),
    port: 80,
    zone: 'us-east-1a',
    weight: 1000,
    healthy: true,
  }));
}

/** Lets the host name lead to these groups. */
export function route(ctx: Ctx, groups: readonly PlanGroup[], idleTimeoutMs: number = 60_000): void {
  routeTo(ctx, {
    kind: 'forward',
    loadBalancerArn: `arn:${LOAD_BALANCER}`,
    front: { protocol: 'http', port: 80 },
    loadBalancer: LOAD_BALANCER,
    scope: SCOPE,
    zones: ['us-east-1a'],
    groups,
    idleTimeoutMs,
  });
}

export function routeTo(ctx: Ctx, plan: Plan | undefined): void {
  if (plan) ctx.everywhere.put(plans, { host: HOST, plan });
  else ctx.everywhere.delete(plans, HOST);
}

/** Lets a load balancer's own name lead to a group of its own, on one instance. */
export function routeHost(ctx: Ctx, host: string, n: number): void {
  const dimension = `targetgroup/${host}/1`;
  const plan: Plan = {
    kind: 'forward',
    loadBalancerArn: `arn:app/${host}/1`,
    front: { protocol: 'http', port: 80 },
    loadBalancer: `app/${host}/1`,
    scope: SCOPE,
    zones: ['us-east-1a'],
    groups: [groupOf(targetsOf(1, n), { dimension, targetGroupArn: `arn:${dimension}` })],
    idleTimeoutMs: 60_000,
  };
  ctx.everywhere.put(plans, { host, plan });
}

/** What a name of a hosted zone is answered from now on. */
export function name(ctx: Ctx, name: string, choices: readonly NameChoice[]): void {
  ctx.everywhere.put(names, { name, choices });
}

/** Puts an application on instance `n`. */
export function run(ctx: Ctx, n: number, more: Partial<Application> = {}): void {
  ctx.put(applications, {
    instanceId: instanceName(n),
    port: 80,
    version: 'v1',
    state: 'up',
    latency: [
      [0, 10_000],
      [500_000, 20_000],
      [990_000, 100_000],
      [1_000_000, 400_000],
    ],
    errors: [],
    drain: false,
    healthPath: '/',
    healthStatus: 200,
    ...more,
  });
}

/** Takes the application on instance `n` away. */
export function stop(ctx: Ctx, n: number): void {
  ctx.delete(applications, applicationKey(instanceName(n), 80));
}

export function setInstance(ctx: Ctx, n: number, state: InstanceState): void {
  ctx.everywhere.put(states, { instanceId: instanceName(n), state });
}

/** What CloudWatch was told. */
export function published(ctx: Ctx): PublishedPoint[] {
  return ctx.everywhere.list(points);
}

export const RESOLUTIONS: readonly Resolution[] = ['exact', 'binned'];
export const SECOND: number = 1000;
export const MINUTE: number = 60 * SECOND;

/** Every request takes so long. */
export function always(ms: number): LatencyTable {
  return [
    [0, ms * 1000],
    [1_000_000, ms * 1000],
  ];
}

export function tableOf(seed: string = 'test'): TestTable {
  return newTable({ cloud: trafficCloud(), seed });
}

export function start(
  table: TestTable,
  request: Partial<LoadRequest> & Pick<LoadRequest, 'resolution'>,
): string {
  const all = { host: HOST, port: 80, path: '/', ratePerSecond: 100, ...request };
  return table.act((ctx) => startLoad(ctx, all)).id;
}

export function result(table: TestTable, id: string): Measurement {
  return table.read((ctx) => measured(ctx, id));
}

/** A fleet behind the load balancer, under a load. */
export function fleet(
  resolution: Resolution,
  { count = 4, seed = 'test', prepare }: { count?: number; seed?: string; prepare?: (ctx: Ctx) => void } = {},
  request: Partial<LoadRequest> = {},
): { table: TestTable; id: string } {
  const table = tableOf(seed);
  table.act((ctx) => {
    for (let n = 1; n <= count; n += 1) run(ctx, n);
    route(ctx, [groupOf(targetsOf(count))]);
    prepare?.(ctx);
  });
  return { table, id: start(table, { resolution, ...request }) };
}
