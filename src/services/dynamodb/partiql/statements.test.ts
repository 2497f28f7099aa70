// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html, unless a test names another source.

import {
  BatchExecuteStatementCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  ExecuteTransactionCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, ExecuteStatementCommandInput } from '@aws-sdk/client-dynamodb';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { indexed, refusal, SOME, Stand, TableArn } from '../test-stand.ts';

const INVALID = 'ValidationException: ';
const MALFORMED = `${INVALID}Statement wasn't well formed, can't be processed: `;

function execute(
  { dynamodb }: Stand,
  Statement: string,
  Parameters?: AttributeValue[],
  more: Partial<ExecuteStatementCommandInput> = {},
) {
  return dynamodb.send(new ExecuteStatementCommand({ Statement, Parameters, ...more }));
}

/** Titles of the songs that a statement finds. */
async function titles(stand: Stand, rest: string, ...values: AttributeValue[]): Promise<unknown[]> {
  const { Items = [] } = await execute(
    stand,
    `SELECT * FROM music ${rest}`,
    values.length > 0 ? values : undefined,
  );
  return Items.map(({ song }) => song?.S);
}

const withIndex = indexed('KEYS_ONLY');

async function filled(): Promise<Stand> {
  const stand = await new Stand().with(withIndex);
  await stand.put(
    { artist: { S: 'a' }, song: { S: '1' }, year: { N: '1999' }, info: { M: { rank: { N: '3' } } } },
    { artist: { S: 'a' }, song: { S: '2' }, year: { N: '2001' }, tags: { SS: ['x', 'y'] } },
    { artist: { S: 'a' }, song: { S: '3' }, none: { NULL: true } },
    { artist: { S: 'b' }, song: { S: '4' }, "it's": { S: 'x' } },
  );
  return stand;
}

