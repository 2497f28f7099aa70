// Replication: some time after a version is written, S3 reads it through the rule's role and writes it, as it is, into the
// destination bucket. The role's policies, and the bucket's policy where that belongs to another account, decide.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { bucketNamed } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import { tell } from '../notifications/events.ts';
import { encryptionFor, rewrapped } from '../objects/object-encryption.ts';
import { classOf } from '../objects/storage-class.ts';
import { changeVersion, installReplica, versionOf } from '../objects/versions.ts';
import { permits } from '../permission.ts';
import { versionPlace } from '../tables.ts';
import type { Replication, ReplicationRule, StoredObject, Version } from '../tables.ts';
import { replicationDelay } from '../timings.ts';
import { destinationOf, perDestination, selects, sendsMarkers } from './replication-rules.ts';

/** A version that is on its way to one destination. */
interface Pending {
  id: string;
  bucket: string;
  key: string;
  versionId: string;
  destination: string;
}

export const replications: Table<Pending> = table<Pending>('s3/replications', (row) => row.id, {
  version: (row) => versionPlace(row.bucket, row.key, row.versionId),
});

const replicationDue: TimerKind<{ id: string }> = timer<{ id: string }>('s3/replication-due');

const ARCHIVED = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** Whether a rule takes a version along. */
function wants(rule: ReplicationRule, version: Version): boolean {
  if (version.kind === 'delete-marker') return sendsMarkers(rule) && selects(rule, version.key, {});
  if (!selects(rule, version.key, version.tags) || ARCHIVED.has(classOf(version))) return false;
  const selectsKms = rule.SourceSelectionCriteria?.SseKmsEncryptedObjects?.Status === 'Enabled';
  return version.encryption === undefined || selectsKms;
}

function rulesFor({ bucket }: Place, version: Version): ReplicationRule[] {
  const rules = bucket.replication?.rules.filter((rule) => wants(rule, version)) ?? [];
  return perDestination(rules);
}

/** A version was written or changed: whoever wants it gets it. What is a replica itself goes no further. */
export function replicateLater(within: Place, version: Version): void {
  const { at, bucket } = within;
  if (version.replicationStatus === 'REPLICA') return;
  const rules = rulesFor(within, version);
  if (rules.length === 0) return;
  const { key, versionId } = version;
  changeVersion(at, { ...version, replicationStatus: 'PENDING' });
  for (const rule of rules) {
    const id = at.id('s3-replication');
    at.put(replications, { id, bucket: bucket.name, key, versionId, destination: destinationOf(rule) });
    at.schedule(replicationDue, at.now + at.duration(replicationDelay, id), { id });
  }
}

/** A version was changed: what is replicated, or is about to be, stays alike; what never was stays where it is. */
export function replicateChange(within: Place, version: Version): void {
  if (version.replicationStatus === 'COMPLETED' || version.replicationStatus === 'PENDING')
    replicateLater(within, version);
}

/** `{ ReplicationStatus }` of versions that rules want elsewhere, and of replicas. */
export function replicationMember({ replicationStatus: ReplicationStatus }: Version): {
  ReplicationStatus?: 'PENDING' | 'COMPLETED' | 'FAILED' | 'REPLICA';
} {
  return ReplicationStatus === undefined ? {} : { ReplicationStatus };
}

export const replicate: TimerHandler<{ id: string }, Ctx> = {
  kind: replicationDue,
  live: (at, { id }) => at.get(replications, id) !== undefined,
  fire(at, { id }) {
    const pending = at.get(replications, id) as Pending;
    at.delete(replications, id);
    const { bucket: name, key, versionId, destination } = pending;
    const source = bucketNamed(at, name);
    const version = source && versionOf(at, name, key, versionId);
    if (!source || !version) return; // Gone meanwhile.
    const rule = rulesFor(source, version).find((one) => destinationOf(one) === destination);
    const sent = rule !== undefined && attempt(at, source, rule, version);
    const others = at.list(replications, 'version', versionPlace(name, key, versionId));
    if (!sent) changeVersion(at, { ...version, replicationStatus: 'FAILED' });
    else if (version.replicationStatus === 'PENDING' && others.length === 0)
      changeVersion(at, { ...version, replicationStatus: 'COMPLETED' });
  },
};

