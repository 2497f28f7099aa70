// Metric math: parsing, checking and evaluating expressions over time series. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

import { Fault } from '#contract/fault.ts';

/** Values by period; nothing where there is no data point. */
export type TimeSeries = readonly (number | undefined)[];

/** A scalar, a time series, or several of them. */
type Value = number | TimeSeries | readonly TimeSeries[];
type Kind = 'S' | 'TS' | 'TS[]';

export type Expression =
  | { readonly is: 'number'; readonly value: number }
  | { readonly is: 'text'; readonly value: string }
  | { readonly is: 'id'; readonly name: string }
  | { readonly is: 'list'; readonly items: readonly Expression[] }
  | { readonly is: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly is: 'unary'; readonly operator: string; readonly operand: Expression }
  | { readonly is: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression };

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

const TOKEN = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_][A-Za-z0-9_]*)|("[^"]*"|'[^']*')|(&&|\|\||[<>=!]=|[-+*/^<>!(),[\]]))/y;

/** From loosest to tightest. */
const LEVELS: readonly (readonly string[])[] = [
  ['||', 'OR'],
  ['&&', 'AND'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/'],
];
const DEEPEST = 50;

/** Throws AWS's kind of error for what is no expression, and `NotImplemented` for what is one and not modelled. */
export function parseExpression(id: string, text: string): Expression {
  if (/^\s*select\s/i.test(text)) throw notModelled('A Metrics Insights query');
  const tokens = tokensOf(id, text);
  let at = 0;
  const peek = (): string | undefined => tokens[at];
  const take = (expected?: string): string => {
    const token = tokens[at];
    if (token === undefined || (expected !== undefined && token !== expected)) {
      throw wrong(id, token === undefined ? 'Unexpected end of the expression' : `Unexpected '${token}'`);
    }
    at += 1;
    return token;
  };
  const level = (tightness: number, depth: number): Expression => {
    if (depth > DEEPEST) throw wrong(id, 'Too deeply nested');
    const operators = LEVELS[tightness];
    if (!operators) return unary(depth);
    let left = level(tightness + 1, depth);
    while (operators.includes(peek() ?? '')) {
      const operator = take();
      left = { is: 'binary', operator, left, right: level(tightness + 1, depth) };
    }
    if (peek() === '^') throw notModelled('The operator ^ of metric math');
    return left;
  };
  const unary = (depth: number): Expression => {
    const token = peek();
    if (token !== '-' && token !== '!') return primary(depth);
    return { is: 'unary', operator: take(), operand: unary(depth + 1) };
  };
  const list = (end: string, depth: number): Expression[] => {
    const items: Expression[] = [];
    while (peek() !== end) {
      if (items.length > 0) take(',');
      items.push(level(0, depth + 1));
    }
    take(end);
    return items;
  };
  const primary = (depth: number): Expression => {
    const token = take();
    if (token === '(') {
      const inner = level(0, depth + 1);
      take(')');
      return inner;
    }
    if (token === '[') return { is: 'list', items: list(']', depth) };
    if (/^[.\d]/.test(token)) return { is: 'number', value: Number(token) };
    if (/^["']/.test(token)) return { is: 'text', value: token.slice(1, -1) };
    if (!/^[A-Za-z_]/.test(token)) throw wrong(id, `Unexpected '${token}'`);
    if (peek() !== '(') return { is: 'id', name: token };
    take('(');
    return { is: 'call', name: token.toUpperCase(), args: list(')', depth) };
  };
  const whole = level(0, 0);
  if (at < tokens.length) throw wrong(id, `Unexpected '${tokens[at]}'`);
  return whole;
}

function tokensOf(id: string, text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  const source = text.trimEnd();
  while (TOKEN.lastIndex < source.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw wrong(id, `Unexpected character at ${from + 1}`);
    found.push(match[0].trim());
  }
  return found;
}

function wrong(id: string, reason: string): Fault {
  return new Fault('ValidationError', `Error in expression '${id}' [${reason}]`);
}

function notModelled(what: string): Fault {
  return new Fault('NotImplemented', `${what} is not modelled by Sandtable.`);
}

// ---- Checking: what an expression returns, without data ----

type Signature = (id: string, kinds: readonly Kind[], args: readonly Expression[]) => Kind;

const broadcast = (kinds: readonly Kind[]): Kind => (kinds.includes('TS[]') ? 'TS[]' : kinds.includes('TS') ? 'TS' : 'S');

/** Elementwise functions of one argument. */
const same: Signature = (id, kinds) => {
  if (kinds.length !== 1) throw wrong(id, 'One argument is expected');
  return kinds[0] as Kind;
};
/** A series becomes a scalar, several series become one. */
const folds: Signature = (id, kinds) => {
  if (kinds.length !== 1 || kinds[0] === 'S') throw wrong(id, 'One time series or array of time series is expected');
  return kinds[0] === 'TS[]' ? 'TS' : 'S';
};
const along: Signature = (id, kinds) => {
  if (kinds.length !== 1 || kinds[0] === 'S') throw wrong(id, 'One time series or array of time series is expected');
  return kinds[0] as Kind;
};

const SIGNATURES: Readonly<Record<string, Signature>> = {
  ABS: same,
  CEIL: same,
  FLOOR: same,
  AVG: folds,
  MAX: folds,
  MIN: folds,
  SUM: folds,
  DIFF: along,
  RATE: along,
  RUNNING_SUM: along,
  METRIC_COUNT: (id, kinds) => {
    if (kinds[0] !== 'TS[]') throw wrong(id, 'An array of time series is expected');
    return 'S';
  },
  METRICS: () => 'TS[]',
  PERIOD: (id, kinds) => {
    if (kinds[0] !== 'TS') throw wrong(id, 'A time series is expected');
    return 'S';
  },
  TIME_SERIES: (id, kinds) => {
    if (kinds[0] !== 'S') throw wrong(id, 'A scalar is expected');
    return 'TS';
  },
  FILL: (id, kinds, args) => {
    const [filled] = kinds;
    if (kinds.length !== 2 || filled === 'S' || kinds[1] === 'TS[]') throw wrong(id, 'FILL takes a time series and a filler');
    if (args[1]?.is === 'id' && args[1].name === 'LINEAR') {
      throw new Fault('NotImplemented', 'FILL with LINEAR is not modelled by Sandtable.');
    }
    return filled as Kind;
  },
  IF: (id, kinds) => {
    if (kinds.length < 2 || kinds.length > 3 || kinds.includes('TS[]')) {
      throw wrong(id, 'IF takes a condition and one or two values that are time series or scalars');
    }
    if (kinds.length === 2 && broadcast(kinds) === 'S') throw wrong(id, 'IF of scalars needs both values');
    return broadcast(kinds);
  },
};

/** Functions that metric math has and that are refused here. */
const REFUSED = new Set([
  'ANOMALY_DETECTION_BAND',
  'DATAPOINT_COUNT',
  'DATE',
  'DAY',
  'DB_PERF_INSIGHTS',
  'EPOCH',
  'FIRST',
  'HOUR',
  'INSIGHT_RULE_METRIC',
  'LAMBDA',
  'LAST',
  'LOG',
  'LOG10',
  'MINUTE',
  'MONTH',
  'REMOVE_EMPTY',
  'SEARCH',
  'SERVICE_QUOTA',
  'SLICE',
  'SORT',
  'STDDEV',
  'YEAR',
]);

/** What an expression returns. Throws for unknown names, wrong arguments, functions that are not modelled, and circles. */
export function kindOf(
  id: string,
  expression: Expression,
  metrics: ReadonlySet<string>,
  expressions: ReadonlyMap<string, Expression>,
  within: readonly string[] = [id],
): Kind {
  const kind = (inner: Expression): Kind => kindOf(id, inner, metrics, expressions, within);
  switch (expression.is) {
    case 'number':
    case 'text':
      return 'S';
    case 'id': {
      const { name } = expression;
      if (metrics.has(name)) return 'TS';
      const other = expressions.get(name);
      if (!other) {
        if (name === 'REPEAT' || name === 'LINEAR') return 'S';
        throw wrong(id, `Unknown id '${name}'`);
      }
      if (within.includes(name)) throw wrong(id, `Circular reference to '${name}'`);
      return kindOf(name, other, metrics, expressions, [...within, name]);
    }
    case 'list':
      if (expression.items.length === 0) throw wrong(id, 'An array needs a time series');
      if (expression.items.map(kind).includes('TS[]')) throw wrong(id, 'Arrays cannot be nested');
      return 'TS[]';
    case 'unary':
      return kind(expression.operand);
    case 'binary': {
      const kinds = [kind(expression.left), kind(expression.right)];
      if (kinds[0] === 'TS[]' && kinds[1] === 'TS[]') throw wrong(id, `Unsupported operand type(s) for ${expression.operator}`);
      return broadcast(kinds);
    }
    case 'call': {
      const { name, args } = expression;
      if (REFUSED.has(name)) throw new Fault('NotImplemented', `The function ${name} of metric math is not modelled by Sandtable.`);
      const signature = SIGNATURES[name];
      if (!signature) throw wrong(id, `Unsupported function '${name}'`);
      return signature(id, args.map(kind), args);
    }
  }
}

// ---- Evaluation ----

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
  const series = (one: TimeSeries): TimeSeries => one.map((point) => (point === undefined ? undefined : finite(apply(point))));
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
      return each(evaluate(expression.operand, terms), expression.operator === '-' ? (one) => -one : (one) => truth(one === 0));
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
  return isSeveral(value as TimeSeries) ? (value as readonly TimeSeries[]).map(series) : series(value as TimeSeries);
}

function choose(condition: Value, yes: Value, no: Value | undefined, terms: Terms): Value {
  if (typeof condition === 'number' && typeof yes === 'number' && typeof no === 'number') return condition === 0 ? no : yes;
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
    return name === 'DIFF' ? value - last.value : (value - last.value) / ((index - last.index) * periodSeconds);
  });
}
