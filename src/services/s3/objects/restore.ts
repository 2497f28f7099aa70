// Restoring archived objects: after hours S3 has a copy that can be read, for some days.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatHttpDate } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketNamed, bucketOf } from '../bucket.ts';
import { invalidArgument, malformedXml } from '../faults.ts';
import { dueAfter } from '../lifecycle/expiration.ts';
import { asBucket, tell } from '../notifications/events.ts';
import type { StoredObject } from '../tables.ts';
import { restoration } from '../timings.ts';
import type { Tier } from '../timings.ts';
import { classOf, isArchived } from './storage-class.ts';
import { changeVersion, objectOf, versionOf } from './versions.ts';

interface Restored {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
}

const restoreDue: TimerKind<Restored> = timer<Restored>('s3/restore-due');
const restoredUntil: TimerKind<Restored> = timer<Restored>('s3/restored-until');

function archived(at: Ctx, { bucket, key, versionId }: Restored): StoredObject | undefined {
  const version = versionOf(at, bucket, key, versionId);
  return version?.kind === 'object' ? version : undefined;
}

/** The copy of an archived object is there. */
export const restore: TimerHandler<Restored, Ctx> = {
  kind: restoreDue,
  live: (at, which) =>
    archived(at, which)?.restore?.until === undefined && archived(at, which)?.restore !== undefined,
  fire(at, which) {
    const within = bucketNamed(at, which.bucket);
    const object = archived(at, which);
    if (!within || !object?.restore) return;
    const until = dueAfter(at.now, object.restore.days);
    const restored = changeVersion(at, { ...object, restore: { ...object.restore, until } });
    at.schedule(restoredUntil, until, which);
    tell(at.as(asBucket(within.bucket)), within, 's3:ObjectRestore:Completed', restored);
  },
};

/** The copy is gone again, unless it was asked for anew meanwhile. */
export const forgetRestored: TimerHandler<Restored, Ctx> = {
  kind: restoredUntil,
  live: (at, which) => (archived(at, which)?.restore?.until ?? Infinity) <= at.now,
  fire(at, which) {
    const within = bucketNamed(at, which.bucket);
    const object = archived(at, which);
    if (!within || !object) return;
    const { restore: _, ...rest } = object;
    tell(at.as(asBucket(within.bucket)), within, 's3:ObjectRestore:Delete', changeVersion(at, rest));
  },
};

/** `{ Restore }` of objects whose restoration was asked for. */
export function restoreMember({ restore: one }: StoredObject): { Restore?: string } {
  if (!one) return {};
  if (one.until === undefined) return { Restore: 'ongoing-request="true"' };
  return { Restore: `ongoing-request="false", expiry-date="${formatHttpDate(one.until)}"` };
}

export const restoreOperations: Operations<'s3'> = {
  RestoreObject(ctx, input) {
    const found = bucketOf(ctx, input);
    const { at } = found;
    const object = objectOf(ctx, found, input, 'POST');
    if (!isArchived(object)) {
      const message = "The operation is not valid for the object's storage class";
      const fields = { StorageClass: classOf(object) };
      throw new Fault('InvalidObjectState', message, { status: 403, fields });
    }
    const { Days: days, Tier, GlacierJobParameters } = input.RestoreRequest ?? {};
    if (days === undefined || days < 1) throw malformedXml();
    const tier: Tier = Tier ?? GlacierJobParameters?.Tier ?? 'Standard';
    const storageClass = classOf(object);
    if (tier === 'Expedited' && storageClass === 'DEEP_ARCHIVE')
      throw invalidArgument('Tier', tier, 'Retrieval option is not supported by this storage class');
    const which: Restored = { bucket: object.bucket, key: object.key, versionId: object.versionId };
    const { restore: before } = object;
    if (before?.until !== undefined) {
      // A copy that is there is kept for longer, or for less.
      const until = dueAfter(at.now, days);
      changeVersion(at, { ...object, restore: { days, until } });
      at.schedule(restoredUntil, until, which);
      return {};
    }
    if (before) {
      throw new Fault('RestoreAlreadyInProgress', 'Object restore is already in progress', { status: 409 });
    }
    changeVersion(at, { ...object, restore: { days } });
    const key = `${object.bucket}/${object.key}`;
    at.schedule(restoreDue, at.now + at.duration(restoration(storageClass, tier), key), which);
    tell(ctx, found, 's3:ObjectRestore:Post', object);
    const accepted = { Accepted: true };
    return accepted;
  },
};
