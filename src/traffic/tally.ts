// What came of the requests of one load in one interval, while it is being added up: plain arrays, no row and no object for a
// request. All instants are microseconds since the load began.

import { binOf, BINS, mark, newMarks } from './latency.ts';
import type { Marks } from './latency.ts';
import type { FailureReason, Pace } from './load.ts';

/** Where CloudWatch counts a request: a load balancer and its target group (or ''), or a function and version. */
export interface Front {
  readonly scope: string;
  readonly loadBalancer: string;
  readonly group: string;
}

/** How a request ended. */
export interface Outcome {
  /** Absent where no load balancer saw the request. */
  readonly front?: Front;
  /** Of the application that answered; '' where none did. */
  readonly version: string;
  /** 0 where there was no answer. */
  readonly status: number;
  readonly reason: FailureReason | '';
  /** No connection to the target came about. */
  readonly unconnected?: boolean;
}

/** As buckets spell it. */
export function outcomeKey({ version, status, reason }: Outcome): string {
  return `${version}|${status}|${reason}`;
}

export class Tally {
  readonly from: number;
  readonly to: number;
  /** Index of the first bucket. */
  readonly first: number;
  readonly bucketMicros: number;
  readonly outcomes: Outcome[] = [];
  /** Requests by outcome, then by bucket. */
  readonly counts: Float64Array[] = [];
  /** Latencies of answers by bucket; made when needed. */
  readonly latencies: (Float64Array | undefined)[];
  readonly fronts: Front[] = [];
  /** Bins of `latencies` and `times` that have counts. */
  readonly marks: Marks = newMarks();
  /** Latencies of answers by front. */
  readonly times: Float64Array[] = [];
  readonly #known = new Map<string, number>();
  readonly #frontOf: number[] = [];
  readonly #answered: boolean[] = [];

  constructor({ bucketMs }: Pace, from: number, to: number) {
    this.from = from;
    this.to = to;
    this.bucketMicros = bucketMs * 1000;
    this.first = Math.floor(from / this.bucketMicros);
    const last = Math.max(this.first, Math.floor((to - 1) / this.bucketMicros));
    this.latencies = Array.from<undefined>({ length: last - this.first + 1 });
  }

  /** The number under which requests that end so are counted. */
  outcome(outcome: Outcome): number {
    const { front, unconnected = false } = outcome;
    const place = front ? `${front.scope} ${front.loadBalancer} ${front.group}` : '';
    const key = `${place} ${String(unconnected)} ${outcomeKey(outcome)}`;
    let index = this.#known.get(key);
    if (index !== undefined) return index;
    this.#known.set(key, (index = this.outcomes.length));
    this.outcomes.push(outcome);
    this.counts.push(new Float64Array(this.latencies.length));
    this.#frontOf.push(front ? this.#front(front) : -1);
    this.#answered.push(outcome.version !== '');
    return index;
  }

  /** Requests that ended at an instant of the interval. */
  add(outcome: number, end: number, micros: number, count: number): void {
    const bucket = Math.floor(end / this.bucketMicros) - this.first;
    this.addTo(outcome, bucket, micros, count);
  }

  /** Requests that ended in a bucket, counted from the first one of the interval. */
  addTo(outcome: number, bucket: number, micros: number, count: number): void {
    const counts = this.counts[outcome] as Float64Array;
    counts[bucket] = (counts[bucket] as number) + count;
    if (!this.#answered[outcome]) return;
    const bin = binOf(micros);
    mark(this.marks, bin);
    const latencies = (this.latencies[bucket] ??= new Float64Array(BINS));
    latencies[bin] = (latencies[bin] as number) + count;
    const front = this.#frontOf[outcome] as number;
    if (front < 0) return;
    const times = this.times[front] as Float64Array;
    times[bin] = (times[bin] as number) + count;
  }

  /** All requests with an outcome. */
  total(outcome: number): number {
    let total = 0;
    for (const count of this.counts[outcome] as Float64Array) total += count;
    return total;
  }

  #front(front: Front): number {
    const known = this.fronts.findIndex(
      ({ scope, loadBalancer, group }) =>
        scope === front.scope && loadBalancer === front.loadBalancer && group === front.group,
    );
    if (known >= 0) return known;
    this.fronts.push(front);
    this.times.push(new Float64Array(BINS));
    return this.fronts.length - 1;
  }
}
