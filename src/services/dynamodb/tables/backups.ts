// Backups on demand: a table as it was at an instant, and new tables made from it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/BackupRestore.html

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { notModelled } from '#cloud/refuse.ts';
import type { Operations } from '#cloud/service.ts';
import { inUse, invalidValues } from '../faults.ts';
import { END } from '../key-order.ts';
import { placeOf } from '../keys.ts';
import { backedUpItems, backups, items, tables } from '../rows.ts';
import type { BackupRow, Encryption, Index, TableRow, Throughput } from '../rows.ts';
import { putItem } from '../store.ts';
import { backupCreation, tableRestoration } from '../timings.ts';
import { countTold } from './counts.ts';
import { unitsOf } from './definition.ts';
import { described, indexInfo, schema } from './description.ts';
import { keyArnOf } from './encryption.ts';
import { begin } from './lifecycle.ts';
import { placeIn, tableOf } from './table.ts';
import type { Located } from './table.ts';

type Description = NonNullable<Output<'dynamodb', 'DescribeBackup'>['BackupDescription']>;
type Restore = Input<'dynamodb', 'RestoreTableFromBackup'>;

const MOST_LISTED = 100;
const BACKUP_ARN = /^arn:aws:dynamodb:[a-z0-9-]+:\d{12}:table\/([^/]+)\/backup\//;

/** What the operations on backups answer where there is no such table. */
export function tableToKeep(ctx: Ctx, name: string): Located {
  const place = placeIn(ctx, name);
  if (!place.home.get(tables, place.name))
    throw new Fault('TableNotFoundException', `Table not found: ${place.name}`);
  return tableOf(ctx, name);
}

function backupOf(ctx: Ctx, arn: string): BackupRow {
  const backup = BACKUP_ARN.test(arn) ? ctx.get(backups, arn) : undefined;
  if (!backup) throw new Fault('BackupNotFoundException', `Backup not found: ${arn}`);
  return backup;
}

function details(
  ctx: Ctx,
  { arn, name, bytes, createdAt, availableAt }: BackupRow,
): NonNullable<Description['BackupDetails']> {
  return {
    BackupArn: arn,
    BackupName: name,
    BackupSizeBytes: bytes,
    BackupStatus: availableAt <= ctx.now ? 'AVAILABLE' : 'CREATING',
    BackupType: 'USER',
    BackupCreationDateTime: createdAt,
  };
}

function description(ctx: Ctx, backup: BackupRow): Description {
  const { table, itemCount, tableBytes } = backup;
  const { read = 0, write = 0 } = table.throughput ?? {};
  const features = indexInfo(table);
  const { timeToLive, encryption } = table;
  return {
    BackupDetails: details(ctx, backup),
    SourceTableDetails: {
      TableName: table.name,
      TableId: table.id,
      TableArn: table.arn,
      TableSizeBytes: tableBytes,
      KeySchema: schema(table.keys),
      TableCreationDateTime: table.createdAt,
      ProvisionedThroughput: { ReadCapacityUnits: read, WriteCapacityUnits: write },
      ItemCount: itemCount,
      BillingMode: table.throughput ? 'PROVISIONED' : 'PAY_PER_REQUEST',
    },
    SourceTableFeatureDetails: {
      ...features,
      ...(timeToLive && {
        TimeToLiveDescription: {
          TimeToLiveStatus: timeToLive.status,
          AttributeName: timeToLive.attribute,
        },
      }),
      ...(encryption && {
        SSEDescription: { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: encryption.keyArn },
      }),
    },
  };
}

