// Tables and indexes on their way from one status to the next.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html

import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { tables } from '../rows.ts';
import type { Index, TableRow } from '../rows.ts';
import { backfill, emptyIndex, emptyTable } from '../store.ts';
import { indexBackfill } from '../timings.ts';
import { usedNames } from './definition.ts';

export const settling: Reconciler<TableRow, Ctx> = {
  name: 'dynamodb/settling',
  table: tables,
  step(home, table) {
    if (table.status === 'DELETING' && isDue(home, table)) {
      emptyTable(home, table);
      home.delete(tables, table.name);
      return undefined;
    }
    const indexes = table.indexes.flatMap((index) =>
      isDue(home, index) ? settled(home, table, index) : [index],
    );
    const moved = withIndexes(table, indexes);
    const next = isDue(home, table) ? settledTable(moved) : moved;
    home.put(tables, next);
    return nextLook(next);
  },
};

/** Writes a table that something is going on with, and sees to it that it is looked at in time. */
export function begin(home: Ctx, table: TableRow): TableRow {
  home.put(tables, table);
  const next = nextLook(table);
  if (next !== undefined) home.wake(settling, table.name, next);
  return table;
}

function isDue(home: Ctx, { settlesAt }: { readonly settlesAt?: number }): boolean {
  return settlesAt !== undefined && settlesAt <= home.now;
}

function nextLook({ settlesAt, indexes }: TableRow): number | undefined {
  const instants = [settlesAt, ...indexes.map((index) => index.settlesAt)].filter((one) => one !== undefined);
  return instants.length > 0 ? Math.min(...instants) : undefined;
}

/** Definitions of attributes go with the last index that has them. */
function withIndexes(table: TableRow, indexes: readonly Index[]): TableRow {
  if (indexes.length === table.indexes.length) return { ...table, indexes };
  const used = usedNames(table.keys, indexes);
  return { ...table, indexes, attributes: table.attributes.filter(({ name }) => used.has(name)) };
}

function settledTable(table: TableRow): TableRow {
  const { settlesAt: _, wanted, encryption, throughput, ...rest } = table;
  // Indexes that came with the table stand when it does.
  const indexes = rest.indexes.map((index) =>
    index.settlesAt === undefined ? { ...index, status: 'ACTIVE' as const } : index,
  );
  const units = wanted === undefined ? throughput : wanted === 'none' ? undefined : wanted;
  return {
    ...rest,
    status: 'ACTIVE',
    indexes,
    ...(units && { throughput: units }),
    ...(encryption && !encryption.ends && { encryption: { ...encryption, status: 'ENABLED' as const } }),
  };
}

function settled(home: Ctx, table: TableRow, index: Index): Index[] {
  const { settlesAt: _, wanted, backfilling, throughput, ...rest } = index;
  if (index.status === 'DELETING') {
    emptyIndex(home, table, index);
    return [];
  }
  if (index.status === 'CREATING' && !backfilling) {
    backfill(home, table, index);
    const settlesAt = home.now + home.duration(indexBackfill, `${table.arn}/${index.name}`);
    return [{ ...index, backfilling: true, settlesAt }];
  }
  const units = wanted ?? throughput;
  return [{ ...rest, status: 'ACTIVE', ...(units && { throughput: units }) }];
}
