// AttachVolume and DetachVolume.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { instanceOf, launchOf } from '../instances/instances.ts';
import type { Instance } from '../instances/instances.ts';
import { attach, detach, volumeOf, volumesOf } from './volumes.ts';
import type { Volume } from './volumes.ts';

/** Throws EC2's errors for a volume that cannot be attached to an instance as a device. */
function checkAttachable(ctx: Ctx, volume: Volume, instance: Instance, device: string): void {
  const { volumeId, state, attachment, zone } = volume;
  const { instanceId } = instance;
  if (attachment) throw new Fault('VolumeInUse', `${volumeId} is already attached to an instance`);
  if (state !== 'available') throw new Fault('IncorrectState', `${volumeId} is not 'available'.`);
  if (instance.state !== 'running' && instance.state !== 'stopped')
    throw new Fault('IncorrectState', `Instance '${instanceId}' is not 'running'.`);
  if (zone !== instance.zone) {
    throw new Fault(
      'InvalidVolume.ZoneMismatch',
      `The volume '${volumeId}' is not in the same availability zone as instance '${instanceId}'`,
    );
  }
  if (volumesOf(ctx, instanceId).some((other) => other.attachment?.deviceName === device)) {
    throw new Fault(
      'InvalidParameterValue',
      `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
    );
  }
}

export const attachmentOperations: Operations<'ec2'> = {
  AttachVolume(ctx, { VolumeId, InstanceId, Device }) {
    const volume = volumeOf(ctx, VolumeId);
    checkAttachable(ctx, volume, instanceOf(ctx, InstanceId), Device);
    return attach(ctx, volume, InstanceId, Device);
  },

  DetachVolume(ctx, { VolumeId, InstanceId, Device }) {
    const volume = volumeOf(ctx, VolumeId);
    const { attachment, volumeId, state } = volume;
    if (!attachment) throw new Fault('IncorrectState', `Volume '${volumeId}' is in the '${state}' state.`);
    const { instanceId, deviceName } = attachment;
    if ((InstanceId ?? instanceId) !== instanceId || (Device ?? deviceName) !== deviceName) {
      const text = `The volume ${volumeId} is not attached to instance ${InstanceId ?? instanceId} as device ${Device ?? deviceName}`;
      throw new Fault('InvalidAttachment.NotFound', text);
    }
    const isRoot = launchOf(ctx, instanceId).rootDevice === deviceName;
    if (isRoot && instanceOf(ctx, instanceId).state !== 'stopped') {
      const text = `Unable to detach root volume '${volumeId}' from instance '${instanceId}'`;
      throw new Fault('OperationNotPermitted', text);
    }
    return detach(ctx, volume, attachment);
  },
};
