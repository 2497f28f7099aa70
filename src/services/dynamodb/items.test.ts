// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html; messages follow answers of AWS that the tests
// of dynalite and LocalStack recorded.

import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, ConsumedCapacity, PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { MINUTE, music, refusal, SOME, Stand, TableArn, TableName } from './test-stand.ts';

const put = ({ dynamodb }: Stand, input: Omit<PutItemCommandInput, 'TableName'>) =>
  dynamodb.send(new PutItemCommand({ TableName, ...input }));
const invalid = 'ValidationException: ';
const values = `${invalid}One or more parameter values were invalid: `;

describe('an item', () => {
  it('comes back with all its types, its numbers in plain form', async () => {
    const stand = await new Stand().with();
    const rest = {
      bytes: { B: new Uint8Array([0, 255, 7]) },
      sets: { L: [{ SS: ['b', 'a'] }, { NS: ['1.50', '-2e3'] }, { BS: [new Uint8Array([1])] }] },
      map: { M: { constructor: { NULL: true }, yes: { BOOL: false }, empty: { S: '' } } },
      large: { N: '12345678901234567890123456789012345678' },
      small: { N: '-0.00100e-3' },
    } satisfies Record<string, AttributeValue>;
    await stand.put({ ...SOME, ...rest });
    expect(await stand.get()).toEqual({
      ...SOME,
      ...rest,
      sets: { L: [{ SS: ['b', 'a'] }, { NS: ['1.5', '-2000'] }, { BS: [new Uint8Array([1])] }] },
      small: { N: '-0.000001' },
    });
  });

  it.each<[string, Record<string, AttributeValue>]>([
    [`${values}Missing the key song in the item`, { artist: { S: 'a' } }],
    [`${values}Type mismatch for key song expected: S actual: N`, { ...SOME, song: { N: '1' } }],
    [
      `${invalid}One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: song`,
      { ...SOME, song: { S: '' } },
    ],
    [
      `${values}Size of hashkey has exceeded the maximum size limit of2048 bytes`,
      { ...SOME, artist: { S: 'x'.repeat(2049) } },
    ],
    [
      `${values}Aggregated size of all range keys has exceeded the size limit of 1024 bytes`,
      { ...SOME, song: { S: 'ü'.repeat(513) } },
    ],
    [
      `${invalid}Item size has exceeded the maximum allowed size`,
      { ...SOME, text: { S: 'x'.repeat(409_600) } },
    ],
    [`${invalid}The parameter cannot be converted to a numeric value: 1..2`, { ...SOME, n: { N: '1..2' } }],
    [
      `${invalid}Attempting to store more than 38 significant digits in a Number`,
      { ...SOME, n: { N: '1'.repeat(39) } },
    ],
    [
      `${invalid}Number overflow. Attempting to store a number with magnitude larger than supported range`,
      { ...SOME, n: { N: '1e126' } },
    ],
    [
      `${invalid}Number underflow. Attempting to store a number with magnitude smaller than supported range`,
      { ...SOME, n: { N: '1e-131' } },
    ],
    [`${values}Input collection [a, a] contains duplicates.`, { ...SOME, n: { SS: ['a', 'a'] } }],
    [`${invalid}Input collection contains duplicates`, { ...SOME, n: { NS: ['1', '1.0'] } }],
    [`${values}Null attribute value types must have the value of true`, { ...SOME, n: { NULL: false } }],
    [
      `${invalid}Supplied AttributeValue is empty, must contain exactly one of the supported datatypes`,
      { ...SOME, n: {} as never },
    ],
  ])('is refused: %s', async (message, Item) => {
    expect(await refusal(put(await new Stand().with(), { Item }))).toBe(message);
  });

  it('is found by its whole key only', async () => {
    const stand = await new Stand().with();
    for (const Key of [{ artist: { S: 'a' } }, { ...SOME, more: { S: '' } }, { ...SOME, song: { N: '1' } }])
      expect(await refusal(stand.get(Key))).toBe(
        `${invalid}The provided key element does not match the schema`,
      );
  });

  it('shows what it was before it was put or deleted, if asked for', async () => {
    const stand = await new Stand().with();
    const ReturnValues = 'ALL_OLD';
    const first = await put(stand, { Item: { ...SOME, n: { N: '1' } }, ReturnValues });
    const second = await put(stand, { Item: SOME, ReturnValues });
    const gone = await stand.dynamodb.send(new DeleteItemCommand({ TableName, Key: SOME, ReturnValues }));
    const again = await stand.dynamodb.send(new DeleteItemCommand({ TableName, Key: SOME, ReturnValues }));
    expect([first, second, gone, again].map(({ Attributes }) => Attributes)).toEqual([
      undefined,
      { ...SOME, n: { N: '1' } },
      SOME,
      undefined,
    ]);
    expect(await refusal(put(stand, { Item: SOME, ReturnValues: 'ALL_NEW' }))).toBe(
      `${invalid}ReturnValues can only be ALL_OLD or NONE`,
    );
  });

  it('is written only if its condition holds, and otherwise shown if asked for', async () => {
    const stand = await new Stand().with();
    const ConditionExpression = 'attribute_not_exists(artist)';
    await put(stand, { Item: SOME, ConditionExpression });
    const failed = put(stand, {
      Item: { ...SOME, n: { N: '1' } },
      ConditionExpression,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    await expect(failed).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      message: 'The conditional request failed',
      Item: SOME,
    });
    expect(await stand.get()).toEqual(SOME);
  });

  it('is read in part', async () => {
    const stand = await new Stand().with();
    const ls = { L: [{ N: '0' }, { M: { deep: { S: 'x' }, other: { S: 'y' } } }, { N: '2' }] };
    await stand.put({ ...SOME, ls, name: { S: 'n' } });
    const { Item } = await stand.dynamodb.send(
      new GetItemCommand({
        TableName,
        Key: SOME,
        ProjectionExpression: '#n, ls[2], ls[1].deep, absent.path',
        ExpressionAttributeNames: { '#n': 'name' },
      }),
    );
    expect(Item).toEqual({ name: { S: 'n' }, ls: { L: [{ M: { deep: { S: 'x' } } }, { N: '2' }] } });
  });
});

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
describe('an update', () => {
  const before = {
    ...SOME,
    n: { N: '0.1' },
    ls: { L: [{ S: '0' }, { S: '1' }, { S: '2' }] },
    mp: { M: { a: { S: 'x' } } },
    tags: { SS: ['p', 'q'] },
  };
  const stage = async () => {
    const stand = await new Stand().with();
    await stand.put(before);
    return stand;
  };

  it.each<[string, Record<string, AttributeValue>, Record<string, AttributeValue | undefined>]>([
    ['SET n = n + :v', { ':v': { N: '0.2' } }, { n: { N: '0.3' } }],
    ['SET n = :v - n', { ':v': { N: '1e37' } }, { n: { N: `${'9'.repeat(37)}.9` } }],
    [
      'SET mp.b = if_not_exists(mp.a, :v), c = if_not_exists(c, :v)',
      { ':v': { N: '7' } },
      { mp: { M: { a: { S: 'x' }, b: { S: 'x' } } }, c: { N: '7' } },
    ],
    [
      'SET ls = list_append(:v, ls)',
      { ':v': { L: [{ N: '9' }] } },
      { ls: { L: [{ N: '9' }, ...before.ls.L] } },
    ],
    [
      'SET ls[9] = :v, ls[7] = :w, ls[0] = :w',
      { ':v': { N: '9' }, ':w': { N: '7' } },
      { ls: { L: [{ N: '7' }, { S: '1' }, { S: '2' }, { N: '7' }, { N: '9' }] } },
    ],
    ['REMOVE ls[0], ls[2], mp.a, absent', {}, { ls: { L: [{ S: '1' }] }, mp: { M: {} } }],
    ['SET ls[1] = :v REMOVE ls[0]', { ':v': { N: '9' } }, { ls: { L: [{ N: '9' }, { S: '2' }] } }],
    [
      'ADD n :v, fresh :w, tags :t',
      { ':v': { N: '-0.1' }, ':w': { N: '5' }, ':t': { SS: ['q', 'r'] } },
      { n: { N: '0' }, fresh: { N: '5' }, tags: { SS: ['p', 'q', 'r'] } },
    ],
    ['DELETE tags :t', { ':t': { SS: ['p', 'x'] } }, { tags: { SS: ['q'] } }],
    ['delete tags :t', { ':t': { SS: ['p', 'q'] } }, { tags: undefined }],
    ['SET n = ls[0], ls[0] = n', {}, { n: { S: '0' }, ls: { L: [{ N: '0.1' }, { S: '1' }, { S: '2' }] } }],
  ])('%s', async (expression, given, changes) => {
    const after = Object.entries({ ...before, ...changes }).filter(([, value]) => value !== undefined);
    expect(await (await stage()).update(expression, given)).toEqual(Object.fromEntries(after));
  });

  it.each<[string, string, Record<string, AttributeValue>]>([
    [
      'The document path provided in the update expression is invalid for update',
      'SET absent.a = :v',
      { ':v': { N: '1' } },
    ],
    ['The provided expression refers to an attribute that does not exist in the item', 'SET a = absent', {}],
    [
      'An operand in the update expression has an incorrect data type',
      'SET a = mp + :v',
      { ':v': { N: '1' } },
    ],
    [
      'One or more parameter values were invalid: Cannot update attribute song. This attribute is part of the key',
      'SET song = :v',
      { ':v': { S: '1' } },
    ],
    ['Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "="', 'SET a =', {}],
    [
      'Invalid UpdateExpression: Syntax error; token: "=", near: "0 = :v"',
      'SET a[0 = :v',
      { ':v': { S: '1' } },
    ],
    ['Invalid UpdateExpression: The expression can not be empty;', '', {}],
    [
      'Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: name',
      'REMOVE name',
      {},
    ],
    [
      'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
      'SET a = n SET b = n',
      {},
    ],
    [
      'Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [mp], path two: [mp, a]',
      'REMOVE mp, mp.a',
      {},
    ],
    [
      'Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, operand type: S',
      'SET a = n + :v',
      { ':v': { S: '1' } },
    ],
    ['Invalid UpdateExpression: Invalid function name; function: size', 'SET a = size(n)', {}],
    [
      'Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :w',
      'SET a = :w',
      { ':v': { S: '1' } },
    ],
    [
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}',
      'REMOVE n',
      { ':v': { S: '1' } },
    ],
    [
      'ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :v',
      'SET a = :v',
      { ':v': { N: 'x' } },
    ],
  ])('is refused: %s', async (message, expression, given) => {
    const stand = await stage();
    expect(await refusal(stand.update(expression, given))).toBe(`${invalid}${message}`);
    expect(await stand.get()).toEqual(before);
  });

  it('makes an item that is not there, and shows only what it wrote if asked for', async () => {
    const stand = await new Stand().with();
    const values = { ':v': { N: '1' } };
    expect(await stand.update('SET a = :v', values, { ReturnValues: 'UPDATED_OLD' })).toBeUndefined();
    expect(await stand.update('SET b = :v', values, { ReturnValues: 'UPDATED_NEW' })).toEqual({
      b: { N: '1' },
    });
    expect(await stand.get()).toEqual({ ...SOME, a: { N: '1' }, b: { N: '1' } });
    const Key = { ...SOME, song: { S: 'other' } };
    await stand.dynamodb.send(new UpdateItemCommand({ TableName, Key }));
    expect(await stand.get(Key)).toEqual(Key);
  });
});

