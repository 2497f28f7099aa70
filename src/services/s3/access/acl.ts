// Access control lists of buckets and objects: to IAM they are statements beside the bucket's policy.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html

import { Fault } from '#contract/fault.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Statement } from '#cloud/iam/policy.ts';
import { principalName } from '#cloud/principal.ts';
import { accountOfUser, canonicalUser } from '../bucket.ts';
import { aclsNotSupported, invalidArgument, notModelled } from '../faults.ts';
import type { Acl, Bucket, CannedAcl, Grant, Keeping, Permission } from '../tables.ts';
import { ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY, shownGrants } from './grants.ts';

/** What the owner of the bucket has anyway, be it the object's writer or not. */
const OWNERS = new Set(['private', 'bucket-owner-read', 'bucket-owner-full-control']);
const PUBLIC_GROUPS: ReadonlySet<string> = new Set([ALL_USERS, AUTHENTICATED_USERS]);

const grant = (group: string, permission: Permission): Grant => ({ to: { group }, permission });

/** What canned lists give besides the owner's full control. */
const CANNED: Readonly<Record<CannedAcl, readonly Grant[]>> = {
  'public-read': [grant(ALL_USERS, 'READ')],
  'public-read-write': [grant(ALL_USERS, 'READ'), grant(ALL_USERS, 'WRITE')],
  'authenticated-read': [grant(AUTHENTICATED_USERS, 'READ')],
  'log-delivery-write': [grant(LOG_DELIVERY, 'WRITE'), grant(LOG_DELIVERY, 'READ_ACP')],
};

const isCanned = (acl: string): acl is CannedAcl => acl in CANNED;

/** The grants of a list to others than those who have them anyway. */
const granted = (acl: Acl): readonly Grant[] => (typeof acl === 'string' ? CANNED[acl] : acl);

const isPublic = ({ to }: Grant): boolean => 'group' in to && PUBLIC_GROUPS.has(to.group);

/** Throws where the bucket's public access block forbids a public list. */
function checkPublic(ctx: Ctx, bucket: Bucket, acl: Acl, action: string, resource: string): void {
  if (!granted(acl).some(isPublic) || !bucket.publicAccessBlock?.blockPublicAcls) return;
  const message =
    `User: ${principalName(ctx.principal)} is not authorized to perform: ${action} on resource: "${resource}" ` +
    'because public access control lists (ACLs) are prevented by the BlockPublicAcls setting in S3 Block Public Access.';
  throw new Fault('AccessDenied', message, { status: 403 });
}

/** Whether a list gives its owner everything and nobody else anything, which is what `private` means. */
function isPrivate(ctx: Ctx, { account }: Pick<Bucket, 'account'>, grants: readonly Grant[]): boolean {
  const [only, ...more] = grants;
  return (
    only?.permission === 'FULL_CONTROL' &&
    more.length === 0 &&
    'id' in only.to &&
    only.to.id === canonicalUser(ctx, account).ID
  );
}

/** A canned list by its name, which the published model does not know all of; nothing for `private`. */
function namedAcl(name: string): CannedAcl | undefined {
  if (name === 'private') return undefined;
  if (name === 'aws-exec-read') throw notModelled(`The access control list ${name}`);
  if (!isCanned(name)) throw invalidArgument('x-amz-acl', name, '');
  return name;
}

/** `{ acl }` of a new object or of one whose list is set. */
export function objectAcl(
  ctx: Ctx,
  bucket: Bucket,
  key: string,
  wanted: string | readonly Grant[] = 'private',
  action: string = 's3:PutObjectAcl',
): Pick<Keeping, 'acl'> {
  const acl = ofObject(ctx, bucket, wanted);
  if (acl === undefined) return {};
  if (bucket.ownerEnforced) throw aclsNotSupported();
  checkPublic(ctx, bucket, acl, action, `arn:aws:s3:::${bucket.name}/${key}`);
  return { acl };
}

function ofObject(ctx: Ctx, bucket: Bucket, wanted: string | readonly Grant[]): Acl | undefined {
  if (typeof wanted !== 'string') return isPrivate(ctx, bucket, wanted) ? undefined : wanted;
  if (!OWNERS.has(wanted)) return namedAcl(wanted);
  // Where lists are off, those that change nothing are taken all the same.
  if (bucket.ownerEnforced && wanted === 'bucket-owner-read') throw aclsNotSupported();
  return undefined;
}

/** The list of a bucket that a request wants; nothing for `private`. */
export function bucketAcl(
  ctx: Ctx,
  bucket: Pick<Bucket, 'account'>,
  wanted: string | readonly Grant[],
): Acl | undefined {
  if (typeof wanted === 'string') return namedAcl(wanted);
  return isPrivate(ctx, bucket, wanted) ? undefined : wanted;
}

