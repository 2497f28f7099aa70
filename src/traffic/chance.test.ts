import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '#world/index.ts';
import { inCell } from './arrivals.ts';
import { apportion, binomial, latencyAt, multinomial, poisson, slicesOf } from './chance.ts';
import type { Draw } from './chance.ts';
import { binOf, BINS, condense, microsOf, quantile } from './latency.ts';
import { leastOutstandingShares, inTurn, pick, weighted } from './routes.ts';

function drawFrom(key: string): Draw {
  const stream = randomStream('test', 'chance', key);
  let ordinal = 0;
  return () => stream((ordinal += 1));
}

const RUNS = 20_000;
function moments(sample: () => number): { mean: number; variance: number } {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < RUNS; i += 1) {
    const value = sample();
    sum += value;
    squares += value * value;
  }
  const mean = sum / RUNS;
  return { mean, variance: squares / RUNS - mean * mean };
}

describe('random counts', () => {
  it.each([
    [1, 0.3],
    [40, 0.05],
    [40, 0.9],
    [1000, 0.02],
    [5000, 0.5],
    [10_000_000, 0.000_001],
  ])('have the mean and the variance of a binomial count of %d at %d', (n, p) => {
    const draw = drawFrom(`${n} ${p}`);
    const { mean, variance } = moments(() => binomial(n, p, draw));
    const expected = n * p * (1 - p);
    expect(Math.abs(mean - n * p)).toBeLessThan(5 * Math.sqrt(expected / RUNS));
    expect(variance / expected).toBeCloseTo(1, 1);
  });

  it.each([0.01, 3, 200, 1_000_000])('have the mean and the variance of a Poisson count of %d', (mean) => {
    const draw = drawFrom(`poisson ${mean}`);
    const found = moments(() => poisson(mean, draw));
    expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(mean / RUNS));
    expect(Math.abs(found.variance / mean - 1)).toBeLessThan(0.15);
  });

  it('fill cells with one request on average, and with variance one', () => {
    const draw = drawFrom('cells');
    const { mean, variance } = moments(() => inCell(draw()));
    expect(mean).toBeCloseTo(1, 1);
    expect(variance).toBeCloseTo(1, 1);
  });

  it('add up when they are shared out', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 9 }), weights, fc.string(), (n, parts, key) => {
        fc.pre(parts.some((part) => part > 0));
        const whole = parts.reduce((sum, part) => sum + part, 0);
        const shared = multinomial(n, parts, drawFrom(key));
        expect(shared.reduce((sum, one) => sum + one, 0)).toBe(n);
        const even = apportion(n, parts, drawFrom(key));
        expect(even.reduce((sum, one) => sum + one, 0)).toBe(n);
        even.forEach((one, i) => expect(Math.abs(one - (n * (parts[i] as number)) / whole)).toBeLessThan(2));
      }),
    );
  });
});

describe('latencies', () => {
  it('fall into bins whose middle is within 0.4 per cent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (micros) => {
        const bin = binOf(micros);
        expect(bin).toBeLessThan(BINS);
        expect(Math.abs(microsOf(bin) - micros)).toBeLessThanOrEqual(0.004 * micros);
      }),
    );
  });

  it('keep their order in bins', () => {
    let before = -1;
    for (let bin = 0; bin < BINS; bin += 1) {
      expect(microsOf(bin)).toBeGreaterThan(before);
      expect(binOf(microsOf(bin))).toBe(bin);
      before = microsOf(bin);
    }
  });

  it('keep sum and tail when they are condensed', () => {
    const bins = Array.from({ length: 900 }, (_, i) => [i, 1 + (i % 7)] as const);
    const { values, counts } = condense(bins);
    expect(values.length).toBeLessThanOrEqual(61);
    const sum = bins.reduce((total, [bin, count]) => total + microsOf(bin) * count, 0);
    expect(values.reduce((total, value, i) => total + value * (counts[i] as number), 0) / sum).toBeCloseTo(
      1,
      9,
    );
    const p99 = quantile(bins, 990_000);
    let below = 0;
    const total = counts.reduce((all, count) => all + count, 0);
    const found = values.find((_, i) => (below += counts[i] as number) >= 0.99 * total) ?? 0;
    expect(found / p99).toBeCloseTo(1, 1);
  });

  it('follow the table from end to end', () => {
    const table = [
      [100_000, 5000],
      [500_000, 10_000],
      [900_000, 30_000],
    ] as const;
    expect([0, 0.05, 0.3, 0.5, 0.7, 0.95].map((u) => latencyAt(table, u))).toEqual([
      5000, 5000, 7500, 10_000, 20_000, 30_000,
    ]);
    const slices = slicesOf(table);
    expect(slices.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(slices.every(({ micros }, i) => i === 0 || micros >= (slices[i - 1]?.micros ?? 0))).toBe(true);
  });
});

describe('choices', () => {
  it('fall on things in proportion to their weights, also in turn', () => {
    const choice = weighted([1000, 0, 250, 750]);
    const [drawn, turned] = [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ];
    for (let i = 0; i < 10_000; i += 1) {
      const [one, other] = [pick(choice, i / 10_000), inTurn(choice, i)];
      drawn[one] = (drawn[one] as number) + 1;
      turned[other] = (turned[other] as number) + 1;
    }
    expect(drawn).toEqual([5000, 0, 1250, 3750]);
    turned.forEach((count, i) => expect(Math.abs(count - (drawn[i] as number))).toBeLessThan(20));
  });

  it('give least outstanding requests equal shares to equals, and less to the slow the busier they are', () => {
    expect(leastOutstandingShares([2, 2], [0.1, 0.1], 50)).toEqual([0.5, 0.5]);
    const slow = [1, 100, 10_000].map(
      (rate) => leastOutstandingShares([5, 5], [0.05, 0.5], rate)[1] as number,
    );
    expect(slow[0]).toBeCloseTo(0.48, 1);
    expect(slow[1]).toBeLessThan(slow[0] as number);
    expect(slow[2]).toBeCloseTo(1 / 11, 2);
  });
});
