// Applications that run on machines: what a request meets there. Every driver keeps these rows; traffic and
// health checks read them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { ErrorShare, LatencyTable } from './manifest.ts';

/**
 * One server process on one port. The row lives as long as the process listens or is about to: when it
 * vanishes, requests in flight are cut off, or are finished if `drain` is true; new connections are refused
 * either way.
 */
export interface Application {
  readonly instanceId: string;
  readonly port: number;
  readonly version: string;
  /** `starting`: refuses connections. `up`: accepts them. `hung`: accepts them and never answers. */
  readonly state: 'starting' | 'up' | 'hung';
  /** Time to answer, as points of a piecewise linear distribution. */
  readonly latency: LatencyTable;
  readonly errors: readonly ErrorShare[];
  readonly drain: boolean;
  readonly healthPath: string;
  readonly healthStatus: number;
}

export const applications: Table<Application> = table<Application>(
  'workloads/applications',
  (row) => applicationKey(row.instanceId, row.port),
  { instance: (row) => row.instanceId },
  { settles: true },
);

/**
 * How the latest application on a port ended: `cut`, its requests in flight are lost, whatever `drain`
 * promised.
 */
export interface ApplicationEnd {
  readonly instanceId: string;
  readonly port: number;
  readonly at: number;
  readonly cut: boolean;
}

export const applicationEnds: Table<ApplicationEnd> = table<ApplicationEnd>(
  'workloads/application-ends',
  (row) => applicationKey(row.instanceId, row.port),
  { instance: (row) => row.instanceId },
);

export function applicationKey(instanceId: string, port: number): string {
  return `${instanceId}:${port}`;
}

/** What runs on a port of an instance, in the account and region of `ctx`. */
export function applicationOn(ctx: Ctx, instanceId: string, port: number): Application | undefined {
  return ctx.get(applications, applicationKey(instanceId, port));
}

/** Everything that runs on an instance, by port. */
export function applicationsOn(ctx: Ctx, instanceId: string): readonly Application[] {
  return ctx.list(applications, 'instance', instanceId);
}

/** Microseconds below which half of the answers stay. */
export function medianMicros({ latency }: Pick<Application, 'latency'>): number {
  let [fromShare, fromMicros] = latency[0] ?? [0, 0];
  for (const [share, micros] of latency) {
    if (share >= 500_000) {
      const width = share - fromShare;
      return width === 0
        ? micros
        : Math.round(fromMicros + ((micros - fromMicros) * (500_000 - fromShare)) / width);
    }
    [fromShare, fromMicros] = [share, micros];
  }
  return fromMicros;
}
