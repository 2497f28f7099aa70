import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';

it('smoke', async () => {
  const table = newTable();
  const s3 = table.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'one' }));
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: 'one', VersioningConfiguration: { Status: 'Enabled' } }),
  );
  const put = await s3.send(
    new PutObjectCommand({ Bucket: 'one', Key: 'a/b c.txt', Body: 'hello', Metadata: { A: 'b' } }),
  );
  console.log(put);
  const got = await s3.send(new GetObjectCommand({ Bucket: 'one', Key: 'a/b c.txt', Range: 'bytes=1-3' }));
  expect(await got.Body?.transformToString()).toBe('ell');
  console.log({ ...got, Body: 0 });
  const all = await s3.send(new GetObjectCommand({ Bucket: 'one', Key: 'a/b c.txt' }));
  expect(await all.Body?.transformToString()).toBe('hello');
  console.log(await s3.send(new HeadObjectCommand({ Bucket: 'one', Key: 'a/b c.txt' })));
  await expect(s3.send(new GetObjectCommand({ Bucket: 'one', Key: 'x' }))).rejects.toMatchObject({
    name: 'NoSuchKey',
    Key: 'x',
  });
  await expect(s3.send(new GetObjectCommand({ Bucket: 'two', Key: 'x' }))).rejects.toThrow(/does not exist/);
  table.check();
});