/** A bucket with a list in place of the one that it had. */
export function withAcl(ctx: Ctx, bucket: Bucket, wanted: string | readonly Grant[]): Bucket {
  const acl = bucketAcl(ctx, bucket, wanted);
  if (bucket.ownerEnforced) throw aclsNotSupported();
  const { acl: _, ...rest } = bucket;
  if (acl === undefined) return rest;
  checkPublic(ctx, bucket, acl, 's3:PutBucketAcl', `arn:aws:s3:::${bucket.name}`);
  return { ...rest, acl };
}

/** Throws for a new bucket that would be public: those block it until they are told otherwise. */
export function checkUnpublished(acl: Acl): void {
  if (!granted(acl).some(isPublic)) return;
  const message = 'Bucket cannot have public ACLs set with BlockPublicAccess enabled';
  throw new Fault('InvalidBucketAclWithBlockPublicAccessError', message, { status: 400 });
}

// ---- For IAM: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping ----

type Actions = Readonly<Record<Exclude<Permission, 'FULL_CONTROL'>, readonly string[]>>;

const ON_BUCKET: Actions = {
  READ: ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads'],
  WRITE: ['s3:PutObject'],
  READ_ACP: ['s3:GetBucketAcl'],
  WRITE_ACP: ['s3:PutBucketAcl'],
};
const ON_OBJECT: Actions = {
  READ: ['s3:GetObject', 's3:GetObjectVersion'],
  WRITE: [],
  READ_ACP: ['s3:GetObjectAcl', 's3:GetObjectVersionAcl'],
  WRITE_ACP: ['s3:PutObjectAcl', 's3:PutObjectVersionAcl'],
};

/** Where there is no object yet, whoever may write it may say who else may do what with it. */
const ON_NOTHING: Actions = { ...ON_OBJECT, WRITE: ['s3:PutObjectAcl'] };

/** Whom a grant lets in, as statements say it. Groups of AWS's are everybody, whoever signs, or its own service. */
function principalOf(ctx: Ctx, { to }: Grant): object | undefined {
  if ('id' in to) {
    const account = accountOfUser(ctx, to.id);
    return account === undefined ? undefined : { Principal: { AWS: account } };
  }
  if (to.group === LOG_DELIVERY) return { Principal: { Service: 'logging.s3.amazonaws.com' } };
  if (to.group === ALL_USERS) return { Principal: '*' };
  return { Principal: { AWS: '*' }, Condition: { Null: { 'aws:PrincipalArn': 'false' } } };
}

function statementOf(ctx: Ctx, one: Grant, actions: Actions, Resource: readonly string[]): object[] {
  const principal = principalOf(ctx, one);
  const { permission } = one;
  const Action = permission === 'FULL_CONTROL' ? Object.values(actions).flat() : actions[permission];
  return principal && Action.length > 0 ? [{ Effect: 'Allow', ...principal, Action, Resource }] : [];
}

/** An object with its list; one that is not there has that of its bucket. */
export interface Listed {
  readonly arn: string;
  readonly acl: Acl;
  readonly missing: boolean;
}

/** What lists allow, as statements. */
export function aclStatements(
  ctx: Ctx,
  { name, publicAccessBlock, acl }: Bucket,
  object: Listed | undefined,
): readonly Statement[] {
  const counting = (list: Acl): readonly Grant[] =>
    granted(list).filter((one) => !publicAccessBlock?.ignorePublicAcls || !isPublic(one));
  const arn = `arn:aws:s3:::${name}`;
  const Statement = [
    ...(acl ? counting(acl) : []).flatMap((one) => statementOf(ctx, one, ON_BUCKET, [arn, `${arn}/*`])),
    ...(object
      ? counting(object.acl).flatMap((one) =>
          statementOf(ctx, one, object.missing ? ON_NOTHING : ON_OBJECT, [object.arn]),
        )
      : []),
  ];
  if (Statement.length === 0) return [];
  return parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement }), 'resource').statements;
}

/** A list as S3 shows it: canned ones let the owner do everything, and then those whom the name lets in. */
export function shownAcl(
  ctx: Ctx,
  { account }: Bucket,
  acl: Acl | undefined,
): Pick<Output<'s3', 'GetBucketAcl'>, 'Owner' | 'Grants'> {
  const Owner = canonicalUser(ctx, account);
  const owner: Grant = { to: { id: Owner.ID }, permission: 'FULL_CONTROL' };
  const grants = typeof acl === 'object' ? acl : [owner, ...(acl ? CANNED[acl] : [])];
  return { Owner, Grants: shownGrants(grants) };
}
