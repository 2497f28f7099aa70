// The property Volumes of an instance: volumes of their own that are attached to it.

import type { Progress, Work } from '../provider.ts';

type InstanceWork = Work<'AWS::EC2::Instance'>;

/** Attaches what is not attached yet. `done` when all is. */
export function attachAll(work: InstanceWork): Progress {
  let pending = false;
  for (const { VolumeId, Device } of work.properties.Volumes ?? []) {
    const { Volumes = [] } = work.call('ec2', 'DescribeVolumes', { VolumeIds: [VolumeId] });
    const [attachment] = Volumes[0]?.Attachments ?? [];
    if (attachment?.InstanceId === work.physicalId && attachment.State === 'attached') continue;
    pending = true;
    if (Volumes[0]?.State === 'available')
      work.call('ec2', 'AttachVolume', { VolumeId, Device, InstanceId: work.physicalId });
    else if (attachment?.InstanceId !== work.physicalId && Volumes[0]?.State === 'in-use')
      work.call('ec2', 'AttachVolume', { VolumeId, Device, InstanceId: work.physicalId });
  }
  return pending ? { again: 0 } : 'done';
}

/** Detaches what the template no longer names. */
export function changeVolumes(work: InstanceWork): void {
  const kept = new Set((work.properties.Volumes ?? []).map(({ VolumeId }) => VolumeId));
  for (const { VolumeId } of work.previous?.Volumes ?? []) {
    if (!kept.has(VolumeId)) work.call('ec2', 'DetachVolume', { VolumeId, InstanceId: work.physicalId });
  }
}
