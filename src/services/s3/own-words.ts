// Where S3 itself says what is wrong, in words of its own: the published constraints are left to the operations.

/** Members by operation. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  CreateBucket: ['LocationConstraint', 'ObjectOwnership'],
  PutBucketLogging: ['Permission', 'Type'],
  PutBucketPolicy: ['Policy'],
  PutBucketWebsite: ['Protocol'],
  PutBucketTagging: ['TagSet'],
  PutObjectTagging: ['TagSet'],
  PutBucketAccelerateConfiguration: ['Status'],
  PutBucketLifecycleConfiguration: ['TransitionDefaultMinimumObjectSize'],
};
/** Filter rules are asked for in whichever case. */
const FILTER_RULES = 'FilterRules';

export function ownWords(operation: string, members: readonly string[], value: unknown): boolean {
  const last = members.at(-1) ?? '';
  if (last === 'CopySource' || last === 'ObjectLockMode') return true;
  // Whether checksums are wanted counts in any case.
  if (last === 'ChecksumMode') return String(value).toUpperCase() === 'ENABLED';
  if (members[0] === 'ACL' || members[0] === 'AccessControlPolicy') return true;
  return members.includes(FILTER_RULES) || (OWN[operation] ?? []).includes(last);
}
