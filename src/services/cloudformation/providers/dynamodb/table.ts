// AWS::DynamoDB::Table.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html

import type { Input, Output } from '#cloud/contracts.ts';
import { documentLike, documentText } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Json, Progress, Provider, Work } from '../provider.ts';
import { checkIndexes, indexInput, onlineUpdates, throughputUpdates } from './index-update.ts';

type Table = Work<'AWS::DynamoDB::Table'>;
type Create = Input<'dynamodb', 'CreateTable'>;
type Change = Omit<Input<'dynamodb', 'UpdateTable'>, 'TableName'>;
type Description = NonNullable<Output<'dynamodb', 'DescribeTable'>['Table']>;

const LONGEST = 255;

const arnOf = ({ ctx, physicalId }: Table): string => ctx.arn('dynamodb', `table/${physicalId}`);

function tableOf(work: Table): Description | undefined {
  return work.find('dynamodb', 'DescribeTable', { TableName: work.physicalId })?.Table;
}

/** Nothing about the table or its indexes is under way. */
function isSettled({ TableStatus, GlobalSecondaryIndexes = [] }: Description): boolean {
  return (
    TableStatus === 'ACTIVE' && GlobalSecondaryIndexes.every(({ IndexStatus }) => IndexStatus === 'ACTIVE')
  );
}

/** As the API spells it; without one, AWS's own key. */
function encryptionOf({ properties }: Table): Create['SSESpecification'] {
  const { SSEEnabled, SSEType, KMSMasterKeyId } = properties.SSESpecification ?? { SSEEnabled: false };
  type Specification = NonNullable<Create['SSESpecification']>;
  return {
    Enabled: SSEEnabled,
    ...(SSEType !== undefined && { SSEType: SSEType as NonNullable<Specification['SSEType']> }),
    ...(KMSMasterKeyId !== undefined && { KMSMasterKeyId }),
  };
}

/** The changes of an update, one after the other: DynamoDB makes one at a time. */
function changesOf(work: Table): Change[] {
  const { properties, previous } = work;
  const { BillingMode = 'PROVISIONED', ProvisionedThroughput, TableClass = 'STANDARD' } = properties;
  const { DeletionProtectionEnabled = false } = properties;
  const switched = BillingMode !== (previous?.BillingMode ?? 'PROVISIONED');
  const updates = throughputUpdates(work, switched && BillingMode === 'PROVISIONED');
  const changes: Change[] = [];
  if (work.changed('DeletionProtectionEnabled')) changes.push({ DeletionProtectionEnabled });
  if (switched || work.changed('ProvisionedThroughput') || updates.length > 0)
    changes.push({
      ...(switched && { BillingMode: BillingMode as NonNullable<Change['BillingMode']> }),
      ...((switched || work.changed('ProvisionedThroughput')) &&
        ProvisionedThroughput && { ProvisionedThroughput }),
      ...(updates.length > 0 && { GlobalSecondaryIndexUpdates: updates }),
    });
  for (const update of onlineUpdates(work))
    changes.push({
      AttributeDefinitions: properties.AttributeDefinitions as Create['AttributeDefinitions'],
      GlobalSecondaryIndexUpdates: [update],
    });
  if (work.changed('TableClass'))
    changes.push({ TableClass: TableClass as NonNullable<Change['TableClass']> });
  if (work.changed('SSESpecification')) changes.push({ SSESpecification: encryptionOf(work) });
  return changes;
}

/** Makes the next change of an update. False when all are made. */
function changeNext(work: Table): boolean {
  const made = Number(work.memory['changes'] ?? 0);
  const change = work.previous ? changesOf(work)[made] : undefined;
  if (!change) return false;
  work.remember({ changes: made + 1 });
  work.call('dynamodb', 'UpdateTable', { TableName: work.physicalId, ...change });
  return true;
}

