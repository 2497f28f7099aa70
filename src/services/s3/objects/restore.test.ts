// Restoring archived objects: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html

import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  RestoreObjectCommand,
} from '@aws-sdk/client-s3';
import type { RestoreRequest, StorageClass } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const at = { Bucket, Key: 'k' };

interface Archive extends Stand {
  readonly restore: (request: RestoreRequest) => Promise<number | undefined>;
  readonly told: () => Promise<string | undefined>;
}

async function archive(storageClass: StorageClass): Promise<Archive> {
  const stood = await stand();
  const { s3 } = stood;
  await s3.send(new PutObjectCommand({ ...at, Body: 'cold', StorageClass: storageClass }));
  return {
    ...stood,
    restore: async (request) =>
      (await s3.send(new RestoreObjectCommand({ ...at, RestoreRequest: request }))).$metadata.httpStatusCode,
    told: async () => (await s3.send(new HeadObjectCommand(at))).Restore,
  };
}

it('takes hours, and then the object can be read until the midnight after so many days', async () => {
  const { table, s3, text, restore, told } = await archive('GLACIER');
  expect(await told()).toBeUndefined();
  expect(await restore({ Days: 2 })).toBe(202);
  expect(await told()).toBe('ongoing-request="true"');
  table.advance(2 * HOUR);
  await expect(text('k')).rejects.toMatchObject({ name: 'InvalidObjectState', StorageClass: 'GLACIER' });
  table.advance(3 * HOUR);
  expect(await told()).toBe('ongoing-request="false", expiry-date="Thu, 08 Jan 2026 00:00:00 GMT"');
  expect(await text('k')).toBe('cold');
  const list = new ListObjectsV2Command({ Bucket, OptionalObjectAttributes: ['RestoreStatus'] });
  const { Contents } = await s3.send(list);
  expect(Contents).toMatchObject([
    { StorageClass: 'GLACIER', RestoreStatus: { IsRestoreInProgress: false } },
  ]);
  table.advance(72 * HOUR);
  expect(await told()).toBeUndefined();
  await expect(s3.send(new GetObjectCommand(at))).rejects.toMatchObject({ name: 'InvalidObjectState' });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
it('is faster where more is paid for it, which is nothing that a deep archive has', async () => {
  const { table, restore, text } = await archive('GLACIER');
  await restore({ Days: 1, GlacierJobParameters: { Tier: 'Expedited' } });
  table.advance(5 * MINUTE);
  expect(await text('k')).toBe('cold');
  const deep = await archive('DEEP_ARCHIVE');
  await expect(deep.restore({ Days: 1, Tier: 'Expedited' })).rejects.toMatchObject({
    name: 'InvalidArgument',
    message: 'Retrieval option is not supported by this storage class',
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
it('goes on once, and later only changes how long the copy is kept', async () => {
  const { table, restore, told } = await archive('GLACIER');
  await restore({ Days: 1 });
  await expect(restore({ Days: 1 })).rejects.toMatchObject({ name: 'RestoreAlreadyInProgress' });
  table.advance(5 * HOUR);
  expect(await restore({ Days: 9 })).toBe(200);
  table.advance(48 * HOUR);
  expect(await told()).toBe('ongoing-request="false", expiry-date="Thu, 15 Jan 2026 00:00:00 GMT"');
});

it('is for archived objects only', async () => {
  const { restore } = await archive('STANDARD_IA');
  await expect(restore({ Days: 1 })).rejects.toMatchObject({
    name: 'InvalidObjectState',
    StorageClass: 'STANDARD_IA',
  });
});
