// Amazon Machine Images: the public catalogue, the account's own, and those that others share.

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
import { removeTagsOf, tagsOf, someTagsShown } from '../tags.ts';
import type { Encryption } from '../volumes/ebs.ts';
import { freeSnapshots, removeSnapshot } from '../volumes/snapshots.ts';
import type { VolumeKind } from '../volumes/volume-types.ts';
import { platformShown, publicImages } from './image-catalogue.ts';
import type { PublicImage } from './image-catalogue.ts';

type WireImage = NonNullable<Output<'ec2', 'DescribeImages'>['Images']>[number];
type WireDevice = NonNullable<WireImage['BlockDeviceMappings']>[number];

/** A volume that instances of an image begin with. */
export interface ImageDevice extends Encryption {
  readonly deviceName: string;
  readonly sizeGiB: number;
  readonly kind: VolumeKind;
  readonly iops?: number;
  readonly throughput?: number;
  /** Nothing for an empty volume. */
  readonly snapshotId?: string;
  readonly deleteOnTermination: boolean;
}

/** An image of an account. */
export interface OwnImage extends PublicImage {
  /** Of an image that is gone its id alone is still known. */
  state: 'pending' | 'available' | 'deregistered';
  devices: readonly ImageDevice[];
  /** Of one made by CreateImage. */
  sourceInstanceId?: string;
  /** Of a copy: the image, its region, and the name of the public image that it is a copy of in the end. */
  copyOf?: { readonly imageId: string; readonly region: string; readonly publicName?: string };
}

type Version2 = PublicImage & { rootKind?: VolumeKind; snapshotId: string };

/** Version 1 knew no kinds of root volumes, version 2 no other volumes than the root. */
function upgraded(row: object): OwnImage {
  const { snapshotId, ...image } = row as Version2;
  const root = rootOf(image, snapshotId);
  return { rootKind: 'gp3', ...(image as unknown as OwnImage), devices: [root] };
}

export const images: Table<OwnImage> = table<OwnImage>(
  'ec2/images',
  (row) => row.imageId,
  { name: (row) => (row.state === 'deregistered' ? undefined : row.name) },
  { version: 3, upgrade: upgraded },
);

const imageDue: TimerKind<{ imageId: string }> = timer<{ imageId: string }>('ec2/image-due');

export const imageAvailable: TimerHandler<{ imageId: string }, Ctx> = {
  kind: imageDue,
  live: (ctx, { imageId }) => ctx.get(images, imageId)?.state === 'pending',
  fire(ctx, { imageId }) {
    ctx.update(images, ctx.get(images, imageId) as OwnImage, { state: 'available' });
  },
};

/** A pending image becomes available. */
export function awaitImage(ctx: Ctx, imageId: string, ms: number): void {
  ctx.schedule(imageDue, ctx.now + ms, { imageId });
}

function rootOf(image: PublicImage, snapshotId: string): ImageDevice {
  return {
    deviceName: image.rootDevice,
    sizeGiB: image.rootGiB,
    kind: image.rootKind ?? 'gp3',
    encrypted: false,
    snapshotId,
    deleteOnTermination: true,
  };
}

/** The volumes that an image describes. */
export function devicesOf(image: OwnImage | PublicImage): readonly ImageDevice[] {
  return own(image)?.devices ?? [rootOf(image, `snap-0${image.imageId.slice(5)}`)];
}

function own(image: OwnImage | PublicImage): OwnImage | undefined {
  return 'state' in image ? image : undefined;
}

function findImage(ctx: Ctx, imageId: string): OwnImage | PublicImage | undefined {
  return (
    ctx.get(images, imageId) ??
    publicImages(ctx).find((image) => image.imageId === imageId) ??
    sharedImage(ctx, imageId)
  );
}

/** Keys of another account do not go on to what is made of its images. */
function sharedImage(ctx: Ctx, imageId: string): OwnImage | undefined {
  const image = sharedRow(ctx, images, imageId);
  if (!image) return undefined;
  const devices = image.devices.map((device) => {
    const { keyArn: _, ...rest } = device;
    return rest;
  });
  return { ...image, devices };
}

/** Images by id, or EC2's answer for those that there are not. */
function imagesById(ctx: Ctx, ids: readonly string[]): (OwnImage | PublicImage)[] {
  const malformed = ids.find((id) => !/^ami-[0-9a-f]{8}([0-9a-f]{9})?$/.test(id));
  if (malformed !== undefined)
    throw new Fault('InvalidAMIID.Malformed', `Invalid id: "${malformed}" (expecting "ami-...")`);
  const absent = ids.filter((id) => !findImage(ctx, id));
  if (absent.length > 1)
    throw new Fault('InvalidAMIID.NotFound', `The image ids '[${absent.join(', ')}]' do not exist`);
  if (absent.length === 1)
    throw new Fault('InvalidAMIID.NotFound', `The image id '[${absent[0]}]' does not exist`);
  return ids.flatMap((id) => findImage(ctx, id) ?? []);
}

/** An image that is not gone, or EC2's answer where there is none. */
export function imageOf(ctx: Ctx, imageId: string): OwnImage | PublicImage {
  const [found] = imagesById(ctx, [imageId]) as [OwnImage | PublicImage];
  if (own(found)?.state !== 'deregistered') return found;
  throw new Fault('InvalidAMIID.Unavailable', `The image ID '[${imageId}]' is no longer available`);
}

/** Only the owner may change an image. */
export function ownImage(ctx: Ctx, imageId: string): OwnImage {
  const image = own(imageOf(ctx, imageId));
  if (image && image.ownerId === ctx.account) return image;
  throw new Fault('AuthFailure', `Not authorized for image:${imageId}`, { status: 403 });
}

