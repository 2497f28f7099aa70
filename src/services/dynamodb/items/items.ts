// Items: put, got, updated and deleted, one at a time.

import type { Operations } from '#cloud/service.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pick } from '../expressions/path.ts';
import { counted, invalid } from '../faults.ts';
import { checkKey, checkKeyPaths } from '../keys.ts';
import { findItem } from '../store.ts';
import { usableTable } from '../tables/table.ts';
import { fromWire, toWire } from '../values/value.ts';
import { consume, Consumed, readUnits, told } from './capacity.ts';
import { expressionsOf } from './expressions.ts';
import {
  aim,
  checkCondition,
  collectionMetrics,
  deleteChange,
  outcome,
  putChange,
  returned,
  updateChange,
  write,
} from './writing.ts';
import type { Change } from './writing.ts';

interface Asks {
  readonly ReturnValues?: string | undefined;
  readonly ReturnConsumedCapacity?: 'INDEXES' | 'TOTAL' | 'NONE' | undefined;
  readonly ReturnItemCollectionMetrics?: 'SIZE' | 'NONE' | undefined;
}

/** Only updates can show what is there afterwards. */
function checkReturns({ ReturnValues: which = 'NONE' }: Asks): void {
  if (which !== 'ALL_OLD' && which !== 'NONE') throw invalid('ReturnValues can only be ALL_OLD or NONE');
}

export function carriedOut(
  ctx: Ctx,
  change: Change,
  asks: Asks,
): ReturnType<typeof returned> & ReturnType<typeof told> & ReturnType<typeof collectionMetrics> {
  const aimed = aim(ctx, change);
  checkCondition(aimed);
  const written = write(aimed, outcome(aimed));
  return {
    ...returned(aimed, written, asks.ReturnValues),
    ...told(aimed.table, written.consumed, asks.ReturnConsumedCapacity),
    ...collectionMetrics(aimed, asks.ReturnItemCollectionMetrics),
  };
}

export const itemOperations: Operations<'dynamodb'> = {
  PutItem(ctx, input) {
    checkReturns(input);
    return carriedOut(
      ctx,
      counted(() => putChange(input)),
      input,
    );
  },

  DeleteItem(ctx, input) {
    checkReturns(input);
    return carriedOut(
      ctx,
      counted(() => deleteChange(input)),
      input,
    );
  },

  UpdateItem: (ctx, input) =>
    carriedOut(
      ctx,
      counted(() => updateChange(input)),
      input,
    ),

  GetItem(ctx, input) {
    const { TableName, Key, ConsistentRead = false, ReturnConsumedCapacity } = input;
    const key = fromWire(Key);
    const { projection } = expressionsOf(input, ['ProjectionExpression']);
    const { home, table } = usableTable(ctx, TableName);
    checkKey(table, key);
    checkKeyPaths(table, projection ?? []);
    const found = findItem(home, table, key);
    const consumed = new Consumed('read');
    consumed.add(readUnits(found?.bytes ?? 0, ConsistentRead));
    consume(home, table, consumed);
    return {
      ...(found && { Item: toWire(projection ? pick(found.item, projection) : found.item) }),
      ...told(table, consumed, ReturnConsumedCapacity),
    };
  },
};
