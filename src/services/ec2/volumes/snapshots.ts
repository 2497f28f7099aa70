// EBS snapshots: of volumes, of all volumes of an instance, copies, and those behind images.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-snapshots.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { isPublic, share, sharedRow, sharedRows, sharedWith } from '../sharing.ts';
import { putTags, removeTagsOf, someTagsShown, tagCreated, tagsFor, tagsOf, tagsShown } from '../tags.ts';
import { snapshotCompletion } from '../timings.ts';
import { ebsRow, encryptionFor } from './ebs.ts';
import type { Encryption } from './ebs.ts';

type WireSnapshot = Output<'ec2', 'CreateSnapshot'>;

export interface Snapshot extends Encryption {
  readonly snapshotId: string;
  readonly ownerId: string;
  readonly volumeId: string;
  readonly sizeGiB: number;
  readonly state: 'pending' | 'completed';
  readonly description: string;
  readonly startedAt: number;
  readonly completedAt?: number;
  /** Of a snapshot that an image is made of: it cannot be deleted before the image. */
  readonly imageId?: string;
}
export const snapshots: Table<Snapshot> = table<Snapshot>('ec2/snapshots', (row) => row.snapshotId);

const completionDue: TimerKind<{ snapshotId: string }> = timer<{ snapshotId: string }>(
  'ec2/snapshot-completion',
);

export const snapshotCompleted: TimerHandler<{ snapshotId: string }, Ctx> = {
  kind: completionDue,
  live: (ctx, { snapshotId }) => ctx.get(snapshots, snapshotId)?.state === 'pending',
  fire(ctx, { snapshotId }) {
    const snapshot = ctx.get(snapshots, snapshotId) as Snapshot;
    ctx.update(snapshots, snapshot, { state: 'completed', completedAt: ctx.now });
  },
};

const SNAPSHOT = { noun: 'snapshot', prefix: 'snap', parameter: 'snapshotId' } as const;

/** A snapshot of the account or one that is shared with it, or EC2's answer where there is none. */
export function snapshotOf(ctx: Ctx, id: string | undefined): Snapshot {
  return (
    (id === undefined ? undefined : sharedRow(ctx, snapshots, id)) ?? ebsRow(ctx, snapshots, id, SNAPSHOT)
  );
}

/** A snapshot that volumes can be made of. */
export function completedSnapshot(ctx: Ctx, id: string): Snapshot {
  const snapshot = snapshotOf(ctx, id);
  if (snapshot.state === 'completed') return snapshot;
  throw new Fault('IncorrectState', `Snapshot is in invalid state - ${snapshot.state}`);
}

/** Only the owner may change or delete a snapshot. */
export function ownSnapshot(ctx: Ctx, id: string | undefined): Snapshot {
  const snapshot = snapshotOf(ctx, id);
  if (snapshot.ownerId === ctx.account) return snapshot;
  throw new Fault('UnauthorizedOperation', 'You are not authorized to perform this operation.', {
    status: 403,
  });
}

/** What a volume of a snapshot is encrypted with; the key of another account does not go on to it. */
export function encryptionOf(ctx: Ctx, { ownerId, encrypted, keyArn }: Snapshot): Encryption {
  return { encrypted, ...(keyArn !== undefined && ownerId === ctx.account && { keyArn }) };
}

/** What a snapshot is taken of: a volume, or another snapshot. */
type Source = Pick<Snapshot, 'volumeId' | 'sizeGiB' | 'encrypted' | 'keyArn'>;

/** Begins a snapshot; it is complete after a while. */
export function takeSnapshot(ctx: Ctx, source: Source, description: string, imageId?: string): Snapshot {
  const { volumeId, sizeGiB, encrypted, keyArn } = source;
  const snapshot: Snapshot = {
    snapshotId: `snap-${ctx.id('snapshot')}`,
    ownerId: ctx.account,
    volumeId,
    sizeGiB,
    encrypted,
    ...(keyArn !== undefined && { keyArn }),
    state: 'pending',
    description,
    startedAt: ctx.now,
    ...(imageId !== undefined && { imageId }),
  };
  ctx.put(snapshots, snapshot);
  const { snapshotId } = snapshot;
  ctx.schedule(completionDue, ctx.now + ctx.duration(snapshotCompletion, snapshotId), { snapshotId });
  return snapshot;
}

/** An image lets go of its snapshots; nothing else becomes of them. */
export function freeSnapshots(ctx: Ctx, imageId: string): string[] {
  const held = ctx.list(snapshots).filter((one) => one.imageId === imageId);
  for (const snapshot of held) {
    const { imageId: _, ...rest } = snapshot;
    ctx.put<Snapshot>(snapshots, rest);
  }
  return held.map(({ snapshotId }) => snapshotId);
}

export function removeSnapshot(ctx: Ctx, snapshotId: string): void {
  ctx.delete(snapshots, snapshotId);
  share(ctx, snapshotId, []);
  removeTagsOf(ctx, snapshotId);
}

