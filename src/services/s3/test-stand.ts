// What the tests of this folder start from: a world with one bucket, and people who may or may not use it.

import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { PutObjectCommandOutput } from '@aws-sdk/client-s3';
import type { WireRequest } from '#contract/wire.ts';
import { bodyBytes } from '#cloud/body.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

export const Bucket = 'sand';
/** Another account's root: a 12-digit access key id names the account. */
export const STRANGER = { accessKeyId: '111111111111', secretAccessKey: 'x' };

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface Stand {
  readonly table: TestTable;
  readonly s3: S3Client;
  readonly put: (Key: string, Body?: string | Uint8Array) => Promise<PutObjectCommandOutput>;
  readonly text: (Key: string, VersionId?: string) => Promise<string | undefined>;
}

/** A world with an empty bucket of the default account. */
export async function stand(versioning?: 'Enabled' | 'Suspended'): Promise<Stand> {
  const table = newTable();
  const s3 = table.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket }));
  if (versioning) await version(s3, versioning);
  return {
    table,
    s3,
    put: (Key, Body = 'x') => s3.send(new PutObjectCommand({ Bucket, Key, Body })),
    text: async (Key, VersionId) =>
      (await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString(),
  };
}

export async function version(s3: S3Client, Status: 'Enabled' | 'Suspended'): Promise<void> {
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
}

/** A user of the default account with one inline policy. */
export async function user(table: TestTable, UserName: string, ...statements: object[]): Promise<S3Client> {
  return table.client(S3Client, { credentials: await keysOf(table, UserName, ...statements) });
}

export async function keysOf(table: TestTable, UserName: string, ...statements: object[]): Promise<Keys> {
  const iam = table.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  if (statements.length > 0)
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'inline', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A request as it is, past the SDK: unsigned unless the request is signed already. */
export function raw(table: TestTable, wire: Partial<WireRequest> & { readonly path: string }): Answer {
  const host = 's3.us-east-1.amazonaws.com';
  const whole = { method: 'GET', query: '', headers: {}, body: new Uint8Array(0), host, ...wire };
  const answer = table.gateway.handle(whole);
  if ('response' in answer) throw new Error('S3 never waits.');
  const bytes = bodyBytes(answer.body, (hash) => table.world.blobs.get(hash));
  table.check();
  return { status: answer.status, headers: answer.headers, text: new TextDecoder().decode(bytes) };
}
