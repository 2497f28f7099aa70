// JSON values, as services keep and compare them. Pure.

import { jsonIn } from '#contract/json-text.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Nothing where a text is no JSON. */
export function parsed(text: string): Json | undefined {
  try {
    return jsonIn(text) as Json;
  } catch {
    return undefined;
  }
}

/** The object that a text is, or nothing. */
export function parsedObject(text: string): JsonObject | undefined {
  const value = parsed(text);
  return isObject(value) ? value : undefined;
}
