// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html; messages follow answers of AWS that the tests
// of dynalite recorded.

import { PutItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import type {
  AttributeValue,
  CreateTableCommandInput,
  QueryCommandInput,
  ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { music, refusal, Stand, TableName } from '../test-stand.ts';

type Item = Record<string, AttributeValue>;

const invalid = 'ValidationException: ';

/** Items of one artist, by song. */
const song = (name: string, more: Item = {}): Item => ({ artist: { S: 'a' }, song: { S: name }, ...more });
const ofA = { KeyConditionExpression: 'artist = :a', ExpressionAttributeValues: { ':a': { S: 'a' } } };

/** A query for songs of `a` in a range. */
const where = (range: string, values: Item = {}) => ({
  KeyConditionExpression: `artist = :a AND ${range}`,
  ExpressionAttributeValues: { ':a': { S: 'a' }, ...values },
});

const withIndexes: CreateTableCommandInput = {
  ...music,
  AttributeDefinitions: [
    ...(music.AttributeDefinitions ?? []),
    { AttributeName: 'n', AttributeType: 'N' },
    { AttributeName: 'kind', AttributeType: 'S' },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: 'by-n',
      KeySchema: [
        { AttributeName: 'artist', KeyType: 'HASH' },
        { AttributeName: 'n', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-kind',
      KeySchema: [
        { AttributeName: 'kind', KeyType: 'HASH' },
        { AttributeName: 'n', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['title'] },
    },
  ],
};

describe('a query', () => {
  it.each<[string, Item, string[]]>([
    ['song = :v', { ':v': { S: 'ab' } }, ['ab']],
    ['song < :v', { ':v': { S: 'ab' } }, ['a']],
    ['song <= :v', { ':v': { S: 'ab' } }, ['a', 'ab']],
    ['song > :v', { ':v': { S: 'ab' } }, ['ab\u0000', 'ab\u0001', 'abc', 'b', '\uFFFD', '\u{1F600}']],
    [':v <= song', { ':v': { S: 'abc' } }, ['abc', 'b', '\uFFFD', '\u{1F600}']],
    [
      '(song BETWEEN :v AND :w)',
      { ':v': { S: 'ab' }, ':w': { S: 'b' } },
      ['ab', 'ab\u0000', 'ab\u0001', 'abc', 'b'],
    ],
    ['begins_with(song, :v)', { ':v': { S: 'ab' } }, ['ab', 'ab\u0000', 'ab\u0001', 'abc']],
  ])('for songs where %s', async (range, values, found) => {
    const stand = await new Stand().with();
    const names = ['abc', 'ab', 'ab\u0001', '\u{1F600}', '\uFFFD', 'a', 'b', 'ab\u0000'];
    await stand.put(...names.map((name) => song(name)), { ...song('ab'), artist: { S: 'b' } });
    expect(await stand.find('song', where(range, values))).toEqual(found);
    const back = { ...where(range, values), ScanIndexForward: false };
    expect(await stand.find('song', back)).toEqual(found.toReversed());
  });

  it('finds numbers in the order of their values, exactly', async () => {
    const stand = await new Stand().with({
      ...music,
      AttributeDefinitions: [
        { AttributeName: 'artist', AttributeType: 'S' },
        { AttributeName: 'song', AttributeType: 'N' },
      ],
    });
    const ascending = [
      '-1e125',
      '-10',
      '-9.99',
      '-1.1',
      '-1',
      '-0.5',
      '-1e-130',
      '0',
      '1e-130',
      '0.09',
      '0.5',
      '1',
    ];
    const more = ['1.0000000000000000000000000000000000001', '9', '10', '99', '100', '1e125'];
    const all = [...ascending, ...more];
    await stand.put(...all.toReversed().map((N) => ({ artist: { S: 'a' }, song: { N } })));
    expect((await stand.find('song', ofA)).map(Number)).toEqual(all.map(Number));
    const range = where('song BETWEEN :v AND :w', { ':v': { N: '1' }, ':w': { N: '10.0' } });
    expect(await stand.find('song', range)).toEqual([
      '1',
      '1.0000000000000000000000000000000000001',
      '9',
      '10',
    ]);
  });

  it('finds bytes in unsigned order', async () => {
    const stand = await new Stand().with({
      ...music,
      AttributeDefinitions: [
        { AttributeName: 'artist', AttributeType: 'S' },
        { AttributeName: 'song', AttributeType: 'B' },
      ],
    });
    const ascending = [[0], [0, 0], [0, 1], [1], [127], [128, 0], [255]].map(
      (bytes) => new Uint8Array(bytes),
    );
    await stand.put(...ascending.toReversed().map((B) => ({ artist: { S: 'a' }, song: { B } })));
    expect(await stand.find('song', ofA)).toEqual(ascending);
    const range = where('begins_with(song, :v)', { ':v': { B: new Uint8Array([0]) } });
    expect(await stand.find('song', range)).toEqual(ascending.slice(0, 3));
  });

  it('goes page by page, in both directions', async () => {
    const stand = await new Stand().with();
    const names = Array.from({ length: 250 }, (_, at) => String(at).padStart(3, '0'));
    await stand.put(...names.map((name) => song(name)));
    for (const ScanIndexForward of [true, false]) {
      const found: unknown[] = [];
      const pages: number[] = [];
      let ExclusiveStartKey: Item | undefined;
      do {
        const input: QueryCommandInput = {
          TableName,
          ...ofA,
          Limit: 125,
          ScanIndexForward,
          ExclusiveStartKey,
        };
        const page = await stand.dynamodb.send(new QueryCommand(input));
        found.push(...(page.Items ?? []).map((item) => item['song']?.S));
        pages.push(page.Count ?? 0);
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey);
      // A page that ends with the last item does not know that it does.
      expect([found, pages]).toEqual([ScanIndexForward ? names : names.toReversed(), [125, 125, 0]]);
    }
  });

  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
  it('ends a page after a megabyte, before the filter', async () => {
    const stand = await new Stand().with();
    const text = { S: 'x'.repeat(300_000) };
    await stand.put(...['1', '2', '3', '4', '5'].map((name) => song(name, { text })));
    const input = { ...ofA, FilterExpression: 'size(#t) > :n', ExpressionAttributeNames: { '#t': 'text' } };
    const ExpressionAttributeValues = { ':a': { S: 'a' }, ':n': { N: '300000' } };
    const page = await stand.dynamodb.send(
      new QueryCommand({ TableName, ...input, ExpressionAttributeValues, ReturnConsumedCapacity: 'TOTAL' }),
    );
    expect(page).toMatchObject({
      Count: 0,
      ScannedCount: 4,
      LastEvaluatedKey: song('4'),
      ConsumedCapacity: { CapacityUnits: 146.5 },
    });
  });

  it.each<[string, Partial<QueryCommandInput>]>([
    [
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
      { KeyConditionExpression: undefined, ExpressionAttributeValues: undefined },
    ],
    ['Query condition missed key schema element: artist', { KeyConditionExpression: 'song = :a' }],
    ['Query key condition not supported', { KeyConditionExpression: 'artist > :a' }],
    [
      'Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: OR',
      { KeyConditionExpression: 'artist = :a OR song = :a' },
    ],
    [
      'Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key',
      { KeyConditionExpression: 'artist = :a AND artist = :a' },
    ],
    [
      'Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: contains',
      { KeyConditionExpression: 'contains(artist, :a)' },
    ],
    [
      'Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes',
      { KeyConditionExpression: 'artist.x = :a' },
    ],
    [
      'Filter Expression can only contain non-primary key attributes: Primary key attribute: song',
      { FilterExpression: 'song = :a' },
    ],
    // Verified against AWS by moto: what a condition is about is looked at after all expressions have been read.
    [
      'Invalid FilterExpression: The expression can not be empty;',
      { KeyConditionExpression: 'artist = song', FilterExpression: '' },
    ],
    [
      "1 validation error detected: Value 'count' at 'select' failed to satisfy constraint: Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]",
      { Select: 'count' as 'COUNT' },
    ],
    ['The table does not have the specified index: none', { IndexName: 'none' }],
    [
      'The provided starting key is outside query boundaries based on provided conditions',
      { ExclusiveStartKey: { artist: { S: 'b' }, song: { S: 's' } } },
    ],
    [
      'The provided starting key is invalid: The provided key element does not match the schema',
      { ExclusiveStartKey: { artist: { S: 'a' } } },
    ],
    [
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
      { ExpressionAttributeValues: { ':a': { N: '1' } } },
    ],
    [
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: artist',
      { ExpressionAttributeValues: { ':a': { S: '' } } },
    ],
    // Queries count what is wrong with `Select`, and scans do not: moto's tests that were verified against AWS.
    [
      '1 validation error detected: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
      { Select: 'SPECIFIC_ATTRIBUTES' },
    ],
  ])('is refused: %s', async (message, wrong) => {
    const { dynamodb } = await new Stand().with();
    expect(await refusal(dynamodb.send(new QueryCommand({ TableName, ...ofA, ...wrong })))).toBe(
      `${invalid}${message}`,
    );
  });
});

describe('an index', () => {
  const stage = async () => {
    const stand = await new Stand().with(withIndexes);
    const item = (name: string, n: string, more: Item = {}) =>
      song(name, { n: { N: n }, title: { S: `title ${name}` }, extra: { S: 'o' }, ...more });
    const k = { kind: { S: 'k' } };
    await stand.put(item('x', '10', k), item('y', '9', k), item('z', '9', k), item('w', '1'), song('v'));
    return stand;
  };
  const byKind = {
    IndexName: 'by-kind',
    KeyConditionExpression: 'kind = :k',
    ExpressionAttributeValues: { ':k': { S: 'k' } },
  };

  it('has the items that have its keys, in its own order', async () => {
    const stand = await stage();
    expect(await stand.find('song', { ...byKind })).toEqual(expect.arrayContaining(['x', 'y', 'z']));
    expect(await stand.find('n', { ...byKind })).toEqual(['9', '9', '10']);
    expect(await stand.find('song', { ...ofA, IndexName: 'by-n' })).toEqual(['w', 'y', 'z', 'x']);
  });

  it('follows its items', async () => {
    const stand = await stage();
    const update = { Key: song('x') };
    await stand.update('SET n = :n', { ':n': { N: '2' } }, update);
    expect(await stand.find('n', byKind)).toEqual(['2', '9', '9']);
    await stand.update('REMOVE kind', {}, update);
    await stand.put(song('y'));
    expect(await stand.find('song', byKind)).toEqual(['z']);
    // https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html lists the message.
    const wrong = stand.update('SET n = :n', { ':n': { S: 'x' } }, update);
    expect(await refusal(wrong)).toBe(
      `${invalid}The update expression attempted to update the secondary index key to unsupported type`,
    );
  });

  it('gives what it projects; a local one fetches the rest', async () => {
    const stand = await stage();
    const only = async (input: Omit<QueryCommandInput, 'TableName'>) =>
      (await stand.dynamodb.send(new QueryCommand({ TableName, Limit: 1, ...input }))).Items?.[0];
    expect(Object.keys((await only(byKind)) ?? {}).toSorted()).toEqual([
      'artist',
      'kind',
      'n',
      'song',
      'title',
    ]);
    const local = { ...ofA, IndexName: 'by-n' };
    expect(Object.keys((await only(local)) ?? {}).toSorted()).toEqual(['artist', 'n', 'song']);
    expect(await only({ ...local, ProjectionExpression: 'extra' })).toEqual({ extra: { S: 'o' } });
    expect(Object.keys((await only({ ...local, Select: 'ALL_ATTRIBUTES' })) ?? {})).toHaveLength(5);
    expect(await refusal(only({ ...byKind, ProjectionExpression: 'extra' }))).toBe(
      `${invalid}One or more parameter values were invalid: Global secondary index by-kind does not project [extra]`,
    );
    expect(await refusal(only({ ...byKind, ConsistentRead: true }))).toBe(
      `${invalid}Consistent reads are not supported on global secondary indexes`,
    );
  });

  it('goes on among items of equal keys', async () => {
    const stand = await stage();
    const input = { TableName, ...byKind, Limit: 1 };
    const first = await stand.dynamodb.send(new QueryCommand(input));
    expect(Object.keys(first.LastEvaluatedKey ?? {}).toSorted()).toEqual(['artist', 'kind', 'n', 'song']);
    const ExclusiveStartKey = first.LastEvaluatedKey;
    const second = await stand.dynamodb.send(new QueryCommand({ ...input, ExclusiveStartKey }));
    const songs = [first, second].map(({ Items = [] }) => Items[0]?.['song']?.S);
    expect(songs.toSorted()).toEqual(['y', 'z']);
  });

  it('costs a write where a write changes it', async () => {
    const stand = await stage();
    const { dynamodb } = stand;
    const Item = song('x', { n: { N: '11' }, kind: { S: 'k' } });
    const write = () =>
      dynamodb.send(
        new PutItemCommand({
          TableName,
          Item,
          ReturnConsumedCapacity: 'INDEXES',
          ReturnItemCollectionMetrics: 'SIZE',
        }),
      );
    const unit = (CapacityUnits: number) => ({ CapacityUnits });
    const { ConsumedCapacity, ItemCollectionMetrics } = await write();
    expect(ConsumedCapacity).toEqual({
      TableName,
      CapacityUnits: 5,
      Table: unit(1),
      LocalSecondaryIndexes: { 'by-n': unit(2) },
      GlobalSecondaryIndexes: { 'by-kind': unit(2) },
    });
    expect(ItemCollectionMetrics).toEqual({
      ItemCollectionKey: { artist: { S: 'a' } },
      SizeEstimateRangeGB: [0, 1],
    });
    expect((await write()).ConsumedCapacity).toEqual({ TableName, CapacityUnits: 1, Table: unit(1) });
  });
});

describe('a scan', () => {
  const scanned = async ({ dynamodb }: Stand, input: Omit<ScanCommandInput, 'TableName'> = {}) => {
    const found: Item[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const page = await dynamodb.send(new ScanCommand({ TableName, ...input, ExclusiveStartKey }));
      found.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return found.map((item) => `${item['artist']?.S}/${item['song']?.S}`);
  };
  const all = Array.from({ length: 20 }, (_, at) => ({ artist: { S: `artist ${at}` }, song: { S: 's' } }));
  const names = all.map(({ artist, song: { S } }) => `${artist.S}/${S}`).toSorted();

  it('finds every item once, in one go, in pages and in segments', async () => {
    const stand = await new Stand().with();
    await stand.put(...all);
    expect((await scanned(stand)).toSorted()).toEqual(names);
    expect((await scanned(stand, { Limit: 3 })).toSorted()).toEqual(names);
    const TotalSegments = 3;
    const parts = await Promise.all(
      [0, 1, 2].map((Segment) => scanned(stand, { Segment, TotalSegments, Limit: 2 })),
    );
    expect(parts.flat().toSorted()).toEqual(names);
    expect(parts.every((part) => part.length > 0)).toBe(true);
  });

  it('counts what it looked at and what passed', async () => {
    const stand = await new Stand().with();
    await stand.put(...all);
    const page = await stand.dynamodb.send(
      new ScanCommand({
        TableName,
        Select: 'COUNT',
        FilterExpression: 'begins_with(artist, :v)',
        ExpressionAttributeValues: { ':v': { S: 'artist 1' } },
      }),
    );
    expect([page.Items, page.Count, page.ScannedCount]).toEqual([undefined, 11, 20]);
  });

  it.each<[string, Partial<ScanCommandInput>]>([
    [
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
      { Segment: 0 },
    ],
    [
      'The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less than TotalSegments: 2',
      { Segment: 2, TotalSegments: 2 },
    ],
    [
      'ExpressionAttributeNames can only be specified when using expressions',
      { ExpressionAttributeNames: { '#a': 'a' } },
    ],
    [
      'ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName',
      { Select: 'ALL_PROJECTED_ATTRIBUTES' },
    ],
    [
      'Cannot specify the ProjectionExpression when choosing to get only the Count',
      { Select: 'COUNT', ProjectionExpression: 'song' },
    ],
  ])('is refused: %s', async (message, wrong) => {
    const { dynamodb } = await new Stand().with();
    expect(await refusal(dynamodb.send(new ScanCommand({ TableName, ...wrong })))).toBe(
      `${invalid}${message}`,
    );
  });
});
