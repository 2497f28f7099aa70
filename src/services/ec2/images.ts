// Amazon Machine Images: the public catalogue and the account's own.

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import { machines } from '#cloud/ports/machines.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from './filters.ts';
import { platformShown, publicImages } from './image-catalogue.ts';
import type { PublicImage } from './image-catalogue.ts';
import { instanceOf, launchOf } from './instances.ts';
import { reboot } from './lifecycle.ts';
import { putTags, removeTagsOf, tagsFor, tagsOf, tagsShown } from './tags.ts';
import { imageCreation } from './timings.ts';
import { volumesOf } from './volumes.ts';

type WireImage = NonNullable<Output<'ec2', 'DescribeImages'>['Images']>[number];

/** An image of the account. */
export interface OwnImage extends PublicImage {
  state: 'pending' | 'available';
  sourceInstanceId: string;
  snapshotId: string;
}
export const images: Table<OwnImage> = table<OwnImage>(
  'ec2/images',
  (row) => row.imageId,
  { name: (row) => row.name },
  // Root volumes had no kind of their own.
  { version: 2, upgrade: (row) => ({ rootKind: 'gp3', ...(row as OwnImage) }) },
);

const imageDue: TimerKind<{ imageId: string }> = timer<{ imageId: string }>('ec2/image-due');

export const imageAvailable: TimerHandler<{ imageId: string }, Ctx> = {
  kind: imageDue,
  live: (ctx, { imageId }) => ctx.get(images, imageId)?.state === 'pending',
  fire(ctx, { imageId }) {
    ctx.update(images, ctx.get(images, imageId) as OwnImage, { state: 'available' });
  },
};

/** An image by id, or EC2's answer where there is none. */
export function imageOf(ctx: Ctx, imageId: string): OwnImage | PublicImage {
  const found = ctx.get(images, imageId) ?? publicImages(ctx).find((image) => image.imageId === imageId);
  if (found) return found;
  if (!/^ami-[0-9a-f]{8}([0-9a-f]{9})?$/.test(imageId)) {
    throw new Fault('InvalidAMIID.Malformed', `Invalid id: "${imageId}" (expecting "ami-...")`);
  }
  throw new Fault('InvalidAMIID.NotFound', `The image id '[${imageId}]' does not exist`);
}

function own(image: OwnImage | PublicImage): OwnImage | undefined {
  return 'sourceInstanceId' in image ? image : undefined;
}

function describe(ctx: Ctx, image: OwnImage | PublicImage): WireImage {
  const mine = own(image);
  const snapshotId = mine?.snapshotId ?? `snap-0${image.imageId.slice(5)}`;
  return {
    ImageId: image.imageId,
    Name: image.name,
    Description: image.description,
    OwnerId: image.ownerId,
    ImageOwnerAlias: image.ownerAlias,
    ImageLocation: `${image.ownerAlias ?? image.ownerId}/${image.name}`,
    Public: mine === undefined,
    State: mine?.state ?? 'available',
    CreationDate: formatIso(image.createdAt),
    Architecture: image.architecture,
    ImageType: 'machine',
    ...platformShown(image.windows),
    VirtualizationType: 'hvm',
    Hypervisor: 'xen',
    EnaSupport: true,
    SriovNetSupport: 'simple',
    ImdsSupport: image.imdsV2 ? 'v2.0' : undefined,
    RootDeviceType: 'ebs',
    RootDeviceName: image.rootDevice,
    BlockDeviceMappings: [
      {
        DeviceName: image.rootDevice,
        Ebs: {
          SnapshotId: snapshotId,
          VolumeSize: image.rootGiB,
          VolumeType: image.rootKind ?? 'gp3',
          DeleteOnTermination: true,
          Encrypted: false,
        },
      },
    ],
    SourceInstanceId: mine?.sourceInstanceId,
    Tags: tagsShown(ctx, image.imageId),
  };
}

const PAGE_SIZE = 1000;

