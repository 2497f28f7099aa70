// One write of one item, on its own, in a batch or in a transaction: what it finds, whether its condition holds, what it leaves.

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { applied } from '../expressions/application.ts';
import { holds } from '../expressions/comparison.ts';
import { pick } from '../expressions/path.ts';
import type { Path } from '../expressions/path.ts';
import type { Condition } from '../expressions/syntax.ts';
import { pathsOf } from '../expressions/update.ts';
import type { Update as ParsedUpdate } from '../expressions/update.ts';
import { invalid, invalidValues } from '../faults.ts';
import {
  partition,
  placeOf,
  checkItemKeys,
  checkKey,
  checkKeyPaths,
  checkUpdatedIndexKeys,
  keyList,
} from '../keys.ts';
import { items } from '../rows.ts';
import type { ItemRow, TableRow } from '../rows.ts';
import { findItem, putItem, removeItem } from '../store.ts';
import { usableTable } from '../tables/table.ts';
import { MOST_ITEM_BYTES } from '../timings.ts';
import { attribute, fromWire, itemBytes, itemOf, toWire } from '../values/value.ts';
import type { Item, Value } from '../values/value.ts';
import { consume, writeConsumed } from './capacity.ts';
import type { Consumed } from './capacity.ts';
import { expressionsOf, pathsIn } from './expressions.ts';

type Transacted = Input<'dynamodb', 'TransactWriteItems'>['TransactItems'][number];
/** Transactions know expressions only; single writes also what was there before these. */
type Legacy = Pick<Input<'dynamodb', 'UpdateItem'>, 'Expected' | 'ConditionalOperator'>;
type Put = NonNullable<Transacted['Put']> & Legacy;
type Update = Omit<NonNullable<Transacted['Update']>, 'UpdateExpression'> &
  Legacy &
  Pick<Input<'dynamodb', 'UpdateItem'>, 'UpdateExpression' | 'AttributeUpdates'>;
type Delete = NonNullable<Transacted['Delete']> & Legacy;
type Check = NonNullable<Transacted['ConditionCheck']>;
type CollectionMetrics = NonNullable<Output<'dynamodb', 'PutItem'>['ItemCollectionMetrics']>;

/** A write that has been read and not yet been carried out. */
export interface Change {
  readonly tableName: string;
  /** The item's key, and more where the whole item is given. */
  readonly finds: Item;
  readonly condition?: Condition | undefined;
  /** A failed condition shows the item. */
  readonly showsItem: boolean;
  /** Of an update: what it writes. */
  readonly paths: readonly Path[];
  readonly kind: 'put' | 'update' | 'delete' | 'check';
  /** Of statements: there may be no item yet, there has to be one, or the condition is about an item that is there. */
  readonly expects?: 'none' | 'some' | 'any';
  after(before: Item | undefined): Item | undefined;
}

const CONDITIONS = ['ConditionExpression'] as const;
const GIGABYTE: number = 1024 ** 3;

function shows({ ReturnValuesOnConditionCheckFailure: shown }: Put | Update | Delete | Check): boolean {
  return shown === 'ALL_OLD';
}

export function putChange(put: Put): Change {
  const item = fromWire(put.Item);
  if (itemBytes(item) > MOST_ITEM_BYTES) throw invalid('Item size has exceeded the maximum allowed size');
  const { condition } = expressionsOf(put, CONDITIONS);
  const after = (): Item => item;
  return {
    tableName: put.TableName,
    kind: 'put',
    finds: item,
    condition,
    showsItem: shows(put),
    paths: [],
    after,
  };
}

export function deleteChange(taken: Delete): Change {
  const finds = fromWire(taken.Key);
  const { condition } = expressionsOf(taken, CONDITIONS);
  const after = (): undefined => undefined;
  return {
    tableName: taken.TableName,
    kind: 'delete',
    finds,
    condition,
    showsItem: shows(taken),
    paths: [],
    after,
  };
}

export function checkChange(check: Check): Change {
  const finds = fromWire(check.Key);
  const { condition } = expressionsOf(check, CONDITIONS);
  const after = (before: Item | undefined): Item | undefined => before;
  return {
    tableName: check.TableName,
    kind: 'check',
    finds,
    condition,
    showsItem: shows(check),
    paths: [],
    after,
  };
}

