// Subscription filter policies: which messages a subscription wants. Pure.
// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html

import { Fault } from '#contract/fault.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Attributes of a message as filters see them: name to value, or values of a `String.Array`. */
export type FilterAttributes = Readonly<Record<string, Json>>;

const MOST_KEYS = 5;
const OPERATORS = new Set([
  'anything-but',
  'prefix',
  'suffix',
  'equals-ignore-case',
  'exists',
  'numeric',
  'cidr',
]);

/** Throws SNS's error for a policy that it would not take. */
export function checkFilterPolicy(text: string): void {
  const policy = parse(text);
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy))
    throw invalid('failed to parse JSON.');
  if (Object.keys(policy).length > MOST_KEYS) throw invalid('Filter policy can not have more than 5 keys');
  for (const [key, rule] of Object.entries(policy)) checkRule(key, rule);
}

/** Whether a message passes. `content` is the attributes, or the parsed body under `FilterPolicyScope` MessageBody. */
export function passes(policyText: string, content: FilterAttributes): boolean {
  return matchesObject(parse(policyText) as Record<string, Json>, content);
}

function checkRule(key: string, rule: Json): void {
  if (Array.isArray(rule)) {
    for (const match of rule) {
      if (typeof match !== 'object' || match === null || Array.isArray(match)) continue;
      const operator = Object.keys(match)[0] ?? '';
      if (!OPERATORS.has(operator)) throw invalid(`Unrecognized match type ${operator}`);
      if (operator === 'cidr')
        throw new Fault('NotImplemented', 'The filter operator cidr is not modelled by Sandtable.');
    }
  } else if (typeof rule === 'object' && rule !== null) {
    for (const [name, inner] of Object.entries(rule)) checkRule(`${key}.${name}`, inner);
  } else {
    throw invalid(`"${key}" must be an object or an array`);
  }
}

function matchesObject(policy: Record<string, Json>, content: Readonly<Record<string, Json>>): boolean {
  return Object.entries(policy).every(([key, rule]) => {
    if (key === '$or')
      return (rule as Record<string, Json>[]).some((branch) => matchesObject(branch, content));
    const value = Object.hasOwn(content, key) ? content[key] : undefined;
    if (Array.isArray(rule)) return matchesAny(rule, value);
    const inner = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
    return matchesObject(rule as Record<string, Json>, inner);
  });
}

function matchesAny(rules: readonly Json[], value: Json | undefined): boolean {
  const values = Array.isArray(value) ? value : [value];
  return rules.some((rule) => values.some((one) => matches(rule, one)));
}

function matches(rule: Json, value: Json | undefined): boolean {
  if (typeof rule !== 'object' || rule === null) return rule === value;
  const [operator, operand] = Object.entries(rule)[0] as [string, Json];
  if (operator === 'exists') return (value !== undefined) === operand;
  if (value === undefined) return false;
  switch (operator) {
    case 'prefix':
      return typeof value === 'string' && value.startsWith(operand as string);
    case 'suffix':
      return typeof value === 'string' && value.endsWith(operand as string);
    case 'equals-ignore-case':
      return typeof value === 'string' && value.toLowerCase() === (operand as string).toLowerCase();
    case 'anything-but':
      return !(Array.isArray(operand) ? operand : [operand]).some((one) => matches(one, value));
    case 'numeric':
      return typeof value === 'number' && numeric(operand as (string | number)[], value);
    default:
      return false;
  }
}

/** Pairs of comparison and bound, such as `['>', 0, '<=', 150]`. */
function numeric(pairs: readonly (string | number)[], value: number): boolean {
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const bound = pairs[i + 1] as number;
    const holds = {
      '=': value === bound,
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
    };
    if (!holds[pairs[i] as keyof typeof holds]) return false;
  }
  return true;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw invalid('failed to parse JSON.');
  }
}

function invalid(reason: string): Fault {
  return new Fault('InvalidParameterException', `Invalid parameter: FilterPolicy: ${reason}`);
}
