// Completing a multipart upload: the parts are checked against what the client names and become the object.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html

import { hex } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import { badDigest, invalidRequest } from '../faults.ts';
import { expirationMember } from '../lifecycle/expiration.ts';
import { tell } from '../notifications/events.ts';
import {
  ALGORITHMS,
  checksumMembers,
  composite,
  DEFAULT_ALGORITHM,
  fullObject,
  givenChecksum,
} from '../objects/checksums.ts';
import { checkWrite } from '../objects/conditions.ts';
import { checkUploadKey } from '../objects/customer-key.ts';
import { encodedKey } from '../objects/listing.ts';
import { checkDecryption, encryptionMembers } from '../objects/object-encryption.ts';
import { install, newVersionId } from '../objects/versions.ts';
import { replicateLater } from '../replication/replication.ts';
import { objects, parts } from '../tables.ts';
import type { Checksum, Part, StoredObject, Upload } from '../tables.ts';
import { dropUpload, uploadOf } from './uploads.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const SMALLEST_PART = 5_242_880;

type Complete = Input<'s3', 'CompleteMultipartUpload'>;
type Named = NonNullable<NonNullable<Complete['MultipartUpload']>['Parts']>[number];

const badRequest = (code: string, message: string, fields: Readonly<Record<string, unknown>>): Fault =>
  new Fault(code, message, { status: 400, fields });

const bare = (etag: string): string => etag.replaceAll('"', '');

function invalidPart({ id }: Upload, { PartNumber, ETag = '' }: Named): Fault {
  const message =
    'One or more of the specified parts could not be found.  The part may not have been uploaded, or the ' +
    "specified entity tag may not match the part's entity tag.";
  return badRequest('InvalidPart', message, { UploadId: id, PartNumber, ETag: bare(ETag) });
}

/** Parts in a composite are named with their checksums; elsewhere a checksum may be left out but not be wrong. */
function checkPartChecksum(upload: Upload, named: Named, part: Part): void {
  const given = givenChecksum({ ...named, ChecksumAlgorithm: undefined });
  const { algorithm } = upload;
  if (!given) {
    if (!algorithm || upload.checksumType !== 'COMPOSITE') return;
    throw invalidRequest(
      `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include ` +
        `the checksum for each part. It was missing for part ${part.number} in the request.`,
    );
  }
  if (algorithm && given.algorithm !== algorithm) {
    const name = given.algorithm.toLowerCase();
    throw badDigest(`The ${name} you specified for part ${part.number} did not match what we received.`);
  }
  if (!algorithm || given.value !== part.checksum) throw invalidPart(upload, named);
}

/** The uploaded parts that a request names, in its order, which must be that of their numbers. */
function namedParts(at: Ctx, upload: Upload, input: Complete): Part[] {
  const named = input.MultipartUpload?.Parts ?? [];
  if (named.length === 0) throw invalidRequest('You must specify at least one part');
  const numbers = named.map(({ PartNumber = 0 }) => PartNumber);
  if (numbers.some((number, index) => index > 0 && number <= (numbers[index - 1] as number))) {
    const message = 'The list of parts was not in ascending order. Parts must be ordered by part number.';
    throw badRequest('InvalidPartOrder', message, { UploadId: upload.id });
  }
  const found = named.map((one) => {
    const key = `${upload.id}/${String(one.PartNumber).padStart(5, '0')}`;
    const part = at.get(parts, key);
    if (!part || bare(one.ETag ?? '') !== part.etag) throw invalidPart(upload, one);
    checkPartChecksum(upload, one, part);
    return part;
  });
  for (const { number, etag, sizeBytes } of found.slice(0, -1)) {
    if (sizeBytes >= SMALLEST_PART) continue;
    const message = 'Your proposed upload is smaller than the minimum allowed size';
    throw badRequest('EntityTooSmall', message, {
      ETag: etag,
      MinSizeAllowed: SMALLEST_PART,
      PartNumber: number,
      ProposedSize: sizeBytes,
    });
  }
  return found;
}

function checksumOf(
  ctx: Ctx,
  { algorithm: named, checksumType, customerKeyMd5 }: Upload,
  from: Part[],
): { checksum?: Checksum } {
  // What it cannot read when the parts are put together, S3 computes no checksum of.
  if (customerKeyMd5 !== undefined && !named) return {};
  const algorithm = named ?? DEFAULT_ALGORITHM;
  return checksumType === 'COMPOSITE'
    ? { checksum: { algorithm, type: 'COMPOSITE', value: composite(ctx, algorithm, from) } }
    : { checksum: { algorithm, type: 'FULL_OBJECT', value: fullObject(algorithm, from) } };
}

function checkChecksumType({ checksumType }: Upload, { ChecksumType: type }: Complete): void {
  if (type === undefined || type === checksumType) return;
  throw invalidRequest(
    `The upload was created using the ${checksumType ?? 'null'} checksum mode. ` +
      'The complete request must use the same checksum mode.',
  );
}

/**
 * Whether the checksum of the whole is the one that the request gives, if it gives any. That of a full object has to say that it
 * is one, and of the upload's algorithm (recorded by LocalStack's test_multipart_parts_checksum_exceptions_full_object).
 */
