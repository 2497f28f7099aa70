// Buckets: names, places, versioning.

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags } from '#cloud/tags.ts';
import { bucketAcl, checkUnpublished } from '../access/acl.ts';
import { wantedAcl } from '../access/grants.ts';
import { aclWithOwnership } from '../access/ownership.ts';
import {
  bucketArn,
  bucketNamed,
  bucketOf,
  canonicalUser,
  checkNewName,
  FIRST_REGION,
  located,
} from '../bucket.ts';
import { invalidArgument, notModelled } from '../faults.ts';
import { wholeSeconds } from '../objects/conditions.ts';
import { checkUnlocked } from '../objects/object-lock.ts';
import { keyOfToken, tokenOf } from '../objects/token.ts';
import { isRegion } from '../regions.ts';
import { checkUnreplicated } from '../replication/replication-rules.ts';
import { bucketNames, buckets, noncurrent, objects, uploads } from '../tables.ts';
import type { Bucket } from '../tables.ts';
import { checkTags } from '../tagging.ts';
import { dropUpload } from '../uploads/uploads.ts';

/** The Region that once was all of Europe. */
const EU = 'eu-west-1';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
function regionFor(ctx: Ctx, constraint: string | undefined): string {
  if (ctx.region === FIRST_REGION) {
    if (constraint === undefined) return FIRST_REGION;
    if (!/^(?:EU|[a-z]{2}(?:-[a-z]+)+-\d)$/.test(constraint) || constraint === FIRST_REGION)
      throw new Fault('InvalidLocationConstraint', 'The specified location-constraint is not valid', {
        status: 400,
        fields: { LocationConstraint: constraint },
      });
    return constraint === 'EU' ? EU : constraint;
  }
  if (constraint === ctx.region || (constraint === 'EU' && ctx.region === EU)) return ctx.region;
  const message =
    `The ${constraint ?? 'unspecified'} location constraint is incompatible ` +
    'for the region specific endpoint this request was sent to.';
  throw new Fault('IllegalLocationConstraintException', message, { status: 400 });
}

/** Whether the caller has a bucket of that name; throws unless it may be asked for again. */
function taken(ctx: Ctx, name: string, region: string, tagged: boolean): boolean {
  const existing = bucketNamed(ctx, name)?.bucket;
  if (!existing) return false;
  // There alone asking again succeeds.
  if (existing.region === FIRST_REGION && region === FIRST_REGION && !tagged) return true;
  const message = 'Your previous request to create the named bucket succeeded and you already own it.';
  throw new Fault('BucketAlreadyOwnedByYou', message, { status: 409, fields: { BucketName: name } });
}

/** `{ acl }` of a new bucket. Those block public lists, and have none at all unless that is asked for. */
function aclOf(ctx: Ctx, input: Input<'s3', 'CreateBucket'>): Pick<Bucket, 'acl'> {
  const { ObjectOwnership = 'BucketOwnerEnforced' } = input;
  const acl = bucketAcl(ctx, ctx, wantedAcl(ctx, input) ?? 'private');
  if (acl === undefined) return {};
  if (ObjectOwnership === 'BucketOwnerEnforced') throw aclWithOwnership();
  checkUnpublished(acl);
  return { acl };
}

const notARegion = (name: string): Fault =>
  invalidArgument('bucket-region', undefined, `Argument value ${name} is not a valid AWS Region`);

const OWNERSHIPS: ReadonlySet<string> = new Set([
  'BucketOwnerEnforced',
  'BucketOwnerPreferred',
  'ObjectWriter',
]);

function checkOwnership(ownership: string | undefined): void {
  if (ownership === undefined || OWNERSHIPS.has(ownership)) return;
  const message = `Invalid x-amz-object-ownership header: ${ownership}`;
  throw invalidArgument('x-amz-object-ownership', undefined, message);
}

