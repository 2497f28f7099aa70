// Which applications listen on real machines. Nobody tells when a process opens its port or ends, so it is looked for: all the
// time while scripts run and until what they started listens, and by every health check and request besides.

import { table } from '#world/index.ts';
import type { EffectHandler, Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { machineChanged } from '#cloud/ports/machines.ts';
import { applicationEnds, applicationKey, applicationOn, applications } from '../application.ts';
import { commands } from '../codedeploy-agent/commands.ts';
import type { ManifestApplication } from '../manifest.ts';
import { watchPort } from './effects.ts';
import type { Watch } from './effects.ts';

/** An application that a script has started, or was told to start, at some time. */
export interface Server {
  readonly instanceId: string;
  /** What runs, as far as is known. */
  readonly version: string;
  /** What the script that runs now is to start. */
  readonly next?: string;
  readonly application: ManifestApplication;
  /** Whether its port is being watched. */
  readonly watched: boolean;
  /** Until when it is awaited after the script has ended. */
  readonly awaitedUntil: number;
}

export const servers: Table<Server> = table<Server>(
  'process/servers',
  (row) => applicationKey(row.instanceId, row.application.port),
  { instance: (row) => row.instanceId },
);

/** How long an application may take to listen once its script has ended; after that only health checks look. */
const STARTS_WITHIN_MS = 120_000;
/** A watch without news is renewed so often. */
const WATCH_MS = 1000;

/** A script begins on a machine; it may stop what runs there, or start something new. */
export function scriptBegins(
  ctx: Ctx,
  instanceId: string,
  starts: { version: string; application: ManifestApplication } | undefined,
): void {
  if (starts) {
    const { version, application } = starts;
    const known = ctx.get(servers, applicationKey(instanceId, application.port));
    ctx.put(servers, {
      instanceId,
      version: known?.version ?? version,
      next: version,
      application,
      watched: known?.watched ?? false,
      awaitedUntil: ctx.now + STARTS_WITHIN_MS,
    });
  }
  for (const server of ctx.list(servers, 'instance', instanceId)) watch(ctx, server);
}

/** A script that was to start a version has ended well: what listens from now on is that version. */
export function scriptEnds(ctx: Ctx, instanceId: string, version: string): void {
  for (const server of ctx.list(servers, 'instance', instanceId)) {
    if (server.next !== version) continue;
    const running = settled(server);
    ctx.put(servers, { ...running, awaitedUntil: ctx.now + STARTS_WITHIN_MS });
    const application = applicationOn(ctx, instanceId, server.application.port);
    if (!application || application.version === version) continue;
    ctx.update(applications, application, { version });
    ctx.emit(machineChanged, { instanceId });
  }
}

function settled({ next, ...server }: Server): Server {
  return { ...server, version: next ?? server.version };
}

function watch(ctx: Ctx, server: Server): void {
  if (server.watched) return;
  const { instanceId, application } = ctx.update(servers, server, { watched: true });
  const known = applicationOn(ctx, instanceId, application.port) !== undefined;
  ctx.perform(watchPort, { instanceId, port: application.port, known, forMs: WATCH_MS });
}

const onWatched: EffectHandler<Watch, { readonly listens: boolean }, Ctx> = {
  kind: watchPort,
  done(ctx, { listens }, { instanceId, port }) {
    if (!ctx.get(servers, applicationKey(instanceId, port))) return;
    found(ctx, instanceId, port, listens);
    const server = ctx.get(servers, applicationKey(instanceId, port)) as Server;
    const idle = ctx.update(servers, server, { watched: false });
    const busy = ctx.list(commands, 'instance', instanceId).length > 0;
    if (busy || (!listens && ctx.now < server.awaitedUntil)) watch(ctx, idle);
  },
};

/** Somebody has found a port of a machine open or closed. */
export function found(ctx: Ctx, instanceId: string, port: number, listens: boolean): void {
  const server = ctx.get(servers, applicationKey(instanceId, port));
  const known = applicationOn(ctx, instanceId, port);
  if (!server || (known !== undefined) === listens) return;
  if (listens) {
    const { version, application } = settled(server);
    ctx.put(servers, settled(server));
    const { latency, errors, drain, health } = application;
    ctx.put(applications, {
      instanceId,
      port,
      version,
      state: 'up',
      latency,
      errors,
      drain,
      healthPath: health.path,
      healthStatus: health.status,
    });
  } else {
    ctx.delete(applications, applicationKey(instanceId, port));
    ctx.put(applicationEnds, { instanceId, port, at: ctx.now, cut: false });
  }
  ctx.emit(machineChanged, { instanceId });
}

/** The machine is down: nothing of it listens, and nothing starts by itself when it boots. */
export function forgetServers(ctx: Ctx, instanceId: string): void {
  for (const { application } of ctx.list(servers, 'instance', instanceId))
    ctx.delete(servers, applicationKey(instanceId, application.port));
}

export const listeningEffects: readonly EffectHandler<unknown, unknown, Ctx>[] = [onWatched] as never;
