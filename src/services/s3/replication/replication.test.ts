// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html

import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  DeleteBucketReplicationCommand,
  DeleteObjectCommand,
  GetBucketReplicationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { PutObjectCommandInput, ReplicationRule } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { Bucket, stand, STRANGER } from '../test-stand.ts';

const REPLICA = 'sand-replica';
const Key = 'k';
const LONG_ENOUGH = 300_000;
const ROLE = 'arn:aws:iam::000000000000:role/replication';
const READ = [
  's3:GetReplicationConfiguration',
  's3:ListBucket',
  's3:GetObjectVersionForReplication',
  's3:GetObjectVersionAcl',
];
const WRITE = ['s3:ReplicateObject', 's3:ReplicateDelete'];
const TAGS = ['s3:GetObjectVersionTagging', 's3:ReplicateTags'];
const ALL = [...READ, ...WRITE, ...TAGS];

interface Setting {
  readonly actions?: readonly string[];
  readonly rule?: Partial<ReplicationRule>;
  readonly elsewhere?: { region?: string; credentials?: typeof STRANGER };
}

const RULE = {
  Status: 'Enabled',
  Priority: 1,
  Filter: {},
  DeleteMarkerReplication: { Status: 'Disabled' },
  Destination: { Bucket: `arn:aws:s3:::${REPLICA}` },
} as const;

async function replicating({ actions = ALL, rule = {}, elsewhere = {} }: Setting = {}) {
  const { table, s3 } = await stand('Enabled');
  const there = table.client(S3Client, elsewhere);
  const CreateBucketConfiguration = elsewhere.region
    ? { LocationConstraint: elsewhere.region as 'eu-west-1' }
    : undefined;
  await there.send(new CreateBucketCommand({ Bucket: REPLICA, CreateBucketConfiguration }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await there.send(new PutBucketVersioningCommand({ Bucket: REPLICA, VersioningConfiguration }));
  const iam = table.client(IAMClient);
  const Statement = { Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'sts:AssumeRole' };
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'replication',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
    }),
  );
  const permit = (some: readonly string[]) =>
    iam.send(
      new PutRolePolicyCommand({
        RoleName: 'replication',
        PolicyName: 'replication',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Action: some, Resource: '*' },
        }),
      }),
    );
  await permit(actions);
  const configure = (...Rules: ReplicationRule[]) =>
    s3.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration: { Role: ROLE, Rules } }));
  await configure({ ...RULE, ...rule });
  const put = async (more: Partial<PutObjectCommandInput> = {}) =>
    (await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more }))).VersionId as string;
  const status = async (key = Key) =>
    (await s3.send(new HeadObjectCommand({ Bucket, Key: key }))).ReplicationStatus;
  const replica = (key = Key) => there.send(new HeadObjectCommand({ Bucket: REPLICA, Key: key }));
  const settle = () => table.advance(LONG_ENOUGH);
  return { table, s3, there, permit, configure, put, status, replica, settle };
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-status.html
it('brings a version into the other bucket as it is, some time later', async () => {
  const { there, put, status, replica, settle, s3 } = await replicating();
  const id = await put({ Metadata: { a: 'b' }, Tagging: 't=1' });
  expect(await status()).toBe('PENDING');
  await expect(replica()).rejects.toThrow();
  settle();
  expect(await status()).toBe('COMPLETED');
  const original = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  const found = await replica();
  expect(found).toMatchObject({
    ReplicationStatus: 'REPLICA',
    VersionId: id,
    Metadata: { a: 'b' },
    TagCount: 1,
  });
  expect(found.LastModified).toEqual(original.LastModified);
  const read = await there.send(new GetObjectCommand({ Bucket: REPLICA, Key }));
  expect(await read.Body?.transformToString()).toBe('x');
});

