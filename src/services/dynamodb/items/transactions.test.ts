// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html; messages follow answers of AWS
// that the tests of LocalStack recorded.

import { TransactGetItemsCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { transactions } from '../rows.ts';
import { MINUTE, refusal, SOME, Stand, TableName } from '../test-stand.ts';

const at = (song: string) => ({ ...SOME, song: { S: song } });
const Put = (song: string) => ({ Put: { TableName, Item: at(song) } });
const increment = (song: string) => ({
  Update: {
    TableName,
    Key: at(song),
    UpdateExpression: 'ADD n :one',
    ExpressionAttributeValues: { ':one': { N: '1' } },
  },
});

const write = ({ dynamodb }: Stand, TransactItems: TransactWriteItem[], ClientRequestToken?: string) =>
  dynamodb.send(
    new TransactWriteItemsCommand({ TransactItems, ClientRequestToken, ReturnConsumedCapacity: 'TOTAL' }),
  );

describe('a transaction', () => {
  it('writes everything, at twice the cost', async () => {
    const stand = await new Stand().with();
    await stand.put(at('old'), at('there'));
    const there = { TableName, Key: at('there'), ConditionExpression: 'attribute_exists(song)' };
    const { ConsumedCapacity } = await write(stand, [
      Put('new'),
      increment('count'),
      { Delete: { TableName, Key: at('old') } },
      { ConditionCheck: there },
    ]);
    expect(ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 8, WriteCapacityUnits: 8 }]);
    expect([await stand.get(at('new')), await stand.get(at('count')), await stand.get(at('old'))]).toEqual([
      at('new'),
      { ...at('count'), n: { N: '1' } },
      undefined,
    ]);
  });

  it('writes nothing if one condition fails, and gives the reasons of all', async () => {
    const stand = await new Stand().with();
    await stand.put(SOME);
    const ConditionExpression = 'attribute_not_exists(song)';
    const taken = { TableName, Item: SOME, ConditionExpression };
    const attempt = write(stand, [
      { Put: { ...taken, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } },
      Put('new'),
    ]);
    await expect(attempt).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None]',
      CancellationReasons: [
        { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item: SOME },
        { Code: 'None' },
      ],
    });
    expect(await stand.get(at('new'))).toBeUndefined();
  });

  it('is carried out once by its token, for ten minutes', async () => {
    const stand = await new Stand().with();
    const n = async () => (await stand.get(at('count')))?.['n']?.N;
    await write(stand, [increment('count')], 'token');
    const { ConsumedCapacity } = await write(stand, [increment('count')], 'token');
    expect([await n(), ConsumedCapacity]).toEqual([
      '1',
      [{ TableName, CapacityUnits: 2, ReadCapacityUnits: 2 }],
    ]);
    expect(await refusal(write(stand, [increment('other')], 'token'))).toContain(
      'IdempotentParameterMismatchException',
    );
    stand.table.advance(10 * MINUTE);
    expect(stand.table.read((ctx) => ctx.list(transactions))).toEqual([]);
    await write(stand, [increment('count')], 'token');
    expect(await n()).toBe('2');
  });

  it.each<[string, TransactWriteItem[]]>([
    ['Transaction request cannot include multiple operations on one item', [Put('a'), increment('a')]],
    [
      'TransactItems can only contain one of Check, Put, Update or Delete',
      [{ ...Put('a'), ...increment('a') }],
    ],
    // Not a reason to cancel: verified against AWS by moto's test_transaction_with_empty_key.
    [
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: song',
      [increment('')],
    ],
  ])('is refused: %s', async (message, items) => {
    expect(await refusal(write(await new Stand().with(), items))).toBe(`ValidationException: ${message}`);
  });

  it('is cancelled where an item does not fit', async () => {
    const Item = { artist: { S: 'a' } };
    const attempt = write(await new Stand().with(), [Put('a'), { Put: { TableName, Item } }]);
    await expect(attempt).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [
        { Code: 'None' },
        {
          Code: 'ValidationError',
          Message: 'One or more parameter values were invalid: Missing the key song in the item',
        },
      ],
    });
  });

  it('reads several items as of one instant', async () => {
    const stand = await new Stand().with();
    await stand.put({ ...SOME, n: { N: '1' } });
    const TransactItems = [SOME, at('none')].map((Key) => ({
      Get: { TableName, Key, ProjectionExpression: 'n' },
    }));
    const answer = await stand.dynamodb.send(
      new TransactGetItemsCommand({ TransactItems, ReturnConsumedCapacity: 'TOTAL' }),
    );
    expect(answer).toMatchObject({
      Responses: [{ Item: { n: { N: '1' } } }, {}],
      ConsumedCapacity: [{ TableName, CapacityUnits: 4, ReadCapacityUnits: 4 }],
    });
  });
});
