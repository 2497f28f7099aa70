// Tables as DynamoDB describes them.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html

import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { keyList } from '../keys.ts';
import type { Index, Key, Keys, TableRow, Throughput } from '../rows.ts';
import { countTold } from './counts.ts';

export type TableDescription = NonNullable<Output<'dynamodb', 'DescribeTable'>['Table']>;
type GlobalDescription = NonNullable<TableDescription['GlobalSecondaryIndexes']>[number];
type LocalDescription = NonNullable<TableDescription['LocalSecondaryIndexes']>[number];

type IndexInfo = Pick<
  NonNullable<
    NonNullable<Output<'dynamodb', 'DescribeBackup'>['BackupDescription']>['SourceTableFeatureDetails']
  >,
  'LocalSecondaryIndexes' | 'GlobalSecondaryIndexes'
>;

const DAY_MS = 86_400_000;
/** What tables on demand can take at once. */
const WARM_ON_DEMAND = { read: 12_000, write: 4000 } as const;

export function described(home: Ctx, table: TableRow): TableDescription {
  const { items, bytes } = countTold(home, table);
  const local = table.indexes.filter(({ kind }) => kind === 'local');
  const global = table.indexes.filter(({ kind }) => kind === 'global');
  return {
    AttributeDefinitions: table.attributes.map(definition),
    TableName: table.name,
    KeySchema: schema(table.keys),
    TableStatus: table.status,
    CreationDateTime: table.createdAt,
    ProvisionedThroughput: throughput(home, table.throughput),
    TableSizeBytes: bytes,
    ItemCount: items,
    TableArn: table.arn,
    TableId: table.id,
    ...billing(table),
    ...(isThere(table) && warmth(table.throughput)),
    ...(table.tableClass && {
      TableClassSummary: {
        TableClass: table.tableClass.name,
        LastUpdateDateTime: table.tableClass.changedAt,
      },
    }),
    ...(local.length > 0 && { LocalSecondaryIndexes: local.map((index) => placed(home, table, index)) }),
    ...(global.length > 0 && {
      GlobalSecondaryIndexes: global.map((index) => globalDescription(home, table, index)),
    }),
    ...(table.encryption && {
      SSEDescription: {
        Status: table.encryption.status,
        SSEType: 'KMS',
        KMSMasterKeyArn: table.encryption.keyArn,
      },
    }),
    DeletionProtectionEnabled: table.deletionProtected,
    ...(table.restored && {
      RestoreSummary: {
        SourceBackupArn: table.restored.backupArn,
        SourceTableArn: table.restored.sourceArn,
        RestoreDateTime: table.restored.at,
        RestoreInProgress: table.status === 'CREATING',
      },
    }),
  };
}

/** The indexes of a table as backups tell them. */
export function indexInfo({ indexes }: TableRow): IndexInfo {
  const info = (index: Index): Pick<GlobalDescription, 'IndexName' | 'KeySchema' | 'Projection'> => ({
    IndexName: index.name,
    KeySchema: schema(index.keys),
    Projection: projection(index),
  });
  const local = indexes.filter(({ kind }) => kind === 'local').map(info);
  const global = indexes.filter(({ kind }) => kind === 'global');
  return {
    ...(local.length > 0 && { LocalSecondaryIndexes: local }),
    ...(global.length > 0 && {
      GlobalSecondaryIndexes: global.map((index) => ({
        ...info(index),
        ProvisionedThroughput: {
          ReadCapacityUnits: index.throughput?.read ?? 0,
          WriteCapacityUnits: index.throughput?.write ?? 0,
        },
      })),
    }),
  };
}

/** Tables and indexes that are coming or going tell no warm throughput. */
function isThere({ status }: { readonly status: TableRow['status'] }): boolean {
  return status === 'ACTIVE' || status === 'UPDATING';
}

function definition({ name, type }: Key): { AttributeName: string; AttributeType: Key['type'] } {
  return { AttributeName: name, AttributeType: type };
}

export function schema(keys: Keys): { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[] {
  return keyList(keys).map(({ name }, at) => ({ AttributeName: name, KeyType: at === 0 ? 'HASH' : 'RANGE' }));
}

/** A table that was provisioned without saying so tells nothing. */
function billing({
  tellsBilling,
  throughput: units,
  onDemandAt,
  status,
}: TableRow): Partial<TableDescription> {
  if (!tellsBilling) return {};
  return {
    BillingModeSummary: {
      BillingMode: units ? 'PROVISIONED' : 'PAY_PER_REQUEST',
      // Not yet in the answer to CreateTable, as LocalStack recorded of AWS; nor is the warm throughput.
      ...(status !== 'CREATING' && { LastUpdateToPayPerRequestDateTime: onDemandAt }),
    },
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html */
function warmth(units: Throughput | undefined): Pick<GlobalDescription, 'WarmThroughput'> {
  const { read, write } = units ?? WARM_ON_DEMAND;
  return {
    WarmThroughput: { ReadUnitsPerSecond: read, WriteUnitsPerSecond: write, Status: 'ACTIVE' },
  };
}

function throughput(home: Ctx, units: Throughput | undefined): GlobalDescription['ProvisionedThroughput'] {
  if (!units) return { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 };
  const { raisedAt, loweredAt, read, write } = units;
  return {
    ...(raisedAt !== undefined && { LastIncreaseDateTime: raisedAt }),
    ...(loweredAt !== undefined && { LastDecreaseDateTime: loweredAt }),
    NumberOfDecreasesToday: loweringsToday(home.now, units),
    ReadCapacityUnits: read,
    WriteCapacityUnits: write,
  };
}

/** Days are those of UTC. */
export function loweringsToday(now: number, { loweredAt, lowerings }: Throughput): number {
  const sameDay = loweredAt !== undefined && Math.floor(loweredAt / DAY_MS) === Math.floor(now / DAY_MS);
  return sameDay ? lowerings : 0;
}

function projection({ projection: type, included }: Index): GlobalDescription['Projection'] {
  return { ProjectionType: type, ...(included.length > 0 && { NonKeyAttributes: included }) };
}

function placed(home: Ctx, table: TableRow, index: Index): LocalDescription {
  const { items, bytes } = countTold(home, table, index);
  return {
    IndexName: index.name,
    KeySchema: schema(index.keys),
    Projection: projection(index),
    IndexSizeBytes: bytes,
    ItemCount: items,
    IndexArn: `${table.arn}/index/${index.name}`,
  };
}

function globalDescription(home: Ctx, table: TableRow, index: Index): GlobalDescription {
  return {
    ...placed(home, table, index),
    IndexStatus: index.status,
    // Never of those that were made with their table: API_GlobalSecondaryIndexDescription.
    ...(index.status === 'CREATING' &&
      table.status !== 'CREATING' && { Backfilling: index.backfilling ?? false }),
    ProvisionedThroughput: throughput(home, index.throughput),
    ...(isThere(table) && isThere(index) && warmth(index.throughput)),
  };
}
