// Loads of invocations: no invocation of them is made by itself. Their rows belong to the world, as those of other loads.

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { functionHost, functionRoutes } from '#cloud/ports/functions.ts';
import { functionDuration } from '#workloads/functions/timings.ts';
import { publishInvocationMinute } from './invocation-minutes.ts';
import { paceFrom } from './load.ts';
import type { Pace, PaceRequest } from './load.ts';
import { MINUTE_MS } from './minutes.ts';

/** A load of invocations to start. */
export interface InvocationRequest extends PaceRequest {
  /** Name or ARN of a function, with a version or an alias or without: `orders:live`. */
  readonly function: string;
  /** `binned` unless given. */
  readonly resolution?: 'exact' | 'binned';
}

export interface InvocationLoad extends Pace {
  readonly function: string;
}

/** @internal */
export const invocationLoads: Table<InvocationLoad> = table<InvocationLoad>(
  'traffic/invocation-loads',
  (row) => row.id,
  {},
  { settles: true },
);

/** How far a load has been accounted for. The row lives as long as invocations may come. */
export interface InvocationProgress {
  readonly load: string;
  readonly settledAt: number;
  /** When the minute ends that runs. */
  readonly minuteEndsAt: number;
}

/** @internal */
export const invocationProgress: Table<InvocationProgress> = table<InvocationProgress>(
  'traffic/invocation-progress',
  (row) => row.load,
);

/**
 * Starts a load now, in the account and region of `ctx`. Throws `RangeError` for numbers that make no load, for a function that
 * is not there and where functions really run, so that nobody knows beforehand what comes of an invocation.
 * @internal
 */
export function startInvocations(ctx: Ctx, request: InvocationRequest): InvocationLoad {
  const { function: name, resolution = 'binned' } = request;
  const load: InvocationLoad = { ...paceFrom(ctx, request), resolution, function: name };
  const route = ctx.port(functionRoutes).route(ctx, name);
  if (!route) throw new RangeError(`There is no function ${name} that can be invoked.`);
  const host = ctx.port(functionHost);
  if (!host.model) {
    throw new RangeError(`Functions really run here: a load of ${name} would be one of real invocations.`);
  }
  // What is assumed of functions whose package says nothing goes into the report.
  if (route.versions.some((version) => host.model?.(ctx, version).duration === undefined)) {
    ctx.duration(functionDuration, load.id);
  }
  const world = ctx.everywhere;
  world.put(invocationLoads, load);
  const minuteEndsAt = ctx.now - (ctx.now % MINUTE_MS) + MINUTE_MS;
  world.put(invocationProgress, { load: load.id, settledAt: ctx.now, minuteEndsAt });
  world.schedule(minuteOver, minuteEndsAt, { load: load.id, at: minuteEndsAt });
  return load;
}

/**
 * Ends a load now.
 * @internal
 */
export function stopInvocations(world: Ctx, load: InvocationLoad): void {
  if (load.endsAt !== undefined && load.endsAt <= world.now) return;
  world.update(invocationLoads, load, { endsAt: world.now });
}

interface MinuteOver {
  readonly load: string;
  readonly at: number;
}
const minuteOver: TimerKind<MinuteOver> = timer<MinuteOver>('traffic/invocation-minute-over', {
  background: true,
});

/**
 * Each minute boundary while a load goes on: settles, and publishes what CloudWatch gets.
 * @internal
 */
export const publishInvocations: TimerHandler<MinuteOver, Ctx> = {
  kind: minuteOver,
  live: (ctx, { load, at }) => ctx.get(invocationProgress, load)?.minuteEndsAt === at,
  fire(ctx, { load: id }) {
    ctx.kernel.settle();
    publishInvocationMinute(ctx, id);
    const left = ctx.get(invocationProgress, id);
    const endsAt = ctx.get(invocationLoads, id)?.endsAt ?? Infinity;
    if (!left) return;
    if (endsAt <= ctx.now) return ctx.delete(invocationProgress, id);
    const minuteEndsAt = ctx.now + MINUTE_MS;
    ctx.update(invocationProgress, left, { minuteEndsAt });
    ctx.schedule(minuteOver, minuteEndsAt, { load: id, at: minuteEndsAt });
  },
};
