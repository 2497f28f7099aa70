// EBS volumes: those that come with an instance, and those of their own, which are attached and detached.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html#volume-state

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { listed, missing, once } from '../requests.ts';
import { removeTagsOf, tagCreated, someTagsShown, tagsOf, tagsShown } from '../tags.ts';
import {
  volumeAttaching,
  volumeCreation,
  volumeDeletion,
  volumeModifying,
  volumeOptimizing,
} from '../timings.ts';
import { zoneId, zoneOf } from '../zones.ts';
import { ebsRow, encryptionFor, keyWorks } from './ebs.ts';
import type { Encryption } from './ebs.ts';
import { completedSnapshot, encryptionOf } from './snapshots.ts';
import { checkSize, defaultIops, performanceOf } from './volume-types.ts';
import type { VolumeKind } from './volume-types.ts';

export interface Attachment {
  readonly instanceId: string;
  readonly deviceName: string;
  readonly at: number;
  readonly state: 'attaching' | 'attached' | 'detaching';
  readonly deleteOnTermination: boolean;
}

/** What a modification makes of a volume, and how far it is. */
interface Modification {
  readonly state: 'modifying' | 'optimizing' | 'completed';
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly original: Specification;
  readonly target: Specification;
}

interface Specification {
  readonly sizeGiB: number;
  readonly kind: VolumeKind;
  readonly iops?: number;
  readonly throughput?: number;
}

export interface Volume extends Specification, Encryption {
  readonly volumeId: string;
  readonly state: 'creating' | 'available' | 'in-use' | 'deleting';
  /** Counts changes of its state; a timer that carries another number is stale. */
  readonly step: number;
  /** KMS gave no data key: nothing comes of the volume. */
  readonly keyless?: true;
  readonly snapshotId?: string;
  readonly zone: string;
  readonly createdAt: number;
  readonly attachment?: Attachment;
  readonly modification?: Modification;
}

/** Version 1 knew only volumes that live and die with their instance. */
function upgraded(row: object): Volume {
  const { instanceId, deviceName, ...rest } = row as Volume & { instanceId: string; deviceName: string };
  const at = rest.createdAt;
  const attachment = { instanceId, deviceName, at, state: 'attached', deleteOnTermination: true } as const;
  return { ...rest, state: 'in-use', step: 0, attachment };
}

export const volumes: Table<Volume> = table<Volume>(
  'ec2/volumes',
  (row) => row.volumeId,
  { instance: (row) => row.attachment?.instanceId },
  { version: 2, upgrade: upgraded },
);

type WireVolume = Output<'ec2', 'CreateVolume'>;
type WireAttachment = Output<'ec2', 'AttachVolume'>;
type Step = { volumeId: string; step: number };

/** A volume leaves its state, or its attachment does. */
const stepDue: TimerKind<Step> = timer<Step>('ec2/volume-step');
/** A modification comes further. */
const modificationDue: TimerKind<{ volumeId: string; startedAt: number; from: string }> = timer<{
  volumeId: string;
  startedAt: number;
  from: string;
}>('ec2/volume-modification', { background: true });

export const volumeStep: TimerHandler<Step, Ctx> = {
  kind: stepDue,
  live: (ctx, { volumeId, step }) => ctx.get(volumes, volumeId)?.step === step,
  fire(ctx, { volumeId }) {
    const volume = ctx.get(volumes, volumeId) as Volume;
    const { attachment, state } = volume;
    if (state === 'creating' && volume.keyless) removeVolume(ctx, volumeId);
    else if (state === 'creating') ctx.update(volumes, volume, { state: 'available' });
    else if (state === 'deleting') removeVolume(ctx, volumeId);
    else if (attachment?.state === 'detaching') freeVolume(ctx, volume);
    else if (attachment) ctx.update(volumes, volume, { attachment: { ...attachment, state: 'attached' } });
  },
};