describe('SELECT', () => {
  it('finds items by partition key, with a range of sort keys in order', async () => {
    const stand = await filled();
    expect(await titles(stand, "WHERE artist = 'a'")).toEqual(['1', '2', '3']);
    expect(await titles(stand, 'WHERE artist = ? AND song >= ?', { S: 'a' }, { S: '2' })).toEqual(['2', '3']);
    expect(await titles(stand, "WHERE 'a' = artist AND song BETWEEN '1' AND '2'")).toEqual(['1', '2']);
    expect(await titles(stand, "WHERE artist = 'a' AND begins_with(song, '3')")).toEqual(['3']);
    expect(await titles(stand, "WHERE artist = 'a' ORDER BY song DESC")).toEqual(['3', '2', '1']);
    expect(await titles(stand, "WHERE artist IN ['b', 'a', 'b']")).toEqual(['4', '1', '2', '3']);
  });

  it('scans for everything else, and filters', async () => {
    const stand = await filled();
    expect((await titles(stand, '')).toSorted()).toEqual(['1', '2', '3', '4']);
    expect(await titles(stand, 'WHERE info.rank > 2 AND NOT year <> 1999')).toEqual(['1']);
    expect(await titles(stand, "WHERE contains(tags, 'x') OR size(song) = 2")).toEqual(['2']);
    expect(await titles(stand, "WHERE \"it's\" = 'x'")).toEqual(['4']);
    expect(await titles(stand, "WHERE artist = 'a' AND (year IN (1999, 5) OR none IS NULL)")).toEqual([
      '1',
      '3',
    ]);
    expect(await titles(stand, "WHERE artist = 'a' AND year IS MISSING")).toEqual(['3']);
    expect(await titles(stand, "WHERE artist = 'a' AND year IS NOT MISSING")).toEqual(['1', '2']);
    expect(await titles(stand, "WHERE artist = 'a' AND attribute_type(tags, 'SS')")).toEqual(['2']);
    expect(await titles(stand, 'WHERE year >= 1.9e3 AND year < 2000')).toEqual(['1']);
  });

  it('shows what it asks for, by the last name of each path', async () => {
    const stand = await filled();
    const { Items } = await execute(stand, `SELECT song, info.rank, "year" FROM "music" WHERE artist = 'a'`);
    expect(Items).toEqual([
      { song: { S: '1' }, rank: { N: '3' }, year: { N: '1999' } },
      { song: { S: '2' }, year: { N: '2001' } },
      { song: { S: '3' } },
    ]);
  });

  it('reads an index', async () => {
    const stand = await filled();
    const { Items } = await execute(stand, `SELECT * FROM "music"."by-year" WHERE year = 2001`);
    expect(Items).toEqual([{ artist: { S: 'a' }, song: { S: '2' }, year: { N: '2001' } }]);
  });

  it('goes on from page to page by its token', async () => {
    const stand = await filled();
    const statement = "SELECT song FROM music WHERE artist IN ['a', 'b']";
    const found: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = await execute(stand, statement, undefined, { Limit: 2, NextToken });
      found.push(...(page.Items ?? []).map(({ song }) => song?.S));
      expect(page.LastEvaluatedKey === undefined).toBe(page.NextToken === undefined);
      ({ NextToken } = page);
    } while (NextToken !== undefined && found.length < 10);
    expect(found).toEqual(['1', '2', '3', '4']);
    expect(await refusal(execute(stand, statement, undefined, { NextToken: 'e30=x' }))).toBe(
      `${INVALID}Given token is invalid`,
    );
  });

  it('costs what its query costs', async () => {
    const stand = await filled();
    const told = { ReturnConsumedCapacity: 'TOTAL' } as const;
    const one = await execute(stand, "SELECT * FROM music WHERE artist = 'a'", undefined, told);
    expect(one.ConsumedCapacity).toEqual({ TableName: 'music', CapacityUnits: 0.5 });
    const two = await execute(stand, "SELECT * FROM music WHERE artist IN ['a', 'b']", undefined, told);
    expect(two.ConsumedCapacity).toEqual({ TableName: 'music', CapacityUnits: 1 });
  });

  it.each([
    // The first two were verified against AWS by moto, the two about ORDER BY are quoted by users of AWS.
    ['SELECT * FROM music.nothing', `${INVALID}The table does not have the specified index`],
    ['SELECT * FROM nothing.nothing', 'ResourceNotFoundException: Requested resource not found'],
    [
      'SELECT * FROM music ORDER BY song',
      `${INVALID}Must have WHERE clause in the statement when using ORDER BY clause.`,
    ],
    [
      "SELECT * FROM music WHERE song = '1' ORDER BY song",
      `${INVALID}Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.`,
    ],
    [
      'SELECT * FROM music WHERE artist = ?',
      `${INVALID}Number of parameters in request and statement don't match.`,
    ],
    ["SELECT * FROM music WHERE artist = 'a", `${MALFORMED}unexpected token: '`],
    [
      `SELECT * FROM music WHERE ${'('.repeat(2000)}artist = 'a'${')'.repeat(2000)}`,
      `${INVALID}The expression is nested too deeply`,
    ],
    [
      `SELECT * FROM music WHERE artist = ${'['.repeat(3000)}`,
      `${INVALID}Nesting Levels have exceeded supported limits`,
    ],
    ['SELECT FROM music', `${MALFORMED}unexpected token: FROM`],
    ['DROP music', `${MALFORMED}unexpected token: DROP`],
    [
      'SELECT * FROM music WHERE begins_with(song, 1)',
      `${INVALID}Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`,
    ],
    ["EXISTS(SELECT * FROM music WHERE artist = 'a')", `${INVALID}EXISTS can only be used in transactions`],
  ])('is refused: %s', async (statement, message) => {
    expect(await refusal(execute(await filled(), statement))).toBe(message);
  });

  it('refuses by name what is not modelled', async () => {
    expect(await refusal(execute(await filled(), 'SELECT COUNT(*) FROM music'))).toContain(
      'NotImplemented: The parameter Statement with a function in SELECT of dynamodb:ExecuteStatement',
    );
  });
});

describe('INSERT', () => {
  it('puts an item with all that an item can have', async () => {
    const stand = await new Stand().with();
    const statement = `INSERT INTO music VALUE {'artist': 'a', 'song': ?, 'n': -1.50, 'ok': true, 'no': NULL, 'list': [1, 'x', {'y': FALSE}], 'set': <<'p', 'q'>>}`;
    expect((await execute(stand, statement, [{ S: 's' }])).Items).toEqual([]);
    expect(await stand.get()).toEqual({
      artist: { S: 'a' },
      song: { S: 's' },
      n: { N: '-1.5' },
      ok: { BOOL: true },
      no: { NULL: true },
      list: { L: [{ N: '1' }, { S: 'x' }, { M: { y: { BOOL: false } } }] },
      set: { SS: ['p', 'q'] },
    });
  });

  it('leaves an item as it is that is there already', async () => {
    const stand = await new Stand().with();
    await stand.put({ ...SOME, n: { N: '1' } });
    expect(await refusal(execute(stand, "INSERT INTO music VALUE {'artist': 'a', 'song': 's'}"))).toBe(
      'DuplicateItemException: Duplicate primary key exists in table',
    );
    expect(await stand.get()).toHaveProperty('n');
  });
});

