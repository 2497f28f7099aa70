// INSERT, UPDATE, DELETE and EXISTS as changes of one item each.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html

import type { Ctx } from '#cloud/ctx.ts';
import { pathsOf } from '../expressions/update.ts';
import { invalid } from '../faults.ts';
import { putChange, updated } from '../items/writing.ts';
import type { Change } from '../items/writing.ts';
import { usableTable } from '../tables/table.ts';
import { toWire } from '../values/value.ts';
import type { Item } from '../values/value.ts';
import { keyIn } from './plan.ts';
import type { Delete, Exists, Insert, UpdateStatement } from './statement.ts';

export const NO_KEY = 'Where clause does not contain a mandatory equality on all key attributes';

export type Write = Insert | UpdateStatement | Delete | Exists;

/** `shows`: a condition that fails shows the item. */
export function changeBy(ctx: Ctx, write: Write, shows: string | undefined): Change {
  const showsItem = shows === 'ALL_OLD';
  if (write.kind === 'insert') {
    const change = putChange({ TableName: write.table, Item: toWire(write.item) });
    return { ...change, showsItem, expects: 'none' };
  }
  const { table: tableName, where } = write.kind === 'exists' ? write.select : write;
  if (!where) throw invalid(NO_KEY);
  const { table } = usableTable(ctx, tableName);
  const { key: finds, rest: condition } = keyIn(where, table.keys, NO_KEY);
  const change = { tableName, finds, condition, showsItem, paths: [] };
  if (write.kind === 'delete') return { ...change, kind: 'delete', expects: 'any', after: () => undefined };
  if (write.kind === 'exists')
    return { ...change, kind: 'check', expects: 'some', after: (before) => before };
  const { update } = write;
  return {
    ...change,
    kind: 'update',
    expects: 'some',
    paths: pathsOf(update),
    after: (before: Item | undefined) => updated(update, before ?? finds),
  };
}
