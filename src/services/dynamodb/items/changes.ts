// Changes of tables: throughput, billing mode, global indexes, encryption, table class, deletion protection.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { invalid, invalidValues } from '../faults.ts';
import type { Index, Key, TableRow, Throughput } from '../rows.ts';
import { attributesOf, checkIndexes, checkUsed, globalIndex, unitsOf } from '../tables/definition.ts';
import { described, loweringsToday } from '../tables/description.ts';
import { keyArnOf } from '../tables/encryption.ts';
import { begin } from '../tables/lifecycle.ts';
import { changeableTable } from '../tables/table.ts';
import { billingModeChange, indexAllocation, indexDeletion, tableUpdate } from '../timings.ts';

type UpdateTable = Input<'dynamodb', 'UpdateTable'>;
type IndexUpdate = NonNullable<UpdateTable['GlobalSecondaryIndexUpdates']>[number];

export const changeOperations: Operations<'dynamodb'> = {
  UpdateTable(ctx, input) {
    checkAsks(input);
    const { home, table } = changeableTable(ctx, input.TableName);
    let next: TableRow = table;
    if (input.ProvisionedThroughput || input.BillingMode) next = withBilling(home, next, input);
    if (input.GlobalSecondaryIndexUpdates) next = withIndexes(home, next, input);
    if (input.SSESpecification) next = withEncryption(ctx, home, next, input.SSESpecification);
    if (input.TableClass && input.TableClass !== (next.tableClass?.name ?? 'STANDARD')) {
      next = updating(home, { ...next, tableClass: { name: input.TableClass, changedAt: home.now } });
    }
    const { DeletionProtectionEnabled: deletionProtected = table.deletionProtected } = input;
    return { TableDescription: described(home, begin(home, { ...next, deletionProtected })) };
  },
};

function checkAsks(input: UpdateTable): void {
  const { ProvisionedThroughput, BillingMode, GlobalSecondaryIndexUpdates, SSESpecification } = input;
  const { TableClass, DeletionProtectionEnabled } = input;
  const asked = [ProvisionedThroughput, BillingMode, SSESpecification, TableClass, DeletionProtectionEnabled];
  if (asked.every((one) => one === undefined) && !GlobalSecondaryIndexUpdates?.length)
    throw invalid(
      'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required',
    );
  if (BillingMode === 'PROVISIONED' && !ProvisionedThroughput)
    throw invalidValues('ProvisionedThroughput must be specified when BillingMode is PROVISIONED');
}

/** In its new status until the change is through; the longest of several changes decides. */
function updating(home: Ctx, table: TableRow, timing = tableUpdate): TableRow {
  const until = home.now + home.duration(timing, table.arn);
  return { ...table, status: 'UPDATING', settlesAt: Math.max(until, table.settlesAt ?? 0) };
}

// ---- Throughput ----

