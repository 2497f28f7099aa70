import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import type { DeleteMarkerEntry } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, stand, version } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

const Key = 'k';

async function listed({ s3 }: Stand): Promise<string[]> {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  const row = (one: DeleteMarkerEntry, kind: string): string =>
    `${kind} ${one.VersionId}${one.IsLatest ? ' latest' : ''}`;
  return [...Versions.map((one) => row(one, 'object')), ...DeleteMarkers.map((one) => row(one, 'marker'))];
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
it('keeps every version of an object while versioning is on', async () => {
  const { put, text } = await stand('Enabled');
  const first = await put(Key, 'one');
  const second = await put(Key, 'two');
  expect(first.VersionId).toMatch(/^[A-Za-z0-9._]{32}$/);
  expect(await text(Key)).toBe('two');
  expect(await text(Key, first.VersionId)).toBe('one');
  expect(await text(Key, second.VersionId)).toBe('two');
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
it('deletes by a marker, which is undone by deleting the marker', async () => {
  const { s3, put, text } = await stand('Enabled');
  const { VersionId } = await put(Key, 'one');
  const deleted = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  expect(deleted).toMatchObject({ DeleteMarker: true });
  const error = await s3
    .send(new GetObjectCommand({ Bucket, Key }))
    .then(() => undefined)
    .catch((caught: { name: string; $response: { headers: Record<string, string> } }) => caught);
  expect(error?.name).toBe('NoSuchKey');
  expect(error?.$response.headers).toMatchObject({
    'x-amz-delete-marker': 'true',
    'x-amz-version-id': deleted.VersionId,
  });
  expect(await text(Key, VersionId)).toBe('one');
  const marker = { Bucket, Key, VersionId: deleted.VersionId };
  await expect(s3.send(new GetObjectCommand(marker))).rejects.toMatchObject({
    name: 'MethodNotAllowed',
    Method: 'GET',
    ResourceType: 'DeleteMarker',
    $metadata: { httpStatusCode: 405 },
  });
  await expect(s3.send(new HeadObjectCommand(marker))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 405 },
  });
  await expect(s3.send(new GetObjectTaggingCommand({ Bucket, Key }))).rejects.toMatchObject({
    name: 'MethodNotAllowed',
  });
  expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  expect(await s3.send(new DeleteObjectCommand(marker))).toMatchObject({
    DeleteMarker: true,
    VersionId: deleted.VersionId,
  });
  expect(await text(Key)).toBe('one');
});

it('marks as deleted even what was never there', async () => {
  const { s3 } = await stand('Enabled');
  expect(await s3.send(new DeleteObjectCommand({ Bucket, Key }))).toMatchObject({ DeleteMarker: true });
});

it('uncovers the version before when the current one is deleted for good', async () => {
  const { s3, put, text } = await stand('Enabled');
  await put(Key, 'one');
  const { VersionId } = await put(Key, 'two');
  await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
  expect(await text(Key)).toBe('one');
  await expect(s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).rejects.toMatchObject({
    name: 'NoSuchVersion',
    Key,
    VersionId,
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
it('overwrites the version null, and only that, while versioning is suspended', async () => {
  const room = await stand();
  const { s3, put, text } = room;
  await put(Key, 'before');
  await version(s3, 'Enabled');
  const { VersionId } = await put(Key, 'kept');
  expect(await text(Key, 'null')).toBe('before');
  await version(s3, 'Suspended');
  expect((await put(Key, 'null again')).VersionId).toBeUndefined();
  expect(await listed(room)).toEqual(['object null latest', `object ${VersionId}`]);
  expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).VersionId).toBe('null');
  expect(await s3.send(new DeleteObjectCommand({ Bucket, Key }))).toMatchObject({
    DeleteMarker: true,
    VersionId: 'null',
  });
  expect(await listed(room)).toEqual([`object ${VersionId}`, 'marker null latest']);
});

it('knows its version ids from others', async () => {
  const { s3, put } = await stand('Enabled');
  const { VersionId = '' } = await put(Key);
  await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
  const get = (id: string): Promise<unknown> => s3.send(new GetObjectCommand({ Bucket, Key, VersionId: id }));
  await expect(get(VersionId)).rejects.toMatchObject({ name: 'NoSuchVersion' });
  // LocalStack's tests record it of AWS: test_delete_object_versioned.
  for (const forged of ['nonsense', `${VersionId.slice(0, -4)}ABCD`]) {
    await expect(get(forged)).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'Invalid version id specified',
      ArgumentName: 'versionId',
    });
  }
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
it('lists versions by key and from the newest, in pages', async () => {
  const { s3, put } = await stand('Enabled');
  const ids: (string | undefined)[] = [];
  for (const key of ['a', 'a', 'b', 'b', 'b', 'c']) ids.push((await put(key)).VersionId);
  const order = [ids[1], ids[0], ids[4], ids[3], ids[2], ids[5]];
  const seen: (string | undefined)[] = [];
  let page: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  for (let pages = 0; pages < 10; pages += 1) {
    const answer = await s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...page }));
    seen.push(...(answer.Versions ?? []).map(({ VersionId }) => VersionId));
    if (!answer.IsTruncated) break;
    page = { KeyMarker: answer.NextKeyMarker, VersionIdMarker: answer.NextVersionIdMarker };
  }
  expect(seen).toEqual(order);
  const after = await s3.send(new ListObjectVersionsCommand({ Bucket, KeyMarker: 'a' }));
  expect(after.Versions?.map(({ VersionId }) => VersionId)).toEqual(order.slice(2));
  await expect(
    s3.send(new ListObjectVersionsCommand({ Bucket, VersionIdMarker: ids[0] as string })),
  ).rejects.toMatchObject({ name: 'InvalidArgument' });
});

