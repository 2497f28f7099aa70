// Object Lock: versions that nobody can delete until a date, or while a legal hold is on.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html

import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import { invalidArgument, invalidRequest, malformedXml, notConfigured } from '../faults.ts';
import { pacificTime } from '../pacific-time.ts';
import { permits } from '../permission.ts';
import { replicateChange } from '../replication/replication.ts';
import { buckets } from '../tables.ts';
import type { Bucket, DefaultRetention, Held, Retention, StoredObject, Version } from '../tables.ts';
import { DAY_MS } from '../timings.ts';
import { changeVersion, deleteMarkerRead, requestedVersion } from './versions.ts';

const MODES: ReadonlySet<string> = new Set(['GOVERNANCE', 'COMPLIANCE']);
const YEAR_DAYS = 365;
const LONGEST_DAYS = 36_500;
const LONGEST_YEARS = 100;

type WireLock = NonNullable<Input<'s3', 'PutObjectLockConfiguration'>['ObjectLockConfiguration']>;

const protectedByLock = (): Fault =>
  new Fault('AccessDenied', 'Access Denied because object protected by object lock.', { status: 403 });

const unlockedBucket = (): Fault => invalidRequest('Bucket is missing Object Lock Configuration');

const notInFuture = (name: string, value: string): Fault =>
  invalidArgument(name, value, 'The retain until date must be in the future!');

interface Wanted {
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: number | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
}

/** What holds a new version: what the request says, or else the bucket's default. */
export function holdsFor({ at, bucket }: Place, input: Wanted): Held {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold } = input;
  if ((mode ?? until ?? hold) !== undefined && !bucket.objectLock) throw unlockedBucket();
  if ((mode === undefined) !== (until === undefined)) {
    const message = 'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied';
    throw invalidArgument(
      mode === undefined ? 'x-amz-object-lock-mode' : 'x-amz-object-lock-retain-until-date',
      undefined,
      message,
    );
  }
  if (mode !== undefined && !MODES.has(mode))
    throw invalidArgument('x-amz-object-lock-mode', mode, 'Unknown wormMode directive.');
  if (until !== undefined && until <= at.now)
    throw notInFuture('x-amz-object-lock-retain-until-date', formatIso(until));
  const legalHold = hold === undefined ? {} : { legalHold: hold as 'ON' | 'OFF' };
  if (mode !== undefined && until !== undefined)
    return { ...legalHold, retention: { mode: mode as Retention['mode'], until } };
  const usual = bucket.objectLock?.retention;
  if (!usual) return legalHold;
  return { ...legalHold, retention: { mode: usual.mode, until: at.now + daysOf(usual) * DAY_MS } };
}

function daysOf({ days, years = 0 }: DefaultRetention): number {
  return days ?? years * YEAR_DAYS;
}

/** Until when a version cannot be deleted: for good under a legal hold, else an instant that may be over. */
export function heldUntil(version: Version): number {
  if (version.kind !== 'object') return 0;
  return version.legalHold === 'ON' ? Infinity : (version.retention?.until ?? 0);
}

/** Whether a version may not be deleted. Governance mode can be bypassed by whoever may and says so. */
export function isHeld(ctx: Ctx, { at, bucket }: Place, version: Version, bypass: boolean): boolean {
  if (version.kind !== 'object' || heldUntil(version) <= at.now) return false;
  const { retention, legalHold } = version;
  const arn = `arn:aws:s3:::${bucket.name}/${version.key}`;
  return legalHold === 'ON' || retention?.mode !== 'GOVERNANCE' || !mayBypass(ctx, arn, bypass);
}

export function checkHolds(ctx: Ctx, within: Place, version: Version, bypass: boolean): void {
  if (isHeld(ctx, within, version, bypass)) throw protectedByLock();
}

function mayBypass(ctx: Ctx, arn: string, asked: boolean): boolean {
  return asked && permits(ctx, 's3:BypassGovernanceRetention', arn);
}

/** Bypassing says something only where there are locks. */
export function checkBypass({ objectLock }: Bucket, bypass: boolean | undefined): void {
  if (bypass === undefined || objectLock) return;
  const message = 'x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.';
  throw invalidArgument('x-amz-bypass-governance-retention', undefined, message);
}

/** What answers say of a version's holds: each only to who may see it. */
export function holdMembers(
  ctx: Ctx,
  object: StoredObject,
): {
  ObjectLockMode?: Retention['mode'];
  ObjectLockRetainUntilDate?: number;
  ObjectLockLegalHoldStatus?: 'ON' | 'OFF';
} {
  const { bucket, key, retention, legalHold } = object;
  const may = (action: string): boolean => permits(ctx, action, `arn:aws:s3:::${bucket}/${key}`);
  return {
    ...(retention && may('s3:GetObjectRetention')
      ? { ObjectLockMode: retention.mode, ObjectLockRetainUntilDate: retention.until }
      : {}),
    ...(legalHold && may('s3:GetObjectLegalHold') ? { ObjectLockLegalHoldStatus: legalHold } : {}),
  };
}

