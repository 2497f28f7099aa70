// Access control lists, by their canned names: to IAM they are statements beside the bucket's policy.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl

import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Statement } from '#cloud/iam/policy.ts';
import { principalName } from '#cloud/principal.ts';
import { canonicalUser } from './bucket.ts';
import { aclsNotSupported, invalidArgument, notModelled } from './faults.ts';
import type { Bucket, CannedAcl, Keeping } from './tables.ts';

const PUBLIC: ReadonlySet<string> = new Set(['public-read', 'public-read-write', 'authenticated-read']);
/** What the owner of the bucket has anyway, be it the object's writer or not. */
const OWNERS = new Set(['private', 'bucket-owner-read', 'bucket-owner-full-control']);

const EVERYBODY = { Principal: '*' };
/** Whoever signs, of whichever account. */
const SIGNED = { Principal: { AWS: '*' }, Condition: { Null: { 'aws:PrincipalArn': 'false' } } };
const READ_BUCKET = ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads'];
const READ_OBJECT = ['s3:GetObject', 's3:GetObjectVersion'];

/** Throws where the bucket's public access block forbids a public list. */
function checkPublic(ctx: Ctx, bucket: Bucket, acl: string, action: string, resource: string): void {
  if (!PUBLIC.has(acl) || !bucket.publicAccessBlock?.blockPublicAcls) return;
  const message =
    `User: ${principalName(ctx.principal)} is not authorized to perform: ${action} on resource: "${resource}" ` +
    'because public access control lists (ACLs) are prevented by the BlockPublicAcls setting in S3 Block Public Access.';
  throw new Fault('AccessDenied', message, { status: 403 });
}

/** `{ acl }` of a new object or of one whose list is set. */
export function objectAcl(
  ctx: Ctx,
  bucket: Bucket,
  key: string,
  acl: string = 'private',
  action: string = 's3:PutObjectAcl',
): Pick<Keeping, 'acl'> {
  // Where lists are off, those that change nothing are taken all the same.
  if (OWNERS.has(acl) && (!bucket.ownerEnforced || acl !== 'bucket-owner-read')) return {};
  if (bucket.ownerEnforced) throw aclsNotSupported();
  if (!PUBLIC.has(acl)) throw notModelled(`The access control list ${acl} of an object`);
  checkPublic(ctx, bucket, acl, action, `arn:aws:s3:::${bucket.name}/${key}`);
  return { acl: acl as NonNullable<Keeping['acl']> };
}

const CANNED: readonly string[] = [
  'public-read',
  'public-read-write',
  'authenticated-read',
  'log-delivery-write',
];

/** The canned list of a bucket by its name, which the published model does not know all of; nothing for `private`. */
export function checkedAcl(acl: string): CannedAcl | undefined {
  if (acl === 'private') return undefined;
  if (!CANNED.includes(acl)) throw invalidArgument('x-amz-acl', acl, '');
  return acl as CannedAcl;
}

/** A bucket with a list in place of the one that it had. */
export function withAcl(ctx: Ctx, bucket: Bucket, acl: string): Bucket {
  const { acl: _, ...rest } = bucket;
  const canned = checkedAcl(acl);
  checkPublic(ctx, bucket, acl, 's3:PutBucketAcl', `arn:aws:s3:::${bucket.name}`);
  return canned ? { ...rest, acl: canned } : rest;
}

/** What lists allow, as statements. */
export function aclStatements(
  { name, publicAccessBlock, acl }: Bucket,
  object: { readonly arn: string; readonly acl?: string } | undefined,
): readonly Statement[] {
  const ignored = (one: string | undefined): boolean =>
    one === undefined || (PUBLIC.has(one) && (publicAccessBlock?.ignorePublicAcls ?? false));
  const arn = `arn:aws:s3:::${name}`;
  const found: object[] = [];
  if (!ignored(acl)) {
    if (acl === 'log-delivery-write') {
      const Principal = { Service: 'logging.s3.amazonaws.com' };
      found.push({ Principal, Action: ['s3:PutObject', 's3:GetBucketAcl'], Resource: [arn, `${arn}/*`] });
    } else {
      const who = acl === 'authenticated-read' ? SIGNED : EVERYBODY;
      found.push({ ...who, Action: READ_BUCKET, Resource: arn });
      if (acl === 'public-read-write') found.push({ ...who, Action: 's3:PutObject', Resource: `${arn}/*` });
    }
  }
  if (object && !ignored(object.acl)) {
    const who = object.acl === 'authenticated-read' ? SIGNED : EVERYBODY;
    found.push({ ...who, Action: READ_OBJECT, Resource: object.arn });
  }
  if (found.length === 0) return [];
  const Statement = found.map((one) => ({ Effect: 'Allow', ...one }));
  return parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement }), 'resource').statements;
}

type Acl = Output<'s3', 'GetBucketAcl'>;
type Grant = NonNullable<Acl['Grants']>[number];

const GROUPS = 'http://acs.amazonaws.com/groups/';
const group = (name: string, Permission: Grant['Permission']): Grant => ({
  Grantee: { Type: 'Group', URI: GROUPS + name },
  Permission,
});

const GRANTS: Readonly<Record<CannedAcl, readonly Grant[]>> = {
  'public-read': [group('global/AllUsers', 'READ')],
  'public-read-write': [group('global/AllUsers', 'READ'), group('global/AllUsers', 'WRITE')],
  'authenticated-read': [group('global/AuthenticatedUsers', 'READ')],
  'log-delivery-write': [group('s3/LogDelivery', 'WRITE'), group('s3/LogDelivery', 'READ_ACP')],
};

/** A list as S3 shows it: the owner may do everything, and then those whom the canned name lets in. */
export function shownAcl(ctx: Ctx, { account }: Bucket, acl: CannedAcl | undefined): Acl {
  const Owner = canonicalUser(ctx, account);
  const owner: Grant = { Grantee: { ...Owner, Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' };
  return { Owner, Grants: [owner, ...(acl ? GRANTS[acl] : [])] };
}
