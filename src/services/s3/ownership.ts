// Who owns objects, and access control lists by their canned names.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { objectAcl, shownAcl, withAcl } from './acl.ts';
import { bucketOf } from './bucket.ts';
import { tell } from './events.ts';
import { aclsNotSupported, malformedXml, notConfigured, notModelled } from './faults.ts';
import { replicateChange } from './replication.ts';
import { buckets } from './tables.ts';
import type { Bucket } from './tables.ts';
import { changeVersion, deleteMarkerRead, objectOf, requestedVersion } from './versions.ts';

type PutAcl = Pick<
  Input<'s3', 'PutObjectAcl'>,
  'ACL' | 'GrantFullControl' | 'GrantRead' | 'GrantReadACP' | 'GrantWrite' | 'GrantWriteACP'
>;

/** The canned list that a request names; lists of single grants are refused. */
function cannedAcl({ ownerEnforced }: Bucket, input: PutAcl): NonNullable<PutAcl['ACL']> {
  const { ACL, GrantFullControl, GrantRead, GrantReadACP, GrantWrite, GrantWriteACP } = input;
  const grants = [GrantFullControl, GrantRead, GrantReadACP, GrantWrite, GrantWriteACP];
  if (ACL !== undefined && grants.every((grant) => grant === undefined)) return ACL;
  throw ownerEnforced ? aclsNotSupported() : notModelled('An access control list of single grants');
}

export const aclWithOwnership = (): Fault =>
  new Fault(
    'InvalidBucketAclWithObjectOwnership',
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    { status: 400 },
  );

export const ownershipOperations: Operations<'s3'> = {
  GetBucketOwnershipControls(ctx, input) {
    const { name, ownerEnforced, ownership } = bucketOf(ctx, input).bucket;
    const ObjectOwnership = ownerEnforced ? 'BucketOwnerEnforced' : ownership;
    if (ObjectOwnership) return { OwnershipControls: { Rules: [{ ObjectOwnership }] } };
    const message = 'The bucket ownership controls were not found';
    throw notConfigured('OwnershipControlsNotFoundError', message, name);
  },

  PutBucketOwnershipControls(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const [rule, ...more] = input.OwnershipControls.Rules;
    if (!rule || more.length > 0) throw malformedXml();
    const { ObjectOwnership } = rule;
    const { ownership: _, ...rest } = bucket;
    if (ObjectOwnership === 'BucketOwnerEnforced') {
      if (bucket.acl !== undefined) throw aclWithOwnership();
      at.put(buckets, { ...rest, ownerEnforced: true });
    } else at.put(buckets, { ...rest, ownerEnforced: false, ownership: ObjectOwnership });
  },

  DeleteBucketOwnershipControls(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { ownership: _, ...rest } = bucket;
    at.put(buckets, { ...rest, ownerEnforced: false });
  },

  GetBucketAcl(ctx, input) {
    const { bucket } = bucketOf(ctx, input);
    return shownAcl(ctx, bucket, bucket.acl);
  },

  PutBucketAcl(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const acl = cannedAcl(bucket, input);
    if (bucket.ownerEnforced) throw aclsNotSupported();
    at.put(buckets, withAcl(ctx, bucket, acl));
  },

  GetObjectAcl(ctx, input) {
    const found = bucketOf(ctx, input);
    const { acl } = objectOf(ctx, found, input);
    return shownAcl(ctx, found.bucket, found.bucket.ownerEnforced ? undefined : acl);
  },

  PutObjectAcl(ctx, input) {
    const found = bucketOf(ctx, input);
    const { at, bucket } = found;
    const object = requestedVersion(ctx, found, input);
    if (object.kind === 'delete-marker') throw deleteMarkerRead(object, 'PUT');
    const acl = cannedAcl(bucket, input);
    if (bucket.ownerEnforced && acl !== 'bucket-owner-full-control') throw aclsNotSupported();
    const { acl: _, ...rest } = object;
    replicateChange(found, changeVersion(at, { ...rest, ...objectAcl(ctx, bucket, object.key, acl) }));
    tell(ctx, found, 's3:ObjectAcl:Put', object);
    return {};
  },
};
