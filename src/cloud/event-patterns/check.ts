// What services take for an event pattern. Pure. Messages follow answers of AWS that LocalStack's tests recorded
// (test_events_patterns.snapshot.json, test_sns_filter_policy.snapshot.json), without the place in the text that AWS's parser
// adds.

import { isList, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { problemOfRange } from './addresses.ts';
import { alternatives } from './match.ts';

/** How much of the language a service takes. */
export interface Dialect {
  readonly operators: readonly Operator[];
  /** What may stand inside `anything-but`. */
  readonly insideAnythingBut: readonly Operator[];
  /** Whether `prefix` and `suffix` may ignore case, and what stands inside `anything-but` may be a list. */
  readonly compound: boolean;
  readonly emptyObjects: boolean;
  /** Numbers that `numeric` compares lie between this and its negative. */
  readonly largestNumber: number;
}

type Operator =
  | 'anything-but'
  | 'cidr'
  | 'equals-ignore-case'
  | 'exists'
  | 'numeric'
  | 'prefix'
  | 'suffix'
  | 'wildcard';

const NUMERIC = ['=', '<', '<=', '>', '>='];

/** What a service would not take of a pattern, or nothing. */
export function problemInDialect(dialect: Dialect, pattern: JsonObject): string | undefined {
  const entries = Object.entries(pattern);
  if (entries.length === 0 && !dialect.emptyObjects) return 'Empty objects are not allowed';
  return first(entries, ([key, rule]) => problemOfRule(key, rule, dialect));
}

function problemOfRule(key: string, rule: Json, dialect: Dialect): string | undefined {
  const branches = alternatives(key, rule);
  if (branches) return first(branches, (branch) => problemInDialect(dialect, branch));
  if (isObject(rule)) return problemInDialect(dialect, rule);
  if (!isList(rule)) return `"${key}" must be an object or an array`;
  if (rule.length === 0) return 'Empty arrays are not allowed';
  return first(rule, (condition) => problemOfCondition(condition, dialect));
}

function first<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOfCondition(condition: Json, dialect: Dialect): string | undefined {
  if (isList(condition)) return 'Match value must be String, number, true, false, or null';
  if (!isObject(condition)) return undefined;
  const [entry, ...more] = Object.entries(condition);
  if (!entry) return 'Match expression name not found';
  const [operator, operand] = entry;
  const problem = dialect.operators.some((one) => one === operator)
    ? problemOfOperand(operator as Operator, operand, dialect)
    : `Unrecognized match type ${operator}`;
  return problem ?? (more.length > 0 ? 'Only one key allowed in match expression' : undefined);
}

function problemOfOperand(operator: Operator, operand: Json, dialect: Dialect): string | undefined {
  switch (operator) {
    case 'exists':
      return typeof operand === 'boolean' ? undefined : 'exists match pattern must be either true or false.';
    case 'prefix':
    case 'suffix':
      return dialect.compound && isObject(operand)
        ? problemOfCaseless(operator, operand)
        : problemOfText(operator, operand);
    case 'equals-ignore-case':
      return problemOfText(operator, operand);
    case 'wildcard':
      return problemOfWildcard(operand);
    case 'cidr':
      return typeof operand === 'string' ? problemOfRange(operand) : 'prefix match pattern must be a string';
    case 'numeric':
      return isList(operand) ? problemOfNumeric(operand, dialect) : 'Value of numeric must be an array.';
    case 'anything-but':
      return problemOfAnythingBut(operand, dialect);
  }
}

function problemOfText(operator: Operator, operand: Json): string | undefined {
  return typeof operand === 'string' ? undefined : `${operator} match pattern must be a string`;
}

/** `{ "prefix": { "equals-ignore-case": "…" } }` */
function problemOfCaseless(operator: Operator, operand: JsonObject): string | undefined {
  const [name, value, ...more] = Object.entries(operand).flat();
  if (name !== 'equals-ignore-case') return `Unsupported ${operator} pattern: ${String(name)}`;
  if (typeof value !== 'string') return 'equals-ignore-case match pattern must be a string';
  return more.length > 0 ? 'Only one key allowed in match expression' : undefined;
}

function problemOfWildcard(operand: Json): string | undefined {
  if (typeof operand !== 'string') return 'wildcard match pattern must be a string';
  for (let at = 0; at < operand.length; at += 1) {
    if (operand[at] === '\\') {
      if (operand[at + 1] !== '*' && operand[at + 1] !== '\\') return `Invalid escape character at pos ${at}`;
      at += 1;
    } else if (operand[at] === '*' && operand[at + 1] === '*') {
      return `Consecutive wildcard characters at pos ${at + 1}`;
    }
  }
  return undefined;
}

const NOT_PLAIN = 'Value of anything-but must be an array or single string/number value.';
const isPlain = (value: Json): boolean => typeof value === 'string' || typeof value === 'number';

function problemOfAnythingBut(operand: Json, { insideAnythingBut, compound }: Dialect): string | undefined {
  if (isObject(operand)) {
    const [name = '', inner = null] = Object.entries(operand)[0] ?? [];
    const operator = insideAnythingBut.find((one) => one === name);
    if (!operator) return `Unsupported anything-but pattern: ${name}`;
    return compound ? problemInside(operator, inner) : problemOfText(operator, inner);
  }
  if (!isList(operand)) return isPlain(operand) ? undefined : NOT_PLAIN;
  if (operand.length === 0) return 'Empty arrays are not allowed';
  return operand.every(isPlain)
    ? undefined
    : 'Inside anything but list, start|null|boolean is not supported.';
}

function problemInside(operator: Operator, inner: Json): string | undefined {
  if (isObject(inner)) return NOT_PLAIN;
  const values = isList(inner) ? inner : [inner];
  if (operator === 'wildcard') return first(values, problemOfWildcard);
  if (values.length === 0) return 'Empty arrays are not allowed';
  const texts = values.every((value) => typeof value === 'string');
  if (operator === 'equals-ignore-case') {
    return texts
      ? undefined
      : 'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.';
  }
  if (!texts) return 'prefix/suffix match pattern must be a string';
  return values.includes('') ? 'Null prefix/suffix not allowed' : undefined;
}

function problemOfNumeric(terms: readonly Json[], { largestNumber }: Dialect): string | undefined {
  const isNumber = (value: Json | undefined): value is number =>
    typeof value === 'number' && value >= -largestNumber && value <= largestNumber;
  const [operator, bottom, second, top] = terms;
  if (typeof operator !== 'string') return `Invalid member in numeric match: ${String(operator ?? ']')}`;
  if (!NUMERIC.includes(operator)) return `Unrecognized numeric range operator: ${operator}`;
  if (!isNumber(bottom)) return `Value of ${operator === '=' ? 'equals' : operator} must be numeric`;
  if (terms.length === 2) return undefined;
  if (!operator.startsWith('>')) return 'Too many elements in numeric expression';
  if (typeof second !== 'string') return `Bad value in numeric range: ${String(second)}`;
  if (second !== '<' && second !== '<=') return `Bad numeric range operator: ${second}`;
  if (!isNumber(top)) return `Value of ${second} must be numeric`;
  if (terms.length > 4) return 'Too many terms in numeric range expression';
  return bottom >= top ? 'Bottom must be less than top' : undefined;
}
