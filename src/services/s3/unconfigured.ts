// What a bucket can have and none has here. Terraform and others ask every bucket for all of it; the true answer is that it
// is not configured. The operations that would configure it are refused.

import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from './bucket.ts';
import { notConfigured } from './faults.ts';

type Asking = (ctx: Ctx, input: { Bucket: string; ExpectedBucketOwner?: string | undefined }) => never;

/** Answers that the configuration is absent, in S3's words for each. */
function absent(code: string, message: string): Asking {
  return (ctx, input) => {
    throw notConfigured(code, message, bucketOf(ctx, input).bucket.name);
  };
}

export const unconfiguredOperations: Operations<'s3'> = {
  GetBucketReplication: absent(
    'ReplicationConfigurationNotFoundError',
    'The replication configuration was not found',
  ),
  GetObjectLockConfiguration: absent(
    'ObjectLockConfigurationNotFoundError',
    'Object Lock configuration does not exist for this bucket',
  ),

  GetBucketAbac(ctx, input) {
    bucketOf(ctx, input);
    return { AbacStatus: { Status: 'Disabled' } };
  },
};
