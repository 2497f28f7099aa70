// Objects: put, get, head.

import type { Fault } from '#contract/fault.ts';
import { formatHttpDate } from '#contract/protocols/timestamp.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import { invalidArgument } from '../faults.ts';
import { expirationMember } from '../lifecycle/expiration.ts';
import { tell } from '../notifications/events.ts';
import { replicateLater, replicationMember } from '../replication/replication.ts';
import type { Checksum, StoredObject } from '../tables.ts';
import { tagsOfHeader } from '../tagging.ts';
import { arrived, bodyOf } from './body.ts';
import { DEFAULT_ALGORITHM, checksumMembers } from './checksums.ts';
import { checkRead, checkWrite, wholeSeconds } from './conditions.ts';
import { checkCustomerKey } from './customer-key.ts';
import { checkKey, describe, keepingOf } from './description.ts';
import type { Described } from './description.ts';
import { encodedWords } from './encoded-words.ts';
import { checkDecryption, encryptionMembers, etagOf } from './object-encryption.ts';
import { holdMembers } from './object-lock.ts';
import { requestedRange, sliced } from './ranges.ts';
import type { ByteRange } from './ranges.ts';
import { restoreMember } from './restore.ts';
import { checkReadable, storageClassMember } from './storage-class.ts';
import { install, newVersionId, objectOf, shownVersionId } from './versions.ts';

type Get = Input<'s3', 'GetObject'>;
type Got = Output<'s3', 'GetObject'>;

function read(ctx: Ctx, input: Get, method: string): { answer: Got; object: StoredObject; range: ByteRange } {
  const found = bucketOf(ctx, input);
  const object = objectOf(ctx, found, input, method);
  checkRead(ctx, object, {
    ifMatch: input.IfMatch,
    ifNoneMatch: input.IfNoneMatch,
    ifModifiedSince: input.IfModifiedSince,
    ifUnmodifiedSince: input.IfUnmodifiedSince,
  });
  checkCustomerKey(ctx, object, input);
  const range = requestedRange(object, input.Range, input.PartNumber);
  return { answer: { ...facts(ctx, found, object, input), ...extent(object, range, input) }, object, range };
}

/** What may stand in a header: no line ends, and nothing beyond ISO 8859-1. */
const REPRESENTABLE = /^[\t\x20-\x7e\xa0-\xff]*$/;

/** A presigned URL could otherwise write headers of its own into the answer. */
function notRepresentable(name: string, value: string | undefined): Fault {
  const parameter = `response-${name.replaceAll(/\B[A-Z]/g, '-$&').toLowerCase()}`;
  return invalidArgument(parameter, value, 'Header value cannot be represented using ISO-8859-1.');
}

function facts(ctx: Ctx, { bucket }: Place, object: StoredObject, input: Get): Got {
  const tagCount = Object.keys(object.tags).length;
  const { ResponseExpires } = input;
  const overrides: Described = {
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    ContentType: input.ResponseContentType,
    Expires: ResponseExpires === undefined ? undefined : formatHttpDate(ResponseExpires),
  };
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  for (const [name, value] of given)
    if (!REPRESENTABLE.test(String(value))) throw notRepresentable(name, value);
  return {
    AcceptRanges: 'bytes',
    LastModified: wholeSeconds(object.modifiedAt),
    ETag: `"${object.etag}"`,
    ...object.headers,
    ...Object.fromEntries(given),
    ...metadataMember(object),
    ...shownVersionId(bucket, object),
    ...(tagCount === 0 ? {} : { TagCount: tagCount }),
    ...storageClassMember(object),
    ...restoreMember(object),
    // S3 tells it of current versions only, and not of one that is named.
    ...(input.VersionId === undefined ? expirationMember(bucket, object) : {}),
    ...encryptionMembers(object),
    ...holdMembers(ctx, object),
    ...replicationMember(object),
  };
}

/** `{ Metadata }`, as headers spell it. */
function metadataMember({ metadata }: StoredObject): Pick<Got, 'Metadata'> {
  const entries = Object.entries(metadata).map(([name, value]) => [name, encodedWords(value)] as const);
  return entries.length === 0 ? {} : { Metadata: Object.fromEntries(entries) };
}

/** How much of the object the answer has. */
function extent(object: StoredObject, range: ByteRange, { PartNumber, ChecksumMode }: Get): Got {
  const { start, sizeBytes, partial } = range;
  const end = start + sizeBytes - 1;
  const checksum = ChecksumMode !== undefined ? checksumOf(object, range, PartNumber) : undefined;
  return {
    ContentLength: sizeBytes,
    ...(partial ? { ContentRange: `bytes ${start}-${end}/${object.sizeBytes}` } : {}),
    ...(PartNumber !== undefined && object.parts ? { PartsCount: object.parts.length } : {}),
    ...(checksum ? checksumMembers(checksum) : {}),
  };
}

/** Parts of a composite have checksums of their own; any other part of an object has none. */
function checksumOf(
  { checksum, parts, sizeBytes }: StoredObject,
  range: ByteRange,
  partNumber: number | undefined,
): Checksum | undefined {
  if (partNumber !== undefined && checksum?.type === 'COMPOSITE') {
    const value = parts?.[partNumber - 1]?.checksum;
    return value === undefined ? undefined : { ...checksum, value };
  }
  return range.sizeBytes === sizeBytes ? checksum : undefined;
}

export const objectOperations: Operations<'s3'> = {
  PutObject(ctx, input: Input<'s3', 'PutObject'> & Described) {
    const found = bucketOf(ctx, input);
    const { at, bucket } = found;
    const { Key } = input;
    checkKey(Key);
    const tags = tagsOfHeader(input.Tagging);
    const description = describe(input);
    const { segments, sizeBytes, md5, given, checksum: value } = arrived(ctx, input);
    checkWrite(at, bucket.name, Key, input);
    const keeping = keepingOf(ctx, found, Key, input);
    const object = install<StoredObject>(found, {
      kind: 'object',
      bucket: bucket.name,
      key: Key,
      etag: etagOf(at, keeping, md5),
      sizeBytes,
      segments,
      checksum: { algorithm: given?.algorithm ?? DEFAULT_ALGORITHM, type: 'FULL_OBJECT', value },
      ...description,
      ...keeping,
      tags,
    });
    replicateLater(found, object);
    tell(ctx, found, `s3:ObjectCreated:${input.FromForm ? 'Post' : 'Put'}`, object);
    return {
      ETag: `"${object.etag}"`,
      ...checksumMembers(object.checksum),
      ...newVersionId(bucket, object),
      ...expirationMember(bucket, object),
      ...encryptionMembers(object),
    };
  },

  GetObject(ctx, input) {
    const { answer, object, range } = read(ctx, input, 'GET');
    checkReadable(object);
    checkDecryption(ctx, object);
    return { ...answer, Body: bodyOf(sliced(object.segments, range)) };
  },

  HeadObject(ctx, input) {
    const { answer, object } = read(ctx, input, 'HEAD');
    // What a checksum says of the bytes needs as much as the bytes themselves.
    if (input.ChecksumMode !== undefined) checkDecryption(ctx, object);
    return answer;
  },
};
