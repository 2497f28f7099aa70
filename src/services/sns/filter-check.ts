// What SNS takes for a filter policy. Pure. Messages follow answers of AWS that LocalStack's tests recorded
// (test_sns_filter_policy.snapshot.json), without the place in the text that AWS's parser adds.
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html

import { problemOfCidr } from './cidr.ts';
import { alternatives, isObject } from './filter-policy.ts';
import type { Json, JsonObject } from './filter-policy.ts';

const MOST_KEYS = 5;
const MOST_COMBINATIONS = 150;
const NUMERIC = ['=', '<', '<=', '>', '>='];

/** What SNS would not take of a policy, or nothing. `nested` is allowed for bodies only. */
export function problemOfFilterPolicy(text: string, scope: string): string | undefined {
  let policy: Json;
  try {
    policy = JSON.parse(text) as Json;
  } catch {
    return 'FilterPolicy: failed to parse JSON.';
  }
  if (!isObject(policy)) return 'FilterPolicy: Filter is not an object';
  const problem = problemOfPolicy(policy);
  if (problem !== undefined) return `FilterPolicy: ${problem}`;
  if (scope !== 'MessageBody' && isNested(policy))
    return 'Filter policy scope MessageAttributes does not support nested filter policy';
  return undefined;
}

function problemOfPolicy(policy: JsonObject): string | undefined {
  if (Object.keys(policy).length > MOST_KEYS) return 'Filter policy can not have more than 5 keys';
  for (const [key, rule] of Object.entries(policy)) {
    const problem = problemOfRule(key, rule);
    if (problem !== undefined) return problem;
  }
  return combinations(policy, 1) > MOST_COMBINATIONS ? 'Filter policy is too complex' : undefined;
}

/** Values of each key times the depth at which it stands, all multiplied; alternatives are added up. */
function combinations(policy: JsonObject, depth: number): number {
  return Object.entries(policy).reduce((product, [key, rule]) => {
    const branches = alternatives(key, rule);
    if (branches) return product * branches.reduce((sum, branch) => sum + combinations(branch, depth), 0);
    if (Array.isArray(rule)) return product * rule.length * depth;
    return product * combinations(rule as JsonObject, depth + 1);
  }, 1);
}

function isNested(policy: JsonObject): boolean {
  return Object.entries(policy).some(
    ([key, rule]) => alternatives(key, rule)?.some(isNested) ?? isObject(rule),
  );
}

function problemOfRule(key: string, rule: Json): string | undefined {
  const branches = alternatives(key, rule);
  if (branches)
    return first(
      branches.flatMap((branch) => Object.entries(branch)),
      problemOfEntry,
    );
  if (isObject(rule)) return first(Object.entries(rule), problemOfEntry);
  if (!Array.isArray(rule)) return `"${key}" must be an object or an array`;
  if (rule.length === 0) return 'Empty arrays are not allowed';
  return first(rule, problemOfMatch);
}

const problemOfEntry = ([key, rule]: [string, Json]): string | undefined => problemOfRule(key, rule);

function first<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function problemOfMatch(match: Json): string | undefined {
  if (Array.isArray(match)) return 'Match value must be String, number, true, false, or null';
  if (!isObject(match)) return undefined;
  const entries = Object.entries(match);
  if (entries.length !== 1) return 'Only one key allowed in match expression';
  const [operator, operand] = entries[0] as [string, Json];
  switch (operator) {
    case 'exists':
      return typeof operand === 'boolean' ? undefined : 'exists match pattern must be either true or false.';
    case 'prefix':
    case 'suffix':
    case 'equals-ignore-case':
      return typeof operand === 'string' ? undefined : `${operator} match pattern must be a string`;
    case 'cidr':
      return typeof operand === 'string' ? problemOfCidr(operand) : 'prefix match pattern must be a string';
    case 'numeric':
      return Array.isArray(operand) ? problemOfNumeric(operand) : 'Value of numeric must be an array.';
    case 'anything-but':
      return problemOfAnythingBut(operand);
    default:
      return `Unrecognized match type ${operator}`;
  }
}

function problemOfAnythingBut(operand: Json): string | undefined {
  if (isObject(operand)) {
    const [operator = '', inner] = Object.entries(operand)[0] ?? [];
    if (operator !== 'prefix') return `Unsupported anything-but pattern: ${operator}`;
    return typeof inner === 'string' ? undefined : 'prefix match pattern must be a string';
  }
  const values = Array.isArray(operand) ? operand : [operand];
  if (values.length === 0) return 'Empty arrays are not allowed';
  const plain = values.every((value) => typeof value === 'string' || typeof value === 'number');
  return plain ? undefined : 'Inside anything but list, start|null|boolean is not supported.';
}

function problemOfNumeric(terms: readonly Json[]): string | undefined {
  const [operator, bottom, second, top] = terms;
  if (typeof operator !== 'string') return `Invalid member in numeric match: ${String(operator ?? ']')}`;
  if (!NUMERIC.includes(operator)) return `Unrecognized numeric range operator: ${operator}`;
  if (typeof bottom !== 'number') return `Value of ${operator === '=' ? 'equals' : operator} must be numeric`;
  if (terms.length === 2) return undefined;
  if (!operator.startsWith('>')) return 'Too many elements in numeric expression';
  if (typeof second !== 'string') return `Bad value in numeric range: ${String(second)}`;
  if (second !== '<' && second !== '<=') return `Bad numeric range operator: ${second}`;
  if (typeof top !== 'number') return `Value of ${second} must be numeric`;
  if (terms.length > 4) return 'Too many terms in numeric range expression';
  return bottom >= top ? 'Bottom must be less than top' : undefined;
}
