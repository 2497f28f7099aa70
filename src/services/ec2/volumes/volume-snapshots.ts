// CreateSnapshot and CreateSnapshots, and who may make volumes of a snapshot.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { machines } from '#cloud/ports/machines.ts';
import type { Operations } from '#cloud/service.ts';
import { instanceOf, launchOf } from '../instances/instances.ts';
import { unmodelled } from '../requests.ts';
import { changeSharing, permissionsShown, share } from '../sharing.ts';
import type { TagSpecifications } from '../tags.ts';
import { isManagedKey } from './ebs.ts';
import { describeSnapshot, ownSnapshot, tagSnapshot, takeSnapshot } from './snapshots.ts';
import type { Snapshot } from './snapshots.ts';
import { volumeOf, volumesOf } from './volumes.ts';
import type { Volume } from './volumes.ts';

/** A snapshot of a root volume holds what is on the machine, for images that are registered from it. */
function snapshotVolume(
  ctx: Ctx,
  volume: Volume,
  {
    Description = '',
    TagSpecifications,
  }: { Description?: string | undefined; TagSpecifications?: TagSpecifications },
  copyTags: boolean = false,
): Snapshot {
  const snapshot = takeSnapshot(ctx, volume, Description);
  const { instanceId, deviceName } = volume.attachment ?? {};
  if (instanceId !== undefined && launchOf(ctx, instanceId).rootDevice === deviceName)
    ctx.port(machines).imaged?.(ctx, instanceId, snapshot.snapshotId);
  tagSnapshot(ctx, snapshot, TagSpecifications, copyTags);
  return snapshot;
}

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html */
function checkEncrypted(ctx: Ctx, snapshotId: string, keyArn: string): void {
  const shared = permissionsShown(ctx, snapshotId);
  if (shared.some((one) => 'Group' in one))
    throw new Fault('OperationNotPermitted', 'Encrypted snapshots cannot be made public');
  if (shared.length > 0 && isManagedKey(ctx, keyArn))
    throw new Fault('OperationNotPermitted', 'Encrypted snapshots with EBS default key cannot be shared');
}

export const volumeSnapshotOperations: Operations<'ec2'> = {
  CreateSnapshot(ctx, input) {
    const volume = volumeOf(ctx, input.VolumeId);
    if (volume.state !== 'available' && volume.state !== 'in-use') {
      const text = `The volume '${volume.volumeId}' is in the '${volume.state}' state.`;
      throw new Fault('IncorrectState', text);
    }
    return describeSnapshot(ctx, snapshotVolume(ctx, volume, input));
  },

  CreateSnapshots(ctx, input) {
    const { InstanceId, ExcludeBootVolume = false, ExcludeDataVolumeIds = [] } = input.InstanceSpecification;
    const { instanceId } = instanceOf(ctx, InstanceId);
    const { rootDevice } = launchOf(ctx, instanceId);
    const isRoot = ({ attachment }: Volume): boolean => attachment?.deviceName === rootDevice;
    const attached = volumesOf(ctx, instanceId);
    const left = new Set(ExcludeDataVolumeIds);
    if (attached.some((volume) => isRoot(volume) && left.has(volume.volumeId)))
      throw new Fault('InvalidParameterValue', 'The root volume cannot be excluded as a data volume.');
    const taken = attached
      .filter((volume) => !left.has(volume.volumeId) && !(ExcludeBootVolume && isRoot(volume)))
      .map((volume) => snapshotVolume(ctx, volume, input, input.CopyTagsFromSource === 'volume'));
    // A snapshot of several shows less of itself.
    const Snapshots = taken.map((one) => {
      const { KmsKeyId: _, StorageTier: __, CompletionTime: ___, ...info } = describeSnapshot(ctx, one);
      return info;
    });
    return { Snapshots };
  },

  DescribeSnapshotAttribute(ctx, { SnapshotId, Attribute }) {
    const { snapshotId } = ownSnapshot(ctx, SnapshotId);
    if (Attribute === 'productCodes') return { SnapshotId: snapshotId, ProductCodes: [] };
    return { SnapshotId: snapshotId, CreateVolumePermissions: permissionsShown(ctx, snapshotId) };
  },

  ModifySnapshotAttribute(ctx, input) {
    const { SnapshotId, Attribute, GroupNames: groups, CreateVolumePermission: changes } = input;
    const { snapshotId, keyArn } = ownSnapshot(ctx, SnapshotId);
    if (Attribute === 'productCodes') throw unmodelled('Changing the product codes of a snapshot');
    changeSharing(ctx, snapshotId, { ...input, groups, changes } as Parameters<typeof changeSharing>[2]);
    if (keyArn !== undefined) checkEncrypted(ctx, snapshotId, keyArn);
  },

  ResetSnapshotAttribute(ctx, { SnapshotId, Attribute }) {
    const { snapshotId } = ownSnapshot(ctx, SnapshotId);
    if (Attribute === 'productCodes') throw unmodelled('Resetting the product codes of a snapshot');
    share(ctx, snapshotId, []);
  },
};
