// What a bucket can have and none has here. Terraform and others ask every bucket for all of it; the true answer is that it
// is off. The operations that would turn it on are refused.

import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';

export const unconfiguredOperations: Operations<'s3'> = {
  GetBucketAbac(ctx, input) {
    bucketOf(ctx, input);
    return { AbacStatus: { Status: 'Disabled' } };
  },
};
