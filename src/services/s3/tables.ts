// Rows of S3 and the tables that keep them. All but the names live in the account and region of the bucket.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Input, OperationName } from '#cloud/contracts.ts';
import type { Tags } from '#cloud/tags.ts';
import { END, keyOrder } from './objects/key-order.ts';

/** Who has a bucket name: one namespace for the world. */
export interface BucketName {
  name: string;
  account: string;
  region: string;
}

export const bucketNames: Table<BucketName> = table<BucketName>('s3/bucket-names', (row) => row.name, {
  account: (row) => row.account,
});

/** Block Public Access, as the row's own words. */
export interface PublicAccessBlock {
  blockPublicAcls: boolean;
  ignorePublicAcls: boolean;
  blockPublicPolicy: boolean;
  restrictPublicBuckets: boolean;
}

export interface Bucket {
  name: string;
  account: string;
  region: string;
  /** As the request spelled it: `EU` is another name of eu-west-1. */
  locationConstraint?: string;
  createdAt: number;
  /** Absent until versioning is set for the first time; then it never goes back. */
  versioning?: 'Enabled' | 'Suspended';
  /** JSON text. */
  policy?: string;
  publicAccessBlock?: PublicAccessBlock;
  tags?: Tags;
  /** Whether access control lists are off. */
  ownerEnforced: boolean;
  /** Absent where lists are off, and after the ownership controls were deleted. */
  ownership?: 'BucketOwnerPreferred' | 'ObjectWriter';
  /** Absent where it is `private`. */
  acl?: Acl;
  bucketKeyEnabled: boolean;
  /** Whether its default encryption was ever put, be it with S3's own keys. */
  encryptionPut?: true;
  /** Absent where new objects are encrypted with S3's own keys. */
  encryption?: DefaultEncryption;
  lifecycle?: Lifecycle;
  notifications?: readonly Notification[];
  /** Absent unless all its events go to EventBridge. */
  eventBridge?: true;
  cors?: readonly CorsRule[];
  website?: Website;
  logging?: Logging;
  acceleration?: 'Enabled' | 'Suspended';
  /** Absent where Object Lock was never turned on; then it never goes. */
  objectLock?: { readonly retention?: DefaultRetention };
  replication?: Replication;
}

/** How long new versions are kept from deletion, in either of the two units. */
export interface DefaultRetention {
  readonly mode: Retention['mode'];
  readonly days?: number;
  readonly years?: number;
}

export type ReplicationRule = NonNullable<
  Put<'PutBucketReplication'>['ReplicationConfiguration']
>['Rules'][number] & { readonly ID: string };

/** As the request spelled it, with an id for each rule. */
export interface Replication {
  readonly role: string;
  readonly rules: readonly ReplicationRule[];
}

/** Lists by their short names; `private` is no list at all. */
export type CannedAcl = 'public-read' | 'public-read-write' | 'authenticated-read' | 'log-delivery-write';

/** One grant of a list: to an account by its canonical user id, or to one of AWS's groups by its URI. */
export interface Grant {
  readonly to: { readonly id: string } | { readonly group: string };
  readonly permission: Permission;
}

export type Permission = 'FULL_CONTROL' | 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP';

/** A canned list, or all the grants of a list: there the owner has only what it says. */
export type Acl = CannedAcl | readonly Grant[];

/** Keys of KMS as default. */
interface DefaultEncryption {
  algorithm: 'aws:kms';
  /** As it was given; absent for the key that AWS manages. */
  keyId?: string;
}

type Put<O extends OperationName<'s3'>> = Input<'s3', O>;

export type LifecycleRule = NonNullable<
  Put<'PutBucketLifecycleConfiguration'>['LifecycleConfiguration']
>['Rules'][number] & { readonly ID: string };

/** As the request spelled it, with an id for each rule. */
export interface Lifecycle {
  rules: readonly LifecycleRule[];
  minimumSize: 'all_storage_classes_128K' | 'varies_by_storage_class';
}

/** Where events of which kinds go. */
export interface Notification {
  id: string;
  destination: 'sqs' | 'sns' | 'lambda';
  arn: string;
  /** Such as `s3:ObjectCreated:*`. */
  events: readonly string[];
  prefix?: string;
  suffix?: string;
}

export type CorsRule = Put<'PutBucketCors'>['CORSConfiguration']['CORSRules'][number];
export type Website = Put<'PutBucketWebsite'>['WebsiteConfiguration'];

/** Where records of requests are delivered. */
export interface Logging {
  bucket: string;
  prefix: string;
  /** Only where it was given. */
  partitionedBy?: 'DeliveryTime';
  /** Who else may read the log, besides the owner of the bucket. */
  grants?: readonly Grant[];
}

export const buckets: Table<Bucket> = table<Bucket>('s3/buckets', (row) => row.name);