it('rolls versions up under common prefixes', async () => {
  const { s3, put } = await stand('Enabled');
  for (const key of ['f/s/1', 'f/s/2', 'f/a', 'f/z']) await put(key);
  const first = await s3.send(
    new ListObjectVersionsCommand({ Bucket, Prefix: 'f/', Delimiter: '/', MaxKeys: 2 }),
  );
  expect(first.Versions?.map((one) => one.Key)).toEqual(['f/a']);
  expect(first.CommonPrefixes).toEqual([{ Prefix: 'f/s/' }]);
  expect(first).toMatchObject({ IsTruncated: true, NextKeyMarker: 'f/s/' });
  expect(first.NextVersionIdMarker).toBeUndefined();
  const rest = await s3.send(
    new ListObjectVersionsCommand({ Bucket, Prefix: 'f/', Delimiter: '/', KeyMarker: 'f/s/' }),
  );
  expect(rest.Versions?.map((one) => one.Key)).toEqual(['f/z']);
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
it('deletes many at once, and tells of each unless asked to be quiet', async () => {
  const { s3, put } = await stand('Enabled');
  const { VersionId } = await put('a');
  await put('b');
  const remove = (Objects: { Key: string; VersionId?: string | undefined }[], Quiet = false) =>
    s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet } }));
  const { Deleted, Errors } = await remove([
    { Key: 'a', VersionId },
    { Key: 'b' },
    { Key: 'a', VersionId: 'A'.repeat(32) },
  ]);
  expect(Deleted).toEqual([
    { Key: 'a', VersionId },
    { Key: 'b', DeleteMarker: true, DeleteMarkerVersionId: expect.any(String) },
  ]);
  expect(Errors).toMatchObject([{ Key: 'a', Code: 'NoSuchVersion' }]);
  // Verified against AWS by moto's test_locked_object_governance_mode.
  expect((await remove([{ Key: 'a', VersionId }])).Deleted).toEqual([{ Key: 'a', VersionId }]);
  const quiet = await remove([{ Key: 'b', VersionId: Deleted?.[1]?.DeleteMarkerVersionId }], true);
  expect(quiet.Deleted).toBeUndefined();
  expect((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.map((one) => one.Key)).toEqual([
    'b',
  ]);
});

it('deletes a bucket only once all versions and markers are gone', async () => {
  const { s3, put } = await stand('Enabled');
  const { VersionId } = await put(Key);
  const { VersionId: marker } = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
  await expect(s3.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({
    message: 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
  });
  await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: marker }));
  await s3.send(new DeleteBucketCommand({ Bucket }));
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
it('deletes under the condition that the object is as expected', async () => {
  const { s3, put } = await stand();
  const { ETag } = await put(Key);
  await expect(s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch: '"x"' }))).rejects.toMatchObject({
    name: 'PreconditionFailed',
  });
  await s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch: ETag }));
  // Verified against AWS by moto's test_delete_object_if_match.
  await expect(
    s3.send(new DeleteObjectCommand({ Bucket, Key: 'none', IfMatch: ETag })),
  ).rejects.toMatchObject({
    name: 'NoSuchKey',
  });
  await expect(s3.send(new HeadObjectCommand({ Bucket, Key }))).rejects.toMatchObject({ name: 'NotFound' });
});