export const backupOperations: Operations<'dynamodb'> = {
  CreateBackup(ctx, { TableName, BackupName }) {
    const { home, table } = tableToKeep(ctx, TableName);
    if (table.status === 'CREATING' || table.status === 'DELETING') {
      const { message } = inUse(table.name, table.status === 'CREATING' ? 'created' : 'deleted');
      throw new Fault('TableInUseException', message);
    }
    const stamp = String(home.now).padStart(14, '0');
    const arn = `${table.arn}/backup/${stamp}-${home.uuid('backup').slice(0, 8)}`;
    let bytes = 0;
    for (const row of home.scan(items, { prefix: placeOf(table) })) {
      bytes += row.bytes;
      home.put(backedUpItems, { key: `${arn}${END}${row.key}`, item: row.item });
    }
    const { items: itemCount, bytes: tableBytes } = countTold(home, table);
    const backup: BackupRow = {
      arn,
      name: BackupName,
      createdAt: home.now,
      availableAt: home.now + home.duration(backupCreation, arn),
      bytes,
      table,
      itemCount,
      tableBytes,
    };
    home.put(backups, backup);
    return { BackupDetails: details(ctx, backup) };
  },

  DescribeBackup: (ctx, { BackupArn }) => ({
    BackupDescription: description(ctx, backupOf(ctx, BackupArn)),
  }),

  DeleteBackup(ctx, { BackupArn }) {
    const backup = backupOf(ctx, BackupArn);
    if (backup.availableAt > ctx.now)
      throw new Fault('BackupInUseException', `Backup is being created: ${BackupArn}`);
    for (const { key } of ctx.scan(backedUpItems, { prefix: `${BackupArn}${END}` }))
      ctx.delete(backedUpItems, key);
    ctx.delete(backups, BackupArn);
    const { BackupDetails, ...rest } = description(ctx, backup);
    return {
      BackupDescription: {
        ...rest,
        BackupDetails: { ...(BackupDetails as NonNullable<typeof BackupDetails>), BackupStatus: 'DELETED' },
      },
    };
  },

  ListBackups(ctx, input) {
    const { TableName, BackupType = 'USER', Limit = MOST_LISTED, ExclusiveStartBackupArn: start } = input;
    const { TimeRangeLowerBound: from = 0, TimeRangeUpperBound: to = Infinity } = input;
    const name = TableName === undefined ? undefined : placeIn(ctx, TableName).name;
    const own = BackupType === 'USER' || BackupType === 'ALL';
    const all = own ? ctx.scan(backups, start === undefined ? {} : { after: start }) : [];
    const found = all.filter(
      ({ table, createdAt }) =>
        (name === undefined || table.name === name) && createdAt >= from && createdAt < to,
    );
    const shown = found.slice(0, Limit);
    return {
      BackupSummaries: shown.map((backup) => ({
        TableName: backup.table.name,
        TableId: backup.table.id,
        TableArn: backup.table.arn,
        ...details(ctx, backup),
      })),
      ...(found.length > Limit && { LastEvaluatedBackupArn: shown.at(-1)?.arn }),
    };
  },

  RestoreTableFromBackup(ctx, input) {
    const { TargetTableName, BackupArn } = input;
    const { home, name } = placeIn(ctx, TargetTableName);
    const backup = backupOf(ctx, BackupArn);
    if (home.get(tables, name))
      throw new Fault('TableAlreadyExistsException', `Table already exists: ${name}`);
    if (backup.availableAt > ctx.now)
      throw new Fault('BackupInUseException', `Backup is being created: ${BackupArn}`);
    const table = begin(home, restored(ctx, home, name, backup, input));
    for (const { item } of home.scan(backedUpItems, { prefix: `${BackupArn}${END}` }))
      putItem(home, table, item, undefined);
    return { TableDescription: described(home, table) };
  },
};

/** Tags, policies, time to live, recovery and protection against deletion do not come back. */
function restored(ctx: Ctx, home: Ctx, name: string, backup: BackupRow, input: Restore): TableRow {
  const { attributes, keys, indexes, tableClass, tellsBilling, onDemandAt } = backup.table;
  const arn = home.arn('dynamodb', `table/${name}`);
  const throughput = throughputOf(backup.table, input);
  const encryption = encryptionOf(ctx, backup.table, input);
  return {
    name,
    arn,
    id: home.uuid('table'),
    createdAt: home.now,
    status: 'CREATING',
    settlesAt: home.now + home.duration(tableRestoration, arn),
    attributes,
    keys,
    indexes: indexes
      .filter(({ status }) => status !== 'DELETING' && status !== 'CREATING')
      .map((index) => restoredIndex(index, throughput !== undefined)),
    ...(throughput && { throughput }),
    tellsBilling: tellsBilling || input.BillingModeOverride !== undefined,
    ...(!throughput && { onDemandAt: onDemandAt ?? home.now }),
    ...(tableClass && { tableClass }),
    deletionProtected: false,
    ...(encryption && { encryption }),
    tags: {},
    restored: { backupArn: backup.arn, sourceArn: backup.table.arn, at: home.now },
  };
}

function restoredIndex(index: Index, isProvisioned: boolean): Index {
  const { settlesAt: _, wanted: __, throughput, ...rest } = index;
  const status = index.kind === 'global' ? 'CREATING' : 'ACTIVE';
  return { ...rest, status, ...(isProvisioned && throughput && { throughput }) };
}

function throughputOf(
  table: TableRow,
  { BillingModeOverride: mode, ProvisionedThroughputOverride: given }: Restore,
): Throughput | undefined {
  const onDemand = mode === undefined ? !table.throughput : mode === 'PAY_PER_REQUEST';
  if (onDemand) {
    if (given)
      throw invalidValues(
        'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
      );
    return undefined;
  }
  const without = table.indexes.some(({ kind, throughput }) => kind === 'global' && !throughput);
  if (without)
    throw notModelled('dynamodb', 'RestoreTableFromBackup', 'BillingModeOverride of a table with indexes');
  if (given) return unitsOf(given);
  if (!table.throughput)
    throw invalidValues(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    );
  const { read, write } = table.throughput;
  return { read, write, lowerings: 0 };
}

function encryptionOf(
  ctx: Ctx,
  table: TableRow,
  { SSESpecificationOverride: given }: Restore,
): Encryption | undefined {
  const keyArn = given ? keyArnOf(ctx, given) : table.encryption?.keyArn;
  return keyArn === undefined ? undefined : { keyArn, status: 'ENABLED' };
}