/** Bytes of an object: part of a blob. */
export interface Segment {
  blob: string;
  offset: number;
  sizeBytes: number;
}

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';

export interface Checksum {
  algorithm: ChecksumAlgorithm;
  /** `COMPOSITE`: the checksum of the parts' checksums. */
  type: 'FULL_OBJECT' | 'COMPOSITE';
  /** Base64, with `-<parts>` if composite. */
  value: string;
}

/** What a client says about an object beside its bytes. Headers by the names that the API gives them. */
export interface Description {
  headers: Readonly<Record<string, string>>;
  metadata: Readonly<Record<string, string>>;
}

/** A key of KMS that protects an object, and the object's data key under it. */
export interface ObjectEncryption {
  keyArn: string;
  /** Base64. */
  dataKey: string;
  bucketKey: boolean;
}

export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** Epoch ms. */
  readonly until: number;
}

/** What keeps a version from deletion. */
export interface Held {
  retention?: Retention;
  legalHold?: 'ON' | 'OFF';
}

/** How an object is kept; all absent for what most have. */
export interface Keeping extends Held {
  encryption?: ObjectEncryption;
  /** MD5 of the customer's own key that protects it (base64). */
  customerKeyMd5?: string;
  /** Absent for `STANDARD`. */
  storageClass?: string;
  /** Absent where it is `private`. */
  acl?: Acl;
}

export interface CompletedPart {
  number: number;
  sizeBytes: number;
  /** Absent where the upload named no algorithm. */
  checksum?: string;
}

interface VersionRow {
  bucket: string;
  key: string;
  /** `null` where the bucket was not versioned. */
  versionId: string;
  /** Grows with each version of a key. */
  ordinal: number;
  modifiedAt: number;
  /** Absent where no rule wants it elsewhere. */
  replicationStatus?: 'PENDING' | 'COMPLETED' | 'FAILED' | 'REPLICA';
}

export interface StoredObject extends VersionRow, Description, Keeping {
  kind: 'object';
  /** Without its quotes. */
  etag: string;
  sizeBytes: number;
  segments: readonly Segment[];
  /** Absent where parts came with the customer's own key and no checksums. */
  checksum?: Checksum;
  tags: Tags;
  /** Of an archived object: for how many days it is to be readable, and until when (epoch ms) once it is. */
  restore?: { readonly days: number; readonly until?: number };
  /** Of a multipart upload. */
  parts?: readonly CompletedPart[];
  /** The multipart upload that it came from, so that completing again finds it. */
  uploadId?: string;
}

export interface DeleteMarker extends VersionRow {
  kind: 'delete-marker';
}

export type Version = StoredObject | DeleteMarker;

/** Row key of a key's current version. */
export function place(bucket: string, key: string): string {
  return `${bucket}/${keyOrder(key)}`;
}

/** The current version of each key. */
export const objects: Table<Version> = table<Version>('s3/objects', (row) => place(row.bucket, row.key), {
  upload: (row) => (row.kind === 'object' ? row.uploadId : undefined),
});

const NEWEST = 999_999_999;

/** The versions before the current one, newest first. */
export const noncurrent: Table<Version> = table<Version>(
  's3/noncurrent-versions',
  (row) => `${place(row.bucket, row.key)}${END}${String(NEWEST - row.ordinal).padStart(9, '0')}`,
  { version: (row) => versionPlace(row.bucket, row.key, row.versionId) },
);

export function versionPlace(bucket: string, key: string, versionId: string): string {
  return `${place(bucket, key)}${END}${versionId}`;
}

/** A multipart upload that is not finished. */
export interface Upload extends Description, Keeping {
  id: string;
  bucket: string;
  key: string;
  initiatedAt: number;
  /** ARN of who began it; absent for nobody. */
  initiator?: string;
  tags: Tags;
  /** Absent where the client named none: S3 then keeps the default one of the whole. */
  algorithm?: ChecksumAlgorithm;
  checksumType?: Checksum['type'];
  /** Its key was written or deleted since it began. */
  overtaken: boolean;
}

export const uploads: Table<Upload> = table<Upload>(
  's3/uploads',
  (row) => uploadPlace(row.bucket, row.key) + String(row.initiatedAt).padStart(15, '0') + row.id,
  { id: (row) => row.id },
);

/** What the row keys of a key's uploads begin with. */
export function uploadPlace(bucket: string, key: string): string {
  return place(bucket, key) + END;
}

export interface Part {
  uploadId: string;
  number: number;
  /** Without its quotes. */
  etag: string;
  sizeBytes: number;
  segments: readonly Segment[];
  /** Of the upload's algorithm, or of the default one. */
  checksum: string;
  modifiedAt: number;
}

export const parts: Table<Part> = table<Part>(
  's3/parts',
  (row) => `${row.uploadId}/${String(row.number).padStart(5, '0')}`,
);