function defaultOf({ Rule }: WireLock): DefaultRetention | undefined {
  if (!Rule) return undefined;
  const { Mode: mode, Days: days, Years: years } = Rule.DefaultRetention ?? {};
  if (mode === undefined || (days === undefined) === (years === undefined)) throw malformedXml();
  const length = (days ?? years) as number;
  if (length <= 0) {
    const message = 'Default retention period must be a positive integer value.';
    throw invalidArgument(days === undefined ? 'Years' : 'Days', length, message);
  }
  if (length > (days === undefined ? LONGEST_YEARS : LONGEST_DAYS)) {
    const message = 'Default retention period too large.';
    throw invalidArgument(days === undefined ? 'Years' : 'Days', length, message);
  }
  return { mode, ...(days === undefined ? { years: length } : { days: length }) };
}

interface OnObject {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
}

/** The version whose holds a request is about. */
function lockable(ctx: Ctx, input: OnObject, method: string): { found: Place; object: StoredObject } {
  const found = bucketOf(ctx, input);
  if (!found.bucket.objectLock) throw unlockedBucket();
  const object = requestedVersion(ctx, found, input);
  if (object.kind !== 'object') throw deleteMarkerRead(object, method);
  return { found, object };
}

function noHold(): Fault {
  const message = 'The specified object does not have a ObjectLock configuration';
  return new Fault('NoSuchObjectLockConfiguration', message, { status: 404 });
}

/** Compliance mode only ever gets longer; governance mode gets shorter for who may bypass it. */
function checkChange(
  ctx: Ctx,
  { at, bucket }: Place,
  object: StoredObject,
  after: Retention | undefined,
  bypass: boolean,
): void {
  const { retention: before, key } = object;
  if (!before || before.until <= at.now) return;
  const stricter =
    after !== undefined &&
    after.until >= before.until &&
    (after.mode === before.mode || after.mode === 'COMPLIANCE');
  if (stricter) return;
  const arn = `arn:aws:s3:::${bucket.name}/${key}`;
  if (before.mode === 'COMPLIANCE' || !mayBypass(ctx, arn, bypass)) throw protectedByLock();
}

export const objectLockOperations: Operations<'s3'> = {
  PutObjectLockConfiguration(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { ObjectLockConfiguration: wanted } = input;
    if (!wanted) throw new Fault('MissingRequestBodyError', 'Request Body is empty', { status: 400 });
    if (wanted.ObjectLockEnabled !== 'Enabled') throw malformedXml();
    const retention = defaultOf(wanted);
    if (bucket.versioning !== 'Enabled') {
      const message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
      throw new Fault('InvalidBucketState', message, { status: 409 });
    }
    at.update(buckets, bucket, { objectLock: retention ? { retention } : {} });
    return {};
  },

  GetObjectLockConfiguration(ctx, input) {
    const { name, objectLock } = bucketOf(ctx, input).bucket;
    if (!objectLock) {
      const message = 'Object Lock configuration does not exist for this bucket';
      throw notConfigured('ObjectLockConfigurationNotFoundError', message, name);
    }
    const { mode: Mode, days, years } = objectLock.retention ?? {};
    const length = days === undefined ? { Years: years } : { Days: days };
    const Rule = Mode === undefined ? {} : { Rule: { DefaultRetention: { Mode, ...length } } };
    return { ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', ...Rule } };
  },

  PutObjectRetention(ctx, input) {
    const { found, object } = lockable(ctx, input, 'PUT');
    const { Mode: mode, RetainUntilDate: until } = input.Retention ?? {};
    if ((mode === undefined) !== (until === undefined)) throw malformedXml();
    if (until !== undefined && until <= found.at.now)
      throw notInFuture('RetainUntilDate', pacificTime(until));
    const after = mode !== undefined && until !== undefined ? { mode, until } : undefined;
    checkChange(ctx, found, object, after, input.BypassGovernanceRetention ?? false);
    const { retention: _, ...free } = object;
    replicateChange(found, changeVersion(found.at, after ? { ...free, retention: after } : free));
    return {};
  },

  GetObjectRetention(ctx, input) {
    const { object } = lockable(ctx, input, 'GET');
    if (!object.retention) throw noHold();
    return { Retention: { Mode: object.retention.mode, RetainUntilDate: object.retention.until } };
  },

  PutObjectLegalHold(ctx, input) {
    bucketOf(ctx, input);
    const legalHold = input.LegalHold?.Status;
    if (legalHold === undefined) throw malformedXml();
    const { found, object } = lockable(ctx, input, 'PUT');
    replicateChange(found, changeVersion(found.at, { ...object, legalHold }));
    return {};
  },

  GetObjectLegalHold(ctx, input) {
    const { object } = lockable(ctx, input, 'GET');
    if (!object.legalHold) throw noHold();
    return { LegalHold: { Status: object.legalHold } };
  },
};

/** With locks, versioning stays on. */
export function checkUnlocked({ objectLock }: Bucket, status: string): void {
  if (!objectLock || status === 'Enabled') return;
  const message =
    'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.';
  throw new Fault('InvalidBucketState', message, { status: 409 });
}
