// SELECT: a query where the condition asks for partition keys, and a scan where it does not.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.select.html

import { base64, fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { isObject, parsedObject } from '#cloud/json.ts';
import type { Json } from '#cloud/json.ts';
import { at } from '../expressions/path.ts';
import type { Path } from '../expressions/path.ts';
import { invalid } from '../faults.ts';
import { told } from '../items/capacity.ts';
import { stretchOf } from '../items/query.ts';
import { read, sourceOf, startOf } from '../items/reading.ts';
import { LAST } from '../key-order.ts';
import { checkSought, keyList, partition, placeOf } from '../keys.ts';
import type { Index, TableRow } from '../rows.ts';
import type { Stretch } from '../store.ts';
import { usableTable } from '../tables/table.ts';
import { itemOf, toWire } from '../values/value.ts';
import type { Item, WireItem } from '../values/value.ts';
import { soughtBy } from './plan.ts';
import type { Sought } from './plan.ts';
import type { Select } from './statement.ts';

type Request = Input<'dynamodb', 'ExecuteStatement'>;

export function selected(ctx: Ctx, select: Select, input: Request): Output<'dynamodb', 'ExecuteStatement'> {
  const { table, index } = found(ctx, select);
  const sought = soughtBy(select.where, (index ?? table).keys);
  const backwards = isBackwards(select, (index ?? table).keys, sought);
  const { ConsistentRead, Limit, NextToken, ReturnConsumedCapacity } = input;
  const request = {
    TableName: select.table,
    IndexName: select.index,
    ConsistentRead,
    Limit,
    ...(NextToken !== undefined && { ExclusiveStartKey: keyOf(NextToken) }),
  };
  const { filter } = sought;
  const source = sourceOf(ctx, request, {
    ...(filter && { filter }),
    ...(select.projection && { projection: select.projection }),
  });
  const stretches = remaining(stretchesOf(table, index, sought), startOf(source)?.row, backwards);
  const { found: items, last, consumed } = read(source, stretches, backwards);
  return {
    Items: items.map((item) => toWire(shown(item, select.projection))),
    ...(last && { LastEvaluatedKey: toWire(last), NextToken: tokenOf(last) }),
    ...told(table, consumed, ReturnConsumedCapacity),
  };
}

function found(ctx: Ctx, select: Select): { table: TableRow; index: Index | undefined } {
  const { table } = usableTable(ctx, select.table);
  const index = table.indexes.find(({ name }) => name === select.index);
  if (select.index !== undefined && !index) throw invalid('The table does not have the specified index');
  return { table, index };
}

/** What stands at the end of a path goes by its last name. */
export function shown(item: Item, paths: readonly Path[] | undefined): Item {
  if (!paths) return item;
  return itemOf(
    paths.flatMap((path) => {
      const value = at(item, path);
      return value ? [[String(path.at(-1)), value] as const] : [];
    }),
  );
}

function stretchesOf(table: TableRow, index: Index | undefined, { conditions }: Sought): Stretch[] {
  const place = placeOf(table, index);
  if (!conditions) return [{ from: place, to: `${place}${LAST}` }];
  const [hash, range] = keyList((index ?? table).keys);
  return conditions.map((condition) => {
    if (hash) checkSought(hash, [condition.hash], index);
    const sought = condition.range;
    if (range && sought)
      checkSought(range, sought.by === 'between' ? [sought.value, sought.high] : [sought.value], index);
    return stretchOf(partition(place, condition.hash), sought);
  });
}

/** From the stretch on in which the row stands after which the last page ended. */
function remaining(
  stretches: readonly Stretch[],
  start: string | undefined,
  backwards: boolean,
): readonly Stretch[] {
  if (start === undefined) return stretches;
  const at = stretches.findIndex(({ from, to }) => from < start && start < to);
  const [first, ...rest] = stretches.slice(Math.max(at, 0));
  if (!first || at < 0) throw invalid('The provided starting key is invalid');
  return [backwards ? { ...first, to: start } : { ...first, from: start }, ...rest];
}

/** Only the sort key gives an order, within partition keys that are asked for. */
function isBackwards({ where, order }: Select, keys: TableRow['keys'], { conditions }: Sought): boolean {
  if (order.length === 0) return false;
  if (!where) throw invalid('Must have WHERE clause in the statement when using ORDER BY clause.');
  if (!conditions)
    throw invalid(
      'Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.',
    );
  const names = keyList(keys).map(({ name }) => name);
  const stranger = order.find(({ name }) => !names.includes(name));
  if (stranger)
    throw invalid(`Variable reference ${stranger.name} in ORDER BY clause must be part of the primary key`);
  return order.find(({ name }) => name === keys.range?.name)?.descending ?? false;
}

// ---- Tokens ----

function tokenOf(key: Item): string {
  return base64(utf8(JSON.stringify(key)));
}

function keyOf(token: string): WireItem {
  const bytes = fromBase64(token);
  const key = parsedObject((bytes && textOf(bytes)) ?? '');
  if (!key || !Object.values(key).every(isScalar)) throw invalid('Given token is invalid');
  return toWire(key as unknown as Item);
}

function isScalar(value: Json): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(([type, content]) => /^[SNB]$/.test(type) && typeof content === 'string')
  );
}
