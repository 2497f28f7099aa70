// Starting and stopping loads. The rows of loads and of what came of them belong to the world, not to an account.

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { invocationLoads, stopInvocations } from './invocation-load.ts';
import { loads, paceFrom } from './load.ts';
import type { Load, PaceRequest, Resolution } from './load.ts';
import { MINUTE_MS, publishMinute } from './minutes.ts';
import { caches, namesDue } from './names.ts';
import { startSampling } from './sampled.ts';
import { close, progress } from './settlement.ts';

/** A load to start. */
export interface LoadRequest extends PaceRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** GET unless given. */
  readonly method?: string;
  readonly resolution: Resolution;
  /**
   * Clients from which the requests come, in equal shares, where the host is a name of a hosted zone: each keeps the DNS answer
   * that it got until the TTL is over. 1000 unless given.
   */
  readonly clients?: number;
}

const MOST_CLIENTS = 100_000;

/**
 * Starts a load now, in the account and region of `ctx`. Throws `RangeError` for numbers that make no load.
 * @internal
 */
export function startLoad(ctx: Ctx, request: LoadRequest): Load {
  const { host, port, path, method = 'GET', resolution, clients } = request;
  const pace = paceFrom(ctx, request);
  if (clients !== undefined && !(Number.isInteger(clients) && clients >= 1 && clients <= MOST_CLIENTS)) {
    throw new RangeError(`clients is ${clients}; it must be a whole number from 1 to ${MOST_CLIENTS}.`);
  }
  const world = ctx.everywhere;
  const load: Load = {
    ...pace,
    host,
    port,
    path,
    method,
    resolution,
    ...(clients === undefined ? {} : { clients }),
  };
  world.put(loads, load);
  world.put(progress, {
    load: load.id,
    settledAt: ctx.now,
    turns: {},
    crewsMade: 0,
    inFlight: 0,
    lastEnd: null,
  });
  if (load.endsAt !== undefined) world.schedule(settlementDue, load.endsAt, { load: load.id });
  if (resolution === 'sampled') startSampling(world, load);
  keepTime(world);
  return load;
}

/**
 * Ends a load now; requests under way still come to their end.
 * @internal
 */
export function stopLoad(ctx: Ctx, id: string): void {
  const world = ctx.everywhere;
  const invoking = world.get(invocationLoads, id);
  if (invoking) return stopInvocations(world, invoking);
  const load = world.get(loads, id);
  if (!load) throw new RangeError(`There is no load ${id}.`);
  if (load.endsAt !== undefined && load.endsAt <= ctx.now) return;
  world.update(loads, load, { endsAt: ctx.now });
  world.schedule(settlementDue, ctx.now, { load: id });
}

/** A load ends, or the last of its requests does. */
const settlementDue: TimerKind<{ load: string }> = timer<{ load: string }>('traffic/settlement-due', {
  background: true,
});

/** @internal */
export const settleWhenDue: TimerHandler<{ load: string }, Ctx> = {
  kind: settlementDue,
  live: (ctx, { load }) => ctx.get(progress, load) !== undefined,
  fire(ctx, { load: id }) {
    ctx.kernel.settle();
    const left = ctx.get(progress, id);
    const load = ctx.get(loads, id) as Load;
    if (!left || load.endsAt === undefined || load.endsAt > ctx.now) return;
    if (left.lastEnd === null) return close(ctx, id);
    // Only requests under way are left: once more when the last of them ends.
    ctx.schedule(settlementDue, Math.max(ctx.now + 1, left.lastEnd), { load: id });
  },
};

/**
 * Answers of name servers expire while a load goes on: each bucket's end is settled by itself.
 * @internal
 */
export const settleNames: TimerHandler<{ load: string }, Ctx> = {
  kind: namesDue,
  live: (ctx, { load }) => ctx.get(caches, load) !== undefined,
  fire(ctx, { load: id }) {
    ctx.kernel.settle();
    const load = ctx.get(loads, id) as Load;
    if (ctx.get(caches, id) && (load.endsAt ?? Infinity) > ctx.now)
      ctx.schedule(namesDue, ctx.now + load.bucketMs, { load: id });
  },
};

/** While something is left to tell CloudWatch: when the minute ends that runs. */
interface Pulse {
  readonly id: 'pulse';
  readonly dueAt: number;
}

/** @internal */
export const pulses: Table<Pulse> = table<Pulse>('traffic/pulses', (row) => row.id);

const minuteOver: TimerKind<{ at: number }> = timer<{ at: number }>('traffic/minute-over', {
  background: true,
});

function keepTime(world: Ctx): void {
  if (world.get(pulses, 'pulse')) return;
  const dueAt = world.now - (world.now % MINUTE_MS) + MINUTE_MS;
  world.put(pulses, { id: 'pulse', dueAt });
  world.schedule(minuteOver, dueAt, { at: dueAt });
}

/**
 * Each minute boundary while a load goes on: settles, and publishes what CloudWatch gets.
 * @internal
 */
export const publishEachMinute: TimerHandler<{ at: number }, Ctx> = {
  kind: minuteOver,
  live: (ctx, { at }) => ctx.get(pulses, 'pulse')?.dueAt === at,
  fire(ctx) {
    ctx.kernel.settle();
    publishMinute(ctx);
    ctx.delete(pulses, 'pulse');
    if (ctx.list(progress).length > 0) keepTime(ctx);
  },
};
