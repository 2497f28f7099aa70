// Listings of multipart uploads and of their parts.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html

import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf, canonicalUser } from '../bucket.ts';
import { invalidArgument } from '../faults.ts';
import { checksumMember } from '../objects/checksums.ts';
import { wholeSeconds } from '../objects/conditions.ts';
import { checkUploadKey } from '../objects/customer-key.ts';
import { commonPrefix, pageSize, partMarker, speller } from '../objects/listing.ts';
import { classOf } from '../objects/storage-class.ts';
import { place, uploads } from '../tables.ts';
import type { Upload } from '../tables.ts';
import { checksumPlanMembers, partsOf, uploadOf } from './uploads.ts';

interface UploadPage {
  readonly shown: readonly Upload[];
  readonly prefixes: readonly string[];
  readonly truncated: boolean;
}

interface UploadRequest {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly keyMarker: string;
  readonly idMarker: string;
  readonly limit: number;
}

/** By key, and within a key by age. Uploads are few: all that match are looked at. */
function page(at: Ctx, request: UploadRequest): UploadPage {
  const { bucket, keyMarker, idMarker, limit } = request;
  const shown: Upload[] = [];
  const prefixes: string[] = [];
  const [marker] = keyMarker === '' || idMarker === '' ? [] : at.list(uploads, 'id', idMarker);
  if (keyMarker !== '' && idMarker !== '' && marker?.key !== keyMarker)
    throw invalidArgument('upload-id-marker', idMarker, 'Invalid uploadId marker');
  // With a marker of its own an upload is before those of its key that began later.
  const passed = (upload: Upload): boolean =>
    marker
      ? uploads.key(upload) <= uploads.key(marker)
      : keyMarker !== '' && place(bucket, upload.key) <= place(bucket, keyMarker);
  for (const upload of at.scan(uploads, { prefix: `${bucket}/` })) {
    if (!upload.key.startsWith(request.prefix) || passed(upload)) continue;
    const shared = commonPrefix(upload.key, request);
    if (shared !== undefined && (prefixes.includes(shared) || keyMarker.startsWith(shared))) continue;
    if (shown.length + prefixes.length >= limit) return { shown, prefixes, truncated: limit > 0 };
    if (shared === undefined) shown.push(upload);
    else prefixes.push(shared);
  }
  return { shown, prefixes, truncated: false };
}

type Uploads = NonNullable<Output<'s3', 'ListMultipartUploads'>['Uploads']>[number];

/** Who began an upload: an account's root by its canonical user id, others by their ARN. Unlike owners, they have a name. */
function people(ctx: Ctx, account: string, { initiator }: Upload): Pick<Uploads, 'Owner' | 'Initiator'> {
  const owner = canonicalUser(ctx, account);
  const [, , , , by = account, resource] = initiator?.split(':') ?? [];
  const root = resource === undefined || resource === 'root';
  const Initiator = root
    ? { ...canonicalUser(ctx, by), DisplayName: by }
    : { ID: initiator as string, DisplayName: resource.slice(resource.indexOf('/') + 1) };
  return { Initiator, Owner: owner };
}

export const uploadListingOperations: Operations<'s3'> = {
  ListMultipartUploads(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { Prefix, Delimiter, KeyMarker = '', UploadIdMarker = '', EncodingType } = input;
    const limit = pageSize('max-uploads', input.MaxUploads);
    const { shown, prefixes, truncated } = page(at, {
      bucket: bucket.name,
      prefix: Prefix ?? '',
      delimiter: Delimiter,
      keyMarker: KeyMarker,
      idMarker: UploadIdMarker,
      limit,
    });
    const spell = speller(EncodingType);
    const last = shown.at(-1);
    return {
      Bucket: bucket.name,
      ...(Prefix === undefined ? {} : { Prefix: spell(Prefix) }),
      ...(Delimiter ? { Delimiter: spell(Delimiter) } : {}),
      KeyMarker: spell(KeyMarker),
      // Without a key marker S3 ignores the other.
      UploadIdMarker: KeyMarker === '' ? '' : UploadIdMarker,
      MaxUploads: limit,
      ...(EncodingType ? { EncodingType } : {}),
      IsTruncated: truncated,
      NextKeyMarker: spell(last?.key ?? ''),
      NextUploadIdMarker: last?.id ?? '',
      Uploads: shown.map((upload) => ({
        UploadId: upload.id,
        Key: spell(upload.key),
        Initiated: wholeSeconds(upload.initiatedAt),
        StorageClass: classOf(upload),
        ...people(ctx, bucket.account, upload),
        ...checksumPlanMembers(upload),
      })),
      CommonPrefixes: prefixes.map((one) => ({ Prefix: spell(one) })),
    };
  },

  ListParts(ctx, input) {
    const found = bucketOf(ctx, input);
    const upload = uploadOf(found, input);
    checkUploadKey(ctx, upload, input);
    const limit = pageSize('max-parts', input.MaxParts);
    const after = partMarker(input.PartNumberMarker);
    const rest = partsOf(found.at, upload).filter(({ number }) => number > after);
    const shown = rest.slice(0, limit);
    const { algorithm } = upload;
    return {
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: upload.id,
      PartNumberMarker: after,
      NextPartNumberMarker: shown.at(-1)?.number ?? 0,
      MaxParts: limit,
      IsTruncated: shown.length < rest.length,
      Parts: shown.map(({ number, modifiedAt, etag, sizeBytes, checksum }) => ({
        PartNumber: number,
        LastModified: wholeSeconds(modifiedAt),
        ETag: `"${etag}"`,
        Size: sizeBytes,
        ...(algorithm ? checksumMember({ algorithm, value: checksum }) : {}),
      })),
      StorageClass: classOf(upload),
      ...people(ctx, found.bucket.account, upload),
      ...checksumPlanMembers(upload),
    };
  },
};
