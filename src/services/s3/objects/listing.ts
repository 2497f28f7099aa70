// Listings of objects: prefixes, delimiters, pages, in the order of UTF-8.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html

import type { Row, Table } from '#world/index.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf, canonicalUser } from '../bucket.ts';
import { invalidArgument } from '../faults.ts';
import { objects, place } from '../tables.ts';
import type { Bucket, Checksum, StoredObject, Version } from '../tables.ts';
import { wholeSeconds } from './conditions.ts';
import { LAST } from './key-order.ts';
import { classOf } from './storage-class.ts';
import type { StorageClass } from './storage-class.ts';
import { keyOfToken, tokenOf } from './token.ts';

const LARGEST_PAGE = 1000;
/** Rows to look at in one go where a common prefix may cut the look short. */
const STRIDE = 64;

/** What a listing shows of one key: a row, or the prefix under which it is rolled up with others. */
export type Entry<R> = { readonly row: R } | { readonly prefix: string };

export interface Walk {
  readonly bucket: string;
  readonly prefix?: string | undefined;
  readonly delimiter?: string | undefined;
  /** Only names after this one; a common prefix is a name like any other. */
  readonly after?: string | undefined;
}

/** The prefix that a key shares with others up to the delimiter, if it has one. */
export function commonPrefix(key: string, { prefix = '', delimiter = '' }: Walk): string | undefined {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

/** Visits entries in order until `visit` returns false. Rows are of a table that is keyed by the places of keys. */
export function walk<R extends Row & { readonly key: string }>(
  at: Ctx,
  rows: Table<R>,
  request: Walk,
  visible: (row: R) => boolean,
  visit: (entry: Entry<R>) => boolean,
): void {
  const { bucket, prefix = '', after = '' } = request;
  const within = place(bucket, prefix);
  const rolledUp = commonPrefix(after, request);
  let from = after === '' ? undefined : place(bucket, rolledUp ?? after) + (rolledUp ? LAST : '');
  for (;;) {
    const limit = request.delimiter ? STRIDE : LARGEST_PAGE + 1;
    const found = at.scan(rows, { prefix: within, ...(from === undefined ? {} : { after: from }), limit });
    let jumped = false;
    for (const row of found) {
      if (!visible(row)) continue;
      const shared = commonPrefix(row.key, request);
      if (!visit(shared === undefined ? { row } : { prefix: shared })) return;
      if (shared !== undefined) {
        from = place(bucket, shared) + LAST;
        jumped = true;
        break;
      }
    }
    if (jumped) continue;
    const last = found.at(-1);
    if (!last || found.length < limit) return;
    from = rows.key(last);
  }
}

export interface ListingRequest extends Walk {
  readonly limit: number;
}

export interface Listing<R> {
  readonly rows: readonly R[];
  readonly prefixes: readonly string[];
  /** The last name that is shown, where there are more. */
  readonly next: string | undefined;
}

/** One page of the objects that are current. */
function listed(at: Ctx, request: ListingRequest): Listing<StoredObject> {
  const rows: StoredObject[] = [];
  const prefixes: string[] = [];
  let last: string | undefined;
  let more = false;
  if (request.limit > 0) {
    const isObject = ({ kind }: Version): boolean => kind === 'object';
    walk(at, objects, request, isObject, (entry) => {
      more = rows.length + prefixes.length === request.limit;
      if (more) return false;
      last = 'row' in entry ? entry.row.key : entry.prefix;
      if ('row' in entry) rows.push(entry.row as StoredObject);
      else prefixes.push(entry.prefix);
      return true;
    });
  }
  return { rows, prefixes, next: more ? last : undefined };
}

/** A page's size as it was asked for, within S3's limit. */
export function pageSize(argument: string, given: number = LARGEST_PAGE): number {
  return Math.min(natural(argument, given), LARGEST_PAGE);
}

/** The number of a part after which a listing begins. */
export function partMarker(given: number = 0): number {
  return natural('part-number-marker', given);
}

function natural(argument: string, given: number): number {
  if (given >= 0) return given;
  const message = `Argument ${argument} must be an integer between 0 and 2147483647`;
  throw invalidArgument(argument, given, message);
}

/** As Java encodes forms, which S3 does: spaces are plus signs. Slashes stay. */
export function encodedKey(key: string): string {
  return encodeURIComponent(key.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replaceAll(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** How names are spelled in an answer: XML cannot hold all characters that keys may have. */
export function speller(encodingType: string | undefined): (name: string) => string {
  return encodingType === 'url' ? encodedKey : (name) => name;
}

type Contents = NonNullable<Output<'s3', 'ListObjectsV2'>['Contents']>[number];

function contents(
  object: StoredObject,
  spell: (name: string) => string,
  wanted?: readonly string[],
): Contents {
  return {
    Key: spell(object.key),
    LastModified: wholeSeconds(object.modifiedAt),
    ...listedFacts(object, wanted),
  };
}

/** What listings tell of an object, current or not. */
export function listedFacts(
  object: StoredObject,
  wanted: readonly string[] = [],
): {
  ETag: string;
  ChecksumAlgorithm?: [Checksum['algorithm']];
  ChecksumType?: Checksum['type'];
  Size: number;
  StorageClass: StorageClass;
  RestoreStatus?: { IsRestoreInProgress: boolean; RestoreExpiryDate?: number };
} {
  const { checksum, restore } = object;
  return {
    ETag: `"${object.etag}"`,
    ...(checksum ? { ChecksumAlgorithm: [checksum.algorithm], ChecksumType: checksum.type } : {}),
    Size: object.sizeBytes,
    StorageClass: classOf(object),
    ...(restore && wanted.includes('RestoreStatus') ? { RestoreStatus: restoreStatus(restore) } : {}),
  };
}

function restoreStatus({ until }: NonNullable<StoredObject['restore']>): {
  IsRestoreInProgress: boolean;
  RestoreExpiryDate?: number;
} {
  return {
    IsRestoreInProgress: until === undefined,
    ...(until === undefined ? {} : { RestoreExpiryDate: until }),
  };
}

interface ListRequest {
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly MaxKeys?: number | undefined;
  readonly EncodingType?: 'url' | undefined;
}

/** What both versions of the operation have in common. */
function commonAnswer(
  { name, region }: Bucket,
  { Prefix = '', Delimiter, MaxKeys, EncodingType }: ListRequest,
  { prefixes, next }: Listing<StoredObject>,
): Output<'s3', 'ListObjects'> {
  const spell = speller(EncodingType);
  const told = { BucketRegion: region };
  return {
    ...told,
    Name: name,
    Prefix: spell(Prefix),
    ...(Delimiter ? { Delimiter: spell(Delimiter) } : {}),
    MaxKeys: pageSize('maxKeys', MaxKeys),
    ...(EncodingType ? { EncodingType } : {}),
    IsTruncated: next !== undefined,
    ...(prefixes.length === 0 ? {} : { CommonPrefixes: prefixes.map((one) => ({ Prefix: spell(one) })) }),
  };
}

export const listingOperations: Operations<'s3'> = {
  ListObjectsV2(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { ContinuationToken, StartAfter, FetchOwner = false, EncodingType } = input;
    const found = listed(at, {
      bucket: bucket.name,
      prefix: input.Prefix,
      delimiter: input.Delimiter,
      after: ContinuationToken === undefined ? StartAfter : keyOfToken(ContinuationToken),
      limit: pageSize('maxKeys', input.MaxKeys),
    });
    const spell = speller(EncodingType);
    const owner = FetchOwner ? { Owner: canonicalUser(ctx, bucket.account) } : {};
    const start = StartAfter === undefined ? {} : { StartAfter: spell(StartAfter) };
    return {
      ...commonAnswer(bucket, input, found),
      KeyCount: found.rows.length + found.prefixes.length,
      Contents: found.rows.map((object) => ({
        ...contents(object, spell, input.OptionalObjectAttributes),
        ...owner,
      })),
      ...(ContinuationToken === undefined ? start : { ContinuationToken }),
      ...(found.next === undefined ? {} : { NextContinuationToken: tokenOf(found.next) }),
    };
  },

  ListObjects(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { Marker = '', Delimiter, EncodingType } = input;
    const found = listed(at, {
      bucket: bucket.name,
      prefix: input.Prefix,
      delimiter: Delimiter,
      after: Marker,
      limit: pageSize('maxKeys', input.MaxKeys),
    });
    const spell = speller(EncodingType);
    const Owner = canonicalUser(ctx, bucket.account);
    return {
      ...commonAnswer(bucket, input, found),
      Marker: spell(Marker),
      Contents: found.rows.map((object) => ({
        ...contents(object, spell, input.OptionalObjectAttributes),
        Owner,
      })),
      // Without a delimiter the last key is the next marker, and S3 leaves it to the client to see that.
      ...(Delimiter && found.next !== undefined ? { NextMarker: spell(found.next) } : {}),
    };
  },
};
