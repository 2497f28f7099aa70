// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html; messages
// follow answers of AWS that the tests of dynalite recorded.

import { ScanCommand } from '@aws-sdk/client-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { refusal, SOME, Stand, TableName } from '../test-stand.ts';

type Item = Record<string, AttributeValue>;

const invalid = 'ValidationException: ';

describe('a filter', () => {
  const item = {
    ...SOME,
    n: { N: '10' },
    text: { S: 'hello' },
    bytes: { B: new Uint8Array([1, 2, 3]) },
    tags: { SS: ['a', 'b'] },
    list: { L: [{ N: '1' }, { S: 'x' }] },
    mp: { M: { deep: { BOOL: true } } },
    nothing: { NULL: true },
  };
  const filtered = async (
    stand: Stand,
    FilterExpression: string,
    given: Item,
    names?: Record<string, string>,
  ) => {
    const ExpressionAttributeValues = Object.keys(given).length > 0 ? given : undefined;
    const input = { TableName, FilterExpression, ExpressionAttributeValues, ExpressionAttributeNames: names };
    return (await stand.dynamodb.send(new ScanCommand(input))).Count;
  };

  it.each<[boolean, string, Item]>([
    [true, 'n = :v', { ':v': { N: '1e1' } }],
    [false, 'n = :v', { ':v': { S: '10' } }],
    [true, 'n > :v', { ':v': { N: '9' } }],
    [false, '#t > :v', { ':v': { N: '9' } }],
    [true, '#t BETWEEN :v AND :w', { ':v': { S: 'hell' }, ':w': { S: 'hello' } }],
    [true, 'n IN (:v, :w)', { ':v': { N: '9' }, ':w': { N: '10' } }],
    [true, 'absent <> :v', { ':v': { N: '9' } }],
    [false, 'absent < :v', { ':v': { N: '9' } }],
    [true, 'tags = :v', { ':v': { SS: ['b', 'a'] } }],
    [true, 'contains(tags, :v) AND contains(#t, :w)', { ':v': { S: 'a' }, ':w': { S: 'ell' } }],
    [true, 'contains(#l, :v) AND NOT contains(#l, :w)', { ':v': { N: '1.0' }, ':w': { S: '1' } }],
    [
      true,
      'contains(bytes, :v) AND begins_with(bytes, :w)',
      { ':v': { B: new Uint8Array([2, 3]) }, ':w': { B: new Uint8Array([1]) } },
    ],
    [true, 'attribute_type(mp.deep, :v) AND attribute_exists(#l[1])', { ':v': { S: 'BOOL' } }],
    [false, 'attribute_exists(#l[2]) OR attribute_not_exists(mp.deep)', {}],
    [true, 'size(#t) = :v AND size(tags) < size(bytes)', { ':v': { N: '5' } }],
    [true, '(n = :w OR n = :v) and (not (n = :w))', { ':v': { N: '10' }, ':w': { N: '1' } }],
    [false, 'n = :w AND n = :v OR n = :w', { ':v': { N: '10' }, ':w': { N: '1' } }],
    [true, '#l[0] = :v AND mp = :m', { ':v': { N: '1' }, ':m': { M: { deep: { BOOL: true } } } }],
  ])('%s: %s', async (passes, expression, given) => {
    const stand = await new Stand().with();
    await stand.put(item);
    const names = Object.entries({ '#t': 'text', '#l': 'list' }).filter(([name]) =>
      expression.includes(name),
    );
    const count = await filtered(
      stand,
      expression,
      given,
      names.length > 0 ? Object.fromEntries(names) : undefined,
    );
    expect(count).toBe(passes ? 1 : 0);
  });

  it.each<[string, string, Item]>([
    ['Syntax error; token: "b", near: "a b"', 'a b', {}],
    ['Syntax error; token: "<EOF>", near: "a"', 'a', {}],
    ['Syntax error; token: "!", near: "a !="', 'a != :v', { ':v': { N: '1' } }],
    ['The expression has redundant parentheses;', '((a = :v))', { ':v': { N: '1' } }],
    ['Invalid function name; function: Size', 'Size(a) = :v', { ':v': { N: '1' } }],
    ['The function is not allowed to be used this way in an expression; function: size', 'size(a)', {}],
    [
      'The function is not allowed to be used this way in an expression; function: contains',
      'contains(a, :v) = :v',
      { ':v': { N: '1' } },
    ],
    ['Attribute name is a reserved keyword; reserved keyword: Status', 'Status = :v', { ':v': { N: '1' } }],
    [
      'An expression attribute name used in the document path is not defined; attribute name: #a',
      '#a = :v',
      { ':v': { N: '1' } },
    ],
    [
      'Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1',
      'begins_with(a)',
      {},
    ],
    [
      'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
      'begins_with(a, :v)',
      { ':v': { N: '1' } },
    ],
    [
      'Incorrect operand type for operator or function; operator or function: <, operand type: BOOL',
      'a < :v',
      { ':v': { BOOL: true } },
    ],
    [
      'The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a, [1]]',
      'a[1] = a[1]',
      {},
    ],
    [
      'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}',
      'a BETWEEN :v AND :w',
      { ':v': { N: '2' }, ':w': { N: '1' } },
    ],
    [
      'Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
      'attribute_type(a, :v)',
      { ':v': { S: 'X' } },
    ],
  ])('is refused: %s', async (message, expression, given) => {
    const stand = await new Stand().with();
    expect(await refusal(filtered(stand, expression, given))).toBe(
      `${invalid}Invalid FilterExpression: ${message}`,
    );
  });

  it('has keys without paths into them', async () => {
    const stand = await new Stand().with();
    expect(await refusal(filtered(stand, 'artist.x = :v', { ':v': { S: '' } }))).toBe(
      `${invalid}Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: artist`,
    );
  });
});
