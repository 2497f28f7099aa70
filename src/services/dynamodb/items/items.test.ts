// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html; messages follow answers of AWS
// that the tests of dynalite and LocalStack recorded.

import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { music, refusal, SOME, Stand, TableName } from '../test-stand.ts';

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
        ProjectionExpression: '#n, ls[2], ls[1].deep, absent.deep',
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
    // The count in front: recorded from AWS in August 2026 by moto's verified tests.
    ['1 validation error detected: Invalid UpdateExpression: The expression can not be empty;', '', {}],
    [
      'Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: name',
      'REMOVE name',
      {},
    ],
    [
      '1 validation error detected: Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
      'SET a = n SET b = n',
      {},
    ],
    [
      '1 validation error detected: Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [mp], path two: [mp, a]',
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
      '1 validation error detected: One or more parameter values were invalid: An string set  may not be empty',
      'SET a = :v',
      { ':v': { SS: [] } },
    ],
    [
      '1 validation error detected: Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}',
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

it('refuses streams by name', async () => {
  const StreamSpecification = { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' as const };
  const attempt = new Stand().dynamodb.send(new CreateTableCommand({ ...music, StreamSpecification }));
  expect(await refusal(attempt)).toContain(
    'The parameter StreamSpecification of dynamodb:CreateTable is not modelled',
  );
});