it('keeps versions in the order in which they were written, whichever comes first', async () => {
  const { there, put, settle, table } = await replicating();
  const ids: string[] = [];
  for (let i = 0; i < 6; i += 1) {
    ids.push(await put({ Body: String(i) }));
    table.advance(1000);
  }
  settle();
  const { Versions = [] } = await there.send(new ListObjectVersionsCommand({ Bucket: REPLICA }));
  expect(Versions.map(({ VersionId }) => VersionId)).toEqual(ids.toReversed());
  const last = await there.send(new GetObjectCommand({ Bucket: REPLICA, Key }));
  expect(await last.Body?.transformToString()).toBe('5');
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
describe('what goes along', () => {
  it('is what was written since the rule, and what its filter lets through', async () => {
    const And = { Prefix: 'in/', Tags: [{ Key: 'keep', Value: 'yes' }] };
    const { put, status, settle } = await replicating({ rule: { Filter: { And } } });
    await put({ Key: 'in/a', Tagging: 'keep=yes' });
    await put({ Key: 'in/b' });
    await put({ Key: 'out', Tagging: 'keep=yes' });
    settle();
    expect([await status('in/a'), await status('in/b'), await status('out')]).toEqual([
      'COMPLETED',
      undefined,
      undefined,
    ]);
  });

  it('is a delete marker if the rule says so, and never the deletion of a version', async () => {
    const DeleteMarkerReplication = { Status: 'Enabled' } as const;
    const { s3, put, replica, settle, there } = await replicating({ rule: { DeleteMarkerReplication } });
    const VersionId = await put();
    settle();
    await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    settle();
    expect((await replica()).VersionId).toBe(VersionId);
    await put();
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    settle();
    await expect(replica()).rejects.toThrow();
    const { DeleteMarkers = [] } = await there.send(new ListObjectVersionsCommand({ Bucket: REPLICA }));
    expect(DeleteMarkers).toHaveLength(1);
  });

  it('is no delete marker otherwise', async () => {
    const { s3, put, replica, settle } = await replicating();
    const id = await put();
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    settle();
    expect((await replica()).VersionId).toBe(id);
  });

  it('is a change of tags', async () => {
    const { s3, there, put, settle, status } = await replicating();
    await put();
    settle();
    const TagSet = [{ Key: 'a', Value: 'b' }];
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
    expect(await status()).toBe('PENDING');
    settle();
    const found = await there.send(new GetObjectTaggingCommand({ Bucket: REPLICA, Key }));
    expect(found.TagSet).toEqual(TagSet);
  });

  it('is no replica', async () => {
    const { table, s3, put, settle } = await replicating();
    const third = 'sand-third';
    await s3.send(new CreateBucketCommand({ Bucket: third }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket: third, VersioningConfiguration }));
    const Rules = [{ ...RULE, Destination: { Bucket: `arn:aws:s3:::${third}` } }];
    const ReplicationConfiguration = { Role: ROLE, Rules };
    await s3.send(new PutBucketReplicationCommand({ Bucket: REPLICA, ReplicationConfiguration }));
    await put();
    settle();
    table.advance(LONG_ENOUGH);
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: third }));
    expect(Versions).toBeUndefined();
  });

  it('is kept in the storage class that the rule names', async () => {
    const Destination = { ...RULE.Destination, StorageClass: 'STANDARD_IA' } as const;
    const { put, replica, settle } = await replicating({ rule: { Destination } });
    await put();
    settle();
    expect((await replica()).StorageClass).toBe('STANDARD_IA');
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
describe('the role', () => {
  it.each(READ.concat('s3:ReplicateObject'))('cannot do without %s', async (missing) => {
    const { put, status, settle, replica } = await replicating({
      actions: ALL.filter((action) => action !== missing),
    });
    await put();
    settle();
    expect(await status()).toBe('FAILED');
    await expect(replica()).rejects.toThrow();
  });

  it('leaves tags behind that it may not read or write', async () => {
    const { put, status, settle, replica } = await replicating({ actions: [...READ, ...WRITE] });
    await put({ Tagging: 'a=b' });
    settle();
    expect(await status()).toBe('COMPLETED');
    expect((await replica()).TagCount).toBeUndefined();
  });

  it('fails a version for good; only writing it again helps', async () => {
    const { put, status, settle, permit } = await replicating({ actions: READ });
    await put();
    settle();
    await permit(ALL);
    settle();
    expect(await status()).toBe('FAILED');
    await put();
    settle();
    expect(await status()).toBe('COMPLETED');
  });
});

describe('to another account and Region', () => {
  const elsewhere = { region: 'eu-west-1', credentials: STRANGER };

  it('needs the policy of the bucket there', async () => {
    const { there, put, status, settle, replica } = await replicating({ elsewhere });
    await put();
    settle();
    expect(await status()).toBe('FAILED');
    const Statement = {
      Effect: 'Allow',
      Principal: { AWS: ROLE },
      Action: ['s3:ReplicateObject', 's3:ReplicateDelete'],
      Resource: `arn:aws:s3:::${REPLICA}/*`,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await there.send(new PutBucketPolicyCommand({ Bucket: REPLICA, Policy }));
    const id = await put();
    settle();
    expect(await status()).toBe('COMPLETED');
    expect((await replica()).VersionId).toBe(id);
  });

  it('changes the owner only with a permission of its own, on both sides', async () => {
    const Destination = {
      ...RULE.Destination,
      Account: STRANGER.accessKeyId,
      AccessControlTranslation: { Owner: 'Destination' },
    } as const;
    const override = 's3:ObjectOwnerOverrideToBucketOwner';
    const { there, put, status, settle } = await replicating({
      elsewhere,
      rule: { Destination },
      actions: [...ALL, override],
    });
    const allow = (...more: string[]) => {
      const Action = [...WRITE, ...more];
      const on = { Principal: { AWS: ROLE }, Resource: `arn:aws:s3:::${REPLICA}/*` };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action, ...on } });
      return there.send(new PutBucketPolicyCommand({ Bucket: REPLICA, Policy }));
    };
    await allow();
    await put();
    settle();
    expect(await status()).toBe('FAILED');
    await allow(override);
    await put();
    settle();
    expect(await status()).toBe('COMPLETED');
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
it('takes objects under keys of KMS only if the rule says so, with a key there and the right to both keys', async () => {
  const { table, configure, permit, put, status, replica, settle } = await replicating();
  const kms = table.client(KMSClient);
  const [here = '', there = ''] = await Promise.all(
    [0, 1].map(async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn as string),
  );
  const encrypted = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: here } as const;
  await put(encrypted);
  settle();
  expect(await status()).toBeUndefined();
  await configure({
    ...RULE,
    SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
    Destination: { ...RULE.Destination, EncryptionConfiguration: { ReplicaKmsKeyID: there } },
  });
  await put(encrypted);
  settle();
  expect(await status()).toBe('FAILED');
  await permit([...ALL, 'kms:Decrypt', 'kms:Encrypt']);
  await put(encrypted);
  settle();
  expect(await status()).toBe('COMPLETED');
  expect(await replica()).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: there });
});

describe('rules', () => {
  it('are shown as they were given, and go; versioning stays on while they are there', async () => {
    const { s3, put, status } = await replicating();
    const { ReplicationConfiguration } = await s3.send(new GetBucketReplicationCommand({ Bucket }));
    expect(ReplicationConfiguration?.Role).toBe(ROLE);
    expect(ReplicationConfiguration?.Rules).toMatchObject([{ Status: 'Enabled', Priority: 1 }]);
    const suspend = () =>
      s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }));
    await expect(suspend()).rejects.toMatchObject({ name: 'InvalidBucketState' });
    await s3.send(new DeleteBucketReplicationCommand({ Bucket }));
    await suspend();
    await put();
    expect(await status()).toBeUndefined();
  });

  it('need versioning on both sides, and what their schema asks for', async () => {
    const { s3 } = await stand();
    const Role = ROLE;
    const configure = (rule: object) =>
      s3.send(
        new PutBucketReplicationCommand({
          Bucket,
          ReplicationConfiguration: { Role, Rules: [{ ...RULE, ...rule } as ReplicationRule] },
        }),
      );
    await expect(configure({})).rejects.toThrow("Versioning must be 'Enabled' on the bucket to apply");
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await expect(configure({})).rejects.toThrow('Destination bucket must exist.');
    await s3.send(new CreateBucketCommand({ Bucket: REPLICA }));
    await expect(configure({})).rejects.toThrow('Destination bucket must have versioning enabled.');
    await s3.send(new PutBucketVersioningCommand({ Bucket: REPLICA, VersioningConfiguration }));
    await expect(configure({ Priority: undefined })).rejects.toThrow('Priority must be specified');
    await expect(configure({ DeleteMarkerReplication: undefined })).rejects.toThrow(
      'DeleteMarkerReplication',
    );
    const tagged = {
      Filter: { Tag: { Key: 'a', Value: 'b' } },
      DeleteMarkerReplication: { Status: 'Enabled' },
    };
    await expect(configure(tagged)).rejects.toThrow('not supported if any Tag filter');
    const SourceSelectionCriteria = { SseKmsEncryptedObjects: { Status: 'Enabled' } };
    await expect(configure({ SourceSelectionCriteria })).rejects.toThrow('ReplicaKmsKeyID must be specified');
    const Metrics = { Status: 'Enabled' };
    await expect(configure({ Destination: { ...RULE.Destination, Metrics } })).rejects.toMatchObject({
      name: 'NotImplemented',
    });
    await configure({});
  });
});
