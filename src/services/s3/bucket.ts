// From a request to the bucket that it is about, in the account and region that have it.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { accessDenied, invalidBucketName, noSuchBucket } from './faults.ts';
import { bucketNames, buckets } from './tables.ts';
import type { Bucket, BucketName } from './tables.ts';

/** The Region whose endpoint was once the only one: it makes buckets anywhere. */
export const FIRST_REGION = 'us-east-1';

/** A bucket and the account and region that its rows are in. */
export interface Place {
  readonly at: Ctx;
  readonly bucket: Bucket;
}

interface BucketRequest {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string | undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
function validBucketName(name: string): boolean {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) return false;
  if (name.includes('..') || /^\d+\.\d+\.\d+\.\d+$/.test(name)) return false;
  if (/^(?:xn--|sthree-|amzn-s3-demo-bucket$)/.test(name)) return false;
  return !/(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3|-an)$/.test(name);
}

/** Buckets by name, whoever has them. */
export function bucketNamed(ctx: Ctx, name: string): Place | undefined {
  const owner = ctx.everywhere.get(bucketNames, name);
  const at = owner && ctx.in(owner);
  const bucket = at?.get(buckets, name);
  return at && bucket && { at, bucket };
}

/** Throws for a name that no bucket may have, or that another account has. */
export function checkNewName(ctx: Ctx, name: string): void {
  if (!validBucketName(name)) throw invalidBucketName(name);
  const existing = bucketNamed(ctx, name);
  if (!existing || existing.bucket.account === ctx.account) return;
  const message =
    'The requested bucket name is not available. The bucket namespace is shared by all users of the system. ' +
    'Please select a different name and try again.';
  throw new Fault('BucketAlreadyExists', message, { status: 409, fields: { BucketName: name } });
}

/**
 * The bucket of a request. S3 looks for it before it asks IAM, so that anyone may learn that a name is free. A request
 * that was signed for another region is sent there, as regional endpoints do.
 */
export function bucketOf(
  ctx: Ctx,
  { Bucket: name, ExpectedBucketOwner: expected }: BucketRequest,
  anywhere = false,
): Place {
  const found = bucketNamed(ctx, name);
  if (!found) throw validBucketName(name) ? noSuchBucket(name) : invalidBucketName(name);
  const { bucket } = found;
  if (expected !== undefined && !/^\d{12}$/.test(expected)) throw notAnAccount(expected);
  // Unsigned requests name no region.
  const here = bucket.region === ctx.region || ctx.principal.type === 'anonymous' || anywhere;
  if (!here) throw redirect(bucket);
  if (expected !== undefined && expected !== bucket.account) throw accessDenied();
  return found;
}

/** S3 looks for the bucket of a request before it reads what the request says. */
export function missingBucket(ctx: Ctx, { Bucket: name }: { readonly Bucket?: unknown }): Fault | undefined {
  if (typeof name !== 'string' || bucketNamed(ctx, name)) return undefined;
  return validBucketName(name) ? noSuchBucket(name) : invalidBucketName(name);
}

function notAnAccount(given: string): Fault {
  const message = `The value of the expected bucket owner parameter must be an AWS Account ID... [${given}]`;
  return new Fault('InvalidBucketOwnerAWSAccountID', message, { status: 400 });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html */
function redirect({ name, region }: BucketName): Fault {
  const message =
    'The bucket you are attempting to access must be addressed using the specified endpoint. ' +
    'Please send all future requests to this endpoint.';
  return new Fault('PermanentRedirect', message, {
    status: 301,
    fields: { Endpoint: `${name}.s3.${region}.amazonaws.com`, Bucket: name },
    headers: { 'x-amz-bucket-region': region },
  });
}

/** Where any bucket is can be asked at the first endpoint (LocalStack's test_response_structure_get_bucket_location, recorded). */
export function located(ctx: Ctx, request: BucketRequest): Place {
  return bucketOf(ctx, request, ctx.region === FIRST_REGION);
}

export const bucketArn = (_: Ctx, { Bucket: name }: { Bucket: string }): string => `arn:aws:s3:::${name}`;

/** The numbers of accounts have twelve digits. */
const ACCOUNTS = 1_000_000_000_000;

/** The account as S3 shows it: by a canonical user id. The number of the account is hidden at its beginning. */
export function canonicalUser(ctx: Ctx, account: string): { ID: string } {
  const draw = ctx.everywhere.random('s3/canonical-user', account);
  const hidden = (Number(account) + maskOf(ctx)) % ACCOUNTS;
  let id = hidden.toString(16).padStart(10, '0');
  for (let word = 0; id.length < 64; word += 1)
    id += Math.floor(draw(word) * 0x100000000)
      .toString(16)
      .padStart(8, '0');
  return { ID: id.slice(0, 64) };
}

function maskOf(ctx: Ctx): number {
  return Math.floor(ctx.everywhere.random('s3/canonical-users', '')(0) * ACCOUNTS);
}

/** The account that has a canonical user id, if one has. */
export function accountOfUser(ctx: Ctx, id: string): string | undefined {
  if (!/^[0-9a-f]{64}$/.test(id)) return undefined;
  const number = (Number.parseInt(id.slice(0, 10), 16) - maskOf(ctx) + ACCOUNTS) % ACCOUNTS;
  const account = String(number).padStart(12, '0');
  return canonicalUser(ctx, account).ID === id ? account : undefined;
}
