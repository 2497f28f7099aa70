// Subscription filter policies: which messages a subscription wants. Pure. What SNS takes for a policy is in ./filter-check.ts.
// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html

import { contains } from './cidr.ts';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/** Whether a value is a `$or` that joins alternatives, and no attribute of that name. */
export function alternatives(key: string, rule: Json): readonly JsonObject[] | undefined {
  const joins = key === '$or' && Array.isArray(rule) && rule.length > 1 && rule.every(isObject);
  return joins ? (rule as JsonObject[]) : undefined;
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether attributes pass: name to value, or to the values of a `String.Array`. */
export function attributesPass(policyText: string, attributes: JsonObject): boolean {
  return matchesObject(JSON.parse(policyText) as JsonObject, attributes);
}

/** Whether a parsed body passes. Names with dots stand for nested ones, on both sides. */
export function bodyPasses(policyText: string, body: JsonObject): boolean {
  return matchesObject(undotted(JSON.parse(policyText) as JsonObject), undotted(body));
}

function matchesObject(policy: JsonObject, content: JsonObject): boolean {
  return Object.entries(policy).every(([key, rule]) => {
    const branches = alternatives(key, rule);
    if (branches) return branches.some((branch) => matchesObject(branch, content));
    const value = Object.hasOwn(content, key) ? content[key] : undefined;
    return Array.isArray(rule) ? matchesAny(rule, leaf(value)) : matchesNested(rule as JsonObject, value);
  });
}

/** Of a list, one element has to match as a whole. */
function matchesNested(rule: JsonObject, value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.some((one) => matchesNested(rule, one));
  return matchesObject(rule, isObject(value) ? value : {});
}

/** Operators look at leaves only: an object in their place is as good as nothing. */
function leaf(value: Json | undefined): Json | undefined {
  return isObject(value) ? undefined : value;
}

function matchesAny(rules: readonly Json[], value: Json | undefined): boolean {
  const values = leaves(value);
  return rules.some((rule) => values.some((one) => matches(rule, one)));
}

function leaves(value: Json | undefined): readonly (Json | undefined)[] {
  return Array.isArray(value) ? value.flatMap(leaves) : [value];
}

function matches(rule: Json, value: Json | undefined): boolean {
  if (!isObject(rule)) return rule === value;
  const [operator, operand] = Object.entries(rule)[0] as [string, Json];
  if (operator === 'exists') return (value !== undefined) === operand;
  if (value === undefined || value === null) return false;
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
      return typeof value === 'number' && inRange(operand as (string | number)[], value);
    case 'cidr':
      return typeof value === 'string' && contains(operand as string, value);
    default:
      return false;
  }
}

/** Pairs of comparison and bound, such as `['>', 0, '<=', 150]`. */
function inRange(pairs: readonly (string | number)[], value: number): boolean {
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

/** The same document with `{ 'a.b': x }` as `{ a: { b: x } }`. */
function undotted(document: JsonObject): JsonObject {
  const found: Record<string, Json> = {};
  for (const [key, value] of Object.entries(document)) {
    let place = found;
    const path = key === '$or' ? [key] : key.split('.');
    for (const name of path.slice(0, -1)) {
      const inner = Object.hasOwn(place, name) ? place[name] : undefined;
      place = (isObject(inner) ? inner : (place[name] = {})) as Record<string, Json>;
    }
    const last = path.at(-1) as string;
    const before = Object.hasOwn(place, last) ? place[last] : undefined;
    const inner = undottedValue(value);
    place[last] = isObject(before) && isObject(inner) ? { ...before, ...inner } : inner;
  }
  return found;
}

function undottedValue(value: Json): Json {
  if (Array.isArray(value)) return value.map(undottedValue);
  return isObject(value) ? (undotted(value) as { [key: string]: Json }) : value;
}
