// Pages of rows in key order. A token is the key of the last row that was shown, in base64url so that nobody reads it as
// more than a token.

import { Fault } from '#contract/fault.ts';
import { base64, fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import type { Row, Table } from '#world/index.ts';
import type { Ctx } from './ctx.ts';

interface PageRequest<R> {
  token?: string | undefined;
  limit: number;
  /** Only rows whose key begins with this. */
  prefix?: string;
  /** Only rows for which this holds. */
  where?: (row: R) => boolean;
  /** The service's own error for a token that it never gave out. */
  invalidToken?: () => Fault;
}

/** One page of a table, and the token of the next. */
export function page<R extends Row>(
  ctx: Ctx,
  rows: Table<R>,
  request: PageRequest<R>,
): { rows: R[]; next: string | undefined } {
  const { token, limit, prefix = '', where, invalidToken } = request;
  checkSize(limit);
  const after = token === undefined || token === '' ? undefined : decode(token, invalidToken);
  const start = after === undefined ? { prefix } : { prefix, after };
  if (!where) return cut(rows, ctx.scan(rows, { ...start, limit: limit + 1 }), limit);
  return cut(rows, ctx.scan(rows, start).filter(where), limit);
}

/** One page of a list that is in the order of its keys. A token stays good when its own item has gone. */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { token, limit, invalidToken }: { token?: string | undefined; limit: number; invalidToken?: () => Fault },
): { items: T[]; next: string | undefined } {
  checkSize(limit);
  const after = token ? decode(token, invalidToken) : undefined;
  const from = after === undefined ? 0 : startAfter(items, keyOf, after);
  const shown = items.slice(from, from + limit);
  const last = shown.at(-1);
  return {
    items: shown,
    next: last !== undefined && from + limit < items.length ? encode(keyOf(last)) : undefined,
  };
}

/** Some models let a page of nothing through, which could never be followed by another. */
function checkSize(limit: number): void {
  if (limit < 1)
    throw new Fault('InvalidParameterValue', `A page has at least one item; ${limit} was asked for.`);
}

function cut<R extends Row>(
  table: Table<R>,
  found: R[],
  limit: number,
): { rows: R[]; next: string | undefined } {
  if (found.length <= limit) return { rows: found, next: undefined };
  const rows = found.slice(0, limit);
  return { rows, next: encode(table.key(rows.at(-1) as R)) };
}

function encode(key: string): string {
  return base64(utf8(key)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(token: string, invalidToken: (() => Fault) | undefined): string {
  const bytes = /^[A-Za-z0-9_-]+$/.test(token)
    ? fromBase64(padded(token.replaceAll('-', '+').replaceAll('_', '/')))
    : undefined;
  // What decodes to no text, such as most UUIDs, was never a token either.
  const key = bytes && textOf(bytes);
  if (key === undefined)
    throw invalidToken?.() ?? new Fault('InvalidParameterValue', 'The pagination token is not valid.');
  return key;
}

/** `encode` leaves the padding out, so that tokens need no escaping in URLs. */
function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** Where a list goes on after a key: behind its item, or where that would have stood. */
function startAfter<T>(items: readonly T[], keyOf: (item: T) => string, after: string): number {
  const at = items.findIndex((item) => keyOf(item) === after);
  if (at >= 0) return at + 1;
  const later = items.findIndex((item) => keyOf(item) > after);
  return later < 0 ? items.length : later;
}
