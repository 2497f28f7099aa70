// What requests consume, and who may make them.

import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, ConsumedCapacity, PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { MINUTE, music, refusal, SOME, Stand, TableArn, TableName } from '../test-stand.ts';

const put = ({ dynamodb }: Stand, input: Omit<PutItemCommandInput, 'TableName'>) =>
  dynamodb.send(new PutItemCommand({ TableName, ...input }));

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
describe('capacity', () => {
  const provisioned = {
    ...music,
    BillingMode: 'PROVISIONED' as const,
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
  };
  const large = (bytes: number) => ({ ...SOME, text: { S: 'x'.repeat(bytes) } });

  it('is a unit for each KB written, and for each 4 KB read consistently', async () => {
    const stand = await new Stand().with();
    const ReturnConsumedCapacity = 'TOTAL';
    const units = async (answer: Promise<{ ConsumedCapacity?: ConsumedCapacity | undefined }>) =>
      (await answer).ConsumedCapacity?.CapacityUnits;
    const get = (ConsistentRead: boolean) =>
      stand.dynamodb.send(
        new GetItemCommand({ TableName, Key: SOME, ConsistentRead, ReturnConsumedCapacity }),
      );
    expect([
      await units(get(true)),
      await units(put(stand, { Item: large(5000), ReturnConsumedCapacity })),
      await units(put(stand, { Item: SOME, ReturnConsumedCapacity })),
      await units(put(stand, { Item: large(5000), ReturnConsumedCapacity })),
      await units(get(true)),
      await units(get(false)),
    ]).toEqual([1, 5, 5, 5, 2, 1]);
  });

  it('of a provisioned table is used up after five minutes of bursts, and comes back by the second', async () => {
    const stand = await new Stand().with(provisioned);
    await put(stand, { Item: large(298 * 1024) });
    await put(stand, { Item: { ...SOME, song: { S: 'b' } } });
    await expect(put(stand, { Item: SOME })).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
      ThrottlingReasons: [{ reason: 'TableWriteProvisionedThroughputExceeded', resource: TableArn }],
    });
    const requests = ['c', 'd'].map((song) => ({ PutRequest: { Item: { ...SOME, song: { S: song } } } }));
    stand.table.advance(1000);
    const { UnprocessedItems } = await stand.dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }),
    );
    expect(UnprocessedItems).toEqual({ [TableName]: requests.slice(1) });
  });

  it('is told to CloudWatch by the minute', async () => {
    const stand = await new Stand().with();
    await stand.put(SOME, SOME, large(2000));
    stand.table.advance(5 * MINUTE);
    const { now } = stand.table.world;
    const { Datapoints } = await stand.table.client(CloudWatchClient).send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/DynamoDB',
        MetricName: 'ConsumedWriteCapacityUnits',
        Dimensions: [{ Name: 'TableName', Value: TableName }],
        StartTime: new Date(now - 30 * MINUTE),
        EndTime: new Date(now),
        Period: 60,
        Statistics: ['Sum', 'SampleCount'],
      }),
    );
    expect(Datapoints).toMatchObject([{ Sum: 4, SampleCount: 3 }]);
  });
});

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
describe('IAM', () => {
  async function user(stand: Stand, Statement: object, account = 'test') {
    const iam = stand.table.client(IAMClient, {
      credentials: { accessKeyId: account, secretAccessKey: 'x' },
    });
    await iam.send(new CreateUserCommand({ UserName: 'u' }));
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await iam.send(new PutUserPolicyCommand({ UserName: 'u', PolicyName: 'p', PolicyDocument }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
    return stand.table.client(DynamoDBClient, { credentials: { accessKeyId, secretAccessKey } });
  }

  it('lets a user at items of its own partition key only, and at the attributes it may see', async () => {
    const stand = await new Stand().with();
    const Condition = {
      'ForAllValues:StringEquals': {
        'dynamodb:LeadingKeys': ['a'],
        'dynamodb:Attributes': ['artist', 'song', 'n'],
      },
    };
    const dynamodb = await user(stand, {
      Effect: 'Allow',
      Action: 'dynamodb:*',
      Resource: TableArn,
      Condition,
    });
    const write = (Item: Record<string, AttributeValue>) =>
      refusal(dynamodb.send(new PutItemCommand({ TableName, Item })));
    const RequestItems = { [TableName]: { Keys: [SOME, { ...SOME, artist: { S: 'b' } }] } };
    expect([
      await write({ ...SOME, n: { N: '1' } }),
      (await write({ ...SOME, artist: { S: 'b' } })).split(':')[0],
      (await write({ ...SOME, secret: { N: '1' } })).split(':')[0],
      (await refusal(dynamodb.send(new BatchGetItemCommand({ RequestItems })))).split(':')[0],
    ]).toEqual(['nothing is wrong', ...Array.from({ length: 3 }, () => 'AccessDeniedException')]);
  });

  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-cross-account-access.html
  it('lets another account at a table by ARN where its policy does', async () => {
    const stand = await new Stand().with();
    await stand.put(SOME);
    const statement = { Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: TableArn };
    const stranger = await user(stand, statement, '111122223333');
    const get = () => stranger.send(new GetItemCommand({ TableName: TableArn, Key: SOME }));
    expect(await refusal(get())).toContain('AccessDeniedException');
    const Statement = { ...statement, Principal: { AWS: '111122223333' } };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await stand.dynamodb.send(new PutResourcePolicyCommand({ ResourceArn: TableArn, Policy }));
    expect((await get()).Item).toEqual(SOME);
  });
});