export const volumeModification: TimerHandler<{ volumeId: string; startedAt: number; from: string }, Ctx> = {
  kind: modificationDue,
  live(ctx, { volumeId, startedAt, from }) {
    const found = ctx.get(volumes, volumeId)?.modification;
    return found?.startedAt === startedAt && found.state === from;
  },
  fire(ctx, { volumeId, startedAt }) {
    const volume = ctx.get(volumes, volumeId) as Volume;
    const modification = volume.modification as Modification;
    if (modification.state === 'optimizing') {
      ctx.update(volumes, volume, {
        modification: { ...modification, state: 'completed', endedAt: ctx.now },
      });
      return;
    }
    const { iops: _, throughput: __, ...rest } = volume;
    // The new size and kind hold while the volume is still being optimized.
    ctx.put(volumes, {
      ...rest,
      ...modification.target,
      modification: { ...modification, state: 'optimizing' },
    });
    const due = { volumeId, startedAt, from: 'optimizing' };
    ctx.schedule(modificationDue, ctx.now + ctx.duration(volumeOptimizing, volumeId), due);
  },
};

export function volumeOf(ctx: Ctx, id: string | undefined): Volume {
  return ebsRow(ctx, volumes, id, { noun: 'volume', prefix: 'vol', parameter: 'volumeId' });
}

export function volumesOf(ctx: Ctx, instanceId: string): Volume[] {
  return ctx.list(volumes, 'instance', instanceId);
}

/** A volume that comes with an instance is there and attached at once. */
export function putLaunchedVolume(
  ctx: Ctx,
  volume: Specification & Encryption & Pick<Volume, 'volumeId' | 'zone' | 'snapshotId'>,
  held: Pick<Attachment, 'instanceId' | 'deviceName' | 'deleteOnTermination'>,
): void {
  const attachment = { ...held, at: ctx.now, state: 'attached' } as const;
  const keyless = keyWorks(ctx, volume.volumeId, volume) ? {} : ({ keyless: true } as const);
  ctx.put(volumes, { ...volume, ...keyless, createdAt: ctx.now, state: 'in-use', step: 0, attachment });
}

function removeVolume(ctx: Ctx, volumeId: string): void {
  ctx.delete(volumes, volumeId);
  removeTagsOf(ctx, volumeId);
}

/** Takes a volume off its instance at once. */
function freeVolume(ctx: Ctx, volume: Volume): void {
  const { attachment: _, ...rest } = volume;
  ctx.put(volumes, { ...rest, state: 'available', step: volume.step + 1 });
}

/** What becomes of the volumes of an instance that is terminated. */
export function releaseVolumes(ctx: Ctx, instanceId: string): void {
  for (const volume of volumesOf(ctx, instanceId)) {
    if (volume.attachment?.deleteOnTermination) removeVolume(ctx, volume.volumeId);
    else freeVolume(ctx, volume);
  }
}

/** Puts a volume on its way into another state. */
function proceed(ctx: Ctx, volume: Volume, change: Partial<Volume>, afterMs: number): Volume {
  const next = { ...volume, ...change, step: volume.step + 1 };
  ctx.put(volumes, next);
  ctx.schedule(stepDue, ctx.now + afterMs, { volumeId: next.volumeId, step: next.step });
  return next;
}

/** Attaches an available volume to an instance of its zone. */
export function attach(ctx: Ctx, volume: Volume, instanceId: string, deviceName: string): WireAttachment {
  const attachment: Attachment = {
    instanceId,
    deviceName,
    at: ctx.now,
    state: 'attaching',
    deleteOnTermination: false,
  };
  const wait = ctx.duration(volumeAttaching, volume.volumeId, volume.step);
  return attachmentShown(proceed(ctx, volume, { state: 'in-use', attachment }, wait)) as WireAttachment;
}

export function detach(ctx: Ctx, volume: Volume, attachment: Attachment): WireAttachment {
  const wait = ctx.duration(volumeAttaching, volume.volumeId, volume.step);
  const change = { attachment: { ...attachment, state: 'detaching' as const } };
  return attachmentShown(proceed(ctx, volume, change, wait)) as WireAttachment;
}

function attachmentShown({ volumeId, attachment }: Volume): WireAttachment | undefined {
  return (
    attachment && {
      VolumeId: volumeId,
      InstanceId: attachment.instanceId,
      Device: attachment.deviceName,
      AttachTime: attachment.at,
      State: attachment.state,
      DeleteOnTermination: attachment.deleteOnTermination,
    }
  );
}