describe('a batch', () => {
  const request = (song: string) => ({ PutRequest: { Item: { ...SOME, song: { S: song } } } });
  const keys = ['a', 'b', 'c'].map((song) => ({ ...SOME, song: { S: song } }));

  it('writes and reads many items', async () => {
    const stand = await new Stand().with();
    await stand.put(SOME);
    const requests = [...['a', 'b'].map(request), { DeleteRequest: { Key: SOME } }];
    const written = await stand.dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: requests }, ReturnConsumedCapacity: 'TOTAL' }),
    );
    expect([written.UnprocessedItems, written.ConsumedCapacity]).toEqual([
      {},
      [{ TableName, CapacityUnits: 3 }],
    ]);
    const RequestItems = { [TableName]: { Keys: keys, ProjectionExpression: 'song' } };
    const read = await stand.dynamodb.send(new BatchGetItemCommand({ RequestItems }));
    expect(read.Responses).toEqual({ [TableName]: [{ song: { S: 'a' } }, { song: { S: 'b' } }] });
    expect([read.UnprocessedKeys, await stand.get()]).toEqual([{}, undefined]);
  });

  it('has each item once, and none that does not fit', async () => {
    const { dynamodb } = await new Stand().with();
    const write = (...requests: object[]) =>
      refusal(dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } })));
    expect(await write(request('a'), request('a'))).toBe(
      `${invalid}Provided list of item keys contains duplicates`,
    );
    expect(await write({ PutRequest: { Item: { artist: { S: 'a' } } } })).toBe(
      `${invalid}The provided key element does not match the schema`,
    );
    const RequestItems = { [TableName]: { Keys: [SOME, SOME] } };
    expect(await refusal(dynamodb.send(new BatchGetItemCommand({ RequestItems })))).toBe(
      `${invalid}Provided list of item keys contains duplicates`,
    );
  });
});

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

it('refuses streams by name', async () => {
  const StreamSpecification = { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' as const };
  const attempt = new Stand().dynamodb.send(new CreateTableCommand({ ...music, StreamSpecification }));
  expect(await refusal(attempt)).toContain(
    'The parameter StreamSpecification of dynamodb:CreateTable is not modelled',
  );
});
