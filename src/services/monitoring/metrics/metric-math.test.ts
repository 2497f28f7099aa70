import { describe, expect, it } from 'vitest';
import { kindOf, parseExpression } from './metric-math-grammar.ts';
import { evaluateExpression } from './metric-math.ts';

const METRICS = new Map([
  ['m1', [10, 20, undefined, 40]],
  ['m2', [1, undefined, 3, 0]],
]);

function values(text: string): readonly (number | undefined)[] {
  const expression = parseExpression('e1', text);
  kindOf('e1', expression, new Set(METRICS.keys()), new Map());
  return evaluateExpression(expression, {
    metrics: METRICS,
    expressions: new Map(),
    periodSeconds: 60,
    length: 4,
  });
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
describe('metric math', () => {
  it('combines series only where both have a data point, and has none where a division is by zero', () => {
    expect(values('m1 + m2')).toEqual([11, undefined, undefined, 40]);
    expect(values('m1 / m2')).toEqual([10, undefined, undefined, undefined]);
    expect(values('100 * (m1 - m2) / m1')).toEqual([90, undefined, undefined, 100]);
  });

  it('folds one series to a scalar and several series to one', () => {
    expect(values('SUM([m1, m2])')).toEqual([11, 20, 3, 40]);
    expect(values('AVG(METRICS())')).toEqual([5.5, 20, 3, 20]);
    expect(values('m1 * 0 + MAX(m1)')).toEqual([40, 40, undefined, 40]);
    expect(values('METRIC_COUNT(METRICS("m")) + m1 - m1')).toEqual([2, 2, undefined, 2]);
  });

  it('fills missing data points with a value or with the last one', () => {
    expect(values('FILL(m2, 0)')).toEqual([1, 0, 3, 0]);
    expect(values('FILL(m1, REPEAT)')).toEqual([10, 20, 20, 40]);
  });

  it('chooses by condition, with comparison, AND, OR and NOT', () => {
    expect(values('IF(m1 > 15, m1, 0)')).toEqual([0, 20, undefined, 40]);
    expect(values('IF(m1 > 15 AND m1 < 30 || m1 == 40, 1, 0)')).toEqual([0, 1, undefined, 1]);
    expect(values('IF(!(m1 > 15), m1)')).toEqual([10, undefined, undefined, undefined]);
  });

  it('knows the period, differences, rates and running sums', () => {
    expect(values('m1 / PERIOD(m1)')).toEqual([10 / 60, 20 / 60, undefined, 40 / 60]);
    expect(values('DIFF(m1)')).toEqual([undefined, 10, undefined, 20]);
    expect(values('RATE(m1)')).toEqual([undefined, 10 / 60, undefined, 20 / 120]);
    expect(values('RUNNING_SUM(m1)')).toEqual([10, 30, undefined, 70]);
    expect(values('-ABS(m1 - 30)')).toEqual([-20, -10, undefined, -10]);
  });

  it.each([
    'SEARCH("a", "Sum")',
    'ANOMALY_DETECTION_BAND(m1, 2)',
    'STDDEV(m1)',
    'm1 ^ 2',
    'FILL(m1, LINEAR)',
    'SELECT AVG(x) FROM y',
  ])('refuses %s by name', (text) => {
    expect(() => values(text)).toThrow(/not modelled by Sandtable/);
  });

  it.each(['m1 +', '(m1', 'm9', 'NOPE(m1)', 'SUM(1)', 'm1 m2', '[m1, m2] + [m1, m2]', 'm1 # 2'])(
    'rejects %s',
    (text) => {
      expect(() => values(text)).toThrow(/Error in expression 'e1'/);
    },
  );
});
