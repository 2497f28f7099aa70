// Copies of objects. The bytes stay where they are: the copy lists the same segments.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html

import { hex } from '#world/index.ts';
import { percentDecoded } from '#contract/protocols/bytes.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketNamed, bucketOf } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import {
  accessDenied,
  invalidArgument,
  invalidRequest,
  noSuchBucket,
  noSuchKey,
  notModelled,
} from '../faults.ts';
import { tell } from '../notifications/events.ts';
import { requirePermission } from '../permission.ts';
import { replicateLater } from '../replication/replication.ts';
import { place } from '../tables.ts';
import type { Checksum, Description, Keeping, StoredObject } from '../tables.ts';
import { tagsOfHeader } from '../tagging.ts';
import { joined } from './body.ts';
import { algorithmOf, checksumMembers, DEFAULT_ALGORITHM, digest } from './checksums.ts';
import { checkCopySource, checkWrite, wholeSeconds } from './conditions.ts';
import { checkCustomerKey, hasCustomerKey, sourceKey } from './customer-key.ts';
import type { SourceCustomerKey } from './customer-key.ts';
import { checkKey, checkRedirect, describe, keepingOf } from './description.ts';
import { checkDecryption, encryptionMembers, etagOf } from './object-encryption.ts';
import { checkCopyable } from './storage-class.ts';
import { install, NULL_VERSION, objectOf, requestedVersion, shownVersionId } from './versions.ts';

interface CopyRequest extends SourceCustomerKey {
  readonly CopySource: string;
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: number | undefined;
  readonly CopySourceIfUnmodifiedSince?: number | undefined;
  readonly ExpectedSourceBucketOwner?: string | undefined;
}

interface SourceName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
}

/** `[/]bucket/key[?versionId=id]`, percent-encoded, or a URL with that as its path. */
function sourceName(text: string): SourceName {
  if (text.startsWith('arn:')) throw notModelled('An access point as the source of a copy');
  const [, path = '', versionId] =
    /^(?:https?:\/\/[^/]*)?\/?(.*?)(?:\?versionId=([^&]*))?$/s.exec(text) ?? [];
  // A plus sign is a space here, as in forms (LocalStack's test_copy_object_special_character_plus_for_space).
  const decoded = percentDecoded(path, true);
  const slash = decoded?.indexOf('/') ?? -1;
  if (decoded === undefined || slash <= 0 || slash === decoded.length - 1)
    throw invalidArgument('x-amz-copy-source', 'x-amz-copy-source', 'Invalid copy source object key');
  return { bucket: decoded.slice(0, slash), key: decoded.slice(slash + 1), versionId };
}

/** The object to copy, wherever in the world its bucket is; IAM decides about reading it too. */
export function sourceOf(ctx: Ctx, input: CopyRequest): StoredObject {
  const { bucket: name, key: Key, versionId: VersionId } = sourceName(input.CopySource);
  const found = bucketNamed(ctx, name);
  if (!found) throw noSuchBucket(name);
  const { bucket } = found;
  if ((input.ExpectedSourceBucketOwner ?? bucket.account) !== bucket.account) throw accessDenied();
  const action = VersionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
  requirePermission(ctx, action, `arn:aws:s3:::${name}/${Key}`);
  const version = requestedVersion(ctx, found, { Key, VersionId });
  if (version.kind === 'delete-marker') {
    if (VersionId === undefined) throw noSuchKey(Key);
    throw invalidRequest(
      'The source of a copy request may not specifically refer to a delete marker by version id.',
    );
  }
  checkCopySource(ctx, version, {
    ifMatch: input.CopySourceIfMatch,
    ifNoneMatch: input.CopySourceIfNoneMatch,
    ifModifiedSince: input.CopySourceIfModifiedSince,
    ifUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
  });
  const source = objectOf(ctx, found, { Key, VersionId });
  checkCopyable(source);
  checkCustomerKey(ctx, source, sourceKey(input));
  checkDecryption(ctx, source);
  return source;
}

/** `{ CopySourceVersionId }`, for sources that have a version id. */
export function sourceVersionId({ versionId }: StoredObject): { CopySourceVersionId?: string } {
  return versionId === NULL_VERSION ? {} : { CopySourceVersionId: versionId };
}

type Copy = Input<'s3', 'CopyObject'>;