function describe(ctx: Ctx, volume: Volume): WireVolume {
  const attachment = attachmentShown(volume);
  return {
    VolumeId: volume.volumeId,
    VolumeType: volume.kind,
    Size: volume.sizeGiB,
    Iops: volume.iops,
    Throughput: volume.throughput,
    Encrypted: volume.encrypted,
    KmsKeyId: volume.keyArn,
    SnapshotId: volume.snapshotId ?? '',
    AvailabilityZone: volume.zone,
    AvailabilityZoneId: zoneId(volume.zone),
    CreateTime: volume.createdAt,
    State: volume.state,
    MultiAttachEnabled: false,
    Attachments: attachment ? [attachment] : [],
    Tags: tagsShown(ctx, volume.volumeId),
  };
}

type Wire = NonNullable<Output<'ec2', 'ModifyVolume'>['VolumeModification']>;

function modificationShown(ctx: Ctx, { volumeId, modification }: Volume): Wire | undefined {
  if (!modification) return undefined;
  const { state, startedAt, endedAt, original, target } = modification;
  const spent = ctx.now - startedAt;
  return {
    VolumeId: volumeId,
    ModificationState: state,
    Progress: state === 'completed' ? 100 : Math.min(99, Math.floor(spent / 10_000)),
    OriginalSize: original.sizeGiB,
    OriginalVolumeType: original.kind,
    OriginalIops: original.iops,
    OriginalThroughput: original.throughput,
    TargetSize: target.sizeGiB,
    TargetVolumeType: target.kind,
    TargetIops: target.iops,
    TargetThroughput: target.throughput,
    StartTime: startedAt,
    ...(endedAt !== undefined && { EndTime: endedAt }),
  };
}

function create(ctx: Ctx, input: Input<'ec2', 'CreateVolume'>): string {
  const {
    AvailabilityZone,
    AvailabilityZoneId,
    SnapshotId,
    VolumeType: kind = 'gp2',
    Iops,
    Throughput,
  } = input;
  // Terraform names an empty snapshot where there is none.
  if (input.Size === undefined && !SnapshotId) throw missing('size/snapshot');
  const zone = zoneOf(ctx, AvailabilityZone, AvailabilityZoneId);
  if (zone === undefined) throw missing('AvailabilityZone');
  const snapshot = SnapshotId ? completedSnapshot(ctx, SnapshotId) : undefined;
  const sizeGiB = input.Size ?? (snapshot?.sizeGiB as number);
  checkSize(kind, sizeGiB);
  if (snapshot && sizeGiB < snapshot.sizeGiB) {
    const text = `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshot.snapshotId}', expect size >= ${snapshot.sizeGiB}GB`;
    throw new Fault('InvalidParameterValue', text);
  }
  const volumeId = `vol-${ctx.id('volume')}`;
  const encryption = encryptionFor(ctx, input, snapshot && encryptionOf(ctx, snapshot));
  const volume: Volume = {
    volumeId,
    sizeGiB,
    kind,
    ...performanceOf(kind, sizeGiB, Iops, Throughput),
    ...encryption,
    ...(snapshot && { snapshotId: snapshot.snapshotId }),
    ...(keyWorks(ctx, volumeId, encryption) ? {} : { keyless: true }),
    zone,
    createdAt: ctx.now,
    state: 'creating',
    step: 0,
  };
  proceed(ctx, volume, {}, ctx.duration(volumeCreation, volumeId));
  tagCreated(ctx, input.TagSpecifications, volumeId);
  return volumeId;
}

