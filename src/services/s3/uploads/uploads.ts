// Multipart uploads: parts arrive or are copied, and become one object without moving a byte.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html

import { hex } from '#world/index.ts';
import { principalName } from '#cloud/principal.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import { invalidArgument, invalidRequest, noSuchUpload } from '../faults.ts';
import { awaitLifecycle } from '../lifecycle/expiration.ts';
import { arrived, joined } from '../objects/body.ts';
import { algorithmOf, checksumMember, DEFAULT_ALGORITHM, digest } from '../objects/checksums.ts';
import { wholeSeconds } from '../objects/conditions.ts';
import { sourceOf, sourceVersionId } from '../objects/copy.ts';
import { checkPartKey } from '../objects/customer-key.ts';
import { checkKey, describe, keepingOf } from '../objects/description.ts';
import { checkDecryption, encryptionMembers, etagOf } from '../objects/object-encryption.ts';
import { sliced } from '../objects/ranges.ts';
import { parts, uploads } from '../tables.ts';
import type { Checksum, ChecksumAlgorithm, Part, Segment, StoredObject, Upload } from '../tables.ts';
import { tagsOfHeader } from '../tagging.ts';

const ID_LENGTH = 128;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._';
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const HIGHEST_PART = 10_000;

interface UploadRequest {
  readonly Key: string;
  readonly UploadId: string;
}

/** The upload of a request; its key must be the one that it was begun with. */
export function uploadOf({ at, bucket }: Place, { Key, UploadId }: UploadRequest): Upload {
  const [upload] = at.list(uploads, 'id', UploadId);
  if (upload?.bucket !== bucket.name || upload.key !== Key) throw noSuchUpload(UploadId);
  return upload;
}

export function partsOf(at: Ctx, { id }: Upload): Part[] {
  return at.scan(parts, { prefix: `${id}/` });
}

/** Forgets an upload and its parts. */
export function dropUpload(at: Ctx, upload: Upload): void {
  for (const part of partsOf(at, upload)) at.delete(parts, parts.key(part));
  at.delete(uploads, uploads.key(upload));
}

/**
 * Which checksums an upload will have.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
function checksumPlan(
  name: string | undefined,
  wanted: Checksum['type'] | undefined,
): { algorithm?: ChecksumAlgorithm; checksumType?: Checksum['type'] } {
  const algorithm = algorithmOf(name);
  if (!algorithm) {
    if (!wanted) return {};
    throw invalidRequest(
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const checksumType = wanted ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  const impossible = algorithm.startsWith('SHA') ? 'FULL_OBJECT' : 'COMPOSITE';
  if (checksumType === impossible && (algorithm.startsWith('SHA') || algorithm === 'CRC64NVME')) {
    throw invalidRequest(
      `The ${checksumType} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { algorithm, checksumType };
}

/** `{ ChecksumAlgorithm, ChecksumType }` of an upload, where its client named them. */
export function checksumPlanMembers({ algorithm, checksumType }: Upload): {
  ChecksumAlgorithm?: ChecksumAlgorithm;
  ChecksumType?: Checksum['type'];
} {
  return algorithm && checksumType ? { ChecksumAlgorithm: algorithm, ChecksumType: checksumType } : {};
}

function checkPartNumber(number: number): void {
  if (number >= 1 && number <= HIGHEST_PART) return;
  const message = `Part number must be an integer between 1 and ${HIGHEST_PART}, inclusive`;
  throw invalidArgument('partNumber', number, message);
}

/** A range of a source has both ends, and they must be inside it. */
function copyRange(header: string | undefined, { segments, sizeBytes: size }: StoredObject): Segment[] {
  if (header === undefined) return [...segments];
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  const start = Number(first);
  const end = Number(last);
  if (first === undefined || last === undefined || end < start) {
    const message =
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the ' +
      'zero-based offsets of the first and last bytes to copy';
    throw invalidArgument('x-amz-copy-source-range', header, message);
  }
  if (start >= size) throw invalidRequest('The specified copy range is invalid for the source object size');
  if (end >= size) {
    const message = `Range specified is not valid for source object of size: ${size}`;
    throw invalidArgument('x-amz-copy-source-range', header, message);
  }
  return sliced(segments, { start, sizeBytes: end - start + 1 });
}