export function describeSnapshot(ctx: Ctx, snapshot: Snapshot): WireSnapshot {
  const done = snapshot.state === 'completed';
  return {
    SnapshotId: snapshot.snapshotId,
    VolumeId: snapshot.volumeId,
    VolumeSize: snapshot.sizeGiB,
    State: snapshot.state,
    Progress: done ? '100%' : '',
    StartTime: snapshot.startedAt,
    OwnerId: snapshot.ownerId,
    Description: snapshot.description,
    Encrypted: snapshot.encrypted,
    KmsKeyId: snapshot.keyArn,
    StorageTier: 'standard',
    Tags: tagsShown(ctx, snapshot.snapshotId),
    ...(snapshot.completedAt !== undefined && { CompletionTime: snapshot.completedAt }),
  };
}

/** Copies say this: theirs is no volume. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html */
const NO_VOLUME = 'vol-ffffffff';
const PAGE_SIZE = 1000;

export const snapshotOperations: Operations<'ec2'> = {
  CopySnapshot(ctx, input) {
    const { SourceRegion, SourceSnapshotId, Description = '', TagSpecifications } = input;
    const source = completedSnapshot(ctx.in({ region: SourceRegion }), SourceSnapshotId);
    // Whatever the source's key is, a copy is encrypted anew.
    const encryption = encryptionFor(ctx, input, { encrypted: source.encrypted });
    const from = { volumeId: NO_VOLUME, sizeGiB: source.sizeGiB, ...encryption };
    const copy = takeSnapshot(ctx, from, Description);
    tagCreated(ctx, TagSpecifications, copy.snapshotId);
    return { SnapshotId: copy.snapshotId, Tags: tagsShown(ctx, copy.snapshotId) };
  },

  DeleteSnapshot(ctx, { SnapshotId }) {
    const { snapshotId, imageId } = ownSnapshot(ctx, SnapshotId);
    if (imageId !== undefined)
      throw new Fault(
        'InvalidSnapshot.InUse',
        `The snapshot ${snapshotId} is currently in use by ${imageId}`,
      );
    removeSnapshot(ctx, snapshotId);
  },

  DescribeSnapshots(ctx, input) {
    const {
      SnapshotIds = [],
      OwnerIds = [],
      RestorableByUserIds = [],
      Filters,
      NextToken,
      MaxResults,
    } = input;
    if (SnapshotIds.length > 0 && MaxResults !== undefined) {
      throw new Fault(
        'InvalidParameterCombination',
        'The parameter snapshotSet cannot be used with the parameter maxResults',
      );
    }
    const where = filtered<Snapshot>(Filters, {
      operation: 'DescribeSnapshots',
      values: {
        description: (one) => one.description,
        encrypted: (one) => one.encrypted,
        'kms-key-id': (one) => one.keyArn,
        'owner-id': (one) => one.ownerId,
        progress: (one) => (one.state === 'completed' ? '100%' : ''),
        'snapshot-id': (one) => one.snapshotId,
        'start-time': (one) => formatIso(one.startedAt),
        status: (one) => one.state,
        'storage-tier': () => 'standard',
        'volume-id': (one) => one.volumeId,
        'volume-size': (one) => one.sizeGiB,
      },
      tags: (one) => tagsOf(ctx, one.snapshotId),
    });
    const owned = ({ ownerId }: Snapshot): boolean =>
      OwnerIds.length === 0 ||
      OwnerIds.some((owner) => owner === ownerId || (owner === 'self' && ownerId === ctx.account));
    const restorable = ({ snapshotId, ownerId }: Snapshot): boolean =>
      RestorableByUserIds.length === 0 ||
      RestorableByUserIds.some((user) => {
        const account = user === 'self' ? ctx.account : user;
        if (account === 'all' || isPublic(ctx, snapshotId)) return isPublic(ctx, snapshotId);
        return sharedWith(ctx, snapshotId).includes(account) || account === ownerId;
      });
    const chosen =
      SnapshotIds.length > 0
        ? SnapshotIds.map((id) => snapshotOf(ctx, id))
        : [...ctx.list(snapshots), ...sharedRows(ctx, snapshots)];
    const shown = chosen.filter((one) => owned(one) && restorable(one) && where(one));
    const { items, next } = pageOf(shown, (one) => one.snapshotId, {
      token: NextToken,
      limit: MaxResults ?? PAGE_SIZE,
      invalidToken: () =>
        new Fault('InvalidParameterValue', `Unable to parse pagination token: ${NextToken}`),
    });
    const Snapshots = items.map((one) => {
      const { Tags: _, ...rest } = describeSnapshot(ctx, one);
      return { ...rest, ...someTagsShown(ctx, one.snapshotId) };
    });
    return { Snapshots, NextToken: next };
  },
};

/** Tags of a new snapshot: those of the request, over those of the volume where they are copied. */
export function tagSnapshot(
  ctx: Ctx,
  { snapshotId, volumeId }: Snapshot,
  specifications: Parameters<typeof tagsFor>[0],
  copyTags: boolean,
): void {
  const copied = copyTags ? tagsShown(ctx, volumeId).filter(({ Key }) => !Key.startsWith('aws:')) : [];
  putTags(ctx, snapshotId, [...copied, ...(tagsFor(specifications, 'snapshot') ?? [])]);
}
