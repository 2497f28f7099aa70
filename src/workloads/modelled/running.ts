// Applications of modelled machines: start, listen, hang, stop, die.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import {
  applicationEnds,
  applicationKey,
  applicationOn,
  applications,
  applicationsOn,
} from '../application.ts';
import type { Application } from '../application.ts';
import type { ManifestApplication } from '../manifest.ts';
import { installed, machineRows } from './machine-rows.ts';

interface Due {
  instanceId: string;
  port: number;
  starts: number;
}

const listens: TimerKind<Due> = timer<Due>('workloads/application-listens');
/** Going wrong later is no reason for time to move. */
const hangs: TimerKind<Due> = timer<Due>('workloads/application-hangs', { background: true });

/** A start at the end of a script, whatever becomes of the agent that ran it. */
export interface Start {
  instanceId: string;
  boots: number;
  version: string;
  application: ManifestApplication;
}

export const applicationStarts: TimerKind<Start> = timer<Start>('workloads/application-starts');

/**
 * Starts an application. What listened on its port makes way, so that a script that starts it also restarts
 * it.
 */
export function startApplication(
  ctx: Ctx,
  instanceId: string,
  version: string,
  application: ManifestApplication,
): void {
  const { port, latency, errors, drain, health, startMs } = application;
  stopApplication(ctx, instanceId, port);
  const starts = (ctx.get(installed, applicationKey(instanceId, port))?.starts ?? 0) + 1;
  ctx.put(installed, { instanceId, version, application, starts });
  ctx.put(applications, {
    instanceId,
    port,
    version,
    state: 'starting',
    latency,
    errors,
    drain,
    healthPath: health.path,
    healthStatus: health.status,
  });
  ctx.schedule(listens, ctx.now + startMs, { instanceId, port, starts });
  ctx.emit(machineChanged, { instanceId });
}

/** The process ends by itself after its stop signal, at once as far as new connections go. `killed`: nothing is finished. */
export function stopApplication(ctx: Ctx, instanceId: string, port: number, killed: boolean = false): void {
  const application = applicationOn(ctx, instanceId, port);
  if (application) end(ctx, application, killed || !application.drain);
}

/** Every process of a machine ends: cleanly, or with the machine. Returns how long the slowest takes (ms). */
export function stopAll(ctx: Ctx, instanceId: string, cut: boolean): number {
  let slowest = 0;
  for (const application of applicationsOn(ctx, instanceId)) {
    const { application: { stopMs } = { stopMs: 0 } } =
      ctx.get(installed, applicationKey(instanceId, application.port)) ?? {};
    slowest = Math.max(slowest, stopMs);
    end(ctx, application, cut || !application.drain);
  }
  return cut ? 0 : slowest;
}

function end(ctx: Ctx, { instanceId, port }: Application, cut: boolean): void {
  ctx.delete(applications, applicationKey(instanceId, port));
  ctx.put(applicationEnds, { instanceId, port, at: ctx.now, cut });
  ctx.emit(machineChanged, { instanceId });
}

/** Starts what starts by itself with the machine. */
export function startServices(ctx: Ctx, instanceId: string): void {
  for (const { version, application } of ctx.list(installed, 'instance', instanceId)) {
    if (application.service) startApplication(ctx, instanceId, version, application);
  }
}

function current(ctx: Ctx, { instanceId, port, starts }: Due): boolean {
  const known = ctx.get(installed, applicationKey(instanceId, port));
  return known?.starts === starts && applicationOn(ctx, instanceId, port) !== undefined;
}

const onListens: TimerHandler<Due, Ctx> = {
  kind: listens,
  live: current,
  fire(ctx, due) {
    const { instanceId, port } = due;
    ctx.update(applications, applicationOn(ctx, instanceId, port) as Application, { state: 'up' });
    const { hangsAfterMs } = ctx.get(installed, applicationKey(instanceId, port))?.application ?? {};
    if (hangsAfterMs !== undefined) ctx.schedule(hangs, ctx.now + hangsAfterMs, due);
    ctx.emit(machineChanged, { instanceId });
  },
};

const onHangs: TimerHandler<Due, Ctx> = {
  kind: hangs,
  live: current,
  fire(ctx, { instanceId, port }) {
    ctx.update(applications, applicationOn(ctx, instanceId, port) as Application, { state: 'hung' });
    ctx.emit(machineChanged, { instanceId });
  },
};

const onStarts: TimerHandler<Start, Ctx> = {
  kind: applicationStarts,
  live(ctx, { instanceId, boots }) {
    const machine = ctx.get(machineRows, instanceId);
    return machine?.boots === boots && (machine.phase === 'up' || machine.phase === 'user-data');
  },
  fire: (ctx, { instanceId, version, application }) =>
    startApplication(ctx, instanceId, version, application),
};

export const runningTimers: readonly TimerHandler<unknown, Ctx>[] = [onListens, onHangs, onStarts] as never;
