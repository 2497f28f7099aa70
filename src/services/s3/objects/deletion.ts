// Deleting objects, versions and delete markers.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html

import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import { malformedXml } from '../faults.ts';
import { tell } from '../notifications/events.ts';
import { permits } from '../permission.ts';
import { replicateLater } from '../replication/replication.ts';
import { objects, place } from '../tables.ts';
import type { DeleteMarker } from '../tables.ts';
import { checkDelete } from './conditions.ts';
import { checkBypass, checkHolds, isHeld } from './object-lock.ts';
import { checkVersionId, install, isOwnVersionId, NULL_VERSION, remove, versionOf } from './versions.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const MOST_AT_ONCE = 1000;

interface Deletion {
  /** What was there. */
  readonly found: boolean;
  readonly DeleteMarker?: boolean;
  readonly VersionId?: string;
}

/** Deletes a version for good, or, without a version, what the bucket's versioning understands by deleting. */
function deleteOne(
  ctx: Ctx,
  within: Place,
  key: string,
  versionId: string | undefined,
  bypass: boolean,
): Deletion {
  const { at, bucket } = within;
  if (versionId !== undefined) {
    const version = versionOf(at, bucket.name, key, versionId);
    if (version) {
      checkHolds(ctx, within, version, bypass);
      remove(at, version);
      tell(ctx, within, 's3:ObjectRemoved:Delete', { key, versionId });
    }
    const marker = version?.kind === 'delete-marker' ? { DeleteMarker: true } : {};
    return { found: version !== undefined, ...marker, VersionId: versionId };
  }
  if (bucket.versioning) {
    const fresh = { kind: 'delete-marker', bucket: bucket.name, key } as const;
    const marker = install<DeleteMarker>(within, fresh);
    replicateLater(within, marker);
    tell(ctx, within, 's3:ObjectRemoved:DeleteMarkerCreated', marker);
    return { found: true, DeleteMarker: true, VersionId: marker.versionId };
  }
  const current = at.get(objects, place(bucket.name, key));
  if (current) remove(at, current);
  tell(ctx, within, 's3:ObjectRemoved:Delete', { key, versionId: NULL_VERSION });
  return { found: true }; // Deleting what is not there succeeds.
}

type Results = Output<'s3', 'DeleteObjects'>;

export const deletionOperations: Operations<'s3'> = {
  DeleteObject(ctx, input) {
    const within = bucketOf(ctx, input);
    const { at, bucket } = within;
    const { Key, VersionId, IfMatch, BypassGovernanceRetention: bypass } = input;
    checkBypass(bucket, bypass);
    const addressed =
      VersionId === undefined
        ? at.get(objects, place(bucket.name, Key))
        : versionOf(at, bucket.name, Key, VersionId);
    if (VersionId !== undefined && !addressed) checkVersionId(ctx, bucket, VersionId);
    checkDelete(Key, addressed, IfMatch);
    const { found: _, ...answer } = deleteOne(ctx, within, Key, VersionId, bypass ?? false);
    return answer;
  },

  DeleteObjects(ctx, input) {
    const within = bucketOf(ctx, input);
    const { BypassGovernanceRetention: bypass } = input;
    checkBypass(within.bucket, bypass);
    const { Objects, Quiet = false } = input.Delete;
    if (Objects.length === 0 || Objects.length > MOST_AT_ONCE) throw malformedXml();
    const deleted: NonNullable<Results['Deleted']>[number][] = [];
    const errors: NonNullable<Results['Errors']>[number][] = [];
    for (const { Key, VersionId, ETag } of Objects) {
      const named = { Key, ...(VersionId === undefined ? {} : { VersionId }) };
      const fail = (Code: string, Message: string): void => void errors.push({ ...named, Code, Message });
      const action = VersionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
      if (!permits(ctx, action, `arn:aws:s3:::${within.bucket.name}/${Key}`)) {
        fail('AccessDenied', 'Access Denied');
        continue;
      }
      const current = within.at.get(objects, place(within.bucket.name, Key));
      if (ETag !== undefined && (current?.kind !== 'object' || `"${current.etag}"` !== quoted(ETag))) {
        fail('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
        continue;
      }
      const held =
        VersionId === undefined ? undefined : versionOf(within.at, within.bucket.name, Key, VersionId);
      if (held && isHeld(ctx, within, held, bypass ?? false)) {
        fail('AccessDenied', 'Access Denied because object protected by object lock.');
        continue;
      }
      const {
        found,
        DeleteMarker,
        VersionId: marker,
      } = deleteOne(ctx, within, Key, VersionId, bypass ?? false);
      // What is gone already is deleted (verified against AWS by moto's test_locked_object_governance_mode).
      const gone = VersionId !== undefined && isOwnVersionId(ctx, within.bucket, VersionId);
      if (!found && !gone) fail('NoSuchVersion', 'The specified version does not exist.');
      else if (!Quiet) {
        const created = DeleteMarker && marker ? { DeleteMarker, DeleteMarkerVersionId: marker } : {};
        deleted.push({ ...named, ...created });
      }
    }
    return {
      ...(deleted.length > 0 ? { Deleted: deleted } : {}),
      ...(errors.length > 0 ? { Errors: errors } : {}),
    };
  },
};

function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}
