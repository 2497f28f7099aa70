// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html; messages of LocalStack's recordings of AWS,
// tests/aws/services/s3/test_s3_api.snapshot.json

import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import type { DefaultRetention, PutObjectCommandInput } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { S3Client } from '@aws-sdk/client-s3';
import { newTable } from '../../../../tests/table.ts';
import { Bucket, stand, user } from '../test-stand.ts';

const DAY = 86_400_000;
const Key = 'k';
const HELD = { name: 'AccessDenied', message: 'Access Denied because object protected by object lock.' };

async function locked() {
  const table = newTable();
  const s3 = table.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  const put = async (more: Partial<PutObjectCommandInput> = {}) =>
    (await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more }))).VersionId as string;
  const byDefault = (DefaultRetention: DefaultRetention) =>
    s3.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } },
      }),
    );
  const remove = (VersionId: string, BypassGovernanceRetention?: boolean, by: S3Client = s3) =>
    by.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention }));
  const retain = (VersionId: string, Mode: 'GOVERNANCE' | 'COMPLIANCE', days: number, bypass?: boolean) =>
    s3.send(
      new PutObjectRetentionCommand({
        Bucket,
        Key,
        VersionId,
        Retention: { Mode, RetainUntilDate: new Date(table.world.now + days * DAY) },
        BypassGovernanceRetention: bypass,
      }),
    );
  const hold = (VersionId: string, Status: 'ON' | 'OFF') =>
    s3.send(new PutObjectLegalHoldCommand({ Bucket, Key, VersionId, LegalHold: { Status } }));
  return { table, s3, put, byDefault, remove, retain, hold };
}

