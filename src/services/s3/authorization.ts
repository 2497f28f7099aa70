// How IAM sees the operations of S3: actions, resources and condition keys.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html

import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Input, OperationName } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { rootOf } from '#cloud/principal.ts';
import type { Authorization, Denial, ServiceDefinition } from '#cloud/service.ts';
import { bucketOfArn } from './access/bucket-policy.ts';
import { grantHeaders } from './access/grants.ts';
import type { GrantHeaders, WantedAcl } from './access/grants.ts';
import { bucketArn, bucketOf, checkNewName, located } from './bucket.ts';
import { versionOf } from './objects/versions.ts';
import { objects, place } from './tables.ts';
import type { Version } from './tables.ts';
import { tagsOfHeader } from './tagging.ts';
import { DAY_MS } from './timings.ts';

type Conditions = Readonly<Record<string, string | readonly string[]>>;
type Rules = NonNullable<ServiceDefinition<'s3'>['authorization']>;

interface OnBucket {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string | undefined;
}
interface OnObject extends OnBucket {
  readonly Key: string;
  readonly VersionId?: string | undefined;
}

/** Finds the bucket first: a request for one that does not exist, or is elsewhere, ends there. */
const ofBucket = (ctx: Ctx, input: OnBucket): string =>
  bucketArn(ctx, { Bucket: bucketOf(ctx, input).bucket.name });
const ofObject = (ctx: Ctx, input: OnObject): string => `${ofBucket(ctx, input)}/${input.Key}`;

/** Only those condition keys that the request has. */
function given(values: Readonly<Record<string, string | number | undefined>>): Conditions {
  const present = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  );
  return Object.fromEntries(present) as Conditions;
}

/** Tags of the version that a request is about. */
function existingTags(ctx: Ctx, input: OnObject): Conditions {
  const { at, bucket } = bucketOf(ctx, input);
  const version: Version | undefined =
    input.VersionId === undefined
      ? at.get(objects, place(bucket.name, input.Key))
      : versionOf(at, bucket.name, input.Key, input.VersionId);
  const tags = version?.kind === 'object' ? Object.entries(version.tags) : [];
  return Object.fromEntries(tags.map(([key, value]) => [`s3:ExistingObjectTag/${key}`, value]));
}

const aboutObject = (ctx: Ctx, input: OnObject): Conditions => ({
  ...given({ 's3:versionid': input.VersionId }),
  ...existingTags(ctx, input),
});

/** Operations on a version have actions of their own. */
const versioned =
  (action: string, ofVersion: string) =>
  (_: Ctx, { VersionId }: { VersionId?: string | undefined }): readonly string[] => [
    `s3:${VersionId === undefined ? action : ofVersion}`,
  ];

function requestTags(tags: Readonly<Record<string, string>>): Conditions {
  const keys = Object.keys(tags);
  if (keys.length === 0) return {};
  const each = Object.entries(tags).map(([key, value]) => [`s3:RequestObjectTag/${key}`, value]);
  return { ...Object.fromEntries(each), 's3:RequestObjectTagKeys': keys };
}

