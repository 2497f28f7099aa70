// Who owns objects, and access control lists, of which only the one that ownership implies is modelled.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html

import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf, canonicalUser } from './bucket.ts';
import { aclsNotSupported, malformedXml, notConfigured, notModelled } from './faults.ts';
import { buckets } from './tables.ts';
import type { Bucket } from './tables.ts';
import { objectOf } from './versions.ts';

/** The owner of the bucket may do everything, and the list names nobody else. */
function ownersOnly(ctx: Ctx, { account }: Bucket): Output<'s3', 'GetBucketAcl'> {
  const Owner = canonicalUser(ctx, account);
  return { Owner, Grants: [{ Grantee: { ...Owner, Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' }] };
}

type PutAcl = Pick<
  Input<'s3', 'PutObjectAcl'>,
  'ACL' | 'GrantFullControl' | 'GrantRead' | 'GrantReadACP' | 'GrantWrite' | 'GrantWriteACP'
>;

/** Throws unless the request asks for the list that is there anyway. */
function checkAcl({ ownerEnforced }: Bucket, input: PutAcl, unchanged: readonly string[]): void {
  const { ACL, GrantFullControl, GrantRead, GrantReadACP, GrantWrite, GrantWriteACP } = input;
  const grants = [GrantFullControl, GrantRead, GrantReadACP, GrantWrite, GrantWriteACP];
  const plain = ACL !== undefined && unchanged.includes(ACL) && grants.every((grant) => grant === undefined);
  if (plain) return;
  throw ownerEnforced ? aclsNotSupported() : notModelled('An access control list');
}

export const ownershipOperations: Operations<'s3'> = {
  GetBucketOwnershipControls(ctx, input) {
    const { name, ownerEnforced } = bucketOf(ctx, input).bucket;
    if (ownerEnforced) return { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } };
    const message = 'The bucket ownership controls were not found';
    throw notConfigured('OwnershipControlsNotFoundError', message, name);
  },

  PutBucketOwnershipControls(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const [rule, ...more] = input.OwnershipControls.Rules;
    if (!rule || more.length > 0) throw malformedXml();
    if (rule.ObjectOwnership !== 'BucketOwnerEnforced')
      throw notModelled(`The object ownership ${rule.ObjectOwnership}`);
    at.update(buckets, bucket, { ownerEnforced: true });
  },

  DeleteBucketOwnershipControls(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    at.update(buckets, bucket, { ownerEnforced: false });
  },

  GetBucketAcl(ctx, input) {
    return ownersOnly(ctx, bucketOf(ctx, input).bucket);
  },

  PutBucketAcl(ctx, input) {
    const { bucket } = bucketOf(ctx, input);
    checkAcl(bucket, input, bucket.ownerEnforced ? [] : ['private']);
  },

  GetObjectAcl(ctx, input) {
    const found = bucketOf(ctx, input);
    objectOf(ctx, found, input);
    return ownersOnly(ctx, found.bucket);
  },

  PutObjectAcl(ctx, input) {
    const found = bucketOf(ctx, input);
    objectOf(ctx, found, input, 'PUT');
    const { bucket } = found;
    checkAcl(bucket, input, ['bucket-owner-full-control', ...(bucket.ownerEnforced ? [] : ['private'])]);
    return {};
  },
};
