// Members that are there: what a template leaves out does not go to the API, and what S3 leaves out is not in a template.

import type { Json } from '../provider.ts';

/** Only those members that have a value. */
export function given<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const set = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** The same as a part of a template. */
export function inTemplate(members: object): Json {
  return given(members) as unknown as Json;
}
