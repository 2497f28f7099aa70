// Default encryption of buckets: always with S3's own keys.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html

import type { Operations } from '#cloud/service.ts';
import { bucketOf } from './bucket.ts';
import { invalidArgument, malformedXml, notModelled } from './faults.ts';
import { buckets } from './tables.ts';

export const encryptionOperations: Operations<'s3'> = {
  GetBucketEncryption(ctx, input) {
    const { bucketKeyEnabled } = bucketOf(ctx, input).bucket;
    const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: 'AES256' } as const;
    const rule = { ApplyServerSideEncryptionByDefault, BucketKeyEnabled: bucketKeyEnabled };
    return { ServerSideEncryptionConfiguration: { Rules: [rule] } };
  },

  PutBucketEncryption(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const [rule, ...more] = input.ServerSideEncryptionConfiguration.Rules;
    if (!rule || more.length > 0) throw malformedXml();
    const { ApplyServerSideEncryptionByDefault: wanted, BucketKeyEnabled = false } = rule;
    if (wanted && wanted.SSEAlgorithm !== 'AES256')
      throw notModelled(`Server-side encryption with ${wanted.SSEAlgorithm}`);
    if (wanted?.KMSMasterKeyID !== undefined) {
      const message =
        'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse';
      throw invalidArgument('ApplyServerSideEncryptionByDefault', undefined, message);
    }
    at.update(buckets, bucket, { bucketKeyEnabled: BucketKeyEnabled });
  },

  DeleteBucketEncryption(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    at.update(buckets, bucket, { bucketKeyEnabled: false });
  },
};
