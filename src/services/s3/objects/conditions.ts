// Conditional requests: preconditions of reads, copies and writes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html

import { formatHttpDate } from '#contract/protocols/timestamp.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { noSuchKey, notModified, preconditionFailed } from '../faults.ts';
import type { StoredObject, Version } from '../tables.ts';
import { currentObject } from './versions.ts';

/** Instants in epoch ms. */
export interface ReadConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: number | undefined;
  readonly ifUnmodifiedSince?: number | undefined;
}

/** Whether a header of entity tags names this one. */
function names(header: string, etag: string): boolean {
  return header.split(',').some((one) => {
    const tag = one.trim().replace(/^W\//, '').replaceAll(/^"|"$/g, '');
    return tag === '*' || tag === etag;
  });
}

/** HTTP dates have no smaller unit than the second. */
export function wholeSeconds(instant: number): number {
  return Math.floor(instant / 1000) * 1000;
}

/** The condition that does not hold. An entity tag that matches outweighs a date that does not. */
function failing(
  { now }: Ctx,
  { etag, modifiedAt }: StoredObject,
  conditions: ReadConditions,
): keyof ReadConditions | undefined {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const modified = wholeSeconds(modifiedAt);
  if (ifMatch !== undefined) {
    if (!names(ifMatch, etag)) return 'ifMatch';
  } else if (ifUnmodifiedSince !== undefined && modified > ifUnmodifiedSince) return 'ifUnmodifiedSince';
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, etag) ? 'ifNoneMatch' : undefined;
  // RFC 9110, 13.1.3: later than now is no valid date, and S3 passes over it.
  if (ifModifiedSince === undefined || ifModifiedSince > now) return undefined;
  return modified <= ifModifiedSince ? 'ifModifiedSince' : undefined;
}

/** Throws 412 or 304. */
export function checkRead(ctx: Ctx, object: StoredObject, conditions: ReadConditions): void {
  const condition = failing(ctx, object, conditions);
  if (condition === 'ifMatch') throw preconditionFailed('If-Match');
  if (condition === 'ifUnmodifiedSince') throw preconditionFailed('If-Unmodified-Since');
  if (condition)
    throw notModified({ etag: `"${object.etag}"`, 'last-modified': formatHttpDate(object.modifiedAt) });
}

const SOURCE_HEADERS: Readonly<Record<keyof ReadConditions, string>> = {
  ifMatch: 'x-amz-copy-source-If-Match',
  ifNoneMatch: 'x-amz-copy-source-If-None-Match',
  ifModifiedSince: 'x-amz-copy-source-If-Modified-Since',
  ifUnmodifiedSince: 'x-amz-copy-source-If-Unmodified-Since',
};

/** Throws 412 where the source of a copy is not as the copy wants it. */
export function checkCopySource(ctx: Ctx, object: StoredObject, conditions: ReadConditions): void {
  const condition = failing(ctx, object, conditions);
  if (condition) throw preconditionFailed(SOURCE_HEADERS[condition]);
}

interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export function checkWrite(
  at: Ctx,
  bucket: string,
  key: string,
  { IfMatch, IfNoneMatch }: WriteConditions,
): void {
  if (IfMatch === undefined && IfNoneMatch === undefined) return;
  if (IfMatch !== undefined && IfNoneMatch !== undefined)
    throw unimplemented(
      'If-Match,If-None-Match',
      'Multiple conditional request headers present in the request',
    );
  if (IfMatch === '*') throw unaccepted('If-Match');
  if (IfNoneMatch !== undefined && IfNoneMatch !== '*') throw unaccepted('If-None-Match');
  const current = currentObject(at, bucket, key);
  if (IfMatch === undefined) {
    if (current) throw preconditionFailed('If-None-Match');
    return;
  }
  if (!current) throw noSuchKey(key);
  if (!names(IfMatch, current.etag)) throw preconditionFailed('If-Match');
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html */
export function checkDelete(key: string, current: Version | undefined, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return;
  if (!current) throw noSuchKey(key); // moto's test_delete_object_if_match, which was verified against AWS.
  if (current.kind !== 'object' || !names(ifMatch, current.etag)) throw preconditionFailed('If-Match');
}

const unaccepted = (header: string): Fault =>
  unimplemented(header, `We don't accept the provided value of ${header} header for this API`);

function unimplemented(Header: string, additionalMessage: string): Fault {
  const message = 'A header you provided implies functionality that is not implemented';
  return new Fault('NotImplemented', message, { status: 501, fields: { Header, additionalMessage } });
}
