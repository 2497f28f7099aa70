import { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import {
  DeleteObjectTaggingCommand,
  GetObjectAclCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, raw, stand } from '../test-stand.ts';

const md5 = (text: string): string => createHash('md5').update(text).digest('base64');

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
it('gives back what was put, with its headers and metadata', async () => {
  const { table, s3, text } = await stand();
  const Key = 'folder/naïve key+1 %.txt';
  const put = await s3.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: 'grains',
      ContentType: 'text/plain',
      CacheControl: 'max-age=60',
      ContentDisposition: 'inline',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      Expires: new Date('2030-01-01T00:00:00Z'),
      Metadata: { Colour: 'ochre' },
      Tagging: 'kind=quartz&&size=',
    }),
  );
  expect(put).toMatchObject({
    ETag: `"${createHash('md5').update('grains').digest('hex')}"`,
    ChecksumType: 'FULL_OBJECT',
    ServerSideEncryption: 'AES256',
  });
  expect(put.VersionId).toBeUndefined();
  expect(await text(Key)).toBe('grains');
  expect(await s3.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject({
    ContentLength: 6,
    ContentType: 'text/plain',
    CacheControl: 'max-age=60',
    ContentDisposition: 'inline',
    ContentEncoding: 'identity',
    ContentLanguage: 'de',
    ExpiresString: 'Tue, 01 Jan 2030 00:00:00 GMT',
    LastModified: new Date(table.world.now),
    Metadata: { colour: 'ochre' },
    AcceptRanges: 'bytes',
    TagCount: 2,
  });
});

it('keeps keys with slashes, dots and characters beyond the first plane apart', async () => {
  const { put, text } = await stand();
  const keys = ['a', 'a/', '/a', 'a//b', 'a/b/', '../up', 'é', '😀/🏜️', 'with?query&x=1#frag'];
  for (const key of keys) await put(key, key);
  for (const key of keys) expect(await text(key)).toBe(key);
});

it('stores empty bodies and streams, whose frames and checksum trailers are taken off', async () => {
  const { s3, put, text } = await stand();
  await put('empty', '');
  expect(await text('empty')).toBe('');
  const Body = Readable.from([Buffer.from('one two')]);
  const headers = { Bucket, Key: 'stream', ContentLength: 7, ContentEncoding: 'gzip' };
  await s3.send(new PutObjectCommand({ ...headers, Body }));
  expect(await text('stream')).toBe('one two');
  const { ContentEncoding, ChecksumCRC32 } = await s3.send(
    new HeadObjectCommand({ Bucket, Key: 'stream', ChecksumMode: 'ENABLED' }),
  );
  expect(ContentEncoding).toBe('gzip');
  expect(ChecksumCRC32).toBeDefined();
});

