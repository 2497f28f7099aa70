// CreateImage, RegisterImage and CopyImage.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/creating-an-ami-ebs.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { machines } from '#cloud/ports/machines.ts';
import type { Operations } from '#cloud/service.ts';
import { instanceOf, launchOf } from '../instances/instances.ts';
import type { Instance } from '../instances/instances.ts';
import { launchDevices } from '../instances/launch-devices.ts';
import { reboot } from '../instances/lifecycle.ts';
import { missing, once, unmodelled } from '../requests.ts';
import { putTags, tagsFor, tagsOf } from '../tags.ts';
import type { TagSpecifications } from '../tags.ts';
import { imageCreation } from '../timings.ts';
import { encryptionFor } from '../volumes/ebs.ts';
import { completedSnapshot, takeSnapshot } from '../volumes/snapshots.ts';
import { volumesOf } from '../volumes/volumes.ts';
import { awaitImage, devicesOf, imageOf, images } from './images.ts';
import type { ImageDevice, OwnImage } from './images.ts';

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html (`Name`) */
function checkName(ctx: Ctx, name: string): void {
  if (name.length < 3 || name.length > 128) {
    const text =
      "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, and only the following characters: ( ) . - / _ ' @ [ ]";
    throw new Fault('InvalidAMIName.Malformed', text);
  }
  const [holder] = ctx.list(images, 'name', name);
  if (holder)
    throw new Fault(
      'InvalidAMIName.Duplicate',
      `AMI name ${name} is already in use by AMI ${holder.imageId}`,
    );
}

/** Tags of a new image and of the snapshots behind it. */
function tagImage(
  ctx: Ctx,
  { imageId, devices }: OwnImage,
  specifications: TagSpecifications,
  copied: readonly { Key: string; Value: string }[] = [],
): void {
  const kinds = ['image', 'snapshot'] as const;
  putTags(ctx, imageId, [...copied, ...(tagsFor(specifications, 'image', kinds) ?? [])]);
  for (const { snapshotId } of devices)
    if (snapshotId !== undefined) putTags(ctx, snapshotId, tagsFor(specifications, 'snapshot', kinds));
}

/** The instance's volumes as an image describes them, each with a snapshot of its own. */
function devicesOfInstance(ctx: Ctx, { instanceId }: Instance, imageId: string): ImageDevice[] {
  return volumesOf(ctx, instanceId).flatMap((volume): ImageDevice[] => {
    const { attachment, sizeGiB, kind, iops, throughput, encrypted, keyArn } = volume;
    if (!attachment) return [];
    const description = `Created by CreateImage(${instanceId}) for ${imageId}`;
    return [
      {
        deviceName: attachment.deviceName,
        sizeGiB,
        kind,
        ...(iops !== undefined && kind !== 'gp2' && { iops }),
        ...(throughput !== undefined && { throughput }),
        encrypted,
        ...(keyArn !== undefined && { keyArn }),
        snapshotId: takeSnapshot(ctx, volume, description, imageId).snapshotId,
        deleteOnTermination: attachment.deleteOnTermination,
      },
    ];
  });
}

function create(ctx: Ctx, input: Input<'ec2', 'CreateImage'>): string {
  const { InstanceId, Name, Description = '', NoReboot = false, TagSpecifications } = input;
  const instance = instanceOf(ctx, InstanceId);
  if (instance.state !== 'running' && instance.state !== 'stopped')
    throw new Fault('IncorrectInstanceState', `Instance is not in state 'running' or 'stopped'`);
  checkName(ctx, Name);
  const { architecture, rootDevice, windows, imdsV2 } = launchOf(ctx, InstanceId);
  const imageId = `ami-${ctx.id('image')}`;
  const devices = devicesOfInstance(ctx, instance, imageId);
  const root = devices.find(({ deviceName }) => deviceName === rootDevice);
  const image: OwnImage = {
    imageId,
    name: Name,
    description: Description,
    ownerId: ctx.account,
    architecture,
    rootDevice,
    rootGiB: root?.sizeGiB ?? 8,
    ...(root && { rootKind: root.kind }),
    imdsV2,
    createdAt: ctx.now,
    state: 'pending',
    devices,
    sourceInstanceId: InstanceId,
    ...(windows === undefined ? {} : { windows }),
  };
  ctx.put(images, image);
  tagImage(ctx, image, TagSpecifications);
  ctx.port(machines).imaged?.(ctx, InstanceId, imageId);
  // EC2 shuts the instance down and starts it again before it takes the snapshots, so that the file systems
  // are whole.
  if (!NoReboot && instance.state === 'running') reboot(ctx, instance);
  awaitImage(ctx, imageId, ctx.duration(imageCreation, imageId));
  return imageId;
}