/** What has operations of its own, and can be set once the table is active. */
function set(work: Table): void {
  const TableName = work.physicalId;
  const { PointInTimeRecoverySpecification: recovery, TimeToLiveSpecification: ttl } = work.properties;
  const { PointInTimeRecoveryEnabled = false, RecoveryPeriodInDays } = recovery ?? {};
  const was = work.previous?.TimeToLiveSpecification;
  if (work.changed('PointInTimeRecoverySpecification')) {
    work.call('dynamodb', 'UpdateContinuousBackups', {
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled, RecoveryPeriodInDays },
    });
  }
  if (!work.changed('TimeToLiveSpecification')) return;
  const { AttributeName = '', Enabled = false } = ttl ?? {};
  if (!Enabled && !was?.Enabled) return;
  work.call('dynamodb', 'UpdateTimeToLive', {
    TableName,
    TimeToLiveSpecification: { AttributeName: AttributeName || (was?.AttributeName ?? ''), Enabled },
  });
}

function setPolicy(work: Table): void {
  if (!work.changed('ResourcePolicy')) return;
  const ResourceArn = arnOf(work);
  const { ResourcePolicy } = work.properties;
  if (!ResourcePolicy) work.find('dynamodb', 'DeleteResourcePolicy', { ResourceArn });
  else
    work.call('dynamodb', 'PutResourcePolicy', {
      ResourceArn,
      Policy: documentText(ResourcePolicy.PolicyDocument),
    });
}

/** Throws for what AWS cannot change in a table that is there. */
function checkChangeable(work: Table): void {
  if (work.changed('LocalSecondaryIndexes'))
    throw handlerFailure(work, 'Local secondary indexes of a table that exists cannot be changed.');
  for (const { AttributeName, AttributeType } of work.properties.AttributeDefinitions ?? []) {
    const before = work.previous?.AttributeDefinitions?.find((one) => one.AttributeName === AttributeName);
    if (before && before.AttributeType !== AttributeType)
      throw handlerFailure(work, `The type of the attribute ${AttributeName} cannot be changed.`);
  }
  checkIndexes(work);
}

function remove(work: Table): Progress {
  const table = tableOf(work);
  if (!table) return 'done';
  if (table.TableStatus === 'ACTIVE') work.find('dynamodb', 'DeleteTable', { TableName: work.physicalId });
  return { again: 0 };
}

function keysOf(schema: Description['KeySchema'] = []): Json {
  return schema.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType }));
}

function throughputOf(units: Description['ProvisionedThroughput']): Json {
  const { ReadCapacityUnits = 0, WriteCapacityUnits = 0 } = units ?? {};
  return { ReadCapacityUnits, WriteCapacityUnits };
}

/** Global indexes in the order of the template; those that it does not have come last. */
function indexesOf(work: Table, { GlobalSecondaryIndexes = [] }: Description, provisioned: boolean): Json {
  const names = (work.properties.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName);
  const place = ({ IndexName = '' }: { IndexName?: string | undefined }): number => {
    const at = names.indexOf(IndexName);
    return at < 0 ? names.length : at;
  };
  return GlobalSecondaryIndexes.toSorted((left, right) => place(left) - place(right)).map((index) => ({
    IndexName: index.IndexName ?? '',
    KeySchema: keysOf(index.KeySchema),
    Projection: index.Projection as unknown as Json,
    ...(provisioned && { ProvisionedThroughput: throughputOf(index.ProvisionedThroughput) }),
  }));
}