it('says which key or bucket is missing', async () => {
  const { s3 } = await stand();
  await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({
    name: 'NoSuchKey',
    message: 'The specified key does not exist.',
    Key: 'none',
    $metadata: { httpStatusCode: 404 },
  });
  await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({
    name: 'NotFound',
  });
  await expect(s3.send(new GetObjectCommand({ Bucket: 'no-such', Key: 'k' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
it.each([
  ['bytes=0-3', '0123', 'bytes 0-3/10'],
  ['bytes=7-', '789', 'bytes 7-9/10'],
  ['bytes=-2', '89', 'bytes 8-9/10'],
  ['bytes=-15', '0123456789', 'bytes 0-9/10'],
  ['bytes=5-100', '56789', 'bytes 5-9/10'],
  // Ranges that make no sense, and several at once, are as good as none.
  ['bytes=3-1', '0123456789', undefined],
  ['bytes=0-1,3-4', '0123456789', undefined],
  ['lines=0-1', '0123456789', undefined],
])('answers the range %s', async (Range, expected, ContentRange) => {
  const { s3, put } = await stand();
  await put('k', '0123456789');
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', Range }));
  expect(await got.Body?.transformToString()).toBe(expected);
  expect(got.ContentRange).toBe(ContentRange);
  expect(got.$metadata.httpStatusCode).toBe(ContentRange ? 206 : 200);
});

it('answers 416 for a range that is not in the object', async () => {
  const { s3, put } = await stand();
  await put('k', '0123456789');
  for (const Range of ['bytes=10-', 'bytes=100-200', 'bytes=-0']) {
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'k', Range }))).rejects.toMatchObject({
      name: 'InvalidRange',
      ActualObjectSize: '10',
      RangeRequested: Range,
      $metadata: { httpStatusCode: 416 },
    });
  }
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
it('reads under conditions: 412 and 304', async () => {
  const { table, s3, put } = await stand();
  const { ETag = '' } = await put('k');
  table.advance(60_000);
  const get = (conditions: object): Promise<unknown> =>
    s3.send(new GetObjectCommand({ Bucket, Key: 'k', ...conditions }));
  const written = new Date(table.world.now - 60_000);
  await get({ IfMatch: ETag });
  await get({ IfMatch: ETag.replaceAll('"', ''), IfUnmodifiedSince: new Date(written.getTime() - 1000) });
  await get({ IfNoneMatch: '"other"', IfModifiedSince: new Date(table.world.now) });
  // What is later than now is passed over: LocalStack's test_s3_get_object_preconditions, recorded from AWS.
  await get({ IfModifiedSince: new Date(table.world.now + 86_400_000) });
  await expect(get({ IfMatch: '"other"' })).rejects.toMatchObject({
    name: 'PreconditionFailed',
    Condition: 'If-Match',
    $metadata: { httpStatusCode: 412 },
  });
  await expect(get({ IfUnmodifiedSince: new Date(written.getTime() - 1000) })).rejects.toMatchObject({
    Condition: 'If-Unmodified-Since',
  });
  for (const conditions of [{ IfNoneMatch: ETag }, { IfNoneMatch: '*' }, { IfModifiedSince: written }])
    await expect(get(conditions)).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
});

it('tells the entity tag and the date with a 304', async () => {
  const { s3, put } = await stand();
  const { ETag = '' } = await put('k');
  const response = await s3
    .send(new GetObjectCommand({ Bucket, Key: 'k', IfNoneMatch: ETag }))
    .then(() => undefined)
    .catch((error: { $response: { headers: Record<string, string> } }) => error.$response);
  expect(response?.headers).toMatchObject({ etag: ETag, 'last-modified': 'Mon, 05 Jan 2026 00:00:00 GMT' });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
it('writes under conditions', async () => {
  const { s3, put } = await stand();
  const write = (conditions: object): Promise<unknown> =>
    s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'new', ...conditions }));
  await expect(write({ IfMatch: '"x"' })).rejects.toMatchObject({ name: 'NoSuchKey' });
  await write({ IfNoneMatch: '*' });
  await expect(write({ IfNoneMatch: '*' })).rejects.toMatchObject({
    name: 'PreconditionFailed',
    Condition: 'If-None-Match',
  });
  const { ETag } = await put('k', 'old');
  await expect(write({ IfMatch: '"x"' })).rejects.toMatchObject({ Condition: 'If-Match' });
  await write({ IfMatch: ETag });
  await expect(write({ IfNoneMatch: '"x"' })).rejects.toMatchObject({
    name: 'NotImplemented',
    Header: 'If-None-Match',
  });
});

it('lets a request override the headers of the answer', async () => {
  const { s3, put } = await stand();
  await put('k');
  const got = await s3.send(
    new GetObjectCommand({
      Bucket,
      Key: 'k',
      ResponseContentType: 'image/jpeg',
      ResponseContentDisposition: 'attachment; filename="foo.jpg"',
      ResponseCacheControl: 'max-age=74',
      ResponseExpires: new Date('2015-10-21T07:28:00Z'),
    }),
  );
  expect(got).toMatchObject({
    ContentType: 'image/jpeg',
    ContentDisposition: 'attachment; filename="foo.jpg"',
    CacheControl: 'max-age=74',
    ExpiresString: 'Wed, 21 Oct 2015 07:28:00 GMT',
  });
});

// Values that AWS answered, or the runtime computes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
it.each([
  ['CRC32', 'aaaa', 'rZjlRQ=='],
  ['CRC32C', 'this is a part', 'iqJrOQ=='],
  ['CRC64NVME', 'aaaa', 'GC2rW8VclPA='],
  ['SHA1', 'aaaa', createHash('sha1').update('aaaa').digest('base64')],
  ['SHA256', 'aaaa', createHash('sha256').update('aaaa').digest('base64')],
] as const)('verifies and keeps %s', async (algorithm, Body, value) => {
  const { s3 } = await stand();
  const name = `Checksum${algorithm}` as const;
  const put = (checksum: string): Promise<object> =>
    s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body, [name]: checksum }));
  expect(await put(value)).toMatchObject({ [name]: value, ChecksumType: 'FULL_OBJECT' });
  const kept = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
  expect(kept).toMatchObject({ [name]: value });
  const wrong = Buffer.alloc(Buffer.from(value, 'base64').length).toString('base64');
  await expect(put(wrong)).rejects.toMatchObject({
    name: 'BadDigest',
    message: `The ${algorithm} you specified did not match the calculated checksum.`,
  });
  await expect(put('AAAA')).rejects.toMatchObject({
    name: 'InvalidRequest',
    message: `Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`,
  });
});

it('computes CRC-64/NVME where the client sends no checksum', async () => {
  const { table, s3 } = await stand();
  const headers = {
    authorization:
      'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=' +
      '0'.repeat(64),
    'x-amz-date': '20260105T000000Z',
  };
  const body = new TextEncoder().encode('aaaa');
  const answer = raw(table, { method: 'PUT', path: `/${Bucket}/k`, headers, body });
  expect(answer.headers['x-amz-checksum-crc64nvme']).toBe('GC2rW8VclPA=');
  const { Checksum } = await s3.send(
    new GetObjectAttributesCommand({ Bucket, Key: 'k', ObjectAttributes: ['Checksum'] }),
  );
  expect(Checksum).toEqual({ ChecksumCRC64NVME: 'GC2rW8VclPA=', ChecksumType: 'FULL_OBJECT' });
});

