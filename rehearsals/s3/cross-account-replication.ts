// Objects of account A in a bucket of account B: which permissions replication needs, on which side. One of them is left out at a
// time, and an object shows whether it gets there.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html

import {
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';

const A = '000000000000';
const B = { accountId: '111111111111', credentials: { accessKeyId: '111111111111', secretAccessKey: 'b' } };
const SOURCE = 'shop-orders';
const REPLICA = 'archive-orders';
const RoleName = 'replication';
const ROLE = `arn:aws:iam::${A}:role/${RoleName}`;
/** More than replication takes. */
const LONG_ENOUGH = 5 * 60_000;
const FOUND =
  'both buckets need versioning; to replicate is all that B’s policy has to let the role do, to write is neither needed nor ' +
  'enough; to decrypt and encrypt is needed for objects under keys of KMS alone, and B’s key has to let the role in as well';

interface Keys {
  readonly here: string;
  readonly there: string;
}

function policy(...Statement: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function trust(Service: string): string {
  return policy({ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' });
}

const READ = {
  Effect: 'Allow',
  Action: [
    's3:GetReplicationConfiguration',
    's3:ListBucket',
    's3:GetObjectVersionForReplication',
    's3:GetObjectVersionAcl',
  ],
  Resource: [`arn:aws:s3:::${SOURCE}`, `arn:aws:s3:::${SOURCE}/*`],
};
const REPLICATE = {
  Effect: 'Allow',
  Action: ['s3:ReplicateObject', 's3:ReplicateDelete'],
  Resource: `arn:aws:s3:::${REPLICA}/*`,
};

async function versioned(s3: S3Client, Bucket: string): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket }));
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
}

async function permit(scene: Scene, ...statements: object[]): Promise<void> {
  await scene.aws.client(IAMClient).send(
    new PutRolePolicyCommand({
      RoleName,
      PolicyName: 'replication',
      PolicyDocument: policy(...statements),
    }),
  );
}

/** What B lets the role of A do with its bucket. */
async function admit(scene: Scene, Action: readonly string[]): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: ROLE },
    Action,
    Resource: `arn:aws:s3:::${REPLICA}/*`,
  };
  await scene.aws
    .client(S3Client, B)
    .send(new PutBucketPolicyCommand({ Bucket: REPLICA, Policy: policy(statement) }));
}

async function prepare(scene: Scene): Promise<Keys> {
  await versioned(scene.aws.client(S3Client), SOURCE);
  await versioned(scene.aws.client(S3Client, B), REPLICA);
  await scene.aws
    .client(IAMClient)
    .send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust('s3.amazonaws.com') }));
  await permit(scene, READ, REPLICATE);
  const here = await scene.aws.client(KMSClient).send(new CreateKeyCommand({}));
  const root = { Effect: 'Allow', Principal: { AWS: B.accountId }, Action: 'kms:*', Resource: '*' };
  const guest = { Effect: 'Allow', Principal: { AWS: ROLE }, Action: 'kms:Encrypt', Resource: '*' };
  const there = await scene.aws
    .client(KMSClient, B)
    .send(new CreateKeyCommand({ Policy: policy(root, guest) }));
  const keys = { here: here.KeyMetadata?.Arn ?? '', there: there.KeyMetadata?.Arn ?? '' };
  const rule = {
    Status: 'Enabled',
    Priority: 1,
    Filter: {},
    DeleteMarkerReplication: { Status: 'Disabled' },
    SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
    Destination: {
      Bucket: `arn:aws:s3:::${REPLICA}`,
      EncryptionConfiguration: { ReplicaKmsKeyID: keys.there },
    },
  } as const;
  await scene.aws.client(S3Client).send(
    new PutBucketReplicationCommand({
      Bucket: SOURCE,
      ReplicationConfiguration: { Role: ROLE, Rules: [rule] },
    }),
  );
  return keys;
}

/** Writes an order into A's bucket and says how its replication ends. */
async function attempt(scene: Scene, Key: string, KeyId?: string): Promise<string> {
  const s3 = scene.aws.client(S3Client);
  const encrypted = KeyId ? ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyId } as const) : {};
  await s3.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body: 'order', ...encrypted }));
  await scene.clock.sleep(LONG_ENOUGH);
  return (await s3.send(new HeadObjectCommand({ Bucket: SOURCE, Key }))).ReplicationStatus ?? 'none';
}

async function run(scene: Scene, { here, there }: Keys): Promise<Ending> {
  const withoutPolicy = await attempt(scene, 'a');
  await admit(scene, ['s3:PutObject']);
  const toWrite = await attempt(scene, 'b');
  await admit(scene, ['s3:ReplicateObject', 's3:ReplicateDelete']);
  const toReplicate = await attempt(scene, 'c');
  const encrypted = await attempt(scene, 'd', here);
  const keys = { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:Encrypt'], Resource: [here, there] };
  await permit(scene, READ, REPLICATE, keys);
  const decrypting = await attempt(scene, 'e', here);
  const iam = scene.aws.client(IAMClient);
  const PolicyDocument = trust('ec2.amazonaws.com');
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
  const untrusted = await attempt(scene, 'f');
  const replica = await scene.aws
    .client(S3Client, B)
    .send(new HeadObjectCommand({ Bucket: REPLICA, Key: 'e' }));
  return {
    ended: replica.ReplicationStatus === 'REPLICA' ? 'replicated' : 'not replicated',
    facts: {
      withoutPolicy,
      toWrite,
      toReplicate,
      encrypted,
      decrypting,
      untrusted,
      underTheKeyThere: replica.SSEKMSKeyId === there,
    },
  };
}

export default rehearsal<Keys>({
  title: 'Objects of one account in a bucket of another',
  claim: { id: 's3/cross-account-replication', verdict: `corrected: ${FOUND}` },
  prepare,
  run,
  expect: [
    fact('withoutPolicy', 'FAILED'),
    fact('toWrite', 'FAILED'),
    fact('toReplicate', 'COMPLETED'),
    fact('encrypted', 'FAILED'),
    fact('decrypting', 'COMPLETED'),
    fact('untrusted', 'FAILED'),
    fact('underTheKeyThere', true),
  ],
});
