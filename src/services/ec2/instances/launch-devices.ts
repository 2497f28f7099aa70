// The volumes that a launch brings about: those of the image, as the request changes them, and those that it adds.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import type { ImageDevice } from '../images/images.ts';
import { missing } from '../requests.ts';
import { encryptionFor } from '../volumes/ebs.ts';
import type { Encryption } from '../volumes/ebs.ts';
import { completedSnapshot, encryptionOf } from '../volumes/snapshots.ts';
import { checkSize, performanceOf } from '../volumes/volume-types.ts';

type Mapping = NonNullable<Input<'ec2', 'RunInstances'>['BlockDeviceMappings']>[number];

/** Volumes by device, those of the image first. */
export function launchDevices(
  ctx: Ctx,
  ofImage: readonly ImageDevice[],
  mappings: readonly Mapping[],
): ImageDevice[] {
  const devices = new Map(
    ofImage.map((device) => [device.deviceName, { ...device, ...encryptionFor(ctx, {}, device) }]),
  );
  for (const mapping of mappings) {
    const { DeviceName, NoDevice, VirtualName } = mapping;
    if (DeviceName === undefined) throw missing('deviceName');
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_BlockDeviceMapping.html: an empty text omits the device.
    if (NoDevice) throw new Fault('InvalidRequest', 'The request received was invalid');
    if (isInstanceStore(VirtualName)) continue;
    if (NoDevice === undefined)
      devices.set(DeviceName, deviceFor(ctx, DeviceName, mapping.Ebs, devices.get(DeviceName)));
    else devices.delete(DeviceName);
  }
  return [...devices.values()].map((device) => ({
    ...device,
    ...performanceOf(
      device.kind,
      device.sizeGiB,
      device.kind === 'gp2' ? undefined : device.iops,
      device.throughput,
    ),
  }));
}

/**
 * A disk of the host, which no description of an instance shows. On a type that has none, EC2 ignores it.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/add-instance-store-volumes.html
 */
function isInstanceStore(virtualName: string | undefined): boolean {
  if (virtualName === undefined) return false;
  if (/^ephemeral\d{1,2}$/.test(virtualName)) return true;
  throw new Fault(
    'InvalidBlockDeviceMapping',
    `The device mapping '${virtualName}' is not valid: expected ephemeral0 to ephemeral23.`,
  );
}

function deviceFor(
  ctx: Ctx,
  deviceName: string,
  ebs: Mapping['Ebs'],
  ofImage: ImageDevice | undefined,
): ImageDevice {
  if (!ebs) throw missing('ebs');
  const { SnapshotId = ofImage?.snapshotId, VolumeSize, VolumeType, Iops, Throughput } = ebs;
  const source = sourceOf(ctx, SnapshotId, ofImage);
  const sizeGiB = VolumeSize ?? source?.sizeGiB;
  if (sizeGiB === undefined) throw missing('size or snapshotId');
  if (source && sizeGiB < source.sizeGiB) {
    throw new Fault(
      'InvalidBlockDeviceMapping',
      `Volume of size ${sizeGiB}GB is smaller than snapshot '${SnapshotId}', expect size >= ${source.sizeGiB}GB`,
    );
  }
  const kind = VolumeType ?? ofImage?.kind ?? 'gp2';
  checkSize(kind, sizeGiB);
  // In words of AWS that https://github.com/gardener/machine-controller-manager-provider-aws/pull/95 quotes.
  if (Throughput !== undefined && kind !== 'gp3') {
    const text = `throughput cannot be specified with the volumeType of device '${deviceName}'`;
    throw new Fault('InvalidBlockDeviceMapping', text);
  }
  const kept = ofImage?.kind === kind && kind !== 'gp2' ? ofImage : undefined;
  const iops = Iops ?? kept?.iops;
  const throughput = Throughput ?? kept?.throughput;
  return {
    deviceName,
    sizeGiB,
    kind,
    ...(iops !== undefined && { iops }),
    ...(throughput !== undefined && { throughput }),
    ...encryptionFor(ctx, ebs, source),
    ...(SnapshotId !== undefined && { snapshotId: SnapshotId }),
    deleteOnTermination: ebs.DeleteOnTermination ?? ofImage?.deleteOnTermination ?? true,
  };
}

/** What is on the volume to begin with. Snapshots of public images are known by the image alone. */
function sourceOf(
  ctx: Ctx,
  snapshotId: string | undefined,
  ofImage: ImageDevice | undefined,
): (Encryption & { readonly sizeGiB: number }) | undefined {
  if (snapshotId === undefined) return undefined;
  if (snapshotId === ofImage?.snapshotId) return ofImage;
  const snapshot = completedSnapshot(ctx, snapshotId);
  return { sizeGiB: snapshot.sizeGiB, ...encryptionOf(ctx, snapshot) };
}
