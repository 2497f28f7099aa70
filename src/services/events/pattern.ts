// What EventBridge takes for an event pattern, and what it reads off one. Pure. Matching is in #cloud/event-patterns/match.ts.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

import { problemInDialect } from '#cloud/event-patterns/check.ts';
import type { Dialect } from '#cloud/event-patterns/check.ts';
import { isList, isObject, parsed } from '#cloud/json.ts';
import type { JsonObject } from '#cloud/json.ts';

const DIALECT: Dialect = {
  operators: [
    'anything-but',
    'cidr',
    'equals-ignore-case',
    'exists',
    'numeric',
    'prefix',
    'suffix',
    'wildcard',
  ],
  insideAnythingBut: ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'],
  compound: true,
  emptyObjects: false,
  largestNumber: 5_000_000_000,
};

/** What EventBridge would not take of a pattern, or nothing. */
export function problemOfPattern(text: string): string | undefined {
  const pattern = parsed(text);
  if (pattern === undefined) return 'Filter is not valid JSON';
  return isObject(pattern) ? problemInDialect(DIALECT, pattern) : 'Filter is not an object';
}

/** The sources that a pattern asks for by name; nothing where it does not confine itself to such. */
export function sourcesOf(pattern: JsonObject): readonly string[] | undefined {
  const { source } = pattern;
  if (!isList(source) || !source.every((one) => typeof one === 'string')) return undefined;
  return source;
}
