// Evaluates metric math over time series. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

import type { Expression } from './metric-math-grammar.ts';

/** Values by period; nothing where there is no data point. */
export type TimeSeries = readonly (number | undefined)[];

/** A scalar, a time series, or several of them. */
type Value = number | TimeSeries | readonly TimeSeries[];

/** What a name in an expression stands for. */
export interface Terms {
  /** Series of the metrics by id. */
  readonly metrics: ReadonlyMap<string, TimeSeries>;
  /** Other expressions by id. */
  readonly expressions: ReadonlyMap<string, Expression>;
  readonly periodSeconds: number;
  /** How many periods. */
  readonly length: number;
}

/** The series of a checked expression; a scalar counts as a series that stands at it. */
export function evaluateExpression(expression: Expression, terms: Terms): TimeSeries {
  const value = evaluate(expression, terms);
  if (typeof value === 'number') return Array.from({ length: terms.length }, () => finite(value));
  return isSeveral(value) ? (value[0] ?? []) : value;
}

function isSeveral(value: Exclude<Value, number>): value is readonly TimeSeries[] {
  return Array.isArray(value[0]);
}

const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);

/** Applies a function to each data point of whatever it is given. */
function each(value: Value, apply: (one: number) => number): Value {
  if (typeof value === 'number') return apply(value);
  const series = (one: TimeSeries): TimeSeries =>
    one.map((point) => (point === undefined ? undefined : finite(apply(point))));
  return isSeveral(value) ? value.map(series) : series(value);
}

/** Applies an operator pointwise; where either side has no data point, neither has the result. */
function pair(left: Value, right: Value, apply: (a: number, b: number) => number): Value {
  if (typeof right === 'number') return each(left, (one) => apply(one, right));
  if (typeof left === 'number') return each(right, (one) => apply(left, one));
  if (isSeveral(left)) return left.map((one) => pair(one, right, apply) as TimeSeries);
  if (isSeveral(right)) return right.map((one) => pair(left, one, apply) as TimeSeries);
  return left.map((one, index) => {
    const other = right[index];
    return one === undefined || other === undefined ? undefined : finite(apply(one, other));
  });
}

const truth = (holds: boolean): number => (holds ? 1 : 0);

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '<': (a, b) => truth(a < b),
  '<=': (a, b) => truth(a <= b),
  '>': (a, b) => truth(a > b),
  '>=': (a, b) => truth(a >= b),
  '==': (a, b) => truth(a === b),
  '!=': (a, b) => truth(a !== b),
  '&&': (a, b) => truth(a !== 0 && b !== 0),
  AND: (a, b) => truth(a !== 0 && b !== 0),
  '||': (a, b) => truth(a !== 0 || b !== 0),
  OR: (a, b) => truth(a !== 0 || b !== 0),
};

function evaluate(expression: Expression, terms: Terms): Value {
  switch (expression.is) {
    case 'number':
      return expression.value;
    case 'text':
      return 0;
    case 'id': {
      const other = terms.expressions.get(expression.name);
      return terms.metrics.get(expression.name) ?? (other ? evaluate(other, terms) : 0);
    }
    case 'list':
      return expression.items.map((item) => asSeries(evaluate(item, terms), terms));
    case 'unary':
      return each(
        evaluate(expression.operand, terms),
        expression.operator === '-' ? (one) => -one : (one) => truth(one === 0),
      );
    case 'binary': {
      const apply = OPERATORS[expression.operator] as (a: number, b: number) => number;
      return pair(evaluate(expression.left, terms), evaluate(expression.right, terms), apply);
    }
    case 'call':
      return call(expression.name, expression.args, terms);
  }
}

function asSeries(value: Value, terms: Terms): TimeSeries {
  if (typeof value === 'number') return Array.from({ length: terms.length }, () => value);
  return isSeveral(value) ? (value[0] ?? []) : value;
}

