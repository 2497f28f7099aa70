// What EventBridge takes for an event pattern. Pure. Messages follow answers of AWS that LocalStack's tests recorded
// (test_events_patterns.snapshot.json), without the place in the text that AWS's parser adds.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

import { parseAddress } from '#cloud/iam/values.ts';
import { alternatives } from './pattern.ts';
import { isList, isObject, parsed } from './json.ts';
import type { Json, JsonObject } from './json.ts';

const NUMERIC = ['=', '<', '<=', '>', '>='];
/** Numbers that `numeric` compares lie between these. */
const LARGEST_NUMBER = 5_000_000_000;

/** What EventBridge would not take of a pattern, or nothing. */
export function problemOfPattern(text: string): string | undefined {
  const pattern = parsed(text);
  if (pattern === undefined) return 'Filter is not valid JSON';
  return isObject(pattern) ? problemOfObject(pattern) : 'Filter is not an object';
}

function problemOfObject(pattern: JsonObject): string | undefined {
  const entries = Object.entries(pattern);
  if (entries.length === 0) return 'Empty objects are not allowed';
  return first(entries, ([key, rule]) => problemOfRule(key, rule));
}

function problemOfRule(key: string, rule: Json): string | undefined {
  const branches = alternatives(key, rule);
  if (branches) return first(branches, problemOfObject);
  if (isObject(rule)) return problemOfObject(rule);
  if (!isList(rule)) return `"${key}" must be an object or an array`;
  return rule.length === 0 ? 'Empty arrays are not allowed' : first(rule, problemOfMatch);
}

function first<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOfMatch(match: Json): string | undefined {
  if (isList(match)) return 'Match value must be String, number, true, false, or null';
  if (!isObject(match)) return undefined;
  const [entry, ...more] = Object.entries(match);
  if (!entry) return 'Match expression name not found';
  const [operator, operand] = entry;
  return (
    problemOfOperator(operator, operand) ??
    (more.length > 0 ? 'Only one key allowed in match expression' : undefined)
  );
}

function problemOfOperator(operator: string, operand: Json): string | undefined {
  switch (operator) {
    case 'exists':
      return typeof operand === 'boolean' ? undefined : 'exists match pattern must be either true or false.';
    case 'prefix':
    case 'suffix':
      return isObject(operand) ? problemOfCaseless(operator, operand) : problemOfText(operator, operand);
    case 'equals-ignore-case':
      return problemOfText(operator, operand);
    case 'wildcard':
      return problemOfWildcard(operand);
    case 'cidr':
      return typeof operand === 'string' ? problemOfCidr(operand) : 'prefix match pattern must be a string';
    case 'numeric':
      return isList(operand) ? problemOfNumeric(operand) : 'Value of numeric must be an array.';
    case 'anything-but':
      return problemOfAnythingBut(operand);
    default:
      return `Unrecognized match type ${operator}`;
  }
}

function problemOfText(operator: string, operand: Json): string | undefined {
  return typeof operand === 'string' ? undefined : `${operator} match pattern must be a string`;
}

/** `{ "prefix": { "equals-ignore-case": "…" } }` */
function problemOfCaseless(operator: string, operand: JsonObject): string | undefined {
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

function problemOfCidr(text: string): string | undefined {
  const parts = text.split('/');
  if (parts.length !== 2) return "Malformed CIDR, one '/' required";
  const [base = '', mask = ''] = parts;
  if (!/^\d+$/.test(mask)) return 'Malformed CIDR, mask bits must be an integer';
  const address = parseAddress(base);
  if (!address) return `Nonstandard IP address: ${base}`;
  return Number(mask) > address.bits ? 'Malformed CIDR, mask bits must be an integer' : undefined;
}

/** What may stand inside `anything-but`, each with a text or a list of texts. */
const INSIDE_ANYTHING_BUT = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'];

function problemOfAnythingBut(operand: Json): string | undefined {
  if (isObject(operand)) {
    const [operator = '', inner] = Object.entries(operand)[0] ?? [];
    if (!INSIDE_ANYTHING_BUT.includes(operator)) return `Unsupported anything-but pattern: ${operator}`;
    return problemInside(operator, inner ?? null);
  }
  if (isList(operand)) {
    if (operand.length === 0) return 'Empty arrays are not allowed';
    return operand.every(isPlain)
      ? undefined
      : 'Inside anything but list, start|null|boolean is not supported.';
  }
  return isPlain(operand) ? undefined : NOT_PLAIN;
}

const NOT_PLAIN = 'Value of anything-but must be an array or single string/number value.';
const isPlain = (value: Json): boolean => typeof value === 'string' || typeof value === 'number';

function problemInside(operator: string, inner: Json): string | undefined {
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

const isNumber = (value: Json | undefined): value is number =>
  typeof value === 'number' && value >= -LARGEST_NUMBER && value <= LARGEST_NUMBER;

function problemOfNumeric(terms: readonly Json[]): string | undefined {
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