interface Writing extends GrantHeaders {
  readonly ACL?: string | undefined;
  readonly StorageClass?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly Tagging?: string | undefined;
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  readonly CopySource?: string | undefined;
  readonly MetadataDirective?: string | undefined;
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: number | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html#object-lock-managing-retention-limits */
function aboutRetention(ctx: Ctx, until: number | undefined): Conditions {
  if (until === undefined) return {};
  const days = Math.ceil(Math.max(0, until - ctx.now) / DAY_MS);
  return given({
    's3:object-lock-retain-until-date': formatIso(until),
    's3:object-lock-remaining-retention-days': days,
  });
}

/** A list by its name, or what grants single permissions. */
const aboutList = (input: WantedAcl): Conditions => ({
  ...given({ 's3:x-amz-acl': input.ACL }),
  ...Object.fromEntries(grantHeaders(input).map(([header, value]) => [`s3:${header}`, value])),
});

const aboutWriting = (ctx: Ctx, input: Writing): Conditions => ({
  ...aboutList(input),
  ...given({
    's3:x-amz-storage-class': input.StorageClass,
    's3:x-amz-server-side-encryption': input.ServerSideEncryption,
    's3:x-amz-server-side-encryption-aws-kms-key-id': input.SSEKMSKeyId,
    's3:if-match': input.IfMatch,
    's3:if-none-match': input.IfNoneMatch,
    's3:x-amz-copy-source': input.CopySource,
    's3:x-amz-metadata-directive': input.MetadataDirective,
    's3:object-lock-mode': input.ObjectLockMode,
    's3:object-lock-legal-hold': input.ObjectLockLegalHoldStatus,
  }),
  ...aboutRetention(ctx, input.ObjectLockRetainUntilDate),
  ...requestTags(tagsOfHeader(input.Tagging)),
});

/** Writing needs more where it sets tags or a list, or looks at what is there. */
const writing = (_: Ctx, { ACL, Tagging, IfMatch, ...lock }: Writing): readonly string[] => [
  's3:PutObject',
  ...(Tagging ? ['s3:PutObjectTagging'] : []),
  ...(ACL === undefined && grantHeaders(lock).length === 0 ? [] : ['s3:PutObjectAcl']),
  ...(IfMatch === undefined ? [] : ['s3:GetObject']),
  ...(lock.ObjectLockMode === undefined ? [] : ['s3:PutObjectRetention']),
  ...(lock.ObjectLockLegalHoldStatus === undefined ? [] : ['s3:PutObjectLegalHold']),
];

interface Listing {
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly MaxKeys?: number | undefined;
}

const aboutListing = (_: Ctx, { Prefix, Delimiter, MaxKeys }: Listing): Conditions =>
  given({ 's3:prefix': Prefix, 's3:delimiter': Delimiter, 's3:max-keys': MaxKeys });

/** The root user of the owner can always mend a policy that shuts everybody out. */
const mending =
  (action: string) =>
  (ctx: Ctx, input: OnBucket): readonly string[] => {
    const { principal } = ctx;
    const { account } = bucketOf(ctx, input).bucket;
    return principal.type === 'root' && principal.arn === rootOf(account).arn ? [] : [`s3:${action}`];
  };

/** An operation on a bucket whose action has another name. */
function onBucket<O extends OperationName<'s3'>>(...actions: string[]): Authorization<'s3', O> {
  const resources = ofBucket as unknown as NonNullable<Authorization<'s3', O>['resources']>;
  return { ...(actions.length === 0 ? {} : { actions: actions.map((name) => `s3:${name}`) }), resources };
}

type CreateBucket = Input<'s3', 'CreateBucket'>;

const creating = (
  _: Ctx,
  { CreateBucketConfiguration, ACL, ObjectOwnership, ObjectLockEnabledForBucket, ...grants }: CreateBucket,
): readonly string[] => [
  's3:CreateBucket',
  ...(CreateBucketConfiguration?.Tags?.length ? ['s3:TagResource'] : []),
  ...(ACL === undefined && grantHeaders(grants).length === 0 ? [] : ['s3:PutBucketAcl']),
  ...(ObjectOwnership === undefined ? [] : ['s3:PutBucketOwnershipControls']),
  ...(ObjectLockEnabledForBucket ? ['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning'] : []),
];

/** A name that another account has is no matter of permissions. */
function newBucket(ctx: Ctx, input: CreateBucket): string {
  checkNewName(ctx, input.Bucket);
  return bucketArn(ctx, input);
}

const bucketRules: Rules = {
  CreateBucket: {
    actions: creating,
    resources: newBucket,
    conditions: (
      _,
      { ObjectOwnership, CreateBucketConfiguration: { LocationConstraint, Tags = [] } = {}, ...list },
    ) => ({
      ...aboutList(list),
      ...given({
        's3:locationconstraint': LocationConstraint,
        's3:x-amz-object-ownership': ObjectOwnership,
      }),
      ...Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
      ...(Tags.length === 0 ? {} : { 'aws:TagKeys': Tags.map(({ Key }) => Key) }),
    }),
  },
  HeadBucket: onBucket('ListBucket'),
  ListBuckets: { actions: ['s3:ListAllMyBuckets'] },
  DeleteBucket: onBucket(),
  GetBucketLocation: {
    resources: (ctx, input) => bucketArn(ctx, { Bucket: located(ctx, input).bucket.name }),
  },
  GetBucketVersioning: onBucket(),
  PutBucketVersioning: onBucket(),
  GetBucketPolicy: { actions: mending('GetBucketPolicy'), resources: ofBucket },
  PutBucketPolicy: { actions: mending('PutBucketPolicy'), resources: ofBucket },
  DeleteBucketPolicy: { actions: mending('DeleteBucketPolicy'), resources: ofBucket },
  GetBucketPolicyStatus: onBucket(),
  GetPublicAccessBlock: onBucket('GetBucketPublicAccessBlock'),
  PutPublicAccessBlock: onBucket('PutBucketPublicAccessBlock'),
  DeletePublicAccessBlock: onBucket('PutBucketPublicAccessBlock'),
  GetBucketOwnershipControls: onBucket(),
  PutBucketOwnershipControls: onBucket(),
  DeleteBucketOwnershipControls: onBucket('PutBucketOwnershipControls'),
  GetBucketTagging: onBucket(),
  PutBucketTagging: onBucket(),
  DeleteBucketTagging: onBucket('PutBucketTagging'),
  GetBucketEncryption: onBucket('GetEncryptionConfiguration'),
  PutBucketEncryption: onBucket('PutEncryptionConfiguration'),
  DeleteBucketEncryption: onBucket('PutEncryptionConfiguration'),
  GetBucketAcl: onBucket(),
  PutBucketAcl: { resources: ofBucket, conditions: (_, input) => aboutList(input) },
  GetBucketCors: onBucket('GetBucketCORS'),
  PutBucketCors: onBucket('PutBucketCORS'),
  DeleteBucketCors: onBucket('PutBucketCORS'),
  GetBucketLifecycleConfiguration: onBucket('GetLifecycleConfiguration'),
  PutBucketLifecycleConfiguration: onBucket('PutLifecycleConfiguration'),
  DeleteBucketLifecycle: onBucket('PutLifecycleConfiguration'),
  GetBucketReplication: onBucket('GetReplicationConfiguration'),
  PutBucketReplication: {
    actions: ['s3:PutReplicationConfiguration'],
    resources: ofBucket,
    passes: (_, { ReplicationConfiguration: { Role } }) => [{ roleArn: Role, service: 's3.amazonaws.com' }],
  },
  DeleteBucketReplication: onBucket('PutReplicationConfiguration'),
  GetBucketWebsite: onBucket(),
  PutBucketWebsite: onBucket(),
  DeleteBucketWebsite: onBucket(),
  GetObjectLockConfiguration: onBucket('GetBucketObjectLockConfiguration'),
  PutObjectLockConfiguration: onBucket('PutBucketObjectLockConfiguration'),
  GetBucketLogging: onBucket(),
  PutBucketLogging: onBucket(),
  GetBucketNotificationConfiguration: onBucket('GetBucketNotification'),
  PutBucketNotificationConfiguration: onBucket('PutBucketNotification'),
  GetBucketAccelerateConfiguration: onBucket('GetAccelerateConfiguration'),
  PutBucketAccelerateConfiguration: onBucket('PutAccelerateConfiguration'),
  GetBucketRequestPayment: onBucket(),
  PutBucketRequestPayment: onBucket(),
  GetBucketAbac: onBucket(),
};

const objectRules: Rules = {
  PutObject: { actions: writing, resources: ofObject, conditions: aboutWriting },
  // Reading the source is checked where the source is known.
  CopyObject: { actions: writing, resources: ofObject, conditions: aboutWriting },
  CreateMultipartUpload: { actions: writing, resources: ofObject, conditions: aboutWriting },
  UploadPart: { actions: ['s3:PutObject'], resources: ofObject },
  UploadPartCopy: { actions: ['s3:PutObject'], resources: ofObject },
  CompleteMultipartUpload: { actions: writing, resources: ofObject, conditions: aboutWriting },
  AbortMultipartUpload: { resources: ofObject },
  ListParts: { actions: ['s3:ListMultipartUploadParts'], resources: ofObject },
  GetObject: {
    actions: versioned('GetObject', 'GetObjectVersion'),
    resources: ofObject,
    conditions: aboutObject,
  },
  HeadObject: {
    actions: versioned('GetObject', 'GetObjectVersion'),
    resources: ofObject,
    conditions: aboutObject,
  },
  GetObjectAttributes: {
    actions: (_, { VersionId }) =>
      VersionId === undefined
        ? ['s3:GetObject', 's3:GetObjectAttributes']
        : ['s3:GetObjectVersion', 's3:GetObjectVersionAttributes'],
    resources: ofObject,
    conditions: aboutObject,
  },
  GetObjectAcl: {
    actions: versioned('GetObjectAcl', 'GetObjectVersionAcl'),
    resources: ofObject,
    conditions: aboutObject,
  },
  PutObjectAcl: {
    actions: versioned('PutObjectAcl', 'PutObjectVersionAcl'),
    resources: ofObject,
    conditions: (ctx, input) => ({ ...aboutObject(ctx, input), ...aboutList(input) }),
  },
  RestoreObject: { resources: ofObject, conditions: existingTags },
  GetObjectTagging: {
    actions: versioned('GetObjectTagging', 'GetObjectVersionTagging'),
    resources: ofObject,
    conditions: aboutObject,
  },
  PutObjectTagging: {
    actions: versioned('PutObjectTagging', 'PutObjectVersionTagging'),
    resources: ofObject,
    conditions: (ctx, input) => ({
      ...aboutObject(ctx, input),
      ...requestTags(Object.fromEntries((input.Tagging.TagSet ?? []).map(({ Key, Value }) => [Key, Value]))),
    }),
  },
  DeleteObjectTagging: {
    actions: versioned('DeleteObjectTagging', 'DeleteObjectVersionTagging'),
    resources: ofObject,
    conditions: aboutObject,
  },
  GetObjectRetention: { resources: ofObject, conditions: aboutObject },
  PutObjectRetention: {
    actions: (_, { BypassGovernanceRetention }) => [
      's3:PutObjectRetention',
      ...(BypassGovernanceRetention ? ['s3:BypassGovernanceRetention'] : []),
    ],
    resources: ofObject,
    conditions: (ctx, { Retention = {}, ...input }) => ({
      ...aboutObject(ctx, input),
      ...given({ 's3:object-lock-mode': Retention.Mode }),
      ...aboutRetention(ctx, Retention.RetainUntilDate),
    }),
  },
  GetObjectLegalHold: { resources: ofObject, conditions: aboutObject },
  PutObjectLegalHold: {
    resources: ofObject,
    conditions: (ctx, { LegalHold, ...input }) => ({
      ...aboutObject(ctx, input),
      ...given({ 's3:object-lock-legal-hold': LegalHold?.Status }),
    }),
  },
  DeleteObject: {
    actions: versioned('DeleteObject', 'DeleteObjectVersion'),
    resources: ofObject,
    conditions: (_, { VersionId, IfMatch }) => given({ 's3:versionid': VersionId, 's3:if-match': IfMatch }),
  },
  // Decided key by key.
  DeleteObjects: { actions: [], resources: ofBucket },
};

export const authorization: Rules = {
  ...bucketRules,
  ...objectRules,
  ListObjects: { actions: ['s3:ListBucket'], resources: ofBucket, conditions: aboutListing },
  ListObjectsV2: { actions: ['s3:ListBucket'], resources: ofBucket, conditions: aboutListing },
  ListObjectVersions: { actions: ['s3:ListBucketVersions'], resources: ofBucket, conditions: aboutListing },
  ListMultipartUploads: onBucket('ListBucketMultipartUploads'),
};

/** Condition keys that every resource of S3 brings along. */
export function resourceConditions(ctx: Ctx, arn: string): Conditions {
  const bucket = bucketOfArn(ctx, arn);
  return bucket ? { 's3:ResourceAccount': bucket.account, 'aws:ResourceAccount': bucket.account } : {};
}

/**
 * S3 tells why it denies only within an account, and quotes the resource.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
 */
export function denied(ctx: Ctx, { resource, message }: Denial): Fault {
  const bucket = bucketOfArn(ctx, resource);
  const { principal } = ctx;
  const ours = principal.type !== 'anonymous' && principal.account === (bucket?.account ?? ctx.account);
  const quoted = message.replace(`on resource: ${resource}`, `on resource: "${resource}"`);
  return new Fault('AccessDenied', ours ? quoted : 'Access Denied', {
    status: 403,
    ...(bucket ? { headers: { 'x-amz-bucket-region': bucket.region } } : {}),
  });
}
