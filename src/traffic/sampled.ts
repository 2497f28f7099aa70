// Sampled resolution: real requests to real servers, a few a second, along the same route as simulated ones. Their answers are
// rows until the next settlement counts them.

import { table, timer } from '#world/index.ts';
import type { EffectHandler, Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { routing } from '#cloud/ports/routing.ts';
import type { Plan, PlanTarget } from '#cloud/ports/routing.ts';
import { pause, proxyRequest } from '#workloads/process/effects.ts';
import type { Pause, ProxiedAnswer, ProxiedRequest } from '#workloads/process/effects.ts';
import { found } from '#workloads/process/listening.ts';
import { timedOut } from './flights.ts';
import { loads } from './load.ts';
import type { Load } from './load.ts';
import { Ground } from './ground.ts';
import { CONNECT_TIMEOUT_MICROS } from './meeting.ts';
import { hostNow } from './names.ts';
import { chooseTarget } from './routes.ts';
import type { Front, Outcome, Tally } from './tally.ts';

/** How many requests of a load were sent, and how many of them have come to their end. */
export interface Sampler {
  readonly load: string;
  readonly sent: number;
  readonly ended: number;
}

export const sampler: Table<Sampler> = table<Sampler>('traffic/samplers', (row) => row.load);

/** A request that has ended and is not counted yet. */
export interface Sample {
  readonly load: string;
  readonly ordinal: number;
  readonly endedAt: number;
  readonly micros: number;
  readonly outcome: Outcome;
}

export const samples: Table<Sample> = table<Sample>(
  'traffic/samples',
  (row) => `${row.load}/${String(row.ordinal).padStart(12, '0')}`,
  { load: (row) => row.load },
);

/** Answers of servers of which nothing else is known. */
const UNKNOWN_VERSION = 'unknown';

/** Requests of a load come evenly, each at a random instant of its part of time. */
function arrivalAt(ctx: Ctx, { id, perThousandSeconds, startedAt }: Load, ordinal: number): number {
  const spacingMs = 1_000_000 / perThousandSeconds;
  const place = ordinal + ctx.random('traffic/samples', id)(ordinal);
  return Math.floor(startedAt + place * spacingMs);
}

/** In the scope of the world. */
export function startSampling(world: Ctx, load: Load): void {
  world.put(sampler, { load: load.id, sent: 0, ended: 0 });
  awaitNext(world, load, 0);
}

/** Wall time has to pass until the next request: servers see the load's own pace. */
function awaitNext(world: Ctx, load: Load, ordinal: number): void {
  world.perform(pause, { ms: Math.max(0, arrivalAt(world, load, ordinal) - world.now), load: load.id });
}

const onPaused: EffectHandler<Pause, null, Ctx> = {
  kind: pause,
  done(world, _, { load: id }) {
    const [load, known] = [world.get(loads, id), world.get(sampler, id)];
    if (!load || !known || (load.endsAt ?? Infinity) <= world.now) return;
    const { sent } = known;
    world.update(sampler, known, { sent: sent + 1 });
    send(world, load, sent);
    awaitNext(world, load, sent + 1);
  },
};

function send(world: Ctx, load: Load, ordinal: number): void {
  const { id, scope, host, port, path, method } = load;
  const there = world.inScope(scope);
  const to = hostNow(world, load, ordinal);
  const request = { host: to, hostHeader: host, port, path, method };
  const plan = to === '' ? undefined : there.port(routing).plan(there, request);
  const target = chooseTarget(there, plan, `${id}/${ordinal}`);
  if (target === undefined || typeof target === 'number' || plan?.kind !== 'forward')
    return end(world, id, answerWithout(plan, target), 0);
  const front = frontOf(plan, target);
  const ground = new Ground(there.inScope(plan.scope));
  const { finding, application } = ground.spot(target);
  if (finding === 'silent') {
    const micros = CONNECT_TIMEOUT_MICROS;
    const outcome = { ...timedOut(front), unconnected: true };
    return world.schedule(unanswered, world.now + micros / 1000, { load: id, outcome, micros });
  }
  const { instanceId, port: targetPort } = target;
  const version = application?.version ?? UNKNOWN_VERSION;
  there.inScope(plan.scope).perform(proxyRequest, {
    instanceId,
    port: targetPort,
    method,
    path,
    host,
    ...(plan.front ? { front: plan.front } : {}),
    connectMs: CONNECT_TIMEOUT_MICROS / 1000,
    idleMs: plan.idleTimeoutMs,
    reference: { load: id, front, version },
  });
}

function answerWithout(plan: Plan | undefined, status: number | PlanTarget | undefined): Outcome {
  if (!plan || plan.kind === 'refused' || typeof status !== 'number')
    return { version: '', status: 0, reason: 'unreachable' };
  const front = { scope: plan.scope, loadBalancer: plan.loadBalancer, group: '' };
  if (plan.kind === 'forward') return { front, version: '', status, reason: 'no target' };
  return { front, version: '', status, reason: status >= 500 ? 'fixed response' : '' };
}

function frontOf(
  { scope, loadBalancer, groups }: Extract<Plan, { kind: 'forward' }>,
  target: PlanTarget,
): Front {
  const group = groups.find(({ targets }) => targets.includes(target));
  return { scope, loadBalancer, group: group?.dimension ?? '' };
}

function end(world: Ctx, load: string, outcome: Outcome, micros: number): void {
  const known = world.get(sampler, load);
  if (!known) return;
  world.put(samples, { load, ordinal: known.ended, endedAt: world.now, micros, outcome });
  world.update(sampler, known, { ended: known.ended + 1 });
}

interface Unanswered {
  readonly load: string;
  readonly outcome: Outcome;
  readonly micros: number;
}

/** A connection that nothing answers is given up. */
const unanswered: TimerKind<Unanswered> = timer<Unanswered>('traffic/sample-unanswered');

const onUnanswered: TimerHandler<Unanswered, Ctx> = {
  kind: unanswered,
  live: (world, { load }) => world.get(sampler, load) !== undefined,
  fire: (world, { load, outcome, micros }) => end(world, load, outcome, micros),
};

const onAnswered: EffectHandler<ProxiedRequest, ProxiedAnswer, Ctx> = {
  kind: proxyRequest,
  done(ctx, answer, { instanceId, port, reference: { load, front, version } }) {
    if (answer.kind === 'answered' || answer.kind === 'refused')
      found(ctx, instanceId, port, answer.kind === 'answered');
    end(ctx.everywhere, load, outcomeOf(answer, front, version), answer.micros);
  },
};

function outcomeOf(answer: ProxiedAnswer, front: Front, version: string): Outcome {
  switch (answer.kind) {
    case 'answered':
      return { front, version, status: answer.status, reason: answer.status >= 500 ? 'application' : '' };
    case 'refused':
      return { front, version: '', status: 502, reason: 'refused', unconnected: true };
    case 'lost':
      return { front, version: '', status: 502, reason: 'cut off' };
    case 'unconnected':
      return { ...timedOut(front), unconnected: true };
    case 'timeout':
      return timedOut(front);
  }
}

/** Requests that have been sent and not answered. */
export function underWay(world: Ctx, load: string): number {
  const { sent, ended } = world.get(sampler, load) ?? { sent: 0, ended: 0 };
  return sent - ended;
}

/** Adds what has ended since the last settlement. */
export function countSamples(world: Ctx, { id, startedAt }: Load, tally: Tally): void {
  for (const { endedAt, micros, outcome } of world.list(samples, 'load', id)) {
    const at = Math.min(Math.max((endedAt - startedAt) * 1000, tally.from), tally.to - 1);
    tally.add(tally.outcome(outcome), at, micros, 1);
  }
}

/** What is counted is done with. */
export function forgetSamples(world: Ctx, load: string): void {
  for (const { ordinal } of world.list(samples, 'load', load))
    world.delete(samples, `${load}/${String(ordinal).padStart(12, '0')}`);
}

export const sampleEffects: readonly EffectHandler<unknown, unknown, Ctx>[] = [onPaused, onAnswered] as never;
export const sampleTimers: readonly TimerHandler<unknown, Ctx>[] = [onUnanswered] as never;
