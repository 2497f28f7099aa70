import { ListObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, raw, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';
import { keyOrder } from './key-order.ts';

async function withKeys(...keys: string[]): Promise<Stand> {
  const room = await stand();
  for (const key of keys) await room.put(key);
  return room;
}

type Answer = Pick<ListObjectsV2CommandOutput, 'Contents' | 'CommonPrefixes'>;

const keysOf = ({ Contents = [] }: Answer): (string | undefined)[] => Contents.map(({ Key }) => Key);
const prefixesOf = ({ CommonPrefixes = [] }: Answer): (string | undefined)[] =>
  CommonPrefixes.map(({ Prefix }) => Prefix);

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
it('lists keys in the order of UTF-8', async () => {
  const keys = ['Z', 'a', 'a/b', 'aa', 'é', '\uE000', '\uFFFD', '😀', '🏜️'];
  const sorted = keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  const { s3 } = await withKeys(...keys.toReversed());
  expect(keysOf(await s3.send(new ListObjectsV2Command({ Bucket })))).toEqual(sorted);
  const after = await s3.send(new ListObjectsV2Command({ Bucket, StartAfter: '\uFFFD' }));
  expect(keysOf(after)).toEqual(sorted.slice(-2));
  expect(keysOf(await s3.send(new ListObjectsV2Command({ Bucket, Prefix: '😀' })))).toEqual(['😀']);
});

it('orders any two keys as their bytes', () => {
  const texts = [
    '',
    '\u0000',
    '\u0001',
    '\u0001\u0001',
    '\u0002',
    'a',
    'a\u0000',
    'a\u0000b',
    'ab',
    '\uD7FF',
    '\uE000',
  ];
  texts.push('\uE000\uE000', '\uE001', '\uFFFF', '\u{10000}', '\u{10000}a', '\u{10FFFF}', '\u{1F600}');
  for (const left of texts) {
    for (const right of texts) {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right));
      const [one, two] = [keyOrder(left), keyOrder(right)];
      expect(one < two ? -1 : one > two ? 1 : 0, JSON.stringify([left, right])).toBe(bytes);
    }
  }
});

it('rolls keys up under the prefix before a delimiter', async () => {
  const { s3 } = await withKeys('top', 'a/1', 'a/2', 'a/b/3', 'c/4');
  const root = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: '/' }));
  expect(keysOf(root)).toEqual(['top']);
  expect(prefixesOf(root)).toEqual(['a/', 'c/']);
  expect(root).toMatchObject({ KeyCount: 3, IsTruncated: false, Name: Bucket, MaxKeys: 1000 });
  const within = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: '/', Prefix: 'a/' }));
  expect([keysOf(within), prefixesOf(within)]).toEqual([['a/1', 'a/2'], ['a/b/']]);
  const word = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: 'b/' }));
  expect(prefixesOf(word)).toEqual(['a/b/']);
});

it('counts common prefixes as keys, and goes on after them', async () => {
  const { s3 } = await withKeys('a/1', 'a/2', 'a/3', 'b', 'c/1', 'c/2', 'd');
  const seen: unknown[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket, Delimiter: '/', MaxKeys: 1, ContinuationToken }),
    );
    seen.push(...prefixesOf(page), ...keysOf(page));
    expect(page.KeyCount).toBe(1);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  expect(seen).toEqual(['a/', 'b', 'c/', 'd']);
  await expect(s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: 'bad' }))).rejects.toMatchObject(
    {
      name: 'InvalidArgument',
      message: 'The continuation token provided is incorrect',
    },
  );
});

it('starts after a key, and leaves out the prefix that the key is under', async () => {
  const { s3 } = await withKeys('f/s/1', 'f/s/2', 'f/x', 'f/y');
  const list = (StartAfter: string): Promise<Answer> =>
    s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'f/', Delimiter: '/', StartAfter }));
  expect(prefixesOf(await list('f/a'))).toEqual(['f/s/']);
  expect(prefixesOf(await list('f/s/1'))).toEqual([]);
  expect(keysOf(await list('f/s/1'))).toEqual(['f/x', 'f/y']);
});