function read(work: Table): Readonly<Record<string, Json | undefined>> | undefined {
  const table = tableOf(work);
  if (!table || table.TableStatus === 'DELETING') return undefined;
  const TableName = work.physicalId;
  const { PointInTimeRecoverySpecification: recovery, ResourcePolicy } = work.properties;
  const provisioned = table.BillingModeSummary?.BillingMode !== 'PAY_PER_REQUEST';
  const backups = work.find('dynamodb', 'DescribeContinuousBackups', { TableName });
  const { PointInTimeRecoveryStatus, RecoveryPeriodInDays } =
    backups?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {};
  const ttl = work.find('dynamodb', 'DescribeTimeToLive', { TableName })?.TimeToLiveDescription;
  const policy = work.find('dynamodb', 'GetResourcePolicy', { ResourceArn: arnOf(work) })?.Policy;
  return {
    TableName,
    BillingMode: provisioned ? 'PROVISIONED' : 'PAY_PER_REQUEST',
    ProvisionedThroughput: provisioned ? throughputOf(table.ProvisionedThroughput) : undefined,
    KeySchema: keysOf(table.KeySchema),
    GlobalSecondaryIndexes: table.GlobalSecondaryIndexes ? indexesOf(work, table, provisioned) : undefined,
    DeletionProtectionEnabled: table.DeletionProtectionEnabled ?? false,
    TableClass: table.TableClassSummary?.TableClass ?? 'STANDARD',
    PointInTimeRecoverySpecification: {
      PointInTimeRecoveryEnabled: PointInTimeRecoveryStatus === 'ENABLED',
      ...(recovery?.RecoveryPeriodInDays !== undefined && {
        RecoveryPeriodInDays: RecoveryPeriodInDays ?? 0,
      }),
    },
    TimeToLiveSpecification:
      ttl?.AttributeName === undefined
        ? undefined
        : { AttributeName: ttl.AttributeName, Enabled: ttl.TimeToLiveStatus?.startsWith('ENABL') ?? false },
    ResourcePolicy:
      policy === undefined
        ? undefined
        : { PolicyDocument: documentLike(ResourcePolicy?.PolicyDocument, policy) },
  };
}

export const table: Provider = provider({
  type: 'AWS::DynamoDB::Table',
  refused: [
    'ContributorInsightsSpecification',
    'GlobalSecondaryIndexes.ContributorInsightsSpecification',
    'GlobalSecondaryIndexes.OnDemandThroughput',
    'GlobalSecondaryIndexes.WarmThroughput',
    'ImportSourceSpecification',
    'KinesisStreamSpecification',
    'OnDemandThroughput',
    'StreamSpecification',
    'VectorIndexes',
    'WarmThroughput',
  ],
  passedOn: [
    'AttributeDefinitions',
    'GlobalSecondaryIndexes.Projection',
    'KeySchema',
    'LocalSecondaryIndexes',
  ],
  create(work) {
    const { properties } = work;
    const { AttributeDefinitions, KeySchema, LocalSecondaryIndexes, GlobalSecondaryIndexes } = properties;
    const { BillingMode, ProvisionedThroughput, TableClass, DeletionProtectionEnabled } = properties;
    const { ResourcePolicy, Tags } = properties;
    const TableName = properties.TableName ?? work.name({ longest: LONGEST });
    work.call('dynamodb', 'CreateTable', {
      TableName,
      AttributeDefinitions: AttributeDefinitions as Create['AttributeDefinitions'],
      KeySchema: KeySchema as Create['KeySchema'],
      LocalSecondaryIndexes: LocalSecondaryIndexes as Create['LocalSecondaryIndexes'],
      GlobalSecondaryIndexes: GlobalSecondaryIndexes?.map(indexInput),
      BillingMode: BillingMode as Create['BillingMode'],
      ProvisionedThroughput,
      TableClass: TableClass as Create['TableClass'],
      DeletionProtectionEnabled,
      ...(properties.SSESpecification && { SSESpecification: encryptionOf(work) }),
      ...(ResourcePolicy && { ResourcePolicy: documentText(ResourcePolicy.PolicyDocument) }),
      Tags: work.tags(Tags),
    });
    return TableName;
  },
  update(work) {
    checkChangeable(work);
    const ResourceArn = arnOf(work);
    const { put, remove: gone } = work.tagChanges();
    work.call('dynamodb', 'TagResource', { ResourceArn, Tags: put });
    if (gone.length > 0) work.call('dynamodb', 'UntagResource', { ResourceArn, TagKeys: gone });
    setPolicy(work);
  },
  stands(work) {
    const found = tableOf(work);
    if (!found) throw handlerFailure(work, `Table not found: ${work.physicalId}`, 'NotFound');
    if (!isSettled(found) || changeNext(work)) return { again: 0 };
    set(work);
    return 'done';
  },
  delete(work) {
    remove(work);
  },
  gone: remove,
  attributes: (work) => ({ Arn: arnOf(work) }),
  read,
});
