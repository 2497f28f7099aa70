// Versions of objects: which one is current, what a new one displaces, what a deletion uncovers.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html

import { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import { formatHttpDate } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Place } from '../bucket.ts';
import { accessDenied, invalidArgument, noSuchKey, noSuchVersion } from '../faults.ts';
import { awaitLifecycle } from '../lifecycle/expiration.ts';
import { permits } from '../permission.ts';
import { buckets, noncurrent, objects, place, uploadPlace, uploads, versionPlace } from '../tables.ts';
import type { Bucket, DeleteMarker, StoredObject, Version } from '../tables.ts';
import { END } from './key-order.ts';

export const NULL_VERSION = 'null';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._';
/** Characters of a version id that are drawn, and those that say whether S3 drew them. */
const DRAWN = 27;
const PROOF = 5;

/** What the drawn part of a version id ends with, so that S3 knows its own ids even when their versions are gone. */
function proof({ kernel }: Ctx, drawn: string): string {
  let sum = kernel.primitives.crc32(utf8(drawn));
  let text = '';
  for (let at = 0; at < PROOF; at += 1) {
    text += ALPHABET[sum % ALPHABET.length];
    sum = Math.floor(sum / ALPHABET.length);
  }
  return text;
}

function newVersion(at: Ctx): string {
  const drawn = at.id('version', DRAWN, ALPHABET);
  return drawn + proof(at, drawn);
}

/** A version before it is put in its place. */
type Fresh<V extends Version> = V extends Version ? Omit<V, 'versionId' | 'ordinal' | 'modifiedAt'> : never;

/** Makes a version the current one of its key, by the rules of the bucket's versioning. */
export function install<V extends Version>({ at, bucket }: Place, fresh: Fresh<V>): V {
  const enabled = bucket.versioning === 'Enabled';
  const versionId = enabled ? newVersion(at) : NULL_VERSION;
  const before = at.get(objects, place(fresh.bucket, fresh.key));
  const version = {
    ...fresh,
    versionId,
    ordinal: (before?.ordinal ?? 0) + 1,
    modifiedAt: at.now,
  } as unknown as V;
  // The version `null` exists once: a new one takes the place of the old, current or not.
  if (before && before.versionId !== versionId) at.put(noncurrent, before);
  if (!enabled) dropNoncurrent(at, fresh.bucket, fresh.key, NULL_VERSION);
  at.put(objects, version as Version);
  overtakeUploads(at, version);
  awaitLifecycle(at, bucket);
  return version;
}

/**
 * Puts a version of another bucket in its place, as it is. Of two versions the one that was written later is the newer one,
 * whichever comes first.
 */
export function installReplica({ at, bucket }: Place, version: Version): void {
  const { key, versionId } = version;
  const replica: Version = { ...version, replicationStatus: 'REPLICA' };
  const known = versionOf(at, bucket.name, key, versionId);
  if (known) {
    changeVersion(at, { ...replica, ordinal: known.ordinal });
    return;
  }
  const before = at.get(objects, place(bucket.name, key));
  const older = at.scan(noncurrent, { prefix: place(bucket.name, key) + END });
  const later = [...(before ? [before] : []), ...older].filter(
    ({ modifiedAt }) => modifiedAt > version.modifiedAt,
  );
  for (const one of later.filter((row) => row !== before)) at.delete(noncurrent, noncurrent.key(one));
  const ordinal = later.at(-1)?.ordinal ?? (before?.ordinal ?? 0) + 1;
  if (later.length === 0) {
    if (before) at.put(noncurrent, before);
    at.put(objects, { ...replica, ordinal });
  } else {
    // Those that were written later move up by one.
    for (const one of later)
      at.put(one === before ? objects : noncurrent, { ...one, ordinal: one.ordinal + 1 });
    at.put(noncurrent, { ...replica, ordinal });
  }
  overtakeUploads(at, version);
  awaitLifecycle(at, bucket);
}

/** Multipart uploads of a key learn that they are not alone, for conditions at their completion. */
function overtakeUploads(at: Ctx, { bucket, key }: Version): void {
  for (const upload of at.scan(uploads, { prefix: uploadPlace(bucket, key) }))
    if (!upload.overtaken) at.update(uploads, upload, { overtaken: true });
}

/** Deletes a version for good. Where it was the current one, the one before it is current again. */
export function remove(at: Ctx, version: Version): void {
  const { bucket, key, versionId } = version;
  const current = place(bucket, key);
  overtakeUploads(at, version);
  awaitLifecycle(at, at.get(buckets, bucket));
  if (at.get(objects, current)?.versionId !== versionId) {
    dropNoncurrent(at, bucket, key, versionId);
    return;
  }
  const [previous] = at.scan(noncurrent, { prefix: current + END, limit: 1 });
  if (!previous) {
    at.delete(objects, current);
    return;
  }
  at.delete(noncurrent, noncurrent.key(previous));
  at.put(objects, previous);
}

