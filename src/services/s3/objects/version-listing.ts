// Listings of versions and delete markers.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/list-obj-version-enabled-bucket.html

import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf, canonicalUser } from '../bucket.ts';
import { invalidArgument } from '../faults.ts';
import { noncurrent, objects, place } from '../tables.ts';
import type { Version } from '../tables.ts';
import { wholeSeconds } from './conditions.ts';
import { END } from './key-order.ts';
import { listedFacts, pageSize, speller, walk } from './listing.ts';
import type { Entry } from './listing.ts';
import { classOf } from './storage-class.ts';

/** All versions of a key, newest first. */
function versionsOf(at: Ctx, current: Version): Version[] {
  const within = place(current.bucket, current.key) + END;
  return [current, ...at.scan(noncurrent, { prefix: within })];
}

interface VersionPage {
  readonly shown: readonly Version[];
  readonly prefixes: readonly string[];
  /** The last name shown, where there are more; a common prefix has no version. */
  readonly next: { readonly key: string; readonly versionId?: string } | undefined;
}

interface VersionRequest {
  readonly bucket: string;
  readonly prefix: string | undefined;
  readonly delimiter: string | undefined;
  readonly keyMarker: string;
  readonly versionMarker: string | undefined;
  readonly limit: number;
}

function page(at: Ctx, request: VersionRequest): VersionPage {
  const { bucket, keyMarker, versionMarker, limit } = request;
  const shown: Version[] = [];
  const prefixes: string[] = [];
  let last: VersionPage['next'];
  let more = false;
  const full = (): boolean => (more = shown.length + prefixes.length >= limit);
  const add = (versions: readonly Version[]): boolean =>
    versions.every((version) => {
      if (full()) return false;
      shown.push(version);
      last = { key: version.key, versionId: version.versionId };
      return true;
    });
  const visit = (entry: Entry<Version>): boolean => {
    if ('row' in entry) return add(versionsOf(at, entry.row));
    if (full()) return false;
    prefixes.push(entry.prefix);
    last = { key: entry.prefix };
    return true;
  };
  if (limit === 0) return { shown, prefixes, next: undefined };
  if (versionMarker !== undefined) {
    const current = at.get(objects, place(bucket, keyMarker));
    const versions = current ? versionsOf(at, current) : [];
    // A marker whose version is gone leaves all that are still there.
    const from = versions.findIndex(({ versionId }) => versionId === versionMarker) + 1;
    if (!add(versions.slice(from))) return { shown, prefixes, next: last };
  }
  walk(at, objects, { ...request, after: keyMarker }, () => true, visit);
  return { shown, prefixes, next: more ? last : undefined };
}

type Versions = Output<'s3', 'ListObjectVersions'>;

export const versionListingOperations: Operations<'s3'> = {
  ListObjectVersions(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { Prefix = '', Delimiter, KeyMarker = '', VersionIdMarker, EncodingType } = input;
    if (VersionIdMarker && KeyMarker === '') {
      const message = 'A version-id marker cannot be specified without a key marker.';
      throw invalidArgument('version-id-marker', VersionIdMarker, message);
    }
    const { shown, prefixes, next } = page(at, {
      bucket: bucket.name,
      prefix: Prefix,
      delimiter: Delimiter,
      keyMarker: KeyMarker,
      versionMarker: VersionIdMarker || undefined,
      limit: pageSize('maxKeys', input.MaxKeys),
    });
    const spell = speller(EncodingType);
    const Owner = canonicalUser(ctx, bucket.account);
    const named = (version: Version): NonNullable<Versions['DeleteMarkers']>[number] => ({
      Key: spell(version.key),
      VersionId: version.versionId,
      IsLatest: at.get(objects, place(bucket.name, version.key))?.versionId === version.versionId,
      LastModified: wholeSeconds(version.modifiedAt),
      Owner,
    });
    return {
      Name: bucket.name,
      Prefix: spell(Prefix),
      KeyMarker: spell(KeyMarker),
      VersionIdMarker: VersionIdMarker ?? '',
      ...(Delimiter ? { Delimiter: spell(Delimiter) } : {}),
      MaxKeys: pageSize('maxKeys', input.MaxKeys),
      ...(EncodingType ? { EncodingType } : {}),
      IsTruncated: next !== undefined,
      ...(next ? { NextKeyMarker: spell(next.key) } : {}),
      ...(next?.versionId ? { NextVersionIdMarker: next.versionId } : {}),
      Versions: shown.flatMap((one) =>
        one.kind === 'object'
          ? // The published model knows one class here; S3 tells them all.
            [
              {
                ...named(one),
                ...listedFacts(one, input.OptionalObjectAttributes),
                StorageClass: classOf(one) as 'STANDARD',
              },
            ]
          : [],
      ),
      DeleteMarkers: shown.filter(({ kind }) => kind === 'delete-marker').map(named),
      CommonPrefixes: prefixes.map((one) => ({ Prefix: spell(one) })),
    };
  },
};