describe('UPDATE', () => {
  const key = "WHERE artist = 'a' AND song = 's'";

  it('sets and removes, computes, and changes lists and sets', async () => {
    const stand = await new Stand().with();
    await stand.put({
      ...SOME,
      n: { N: '1' },
      l: { L: [] },
      s: { SS: ['x'] },
      d: { SS: ['x', 'y'] },
      old: { S: '' },
    });
    await execute(
      stand,
      `UPDATE music SET n = n + 2, m = {'a': [1]} SET l = list_append(l, ['z']) SET s = set_add(s, <<'y'>>) SET d = set_delete(d, <<'x'>>) REMOVE old ${key}`,
    );
    expect(await stand.get()).toEqual({
      ...SOME,
      n: { N: '3' },
      m: { M: { a: { L: [{ N: '1' }] } } },
      l: { L: [{ S: 'z' }] },
      s: { SS: ['x', 'y'] },
      d: { SS: ['y'] },
    });
  });

  it.each([
    ['ALL OLD', [{ ...SOME, n: { N: '1' } }]],
    ['MODIFIED OLD', [{ n: { N: '1' } }]],
    ['ALL NEW', [{ ...SOME, n: { N: '2' } }]],
    ['MODIFIED NEW', [{ n: { N: '2' } }]],
  ])('returns %s', async (which, expected) => {
    const stand = await new Stand().with();
    await stand.put({ ...SOME, n: { N: '1' } });
    const { Items } = await execute(stand, `UPDATE music SET n = 2 ${key} RETURNING ${which} *`);
    expect(Items).toEqual(expected);
  });

  it('makes no item, and changes none for which its condition does not hold', async () => {
    const stand = await new Stand().with();
    const failed = 'ConditionalCheckFailedException: The conditional request failed';
    expect(await refusal(execute(stand, `UPDATE music SET n = 1 ${key}`))).toBe(failed);
    await stand.put({ ...SOME, n: { N: '1' } });
    expect(await refusal(execute(stand, `UPDATE music SET n = 2 ${key} AND n > 1`))).toBe(failed);
    await execute(stand, `UPDATE music SET n = 2 ${key} AND n = 1`);
    expect(await stand.get()).toEqual({ ...SOME, n: { N: '2' } });
  });

  it('has to name one item', async () => {
    const stand = await new Stand().with();
    expect(await refusal(execute(stand, "UPDATE music SET n = 1 WHERE artist = 'a'"))).toBe(
      `${INVALID}Where clause does not contain a mandatory equality on all key attributes`,
    );
  });
});

describe('DELETE', () => {
  const statement = "DELETE FROM music WHERE artist = 'a' AND song = 's'";

  it('takes an item, and shows it if asked to', async () => {
    const stand = await new Stand().with();
    await stand.put(SOME);
    expect((await execute(stand, `${statement} RETURNING ALL OLD *`)).Items).toEqual([SOME]);
    expect(await stand.get()).toBeUndefined();
  });

  it('succeeds without an item, and fails where its condition does not hold for the item', async () => {
    const stand = await new Stand().with();
    expect((await execute(stand, `${statement} AND n = 1`)).Items).toEqual([]);
    await stand.put(SOME);
    expect(await refusal(execute(stand, `${statement} AND n = 1`))).toBe(
      'ConditionalCheckFailedException: The conditional request failed',
    );
  });
});

