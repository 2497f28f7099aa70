// Keys of items as text that sorts as DynamoDB sorts: strings by their UTF-8, bytes as unsigned numbers, numbers by value.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html#DDB-Query-request-ScanIndexForward

import { numberOrder } from './values/number.ts';
import { bytesOf } from './values/value.ts';
import type { Value } from './values/value.ts';

/** Ends a part of a longer key: sorts before all that a part can hold. */
export const END = '\u0000';
/** Comes right after the end of a part. */
export const AFTER_END = '\u0001';
/** Sorts after all that a part can hold. */
export const LAST = '\uFFFF';

// eslint-disable-next-line no-control-regex
const SPECIAL = /[\u0000\u0001\uD800-\uFFFF]/;

/** The beginning of a string or of bytes gives the beginning of its order. */
export function orderOf(value: Value): string {
  if ('S' in value) return textOrder(value.S);
  if ('N' in value) return numberOrder(value.N);
  if ('B' in value) return byteOrder(value.B);
  throw new Error('Only scalars have an order.');
}

/**
 * Rows sort by UTF-16 units, which puts the characters beyond the first plane, written as two units from U+D800 on, before
 * U+E000.
 */
function textOrder(text: string): string {
  if (!SPECIAL.test(text)) return text;
  let order = '';
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code <= 1) order += `\u0001${String.fromCharCode(code + 1)}`;
    else if (code > 0xffff) order += `\uE001${character}`;
    else order += code >= 0xe000 ? `\uE000${character}` : character;
  }
  return order;
}

/** A character for each byte, past those that end a part. */
function byteOrder(text: string): string {
  return Array.from(bytesOf(text), (byte) => String.fromCharCode(byte + 2)).join('');
}

/** Where a partition key stands among all: eight hexadecimal digits, evenly spread as DynamoDB's own hash is. */
export function hashOf(order: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < order.length; at += 1) hash = Math.imul(hash ^ order.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hexadecimal((hash ^ (hash >>> 16)) >>> 0);
}

/** How many values a hash can have. */
export const HASHES: number = 2 ** 32;

export function hexadecimal(hash: number): string {
  return hash.toString(16).padStart(8, '0');
}