function withBilling(home: Ctx, table: TableRow, input: UpdateTable): TableRow {
  const { ProvisionedThroughput: given, BillingMode: mode } = input;
  const current = table.throughput ? 'PROVISIONED' : 'PAY_PER_REQUEST';
  if (given && (mode ?? current) === 'PAY_PER_REQUEST')
    throw invalidValues(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  if (mode === 'PAY_PER_REQUEST') return current === mode ? table : onDemand(home, table);
  if (!given) return table;
  const wanted = unitsOf(given);
  if (current === 'PAY_PER_REQUEST') return provisioned(home, table, wanted, input);
  return updating(home, { ...table, wanted: raisedOrLowered(home, table.throughput as Throughput, wanted) });
}

function onDemand(home: Ctx, table: TableRow): TableRow {
  const { throughput: _, ...rest } = table;
  const indexes = rest.indexes.map(({ throughput: __, ...index }) => index);
  const next = { ...rest, indexes, wanted: 'none', tellsBilling: true, onDemandAt: home.now } as const;
  return updating(home, next, billingModeChange);
}

/** Each global index needs its throughput in the same request. */
function provisioned(home: Ctx, table: TableRow, wanted: Throughput, input: UpdateTable): TableRow {
  const updates = (input.GlobalSecondaryIndexUpdates ?? []).flatMap(({ Update }) => (Update ? [Update] : []));
  const without = table.indexes.filter(
    ({ kind, name }) =>
      kind === 'global' && !updates.some((one) => one.IndexName === name && one.ProvisionedThroughput),
  );
  if (without.length > 0) {
    const names = without.map(({ name }) => name).join(',');
    throw invalidValues(`ProvisionedThroughput must be specified for index: ${names}`);
  }
  return updating(home, { ...table, throughput: wanted, tellsBilling: true }, billingModeChange);
}

/** What changes, with when it did. Throws where nothing does. */
function raisedOrLowered(home: Ctx, before: Throughput, { read, write }: Throughput): Throughput {
  if (before.read === read && before.write === write)
    throw invalid(
      `The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: ${before.read}. Requested ReadCapacityUnits: ${read}. Current WriteCapacityUnits provisioned for the table: ${before.write}. Requested WriteCapacityUnits: ${write}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
    );
  const raised = read > before.read || write > before.write;
  const lowered = read < before.read || write < before.write;
  return {
    ...before,
    read,
    write,
    ...(raised && { raisedAt: home.now }),
    ...(lowered && { loweredAt: home.now, lowerings: loweringsToday(home.now, before) + 1 }),
  };
}

// ---- Indexes ----

function withIndexes(home: Ctx, table: TableRow, input: UpdateTable): TableRow {
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  checkOneForEach(updates);
  const moving = table.indexes.some(({ status }) => status === 'CREATING' || status === 'DELETING');
  const online = updates.filter(({ Create, Delete }) => Create ?? Delete).length;
  if (online > 1 || (online === 1 && moving))
    throw new Fault(
      'LimitExceededException',
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    );
  return updates.reduce((next, update) => withIndex(home, next, update, input), table);
}

function nameOf({ Create, Update, Delete }: IndexUpdate): string | undefined {
  return (Create ?? Update ?? Delete)?.IndexName;
}

function checkOneForEach(updates: readonly IndexUpdate[]): void {
  const seen = new Set<string>();
  for (const update of updates) {
    const name = nameOf(update);
    if (name === undefined)
      throw invalidValues(
        'One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null',
      );
    if (seen.has(name))
      throw invalidValues(
        `Only one global secondary index update per index is allowed simultaneously. Index: ${name}`,
      );
    seen.add(name);
  }
}

function withIndex(home: Ctx, table: TableRow, update: IndexUpdate, input: UpdateTable): TableRow {
  const name = nameOf(update) as string;
  const existing = table.indexes.find((index) => index.name === name);
  const key = `${table.arn}/${name}`;
  if (update.Create) return created(home, table, update.Create, input);
  if (!existing || existing.kind !== 'global')
    throw new Fault('ResourceNotFoundException', 'Requested resource not found');
  if (update.Delete) {
    const settlesAt = home.now + home.duration(indexDeletion, key);
    return busy(replaced(table, { ...existing, status: 'DELETING', settlesAt }), settlesAt);
  }
  const given = update.Update?.ProvisionedThroughput;
  if (!given) return table;
  if (!table.throughput)
    throw invalidValues(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  const wanted = existing.throughput
    ? raisedOrLowered(home, existing.throughput, unitsOf(given))
    : unitsOf(given);
  const settlesAt = home.now + home.duration(tableUpdate, key);
  return busy(replaced(table, { ...existing, status: 'UPDATING', wanted, settlesAt }), settlesAt);
}

function created(
  home: Ctx,
  table: TableRow,
  given: NonNullable<IndexUpdate['Create']>,
  { AttributeDefinitions = [], BillingMode }: UpdateTable,
): TableRow {
  const attributes = together(table.attributes, attributesOf(AttributeDefinitions));
  const onDemandNow = BillingMode === undefined ? !table.throughput : BillingMode === 'PAY_PER_REQUEST';
  const index = globalIndex(given, attributes, onDemandNow);
  if (table.indexes.some(({ name }) => name === index.name))
    throw invalid(`Attempting to create an index which already exists`);
  const settlesAt = home.now + home.duration(indexAllocation, `${table.arn}/${index.name}`);
  const indexes = [...table.indexes, { ...index, status: 'CREATING', settlesAt } as const];
  checkIndexes(indexes);
  checkUsed(attributes, table.keys, indexes);
  return busy({ ...table, attributes, indexes }, settlesAt);
}

/** Attributes that are keys already keep their type. */
function together(before: readonly Key[], given: readonly Key[]): Key[] {
  for (const { name, type } of given) {
    const known = before.find((one) => one.name === name);
    if (known && known.type !== type)
      throw invalidValues(
        `Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: Schema:[SchemaElement: key{${name}:${known.type}}] New schema: Schema:[SchemaElement: key{${name}:${type}}]`,
      );
  }
  return [...before, ...given.filter(({ name }) => !before.some((one) => one.name === name))];
}

function replaced(table: TableRow, index: Index): TableRow {
  return { ...table, indexes: table.indexes.map((one) => (one.name === index.name ? index : one)) };
}

/** Nothing else of a table can be changed while an index is allocated, deleted or given other units. */
function busy(table: TableRow, until: number): TableRow {
  return { ...table, status: 'UPDATING', settlesAt: Math.max(until, table.settlesAt ?? 0) };
}

// ---- Encryption ----

function withEncryption(
  ctx: Ctx,
  home: Ctx,
  table: TableRow,
  given: NonNullable<UpdateTable['SSESpecification']>,
): TableRow {
  const keyArn = keyArnOf(ctx, given);
  if (keyArn === table.encryption?.keyArn) return table;
  if (keyArn === undefined && table.encryption)
    return updating(home, { ...table, encryption: { ...table.encryption, status: 'UPDATING', ends: true } });
  return updating(home, { ...table, encryption: { keyArn: keyArn as string, status: 'UPDATING' } });
}
