// Lifecycle: objects expire, go to other storage classes, and abandoned uploads are cleared away, a little after midnight.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html

import type { Reconciler } from '#world/index.ts';
import { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import { invalidRequest, malformedXml, notConfigured } from '../faults.ts';
import { asBucket, tell } from '../notifications/events.ts';
import { END } from '../objects/key-order.ts';
import { heldUntil } from '../objects/object-lock.ts';
import { classOf, WATERFALL } from '../objects/storage-class.ts';
import { install, remove } from '../objects/versions.ts';
import { buckets, noncurrent, objects, place, uploads } from '../tables.ts';
import type { Bucket, DeleteMarker, Lifecycle, LifecycleRule, StoredObject, Version } from '../tables.ts';
import { dropUpload } from '../uploads/uploads.ts';
import { applies, awaitLifecycle, dueAfter, dueAt, LIFECYCLE, lookAt } from './expiration.ts';
import { checkedRules } from './lifecycle-rules.ts';

/** Smaller objects stay where they are, unless a rule speaks of sizes. */
const SMALLEST_TO_MOVE = 131_072;
const MINIMUM_SIZES: ReadonlySet<string> = new Set(['all_storage_classes_128K', 'varies_by_storage_class']);
const ARCHIVES = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** One look at a bucket: what is due is done, and the earliest of the rest is remembered. */
class Look {
  readonly within: Place;
  readonly now: number;
  next = Infinity;

  constructor(within: Place) {
    this.within = within;
    this.now = within.at.now;
  }

  /** Whether something is due by now. */
  due(instant: number | undefined): boolean {
    if (instant === undefined) return false;
    if (instant <= this.now) return true;
    this.next = Math.min(this.next, instant);
    return false;
  }

  tell(event: string, about: Parameters<typeof tell>[3]): void {
    const { at, bucket } = this.within;
    // S3 acts for itself, and says so.
    tell(new Ctx(at.kernel, at.scope, at.cloud, asBucket(bucket)), this.within, event, about);
  }
}

type Transition = { readonly due: number | undefined; readonly to: string };

/** The coldest class that a version is due for, if that is colder than its own. */
function move(look: Look, rows: typeof objects, object: StoredObject, plans: readonly Transition[]): void {
  const { at } = look.within;
  const from = WATERFALL.indexOf(classOf(object));
  const colder = plans.filter(({ to }) => WATERFALL.indexOf(to) > from);
  const [coldest] = colder
    .filter(({ due }) => look.due(due))
    .toSorted((left, right) => WATERFALL.indexOf(right.to) - WATERFALL.indexOf(left.to));
  if (!coldest) return;
  at.update(rows, object as Version, { storageClass: coldest.to } as Partial<Version>);
  look.tell('s3:LifecycleTransition', { ...object, storageClass: coldest.to });
}

function large(
  rule: LifecycleRule,
  { minimumSize }: Lifecycle,
  { sizeBytes }: StoredObject,
  to: string,
): boolean {
  const { Filter: { ObjectSizeGreaterThan: over, ObjectSizeLessThan: under, And: both } = {} } = rule;
  const sized = [over, under, both?.ObjectSizeGreaterThan, both?.ObjectSizeLessThan];
  if (sized.some((one) => one !== undefined) || sizeBytes >= SMALLEST_TO_MOVE) return true;
  return minimumSize === 'varies_by_storage_class' && ARCHIVES.has(to);
}

/** Returns whether the current version is gone from its place. */
function settleCurrent(look: Look, lifecycle: Lifecycle, current: StoredObject): boolean {
  const { at, bucket } = look.within;
  const rules = lifecycle.rules.filter((rule) => applies(rule, current));
  const expired = rules.some(({ Expiration }) =>
    look.due(Expiration && dueAt(Expiration, current.modifiedAt)),
  );
  if (expired) {
    if (bucket.versioning) {
      const fresh = { kind: 'delete-marker', bucket: bucket.name, key: current.key } as const;
      const marker = install<DeleteMarker>(look.within, fresh);
      look.tell('s3:LifecycleExpiration:DeleteMarkerCreated', marker);
    } else {
      remove(at, current);
      const { key, versionId } = current;
      look.tell('s3:LifecycleExpiration:Delete', { key, versionId });
    }
    return true;
  }
  const plans = rules.flatMap((rule) =>
    (rule.Transitions ?? []).flatMap((one) => {
      const to = one.StorageClass ?? '';
      return large(rule, lifecycle, current, to) ? [{ due: dueAt(one, current.modifiedAt), to }] : [];
    }),
  );
  move(look, objects, current, plans);
  return false;
}

/** A delete marker that hides nothing any more. */
function settleMarker(look: Look, { rules }: Lifecycle, marker: DeleteMarker): void {
  const due = rules
    .filter((rule) => applies(rule, marker))
    .some(({ Expiration: expiration }) => {
      if (expiration?.ExpiredObjectDeleteMarker) return true;
      return expiration?.Days !== undefined && look.due(dueAfter(marker.modifiedAt, expiration.Days));
    });
  if (!due) return;
  remove(look.within.at, marker);
  look.tell('s3:LifecycleExpiration:Delete', marker);
}

/** Versions that others have taken the place of. `since`: when that was; `newer`: how many are newer and noncurrent too. */
function settleNoncurrent(
  look: Look,
  lifecycle: Lifecycle,
  version: Version,
  since: number,
  newer: number,
): void {
  const rules = lifecycle.rules.filter((rule) => applies(rule, version));
  const expired = rules.some(({ NoncurrentVersionExpiration: expiration }) => {
    if (!expiration || newer < (expiration.NewerNoncurrentVersions ?? 0)) return false;
    return look.due(dueAfter(since, expiration.NoncurrentDays ?? 0));
  });
  // What is held waits for that to end.
  const held = heldUntil(version);
  if (expired && (held <= look.now || look.due(dueAfter(held, 0)))) {
    remove(look.within.at, version);
    const { key, versionId } = version;
    look.tell('s3:LifecycleExpiration:Delete', { key, versionId });
    return;
  }
  if (version.kind !== 'object') return;
  const plans = rules.flatMap((rule) =>
    (rule.NoncurrentVersionTransitions ?? []).flatMap((one) => {
      const to = one.StorageClass ?? '';
      if (newer < (one.NewerNoncurrentVersions ?? 0) || !large(rule, lifecycle, version, to)) return [];
      return [{ due: dueAfter(since, one.NoncurrentDays ?? 0), to }];
    }),
  );
  move(look, noncurrent, version, plans);
}

function settleKey(look: Look, lifecycle: Lifecycle, current: Version): void {
  const { at, bucket } = look.within;
  const older = at.scan(noncurrent, { prefix: place(bucket.name, current.key) + END });
  for (const [index, version] of older.entries()) {
    const since = (index === 0 ? current : (older[index - 1] as Version)).modifiedAt;
    settleNoncurrent(look, lifecycle, version, since, index);
  }
  if (current.kind === 'object') settleCurrent(look, lifecycle, current);
  else if (at.scan(noncurrent, { prefix: place(bucket.name, current.key) + END, limit: 1 }).length === 0)
    settleMarker(look, lifecycle, current);
}

function settleUploads(look: Look, { rules }: Lifecycle): void {
  const { at, bucket } = look.within;
  for (const upload of at.scan(uploads, { prefix: `${bucket.name}/` })) {
    const abandoned = rules
      .filter((rule) => applies(rule, { key: upload.key }))
      .some(({ AbortIncompleteMultipartUpload: abort }) =>
        look.due(abort && dueAfter(upload.initiatedAt, abort.DaysAfterInitiation ?? 0)),
      );
    if (abandoned) dropUpload(at, upload);
  }
}

export const lifecycle: Reconciler<Bucket, Ctx> = {
  ...LIFECYCLE,
  table: buckets,
  step(at, bucket) {
    const { lifecycle: configured, name } = bucket;
    if (!configured) return undefined;
    const look = new Look({ at, bucket });
    for (const current of at.scan(objects, { prefix: `${name}/` })) settleKey(look, configured, current);
    settleUploads(look, configured);
    return look.next === Infinity ? undefined : lookAt(at, name, look.next);
  },
};

export const lifecycleOperations: Operations<'s3'> = {
  PutBucketLifecycleConfiguration(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { LifecycleConfiguration: wanted, TransitionDefaultMinimumObjectSize: minimumSize } = input;
    if (!wanted) throw malformedXml();
    if (minimumSize !== undefined && !MINIMUM_SIZES.has(minimumSize))
      throw invalidRequest(`Invalid TransitionDefaultMinimumObjectSize found: ${minimumSize}`);
    const configured: Lifecycle = {
      rules: checkedRules(at, wanted.Rules),
      minimumSize: minimumSize ?? 'all_storage_classes_128K',
    };
    awaitLifecycle(at, at.update(buckets, bucket, { lifecycle: configured }));
    return { TransitionDefaultMinimumObjectSize: configured.minimumSize };
  },

  GetBucketLifecycleConfiguration(ctx, input) {
    const { name, lifecycle: configured } = bucketOf(ctx, input).bucket;
    if (!configured) {
      const message = 'The lifecycle configuration does not exist';
      throw notConfigured('NoSuchLifecycleConfiguration', message, name);
    }
    return { Rules: configured.rules, TransitionDefaultMinimumObjectSize: configured.minimumSize };
  },

  DeleteBucketLifecycle(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { lifecycle: _, ...rest } = bucket;
    at.put(buckets, rest);
  },
};
