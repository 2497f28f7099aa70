// When lifecycle rules are due: S3 adds the days and waits for the next midnight of UTC.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html

import { formatHttpDate } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Bucket, LifecycleRule, StoredObject } from '../tables.ts';
import { DAY_MS, lifecycleDelay } from '../timings.ts';

/** What looks at buckets with lifecycle rules. */
export const LIFECYCLE = { name: 's3/lifecycle', background: true } as const;

/** The midnight after an instant, some days later. */
export function dueAfter(since: number, days: number): number {
  return (Math.floor(since / DAY_MS) + days + 1) * DAY_MS;
}

/** When S3 gets round to what is due at a midnight. */
export function lookAt(at: Ctx, bucket: string, midnight: number): number {
  return midnight + at.duration(lifecycleDelay, bucket, midnight / DAY_MS);
}

/** Something in a bucket has changed: what its rules say of it is looked at after the next midnight. */
export function awaitLifecycle(at: Ctx, bucket: Bucket | undefined): void {
  if (bucket?.lifecycle) at.wake(LIFECYCLE, bucket.name, lookAt(at, bucket.name, dueAfter(at.now, 0)));
}

interface Matched {
  readonly key: string;
  readonly sizeBytes?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

interface Filter {
  readonly prefix: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  readonly over: number | undefined;
  readonly under: number | undefined;
}

/** What a rule applies to, in whichever of its three ways it says so. */
export function filterOf({ Prefix, Filter: filter = {} }: LifecycleRule): Filter {
  const { And: both = {}, Tag } = filter;
  return {
    prefix: Prefix ?? filter.Prefix ?? both.Prefix ?? '',
    tags: Tag ? [Tag] : (both.Tags ?? []),
    over: filter.ObjectSizeGreaterThan ?? both.ObjectSizeGreaterThan,
    under: filter.ObjectSizeLessThan ?? both.ObjectSizeLessThan,
  };
}

export function applies(rule: LifecycleRule, { key, sizeBytes = 0, tags = {} }: Matched): boolean {
  if (rule.Status !== 'Enabled') return false;
  const { prefix, tags: wanted, over, under } = filterOf(rule);
  return (
    key.startsWith(prefix) &&
    wanted.every(({ Key, Value }) => tags[Key] === Value) &&
    (over === undefined || sizeBytes > over) &&
    (under === undefined || sizeBytes < under)
  );
}

/** When a rule's `Days` or `Date` comes for something that is there since an instant. */
export function dueAt(
  when: { Days?: number | undefined; Date?: number | undefined },
  since: number,
): number | undefined {
  if (when.Date !== undefined) return Math.max(when.Date, dueAfter(since, 0));
  return when.Days === undefined ? undefined : dueAfter(since, when.Days);
}

/** When and by which rule a current object expires first. */
function expirationOf({ lifecycle }: Bucket, object: StoredObject): { at: number; rule: string } | undefined {
  const found = (lifecycle?.rules ?? []).flatMap((rule) => {
    const at =
      rule.Expiration && applies(rule, object) ? dueAt(rule.Expiration, object.modifiedAt) : undefined;
    return at === undefined ? [] : [{ at, rule: rule.ID }];
  });
  return found.toSorted((left, right) => left.at - right.at)[0];
}

/** `{ Expiration }`: the header `x-amz-expiration` of answers about objects that will expire. */
export function expirationMember(bucket: Bucket, object: StoredObject): { Expiration?: string } {
  const found = bucket.lifecycle && expirationOf(bucket, object);
  if (!found) return {};
  const rule = encodeURIComponent(found.rule.toWellFormed());
  return { Expiration: `expiry-date="${formatHttpDate(found.at)}", rule-id="${rule}"` };
}