export const uploadOperations: Operations<'s3'> = {
  CreateMultipartUpload(ctx, input) {
    const found = bucketOf(ctx, input);
    const { at, bucket } = found;
    const { Key } = input;
    checkKey(Key);
    const keeping = keepingOf(ctx, found, Key, input);
    const { principal } = ctx;
    const upload: Upload = {
      id: at.id('upload', ID_LENGTH, ALPHABET),
      bucket: bucket.name,
      key: Key,
      initiatedAt: at.now,
      ...(principal.type === 'anonymous' ? {} : { initiator: principalName(principal) }),
      ...describe(input),
      ...keeping,
      tags: tagsOfHeader(input.Tagging),
      ...checksumPlan(input.ChecksumAlgorithm, input.ChecksumType),
      overtaken: false,
    };
    at.put(uploads, upload);
    awaitLifecycle(at, bucket);
    return {
      Bucket: bucket.name,
      Key,
      UploadId: upload.id,
      ...checksumPlanMembers(upload),
      ...encryptionMembers(upload),
    };
  },

  UploadPart(ctx, input) {
    const found = bucketOf(ctx, input);
    checkPartNumber(input.PartNumber);
    const upload = uploadOf(found, input);
    checkPartKey(ctx, upload, input);
    checkDecryption(ctx, upload);
    const algorithm = upload.algorithm ?? DEFAULT_ALGORITHM;
    const { segments, sizeBytes, md5, given, checksum } = arrived(ctx, input, algorithm);
    if (given && upload.algorithm && given.algorithm !== upload.algorithm) {
      const [expected, actual] = [upload.algorithm.toLowerCase(), given.algorithm.toLowerCase()];
      throw invalidRequest(
        `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${actual}`,
      );
    }
    const { PartNumber: number } = input;
    const modifiedAt = found.at.now;
    const etag = etagOf(found.at, upload, md5);
    found.at.put(parts, {
      uploadId: upload.id,
      number,
      etag,
      sizeBytes,
      segments,
      checksum,
      modifiedAt,
    });
    const shown = upload.algorithm ? { algorithm, value: checksum } : given;
    return {
      ETag: `"${etag}"`,
      ...(shown ? checksumMember(shown) : {}),
      ...encryptionMembers(upload),
    };
  },

  UploadPartCopy(ctx, input) {
    const found = bucketOf(ctx, input);
    checkPartNumber(input.PartNumber);
    const upload = uploadOf(found, input);
    checkPartKey(ctx, upload, input);
    checkDecryption(ctx, upload);
    const source = sourceOf(ctx, input);
    const segments = copyRange(input.CopySourceRange, source);
    const bytes = joined(ctx, segments);
    const algorithm = upload.algorithm ?? DEFAULT_ALGORITHM;
    const part: Part = {
      uploadId: upload.id,
      number: input.PartNumber,
      etag: etagOf(found.at, upload, hex(ctx.kernel.primitives.md5(bytes))),
      sizeBytes: bytes.length,
      segments,
      checksum: digest(ctx, algorithm, bytes),
      modifiedAt: found.at.now,
    };
    found.at.put(parts, part);
    return {
      CopyPartResult: {
        ETag: `"${part.etag}"`,
        LastModified: wholeSeconds(part.modifiedAt),
        ...(upload.algorithm ? checksumMember({ algorithm, value: part.checksum }) : {}),
      },
      ...sourceVersionId(source),
      ...encryptionMembers(upload),
    };
  },

  AbortMultipartUpload(ctx, input) {
    const found = bucketOf(ctx, input);
    dropUpload(found.at, uploadOf(found, input));
    return {};
  },
};
