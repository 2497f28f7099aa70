// Subscription filter policies: what SNS takes for one, and which messages a subscription with it wants. Pure.
// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html

import { problemInDialect } from '#cloud/event-patterns/check.ts';
import type { Dialect } from '#cloud/event-patterns/check.ts';
import { alternatives, matches, matchesFields } from '#cloud/event-patterns/match.ts';
import { isList, isObject, parsed } from '#cloud/json.ts';
import type { Json, JsonObject } from '#cloud/json.ts';

const DIALECT: Dialect = {
  operators: ['anything-but', 'cidr', 'equals-ignore-case', 'exists', 'numeric', 'prefix', 'suffix'],
  insideAnythingBut: ['prefix'],
  compound: false,
  emptyObjects: true,
  largestNumber: Infinity,
};

// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
const MOST_KEYS = 5;
const MOST_COMBINATIONS = 150;

/** Whether attributes pass: name to value, or to the values of a `String.Array`. */
export function attributesPass(policyText: string, attributes: JsonObject): boolean {
  return matchesFields(toFiveDigits(JSON.parse(policyText) as JsonObject), toFiveDigits(attributes));
}

/** Whether a parsed body passes. Names with dots stand for nested ones, on both sides. */
export function bodyPasses(policyText: string, body: JsonObject): boolean {
  return matches(toFiveDigits(JSON.parse(policyText) as JsonObject), toFiveDigits(body));
}

/** Numbers are compared with five digits of accuracy after the decimal point. */
function toFiveDigits<V extends Json>(value: V): V {
  return JSON.parse(JSON.stringify(value), (_, one: Json) =>
    typeof one === 'number' ? Math.round(one * 100_000) / 100_000 : one,
  ) as V;
}

/** What SNS would not take of a policy, or nothing. Only policies on bodies may be nested. */
export function problemOfFilterPolicy(text: string, scope: string): string | undefined {
  const policy = parsed(text);
  if (policy === undefined) return 'FilterPolicy: failed to parse JSON.';
  if (!isObject(policy)) return 'FilterPolicy: Filter is not an object';
  const problem = problemOfPolicy(policy);
  if (problem !== undefined) return `FilterPolicy: ${problem}`;
  if (scope !== 'MessageBody' && isNested(policy))
    return 'Filter policy scope MessageAttributes does not support nested filter policy';
  return undefined;
}

function problemOfPolicy(policy: JsonObject): string | undefined {
  if (Object.keys(policy).length > MOST_KEYS) return 'Filter policy can not have more than 5 keys';
  const problem = problemInDialect(DIALECT, policy);
  if (problem !== undefined) return problem;
  return combinations(policy, 1) > MOST_COMBINATIONS ? 'Filter policy is too complex' : undefined;
}

/** Values of each key times the depth at which it stands, all multiplied; alternatives are added up. */
function combinations(policy: JsonObject, depth: number): number {
  return Object.entries(policy).reduce((product, [key, rule]) => {
    const branches = alternatives(key, rule);
    if (branches) return product * branches.reduce((sum, branch) => sum + combinations(branch, depth), 0);
    if (isList(rule)) return product * rule.length * depth;
    return product * combinations(rule as JsonObject, depth + 1);
  }, 1);
}

function isNested(policy: JsonObject): boolean {
  return Object.entries(policy).some(
    ([key, rule]) => alternatives(key, rule)?.some(isNested) ?? isObject(rule),
  );
}
