// Who owns objects, and access control lists.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html

import { Fault } from '#contract/fault.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import { aclsNotSupported, malformedXml, notConfigured } from '../faults.ts';
import { tell } from '../notifications/events.ts';
import { changeVersion, deleteMarkerRead, objectOf, requestedVersion } from '../objects/versions.ts';
import { replicateChange } from '../replication/replication.ts';
import { buckets } from '../tables.ts';
import { objectAcl, shownAcl, withAcl } from './acl.ts';
import { requiredAcl } from './grants.ts';

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
    at.put(buckets, withAcl(ctx, bucket, requiredAcl(ctx, input)));
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
    const wanted = requiredAcl(ctx, input);
    const acl = objectAcl(ctx, bucket, object.key, wanted);
    // A list that is set has to be the bucket owner's by its name.
    if (bucket.ownerEnforced && typeof wanted === 'string' && wanted !== 'bucket-owner-full-control')
      throw aclsNotSupported();
    const { acl: _, ...rest } = object;
    replicateChange(found, changeVersion(at, { ...rest, ...acl }));
    tell(ctx, found, 's3:ObjectAcl:Put', object);
    return {};
  },
};
