// Time to live: items go some time after the instant that one of their attributes tells.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html

import { timer } from '#world/index.ts';
import type { TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { items, tables } from '../rows.ts';
import type { TableRow } from '../rows.ts';
import { EXPIRED_LONG_AGO_MS, expiry } from '../timings.ts';
import { attribute } from '../values/value.ts';
import type { Item } from '../values/value.ts';

/** An item whose time has come. */
export interface Expiry {
  readonly table: string;
  /** A table of the same name may come after this one. */
  readonly tableId: string;
  readonly key: string;
  /** As the attribute tells it. */
  readonly at: string;
}
export const expiryDue: TimerKind<Expiry> = timer<Expiry>('dynamodb/expiry-due', { background: true });

/** Seconds since 1970 beyond which no date is. */
const LAST_SECOND = 8_640_000_000_000;

/** The instant at which an item expires, as its attribute tells it; nothing where it never does. */
function expiryOf({ timeToLive }: TableRow, item: Item): string | undefined {
  if (timeToLive?.status !== 'ENABLED') return undefined;
  const value = attribute(item, timeToLive.attribute);
  return value && 'N' in value ? value.N : undefined;
}

/** Sees to it that an item goes when its time has come. */
export function awaitExpiry(home: Ctx, table: TableRow, key: string, item: Item, before?: Item): void {
  const at = expiryOf(table, item);
  if (at === undefined || (before && expiryOf(table, before) === at)) return;
  const expiresAt = Math.floor(Number(at)) * 1000;
  if (Number(at) > LAST_SECOND || expiresAt < home.now - EXPIRED_LONG_AGO_MS) return;
  const due = Math.max(expiresAt, home.now) + home.duration(expiry, key);
  home.schedule(expiryDue, due, { table: table.name, tableId: table.id, key, at });
}

/** Whether a timer still means what stands in the table. */
export function isExpiring(home: Ctx, { table: name, tableId, key, at }: Expiry): boolean {
  const table = home.get(tables, name);
  const row = home.get(items, key);
  if (table?.id !== tableId || table.status === 'DELETING' || !row) return false;
  return expiryOf(table, row.item) === at;
}
