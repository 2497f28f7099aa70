// Random counts and latencies, from uniform numbers by + - * / and square roots alone, so that every engine finds the same.

import type { LatencyTable } from '#workloads/manifest.ts';

/** Gives the next uniform number in [0, 1). */
export type Draw = () => number;

/** Below this mean a binomial count is drawn exactly; above, it is as good as normal. */
const EXACT_MEAN = 24;
/** So many trials are as good as infinitely many: the binomial count of rare successes is Poisson's. */
const MANY = 2 ** 30;

/** `base` to a whole power, by squaring. */
function power(base: number, exponent: number): number {
  let [result, square, rest] = [1, base, exponent];
  while (rest > 0) {
    if (rest % 2 === 1) result *= square;
    square *= square;
    rest = Math.floor(rest / 2);
  }
  return result;
}

/** How many of `n` happen that each happen with probability `p`. Costs the same for any `n`. */
export function binomial(n: number, p: number, draw: Draw): number {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(n, 1 - p, draw);
  const mean = n * p;
  if (mean >= EXACT_MEAN) {
    let z = -6; // Twelve uniform numbers less six: mean 0, variance 1, and close to normal within four deviations.
    for (let i = 0; i < 12; i += 1) z += draw();
    return Math.min(n, Math.max(0, Math.round(mean + z * Math.sqrt(mean * (1 - p)))));
  }
  const odds = p / (1 - p);
  const u = draw();
  let chance = power(1 - p, n);
  let below = chance;
  let k = 0;
  while (u >= below && k < n && k < 8 * EXACT_MEAN) {
    chance *= ((n - k) / (k + 1)) * odds;
    below += chance;
    k += 1;
  }
  return k;
}

/** How many rare, independent things happen where `mean` are expected. */
export function poisson(mean: number, draw: Draw): number {
  return binomial(MANY, mean / MANY, draw);
}

/** Shares `n` out at random by weight. */
export function multinomial(n: number, weights: readonly number[], draw: Draw): number[] {
  let rest = n;
  let weight = sum(weights);
  return weights.map((one) => {
    const taken = weight <= 0 ? 0 : binomial(rest, one / weight, draw);
    rest -= taken;
    weight -= one;
    return taken;
  });
}

/** Shares `n` out evenly by weight: each share is its expectation, rounded up or down at random; together they are `n`. */
export function apportion(n: number, weights: readonly number[], draw: Draw): number[] {
  const whole = sum(weights);
  const offset = draw();
  let [weight, given] = [0, 0];
  return weights.map((one, i) => {
    weight += one;
    const upTo = i === weights.length - 1 ? n : Math.min(n, Math.floor((n * weight) / whole + offset));
    const share = upTo - given;
    given = upTo;
    return share;
  });
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** The latency (microseconds) of a request that drew `u`. */
export function latencyAt(table: LatencyTable, u: number): number {
  const share = u * 1_000_000;
  let [fromShare, fromMicros] = table[0] ?? [0, 0];
  for (let i = 0; i < table.length; i += 1) {
    const [toShare, toMicros] = table[i] as readonly [number, number];
    if (share < toShare) {
      if (i === 0) return toMicros;
      return fromMicros + ((toMicros - fromMicros) * (share - fromShare)) / (toShare - fromShare);
    }
    fromShare = toShare;
    fromMicros = toMicros;
  }
  return fromMicros;
}

/** A part of a distribution whose requests are treated alike. */
export interface Slice {
  /** Share of the requests. */
  readonly share: number;
  /** Latency in its middle, microseconds. */
  readonly micros: number;
  /** Latencies that stand for its quarters. */
  readonly quarters: readonly number[];
}

/** Slices to each stretch between two points of a table. */
const SLICES = 16;
const sliced = new WeakMap<LatencyTable, readonly Slice[]>();

/** A distribution cut into slices. */
export function slicesOf(table: LatencyTable): readonly Slice[] {
  const known = sliced.get(table);
  if (known) return known;
  const points = [0, ...table.map(([share]) => share / 1_000_000), 1];
  const found: Slice[] = [];
  for (let i = 1; i < points.length; i += 1) {
    const from = points[i - 1] as number;
    const step = ((points[i] as number) - from) / SLICES;
    if (step <= 0) continue;
    for (let k = 0; k < SLICES; k += 1) {
      const at = (part: number): number => Math.round(latencyAt(table, from + (k + part) * step));
      found.push({ share: step, micros: at(0.5), quarters: [at(0.125), at(0.375), at(0.625), at(0.875)] });
    }
  }
  sliced.set(table, found);
  return found;
}

/** Mean of a distribution, microseconds. */
export function meanMicros(table: LatencyTable): number {
  let mean = 0;
  for (const { share, micros } of slicesOf(table)) mean += share * micros;
  return mean;
}
