// `${event.detail.id}` in a manifest: what a function would take out of its event and its context. Pure.

import { parsed } from '#cloud/json.ts';

/** What placeholders may refer to. */
export interface Given {
  readonly event: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
}

const PLACEHOLDER = /\$\{((?:event|context|env)(?:\.[^}]*)?)\}/g;
const ALONE = /^\$\{((?:event|context|env)(?:\.[^}]*)?)\}$/;

/** The value with its placeholders filled in. A text that is one placeholder becomes the value itself. */
export function filled(value: unknown, given: Given): unknown {
  if (typeof value === 'string') return filledText(value, given);
  if (Array.isArray(value)) return value.map((item) => filled(item, given));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner, given)]));
}

function filledText(text: string, given: Given): unknown {
  const [, alone] = ALONE.exec(text) ?? [];
  if (alone !== undefined) return found(given, alone) ?? null;
  return text.replace(PLACEHOLDER, (_, path: string) => {
    const value = found(given, path);
    return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
  });
}

/** Follows a path; a text on the way is read as JSON, as functions do with messages of SNS and SQS. */
export function found(given: Given, path: string): unknown {
  let at: unknown = given;
  for (const step of path.split('.')) {
    const here: unknown = typeof at === 'string' ? parsed(at) : at;
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    at = (here as Record<string, unknown>)[step];
  }
  return at;
}
