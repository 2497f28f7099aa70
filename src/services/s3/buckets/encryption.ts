// Default encryption of buckets: with S3's own keys, or with keys of KMS.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html

import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import { invalidArgument, malformedXml, notModelled } from '../faults.ts';
import { buckets } from '../tables.ts';
import type { Bucket } from '../tables.ts';

function withDefault(bucket: Bucket, bucketKeyEnabled: boolean, encryption?: Bucket['encryption']): Bucket {
  const { encryption: _, encryptionPut: __, ...rest } = bucket;
  return { ...rest, bucketKeyEnabled, ...(encryption ? { encryption } : {}) };
}

export const encryptionOperations: Operations<'s3'> = {
  GetBucketEncryption(ctx, input) {
    const { bucketKeyEnabled, encryption } = bucketOf(ctx, input).bucket;
    const ApplyServerSideEncryptionByDefault = {
      SSEAlgorithm: encryption?.algorithm ?? ('AES256' as const),
      ...(encryption?.keyId === undefined ? {} : { KMSMasterKeyID: encryption.keyId }),
    };
    const rule = { ApplyServerSideEncryptionByDefault, BucketKeyEnabled: bucketKeyEnabled };
    return { ServerSideEncryptionConfiguration: { Rules: [rule] } };
  },

  PutBucketEncryption(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const [rule, ...more] = input.ServerSideEncryptionConfiguration.Rules;
    if (!rule || more.length > 0) throw malformedXml();
    const { ApplyServerSideEncryptionByDefault: wanted, BucketKeyEnabled = false } = rule;
    const algorithm = wanted?.SSEAlgorithm ?? 'AES256';
    const keyId = wanted?.KMSMasterKeyID;
    if (algorithm !== 'AES256' && algorithm !== 'aws:kms')
      throw notModelled(`Server-side encryption with ${algorithm}`);
    if (keyId !== undefined && algorithm === 'AES256') {
      const message =
        'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse';
      throw invalidArgument('ApplyServerSideEncryptionByDefault', undefined, message);
    }
    const named = keyId === undefined ? {} : { keyId };
    const encryption = algorithm === 'aws:kms' ? ({ algorithm, ...named } as const) : undefined;
    // Whether there is such a key is found out when the first object comes.
    at.put(buckets, { ...withDefault(bucket, BucketKeyEnabled, encryption), encryptionPut: true });
  },

  DeleteBucketEncryption(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    at.put(buckets, withDefault(bucket, false));
  },
};