it('verifies Content-MD5', async () => {
  const { s3 } = await stand();
  const put = (ContentMD5: string): Promise<object> =>
    s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'data', ContentMD5 }));
  await put(md5('data'));
  await expect(put(md5('other'))).rejects.toMatchObject({
    name: 'BadDigest',
    message: 'The Content-MD5 you specified did not match what we received.',
    CalculatedDigest: md5('data'),
  });
  await expect(put('MTIz')).rejects.toMatchObject({
    name: 'InvalidDigest',
    message: 'The Content-MD5 you specified was invalid.',
  });
});

it('refuses keys and metadata that are too long', async () => {
  const { s3, put } = await stand();
  await put('k'.repeat(1024));
  await expect(put('é'.repeat(513))).rejects.toMatchObject({ name: 'KeyTooLongError' });
  const Metadata = { long: 'x'.repeat(2045) };
  await expect(
    s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Metadata })),
  ).rejects.toMatchObject({
    name: 'MetadataTooLarge',
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
it('tags objects, and an overwrite takes the tags off', async () => {
  const { s3, put } = await stand();
  const get = async (): Promise<unknown> =>
    (await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet;
  const set = (TagSet: { Key: string; Value: string }[]): Promise<unknown> =>
    s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet } }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Tagging: 'b=2&a=1%2B1' }));
  expect(await get()).toEqual([
    { Key: 'a', Value: '1+1' },
    { Key: 'b', Value: '2' },
  ]);
  await set([{ Key: 'c', Value: '3' }]);
  expect(await get()).toEqual([{ Key: 'c', Value: '3' }]);
  await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'k' }));
  expect(await get()).toEqual([]);
  await set([{ Key: 'c', Value: '3' }]);
  await put('k');
  expect(await get()).toEqual([]);
  const many = Array.from({ length: 11 }, (_, n) => ({ Key: `k${n}`, Value: '' }));
  await expect(set(many)).rejects.toMatchObject({
    name: 'BadRequest',
    message: 'Object tags cannot be greater than 10',
  });
  await expect(
    s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Tagging: 'a=1&a=2' })),
  ).rejects.toMatchObject({
    name: 'InvalidArgument',
    ArgumentName: 'x-amz-tagging',
  });
});

// LocalStack's tests record both of AWS: test_put_object_tagging_none_value, test_object_tagging_exc.
it('takes a document without a set of tags for an empty one, and shows whose tags are asked for', async () => {
  const { s3, put } = await stand();
  await put('k');
  const Tagging = { TagSet: undefined };
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging }));
  expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet).toEqual([]);
  await expect(s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({
    name: 'NoSuchKey',
    Key: `${Bucket}/none`,
  });
  await expect(s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({
    Key: 'none',
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
it('takes no ACL but the one that the owner of the bucket has anyway', async () => {
  const { s3, put } = await stand();
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ACL: 'bucket-owner-full-control' }));
  await expect(
    s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ACL: 'public-read' })),
  ).rejects.toMatchObject({
    name: 'AccessControlListNotSupported',
  });
  await put('k');
  await expect(
    s3.send(new PutObjectAclCommand({ Bucket, Key: 'k', ACL: 'public-read' })),
  ).rejects.toMatchObject({ name: 'AccessControlListNotSupported' });
  const { Grants } = await s3.send(new GetObjectAclCommand({ Bucket, Key: 'k' }));
  expect(Grants?.map(({ Permission }) => Permission)).toEqual(['FULL_CONTROL']);
});

it('refuses other storage classes and keys of others by name', async () => {
  const { s3 } = await stand();
  for (const setting of [
    { StorageClass: 'EXPRESS_ONEZONE' as const },
    { ServerSideEncryption: 'aws:kms:dsse' as const },
  ]) {
    await expect(
      s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...setting })),
    ).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  }
});

// LocalStack's tests record both of AWS: test_post_object_with_storage_class, test_s3_get_object_checksum.
it('says which storage class there is none of, and takes the mode of checksums in any case', async () => {
  const { s3, put } = await stand();
  await put('k');
  const StorageClass = 'FakeClass' as never;
  await expect(s3.send(new PutObjectCommand({ Bucket, Key: 'k', StorageClass }))).rejects.toMatchObject({
    name: 'InvalidStorageClass',
    message: 'The storage class you specified is not valid',
    StorageClassRequested: 'FakeClass',
  });
  const ChecksumMode = 'enabled' as never;
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k', ChecksumMode }));
  expect(head.ChecksumType).toBe('FULL_OBJECT');
});
