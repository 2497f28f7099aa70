// Policy documents and other JSON that a template may give as an object or as text.

import type { Json } from './provider.ts';

/** As services take it. */
export function documentText(document: Json): string {
  return typeof document === 'string' ? document : JSON.stringify(document);
}

/** What a service keeps, in the form in which the template gives it. */
export function documentLike(given: Json | undefined, text: string): Json {
  if (typeof given === 'string') return given === text ? text : sameJson(given, text) ? given : text;
  return JSON.parse(text) as Json;
}

function sameJson(left: string, right: string): boolean {
  try {
    return JSON.stringify(JSON.parse(left)) === JSON.stringify(JSON.parse(right));
  } catch {
    return false;
  }
}

/** What is in one list and not in the other. */
export function without<T>(list: readonly T[] | undefined = [], other: readonly T[] | undefined = []): T[] {
  return [...new Set(list)].filter((item) => !other.includes(item));
}