/** One version to one destination. Whatever a role or a policy does not allow fails it for good. */
function attempt(at: Ctx, source: Place, rule: ReplicationRule, version: Version): boolean {
  try {
    return at.savepoint(() => send(at, source, rule, version));
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

function send(at: Ctx, source: Place, rule: ReplicationRule, version: Version): boolean {
  const { bucket } = source;
  const { role } = bucket.replication as Replication;
  const as = at.as(
    at.principalOf({
      roleArn: role,
      service: 's3.amazonaws.com',
      sessionName: 's3-replication',
      sourceArn: `arn:aws:s3:::${bucket.name}`,
    }),
  );
  const found = bucketNamed(at, destinationOf(rule));
  if (found?.bucket.versioning !== 'Enabled') return false;
  const there = { at: as.inScope(found.at.scope), bucket: found.bucket };
  const [from, to] = [bucket, found.bucket].map(({ name }) => `arn:aws:s3:::${name}`) as [string, string];
  const reads = (action: string): boolean => permits(as, `s3:${action}`, `${from}/${version.key}`);
  const writes = (action: string): boolean => permits(there.at, `s3:${action}`, `${to}/${version.key}`);
  if (!permits(as, 's3:GetReplicationConfiguration', from) || !permits(as, 's3:ListBucket', from))
    return false;
  if (version.kind === 'delete-marker') {
    if (!writes('ReplicateDelete')) return false;
    installReplica(there, { ...version, bucket: found.bucket.name });
    tell(there.at, there, 's3:ObjectRemoved:DeleteMarkerCreated', version);
    return true;
  }
  if (!reads('GetObjectVersionForReplication') || !reads('GetObjectVersionAcl')) return false;
  if (!writes('ReplicateObject')) return false;
  const takesOver = rule.Destination.AccessControlTranslation !== undefined;
  if (takesOver && !writes('ObjectOwnerOverrideToBucketOwner')) return false;
  // Without these permissions objects go without their tags.
  const tagged = reads('GetObjectVersionTagging') && writes('ReplicateTags');
  if (heldElsewhere(version) && !found.bucket.objectLock) return false;
  const replica = replicaOf(as, there, rule, { ...version, tags: tagged ? version.tags : {} });
  const first = versionOf(there.at, replica.bucket, replica.key, replica.versionId) === undefined;
  installReplica(there, replica);
  if (first) tell(there.at, there, 's3:ObjectCreated:Put', replica);
  return true;
}

/** Holds go along; a bucket without Object Lock cannot take them. */
function heldElsewhere({ retention, legalHold }: StoredObject): boolean {
  return retention !== undefined || legalHold === 'ON';
}

/** The version as the destination has it: with its own encryption, and the storage class that the rule wants. */
function replicaOf(as: Ctx, there: Place, rule: ReplicationRule, version: StoredObject): StoredObject {
  const { encryption, acl, storageClass, uploadId: _, ...same } = version;
  const { bucket } = there;
  const { StorageClass = storageClass, AccessControlTranslation, EncryptionConfiguration } = rule.Destination;
  const keepsList = acl !== undefined && !bucket.ownerEnforced && !AccessControlTranslation;
  return {
    ...same,
    bucket: bucket.name,
    ...(StorageClass === undefined || StorageClass === 'STANDARD' ? {} : { storageClass: StorageClass }),
    ...(keepsList ? { acl } : {}),
    // What a customer's own key protects stays as it is.
    ...(encryption
      ? rewrapped(as, there, version, EncryptionConfiguration?.ReplicaKmsKeyID ?? '')
      : version.customerKeyMd5 === undefined && encryptionFor(there.at, bucket, version.key, {})),
  };
}