function dropNoncurrent(at: Ctx, bucket: string, key: string, versionId: string): void {
  for (const old of at.list(noncurrent, 'version', versionPlace(bucket, key, versionId)))
    at.delete(noncurrent, noncurrent.key(old));
}

/** Writes a version that is there, current or not, as it is now. */
export function changeVersion<V extends Version>(at: Ctx, version: V): V {
  const current = at.get(objects, place(version.bucket, version.key))?.versionId === version.versionId;
  at.put(current ? objects : noncurrent, version);
  return version;
}

/** A version by its id, current or not. */
export function versionOf(at: Ctx, bucket: string, key: string, versionId: string): Version | undefined {
  const current = at.get(objects, place(bucket, key));
  if (current?.versionId === versionId) return current;
  return at.list(noncurrent, 'version', versionPlace(bucket, key, versionId))[0];
}

/** The object under a key now: nothing where a delete marker is on top. */
export function currentObject(at: Ctx, bucket: string, key: string): StoredObject | undefined {
  const current = at.get(objects, place(bucket, key));
  return current?.kind === 'object' ? current : undefined;
}

/** Whether S3 gave out a version id, whatever has become of the version. */
export function isOwnVersionId(ctx: Ctx, { versioning }: Bucket, versionId: string): boolean {
  const drawn = versionId.slice(0, DRAWN);
  return versioning !== undefined && versionId === drawn + proof(ctx, drawn);
}

/** Throws for the id of no version, gone or not. A bucket that was never versioned has given out none. */
export function checkVersionId(ctx: Ctx, bucket: Bucket, versionId: string): void {
  if (versionId !== NULL_VERSION && !isOwnVersionId(ctx, bucket, versionId))
    throw invalidArgument('versionId', versionId, 'Invalid version id specified');
}

interface ObjectRequest {
  readonly Key: string;
  readonly VersionId?: string | undefined;
}

/** The version that a request names, or the current one; throws where there is none. */
export function requestedVersion(
  ctx: Ctx,
  { at, bucket }: Place,
  { Key, VersionId }: ObjectRequest,
  shownKey: string = Key,
): Version {
  const found =
    VersionId === undefined
      ? at.get(objects, place(bucket.name, Key))
      : versionOf(at, bucket.name, Key, VersionId);
  if (found) return found;
  if (VersionId !== undefined) checkVersionId(ctx, bucket, VersionId);
  checkListing(ctx, bucket, VersionId);
  throw VersionId === undefined ? noSuchKey(shownKey) : noSuchVersion(Key, VersionId);
}

/** Whoever may not list a bucket does not learn which keys it has. */
function checkListing(ctx: Ctx, { name }: Bucket, versionId: string | undefined): void {
  const action = versionId === undefined ? 's3:ListBucket' : 's3:ListBucketVersions';
  if (!permits(ctx, action, `arn:aws:s3:::${name}`)) throw accessDenied();
}

/** The object that a request reads, or S3's own answer where there is none. */
export function objectOf(ctx: Ctx, found: Place, input: ObjectRequest, method: string = 'GET'): StoredObject {
  const version = requestedVersion(ctx, found, input);
  if (version.kind === 'object') return version;
  if (input.VersionId !== undefined) throw deleteMarkerRead(version, method);
  checkListing(ctx, found.bucket, undefined);
  throw noSuchKey(input.Key, markerHeaders(version));
}

function markerHeaders({ versionId }: DeleteMarker): Record<string, string> {
  return { 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionId };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html */
export function deleteMarkerRead(marker: DeleteMarker, method: string): Fault {
  return new Fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    status: 405,
    fields: { Method: method, ResourceType: 'DeleteMarker' },
    headers: {
      ...markerHeaders(marker),
      allow: 'DELETE',
      'last-modified': formatHttpDate(marker.modifiedAt),
    },
  });
}

/** `{ VersionId }` of what was just written: told only while versioning is on. */
export function newVersionId(bucket: Bucket, { versionId }: Version): { VersionId?: string } {
  return bucket.versioning === 'Enabled' ? { VersionId: versionId } : {};
}

/** `{ VersionId }` of what is there: told once versioning was ever on. */
export function shownVersionId(bucket: Bucket, { versionId }: Version): { VersionId?: string } {
  return bucket.versioning ? { VersionId: versionId } : {};
}
