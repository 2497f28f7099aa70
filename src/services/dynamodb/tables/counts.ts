// How many items a table or an index has, and how large they are. Descriptions lag behind by up to six hours, as in AWS.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html

import type { Ctx } from '#cloud/ctx.ts';
import { END } from '../key-order.ts';
import { counts } from '../rows.ts';
import type { CountRow, Index, TableRow } from '../rows.ts';
import { countRefresh } from '../timings.ts';

interface Count {
  readonly items: number;
  readonly bytes: number;
}

function countKey(table: TableRow, index?: Index): string {
  return index ? `${table.name}${END}${index.name}` : table.name;
}

/** The last refresh: they come at equal intervals from the table's creation on. */
function refreshedAt(home: Ctx, table: TableRow): number {
  const every = home.duration(countRefresh, table.name);
  return every === 0 ? home.now : home.now - ((home.now - table.createdAt) % every);
}

/** What `row` has told since the last refresh. */
function told(row: CountRow, refresh: number): Count {
  return row.changedAt <= refresh
    ? { items: row.items, bytes: row.bytes }
    : { items: row.toldItems, bytes: row.toldBytes };
}

export function addToCount(
  home: Ctx,
  table: TableRow,
  change: Count & { readonly index?: Index | undefined },
): void {
  if (change.items === 0 && change.bytes === 0) return;
  const of = countKey(table, change.index);
  const row = home.get(counts, of) ?? {
    of,
    items: 0,
    bytes: 0,
    changedAt: table.createdAt,
    toldItems: 0,
    toldBytes: 0,
  };
  const { items: toldItems, bytes: toldBytes } = told(row, refreshedAt(home, table));
  home.put(counts, {
    of,
    items: row.items + change.items,
    bytes: row.bytes + change.bytes,
    changedAt: home.now,
    toldItems,
    toldBytes,
  });
}

export function countTold(home: Ctx, table: TableRow, index?: Index): Count {
  const row = home.get(counts, countKey(table, index));
  return row ? told(row, refreshedAt(home, table)) : { items: 0, bytes: 0 };
}