function modify(ctx: Ctx, input: Input<'ec2', 'ModifyVolume'>): Wire {
  const volume = volumeOf(ctx, input.VolumeId);
  const { volumeId, modification } = volume;
  if (modification && modification.state !== 'completed') {
    const busy = `Cannot modify volume ${volumeId} because it is being modified.`;
    throw new Fault('IncorrectModificationState', busy);
  }
  const { Size: sizeGiB = volume.sizeGiB, VolumeType: kind = volume.kind } = input;
  if (sizeGiB < volume.sizeGiB)
    throw new Fault('InvalidParameterValue', 'New size cannot be smaller than existing size');
  checkSize(kind, sizeGiB);
  const keeps = kind === volume.kind;
  const iops = input.Iops ?? (keeps && kind !== 'gp2' ? volume.iops : defaultIops(kind));
  const throughput = input.Throughput ?? (keeps ? volume.throughput : undefined);
  const original: Specification = specificationOf(volume);
  const target: Specification = { sizeGiB, kind, ...performanceOf(kind, sizeGiB, iops, throughput) };
  const startedAt = ctx.now;
  const begun: Modification = { state: 'modifying', startedAt, original, target };
  const next = ctx.update(volumes, volume, { modification: begun });
  const due = { volumeId, startedAt, from: 'modifying' };
  ctx.schedule(modificationDue, ctx.now + ctx.duration(volumeModifying, volumeId), due);
  return modificationShown(ctx, next) as Wire;
}

function specificationOf({ sizeGiB, kind, iops, throughput }: Volume): Specification {
  return {
    sizeGiB,
    kind,
    ...(iops !== undefined && { iops }),
    ...(throughput !== undefined && { throughput }),
  };
}

export const volumeOperations: Operations<'ec2'> = {
  CreateVolume(ctx, input) {
    const id = once(ctx, 'CreateVolume', input.ClientToken, input, () => create(ctx, input));
    return describe(ctx, volumeOf(ctx, id));
  },

  DeleteVolume(ctx, { VolumeId }) {
    const volume = volumeOf(ctx, VolumeId);
    const { attachment, volumeId } = volume;
    if (attachment) {
      const held = `Volume ${volumeId} is currently attached to ${attachment.instanceId}`;
      throw new Fault('VolumeInUse', held);
    }
    if (volume.state !== 'deleting')
      proceed(ctx, volume, { state: 'deleting' }, ctx.duration(volumeDeletion, volumeId));
  },

  ModifyVolume: (ctx, input) => ({ VolumeModification: modify(ctx, input) }),

  DescribeVolumesModifications(ctx, { VolumeIds, Filters, NextToken, MaxResults }) {
    const where = filtered<Volume>(Filters, {
      operation: 'DescribeVolumesModifications',
      values: {
        'modification-state': ({ modification }) => modification?.state,
        'volume-id': ({ volumeId }) => volumeId,
      },
    });
    const page = { NextToken, MaxResults };
    const changed = (volume: Volume): boolean => volume.modification !== undefined && where(volume);
    const { rows, next } = listed(ctx, volumes, { ids: VolumeIds, of: volumeOf, where: changed, page });
    return { VolumesModifications: rows.map((one) => modificationShown(ctx, one) as Wire), NextToken: next };
  },

  DescribeVolumes(ctx, { VolumeIds, Filters, NextToken, MaxResults }) {
    const where = filtered<Volume>(Filters, {
      operation: 'DescribeVolumes',
      values: {
        'attachment.attach-time': ({ attachment }) => attachment && formatIso(attachment.at),
        'attachment.delete-on-termination': ({ attachment }) => attachment?.deleteOnTermination,
        'attachment.device': ({ attachment }) => attachment?.deviceName,
        'attachment.instance-id': ({ attachment }) => attachment?.instanceId,
        'attachment.status': ({ attachment }) => attachment?.state,
        'availability-zone': (volume) => volume.zone,
        'availability-zone-id': (volume) => zoneId(volume.zone),
        'create-time': (volume) => formatIso(volume.createdAt),
        encrypted: (volume) => volume.encrypted,
        'multi-attach-enabled': () => false,
        size: (volume) => volume.sizeGiB,
        'snapshot-id': (volume) => volume.snapshotId,
        status: (volume) => volume.state,
        'volume-id': (volume) => volume.volumeId,
        'volume-type': (volume) => volume.kind,
      },
      tags: (volume) => tagsOf(ctx, volume.volumeId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, volumes, { ids: VolumeIds, of: volumeOf, where, page });
    const Volumes = rows.map((volume) => {
      const { Tags: _, ...rest } = describe(ctx, volume);
      return { ...rest, ...someTagsShown(ctx, volume.volumeId) };
    });
    return { Volumes, NextToken: next };
  },
};