function matches(
  { algorithm: named }: Upload,
  input: Complete,
  { algorithm, type, value }: Checksum,
): boolean {
  const [given, ...more] = ALGORITHMS.filter((one) => input[`Checksum${one}`] !== undefined);
  if (given === undefined) return true;
  if (named && (more.length > 0 || given !== algorithm)) return false;
  if (named && type === 'FULL_OBJECT' && algorithm !== 'CRC64NVME' && input.ChecksumType === undefined)
    return false;
  const whole = input[`Checksum${algorithm}`];
  return whole === undefined || whole.split('-')[0] === value.split('-')[0];
}

/** What the request says about the whole must be so. */
function checkWhole(
  upload: Upload,
  input: Complete,
  { checksum }: { checksum?: Checksum },
  sizeBytes: number,
): void {
  const { MpuObjectSize: size } = input;
  if (checksum && !matches(upload, input, checksum)) {
    throw badDigest(
      `The ${checksum.algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    );
  }
  if (size !== undefined && size !== sizeBytes) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${sizeBytes}`,
    );
  }
}

/** MD5 of the parts' MD5s, and how many there are. */
function etagOf(ctx: Ctx, from: readonly Part[]): string {
  const sums = new Uint8Array(from.length * 16);
  for (const [index, { etag }] of from.entries()) {
    for (let byte = 0; byte < 16; byte += 1)
      sums[index * 16 + byte] = Number.parseInt(etag.slice(byte * 2, byte * 2 + 2), 16);
  }
  return `${hex(ctx.kernel.primitives.md5(sums))}-${from.length}`;
}

/** Conditions hold only if nobody wrote or deleted the key while the upload was going on. */
function checkConditions({ at, bucket }: Place, upload: Upload, input: Complete): void {
  checkWrite(at, bucket.name, input.Key, input);
  const condition = input.IfMatch === undefined ? 'If-None-Match' : 'If-Match';
  if (!upload.overtaken || (input.IfMatch ?? input.IfNoneMatch) === undefined) return;
  throw new Fault(
    'ConditionalRequestConflict',
    'The conditional request cannot succeed due to a conflicting operation against this resource.',
    { status: 409, fields: { Condition: condition, Key: input.Key } },
  );
}

function answer({ bucket }: Place, object: StoredObject): Output<'s3', 'CompleteMultipartUpload'> {
  const named = object.parts?.some(({ checksum }) => checksum !== undefined);
  return {
    Location: `https://${bucket.name}.s3.${bucket.region}.amazonaws.com/${encodedKey(object.key)}`,
    Bucket: bucket.name,
    Key: object.key,
    ETag: `"${object.etag}"`,
    // The one that S3 computes by itself is told here of what its own keys encrypt (recorded by test_s3_multipart_upload_sse).
    ...(object.encryption && !named ? {} : checksumMembers(object.checksum)),
    ...newVersionId(bucket, object),
    ...expirationMember(bucket, object),
    // The answer has no members for a key of the customer's own.
    ...(object.customerKeyMd5 === undefined ? encryptionMembers(object) : {}),
  };
}

export const completionOperations: Operations<'s3'> = {
  CompleteMultipartUpload(ctx, input) {
    const found = bucketOf(ctx, input);
    const { at, bucket } = found;
    // Completing again answers as the first time, while the object is there.
    const [done] = at.list(objects, 'upload', input.UploadId);
    if (done?.kind === 'object' && done.bucket === bucket.name && done.key === input.Key)
      return answer(found, done);
    const upload = uploadOf(found, input);
    checkChecksumType(upload, input);
    const from = namedParts(at, upload, input);
    const sizeBytes = from.reduce((sum, part) => sum + part.sizeBytes, 0);
    const checksum = checksumOf(ctx, upload, from);
    checkWhole(upload, input, checksum, sizeBytes);
    checkConditions(found, upload, input);
    checkUploadKey(ctx, upload, input);
    checkDecryption(ctx, upload);
    dropUpload(at, upload);
    const { headers, metadata, tags, algorithm, encryption, customerKeyMd5 } = upload;
    const { storageClass, acl, retention, legalHold } = upload;
    const object = install<StoredObject>(found, {
      kind: 'object',
      bucket: bucket.name,
      key: input.Key,
      etag: etagOf(ctx, from),
      sizeBytes,
      segments: from.flatMap(({ segments }) => segments),
      ...checksum,
      headers,
      metadata,
      tags,
      parts: from.map((part) => ({
        number: part.number,
        sizeBytes: part.sizeBytes,
        ...(algorithm ? { checksum: part.checksum } : {}),
      })),
      uploadId: upload.id,
      ...(encryption ? { encryption } : {}),
      ...(customerKeyMd5 === undefined ? {} : { customerKeyMd5 }),
      ...(storageClass === undefined ? {} : { storageClass }),
      ...(acl ? { acl } : {}),
      ...(retention ? { retention } : {}),
      ...(legalHold ? { legalHold } : {}),
    });
    replicateLater(found, object);
    tell(ctx, found, 's3:ObjectCreated:CompleteMultipartUpload', object);
    return answer(found, object);
  },
};
