// Items as rows: one for each item, and one for each of its places in indexes. A place holds no attributes of its own: reads
// project them from the item, so that an index is never out of step.

import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { END } from './key-order.ts';
import { entryKey, isFiled, keyNames, placeOf, tableKey } from './keys.ts';
import { buckets, counts, entries, items } from './rows.ts';
import type { EntryRow, Index, ItemRow, TableRow } from './rows.ts';
import { addToCount } from './tables/counts.ts';
import { awaitExpiry } from './tables/time-to-live.ts';
import { attribute, equalItems, itemBytes, itemOf } from './values/value.ts';
import type { Item } from './values/value.ts';

/** How many rows are looked at at once, where nobody knows how many are needed. */
const CHUNK = 100;

export function findItem(home: Ctx, table: TableRow, key: Item): ItemRow | undefined {
  return home.get(items, tableKey(table, key));
}

/** Writes an item and its places. */
export function putItem(home: Ctx, table: TableRow, item: Item, before: ItemRow | undefined): void {
  const key = tableKey(table, item);
  const bytes = itemBytes(item);
  home.put(items, { key, item, bytes });
  addToCount(home, table, { items: before ? 0 : 1, bytes: bytes - (before?.bytes ?? 0) });
  for (const index of table.indexes) refile(home, table, index, before?.item, item);
  awaitExpiry(home, table, key, item, before?.item);
}

export function removeItem(home: Ctx, table: TableRow, before: ItemRow): void {
  home.delete(items, before.key);
  addToCount(home, table, { items: -1, bytes: -before.bytes });
  for (const index of table.indexes) refile(home, table, index, before.item, undefined);
}

function refile(
  home: Ctx,
  table: TableRow,
  index: Index,
  before: Item | undefined,
  after: Item | undefined,
): void {
  const [was, is] = [before, after].map((item) =>
    item && isFiled(index, item)
      ? { key: entryKey(table, index, item), bytes: itemBytes(projected(table, index, item)) }
      : undefined,
  );
  if (was && was.key !== is?.key) home.delete(entries, was.key);
  if (is && is.key !== was?.key) home.put(entries, { key: is.key, itemKey: tableKey(table, after as Item) });
  addToCount(home, table, {
    index,
    items: Number(is !== undefined) - Number(was !== undefined),
    bytes: (is?.bytes ?? 0) - (was?.bytes ?? 0),
  });
}

/** What a write costs an index, in bytes: the sizes of the entries that it takes out, puts in or rewrites. */
export function indexWrites(
  table: TableRow,
  index: Index,
  before: Item | undefined,
  after: Item | undefined,
): number[] {
  const [was, is] = [before, after].map((item) =>
    item && isFiled(index, item)
      ? { key: entryKey(table, index, item), item: projected(table, index, item) }
      : undefined,
  );
  if (was && is && was.key === is.key)
    return equalItems(was.item, is.item) ? [] : [Math.max(itemBytes(was.item), itemBytes(is.item))];
  return [was, is].flatMap((entry) => (entry ? [itemBytes(entry.item)] : []));
}

/** What an index has of an item. */
export function projected(table: TableRow, index: Index, item: Item): Item {
  if (index.projection === 'ALL') return item;
  const names = [...keyNames(table, index), ...index.included];
  return itemOf(
    [...new Set(names)].flatMap((name) => {
      const value = attribute(item, name);
      return value ? [[name, value] as const] : [];
    }),
  );
}

/** Files the items that were there before the index. */
export function backfill(home: Ctx, table: TableRow, index: Index): void {
  for (const { item } of home.scan(items, { prefix: placeOf(table) }))
    refile(home, table, index, undefined, item);
}

export function emptyIndex(home: Ctx, table: TableRow, index: Index): void {
  for (const { key } of home.scan(entries, { prefix: placeOf(table, index) })) home.delete(entries, key);
  forget(home, `${table.name}${END}${index.name}`);
}

export function emptyTable(home: Ctx, table: TableRow): void {
  for (const index of table.indexes) emptyIndex(home, table, index);
  for (const { key } of home.scan(items, { prefix: placeOf(table) })) home.delete(items, key);
  forget(home, table.name);
}

function forget(home: Ctx, of: string): void {
  home.delete(counts, of);
  home.delete(buckets, `${of}${END}read`);
  home.delete(buckets, `${of}${END}write`);
}

/** A stretch of keys: after `from` and before `to`. */
export interface Stretch {
  readonly from: string;
  readonly to: string;
}

/** Items of a table or an index whose places are within a stretch, one after the other. */
export function* walk(
  home: Ctx,
  index: Index | undefined,
  { from, to }: Stretch,
  backwards: boolean,
): Generator<ItemRow> {
  const rows = (index ? entries : items) as Table<EntryRow | ItemRow>;
  let [after, before] = [from, to];
  for (;;) {
    const found = backwards
      ? home.scanBack(rows, { after, before, limit: CHUNK })
      : home.scan(rows, { after, limit: CHUNK });
    for (const row of found) {
      if (row.key >= before) return;
      const item = 'itemKey' in row ? home.get(items, row.itemKey) : row;
      if (item) yield item;
    }
    const last = found.at(-1);
    if (!last || found.length < CHUNK) return;
    if (backwards) before = last.key;
    else after = last.key;
  }
}