// LocalStack recorded answers of AWS to batches and transactions of writes.
describe('a batch', () => {
  const batch = ({ dynamodb }: Stand, ...statements: string[]) =>
    dynamodb.send(
      new BatchExecuteStatementCommand({ Statements: statements.map((Statement) => ({ Statement })) }),
    );

  it('carries out each write for itself', async () => {
    const stand = await new Stand().with();
    await stand.put(SOME);
    const { Responses } = await batch(
      stand,
      "INSERT INTO music VALUE {'artist': 'a', 'song': 's'}",
      "INSERT INTO music VALUE {'artist': 'a', 'song': 't'}",
      "UPDATE nothing SET n = 1 WHERE artist = 'a'",
    );
    expect(Responses).toEqual([
      {
        TableName: 'music',
        Error: { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' },
      },
      { TableName: 'music' },
      { Error: { Code: 'ResourceNotFound', Message: 'Requested resource not found' } },
    ]);
    expect(await stand.get({ artist: { S: 'a' }, song: { S: 't' } })).toBeDefined();
  });

  it('reads one item with each statement', async () => {
    const stand = await filled();
    const { Responses } = await batch(
      stand,
      "SELECT year FROM music WHERE artist = 'a' AND song = '1'",
      "SELECT * FROM music WHERE artist = 'a' AND song = '9'",
      "SELECT * FROM music WHERE artist = 'a'",
    );
    expect(Responses).toEqual([
      { TableName: 'music', Item: { year: { N: '1999' } } },
      { TableName: 'music' },
      {
        TableName: 'music',
        Error: {
          Code: 'ValidationError',
          Message:
            'Select statements within BatchExecuteStatement must specify the primary key in the where clause.',
        },
      },
    ]);
  });
});

describe('a transaction', () => {
  const transact = ({ dynamodb }: Stand, ...statements: string[]) =>
    dynamodb.send(
      new ExecuteTransactionCommand({ TransactStatements: statements.map((Statement) => ({ Statement })) }),
    );

  it('writes all or nothing', async () => {
    const stand = await filled();
    const insert = "INSERT INTO music VALUE {'artist': 'c', 'song': '5'}";
    const exists = (n: string) => `EXISTS(SELECT * FROM music WHERE artist = 'a' AND song = '${n}')`;
    expect(await refusal(transact(stand, insert, exists('9')))).toBe(
      'TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]',
    );
    expect(await titles(stand, "WHERE artist = 'c'")).toEqual([]);
    expect((await transact(stand, insert, exists('1'))).Responses).toEqual([]);
    expect(await titles(stand, "WHERE artist = 'c'")).toEqual(['5']);
    expect(await refusal(transact(stand, insert))).toContain('[DuplicateItem]');
  });

  it('reads all at once', async () => {
    const stand = await filled();
    const { Responses } = await transact(
      stand,
      "SELECT song FROM music WHERE artist = 'a' AND song = '1'",
      "SELECT * FROM music WHERE artist = 'a' AND song = '9'",
    );
    expect(Responses).toEqual([{ Item: { song: { S: '1' } } }, {}]);
  });

  it('does not both read and write', async () => {
    const stand = await filled();
    expect(
      await refusal(
        transact(
          stand,
          "SELECT song FROM music WHERE artist = 'a' AND song = '1'",
          "INSERT INTO music VALUE {'artist': 'c', 'song': '5'}",
        ),
      ),
    ).toBe(`${INVALID}Read and write statements cannot be mixed in one request`);
  });
});

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
it('lets IAM forbid scans', async () => {
  const stand = await filled();
  const iam = stand.table.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'reader' }));
  const policy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'dynamodb:PartiQLSelect', Resource: TableArn },
      {
        Effect: 'Deny',
        Action: 'dynamodb:PartiQLSelect',
        Resource: TableArn,
        Condition: { Bool: { 'dynamodb:FullTableScan': 'true' } },
      },
    ],
  };
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'reader',
      PolicyName: 'reads',
      PolicyDocument: JSON.stringify(policy),
    }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'reader' }));
  const dynamodb = stand.table.client(DynamoDBClient, {
    credentials: {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    },
  });
  const select = (Statement: string) => dynamodb.send(new ExecuteStatementCommand({ Statement }));
  expect((await select("SELECT * FROM music WHERE artist = 'b'")).Items).toHaveLength(1);
  expect(await refusal(select('SELECT * FROM music'))).toMatch(/^AccessDeniedException: .*PartiQLSelect/);
  expect(await refusal(select("DELETE FROM music WHERE artist = 'b' AND song = '4'"))).toMatch(
    /^AccessDeniedException: .*PartiQLDelete/,
  );
});
