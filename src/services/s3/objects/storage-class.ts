// Storage classes: what an object is kept in. Nothing here costs or waits; but what is archived cannot be read.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html

import { Fault } from '#contract/fault.ts';
import { notModelled } from '../faults.ts';
import type { StoredObject } from '../tables.ts';

export type StorageClass =
  | 'STANDARD'
  | 'REDUCED_REDUNDANCY'
  | 'STANDARD_IA'
  | 'ONEZONE_IA'
  | 'INTELLIGENT_TIERING'
  | 'GLACIER_IR'
  | 'GLACIER'
  | 'DEEP_ARCHIVE';

/** From warm to cold: objects move only in this direction. */
export const WATERFALL: readonly string[] = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'INTELLIGENT_TIERING',
  'ONEZONE_IA',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
];
const ARCHIVES: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** `{ storageClass }` for rows; nothing for the usual one. */
export function storageClassOf(given: string = 'STANDARD'): { storageClass?: string } {
  if (!WATERFALL.includes(given)) throw notModelled(`The storage class ${given}`);
  return given === 'STANDARD' ? {} : { storageClass: given };
}

export function classOf({ storageClass = 'STANDARD' }: { storageClass?: string }): StorageClass {
  return storageClass as StorageClass;
}

/** `{ StorageClass }` for answers, which leave the usual one out. */
export function storageClassMember({ storageClass }: StoredObject): { StorageClass?: StorageClass } {
  return storageClass === undefined ? {} : { StorageClass: storageClass as StorageClass };
}

export function isArchived({ storageClass }: StoredObject): boolean {
  return storageClass !== undefined && ARCHIVES.has(storageClass);
}

/** Whether the bytes are at hand: those of archived objects are only after they were restored. */
const isAtHand = (object: StoredObject): boolean =>
  !isArchived(object) || object.restore?.until !== undefined;

export function checkReadable(object: StoredObject): void {
  if (isAtHand(object)) return;
  const { storageClass } = object;
  throw new Fault('InvalidObjectState', "The operation is not valid for the object's storage class", {
    status: 403,
    fields: { StorageClass: storageClass },
  });
}

/** As a copy's source. */
export function checkCopyable(object: StoredObject): void {
  if (isAtHand(object)) return;
  throw new Fault(
    'ObjectNotInActiveTierError',
    'The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.',
    { status: 403 },
  );
}
