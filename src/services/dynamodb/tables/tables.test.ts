// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html; messages follow answers
// of AWS that the tests of dynalite and LocalStack recorded.

import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetResourcePolicyCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutResourcePolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import type { CreateTableCommandInput, UpdateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { newTable } from '../../../../tests/table.ts';
import { entries, items } from '../rows.ts';
import { MINUTE, music, refusal, SOME, Stand, TableArn, TableName } from '../test-stand.ts';

const HOUR = 60 * MINUTE;
const byYear = {
  IndexName: 'by-year',
  KeySchema: [{ AttributeName: 'year', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
};
const year = { AttributeName: 'year', AttributeType: 'N' as const };

async function described({ dynamodb }: Stand) {
  return (await dynamodb.send(new DescribeTableCommand({ TableName }))).Table;
}

describe('a table', () => {
  it('is creating, then active, and in the end deleting and gone', async () => {
    const stand = new Stand();
    const { dynamodb, table } = stand;
    const { TableDescription } = await dynamodb.send(new CreateTableCommand(music));
    expect(TableDescription).toMatchObject({
      TableStatus: 'CREATING',
      TableArn,
      ItemCount: 0,
      ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      DeletionProtectionEnabled: false,
    });
    expect(await refusal(stand.get())).toBe('ResourceNotFoundException: Requested resource not found');
    expect(await refusal(dynamodb.send(new CreateTableCommand(music)))).toBe(
      'ResourceInUseException: Table already exists: music',
    );
    // LocalStack recorded both of AWS: the instant and the warm throughput are told once the table is there.
    expect(TableDescription?.BillingModeSummary).toEqual({ BillingMode: 'PAY_PER_REQUEST' });
    expect(TableDescription?.WarmThroughput).toBeUndefined();
    table.advance(MINUTE);
    expect(await described(stand)).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { LastUpdateToPayPerRequestDateTime: expect.any(Date) },
      WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4000, Status: 'ACTIVE' },
    });
    await stand.put(SOME);
    await dynamodb.send(new DeleteTableCommand({ TableName }));
    expect((await described(stand))?.TableStatus).toBe('DELETING');
    table.advance(MINUTE);
    expect(await refusal(described(stand))).toBe(
      'ResourceNotFoundException: Requested resource not found: Table: music not found',
    );
    expect(table.read((ctx) => ctx.list(items))).toEqual([]);
  });

  it('tells how many items it has as of the last six hours', async () => {
    const stand = await new Stand().with();
    await stand.put(SOME);
    expect((await described(stand))?.ItemCount).toBe(0);
    stand.table.advance(6 * HOUR);
    // "artist" and "song" have 10 letters, and their values one each.
    expect(await described(stand)).toMatchObject({ ItemCount: 1, TableSizeBytes: 12 });
    const instant = await new Stand(newTable({ profile: 'instant' })).with();
    await instant.put(SOME);
    expect((await described(instant))?.ItemCount).toBe(1);
  });

  // As LocalStack's tests make their tables.
  it('may say that it has no stream', async () => {
    const stand = await new Stand().with({ ...music, StreamSpecification: { StreamEnabled: false } });
    expect((await described(stand))?.StreamSpecification).toBeUndefined();
  });

  it('is not deleted while it is protected', async () => {
    const stand = await new Stand().with({ ...music, DeletionProtectionEnabled: true });
    const remove = () => stand.dynamodb.send(new DeleteTableCommand({ TableName }));
    expect(await refusal(remove())).toBe(
      'ValidationException: Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    );
    const input = { TableName, DeletionProtectionEnabled: false };
    await stand.dynamodb.send(new UpdateTableCommand(input));
    expect((await remove()).TableDescription?.TableStatus).toBe('DELETING');
  });

  it('is listed by name, in pages', async () => {
    const { dynamodb } = new Stand();
    for (const name of ['ccc', 'aaa', 'bbb'])
      await dynamodb.send(new CreateTableCommand({ ...music, TableName: name }));
    const first = await dynamodb.send(new ListTablesCommand({ Limit: 2 }));
    expect(first).toMatchObject({ TableNames: ['aaa', 'bbb'], LastEvaluatedTableName: 'bbb' });
    const rest = await dynamodb.send(new ListTablesCommand({ ExclusiveStartTableName: 'bbb' }));
    expect([rest.TableNames, rest.LastEvaluatedTableName]).toEqual([['ccc'], undefined]);
  });

  it.each<[string, Partial<CreateTableCommandInput>]>([
    [
      'One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
      { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
    ],
    [
      'One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
      { BillingMode: undefined },
    ],
    ['TableName must be at least 3 characters long and at most 255 characters long', { TableName: 'ab' }],
    [
      'Invalid KeySchema: Some index key attribute have no definition',
      { AttributeDefinitions: [{ AttributeName: 'artist', AttributeType: 'S' }] },
    ],
    // The words of moto.
    [
      "1 validation error detected: Value '[KeySchemaElement(attributeName=artist, keyType=HASH), KeySchemaElement(attributeName=song, keyType=RANGE), KeySchemaElement(attributeName=song, keyType=RANGE)]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
      {
        KeySchema: [
          { AttributeName: 'artist', KeyType: 'HASH' },
          { AttributeName: 'song', KeyType: 'RANGE' },
          { AttributeName: 'song', KeyType: 'RANGE' },
        ],
      },
    ],
    [
      'Invalid KeySchema: The second KeySchemaElement is not a RANGE key type',
      {
        KeySchema: [
          { AttributeName: 'artist', KeyType: 'HASH' },
          { AttributeName: 'song', KeyType: 'HASH' },
        ],
      },
    ],
    [
      'One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
      { KeySchema: [{ AttributeName: 'artist', KeyType: 'HASH' }] },
    ],
    [
      'One or more parameter values were invalid: Index KeySchema does not have a range key for index: own',
      {
        LocalSecondaryIndexes: [
          {
            IndexName: 'own',
            KeySchema: [{ AttributeName: 'artist', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
      },
    ],
  ])('is refused: %s', async (message, wrong) => {
    const { dynamodb } = new Stand();
    const attempt = dynamodb.send(new CreateTableCommand({ ...music, ...wrong }));
    expect(await refusal(attempt)).toBe(`ValidationException: ${message}`);
  });
});

describe('an update of a table', () => {
  const provisioned: CreateTableCommandInput = {
    ...music,
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
  };
  const update = ({ dynamodb }: Stand, input: Omit<UpdateTableCommandInput, 'TableName'>) =>
    dynamodb.send(new UpdateTableCommand({ TableName, ...input }));

  it('changes the throughput after a while, and nothing else meanwhile', async () => {
    const stand = await new Stand().with(provisioned);
    const ProvisionedThroughput = { ReadCapacityUnits: 10, WriteCapacityUnits: 1 };
    const { TableDescription } = await update(stand, { ProvisionedThroughput });
    expect(TableDescription).toMatchObject({
      TableStatus: 'UPDATING',
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    });
    expect(await refusal(update(stand, { BillingMode: 'PAY_PER_REQUEST' }))).toBe(
      'ResourceInUseException: Attempt to change a resource which is still in use: Table is being updated: music',
    );
    stand.table.advance(MINUTE);
    const after = await described(stand);
    expect([after?.TableStatus, after?.BillingModeSummary]).toEqual(['ACTIVE', undefined]);
    expect(after?.ProvisionedThroughput).toMatchObject({
      ...ProvisionedThroughput,
      NumberOfDecreasesToday: 1,
    });
    expect(await refusal(update(stand, { ProvisionedThroughput }))).toContain(
      'The provisioned throughput for the table will not change.',
    );
  });

  it('switches the billing mode there and back', async () => {
    const stand = await new Stand().with(provisioned);
    await update(stand, { BillingMode: 'PAY_PER_REQUEST' });
    stand.table.advance(HOUR);
    expect((await described(stand))?.BillingModeSummary?.BillingMode).toBe('PAY_PER_REQUEST');
    expect(await refusal(update(stand, { BillingMode: 'PROVISIONED' }))).toBe(
      'ValidationException: One or more parameter values were invalid: ProvisionedThroughput must be specified when BillingMode is PROVISIONED',
    );
    const ProvisionedThroughput = { ReadCapacityUnits: 2, WriteCapacityUnits: 3 };
    await update(stand, { BillingMode: 'PROVISIONED', ProvisionedThroughput });
    stand.table.advance(HOUR);
    expect(await described(stand)).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PROVISIONED' },
      ProvisionedThroughput,
    });
  });

  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
  it('creates an index, files what is there in it, and deletes it again', async () => {
    const stand = await new Stand().with();
    await stand.put({ ...SOME, year: { N: '1999' } }, { artist: { S: 'b' }, song: { S: 's' } });
    await stand.put({ artist: { S: 'c' }, song: { S: 's' }, year: { S: 'no number' } });
    const create = { AttributeDefinitions: [year], GlobalSecondaryIndexUpdates: [{ Create: byYear }] };
    await update(stand, create);
    expect(await described(stand)).toMatchObject({
      TableStatus: 'UPDATING',
      GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING', Backfilling: false }],
    });
    stand.table.until((ctx) => ctx.list(entries).length > 0, HOUR);
    expect(await described(stand)).toMatchObject({
      TableStatus: 'ACTIVE',
      GlobalSecondaryIndexes: [{ IndexStatus: 'CREATING', Backfilling: true }],
    });
    const query = {
      IndexName: 'by-year',
      KeyConditionExpression: '#year = :year',
      ExpressionAttributeNames: { '#year': 'year' },
      ExpressionAttributeValues: { ':year': { N: '1999.0' } },
    };
    expect(await refusal(stand.find('artist', query))).toBe(
      'ValidationException: Cannot read from backfilling global secondary index: by-year',
    );
    stand.table.advance(HOUR);
    expect(await stand.find('artist', query)).toEqual(['a']);
    await update(stand, { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-year' } }] });
    expect((await described(stand))?.GlobalSecondaryIndexes?.[0]?.IndexStatus).toBe('DELETING');
    stand.table.advance(HOUR);
    const { GlobalSecondaryIndexes, AttributeDefinitions } = (await described(stand)) ?? {};
    expect([GlobalSecondaryIndexes, AttributeDefinitions?.length]).toEqual([undefined, 2]);
    expect(stand.table.read((ctx) => ctx.list(entries))).toEqual([]);
  });

  it('creates one index at a time', async () => {
    const stand = await new Stand().with();
    const Create = { ...byYear, IndexName: 'another' };
    const both = [{ Create: byYear }, { Create }];
    expect(
      await refusal(update(stand, { AttributeDefinitions: [year], GlobalSecondaryIndexUpdates: both })),
    ).toBe(
      'LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    );
  });

  it('has to ask for something', async () => {
    expect(await refusal(update(await new Stand().with(), {}))).toBe(
      'ValidationException: At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required',
    );
  });

  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
  it('puts the table under the key that AWS manages for DynamoDB, and takes it back', async () => {
    const stand = await new Stand().with();
    expect((await described(stand))?.SSEDescription).toBeUndefined();
    await update(stand, { SSESpecification: { Enabled: true } });
    stand.table.advance(MINUTE);
    const kms = stand.table.client(KMSClient);
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/dynamodb' }));
    expect((await described(stand))?.SSEDescription).toEqual({
      Status: 'ENABLED',
      SSEType: 'KMS',
      KMSMasterKeyArn: KeyMetadata?.Arn,
    });
    const { TableDescription } = await update(stand, { SSESpecification: { Enabled: false } });
    expect(TableDescription?.SSEDescription?.Status).toBe('UPDATING');
    stand.table.advance(MINUTE);
    expect((await described(stand))?.SSEDescription).toBeUndefined();
  });
});

describe('time to live', () => {
  const ttl = ({ dynamodb }: Stand, Enabled: boolean) => {
    const TimeToLiveSpecification = { AttributeName: 'until', Enabled };
    return dynamodb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  };

  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
  it('deletes items within two days of their time, not before, and none that never had one', async () => {
    const stand = await new Stand().with();
    const seconds = Math.floor(stand.table.world.now / 1000);
    const old = { ...SOME, until: { N: String(seconds + 3600) } };
    await stand.put(old);
    await ttl(stand, true);
    stand.table.advance(30 * MINUTE);
    const { TimeToLiveDescription } = await stand.dynamodb.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'until' });
    const by = (song: string) => ({ artist: { S: 'b' }, song: { S: song } });
    await stand.put(
      by('never'),
      { ...by('text'), until: { S: '1' } },
      { ...by('long ago'), until: { N: '1' } },
    );
    await stand.put({ ...by('kept'), until: old.until }, by('kept'));
    stand.table.advance(29 * MINUTE);
    expect(await stand.get()).toEqual(old);
    stand.table.advance(49 * HOUR);
    expect(await stand.get()).toBeUndefined();
    const left = { KeyConditionExpression: 'artist = :b', ExpressionAttributeValues: { ':b': { S: 'b' } } };
    expect(await stand.find('song', left)).toEqual(['kept', 'long ago', 'never', 'text']);
  });

  it('is changed once in an hour', async () => {
    const stand = await new Stand().with();
    expect(await refusal(ttl(stand, false))).toBe('ValidationException: TimeToLive is already disabled');
    await ttl(stand, true);
    expect(await refusal(ttl(stand, true))).toBe('ValidationException: TimeToLive is already enabled');
    expect(await refusal(ttl(stand, false))).toBe(
      'ValidationException: Time to live has been modified multiple times within a fixed interval',
    );
    stand.table.advance(HOUR);
    await ttl(stand, false);
    const { TimeToLiveDescription } = await stand.dynamodb.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(TimeToLiveDescription?.TimeToLiveStatus).toBe('DISABLING');
  });
});

describe('settings of a table', () => {
  it('are its tags', async () => {
    const { dynamodb } = await new Stand().with({ ...music, Tags: [{ Key: 'a', Value: '1' }] });
    const tags = async () =>
      (await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: TableArn }))).Tags;
    const Tags = [{ Key: 'b', Value: '2' }];
    await dynamodb.send(new TagResourceCommand({ ResourceArn: TableArn, Tags }));
    await dynamodb.send(new UntagResourceCommand({ ResourceArn: TableArn, TagKeys: ['a'] }));
    expect(await tags()).toEqual(Tags);
    const ResourceArn = `${TableArn}al`;
    expect(await refusal(dynamodb.send(new TagResourceCommand({ ResourceArn, Tags })))).toBe(
      `ResourceNotFoundException: Requested resource not found: ResourcArn: ${ResourceArn} not found`,
    );
  });

  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
  it('are those of point-in-time recovery', async () => {
    const { dynamodb, table } = await new Stand().with();
    const since = table.world.now;
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 };
    await dynamodb.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
    table.advance(HOUR);
    const read = await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }));
    expect(read.ContinuousBackupsDescription).toEqual({
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: {
        PointInTimeRecoveryStatus: 'ENABLED',
        RecoveryPeriodInDays: 7,
        EarliestRestorableDateTime: new Date(since),
        LatestRestorableDateTime: new Date(since + HOUR - 5 * MINUTE),
      },
    });
    const missing = dynamodb.send(new DescribeContinuousBackupsCommand({ TableName: 'none' }));
    expect(await refusal(missing)).toBe('TableNotFoundException: Table not found: none');
  });

  // The words: moto's tests that were verified against AWS.
  it('are its policy, by revision', async () => {
    const { dynamodb } = await new Stand().with();
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'dynamodb:*', Resource: TableArn },
      ],
    });
    const ResourceArn = TableArn;
    const put = (ExpectedRevisionId: string) =>
      dynamodb.send(new PutResourcePolicyCommand({ ResourceArn, Policy, ExpectedRevisionId }));
    const { RevisionId } = await put('NO_POLICY');
    const none = 'PolicyNotFoundException: Resource-based policy not found for the provided ResourceArn:';
    expect(await refusal(put('NO_POLICY'))).toBe(
      `${none} Requested policy update expecting none to be present for table ${TableName}, but a policy exists with revision id ${RevisionId}.`,
    );
    expect(await refusal(put('other'))).toBe(
      `${none} Requested update for policy with revision id other, but the policy associated to target table ${TableName} has revision id ${RevisionId}.`,
    );
    const found = await dynamodb.send(new GetResourcePolicyCommand({ ResourceArn }));
    expect(found).toMatchObject({ Policy, RevisionId });
  });
});
