// Encryption with keys of KMS: S3 asks KMS as the caller, so that the key's policy and the caller's permissions decide.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html

import { Fault } from '#contract/fault.ts';
import { base64, fromBase64 } from '#contract/protocols/bytes.ts';
import type { Outcome } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { forwarded } from '#cloud/principal.ts';
import { bucketNamed } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import { accessDenied, invalidArgument, notModelled } from '../faults.ts';
import type { Bucket, Keeping, ObjectEncryption } from '../tables.ts';
import { hasCustomerKey } from './customer-key.ts';
import type { CustomerKey } from './customer-key.ts';

const S3 = 's3.amazonaws.com';
const MANAGED_KEY = 'alias/aws/s3';

interface Wanted extends CustomerKey {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
}

/** Throws for settings that are at odds with each other. */
export function checkEncryption({ ServerSideEncryption: algorithm, SSEKMSKeyId }: Wanted): void {
  if (algorithm !== undefined && algorithm !== 'AES256' && algorithm !== 'aws:kms')
    throw notModelled(`Server-side encryption with ${algorithm}`);
  if (SSEKMSKeyId === undefined || algorithm === 'aws:kms') return;
  const message =
    'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms';
  throw invalidArgument('x-amz-server-side-encryption', algorithm, message);
}

/** KMS's errors as S3 passes them on. */
function answered<Q>(outcome: Outcome<Q>): Q {
  if (outcome.ok) return outcome.output;
  const { shape, message } = outcome.fault;
  if (shape === 'NotImplemented') throw outcome.fault;
  if (shape.startsWith('AccessDenied')) throw new Fault('AccessDenied', message, { status: 403 });
  throw new Fault(`KMS.${shape}`, message, { status: 400 });
}

/** A bucket key stands for the whole bucket, and its encryption context names only that. */
function contextFor(bucket: string, key: string, bucketKey: boolean): Record<string, string> {
  return { 'aws:s3:arn': bucketKey ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}` };
}

function checkSigned({ principal }: Ctx): void {
  if (principal.type !== 'anonymous') return;
  const message =
    'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.';
  throw invalidArgument('Authorization', 'null', message);
}

/** What encrypts a new object: what the request wants, or else the bucket's default. Nothing for S3's own keys. */
export function encryptionFor(
  ctx: Ctx,
  { name, region, encryption, bucketKeyEnabled }: Bucket,
  key: string,
  wanted: Wanted,
): { encryption?: ObjectEncryption } {
  if (hasCustomerKey(wanted)) return {};
  const named = wanted.ServerSideEncryption !== undefined;
  if (named ? wanted.ServerSideEncryption !== 'aws:kms' : !encryption) return {};
  checkSigned(ctx);
  const keyId = named ? wanted.SSEKMSKeyId : encryption?.keyId;
  const bucketKey = wanted.BucketKeyEnabled ?? bucketKeyEnabled;
  const made = answered(
    ctx.in({ region }).call(
      'kms',
      'GenerateDataKey',
      {
        KeyId: keyId ?? MANAGED_KEY,
        KeySpec: 'AES_256',
        EncryptionContext: contextFor(name, key, bucketKey),
      },
      forwarded(ctx.principal, S3),
    ),
  );
  const dataKey = base64(made.CiphertextBlob as Uint8Array);
  return { encryption: { keyArn: made.KeyId as string, dataKey, bucketKey } };
}

interface Encrypted {
  readonly bucket: string;
  readonly key: string;
  readonly encryption?: ObjectEncryption;
}

/** Throws unless the caller may decrypt, and the key is fit to. */
export function checkDecryption(ctx: Ctx, object: Encrypted): void {
  if (object.encryption) decrypted(ctx, object, object.encryption);
}

/** The data key of an object. */
function decrypted(ctx: Ctx, { bucket, key }: Encrypted, encryption: ObjectEncryption): Uint8Array {
  checkSigned(ctx);
  const region = bucketNamed(ctx, bucket)?.bucket.region;
  if (region === undefined) throw accessDenied();
  const request = {
    CiphertextBlob: fromBase64(encryption.dataKey) as Uint8Array,
    KeyId: encryption.keyArn,
    EncryptionContext: contextFor(bucket, key, encryption.bucketKey),
  };
  const outcome = ctx.in({ region }).call('kms', 'Decrypt', request, forwarded(ctx.principal, S3));
  return answered(outcome).Plaintext as Uint8Array;
}

/** The entity tag of bytes in one piece: their MD5, unless a key of KMS or of the customer's own encrypts them. */
export function etagOf(at: Ctx, { encryption, customerKeyMd5 }: Keeping, md5: string): string {
  return encryption || customerKeyMd5 !== undefined ? at.id('etag', 32) : md5;
}

/** How a replica is encrypted: the object's data key, decrypted where it lies, under a key of the destination's region. */
export function rewrapped(
  ctx: Ctx,
  { at, bucket: { name, bucketKeyEnabled } }: Place,
  object: Encrypted,
  keyId: string,
): { encryption?: ObjectEncryption } {
  const { encryption, key } = object;
  if (!encryption) return {};
  const made = answered(
    at.call(
      'kms',
      'Encrypt',
      {
        KeyId: keyId,
        Plaintext: decrypted(ctx, object, encryption),
        EncryptionContext: contextFor(name, key, bucketKeyEnabled),
      },
      forwarded(ctx.principal, S3),
    ),
  );
  const dataKey = base64(made.CiphertextBlob as Uint8Array);
  return { encryption: { keyArn: made.KeyId as string, dataKey, bucketKey: bucketKeyEnabled } };
}

/** What answers say of an object's encryption. */
export function encryptionMembers({ encryption, customerKeyMd5 }: Keeping): {
  ServerSideEncryption?: 'AES256' | 'aws:kms';
  SSEKMSKeyId?: string;
  BucketKeyEnabled?: boolean;
  SSECustomerAlgorithm?: string;
  SSECustomerKeyMD5?: string;
} {
  if (customerKeyMd5 !== undefined)
    return { SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: customerKeyMd5 };
  if (!encryption) return { ServerSideEncryption: 'AES256' };
  const { keyArn, bucketKey } = encryption;
  return {
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: keyArn,
    ...(bucketKey ? { BucketKeyEnabled: true } : {}),
  };
}
