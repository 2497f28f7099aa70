// Filter patterns of event source mappings: EventBridge's rule syntax, as far as Lambda takes it. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html

import { problemInDialect } from '#cloud/event-patterns/check.ts';
import type { Dialect } from '#cloud/event-patterns/check.ts';
import { matches } from '#cloud/event-patterns/match.ts';
import { isList, parsedObject } from '#cloud/json.ts';
import type { JsonObject } from '#cloud/json.ts';

const DIALECT: Dialect = {
  operators: ['anything-but', 'equals-ignore-case', 'exists', 'numeric', 'prefix', 'suffix'],
  insideAnythingBut: ['prefix', 'suffix', 'equals-ignore-case'],
  compound: false,
  emptyObjects: true,
  largestNumber: Infinity,
};

/** Reads a pattern. Nothing where it is none: AWS does not tell what is wrong with it. */
export function parsePattern(text: string): JsonObject | undefined {
  const pattern = parsedObject(text);
  return pattern && problemInDialect(DIALECT, pattern) === undefined ? pattern : undefined;
}

/**
 * Whether a message of a queue passes one of the patterns. What a pattern asks of the body decides how the body is read; a body
 * that is not of that form passes no such pattern.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
 */
export function passesAny(patterns: readonly JsonObject[], record: { readonly body: string }): boolean {
  if (patterns.length === 0) return true;
  const fields = record as { body: string } & JsonObject;
  const body = parsedObject(record.body);
  return patterns.some((pattern) => {
    const wanted = pattern['body'];
    if (wanted === undefined || isList(wanted)) return matches(pattern, fields);
    return body !== undefined && matches(pattern, { ...fields, body });
  });
}