export const bucketOperations: Operations<'s3'> = {
  CreateBucket(ctx, input) {
    const { Bucket: name, CreateBucketConfiguration: configuration, ObjectOwnership } = input;
    checkNewName(ctx, name);
    checkOwnership(ObjectOwnership);
    const acl = aclOf(ctx, input);
    const { LocationConstraint: constraint, Tags: tags = [] } = configuration ?? {};
    const region = regionFor(ctx, constraint);
    const answer = { Location: `/${name}`, BucketArn: bucketArn(ctx, input) };
    if (taken(ctx, name, region, tags.length > 0)) return answer;
    checkTags(tags, 'new-bucket');
    const { account } = ctx;
    ctx.everywhere.put(bucketNames, { name, account, region });
    ctx.in({ region }).put(buckets, {
      name,
      account,
      region,
      ...(constraint === undefined ? {} : { locationConstraint: constraint }),
      createdAt: ctx.now,
      // https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
      publicAccessBlock: {
        blockPublicAcls: true,
        ignorePublicAcls: true,
        blockPublicPolicy: true,
        restrictPublicBuckets: true,
      },
      ...(tags.length === 0 ? {} : { tags: mergeTags({}, tags) }),
      ownerEnforced: ObjectOwnership === undefined || ObjectOwnership === 'BucketOwnerEnforced',
      ...(ObjectOwnership === undefined || ObjectOwnership === 'BucketOwnerEnforced'
        ? {}
        : { ownership: ObjectOwnership }),
      ...acl,
      bucketKeyEnabled: false,
      // Locks hold versions.
      ...(input.ObjectLockEnabledForBucket ? { versioning: 'Enabled', objectLock: {} } : {}),
    });
    const host = `http://${name}.s3.amazonaws.com/`;
    return region === FIRST_REGION ? answer : { ...answer, Location: host };
  },

  HeadBucket(ctx, input) {
    const { bucket } = bucketOf(ctx, input);
    return { BucketRegion: bucket.region, BucketArn: bucketArn(ctx, input), AccessPointAlias: false };
  },

  GetBucketLocation(ctx, input) {
    const { locationConstraint } = located(ctx, input).bucket;
    return locationConstraint === undefined ? {} : { LocationConstraint: locationConstraint as 'EU' };
  },

  ListBuckets(ctx, input) {
    const { MaxBuckets, ContinuationToken, Prefix, BucketRegion } = input;
    if (BucketRegion !== undefined && !isRegion(BucketRegion)) throw notARegion(BucketRegion);
    const after = ContinuationToken ? keyOfToken(ContinuationToken) : '';
    const mine = ctx.everywhere
      .list(bucketNames, 'account', ctx.account)
      .filter(({ name, region }) => name > after && (BucketRegion ?? region) === region)
      .filter(({ name }) => name.startsWith(Prefix ?? ''));
    // Without a limit the answer has all, as it had before there were pages.
    const shown = mine.slice(0, MaxBuckets);
    const last = shown.length < mine.length ? shown.at(-1) : undefined;
    const asked = Object.values(input).some((value) => value !== undefined);
    // The order counts: Java's SDK gives each bucket the owner that it has read before.
    return {
      Owner: canonicalUser(ctx, ctx.account),
      Buckets: shown.map(({ name, region }) => ({
        Name: name,
        CreationDate: wholeSeconds(ctx.in({ region }).get(buckets, name)?.createdAt ?? 0),
        ...(asked ? { BucketRegion: region } : {}),
        BucketArn: `arn:aws:s3:::${name}`,
      })),
      ...(Prefix === undefined ? {} : { Prefix }),
      ...(last ? { ContinuationToken: tokenOf(last.name) } : {}),
    };
  },

  DeleteBucket(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const within = { prefix: `${bucket.name}/`, limit: 1 };
    if (at.scan(objects, within).length > 0 || at.scan(noncurrent, within).length > 0) {
      const message = bucket.versioning
        ? 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.'
        : 'The bucket you tried to delete is not empty';
      throw new Fault('BucketNotEmpty', message, { status: 409, fields: { BucketName: bucket.name } });
    }
    for (const upload of at.scan(uploads, { prefix: within.prefix })) dropUpload(at, upload);
    at.delete(buckets, bucket.name);
    ctx.everywhere.delete(bucketNames, bucket.name);
  },

  GetBucketVersioning(ctx, input) {
    const { versioning } = bucketOf(ctx, input).bucket;
    return versioning ? { Status: versioning } : {};
  },

  PutBucketVersioning(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { Status, MFADelete } = input.VersioningConfiguration;
    if (MFADelete === 'Enabled') throw notModelled('MFA delete');
    if (!Status) {
      const message = 'The Versioning element must be specified';
      throw new Fault('IllegalVersioningConfigurationException', message, { status: 400 });
    }
    checkUnlocked(bucket, Status);
    checkUnreplicated(bucket, Status);
    at.update(buckets, bucket, { versioning: Status as NonNullable<Bucket['versioning']> });
  },
};
