// AWS::DynamoDB through CloudFormation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_DynamoDB.html

import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const HASH = [{ AttributeName: 'id', KeyType: 'HASH' }];
const attribute = (AttributeName: string, AttributeType = 'S') => ({ AttributeName, AttributeType });
const index = (IndexName: string, name: string) => ({
  IndexName,
  KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
  Projection: { ProjectionType: 'ALL' },
});
const simple = {
  AttributeDefinitions: [attribute('id')],
  KeySchema: HASH,
  BillingMode: 'PAY_PER_REQUEST',
};

const parts = (properties: object) => ({
  Resources: { Table: { Type: 'AWS::DynamoDB::Table', Properties: properties } },
  Outputs: { Ref: { Value: { Ref: 'Table' } }, Arn: { Value: { 'Fn::GetAtt': ['Table', 'Arn'] } } },
});

function newStand() {
  const stand = new ProviderStand();
  const dynamodb = stand.table.client(DynamoDBClient);
  const described = async () => {
    const { Ref: TableName } = await stand.outputs();
    return (await dynamodb.send(new DescribeTableCommand({ TableName }))).Table;
  };
  return Object.assign(stand, { dynamodb, described });
}

describe('AWS::DynamoDB::Table', () => {
  it('is known by its name, and stands when it is active with all its settings', async () => {
    const stand = newStand();
    const Properties = {
      ...simple,
      AttributeDefinitions: [attribute('id'), attribute('at', 'N'), attribute('owner')],
      KeySchema: [...HASH, { AttributeName: 'at', KeyType: 'RANGE' }],
      GlobalSecondaryIndexes: [index('by-owner', 'owner')],
      LocalSecondaryIndexes: [
        {
          IndexName: 'by-owner-here',
          KeySchema: [...HASH, { AttributeName: 'owner', KeyType: 'RANGE' }],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'until', Enabled: true },
      SSESpecification: { SSEEnabled: true },
      TableClass: 'STANDARD_INFREQUENT_ACCESS',
      Tags: [{ Key: 'team', Value: 'a' }],
    };
    expect(await stand.create(parts(Properties))).toBe('CREATE_COMPLETE');
    const { Ref: TableName = '', Arn: ResourceArn = '' } = await stand.outputs();
    expect(TableName).toMatch(/^[\w-]+-Table-[A-Za-z0-9]+$/);
    expect(ResourceArn).toBe(`arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`);
    expect(await stand.described()).toMatchObject({
      TableStatus: 'ACTIVE',
      GlobalSecondaryIndexes: [{ IndexName: 'by-owner', IndexStatus: 'ACTIVE' }],
      LocalSecondaryIndexes: [{ IndexName: 'by-owner-here' }],
      SSEDescription: { Status: 'ENABLED' },
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
    });
    const { dynamodb } = stand;
    const backups = await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }));
    const recovery = backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
    const ttl = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName }));
    expect([recovery?.PointInTimeRecoveryStatus, ttl.TimeToLiveDescription?.AttributeName]).toEqual([
      'ENABLED',
      'until',
    ]);
    const { Tags = [] } = await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn }));
    expect(Tags.map(({ Key }) => Key)).toEqual([
      'aws:cloudformation:logical-id',
      'aws:cloudformation:stack-id',
      'aws:cloudformation:stack-name',
      'team',
    ]);
    expect(await stand.drift()).toEqual(['Table IN_SYNC']);
    await stand.delete();
    expect((await dynamodb.send(new ListTablesCommand())).TableNames).toEqual([]);
  });

  it('keeps its items while its indexes, billing and settings change', async () => {
    const stand = newStand();
    await stand.create(parts(simple));
    const { Ref: TableName } = await stand.outputs();
    const Item = { id: { S: '1' }, owner: { S: 'o' } };
    await stand.dynamodb.send(new PutItemCommand({ TableName, Item }));
    const owned = { ...simple, AttributeDefinitions: [attribute('id'), attribute('owner')] };
    const throughput = { ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 2 } };
    const provisioned = {
      ...owned,
      BillingMode: 'PROVISIONED',
      ...throughput,
      GlobalSecondaryIndexes: [{ ...index('by-owner', 'owner'), ...throughput }],
    };
    expect(await stand.update(parts(provisioned))).toBe('UPDATE_COMPLETE');
    expect(await stand.described()).toMatchObject({ TableName, ...throughput });
    expect((await stand.described())?.GlobalSecondaryIndexes).toMatchObject([
      { IndexName: 'by-owner', ...throughput },
    ]);
    const last = { ...simple, DeletionProtectionEnabled: true, TableClass: 'STANDARD_INFREQUENT_ACCESS' };
    expect(await stand.update(parts(last))).toBe('UPDATE_COMPLETE');
    const { GlobalSecondaryIndexes, DeletionProtectionEnabled, BillingModeSummary } =
      (await stand.described()) ?? {};
    expect([GlobalSecondaryIndexes, DeletionProtectionEnabled, BillingModeSummary?.BillingMode]).toEqual([
      undefined,
      true,
      'PAY_PER_REQUEST',
    ]);
    const found = await stand.dynamodb.send(new GetItemCommand({ TableName, Key: { id: { S: '1' } } }));
    expect(found.Item).toEqual(Item);
  });

  it('is replaced for another key', async () => {
    const stand = newStand();
    await stand.create(parts(simple));
    const before = (await stand.outputs())['Ref'];
    const other = {
      ...simple,
      AttributeDefinitions: [attribute('key')],
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
    };
    expect(await stand.update(parts(other))).toBe('UPDATE_COMPLETE');
    const after = (await stand.outputs())['Ref'];
    expect(after).not.toBe(before);
    expect((await stand.dynamodb.send(new ListTablesCommand())).TableNames).toEqual([after]);
  });

  it('gets one index in an update, and loses none that fails to come', async () => {
    const stand = newStand();
    await stand.create(parts(simple));
    const two = {
      ...simple,
      AttributeDefinitions: ['id', 'a', 'b'].map((name) => attribute(name)),
      GlobalSecondaryIndexes: [index('by-a', 'a'), index('by-b', 'b')],
    };
    expect(await stand.update(parts(two))).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain(
      'Cannot perform more than one GSI creation or deletion in a single update',
    );
    expect((await stand.described())?.GlobalSecondaryIndexes).toBeUndefined();
  });

  it('drifts where it was changed past the stack', async () => {
    const stand = newStand();
    await stand.create(parts({ ...simple, DeletionProtectionEnabled: false }));
    const { Ref: TableName } = await stand.outputs();
    await stand.dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
    expect(await stand.drift()).toEqual(['Table MODIFIED /DeletionProtectionEnabled']);
  });

  it('fails by name for streams, and leaves nothing behind', async () => {
    const stand = newStand();
    const StreamSpecification = { StreamViewType: 'KEYS_ONLY' };
    expect(await stand.create(parts({ ...simple, StreamSpecification }))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('StreamSpecification');
    expect((await stand.dynamodb.send(new ListTablesCommand())).TableNames).toEqual([]);
  });
});
