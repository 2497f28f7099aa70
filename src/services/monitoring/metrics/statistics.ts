// Aggregates of data points and the statistics that are read from them. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html

import { Fault } from '#contract/fault.ts';

/** Distinct values and how often each occurred, in rising order of the values. */
export interface Histogram {
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

/** What is known of the samples of one period. */
export interface Aggregate {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Absent where a statistic set says too little for percentiles. */
  readonly histogram?: Histogram;
}

/** Distinct values that one stored data point keeps; beyond that neighbours are merged. */
const MOST_VALUES = 500;

/** Samples as values and counts; both arrays are as long as each other. */
export function aggregateOf(values: readonly number[], counts: readonly number[]): Aggregate {
  let count = 0;
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  const byValue = new Map<number, number>();
  for (const [index, value] of values.entries()) {
    const times = counts[index] ?? 1;
    if (times <= 0) continue;
    count += times;
    sum += value * times;
    if (value < min) min = value;
    if (value > max) max = value;
    byValue.set(value, (byValue.get(value) ?? 0) + times);
  }
  return { count, sum, min, max, histogram: histogramOf(byValue) };
}

/** A statistic set. Percentiles exist only where all samples were equal, as AWS documents. */
export function aggregateOfSet(set: {
  SampleCount: number;
  Sum: number;
  Minimum: number;
  Maximum: number;
}): Aggregate {
  const { SampleCount: count, Sum: sum, Minimum: min, Maximum: max } = set;
  const plain = { count, sum, min, max };
  return count === 1 || min === max ? { ...plain, histogram: { values: [min], counts: [count] } } : plain;
}

/** Both together; an aggregate without a histogram leaves the whole without one. */
export function merged(left: Aggregate, right: Aggregate): Aggregate {
  const plain = {
    count: left.count + right.count,
    sum: left.sum + right.sum,
    min: Math.min(left.min, right.min),
    max: Math.max(left.max, right.max),
  };
  if (!left.histogram || !right.histogram) return plain;
  return { ...plain, histogram: mergedHistograms(left.histogram, right.histogram) };
}

/** Both rise, and so does what they make together. */
function mergedHistograms(left: Histogram, right: Histogram): Histogram {
  const values: number[] = [];
  const counts: number[] = [];
  let [l, r] = [0, 0];
  while (l < left.values.length || r < right.values.length) {
    const [first = Infinity, second = Infinity] = [left.values[l], right.values[r]];
    let count = 0;
    if (first <= second) count += left.counts[l++] as number;
    if (second <= first) count += right.counts[r++] as number;
    values.push(Math.min(first, second));
    counts.push(count);
  }
  if (values.length <= MOST_VALUES) return { values, counts };
  return histogramOf(new Map(values.map((value, at) => [value, counts[at] as number])));
}

function histogramOf(byValue: ReadonlyMap<number, number>): Histogram {
  let pairs = [...byValue].toSorted(([left], [right]) => left - right);
  while (pairs.length > MOST_VALUES) pairs = halved(pairs);
  return { values: pairs.map(([value]) => value), counts: pairs.map(([, count]) => count) };
}

/** Each two neighbours become their mean. */
function halved(pairs: readonly (readonly [number, number])[]): [number, number][] {
  const found: [number, number][] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const [value, count] = pairs[index] as [number, number];
    const [other, more] = pairs[index + 1] ?? [value, 0];
    found.push([(value * count + other * more) / (count + more), count + more]);
  }
  return found;
}

/** What a name such as `Average` or `p99.9` stands for. */
export type Statistic =
  | 'SampleCount'
  | 'Average'
  | 'Sum'
  | 'Minimum'
  | 'Maximum'
  | { readonly percentile: number };

const PLAIN: readonly string[] = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'];
const FURTHER = /^(?:(?:tm|tc|ts|wm|TM|TC|TS|WM|PR)(?:\d|\()|IQM$)/;

/** The statistic, or `NotImplemented` for AWS's further ones, or nothing where there is no such statistic. */
export function parseStatistic(name: string): Statistic | undefined {
  if (PLAIN.includes(name)) return name as Statistic;
  const [, digits] = /^p(\d{1,3}(?:\.\d{1,10})?)$/.exec(name) ?? [];
  if (digits !== undefined && Number(digits) <= 100) return { percentile: Number(digits) };
  if (FURTHER.test(name))
    throw new Fault('NotImplemented', `The statistic ${name} is not modelled by Sandtable.`);
  return undefined;
}

/** The statistic of some samples; nothing where they do not say. */
export function valueOf(aggregate: Aggregate, statistic: Statistic): number | undefined {
  if (aggregate.count === 0) return undefined;
  switch (statistic) {
    case 'SampleCount':
      return aggregate.count;
    case 'Average':
      return aggregate.sum / aggregate.count;
    case 'Sum':
      return aggregate.sum;
    case 'Minimum':
      return aggregate.min;
    case 'Maximum':
      return aggregate.max;
    default:
      return aggregate.histogram && percentileOf(aggregate.histogram, aggregate.count, statistic.percentile);
  }
}

/** By nearest rank: the smallest value that at least p per cent of the samples do not exceed. */
function percentileOf({ values, counts }: Histogram, count: number, percentile: number): number | undefined {
  const rank = (percentile * count) / 100;
  let below = 0;
  for (const [index, value] of values.entries()) {
    below += counts[index] as number;
    // The rank of p99.9 of 1,000 samples must not become 1,000 by rounding.
    if (below >= rank - 1e-9) return value;
  }
  return values.at(-1);
}

/** Samples below which AWS calls a percentile insignificant. */
export function fewestSamples(statistic: Statistic): number {
  if (typeof statistic === 'string') return 0;
  const share = statistic.percentile / 100;
  if (share <= 0 || share >= 1) return 0;
  return share >= 0.5 ? 10 / (1 - share) : 10 / share;
}
