// Containers in which nothing runs: the servers that they are said to hold are rows, as on machines.

import { table, timer, wake } from '#world/index.ts';
import type { Reconciler, Row, Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { CloudPart } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { containerChanged, containers } from '#cloud/ports/containers.ts';
import type { ContainerRun, Containers } from '#cloud/ports/containers.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import { provide } from '#cloud/port.ts';
import { applicationEnds, applicationKey, applicationOn } from '../application.ts';
import { agentConnected, ecsAgentLife, ecsAgentRetries } from '../ecs-agent/ecs-agent.ts';
import { installed, machineRows } from '../modelled/machine-rows.ts';
import { startApplication, stopApplication } from '../modelled/running.ts';
import { containerManifest } from './container-manifest.ts';
import type { ContainerManifest } from './container-manifest.ts';

/** What a process that does not handle SIGTERM, or was killed, exits with: 128 and the signal's number. */
const TERMINATED = 143;
const KILLED = 137;

interface Container {
  readonly containerId: string;
  readonly run: ContainerRun;
  readonly manifest: ContainerManifest;
  /** Ports of the host on which its servers are, in the order of its manifest. */
  readonly hostPorts: readonly number[];
  readonly stopping: boolean;
  readonly exitCode: number | null;
  readonly healthy: boolean;
}

const rows: Table<Container> = table<Container>('workloads/containers', (row) => row.containerId, {
  host: (row) => (row.exitCode === null ? row.run.hostId : undefined),
});

/** It ends by itself, or because of its stop signal. */
interface End {
  containerId: string;
  code: number;
  stopped: boolean;
}
const ends: TimerKind<End> = timer<End>('workloads/container-ends');

const onEnds: TimerHandler<End, Ctx> = {
  kind: ends,
  live(ctx, { containerId, stopped }) {
    const row = ctx.get(rows, containerId);
    return row !== undefined && row.exitCode === null && row.stopping === stopped;
  },
  fire: (ctx, { containerId, code }) =>
    end(ctx, ctx.get(rows, containerId) as Container, code, code !== KILLED),
};

/** The process is gone. `cleanly`: requests under way are finished where the application says that it does so. */
function end(ctx: Ctx, row: Container, code: number, cleanly: boolean): void {
  const { hostId } = row.run;
  for (const port of row.hostPorts) {
    stopApplication(ctx, hostId, port, !cleanly);
    const key = applicationKey(hostId, port);
    if (ctx.get(installed, key)) ctx.delete(installed, key);
  }
  ctx.update(rows, row, { exitCode: code, healthy: false });
  ctx.emit(containerChanged, { containerId: row.containerId });
}

/** A health check inside passes while every server answers, and none with an error. */
function isHealthy(ctx: Ctx, { run, hostPorts, exitCode, stopping }: Container): boolean {
  if (exitCode !== null || stopping) return false;
  return hostPorts.every((port) => {
    const application = applicationOn(ctx, run.hostId, port);
    return application?.state === 'up' && application.healthStatus < 400;
  });
}

/** Where the servers of a container are reached; nothing where no port leads to one. */
function hostPortOf({ ports, ownNetwork }: ContainerRun, containerPort: number): number | undefined {
  const mapped = ports.find((one) => one.containerPort === containerPort)?.hostPort;
  return mapped ?? (ownNetwork ? containerPort : undefined);
}

const behind: Containers = {
  start(ctx, run) {
    const { containerId, hostId } = run;
    const manifest = containerManifest(run);
    const reached = manifest.applications.flatMap((application) => {
      const port = hostPortOf(run, application.port);
      return port === undefined ? [] : [{ ...application, port }];
    });
    const hostPorts = reached.map(({ port }) => port);
    ctx.put(rows, { containerId, run, manifest, hostPorts, stopping: false, exitCode: null, healthy: false });
    for (const application of reached) startApplication(ctx, hostId, manifest.version, application);
    if (manifest.exits) {
      const { afterMs, code } = manifest.exits;
      ctx.schedule(ends, ctx.now + afterMs, { containerId, code, stopped: false });
    }
    ctx.wake(LIFE, containerId);
    return manifest.log;
  },

  stop(ctx, containerId, graceMs) {
    const row = ctx.get(rows, containerId);
    if (!row || row.exitCode !== null || row.stopping) return;
    const { applications } = row.manifest;
    const takes = Math.max(0, ...applications.map(({ stopMs }) => stopMs));
    const handled = applications.length > 0 && applications.every(({ drain }) => drain);
    const code = takes > graceMs ? KILLED : handled ? 0 : TERMINATED;
    // At its signal a server stops to accept connections.
    if (takes <= graceMs) for (const port of row.hostPorts) stopApplication(ctx, row.run.hostId, port);
    ctx.update(rows, row, { stopping: true, healthy: false });
    ctx.schedule(ends, ctx.now + Math.min(takes, graceMs), { containerId, code, stopped: true });
  },

  state(ctx, containerId) {
    const row = ctx.get(rows, containerId);
    if (!row) return undefined;
    const { exitCode, healthy } = row;
    return exitCode === null ? { running: true, healthy } : { running: false, exitCode, healthy: false };
  },

  agentConnected,

  remove(ctx, containerId) {
    const row = ctx.get(rows, containerId);
    if (!row) return;
    if (row.exitCode === null) end(ctx, row, KILLED, false);
    for (const port of row.hostPorts) {
      const key = applicationKey(row.run.hostId, port);
      if (ctx.get(applicationEnds, key) && row.run.ownNetwork) ctx.delete(applicationEnds, key);
    }
    ctx.delete(rows, containerId);
  },
};

const LIFE = { name: 'workloads/container' } as const;

/** Containers end with the machine that they are on. */
const life: Reconciler<Container, Ctx> = {
  ...LIFE,
  table: rows,
  wakes: [
    wake(machineChanged, (ctx: Ctx, { instanceId }) =>
      ctx.list(rows, 'host', instanceId).map(({ containerId }) => containerId),
    ),
  ],
  step(ctx, row) {
    if (row.exitCode !== null) return;
    const machine = row.run.hostId.startsWith('i-') ? ctx.get(machineRows, row.run.hostId) : undefined;
    const isOff = row.run.hostId.startsWith('i-') && (!machine || OFF.has(machine.phase));
    if (isOff) return end(ctx, row, KILLED, false);
    const healthy = isHealthy(ctx, row);
    if (healthy === row.healthy) return;
    ctx.update(rows, row, { healthy });
    ctx.emit(containerChanged, { containerId: row.containerId });
  },
};

const OFF: ReadonlySet<string> = new Set(['off', 'lost', 'shutting-down']);

export const modelledContainers: CloudPart = {
  name: 'workloads/containers',
  tables: [rows] as unknown as readonly Table[],
  timers: [onEnds] as unknown as readonly TimerHandler<unknown, Ctx>[],
  reconcilers: [life, ecsAgentLife, ecsAgentRetries] as unknown as readonly Reconciler<Row, Ctx>[],
  provides: [provide(containers, behind)],
};
