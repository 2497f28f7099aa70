// Capacity units: what requests consume, what answers tell of it, and the throttling of provisioned tables.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { END } from '../key-order.ts';
import { countConsumed } from '../metrics.ts';
import { buckets } from '../rows.ts';
import type { Index, TableRow } from '../rows.ts';
import { indexWrites } from '../store.ts';
import { BURST_SECONDS } from '../timings.ts';
import { itemBytes } from '../values/value.ts';
import type { Item } from '../values/value.ts';

export type Kind = 'read' | 'write';
type ConsumedCapacity = NonNullable<Output<'dynamodb', 'GetItem'>['ConsumedCapacity']>;
type Level = 'INDEXES' | 'TOTAL' | 'NONE' | undefined;

export const THROTTLED = 'ProvisionedThroughputExceededException';

const READ_BYTES = 4096;
const WRITE_BYTES = 1024;

/** Units by index; of the table itself under the empty name. */
export class Consumed {
  readonly kind: Kind;
  readonly #units = new Map<string, number>();

  constructor(kind: Kind) {
    this.kind = kind;
  }

  add(units: number, index?: Index): void {
    const name = index?.name ?? '';
    if (units > 0) this.#units.set(name, (this.#units.get(name) ?? 0) + units);
  }

  addAll(other: Consumed): void {
    for (const [name, units] of other.#units) this.#units.set(name, (this.#units.get(name) ?? 0) + units);
  }

  of(index?: Index): number {
    return this.#units.get(index?.name ?? '') ?? 0;
  }

  get total(): number {
    return [...this.#units.values()].reduce((sum, units) => sum + units, 0);
  }
}

/** Eventually consistent reads cost half, those of transactions twice as much. */
export function readUnits(bytes: number, consistent: boolean, factor: number = 1): number {
  return Math.max(1, Math.ceil(bytes / READ_BYTES)) * (consistent ? 1 : 0.5) * factor;
}

/** A write costs by the larger of what was there and what is there then, and so it does in each index that it changes. */
export function writeConsumed(
  table: TableRow,
  before: Item | undefined,
  after: Item | undefined,
  factor: number = 1,
): Consumed {
  const consumed = new Consumed('write');
  const bytes = Math.max(before ? itemBytes(before) : 0, after ? itemBytes(after) : 0);
  consumed.add(writeUnits(bytes) * factor);
  for (const index of table.indexes) {
    for (const written of indexWrites(table, index, before, after))
      consumed.add(writeUnits(written) * factor, index);
  }
  return consumed;
}

function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / WRITE_BYTES));
}

/** What an answer tells; nothing unless the request asked for it. */
export function told(
  table: TableRow,
  consumed: Consumed,
  level: Level,
): { ConsumedCapacity?: ConsumedCapacity } {
  if (level !== 'TOTAL' && level !== 'INDEXES') return {};
  return { ConsumedCapacity: shown(table, consumed, level) };
}

/** `byKind`: as transactions tell it, which say apart what was read and written. */
export function shown(
  table: TableRow,
  consumed: Consumed,
  level: 'TOTAL' | 'INDEXES',
  byKind: boolean = false,
): ConsumedCapacity {
  const capacity = (units: number): { CapacityUnits: number } => ({
    CapacityUnits: units,
    ...(byKind && { [consumed.kind === 'read' ? 'ReadCapacityUnits' : 'WriteCapacityUnits']: units }),
  });
  const total = { TableName: table.name, ...capacity(consumed.total) };
  if (level === 'TOTAL') return total;
  const [local, global] = (['local', 'global'] as const).map((kind) =>
    table.indexes
      .filter((index) => index.kind === kind && consumed.of(index) > 0)
      .map((index) => [index.name, capacity(consumed.of(index))] as const),
  );
  return {
    ...total,
    Table: capacity(consumed.of()),
    ...(local && local.length > 0 && { LocalSecondaryIndexes: Object.fromEntries(local) }),
    ...(global && global.length > 0 && { GlobalSecondaryIndexes: Object.fromEntries(global) }),
  };
}

// ---- Throttling ----

/**
 * Takes units out of the buckets of a provisioned table and its global indexes, and tells CloudWatch. Requests are admitted while
 * there is anything left, as DynamoDB does not know beforehand what they cost; local indexes live off their table.
 */
export function consume(home: Ctx, table: TableRow, consumed: Consumed): void {
  const kind = consumed.kind;
  const own = table.indexes.filter(({ kind: of }) => of === 'local');
  const ofTable = own.reduce((sum, index) => sum + consumed.of(index), consumed.of());
  const places = [
    { index: undefined, units: ofTable, limit: table.throughput?.[kind] },
    ...table.indexes
      .filter((index) => index.kind === 'global')
      .map((index) => ({ index, units: consumed.of(index), limit: index.throughput?.[kind] })),
  ].filter(({ units }) => units > 0);
  for (const { index, limit } of places) {
    if (limit !== undefined && unitsLeft(home, table, index, kind, limit) <= 0)
      throw throttled(table, index, kind);
  }
  for (const { index, units, limit } of places) {
    if (limit !== undefined) {
      const left = unitsLeft(home, table, index, kind, limit) - units;
      home.put(buckets, { id: bucketId(table, index, kind), units: left, at: home.now });
    }
    countConsumed(home, table, index, kind, units);
  }
}

function bucketId(table: TableRow, index: Index | undefined, kind: Kind): string {
  return [table.name, ...(index ? [index.name] : []), kind].join(END);
}

/** A bucket that was never used is full. It fills by the second, up to what five minutes give. */
function unitsLeft(home: Ctx, table: TableRow, index: Index | undefined, kind: Kind, limit: number): number {
  const most = limit * BURST_SECONDS;
  const bucket = home.get(buckets, bucketId(table, index, kind));
  return bucket ? Math.min(most, bucket.units + ((home.now - bucket.at) * limit) / 1000) : most;
}

function throttled(table: TableRow, index: Index | undefined, kind: Kind): Fault {
  const place = index ? 'Index' : 'Table';
  const message = index
    ? 'The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API'
    : 'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.';
  const reason = `${place}${kind === 'read' ? 'Read' : 'Write'}ProvisionedThroughputExceeded`;
  const resource = index ? `${table.arn}/index/${index.name}` : table.arn;
  return new Fault(THROTTLED, message, { fields: { ThrottlingReasons: [{ reason, resource }] } });
}