/** An object may be copied onto itself to change something about it, and only then. */
function checkItself({ bucket }: Place, input: Copy, source: StoredObject): void {
  const itself = place(source.bucket, source.key) === place(bucket.name, input.Key);
  const changes =
    sourceName(input.CopySource).versionId !== undefined ||
    input.MetadataDirective === 'REPLACE' ||
    input.StorageClass !== undefined ||
    input.WebsiteRedirectLocation !== undefined ||
    input.ServerSideEncryption !== undefined ||
    hasCustomerKey(input) ||
    // What the copy is encrypted with is then said anew, or is something else than before.
    (bucket.encryptionPut ?? false) ||
    source.encryption !== undefined;
  if (itself && !changes) {
    throw invalidRequest(
      'This copy request is illegal because it is trying to copy an object to itself without changing the ' +
        "object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
}

/** What the entity tag of the source says, where it says that. */
function md5Of(ctx: Ctx, { etag, parts, segments, encryption, customerKeyMd5 }: StoredObject): string {
  if (!parts && !encryption && customerKeyMd5 === undefined) return etag;
  return hex(ctx.kernel.primitives.md5(joined(ctx, segments)));
}

/** A copy is stored in one piece, with the entity tag and the checksum of one. */
function asOnePiece(
  ctx: Ctx,
  at: Ctx,
  source: StoredObject,
  keeping: Keeping,
  wanted: Checksum['algorithm'] | undefined,
): { etag: string; checksum: Checksum } {
  const { segments, checksum } = source;
  const algorithm = wanted ?? checksum?.algorithm ?? DEFAULT_ALGORITHM;
  const same = checksum?.type === 'FULL_OBJECT' && algorithm === checksum.algorithm;
  return {
    etag: etagOf(at, keeping, md5Of(ctx, source)),
    checksum: same
      ? checksum
      : { algorithm, type: 'FULL_OBJECT', value: digest(ctx, algorithm, joined(ctx, segments)) },
  };
}

function tagsFor(ctx: Ctx, input: Copy, source: StoredObject): StoredObject['tags'] {
  if (input.TaggingDirective === 'REPLACE') return tagsOfHeader(input.Tagging);
  if (Object.keys(source.tags).length > 0) {
    const version = sourceName(input.CopySource).versionId === undefined ? '' : 'Version';
    requirePermission(ctx, `s3:GetObject${version}Tagging`, `arn:aws:s3:::${source.bucket}/${source.key}`);
    requirePermission(ctx, 's3:PutObjectTagging', `arn:aws:s3:::${input.Bucket}/${input.Key}`);
  }
  return source.tags;
}

/** What is said of the copy. Redirects are never copied: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
function descriptionFor(input: Copy, source: StoredObject): Description {
  if (input.MetadataDirective === 'REPLACE') return describe(input);
  const { WebsiteRedirectLocation } = input;
  checkRedirect(WebsiteRedirectLocation);
  const { WebsiteRedirectLocation: _, ...headers } = source.headers;
  const redirect = WebsiteRedirectLocation === undefined ? {} : { WebsiteRedirectLocation };
  return { headers: { ...headers, ...redirect }, metadata: source.metadata };
}

export const copyOperations: Operations<'s3'> = {
  CopyObject(ctx, input) {
    const found = bucketOf(ctx, input);
    const { at, bucket } = found;
    const { Key } = input;
    checkKey(Key);
    const source = sourceOf(ctx, input);
    checkItself(found, input, source);
    const { headers, metadata } = descriptionFor(input, source);
    const tags = tagsFor(ctx, input, source);
    checkWrite(at, bucket.name, Key, input);
    const keeping = keepingOf(ctx, found, Key, input);
    const object = install<StoredObject>(found, {
      kind: 'object',
      bucket: bucket.name,
      key: Key,
      sizeBytes: source.sizeBytes,
      segments: source.segments,
      headers,
      metadata,
      ...keeping,
      tags,
      ...asOnePiece(ctx, at, source, keeping, algorithmOf(input.ChecksumAlgorithm)),
    });
    replicateLater(found, object);
    tell(ctx, found, 's3:ObjectCreated:Copy', object);
    return {
      CopyObjectResult: {
        ETag: `"${object.etag}"`,
        LastModified: wholeSeconds(object.modifiedAt),
        ...checksumMembers(object.checksum),
      },
      ...sourceVersionId(source),
      ...shownVersionId(bucket, object),
      ...encryptionMembers(object),
    };
  },
};