/** An image is registered at once: its snapshots are there already. */
function register(ctx: Ctx, input: Input<'ec2', 'RegisterImage'>): string {
  const { Name, Description = '', Architecture, RootDeviceName: rootDevice, VirtualizationType } = input;
  checkName(ctx, Name);
  if (rootDevice === undefined) throw missing('rootDeviceName');
  if (Architecture !== 'x86_64' && Architecture !== 'arm64') {
    const named = Architecture ?? 'i386';
    throw unmodelled(`An image of the architecture ${named}`);
  }
  if (VirtualizationType !== 'hvm') throw unmodelled('Paravirtual images');
  const devices = launchDevices(ctx, [], input.BlockDeviceMappings ?? []);
  const root = devices.find(({ deviceName }) => deviceName === rootDevice);
  if (root?.snapshotId === undefined) {
    const text = `The root device ${rootDevice} must be mapped to a snapshot.`;
    throw new Fault('InvalidBlockDeviceMapping', text);
  }
  const imageId = `ami-${ctx.id('image')}`;
  const image: OwnImage = {
    imageId,
    name: Name,
    description: Description,
    ownerId: ctx.account,
    architecture: Architecture,
    rootDevice,
    rootGiB: root.sizeGiB,
    rootKind: root.kind,
    imdsV2: input.ImdsSupport === 'v2.0',
    createdAt: ctx.now,
    state: 'available',
    devices,
  };
  ctx.put(images, image);
  putTags(ctx, imageId, tagsFor(input.TagSpecifications, 'image'));
  ctx
    .port(machines)
    .copied?.(
      ctx,
      { account: completedSnapshot(ctx, root.snapshotId).ownerId, region: ctx.region, id: root.snapshotId },
      imageId,
    );
  return imageId;
}

function copy(ctx: Ctx, input: Input<'ec2', 'CopyImage'>): string {
  const { SourceImageId, SourceRegion: region, Name, TagSpecifications, CopyImageTags = false } = input;
  const there = ctx.in({ region });
  const source = imageOf(there, SourceImageId);
  if ('state' in source && source.state !== 'available')
    throw new Fault('InvalidAMIID.Unavailable', `The image ID '[${SourceImageId}]' is not available`);
  checkName(ctx, Name);
  const imageId = `ami-${ctx.id('image')}`;
  const { architecture, rootDevice, rootGiB, imdsV2, windows, rootKind } = source;
  const devices = devicesOf(source).map((described): ImageDevice => {
    const { snapshotId, keyArn: _, ...device } = described;
    const encryption = encryptionFor(ctx, input, { encrypted: device.encrypted });
    if (snapshotId === undefined) return { ...device, ...encryption };
    const description = `Copied for DestinationAmi ${imageId} from SourceAmi ${SourceImageId} for SourceSnapshot ${snapshotId}.`;
    const from = { volumeId: 'vol-ffffffff', sizeGiB: device.sizeGiB, ...encryption };
    return { ...device, ...encryption, snapshotId: takeSnapshot(ctx, from, description, imageId).snapshotId };
  });
  const publicName = 'state' in source ? source.copyOf?.publicName : source.name;
  const image: OwnImage = {
    architecture,
    rootDevice,
    rootGiB,
    imdsV2,
    ...(rootKind && { rootKind }),
    ...(windows && { windows }),
    imageId,
    name: Name,
    description: input.Description ?? '',
    ownerId: ctx.account,
    createdAt: ctx.now,
    state: 'pending',
    devices,
    copyOf: { imageId: SourceImageId, region, ...(publicName !== undefined && { publicName }) },
  };
  ctx.put(images, image);
  const tags = CopyImageTags ? Object.entries(tagsOf(there, SourceImageId)) : [];
  const copied = tags.flatMap(([Key, Value]) => (Key.startsWith('aws:') ? [] : [{ Key, Value }]));
  tagImage(ctx, image, TagSpecifications, copied);
  ctx.port(machines).copied?.(ctx, { account: source.ownerId, region, id: SourceImageId }, imageId);
  awaitImage(ctx, imageId, ctx.duration(imageCreation, imageId));
  return imageId;
}

export const imageCreationOperations: Operations<'ec2'> = {
  CreateImage: (ctx, input) => ({ ImageId: create(ctx, input) }),

  RegisterImage: (ctx, input) => ({ ImageId: register(ctx, input) }),

  CopyImage: (ctx, input) => ({
    ImageId: once(ctx, 'CopyImage', input.ClientToken, input, () => copy(ctx, input)),
  }),
};
