// A measurement's buckets as points of a plot: as many as a plot can show, each with the counts of the buckets that it covers.

import type { Measurement } from '#traffic/measure.ts';

/** More points than this cannot be told apart in a plot. */
const MOST_POINTS = 240;

type Counts = Record<string, number>;

/** What came of the requests in one stretch of time. */
export interface Point {
  readonly at: number;
  /** Until when it holds. */
  readonly to: number;
  readonly requests: number;
  readonly failed: number;
  /** Answers that did not fail, by version. */
  readonly answered: Readonly<Counts>;
  /** Answers that neither failed nor came from an application. */
  readonly answeredByBalancer: number;
  /** Failures by reason. */
  readonly byReason: Readonly<Counts>;
  /** Highest p99 of a bucket, and the p50 of that bucket (ms). */
  readonly p50: number;
  readonly p99: number;
  /** Lowest number of targets able to serve. */
  readonly serving: number;
}

export function pointsOf({ series, bucketMs, to }: Measurement, most: number = MOST_POINTS): Point[] {
  // A last bucket that has hardly begun would show as a spike.
  const last = series.at(-1);
  const whole = last && to - last.at < bucketMs / 2 ? series.slice(0, -1) : series;
  const width = Math.max(1, Math.ceil(whole.length / most));
  const points: Point[] = [];
  for (let from = 0; from < whole.length; from += width) {
    const chunk = whole.slice(from, from + width);
    const end = (chunk.at(-1)?.at ?? 0) + bucketMs;
    points.push(pointOf(chunk, end > to ? to : end));
  }
  return points;
}

function pointOf(chunk: Measurement['series'], to: number): Point {
  const answered: Counts = {};
  const byReason: Counts = {};
  let [requests, failed, p50, p99, serving] = [0, 0, 0, 0, Infinity];
  for (const bucket of chunk) {
    requests += bucket.requests;
    failed += bucket.failed;
    serving = Math.min(serving, bucket.serving);
    if (bucket.p99 > p99) [p50, p99] = [bucket.p50, bucket.p99];
    add(answered, bucket.answered);
    add(byReason, bucket.byReason);
  }
  const byApplications = Object.values(answered).reduce((sum, count) => sum + count, 0);
  const answeredByBalancer = Math.max(0, requests - failed - byApplications);
  const at = chunk[0]?.at ?? 0;
  return { at, to, requests, failed, answered, answeredByBalancer, byReason, p50, p99, serving };
}

function add(to: Counts, counts: Readonly<Partial<Counts>>): void {
  for (const [name, count = 0] of Object.entries(counts)) to[name] = (to[name] ?? 0) + count;
}
