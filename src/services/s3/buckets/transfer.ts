// How requests reach a bucket and who pays for them: acceleration, and the one payer there is here.

import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import { invalidRequest, malformedXml, notModelled } from '../faults.ts';
import { buckets } from '../tables.ts';

export const transferOperations: Operations<'s3'> = {
  PutBucketAccelerateConfiguration(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { Status } = input.AccelerateConfiguration;
    if (bucket.name.includes('.'))
      throw invalidRequest(
        'S3 Transfer Acceleration is not supported for buckets with periods (.) in their names',
      );
    if (Status !== 'Enabled' && Status !== 'Suspended') throw malformedXml();
    at.update(buckets, bucket, { acceleration: Status });
  },

  GetBucketAccelerateConfiguration(ctx, input) {
    const { acceleration } = bucketOf(ctx, input).bucket;
    return acceleration ? { Status: acceleration } : {};
  },

  PutBucketRequestPayment(ctx, input) {
    bucketOf(ctx, input);
    if (input.RequestPaymentConfiguration.Payer !== 'BucketOwner') throw notModelled('A requester that pays');
  },

  GetBucketRequestPayment(ctx, input) {
    bucketOf(ctx, input);
    return { Payer: 'BucketOwner' };
  },
};
