// GetObjectAttributes: what is known of an object, without its bytes.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html

import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import type { Checksum, StoredObject } from '../tables.ts';
import { checksumMember, checksumMembers } from './checksums.ts';
import { wholeSeconds } from './conditions.ts';
import { checkCustomerKey } from './customer-key.ts';
import { pageSize, partMarker } from './listing.ts';
import { classOf } from './storage-class.ts';
import { objectOf, shownVersionId } from './versions.ts';

type ObjectParts = NonNullable<Output<'s3', 'GetObjectAttributes'>['ObjectParts']>;

/** Parts are listed one by one only where they have checksums that count. */
function partsOf({ parts, checksum }: StoredObject, after: number, limit: number): ObjectParts | undefined {
  if (!parts) return undefined;
  const TotalPartsCount = parts.length;
  if (checksum?.type !== 'COMPOSITE') return { TotalPartsCount };
  const rest = parts.filter(({ number }) => number > after);
  const shown = rest.slice(0, limit);
  return {
    TotalPartsCount,
    PartNumberMarker: after,
    NextPartNumberMarker: shown.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: shown.length < rest.length,
    Parts: shown.map(({ number, sizeBytes, checksum: value = '' }) => ({
      PartNumber: number,
      Size: sizeBytes,
      ...checksumMember({ algorithm: checksum.algorithm, value }),
    })),
  };
}

/** Without the number of parts. */
function bare(checksum: Checksum): Checksum {
  const [value = ''] = checksum.value.split('-');
  return { ...checksum, value };
}

export const attributeOperations: Operations<'s3'> = {
  GetObjectAttributes(ctx, input) {
    const found = bucketOf(ctx, input);
    const object = objectOf(ctx, found, input);
    checkCustomerKey(ctx, object, input);
    const { etag, checksum, sizeBytes } = object;
    const wanted = new Set(input.ObjectAttributes.map((name) => name.trim()));
    const parts = wanted.has('ObjectParts')
      ? partsOf(object, partMarker(input.PartNumberMarker), pageSize('max-parts', input.MaxParts))
      : undefined;
    return {
      LastModified: wholeSeconds(object.modifiedAt),
      ...shownVersionId(found.bucket, object),
      ...(wanted.has('ETag') ? { ETag: etag } : {}),
      ...(wanted.has('Checksum') && checksum ? { Checksum: checksumMembers(bare(checksum)) } : {}),
      ...(parts ? { ObjectParts: parts } : {}),
      ...(wanted.has('StorageClass') ? { StorageClass: classOf(object) } : {}),
      ...(wanted.has('ObjectSize') ? { ObjectSize: sizeBytes } : {}),
    };
  },
};
