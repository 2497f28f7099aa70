// Encryption with keys of KMS.

import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { Bucket, stand, user } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

const OBJECTS = `arn:aws:s3:::${Bucket}/*`;

async function withKey(): Promise<
  Stand & { kms: KMSClient; arn: string; byDefault: (more?: object) => Promise<unknown> }
> {
  const stood = await stand();
  const kms = stood.table.client(KMSClient);
  const arn = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn as string;
  const byDefault = (more: object = {}) => {
    const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: arn };
    const Rules = [{ ApplyServerSideEncryptionByDefault, ...more }];
    const ServerSideEncryptionConfiguration = { Rules };
    return stood.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  };
  return { ...stood, kms, arn, byDefault };
}

const read = (s3: S3Client, Key = 'k') => s3.send(new GetObjectCommand({ Bucket, Key }));

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html
it('is the default where the bucket says so, and not where the object says otherwise', async () => {
  const { s3, put, arn, byDefault } = await withKey();
  await byDefault({ BucketKeyEnabled: true });
  const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  expect(ServerSideEncryptionConfiguration?.Rules).toMatchObject([
    {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: arn },
      BucketKeyEnabled: true,
    },
  ]);
  const kept = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: arn, BucketKeyEnabled: true };
  expect(await put('k')).toMatchObject(kept);
  expect(await read(s3)).toMatchObject(kept);
  const plain = { Bucket, Key: 'plain', Body: 'x', ServerSideEncryption: 'AES256' as const };
  expect(await s3.send(new PutObjectCommand(plain))).toMatchObject({ ServerSideEncryption: 'AES256' });
});

it('uses the key that AWS manages for S3 where no key is named', async () => {
  const { s3, table } = await stand();
  const put = { Bucket, Key: 'k', Body: 'x', ServerSideEncryption: 'aws:kms' as const };
  expect((await s3.send(new PutObjectCommand(put))).SSEKMSKeyId).toMatch(/^arn:aws:kms:us-east-1:/);
  const reader = await user(table, 'reader', { Effect: 'Allow', Action: 's3:GetObject', Resource: OBJECTS });
  expect(await (await read(reader)).Body?.transformToString()).toBe('x');
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
it('needs permission for the key as well as for the object', async () => {
  const { table, s3, arn } = await withKey();
  await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: 'k',
      Body: 'x',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: arn,
    }),
  );
  const get = { Effect: 'Allow', Action: 's3:GetObject', Resource: OBJECTS };
  const blind = await user(table, 'blind', get);
  await expect(read(blind)).rejects.toMatchObject({
    name: 'AccessDenied',
    message: expect.stringContaining('is not authorized to perform: kms:Decrypt'),
  });
  await blind.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  const Condition = {
    StringEquals: {
      'kms:ViaService': 's3.us-east-1.amazonaws.com',
      'kms:EncryptionContext:aws:s3:arn': `arn:aws:s3:::${Bucket}/k`,
    },
  };
  const seeing = await user(table, 'seeing', get, {
    Effect: 'Allow',
    Action: 'kms:Decrypt',
    Resource: arn,
    Condition,
  });
  expect(await (await read(seeing)).Body?.transformToString()).toBe('x');
});

it('fails in the words of KMS while the key is disabled or unknown', async () => {
  const { s3, put, kms, arn, byDefault } = await withKey();
  await byDefault();
  await put('k');
  await kms.send(new DisableKeyCommand({ KeyId: arn }));
  const disabled = { name: 'KMS.DisabledException', message: `${arn} is disabled.` };
  await expect(put('other')).rejects.toMatchObject(disabled);
  await expect(read(s3)).rejects.toMatchObject(disabled);
  const unknown = { Bucket, Key: 'k', Body: 'x', ServerSideEncryption: 'aws:kms' as const };
  await expect(
    s3.send(new PutObjectCommand({ ...unknown, SSEKMSKeyId: 'fake-key-id' })),
  ).rejects.toMatchObject({ name: 'KMS.NotFoundException', message: "Invalid keyId 'fake-key-id'" });
});

it('goes along with copies and multipart uploads', async () => {
  const { s3, put, arn, byDefault } = await withKey();
  await put('plain', 'text');
  await byDefault();
  const copied = await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/plain` }));
  expect(copied).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: arn });
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
  const part = { Bucket, Key: 'parts', UploadId, PartNumber: 1 };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'x' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const done = await s3.send(
    new CompleteMultipartUploadCommand({ Bucket, Key: 'parts', UploadId, MultipartUpload }),
  );
  expect(done).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: arn });
  expect(await read(s3, 'parts')).toMatchObject({ SSEKMSKeyId: arn });
});