export const imageOperations: Operations<'ec2'> = {
  DescribeImages(ctx, { ImageIds = [], Owners = [], ExecutableUsers = [], Filters, MaxResults, NextToken }) {
    const where = filtered<OwnImage | PublicImage>(Filters, {
      operation: 'DescribeImages',
      values: {
        architecture: (image) => image.architecture,
        'creation-date': (image) => formatIso(image.createdAt),
        description: (image) => image.description,
        'ena-support': () => true,
        hypervisor: () => 'xen',
        'image-id': (image) => image.imageId,
        'image-type': () => 'machine',
        'is-public': (image) => own(image) === undefined,
        name: (image) => image.name,
        'owner-alias': (image) => image.ownerAlias,
        'owner-id': (image) => image.ownerId,
        platform: (image) => (image.windows ? 'windows' : undefined),
        'root-device-name': (image) => image.rootDevice,
        'root-device-type': () => 'ebs',
        'source-instance-id': (image) => own(image)?.sourceInstanceId,
        state: (image) => own(image)?.state ?? 'available',
        'virtualization-type': () => 'hvm',
      },
      tags: (image) => tagsOf(ctx, image.imageId),
    });
    const owned = (image: OwnImage | PublicImage): boolean =>
      Owners.length === 0 ||
      Owners.some(
        (owner) => owner === image.ownerId || owner === image.ownerAlias || (owner === 'self' && own(image)),
      );
    // Images that were shared explicitly are not modelled: an account may run its own and the public ones.
    const runnable = (image: OwnImage | PublicImage): boolean =>
      ExecutableUsers.length === 0 || (ExecutableUsers.includes('all') && own(image) === undefined);
    const chosen =
      ImageIds.length > 0
        ? ImageIds.map((id) => imageOf(ctx, id))
        : [...ctx.list(images), ...publicImages(ctx)];
    const shown = chosen.filter((image) => owned(image) && runnable(image) && where(image));
    const { items, next } = pageOf(shown, (image) => image.imageId, {
      token: NextToken,
      limit: MaxResults ?? PAGE_SIZE,
    });
    return { Images: items.map((image) => describe(ctx, image)), NextToken: next };
  },

  CreateImage(ctx, { InstanceId, Name, Description = '', NoReboot = false, TagSpecifications }) {
    const instance = instanceOf(ctx, InstanceId);
    if (instance.state !== 'running' && instance.state !== 'stopped') {
      throw new Fault('IncorrectInstanceState', `Instance is not in state 'running' or 'stopped'`);
    }
    if (ctx.list(images, 'name', Name).length > 0) {
      throw new Fault(
        'InvalidAMIName.Duplicate',
        `AMI name ${Name} is already in use by AMI ${ctx.list(images, 'name', Name)[0]?.imageId}`,
      );
    }
    const { architecture, rootDevice, windows } = launchOf(ctx, InstanceId);
    const root = volumesOf(ctx, InstanceId).find(({ attachment }) => attachment?.deviceName === rootDevice);
    const imageId = `ami-${ctx.id('image')}`;
    const image: OwnImage = {
      imageId,
      name: Name,
      description: Description,
      ownerId: ctx.account,
      architecture,
      rootDevice,
      rootGiB: root?.sizeGiB ?? 8,
      ...(root && { rootKind: root.kind }),
      imdsV2: launchOf(ctx, InstanceId).imdsV2,
      createdAt: ctx.now,
      state: 'pending',
      sourceInstanceId: InstanceId,
      snapshotId: `snap-${ctx.id('snapshot')}`,
      ...(windows === undefined ? {} : { windows }),
    };
    ctx.put(images, image);
    putTags(ctx, imageId, tagsFor(TagSpecifications, 'image', ['image', 'snapshot']));
    ctx.port(machines).imaged?.(ctx, InstanceId, imageId);
    // EC2 shuts the instance down and starts it again before it takes the snapshots, so that the file systems
    // are whole.
    if (!NoReboot && instance.state === 'running') reboot(ctx, instance);
    ctx.schedule(imageDue, ctx.now + ctx.duration(imageCreation, imageId), { imageId });
    return { ImageId: imageId };
  },

  DeregisterImage(ctx, { ImageId }) {
    const image = imageOf(ctx, ImageId);
    if (!own(image)) throw new Fault('AuthFailure', `Not authorized for image:${ImageId}`);
    ctx.delete(images, ImageId);
    removeTagsOf(ctx, ImageId);
    return { Return: true };
  },
};
