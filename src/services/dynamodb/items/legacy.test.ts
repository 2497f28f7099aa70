// What expressions replaced still does what it did.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html

import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type {
  Condition,
  PutItemCommandInput,
  QueryCommandInput,
  ScanCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { refusal, SOME, Stand, TableName } from '../test-stand.ts';

const song = (name: string, n: number) => ({ artist: { S: 'a' }, song: { S: name }, n: { N: `${n}` } });
const ofA: QueryCommandInput['KeyConditions'] = {
  artist: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'a' }] },
};

async function stage(): Promise<Stand> {
  const stand = await new Stand().with();
  await stand.put(song('one', 1), song('two', 2), { ...song('three', 3), extra: { SS: ['x', 'y'] } });
  return stand;
}

describe('legacy parameters', () => {
  const query = async (stand: Stand, input: Omit<QueryCommandInput, 'TableName'>) =>
    (await stand.dynamodb.send(new QueryCommand({ TableName, ...input }))).Items ?? [];
  const scan = async (stand: Stand, input: Omit<ScanCommandInput, 'TableName'>) =>
    (await stand.dynamodb.send(new ScanCommand({ TableName, ...input }))).Items ?? [];
  const update = (stand: Stand, input: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>, Key = SOME) =>
    stand.dynamodb.send(new UpdateItemCommand({ TableName, Key, ...input }));

  it('find the items of a key, filter them and cut them', async () => {
    const stand = await stage();
    const startsWithT: Condition = { ComparisonOperator: 'BEGINS_WITH', AttributeValueList: [{ S: 't' }] };
    const found = await query(stand, {
      KeyConditions: { ...ofA, song: startsWithT },
      QueryFilter: { n: { ComparisonOperator: 'GT', AttributeValueList: [{ N: '2' }] } },
      AttributesToGet: ['song'],
    });
    expect(found).toEqual([{ song: { S: 'three' } }]);
  });

  it('of a scan hold all together, or one of them', async () => {
    const stand = await stage();
    const ScanFilter: ScanCommandInput['ScanFilter'] = {
      n: { ComparisonOperator: 'IN', AttributeValueList: [{ N: '1' }, { N: '2' }] },
      extra: { ComparisonOperator: 'NOT_NULL' },
    };
    expect(await scan(stand, { ScanFilter })).toEqual([]);
    expect(await scan(stand, { ScanFilter, ConditionalOperator: 'OR' })).toHaveLength(3);
    const without: ScanCommandInput['ScanFilter'] = {
      extra: { ComparisonOperator: 'NOT_CONTAINS', AttributeValueList: [{ S: 'x' }] },
    };
    expect(await scan(stand, { ScanFilter: without })).toHaveLength(2);
  });

  it('give some attributes of an item', async () => {
    const { dynamodb } = await stage();
    const { Item } = await dynamodb.send(
      new GetItemCommand({
        TableName,
        Key: { artist: { S: 'a' }, song: { S: 'one' } },
        AttributesToGet: ['n'],
      }),
    );
    expect(Item).toEqual({ n: { N: '1' } });
  });

  it('put, add to and take from attributes, and show what they changed', async () => {
    const stand = await new Stand().with();
    await stand.put({ ...SOME, n: { N: '1' }, gone: { S: 'x' }, tags: { SS: ['x', 'y'] } });
    const { Attributes } = await update(stand, {
      AttributeUpdates: {
        title: { Value: { S: 't' } },
        n: { Action: 'ADD', Value: { N: '2' } },
        gone: { Action: 'DELETE' },
        tags: { Action: 'DELETE', Value: { SS: ['x'] } },
      },
      ReturnValues: 'UPDATED_NEW',
    });
    expect(Attributes).toEqual({ title: { S: 't' }, n: { N: '3' }, tags: { SS: ['y'] } });
    expect(await stand.get()).toEqual({ ...SOME, ...Attributes });
  });

  // API_AttributeValueUpdate: "If no item with the specified Key is found: DELETE - Causes nothing to happen".
  it('that only delete attributes make no item', async () => {
    const stand = await new Stand().with();
    await update(stand, { AttributeUpdates: { a: { Action: 'DELETE' } } });
    expect(await stand.get()).toBeUndefined();
  });

  it('let a write happen only as expected', async () => {
    const { dynamodb } = await stage();
    const Key = { artist: { S: 'a' }, song: { S: 'one' } };
    const absent = { n: { Exists: false } };
    const put = new PutItemCommand({ TableName, Item: Key, Expected: absent });
    expect(await refusal(dynamodb.send(put))).toContain('ConditionalCheckFailedException');
    const wrong = { n: { Value: { N: '2' } } };
    const failing = dynamodb.send(new DeleteItemCommand({ TableName, Key, Expected: wrong }));
    expect(await refusal(failing)).toContain('ConditionalCheckFailedException');
    const right: PutItemCommandInput['Expected'] = {
      n: { ComparisonOperator: 'LE', AttributeValueList: [{ N: '1' }] },
    };
    await dynamodb.send(new DeleteItemCommand({ TableName, Key, Expected: right }));
  });

  it.each<[string, Omit<UpdateItemCommandInput, 'TableName' | 'Key'>]>([
    [
      'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}',
      { AttributeUpdates: { a: { Action: 'DELETE' } }, UpdateExpression: 'REMOVE a' },
    ],
    [
      'One or more parameter values were invalid: ConditionalOperator cannot be used without Filter or Expected',
      { AttributeUpdates: { a: { Action: 'DELETE' } }, ConditionalOperator: 'OR' },
    ],
    [
      'One or more parameter values were invalid: Value must be provided when Exists is true for Attribute: a',
      { Expected: { a: { Exists: true } } },
    ],
    [
      'One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is specified',
      { AttributeUpdates: { a: { Action: 'PUT' } } },
    ],
    [
      'One or more parameter values were invalid: ADD action is not supported for the type S',
      { AttributeUpdates: { a: { Action: 'ADD', Value: { S: 'x' } } } },
    ],
    [
      'One or more parameter values were invalid: Invalid number of argument(s) for the BETWEEN ComparisonOperator',
      { Expected: { a: { ComparisonOperator: 'BETWEEN', AttributeValueList: [{ N: '1' }] } } },
    ],
  ])('are refused: %s', async (message, input) => {
    const stand = await new Stand().with();
    expect(await refusal(update(stand, input))).toBe(`ValidationException: ${message}`);
  });
});
