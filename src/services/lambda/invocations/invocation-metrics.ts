// The metrics of AWS/Lambda.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { runningInAccount, runningNow } from '../functions/concurrency.ts';

const NAMESPACE = 'AWS/Lambda';
const MINUTE = 60_000;

/** What was invoked, and which version that came to. */
export interface Invoked {
  readonly functionName: string;
  /** As the request named it: an alias, a version, or nothing. */
  readonly qualifier?: string;
  readonly executedVersion: string;
  readonly throughAlias: boolean;
}

/** All functions, the function, what was invoked of it, and for an alias each version that it may lead to. */
function dimensionSets(of: Invoked): Readonly<Record<string, string>>[] {
  const { functionName: FunctionName, qualifier, executedVersion: ExecutedVersion, throughAlias } = of;
  const Resource = qualifier === undefined ? FunctionName : `${FunctionName}:${qualifier}`;
  return [
    {},
    { FunctionName },
    { FunctionName, Resource },
    ...(throughAlias ? [{ FunctionName, Resource, ExecutedVersion }] : []),
  ];
}

function publish(
  ctx: Ctx,
  sets: readonly Readonly<Record<string, string>>[],
  { name, at, value, unit = 'Count' }: { name: string; at: number; value: number; unit?: string },
): void {
  const point = { at: Math.floor(at / MINUTE) * MINUTE, unit, values: [value], counts: [1] };
  for (const dimensions of sets) {
    ctx.port(metrics).publish(ctx, { namespace: NAMESPACE, name, dimensions }, point);
  }
}

/** An invocation begins. */
export function countBegun(owner: Ctx, { functionName }: Invoked): void {
  const at = owner.now;
  const [inAll, ofFunction] = [runningInAccount(owner), runningNow(owner, functionName)];
  publish(owner, [{}], { name: 'ConcurrentExecutions', at, value: inAll });
  publish(owner, [{ FunctionName: functionName }], { name: 'ConcurrentExecutions', at, value: ofFunction });
}

/** An invocation has ended; its points bear the time of its beginning. */
export function countEnded(
  owner: Ctx,
  of: Invoked,
  { startedAt, durationMs, failed }: { startedAt: number; durationMs: number; failed: boolean },
): void {
  const sets = dimensionSets(of);
  const at = startedAt;
  publish(owner, sets, { name: 'Invocations', at, value: 1 });
  publish(owner, sets, { name: 'Errors', at, value: failed ? 1 : 0 });
  publish(owner, sets, { name: 'Throttles', at, value: 0 });
  publish(owner, sets, { name: 'Duration', at, value: durationMs, unit: 'Milliseconds' });
}

/** A throttled request is no invocation. */
export function countThrottled(owner: Ctx, of: Invoked): void {
  publish(owner, dimensionSets(of), { name: 'Throttles', at: owner.now, value: 1 });
}

/** An event, or what became of it, could not be handed on. */
export function countUndelivered(
  owner: Ctx,
  functionName: string,
  name: 'DeadLetterErrors' | 'DestinationDeliveryFailures',
): void {
  publish(owner, [{}, { FunctionName: functionName }], { name, at: owner.now, value: 1 });
}