function deviceShown({ deviceName, sizeGiB, kind, iops, throughput, ...rest }: ImageDevice): WireDevice {
  return {
    DeviceName: deviceName,
    Ebs: {
      SnapshotId: rest.snapshotId,
      VolumeSize: sizeGiB,
      VolumeType: kind,
      Iops: iops,
      Throughput: throughput,
      DeleteOnTermination: rest.deleteOnTermination,
      Encrypted: rest.encrypted,
    },
  };
}

function describe(ctx: Ctx, image: OwnImage | PublicImage): WireImage {
  const mine = own(image);
  return {
    ImageId: image.imageId,
    Name: image.name,
    Description: image.description,
    OwnerId: image.ownerId,
    ImageOwnerAlias: image.ownerAlias,
    ImageLocation: `${image.ownerAlias ?? image.ownerId}/${image.name}`,
    Public: !mine || isPublic(ctx, image.imageId),
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
    BlockDeviceMappings: devicesOf(image).map(deviceShown),
    SourceInstanceId: mine?.sourceInstanceId,
    SourceImageId: mine?.copyOf?.imageId,
    SourceImageRegion: mine?.copyOf?.region,
    ...someTagsShown(ctx, image.imageId),
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html */
function imageFilter(
  ctx: Ctx,
  filters: Parameters<typeof filtered>[0],
): (image: OwnImage | PublicImage) => boolean {
  const eachDevice = (image: OwnImage | PublicImage, value: keyof ImageDevice): ImageDevice[typeof value][] =>
    devicesOf(image).map((device) => device[value]);
  return filtered<OwnImage | PublicImage>(filters, {
    operation: 'DescribeImages',
    values: {
      architecture: (image) => image.architecture,
      'block-device-mapping.delete-on-termination': (image) => eachDevice(image, 'deleteOnTermination'),
      'block-device-mapping.device-name': (image) => eachDevice(image, 'deviceName'),
      'block-device-mapping.encrypted': (image) => eachDevice(image, 'encrypted'),
      'block-device-mapping.snapshot-id': (image) => eachDevice(image, 'snapshotId'),
      'block-device-mapping.volume-size': (image) => eachDevice(image, 'sizeGiB'),
      'block-device-mapping.volume-type': (image) => eachDevice(image, 'kind'),
      'creation-date': (image) => formatIso(image.createdAt),
      description: (image) => image.description,
      'ena-support': () => true,
      hypervisor: () => 'xen',
      'image-id': (image) => image.imageId,
      'image-type': () => 'machine',
      'is-public': (image) => !own(image) || isPublic(ctx, image.imageId),
      name: (image) => image.name,
      'owner-alias': (image) => image.ownerAlias,
      'owner-id': (image) => image.ownerId,
      platform: (image) => (image.windows ? 'windows' : undefined),
      'root-device-name': (image) => image.rootDevice,
      'root-device-type': () => 'ebs',
      'source-image-id': (image) => own(image)?.copyOf?.imageId,
      'source-image-region': (image) => own(image)?.copyOf?.region,
      'source-instance-id': (image) => own(image)?.sourceInstanceId,
      state: (image) => own(image)?.state ?? 'available',
      'virtualization-type': () => 'hvm',
    },
    tags: (image) => tagsOf(ctx, image.imageId),
  });
}

/** Whether somebody has been given the right to launch an image, by name or as one of all. */
function runnableBy(ctx: Ctx, image: OwnImage | PublicImage, user: string): boolean {
  const open = !own(image) || isPublic(ctx, image.imageId);
  if (user === 'all' || open) return open;
  return sharedWith(ctx, image.imageId).includes(user === 'self' ? ctx.account : user);
}

const PAGE_SIZE = 1000;

export const imageOperations: Operations<'ec2'> = {
  DescribeImages(ctx, { ImageIds = [], Owners = [], ExecutableUsers = [], Filters, MaxResults, NextToken }) {
    const where = imageFilter(ctx, Filters);
    const owned = (image: OwnImage | PublicImage): boolean =>
      Owners.length === 0 ||
      Owners.some(
        (owner) =>
          owner === image.ownerId ||
          owner === image.ownerAlias ||
          (owner === 'self' && image.ownerId === ctx.account),
      );
    const runnable = (image: OwnImage | PublicImage): boolean =>
      ExecutableUsers.length === 0 || ExecutableUsers.some((user) => runnableBy(ctx, image, user));
    const chosen =
      ImageIds.length > 0
        ? imagesById(ctx, ImageIds)
        : [...ctx.list(images), ...publicImages(ctx), ...sharedRows(ctx, images)];
    const shown = chosen.filter(
      (image) => own(image)?.state !== 'deregistered' && owned(image) && runnable(image) && where(image),
    );
    const { items, next } = pageOf(shown, (image) => image.imageId, {
      token: NextToken,
      limit: MaxResults ?? PAGE_SIZE,
    });
    return { Images: items.map((image) => describe(ctx, image)), NextToken: next };
  },

  DeregisterImage(ctx, { ImageId, DeleteAssociatedSnapshots = false }) {
    const image = ownImage(ctx, ImageId);
    ctx.update(images, image, { state: 'deregistered' });
    share(ctx, ImageId, []);
    const freed = freeSnapshots(ctx, ImageId);
    removeTagsOf(ctx, ImageId);
    if (!DeleteAssociatedSnapshots) return { Return: true };
    const DeleteSnapshotResults = freed.map((SnapshotId) => {
      removeSnapshot(ctx, SnapshotId);
      return { SnapshotId, ReturnCode: 'success' as const };
    });
    return { Return: true, DeleteSnapshotResults };
  },
};
