// The grammar of metric math: what is an expression, and whether it returns a scalar, a series or several. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

import { Fault } from '#contract/fault.ts';

/** What an expression returns: a scalar, a time series, or several of them. */
export type Kind = 'S' | 'TS' | 'TS[]';

export type Expression =
  | { readonly is: 'number'; readonly value: number }
  | { readonly is: 'text'; readonly value: string }
  | { readonly is: 'id'; readonly name: string }
  | { readonly is: 'list'; readonly items: readonly Expression[] }
  | { readonly is: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly is: 'unary'; readonly operator: string; readonly operand: Expression }
  | {
      readonly is: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    };

const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_][A-Za-z0-9_]*)|("[^"]*"|'[^']*')|(&&|\|\||[<>=!]=|[-+*/^<>!(),[\]]))/y;

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

const broadcast = (kinds: readonly Kind[]): Kind =>
  kinds.includes('TS[]') ? 'TS[]' : kinds.includes('TS') ? 'TS' : 'S';

/** Elementwise functions of one argument. */
const same: Signature = (id, kinds) => {
  if (kinds.length !== 1) throw wrong(id, 'One argument is expected');
  return kinds[0] as Kind;
};
/** A series becomes a scalar, several series become one. */
const folds: Signature = (id, kinds) => {
  if (kinds.length !== 1 || kinds[0] === 'S')
    throw wrong(id, 'One time series or array of time series is expected');
  return kinds[0] === 'TS[]' ? 'TS' : 'S';
};
const along: Signature = (id, kinds) => {
  if (kinds.length !== 1 || kinds[0] === 'S')
    throw wrong(id, 'One time series or array of time series is expected');
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
    if (kinds.length !== 2 || filled === 'S' || kinds[1] === 'TS[]')
      throw wrong(id, 'FILL takes a time series and a filler');
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
      if (kinds[0] === 'TS[]' && kinds[1] === 'TS[]')
        throw wrong(id, `Unsupported operand type(s) for ${expression.operator}`);
      return broadcast(kinds);
    }
    case 'call': {
      const { name, args } = expression;
      if (REFUSED.has(name))
        throw new Fault(
          'NotImplemented',
          `The function ${name} of metric math is not modelled by Sandtable.`,
        );
      const signature = SIGNATURES[name];
      if (!signature) throw wrong(id, `Unsupported function '${name}'`);
      return signature(id, args.map(kind), args);
    }
  }
}