describe('a bucket with Object Lock', () => {
  it('has versions, and keeps having them', async () => {
    const { s3 } = await locked();
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
    const { ObjectLockConfiguration } = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(ObjectLockConfiguration).toEqual({ ObjectLockEnabled: 'Enabled' });
    await expect(
      s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } })),
    ).rejects.toMatchObject({ name: 'InvalidBucketState', $metadata: { httpStatusCode: 409 } });
  });

  it('gives new versions its default retention, and others what they ask for', async () => {
    const { table, s3, put, byDefault } = await locked();
    await byDefault({ Mode: 'GOVERNANCE', Days: 2 });
    await put();
    const usual = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    expect(usual.ObjectLockMode).toBe('GOVERNANCE');
    expect(Number(usual.ObjectLockRetainUntilDate)).toBe(table.world.now + 2 * DAY);
    const ObjectLockRetainUntilDate = new Date(table.world.now + 9 * DAY);
    await put({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus: 'ON' });
    const own = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    expect(own).toMatchObject({ ObjectLockMode: 'COMPLIANCE', ObjectLockLegalHoldStatus: 'ON' });
    // A copy gets the default of where it goes, not what its source has.
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` }));
    const copy = await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }));
    expect(copy.ObjectLockMode).toBe('GOVERNANCE');
    expect(copy.ObjectLockLegalHoldStatus).toBeUndefined();
  });

  it('refuses defaults and retentions that are none', async () => {
    const { table, byDefault, put } = await locked();
    await expect(byDefault({ Mode: 'GOVERNANCE', Days: 1, Years: 1 })).rejects.toThrow('not well-formed');
    await expect(byDefault({ Days: 1 })).rejects.toThrow('not well-formed');
    await expect(byDefault({ Mode: 'GOVERNANCE', Days: 0 })).rejects.toThrow('positive integer');
    await expect(byDefault({ Mode: 'GOVERNANCE', Years: 101 })).rejects.toThrow('too large');
    await expect(put({ ObjectLockMode: 'GOVERNANCE' })).rejects.toThrow('must both be supplied');
    const past = {
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: new Date(table.world.now),
    } as const;
    await expect(put(past)).rejects.toThrow('must be in the future');
  });
});

describe('a version under retention', () => {
  it('in governance mode is deleted only by who may bypass it, and says so', async () => {
    const { table, put, byDefault, remove } = await locked();
    await byDefault({ Mode: 'GOVERNANCE', Days: 2 });
    const id = await put();
    await expect(remove(id)).rejects.toMatchObject(HELD);
    const someone = await user(table, 'someone', {
      Effect: 'Allow',
      Action: 's3:DeleteObjectVersion',
      Resource: '*',
    });
    await expect(remove(id, true, someone)).rejects.toMatchObject(HELD);
    await remove(id, true);
  });

  it('in compliance mode is deleted by nobody before its time', async () => {
    const { table, put, byDefault, remove, s3 } = await locked();
    await byDefault({ Mode: 'COMPLIANCE', Days: 2 });
    const VersionId = await put();
    await expect(remove(VersionId, true)).rejects.toMatchObject(HELD);
    const Delete = { Objects: [{ Key, VersionId }] };
    const several = await s3.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(several.Errors).toEqual([{ Key, VersionId, Code: 'AccessDenied', Message: HELD.message }]);
    // A deletion without a version only hides it.
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    table.advance(2 * DAY);
    await remove(VersionId);
  });

  it('in compliance mode is only ever kept longer; in governance mode shorter with the right to bypass', async () => {
    const { put, retain, s3 } = await locked();
    const id = await put();
    await retain(id, 'GOVERNANCE', 5);
    await expect(retain(id, 'GOVERNANCE', 4)).rejects.toMatchObject(HELD);
    await retain(id, 'GOVERNANCE', 3, true);
    await retain(id, 'COMPLIANCE', 4);
    await expect(retain(id, 'COMPLIANCE', 3, true)).rejects.toMatchObject(HELD);
    await expect(retain(id, 'GOVERNANCE', 9, true)).rejects.toMatchObject(HELD);
    await retain(id, 'COMPLIANCE', 10);
    const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket, Key }));
    expect(Retention?.Mode).toBe('COMPLIANCE');
  });

  it('is not expired by lifecycle rules before its time', async () => {
    const { table, put, byDefault, s3 } = await locked();
    await byDefault({ Mode: 'COMPLIANCE', Days: 10 });
    await put();
    await put();
    const rule = {
      ID: 'old',
      Status: 'Enabled' as const,
      Filter: {},
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
    };
    await s3.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [rule] } }),
    );
    const count = async () => (await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions?.length;
    table.advance(9 * DAY);
    expect(await count()).toBe(2);
    table.advance(3 * DAY);
    expect(await count()).toBe(1);
  });
});

it('a legal hold keeps a version until it is lifted', async () => {
  const { put, hold, remove, s3 } = await locked();
  const id = await put();
  await expect(s3.send(new GetObjectLegalHoldCommand({ Bucket, Key }))).rejects.toMatchObject({
    name: 'NoSuchObjectLockConfiguration',
  });
  await hold(id, 'ON');
  await expect(remove(id, true)).rejects.toMatchObject(HELD);
  await hold(id, 'OFF');
  expect((await s3.send(new GetObjectLegalHoldCommand({ Bucket, Key }))).LegalHold?.Status).toBe('OFF');
  await remove(id);
});

it('holds are shown only to who may see them, and set only by who may set them', async () => {
  const { table, put, byDefault } = await locked();
  await byDefault({ Mode: 'GOVERNANCE', Days: 2 });
  await put();
  const Action = ['s3:GetObject', 's3:PutObject'];
  const reader = await user(table, 'reader', { Effect: 'Allow', Action, Resource: '*' });
  const head = await reader.send(new HeadObjectCommand({ Bucket, Key }));
  expect(head.ObjectLockMode).toBeUndefined();
  const ObjectLockLegalHoldStatus = 'ON';
  await expect(
    reader.send(new PutObjectCommand({ Bucket, Key, Body: 'y', ObjectLockLegalHoldStatus })),
  ).rejects.toThrow('s3:PutObjectLegalHold');
});

it('needs a bucket with Object Lock, which needs versioning', async () => {
  const { s3, put } = await stand();
  await put('k');
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const;
  const configure = () => s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
  await expect(configure()).rejects.toMatchObject({
    name: 'InvalidBucketState',
    message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
  });
  const missing = { name: 'InvalidRequest', message: 'Bucket is missing Object Lock Configuration' };
  await expect(
    s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ObjectLockLegalHoldStatus: 'ON' })),
  ).rejects.toMatchObject(missing);
  await expect(
    s3.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status: 'ON' } })),
  ).rejects.toMatchObject(missing);
  await expect(
    s3.send(new DeleteObjectCommand({ Bucket, Key, BypassGovernanceRetention: true })),
  ).rejects.toMatchObject({ name: 'InvalidArgument' });
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  await configure();
});
