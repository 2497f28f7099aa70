import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketEncryptionCommand,
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CopyObjectCommandInput, CopyObjectCommandOutput } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, stand } from '../test-stand.ts';

const copier =
  (s3: S3Client) =>
  (more: Partial<CopyObjectCommandInput> = {}): Promise<CopyObjectCommandOutput> =>
    s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/source`, ...more }));

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
it('copies an object with its metadata and tags, or replaces either', async () => {
  const { s3, text } = await stand();
  const copy = copier(s3);
  const put = await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: 'source',
      Body: 'data',
      ContentType: 'text/plain',
      Metadata: { m: '1' },
      Tagging: 'a=1',
    }),
  );
  expect((await copy()).CopyObjectResult).toMatchObject({
    ETag: put.ETag,
    ChecksumCRC32: put.ChecksumCRC32,
    ChecksumType: 'FULL_OBJECT',
  });
  expect(await text('copy')).toBe('data');
  const head = new HeadObjectCommand({ Bucket, Key: 'copy' });
  expect(await s3.send(head)).toMatchObject({ ContentType: 'text/plain', Metadata: { m: '1' }, TagCount: 1 });
  await copy({ MetadataDirective: 'REPLACE', TaggingDirective: 'REPLACE', Metadata: { n: '2' } });
  const replaced = await s3.send(head);
  expect(replaced).toMatchObject({ ContentType: 'binary/octet-stream', Metadata: { n: '2' } });
  expect(replaced.TagCount).toBeUndefined();
  await copy({ TaggingDirective: 'REPLACE', Tagging: 'b=2' });
  expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'copy' }))).TagSet).toEqual([
    { Key: 'b', Value: '2' },
  ]);
});

it('copies an object onto itself only to change something', async () => {
  const { s3, put } = await stand();
  const copy = copier(s3);
  await put('source');
  await expect(copy({ Key: 'source' })).rejects.toMatchObject({
    name: 'InvalidRequest',
    message: expect.stringContaining(
      'This copy request is illegal because it is trying to copy an object to itself',
    ),
  });
  await copy({ Key: 'source', MetadataDirective: 'REPLACE', Metadata: { changed: 'yes' } });
  expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'source' }))).Metadata).toEqual({
    changed: 'yes',
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html
it('restores an older version by copying it onto the key', async () => {
  const { s3, put, text } = await stand('Enabled');
  const copy = copier(s3);
  const { VersionId } = await put('source', 'old');
  await put('source', 'new');
  const restored = await copy({ Key: 'source', CopySource: `/${Bucket}/source?versionId=${VersionId}` });
  expect(restored.CopySourceVersionId).toBe(VersionId);
  expect(restored.VersionId).not.toBe(VersionId);
  expect(await text('source')).toBe('old');
});

it('decodes the name of the source, and finds it in any bucket of any Region', async () => {
  const { table, s3, text } = await stand();
  const west = table.client(S3Client, { region: 'eu-west-1' });
  await west.send(new CreateBucketCommand({ Bucket: 'west' }));
  await west.send(new PutObjectCommand({ Bucket: 'west', Key: 'a b/ü+1', Body: 'far' }));
  await copier(s3)({ CopySource: 'west/a%20b/%C3%BC%2B1' });
  expect(await text('copy')).toBe('far');
});

it('stores the copy of a multipart object in one piece', async () => {
  const { s3 } = await stand();
  const Key = 'source';
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'CRC32' }),
  );
  const part = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'data' }));
  const Parts = [{ PartNumber: 1, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 }];
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  const { CopyObjectResult } = await copier(s3)();
  expect(CopyObjectResult?.ETag).toBe(`"${createHash('md5').update('data').digest('hex')}"`);
  expect(CopyObjectResult?.ChecksumType).toBe('FULL_OBJECT');
});

it('computes another checksum where one is asked for', async () => {
  const { s3, put } = await stand();
  await put('source', 'data');
  const { CopyObjectResult } = await copier(s3)({ ChecksumAlgorithm: 'SHA256' });
  expect(CopyObjectResult?.ChecksumSHA256).toBe(createHash('sha256').update('data').digest('base64'));
});

it('copies under conditions on the source and on the destination', async () => {
  const { table, s3, put } = await stand();
  const copy = copier(s3);
  const { ETag } = await put('source');
  table.advance(60_000);
  const now = new Date(table.world.now);
  for (const [conditions, Condition] of [
    [{ CopySourceIfMatch: '"x"' }, 'x-amz-copy-source-If-Match'],
    [{ CopySourceIfNoneMatch: ETag }, 'x-amz-copy-source-If-None-Match'],
    [{ CopySourceIfModifiedSince: now }, 'x-amz-copy-source-If-Modified-Since'],
    [{ CopySourceIfUnmodifiedSince: new Date(0) }, 'x-amz-copy-source-If-Unmodified-Since'],
  ] as const)
    await expect(copy(conditions)).rejects.toMatchObject({ name: 'PreconditionFailed', Condition });
  await copy({ CopySourceIfModifiedSince: new Date(table.world.now + 86_400_000) });
  await copy({ CopySourceIfMatch: ETag, CopySourceIfUnmodifiedSince: new Date(0) });
  await expect(copy({ IfNoneMatch: '*' })).rejects.toMatchObject({ Condition: 'If-None-Match' });
  await copy({ IfMatch: ETag });
});

it('says what is wrong with a source', async () => {
  const { s3, put } = await stand('Enabled');
  const copy = copier(s3);
  await expect(copy({ CopySource: 'nothing' })).rejects.toMatchObject({
    name: 'InvalidArgument',
    message: 'Invalid copy source object key',
  });
  await expect(copy({ CopySource: 'no-such-bucket/k' })).rejects.toMatchObject({ name: 'NoSuchBucket' });
  await expect(copy()).rejects.toMatchObject({ name: 'NoSuchKey', Key: 'source' });
  await put('source');
  const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'source' }));
  await expect(copy()).rejects.toMatchObject({ name: 'NoSuchKey' });
  await expect(copy({ CopySource: `${Bucket}/source?versionId=${VersionId}` })).rejects.toMatchObject({
    name: 'InvalidRequest',
    message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
  });
});

// LocalStack's tests record both of AWS: test_copy_in_place_with_bucket_encryption, test_s3_copy_object_in_place_with_encryption.
it('may be onto itself where the bucket says how it encrypts, or the object is under a key of KMS', async () => {
  const { s3, put } = await stand();
  await put('k');
  const copy = (Key: string) =>
    s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${Key}` }));
  await expect(copy('k')).rejects.toMatchObject({ name: 'InvalidRequest' });
  const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: 'AES256' as const };
  const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault }] };
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  expect(await copy('k')).toMatchObject({ ServerSideEncryption: 'AES256' });
  await s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
  await expect(copy('k')).rejects.toMatchObject({ name: 'InvalidRequest' });
  const kms = { Bucket, Key: 'kms', Body: 'x', ServerSideEncryption: 'aws:kms' as const };
  await s3.send(new PutObjectCommand(kms));
  expect(await copy('kms')).toMatchObject({ ServerSideEncryption: 'AES256' });
});

// LocalStack's tests record it of AWS: test_copy_object_special_character_plus_for_space.
it('takes a plus sign in the name of the source for a space', async () => {
  const { s3, put, text } = await stand();
  await put('a b', 'spaced');
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}%2Fa+b` }));
  expect(await text('copy')).toBe('spaced');
});
