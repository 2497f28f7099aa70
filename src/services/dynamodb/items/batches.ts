// Batches: reads and writes of many items, each for itself. What a provisioned table has no capacity for comes back unprocessed.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { pick } from '../expressions/path.ts';
import { invalid } from '../faults.ts';
import { checkKey, checkKeyPaths, tableKey } from '../keys.ts';
import type { TableRow } from '../rows.ts';
import { findItem } from '../store.ts';
import { usableTable } from '../tables/table.ts';
import { MOST_BATCH_BYTES } from '../timings.ts';
import { fromWire, itemBytes, toWire } from '../values/value.ts';
import { consume, Consumed, readUnits, shown, THROTTLED } from './capacity.ts';
import { expressionsOf } from './expressions.ts';
import { aim, collectionMetrics, deleteChange, outcome, putChange, write } from './writing.ts';
import type { Aimed, Change } from './writing.ts';

type WriteRequest = Input<'dynamodb', 'BatchWriteItem'>['RequestItems'][string][number];
type KeysAndAttributes = Input<'dynamodb', 'BatchGetItem'>['RequestItems'][string];
type WriteOutput = Output<'dynamodb', 'BatchWriteItem'>;
type ConsumedCapacity = NonNullable<WriteOutput['ConsumedCapacity']>[number];

const MOST_WRITES = 25;
const MOST_READS = 100;
const DUPLICATES = 'Provided list of item keys contains duplicates';

/** Whether the capacity sufficed. */
function admitted(ctx: Ctx, attempt: () => void): Fault | undefined {
  try {
    ctx.savepoint(attempt);
    return undefined;
  } catch (error) {
    if (error instanceof Fault && error.shape === THROTTLED) return error;
    throw error;
  }
}

/** Per table, in the order of the request. */
export function tell(
  totals: ReadonlyMap<TableRow, Consumed>,
  level: 'INDEXES' | 'TOTAL' | 'NONE' | undefined,
): { ConsumedCapacity?: ConsumedCapacity[] } {
  if (level !== 'TOTAL' && level !== 'INDEXES') return {};
  return { ConsumedCapacity: [...totals].map(([table, consumed]) => shown(table, consumed, level)) };
}

