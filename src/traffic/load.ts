// Load and what came of it: the rows that the engine writes and that rehearsals read.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Histogram } from './latency.ts';

/**
 * `exact`: one event for each request. `binned`: counts for each interval between two changes of what traffic meets; costs the
 * same at any rate. Both agree within statistical bounds. `sampled`: real requests, where targets are real servers.
 */
export type Resolution = 'exact' | 'binned' | 'sampled';

/** How requests come: open-loop, so that a slow answer delays no later request. */
export interface Pace {
  readonly id: string;
  /** Account and region of what they are for, as in `ctx.scope`. */
  readonly scope: string;
  /** Requests in a thousand seconds, so that slow loads stay integers. */
  readonly perThousandSeconds: number;
  readonly resolution: Resolution;
  readonly startedAt: number;
  /** First instant without new requests; absent while it goes on. */
  readonly endsAt?: number;
  /** Width of the buckets in which results are kept (ms). */
  readonly bucketMs: number;
}

/** A stream of requests from outside to a load balancer. */
export interface Load extends Pace {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method: string;
  /** Clients that keep DNS answers, where the host is a name of a hosted zone. */
  readonly clients?: number;
}

/** @internal */
export const loads: Table<Load> = table<Load>('traffic/loads', (row) => row.id, {}, { settles: true });

/** Why a request failed. */
export type FailureReason =
  /** The application answered 5xx. */
  | 'application'
  /** The target went away while the request was under way: 502. */
  | 'cut off'
  /** The target refused the connection: 502. */
  | 'refused'
  /** The target did not answer in time: 504. */
  | 'timeout'
  /** No target was registered: 503. */
  | 'no target'
  /** The load balancer's name did not resolve, or nothing listened. */
  | 'unreachable'
  /** A rule of the load balancer answers 5xx by itself. */
  | 'fixed response'
  /** More invocations than the function may run at once. */
  | 'throttled';

const BUCKET_MS = 10_000;
const NARROWEST_BUCKET_MS = 1000;
const HIGHEST_RATE = 10_000_000;

/** What a request says of how requests come. */
export interface PaceRequest {
  /** Requests a second, on average; from a thousandth to ten million, in thousandths. */
  readonly ratePerSecond: number;
  /** Width of the buckets in which results are kept; 10 s unless given, at least 1 s. */
  readonly bucketMs?: number;
  /** Goes on until it is stopped unless given. */
  readonly durationMs?: number;
}

/**
 * A pace that begins now. Throws `RangeError` for numbers that make none.
 * @internal
 */
export function paceFrom(
  ctx: Ctx,
  { ratePerSecond, bucketMs = BUCKET_MS, durationMs }: PaceRequest,
): Omit<Pace, 'resolution'> {
  const perThousandSeconds = Math.round(ratePerSecond * 1000);
  if (!(perThousandSeconds >= 1 && ratePerSecond <= HIGHEST_RATE)) {
    throw new RangeError(`ratePerSecond is ${ratePerSecond}; it must be from 0.001 to ${HIGHEST_RATE}.`);
  }
  if (!Number.isInteger(bucketMs) || bucketMs < NARROWEST_BUCKET_MS) {
    throw new RangeError(
      `bucketMs is ${bucketMs}; it must be a whole number from ${NARROWEST_BUCKET_MS} on.`,
    );
  }
  if (durationMs !== undefined && !(Number.isInteger(durationMs) && durationMs > 0)) {
    throw new RangeError(`durationMs is ${durationMs}; it must be a whole number above 0.`);
  }
  return {
    id: ctx.everywhere.id('load'),
    scope: ctx.scope,
    perThousandSeconds,
    startedAt: ctx.now,
    ...(durationMs === undefined ? {} : { endsAt: ctx.now + durationMs }),
    bucketMs,
  };
}

/** Results of one load in one interval of time. A request belongs to the interval in which it ended. */
export interface Bucket {
  readonly load: string;
  /** Start, epoch ms; the width is the load's `bucketMs`. */
  readonly at: number;
  /** Requests by outcome: `version|status|reason`, with empty version where no application answered, empty reason on success. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Requests that an application answered, by latency. */
  readonly latencies: Histogram;
  /** Lowest number of targets that were able to serve (registered, in rotation and up) at any instant of the bucket. */
  readonly serving: number;
  /** Milliseconds of the bucket during which a version was able to serve, by version. */
  readonly served: Readonly<Record<string, number>>;
}

/** @internal */
export const buckets: Table<Bucket> = table<Bucket>('traffic/buckets', (row) => bucketKey(row.load, row.at), {
  load: (row) => row.load,
});

/**
 * Keys sort by time: instants are padded.
 * @internal
 */
export function bucketKey(load: string, at: number): string {
  return `${load}/${String(at).padStart(15, '0')}`;
}