function call(name: string, args: readonly Expression[], terms: Terms): Value {
  const [first, second, third] = args;
  if (name === 'METRICS') return metricsNamed(first, terms);
  if (name === 'FILL') return fill(evaluate(first as Expression, terms), second as Expression, terms);
  const value = evaluate(first as Expression, terms);
  switch (name) {
    case 'ABS':
      return each(value, Math.abs);
    case 'CEIL':
      return each(value, Math.ceil);
    case 'FLOOR':
      return each(value, Math.floor);
    case 'METRIC_COUNT':
      return (value as readonly TimeSeries[]).length;
    case 'PERIOD':
      return terms.periodSeconds;
    case 'TIME_SERIES':
      return asSeries(value, terms);
    case 'IF':
      return choose(value, evaluate(second as Expression, terms), third && evaluate(third, terms), terms);
    case 'DIFF':
    case 'RATE':
    case 'RUNNING_SUM':
      return isSeveral(value as TimeSeries)
        ? (value as readonly TimeSeries[]).map((one) => alongTime(name, one, terms))
        : alongTime(name, value as TimeSeries, terms);
    default:
      return fold(FOLDS[name] as (values: readonly number[]) => number, value as Exclude<Value, number>);
  }
}

const total = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0);
const FOLDS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  SUM: total,
  AVG: (values) => total(values) / values.length,
  MAX: (values) => values.reduce((most, one) => Math.max(most, one), -Infinity),
  MIN: (values) => values.reduce((least, one) => Math.min(least, one), Infinity),
};

function fold(apply: (values: readonly number[]) => number, value: Exclude<Value, number>): Value {
  const present = (points: TimeSeries): number[] => points.filter((one) => one !== undefined);
  if (!isSeveral(value)) return apply(present(value));
  const length = value[0]?.length ?? 0;
  return Array.from({ length }, (_, index) => {
    const points = present(value.map((series) => series[index]));
    return points.length > 0 ? finite(apply(points)) : undefined;
  });
}

function metricsNamed(part: Expression | undefined, { metrics }: Terms): readonly TimeSeries[] {
  const wanted = part?.is === 'text' ? part.value : '';
  return [...metrics].filter(([id]) => id.includes(wanted)).map(([, series]) => series);
}

function fill(value: Value, filler: Expression, terms: Terms): Value {
  const repeats = filler.is === 'id' && filler.name === 'REPEAT';
  const filling = repeats ? undefined : asSeries(evaluate(filler, terms), terms);
  const series = (one: TimeSeries): TimeSeries => {
    let last: number | undefined;
    return one.map((point, index) => {
      last = point ?? last;
      return point ?? (filling ? filling[index] : last);
    });
  };
  return isSeveral(value as TimeSeries)
    ? (value as readonly TimeSeries[]).map(series)
    : series(value as TimeSeries);
}

function choose(condition: Value, yes: Value, no: Value | undefined, terms: Terms): Value {
  if (typeof condition === 'number' && typeof yes === 'number' && typeof no === 'number')
    return condition === 0 ? no : yes;
  const tests = asSeries(condition, terms);
  const values = [yes, no].map((value) => (value === undefined ? [] : asSeries(value, terms)));
  return tests.map((test, index) => (test === undefined ? undefined : values[test === 0 ? 1 : 0]?.[index]));
}

/** Differences to the data point before, per second for RATE, and sums up to each data point. */
function alongTime(name: string, series: TimeSeries, { periodSeconds }: Terms): TimeSeries {
  let before: { value: number; index: number } | undefined;
  let sum = 0;
  return series.map((value, index) => {
    if (value === undefined) return undefined;
    sum += value;
    if (name === 'RUNNING_SUM') return sum;
    const last = before;
    before = { value, index };
    if (!last) return undefined;
    return name === 'DIFF'
      ? value - last.value
      : (value - last.value) / ((index - last.index) * periodSeconds);
  });
}
