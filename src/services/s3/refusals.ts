// Parameters that are refused by name, and those that S3 takes here without any effect.

import type { ServiceDefinition } from '#cloud/service.ts';

type Refused = NonNullable<ServiceDefinition<'s3'>['refused']>;
type WithoutEffect = NonNullable<ServiceDefinition<'s3'>['withoutEffect']>;

const KMS = ['SSEKMSEncryptionContext'];
const OTHER_CHECKSUMS = [
  'ChecksumSHA512',
  'ChecksumMD5',
  'ChecksumXXHASH64',
  'ChecksumXXHASH3',
  'ChecksumXXHASH128',
];
const OF_PARTS = OTHER_CHECKSUMS.map((name) => `MultipartUpload.Parts.${name}`);

export const refused: Refused = {
  CreateBucket: ['CreateBucketConfiguration.Location', 'CreateBucketConfiguration.Bucket', 'BucketNamespace'],
  PutBucketVersioning: ['MFA'],
  PutBucketEncryption: ['ServerSideEncryptionConfiguration.Rules.BlockedEncryptionTypes'],
  PutObject: [...KMS, ...OTHER_CHECKSUMS, 'WriteOffsetBytes'],
  CopyObject: [...KMS],
  CreateMultipartUpload: [...KMS],
  UploadPart: [...OTHER_CHECKSUMS],
  CompleteMultipartUpload: [...OTHER_CHECKSUMS, ...OF_PARTS],
  AbortMultipartUpload: ['IfMatchInitiatedTime'],
  RestoreObject: [
    'RestoreRequest.Type',
    'RestoreRequest.Description',
    'RestoreRequest.SelectParameters',
    'RestoreRequest.OutputLocation',
  ],
  DeleteObject: ['MFA', 'IfMatchLastModifiedTime', 'IfMatchSize'],
  DeleteObjects: ['MFA', 'Delete.Objects.LastModifiedTime', 'Delete.Objects.Size'],
};

/** Documents are small and arrive whole. */
const OF_DOCUMENT = {
  ContentMD5: 'a checksum of the document in the body, which is not compared with it',
  ChecksumAlgorithm: 'names the checksum of the document in the body, which is not compared with it',
};
const PAYER = { RequestPayer: 'no bucket lets requesters pay, and S3 ignores it on such' };
const TOKEN = { Token: 'AWS Support gave it out once; buckets take locks and rules without' };
const UNLESS_ON = 'says something only where its Status is Enabled, which is refused';
const LENGTH = { ContentLength: 'the body that arrives tells its own length' };

export const withoutEffect: WithoutEffect = {
  PutBucketVersioning: OF_DOCUMENT,
  PutBucketPolicy: {
    ...OF_DOCUMENT,
    ConfirmRemoveSelfBucketAccess: 'a policy that shuts out its author is taken with or without it',
  },
  PutPublicAccessBlock: OF_DOCUMENT,
  PutBucketOwnershipControls: OF_DOCUMENT,
  PutBucketTagging: OF_DOCUMENT,
  PutBucketEncryption: OF_DOCUMENT,
  PutBucketAcl: OF_DOCUMENT,
  PutBucketLifecycleConfiguration: { ChecksumAlgorithm: OF_DOCUMENT.ChecksumAlgorithm },
  PutBucketCors: OF_DOCUMENT,
  PutBucketWebsite: OF_DOCUMENT,
  PutBucketLogging: OF_DOCUMENT,
  PutBucketAccelerateConfiguration: { ChecksumAlgorithm: OF_DOCUMENT.ChecksumAlgorithm },
  PutBucketRequestPayment: OF_DOCUMENT,
  PutObjectLockConfiguration: { ...OF_DOCUMENT, ...PAYER, ...TOKEN },
  PutObjectRetention: { ...OF_DOCUMENT, ...PAYER },
  GetObjectRetention: PAYER,
  PutObjectLegalHold: { ...OF_DOCUMENT, ...PAYER },
  GetObjectLegalHold: PAYER,
  PutBucketReplication: {
    ...OF_DOCUMENT,
    ...TOKEN,
    'ReplicationConfiguration.Rules.Destination.ReplicationTime.Time': UNLESS_ON,
    'ReplicationConfiguration.Rules.Destination.Metrics.EventThreshold': UNLESS_ON,
  },
  PutObjectAcl: { ...OF_DOCUMENT, ...PAYER },
  PutObjectTagging: { ...OF_DOCUMENT, ...PAYER },
  GetObjectTagging: PAYER,
  GetObjectAcl: PAYER,
  GetBucketAccelerateConfiguration: PAYER,
  PutObject: { ...PAYER, ...LENGTH },
  GetObject: PAYER,
  HeadObject: PAYER,
  GetObjectAttributes: PAYER,
  CopyObject: { ...PAYER },
  CreateMultipartUpload: { ...PAYER },
  UploadPart: { ...PAYER, ...LENGTH },
  UploadPartCopy: PAYER,
  CompleteMultipartUpload: PAYER,
  AbortMultipartUpload: PAYER,
  ListParts: PAYER,
  ListMultipartUploads: PAYER,
  ListObjects: PAYER,
  ListObjectsV2: PAYER,
  ListObjectVersions: PAYER,
  RestoreObject: { ...PAYER, ChecksumAlgorithm: OF_DOCUMENT.ChecksumAlgorithm },
  DeleteObject: PAYER,
  DeleteObjects: { ...PAYER, ChecksumAlgorithm: OF_DOCUMENT.ChecksumAlgorithm },
};
