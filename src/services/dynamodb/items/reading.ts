// What queries and scans have in common: a page of a table or an index, filtered and cut.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { holds } from '../expressions/comparison.ts';
import { pick } from '../expressions/path.ts';
import type { Path } from '../expressions/path.ts';
import { invalid, invalidValues } from '../faults.ts';
import { checkKey, checkKeyPaths, entryKey, keyList, keyNames, keyOf, tableKey } from '../keys.ts';
import type { Index, TableRow } from '../rows.ts';
import { projected, walk } from '../store.ts';
import type { Stretch } from '../store.ts';
import { indexNamed, usableTable } from '../tables/table.ts';
import { MOST_PAGE_BYTES } from '../timings.ts';
import { attribute, fromWire, itemBytes, itemOf, toWire } from '../values/value.ts';
import type { Item } from '../values/value.ts';
import { consume, Consumed, readUnits, told } from './capacity.ts';
import { pathsIn } from './expressions.ts';
import type { Expressions } from './expressions.ts';

type Request = Pick<
  Input<'dynamodb', 'Query'>,
  | 'TableName'
  | 'IndexName'
  | 'Select'
  | 'Limit'
  | 'ConsistentRead'
  | 'ExclusiveStartKey'
  | 'ProjectionExpression'
  | 'AttributesToGet'
  | 'ReturnConsumedCapacity'
>;

/** What is read, and how. */
export interface Source {
  readonly home: Ctx;
  readonly table: TableRow;
  readonly index: Index | undefined;
  readonly request: Request;
  readonly expressions: Expressions;
  /** Attributes that a local index lacks are fetched from the table. */
  readonly fetches: boolean;
}

/** Finds what is to be read, and throws where it cannot be read so. */
export function sourceOf(ctx: Ctx, request: Request, expressions: Expressions): Source {
  const { home, table } = usableTable(ctx, request.TableName);
  const index = request.IndexName === undefined ? undefined : indexNamed(table, request.IndexName);
  if (index?.kind === 'global' && request.ConsistentRead)
    throw invalid('Consistent reads are not supported on global secondary indexes');
  checkSelect(request, index);
  const { projection = [], filter } = expressions;
  checkKeyPaths(table, [...projection, ...(filter ? pathsIn(filter) : [])]);
  const missing = index ? notProjected(table, index, projection) : [];
  if (index?.kind === 'global' && missing.length > 0)
    throw invalidValues(`Global secondary index ${index.name} does not project [${missing.join(', ')}]`);
  const all = request.Select === 'ALL_ATTRIBUTES' && index?.projection !== 'ALL';
  return {
    home,
    table,
    index,
    request,
    expressions,
    fetches: index !== undefined && (all || missing.length > 0),
  };
}

/** What `Select` asks for has to agree with the rest of the request: queries count the error, and scans do not. */
export function checkSelection(
  { Select, ProjectionExpression, AttributesToGet, IndexName }: Request,
  fault: (message: string) => Fault,
): void {
  const projects = ProjectionExpression !== undefined || AttributesToGet !== undefined;
  if (Select === 'SPECIFIC_ATTRIBUTES' && !projects)
    throw fault(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  if (projects && Select !== undefined && Select !== 'SPECIFIC_ATTRIBUTES') {
    const what = Select === 'COUNT' ? 'only the Count' : Select;
    const by = AttributesToGet ? 'AttributesToGet' : 'ProjectionExpression';
    throw fault(`Cannot specify the ${by} when choosing to get ${what}`);
  }
  if (Select === 'ALL_PROJECTED_ATTRIBUTES' && IndexName === undefined)
    throw fault('ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName');
}

function checkSelect({ Select }: Request, index: Index | undefined): void {
  if (Select === 'ALL_ATTRIBUTES' && index?.kind === 'global' && index.projection !== 'ALL')
    throw invalidValues(
      `Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} because its projection type is not ALL`,
    );
}

function notProjected(table: TableRow, index: Index, projection: readonly Path[]): string[] {
  if (index.projection === 'ALL') return [];
  const has = new Set([...keyNames(table, index), ...index.included]);
  return [...new Set(projection.map(([name]) => String(name)))].filter((name) => !has.has(name));
}

/** The row after which a page goes on, from the key of the last one that was looked at. */
export function startOf({ table, index, request }: Source): { key: Item; row: string } | undefined {
  if (!request.ExclusiveStartKey) return undefined;
  const key = startKey(request.ExclusiveStartKey);
  const names = keyNames(table, index);
  const fits = keyList((index ?? table).keys).every(({ name, type }) => {
    const value = attribute(key, name);
    return value !== undefined && type in value;
  });
  if (index && (!fits || Object.keys(key).length !== names.length))
    throw invalid('The provided starting key is invalid');
  try {
    const own = keyList(table.keys).flatMap(({ name }) => {
      const value = attribute(key, name);
      return value ? [[name, value] as const] : [];
    });
    checkKey(table, index ? itemOf(own) : key);
  } catch (error) {
    throw prefixed(error);
  }
  return { key, row: index ? entryKey(table, index, key) : tableKey(table, key) };
}

function startKey(given: NonNullable<Request['ExclusiveStartKey']>): Item {
  try {
    return fromWire(given);
  } catch (error) {
    throw prefixed(error);
  }
}

function prefixed(error: unknown): unknown {
  if (!(error instanceof Fault)) return error;
  return invalid(`The provided starting key is invalid: ${error.message}`);
}

/** Reads a page. What a filter leaves out counts towards the page and its cost all the same. */
export function page(source: Source, stretch: Stretch, backwards: boolean): Output<'dynamodb', 'Query'> {
  const { table, request, expressions } = source;
  const { Select, ReturnConsumedCapacity } = request;
  const { projection } = expressions;
  const { found, scanned, last, consumed } = read(source, [stretch], backwards);
  return {
    ...(Select !== 'COUNT' && {
      Items: found.map((item) => toWire(projection ? pick(item, projection) : item)),
    }),
    Count: found.length,
    ScannedCount: scanned,
    ...(last && { LastEvaluatedKey: toWire(last) }),
    ...told(table, consumed, ReturnConsumedCapacity),
  };
}

export interface PageRead {
  readonly found: readonly Item[];
  readonly scanned: number;
  /** The key of the last item that was looked at, where there may be more. */
  readonly last: Item | undefined;
  readonly consumed: Consumed;
}

/** Reads stretches one after the other, up to the end of a page. Each costs for itself. */
export function read(source: Source, stretches: readonly Stretch[], backwards: boolean): PageRead {
  const { home, table, index, request, expressions, fetches } = source;
  const { Limit = Infinity, ConsistentRead = false } = request;
  const consumed = new Consumed('read');
  const found: Item[] = [];
  let [scanned, bytes] = [0, 0];
  let last: Item | undefined;
  for (const stretch of stretches) {
    const before = bytes;
    for (const row of walk(home, index, stretch, backwards)) {
      const seen = index ? projected(table, index, row.item) : row.item;
      const item = fetches ? row.item : seen;
      scanned += 1;
      bytes += index ? itemBytes(seen) : row.bytes;
      if (fetches) consumed.add(readUnits(row.bytes, ConsistentRead));
      if (!expressions.filter || holds(expressions.filter, item)) found.push(item);
      if (scanned < Limit && bytes < MOST_PAGE_BYTES) continue;
      last = keyOf(table, row.item, index);
      break;
    }
    consumed.add(readUnits(bytes - before, ConsistentRead), index);
    if (last) break;
  }
  consume(home, table, consumed);
  return { found, scanned, last, consumed };
}
