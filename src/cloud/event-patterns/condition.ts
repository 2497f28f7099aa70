// What a pattern asks of one value: to be the same, or what an operator says. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

import { isList, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { fitsWildcards, MANY } from '../wildcards.ts';
import { inRange } from './addresses.ts';

/** Whether a value, which is there and no object or list, meets a condition that has no problem. */
export function meets(condition: Json, value: Json): boolean {
  if (!isObject(condition)) return condition === value;
  const [operator, operand] = Object.entries(condition)[0] as [string, Json];
  switch (operator) {
    case 'exists':
      return operand === true;
    case 'anything-but':
      return !excluded(operand).some((one) => meets(one, value));
    case 'numeric':
      return typeof value === 'number' && inBounds(operand as readonly (string | number)[], value);
    default:
      return typeof value === 'string' && meetsText(operator, operand, value);
  }
}

/** `{ "prefix": ["a", "b"] }` as the two conditions that it stands for. */
function excluded(operand: Json): readonly Json[] {
  if (!isObject(operand)) return listOf(operand);
  const [operator = '', inner = null] = Object.entries(operand)[0] ?? [];
  return listOf(inner).map((one): JsonObject => ({ [operator]: one }));
}

const listOf = (operand: Json): readonly Json[] => (isList(operand) ? operand : [operand]);

function meetsText(operator: string, operand: Json, value: string): boolean {
  const caseless = isObject(operand);
  const given = caseless ? operand['equals-ignore-case'] : operand;
  const wanted = caseless ? String(given).toLowerCase() : String(given);
  const text = caseless ? value.toLowerCase() : value;
  switch (operator) {
    case 'prefix':
      return text.startsWith(wanted);
    case 'suffix':
      return text.endsWith(wanted);
    case 'equals-ignore-case':
      return text.toLowerCase() === wanted.toLowerCase();
    case 'wildcard':
      return fitsWildcards(unescaped(wanted), text);
    case 'cidr':
      return inRange(wanted, text);
    default:
      return false;
  }
}

/** `\*` and `\\` are the characters themselves. */
function unescaped(wildcard: string): string {
  return wildcard.replace(/\\([^])|\*/g, (_, escaped: string | undefined) => escaped ?? MANY);
}

/** Pairs of comparison and bound, such as `['>', 0, '<=', 150]`. */
function inBounds(pairs: readonly (string | number)[], value: number): boolean {
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const bound = pairs[at + 1] as number;
    const holds = {
      '=': value === bound,
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
    };
    if (!holds[pairs[at] as keyof typeof holds]) return false;
  }
  return true;
}
