// Requests as text, to tell whether two are the same.

import { base64 } from '#contract/protocols/bytes.ts';

/** Members in the order of their names; bytes as base64. */
export function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return JSON.stringify({ bytes: base64(value) });
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`);
  return `{${members.join(',')}}`;
}