it('pages through more keys than fit on a page', async () => {
  const { table, s3 } = await stand();
  const keys = Array.from({ length: 1205 }, (_, n) => `k${String(n).padStart(4, '0')}`);
  const authorization =
    'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=' +
    '0'.repeat(64);
  const headers = { authorization, 'x-amz-date': '20260105T000000Z' };
  for (const key of keys) raw(table, { method: 'PUT', path: `/${Bucket}/${key}`, headers });
  const first = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 5000 }));
  expect(first).toMatchObject({ KeyCount: 1000, MaxKeys: 1000, IsTruncated: true });
  const { NextContinuationToken: ContinuationToken } = first;
  const second = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
  expect(second).toMatchObject({ KeyCount: 205, IsTruncated: false, ContinuationToken });
  const all = [...keysOf(first), ...keysOf(second)];
  expect(all).toEqual(keys);
  expect((await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))).IsTruncated).toBe(false);
});

it('tells of each object what can be told without reading it', async () => {
  const { table, s3, put } = await stand();
  const { ETag } = await put('k', 'four');
  const [object] = (await s3.send(new ListObjectsV2Command({ Bucket, FetchOwner: true }))).Contents ?? [];
  expect(object).toEqual({
    Key: 'k',
    ETag,
    Size: 4,
    StorageClass: 'STANDARD',
    LastModified: new Date(table.world.now),
    ChecksumAlgorithm: ['CRC32'],
    ChecksumType: 'FULL_OBJECT',
    Owner: { ID: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  const [plain] = (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? [];
  expect(plain?.Owner).toBeUndefined();
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
it('lists in the first version by markers, and names the next one only with a delimiter', async () => {
  const { s3 } = await withKeys('a', 'b', 'c/1', 'c/2', 'd');
  const first = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 2 }));
  expect(keysOf(first)).toEqual(['a', 'b']);
  expect(first.IsTruncated).toBe(true);
  expect(first.NextMarker).toBeUndefined();
  const rolled = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 1, Delimiter: '/', Marker: 'b' }));
  expect(rolled).toMatchObject({ CommonPrefixes: [{ Prefix: 'c/' }], NextMarker: 'c/', Marker: 'b' });
  const rest = await s3.send(new ListObjectsCommand({ Bucket, Delimiter: '/', Marker: 'c/' }));
  expect(keysOf(rest)).toEqual(['d']);
});

it('encodes names where asked, as XML cannot hold them all', async () => {
  const { s3 } = await withKeys('a b+c=d/é\u0003');
  const answer = await s3.send(
    new ListObjectsV2Command({ Bucket, EncodingType: 'url', Delimiter: '/', Prefix: 'a b' }),
  );
  expect(answer).toMatchObject({
    EncodingType: 'url',
    Prefix: 'a+b',
    Delimiter: '/',
    CommonPrefixes: [{ Prefix: 'a+b%2Bc%3Dd/' }],
  });
  await expect(
    s3.send(new ListObjectsV2Command({ Bucket, EncodingType: 'bad' as 'url' })),
  ).rejects.toMatchObject({ name: 'InvalidArgument', ArgumentName: 'encoding-type' });
});

// LocalStack's tests record it of AWS: test_region_header_exists_outside_us_east_1.
it('says in a header where the bucket is', async () => {
  const { table } = await stand();
  const credential = 'Credential=test/20260105/us-east-1/s3/aws4_request';
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=x`;
  const headers = { authorization, 'x-amz-date': '20260105T000000Z' };
  const answer = raw(table, { path: `/${Bucket}`, query: 'list-type=2', headers });
  expect(answer.headers).toMatchObject({ 'x-amz-bucket-region': 'us-east-1' });
  expect(answer.text).not.toContain('BucketRegion');
});