function changeOf(TableName: string, { PutRequest, DeleteRequest }: WriteRequest): Change {
  if (PutRequest && DeleteRequest)
    throw invalid(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  if (PutRequest) return putChange({ TableName, Item: PutRequest.Item });
  if (DeleteRequest) return deleteChange({ TableName, Key: DeleteRequest.Key });
  throw invalid('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
}

/** Batches answer one thing to all keys that do not fit. */
function aimInBatch(ctx: Ctx, change: Change): Aimed {
  try {
    return aim(ctx, change);
  } catch (error) {
    if (error instanceof Fault && /Missing the key|Type mismatch for key/.test(error.message))
      throw invalid('The provided key element does not match the schema');
    throw error;
  }
}

function checkWrites({ RequestItems }: Input<'dynamodb', 'BatchWriteItem'>): void {
  const all = Object.values(RequestItems);
  if (all.reduce((sum, requests) => sum + requests.length, 0) > MOST_WRITES)
    throw invalid('Too many items requested for the BatchWriteItem call');
}

function writeEach(ctx: Ctx, input: Input<'dynamodb', 'BatchWriteItem'>): WriteOutput {
  checkWrites(input);
  const wanted = Object.entries(input.RequestItems).flatMap(([name, requests]) =>
    requests.map((request) => ({ name, request, change: changeOf(name, request) })),
  );
  if (wanted.reduce((sum, { change }) => sum + itemBytes(change.finds), 0) > MOST_BATCH_BYTES)
    throw invalid('The total size of the request exceeds 16 MB');
  const aimed = wanted.map((one) => ({ ...one, aimed: aimInBatch(ctx, one.change) }));
  const keys = aimed.map(({ aimed: { table, change } }) => `${table.arn} ${tableKey(table, change.finds)}`);
  if (new Set(keys).size < keys.length) throw invalid(DUPLICATES);
  const totals = new Map<string, { table: TableRow; consumed: Consumed }>();
  const left: Record<string, WriteRequest[]> = {};
  const metrics: Record<string, NonNullable<WriteOutput['ItemCollectionMetrics']>[string][number][]> = {};
  let refused: Fault | undefined;
  for (const { name, request, aimed: one } of aimed) {
    const { table } = one;
    const total = totals.get(table.arn) ?? { table, consumed: new Consumed('write') };
    totals.set(table.arn, total);
    const fault = admitted(ctx, () => total.consumed.addAll(write(one, outcome(one)).consumed));
    if (fault) {
      refused = fault;
      (left[name] ??= []).push(request);
    }
    const { ItemCollectionMetrics } = collectionMetrics(one, input.ReturnItemCollectionMetrics);
    if (ItemCollectionMetrics && !fault) (metrics[table.name] ??= []).push(ItemCollectionMetrics);
  }
  if (refused && Object.values(left).flat().length === aimed.length) throw refused;
  return {
    UnprocessedItems: left,
    ...(Object.keys(metrics).length > 0 && { ItemCollectionMetrics: metrics }),
    ...tell(
      new Map([...totals.values()].map(({ table, consumed }) => [table, consumed])),
      input.ReturnConsumedCapacity,
    ),
  };
}

function checkReads(RequestItems: Input<'dynamodb', 'BatchGetItem'>['RequestItems']): void {
  let count = 0;
  for (const { Keys } of Object.values(RequestItems)) count += Keys.length;
  if (count > MOST_READS) throw invalid('Too many items requested for the BatchGetItem call');
}

interface ReadFrom {
  readonly found: ReturnType<typeof toWire>[];
  readonly left: KeysAndAttributes['Keys'][number][];
  readonly table: TableRow;
  readonly consumed: Consumed;
  readonly refused: Fault | undefined;
}

/** `room`: the bytes that the answer still has room for. */
function readFrom(
  ctx: Ctx,
  name: string,
  wanted: KeysAndAttributes,
  room: number,
): ReadFrom & { bytes: number } {
  const { Keys, ConsistentRead = false } = wanted;
  const { projection } = expressionsOf(wanted, ['ProjectionExpression']);
  const keys = Keys.map((wire) => ({ wire, key: fromWire(wire) }));
  const { home, table } = usableTable(ctx, name);
  for (const { key } of keys) checkKey(table, key);
  checkKeyPaths(table, projection ?? []);
  if (new Set(keys.map(({ key }) => tableKey(table, key))).size < keys.length) throw invalid(DUPLICATES);
  const consumed = new Consumed('read');
  const [found, left]: [ReadFrom['found'], ReadFrom['left']] = [[], []];
  let refused: Fault | undefined;
  let bytes = 0;
  for (const { wire, key } of keys) {
    const row = findItem(home, table, key);
    const own = new Consumed('read');
    own.add(readUnits(row?.bytes ?? 0, ConsistentRead));
    const fault = bytes > room ? undefined : admitted(ctx, () => consume(home, table, own));
    if (fault) refused = fault;
    if (fault || bytes > room) {
      left.push(wire);
      continue;
    }
    consumed.addAll(own);
    bytes += row?.bytes ?? 0;
    if (row) found.push(toWire(projection ? pick(row.item, projection) : row.item));
  }
  return { found, left, table, consumed, refused, bytes };
}

export const batchOperations: Operations<'dynamodb'> = {
  BatchWriteItem: writeEach,

  BatchGetItem(ctx, { RequestItems, ReturnConsumedCapacity }) {
    checkReads(RequestItems);
    let room = MOST_BATCH_BYTES;
    const reads = Object.entries(RequestItems).map(([name, wanted]) => {
      const read = readFrom(ctx, name, wanted, room);
      room -= read.bytes;
      return { name, wanted, ...read };
    });
    const refused = reads.find((read) => read.refused)?.refused;
    const isAllLeft = reads.every(({ left, wanted }) => left.length === wanted.Keys.length);
    if (refused && isAllLeft) throw refused;
    return {
      Responses: Object.fromEntries(reads.map(({ name, found }) => [name, found])),
      UnprocessedKeys: Object.fromEntries(
        reads
          .filter(({ left }) => left.length > 0)
          .map(({ name, wanted, left }) => [name, { ...wanted, Keys: left }]),
      ),
      ...tell(new Map(reads.map(({ table, consumed }) => [table, consumed])), ReturnConsumedCapacity),
    };
  },
};
