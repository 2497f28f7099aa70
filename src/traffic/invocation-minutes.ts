// What Lambda tells CloudWatch of a load's invocations: counted here during a minute, published when it is over.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import type { FunctionRoute } from '#cloud/ports/functions.ts';
import { addCounts, binsOf, condense } from './latency.ts';
import type { Histogram } from './latency.ts';
import { MINUTE_MS } from './minutes.ts';
import type { Tally } from './tally.ts';

/** Counts of the minute that runs, of one version that a load comes to; without a version, of what was throttled. */
export interface InvocationMinute {
  readonly load: string;
  readonly version: string;
  readonly scope: string;
  readonly functionName: string;
  readonly qualifier?: string;
  readonly throughAlias: boolean;
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly durations: Histogram;
  /** Most invocations that ran at once, in the long run. */
  readonly concurrency: number;
}

export const invocationMinutes: Table<InvocationMinute> = table<InvocationMinute>(
  'traffic/invocation-minutes',
  (row) => keyOf(row.load, row.version),
);

function keyOf(load: string, version: string): string {
  return `${load}/${version}`;
}

/** Adds a tally to the minute that runs. Its fronts are the versions. */
export function countInvocations(
  world: Ctx,
  load: { id: string; scope: string },
  route: FunctionRoute,
  tally: Tally,
  concurrency: number,
): void {
  tally.fronts.forEach((front, f) => {
    const version = front.group;
    const known = world.get(invocationMinutes, keyOf(load.id, version));
    let [invocations, errors, throttles] = [0, 0, 0];
    tally.outcomes.forEach(({ front: of, reason }, o) => {
      if (of?.group !== version) return;
      const total = tally.total(o);
      if (reason === 'throttled') throttles += total;
      else invocations += total;
      if (reason === 'application' || reason === 'timeout') errors += total;
    });
    if (invocations + throttles === 0) return;
    const { functionName, qualifier, throughAlias } = route;
    world.put(invocationMinutes, {
      load: load.id,
      version,
      scope: load.scope,
      functionName,
      ...(qualifier === undefined ? {} : { qualifier }),
      throughAlias,
      invocations: (known?.invocations ?? 0) + invocations,
      errors: (known?.errors ?? 0) + errors,
      throttles: (known?.throttles ?? 0) + throttles,
      durations: addCounts(known?.durations ?? [], tally.times[f] as Float64Array, tally.marks),
      concurrency: Math.max(known?.concurrency ?? 0, concurrency),
    });
  });
}

type Dimensions = Readonly<Record<string, string>>;

/** All functions, the function, what was invoked of it, and for an alias each version that it leads to. */
function dimensionSets(row: InvocationMinute): Dimensions[] {
  const { functionName: FunctionName, qualifier, version: ExecutedVersion, throughAlias } = row;
  const Resource = qualifier === undefined ? FunctionName : `${FunctionName}:${qualifier}`;
  const known: Dimensions[] = [{}, { FunctionName }, { FunctionName, Resource }];
  return throughAlias && ExecutedVersion !== ''
    ? [...known, { FunctionName, Resource, ExecutedVersion }]
    : known;
}

/** Publishes the minute of a load that ends now. */
export function publishInvocationMinute(world: Ctx, load: string): void {
  const at = world.now - MINUTE_MS;
  for (const row of world.scan(invocationMinutes, { prefix: `${load}/` })) {
    world.delete(invocationMinutes, keyOf(load, row.version));
    const there = world.inScope(row.scope);
    for (const dimensions of dimensionSets(row)) publishRow(there, row, dimensions, at);
    const level = { values: [row.concurrency], counts: [1] };
    for (const dimensions of [{}, { FunctionName: row.functionName }])
      publish(there, 'ConcurrentExecutions', dimensions, { at, unit: 'Count', ...level });
  }
}

function publishRow(there: Ctx, row: InvocationMinute, dimensions: Dimensions, at: number): void {
  const { invocations, errors, throttles, durations } = row;
  const counted = (ones: number, zeros: number): { values: number[]; counts: number[] } => {
    const parts = [
      [1, ones],
      [0, zeros],
    ].filter(([, count]) => (count as number) > 0) as [number, number][];
    return { values: parts.map(([value]) => value), counts: parts.map(([, count]) => count) };
  };
  const count = { at, unit: 'Count' };
  if (invocations > 0) {
    publish(there, 'Invocations', dimensions, { ...count, ...counted(invocations, 0) });
    publish(there, 'Errors', dimensions, { ...count, ...counted(errors, invocations - errors) });
  }
  publish(there, 'Throttles', dimensions, { ...count, ...counted(throttles, invocations) });
  const { values, counts } = condense(binsOf(durations));
  if (values.length === 0) return;
  const ms = values.map((micros) => micros / 1000);
  publish(there, 'Duration', dimensions, { at, unit: 'Milliseconds', values: ms, counts });
}

function publish(
  there: Ctx,
  name: string,
  dimensions: Dimensions,
  point: { at: number; unit: string; values: readonly number[]; counts: readonly number[] },
): void {
  there.port(metrics).publish(there, { namespace: 'AWS/Lambda', name, dimensions }, point);
}