export function updateChange(given: Update): Change {
  const finds = fromWire(given.Key);
  const { condition, update } = expressionsOf(given, ['UpdateExpression', 'ConditionExpression']);
  return {
    tableName: given.TableName,
    kind: 'update',
    finds,
    condition,
    showsItem: shows(given),
    paths: update ? pathsOf(update) : [],
    after(before) {
      if (!before && given.AttributeUpdates && update && onlyTakes(update)) return undefined;
      return update ? updated(update, before ?? finds) : (before ?? finds);
    },
  };
}

/** An item as an update leaves it, no larger than items may be. */
export function updated(update: ParsedUpdate, before: Item): Item {
  const item = applied(update, before);
  if (itemBytes(item) > MOST_ITEM_BYTES)
    throw invalid('Item size to update has exceeded the maximum allowed size');
  return item;
}

/** "Nothing happens": unlike an expression, deletions of attributes alone make no item. */
function onlyTakes({ set, add, remove, delete: taken }: ParsedUpdate): boolean {
  return set.length + add.length === 0 && remove.length + taken.length > 0;
}

/** A change and what it is about. */
export interface Aimed {
  readonly home: Ctx;
  readonly table: TableRow;
  readonly change: Change;
  readonly before: ItemRow | undefined;
}

/** Finds the table, and the item if it is there. Throws where the key does not fit. */
export function aim(ctx: Ctx, change: Change): Aimed {
  const { home, table } = usableTable(ctx, change.tableName);
  if (change.kind === 'put') checkItemKeys(table, change.finds);
  else checkKey(table, change.finds);
  for (const { name } of keyList(table.keys)) {
    if (change.paths.some(([first]) => first === name))
      throw invalidValues(`Cannot update attribute ${name}. This attribute is part of the key`);
  }
  checkKeyPaths(table, [...change.paths, ...(change.condition ? pathsIn(change.condition) : [])]);
  return { home, table, change, before: findItem(home, table, change.finds) };
}

export function checkCondition({ change, before }: Aimed): void {
  const { condition, showsItem, expects } = change;
  if (expects === 'none' && before)
    throw new Fault('DuplicateItemException', 'Duplicate primary key exists in table');
  if (expects === 'any' && !before) return;
  const stands = expects !== 'some' || before !== undefined;
  if (stands && (!condition || holds(condition, before?.item ?? {}))) return;
  throw new Fault('ConditionalCheckFailedException', 'The conditional request failed', {
    ...(showsItem && before && { fields: { Item: toWire(before.item) } }),
  });
}

/** What a change leaves, checked against the indexes. */
export function outcome({ table, change, before }: Aimed): Item | undefined {
  const after = change.after(before?.item);
  if (after && change.kind === 'update') checkUpdatedIndexKeys(table, after);
  return after;
}

export interface Written {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  readonly consumed: Consumed;
}

/** Carries a change out. `factor`: transactions cost twice as much. */
export function write(aimed: Aimed, after: Item | undefined, factor: number = 1): Written {
  const { home, table, change, before } = aimed;
  const consumed = writeConsumed(table, before?.item, after, factor);
  consume(home, table, consumed);
  if (change.kind !== 'check') {
    if (after) putItem(home, table, after, before);
    else if (before) removeItem(home, table, before);
  }
  return { before: before?.item, after, consumed };
}

/** The attributes that an answer shows of a write. */
export function returned(
  { change }: Aimed,
  { before, after }: Written,
  which: string | undefined,
): { Attributes?: ReturnType<typeof toWire> } {
  const source = which?.endsWith('_OLD') ? before : which?.endsWith('_NEW') ? after : undefined;
  if (!source) return {};
  const attributes = which?.startsWith('ALL_') ? source : pick(source, change.paths);
  return Object.keys(attributes).length > 0 ? { Attributes: toWire(attributes) } : {};
}

/** How large the items of a partition key are together. Only tables with local indexes tell it. */
export function collectionMetrics(
  { home, table, change }: Aimed,
  asked: string | undefined,
): { ItemCollectionMetrics?: CollectionMetrics } {
  if (asked !== 'SIZE' || !table.indexes.some(({ kind }) => kind === 'local')) return {};
  const { name } = table.keys.hash;
  const hash = attribute(change.finds, name) as Value;
  const rows = home.scan(items, { prefix: partition(placeOf(table), hash) });
  const gigabytes = Math.floor(rows.reduce((sum, { bytes }) => sum + bytes, 0) / GIGABYTE);
  return {
    ItemCollectionMetrics: {
      ItemCollectionKey: toWire(itemOf([[name, hash]])),
      SizeEstimateRangeGB: [gigabytes, gigabytes + 1],
    },
  };
}
