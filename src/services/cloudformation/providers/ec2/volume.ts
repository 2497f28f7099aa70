// AWS::EC2::Volume and AWS::EC2::VolumeAttachment.

import { handlerFailure, provider, ResourceFailure } from '../provider.ts';
import type { Progress, Provider, Work } from '../provider.ts';
import { ownTags, retag, tagsOfNew } from './tagging.ts';

type Volume = Work<'AWS::EC2::Volume'>;
type Attachment = Work<'AWS::EC2::VolumeAttachment'>;

function live(work: Work, VolumeId: string) {
  return work.find('ec2', 'DescribeVolumes', { VolumeIds: [VolumeId] })?.Volumes?.[0];
}

function create(work: Volume): string {
  const { AvailabilityZone, Size, VolumeType, Iops, Throughput, Encrypted, KmsKeyId, SnapshotId } =
    work.properties;
  const { VolumeId = '' } = work.call('ec2', 'CreateVolume', {
    TagSpecifications: tagsOfNew(work, 'volume'),
    ...(AvailabilityZone !== undefined && { AvailabilityZone }),
    ...(Size !== undefined && { Size }),
    ...(VolumeType !== undefined && { VolumeType: VolumeType as 'gp3' }),
    ...(Iops !== undefined && { Iops }),
    ...(Throughput !== undefined && { Throughput }),
    ...(Encrypted !== undefined && { Encrypted }),
    ...(KmsKeyId !== undefined && { KmsKeyId }),
    ...(SnapshotId !== undefined && { SnapshotId }),
  });
  return VolumeId;
}

const FIXED = ['AvailabilityZone', 'Encrypted', 'KmsKeyId', 'SnapshotId'] as const;

function update(work: Volume): void {
  const fixed = FIXED.find((name) => work.changed(name));
  if (fixed !== undefined)
    throw new ResourceFailure(`Updates to the property ${fixed} of AWS::EC2::Volume are not supported.`);
  if (work.changed('Size', 'VolumeType', 'Iops', 'Throughput')) {
    const { Size, VolumeType, Iops, Throughput } = work.properties;
    work.call('ec2', 'ModifyVolume', {
      VolumeId: work.physicalId,
      ...(Size !== undefined && { Size }),
      ...(VolumeType !== undefined && { VolumeType: VolumeType as 'gp3' }),
      ...(Iops !== undefined && { Iops }),
      ...(Throughput !== undefined && { Throughput }),
    });
    work.remember({ modified: true });
  }
  retag(work);
}

/** A changed volume is as it should be while it is still being optimized. */
function isModified(work: Volume): boolean {
  if (work.memory['modified'] !== true) return true;
  const asked = { VolumeIds: [work.physicalId] };
  const { VolumesModifications = [] } = work.call('ec2', 'DescribeVolumesModifications', asked);
  return VolumesModifications[0]?.ModificationState !== 'modifying';
}

const volume = provider({
  type: 'AWS::EC2::Volume',
  refused: [
    'AvailabilityZoneId',
    'MultiAttachEnabled',
    'OutpostArn',
    'SourceVolumeId',
    'VolumeInitializationRate',
  ],
  withoutEffect: {
    AutoEnableIO: 'no volume here becomes impaired, so that none ever loses its input and output',
  },
  create,
  stands(work) {
    const state = live(work, work.physicalId)?.State;
    return (state === 'available' || state === 'in-use') && isModified(work) ? 'done' : { again: 0 };
  },
  update,
  delete(work) {
    work.find('ec2', 'DeleteVolume', { VolumeId: work.physicalId });
  },
  gone: (work) => (live(work, work.physicalId) ? { again: 0 } : 'done'),
  attributes: ({ physicalId }) => ({ VolumeId: physicalId }),
  read(work) {
    const found = live(work, work.physicalId);
    if (!found) return undefined;
    const { AvailabilityZone = '', Size = 0, VolumeType = '', Encrypted = false, Iops, Throughput } = found;
    return {
      AvailabilityZone,
      Size,
      VolumeType,
      Encrypted,
      Tags: ownTags(work, found.Tags),
      ...(Iops !== undefined && { Iops }),
      ...(Throughput !== undefined && { Throughput }),
    };
  },
});

function attachmentOf(work: Attachment) {
  const { VolumeId, InstanceId } = work.properties;
  const [attachment] = live(work, VolumeId)?.Attachments ?? [];
  return attachment?.InstanceId === InstanceId ? attachment : undefined;
}

function isAttached(work: Attachment): Progress {
  return attachmentOf(work)?.State === 'attached' ? 'done' : { again: 0 };
}

const volumeAttachment = provider({
  type: 'AWS::EC2::VolumeAttachment',
  refused: ['EbsCardIndex'],
  create(work) {
    const { VolumeId, InstanceId, Device } = work.properties;
    if (Device === undefined) throw handlerFailure(work, 'Property Device cannot be empty.');
    work.call('ec2', 'AttachVolume', { VolumeId, InstanceId, Device });
    return `${VolumeId}|${InstanceId}`;
  },
  stands: isAttached,
  delete(work) {
    const { VolumeId, InstanceId } = work.properties;
    // An instance that was terminated gave its volumes back.
    if (attachmentOf(work)) work.call('ec2', 'DetachVolume', { VolumeId, InstanceId });
  },
  gone: (work) => (attachmentOf(work) ? { again: 0 } : 'done'),
  read(work) {
    const found = attachmentOf(work);
    const { VolumeId, InstanceId } = work.properties;
    return found && { VolumeId, InstanceId, Device: found.Device ?? '' };
  },
});

export const volumes: readonly Provider[] = [volume, volumeAttachment];
