// What came of a load, read from its buckets and from what has happened since its last settlement.

import type { Ctx } from '#cloud/ctx.ts';
import { binsOf, countOf, joined, quantile } from './latency.ts';
import type { Bins } from './latency.ts';
import { invocationLoads } from './invocation-load.ts';
import { unsettledInvocations } from './invocations.ts';
import { buckets, loads } from './load.ts';
import type { Bucket, FailureReason, Pace } from './load.ts';
import { accounts, bucketsAfter, progress } from './settlement.ts';

/** Results of one version. */
export interface VersionMeasurement {
  readonly requests: number;
  /** Of these, answered 5xx by the application, or ended in an error of the function. */
  readonly failed: number;
}

/** One bucket, for plots. */
export interface MeasuredBucket {
  /** Start, epoch ms. */
  readonly at: number;
  readonly requests: number;
  readonly failed: number;
  /** Answers by version, failed ones too. */
  readonly byVersion: Readonly<Record<string, number>>;
  /** Of these, the ones that did not fail. */
  readonly answered: Readonly<Record<string, number>>;
  /** Failures by reason. */
  readonly byReason: Readonly<Partial<Record<FailureReason, number>>>;
  /** Milliseconds, of answers of the application; 0 where there were none. */
  readonly p50: number;
  readonly p99: number;
  readonly serving: number;
}

/** Measured results of a load, or of a part of its time. A request counts when it ends. */
export interface Measurement {
  readonly load: string;
  /** Epoch ms: the buckets that begin in `[from, to)` count. */
  readonly from: number;
  readonly to: number;
  readonly bucketMs: number;
  readonly requests: number;
  /** Answered with 5xx by whomever, or not at all; invocations that ended in an error or were throttled. */
  readonly failed: number;
  /** Requests that have neither been answered nor failed yet. */
  readonly inFlight: number;
  /** Share of requests that did not fail, 0 to 1; 1 where there were none. */
  readonly availability: number;
  readonly byVersion: Readonly<Record<string, VersionMeasurement>>;
  /** Requests by status; 0 is no answer. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** Failures by reason. */
  readonly byReason: Readonly<Partial<Record<FailureReason, number>>>;
  /** Milliseconds, of answers of the application, failed ones too; 0 where there were none. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** The highest p99 of a bucket. */
  readonly worstBucketP99: number;
  /** Targets that were able to serve at the worst instant. */
  readonly lowestServing: number;
  /** Milliseconds during which a version was able to serve. */
  readonly servedBy: Readonly<Record<string, number>>;
  readonly series: readonly MeasuredBucket[];
}

/**
 * Results of a load up to now. Reads only; throws `RangeError` where there is no such load.
 * @internal
 */
export function measured(ctx: Ctx, loadId: string, window: { from?: number; to?: number } = {}): Measurement {
  const world = ctx.everywhere;
  const load: Pace | undefined = world.get(loads, loadId) ?? world.get(invocationLoads, loadId);
  if (!load) throw new RangeError(`There is no load ${loadId}.`);
  const { from = load.startedAt, to = ctx.now } = window;
  const rows = new Map(world.list(buckets, 'load', loadId).map((bucket) => [bucket.at, bucket]));
  const unsettled = accounts(world).find((account) => account.load.id === loadId);
  const open = unsettled ? bucketsAfter(world, unsettled) : unsettledInvocations(world, loadId);
  for (const bucket of open) rows.set(bucket.at, bucket);
  const chosen = [...rows.values()].filter(({ at }) => at >= from && at < Math.max(to, from + 1));
  const inFlight = (unsettled?.progress ?? world.get(progress, loadId))?.inFlight ?? 0;
  return { load: loadId, from, to, bucketMs: load.bucketMs, inFlight, ...summary(load, chosen) };
}

interface Sums {
  requests: number;
  failed: number;
  byVersion: Record<string, { requests: number; failed: number }>;
  byStatus: Record<string, number>;
  byReason: Partial<Record<FailureReason, number>>;
}

function sums(): Sums {
  return { requests: 0, failed: 0, byVersion: {}, byStatus: {}, byReason: {} };
}

function addOutcomes(to: Sums, outcomes: Readonly<Record<string, number>>): Sums {
  for (const [key, count] of Object.entries(outcomes)) {
    const parts = key.split('|');
    // A version may have bars in its name; status and reason have none.
    const [version, status, reason] = [parts.slice(0, -2).join('|'), parts.at(-2) as string, parts.at(-1)];
    // A function that fails is answered with 200.
    const failed = Number(status) >= 500 || status === '0' || reason ? count : 0;
    to.requests += count;
    to.failed += failed;
    to.byStatus[status] = (to.byStatus[status] ?? 0) + count;
    if (version !== '') {
      const known = (to.byVersion[version] ??= { requests: 0, failed: 0 });
      known.requests += count;
      known.failed += failed;
    }
    if (reason) to.byReason[reason as FailureReason] = (to.byReason[reason as FailureReason] ?? 0) + count;
  }
  return to;
}

type Summary = Omit<Measurement, 'load' | 'from' | 'to' | 'bucketMs' | 'inFlight'>;

function summary(load: Pace, rows: readonly Bucket[]): Summary {
  const all = sums();
  const servedBy: Record<string, number> = {};
  let lowestServing = Infinity;
  const series = rows.map((bucket): MeasuredBucket => {
    const { at, outcomes, serving, served } = bucket;
    addOutcomes(all, outcomes);
    for (const version in served) servedBy[version] = (servedBy[version] ?? 0) + (served[version] as number);
    if (at < (load.endsAt ?? Infinity)) lowestServing = Math.min(lowestServing, serving);
    const { requests, failed, byVersion, byReason } = addOutcomes(sums(), outcomes);
    const perVersion = (
      count: (one: { requests: number; failed: number }) => number,
    ): Record<string, number> =>
      Object.fromEntries(Object.entries(byVersion).map(([version, one]) => [version, count(one)]));
    const bins = binsOf(bucket.latencies);
    return {
      at,
      requests,
      failed,
      byVersion: perVersion((one) => one.requests),
      answered: perVersion((one) => one.requests - one.failed),
      byReason,
      p50: ms(bins, 500_000),
      p99: ms(bins, 990_000),
      serving,
    };
  });
  const bins = binsOf(joined(rows.map(({ latencies }) => latencies)));
  return {
    ...all,
    availability: all.requests === 0 ? 1 : (all.requests - all.failed) / all.requests,
    p50: ms(bins, 500_000),
    p90: ms(bins, 900_000),
    p99: ms(bins, 990_000),
    max: ms(bins, 1_000_000),
    worstBucketP99: series.reduce((worst, { p99 }) => Math.max(worst, p99), 0),
    lowestServing: lowestServing === Infinity ? 0 : lowestServing,
    servedBy,
    series,
  };
}

function ms(bins: Bins, perMillion: number): number {
  return quantile(bins, perMillion, countOf(bins)) / 1000;
}
