// Attributes of images: their description, and who may launch them.

import { Fault } from '#contract/fault.ts';
import type { Operations } from '#cloud/service.ts';
import { missing, unmodelled } from '../requests.ts';
import { changeSharing, permissionsShown, share } from '../sharing.ts';
import { devicesOf, images, imageOf, ownImage } from './images.ts';

export const imageAttributeOperations: Operations<'ec2'> = {
  DescribeImageAttribute(ctx, { ImageId, Attribute }) {
    const image = imageOf(ctx, ImageId);
    const mine = image.ownerId === ctx.account;
    switch (Attribute) {
      case 'description':
        return { ImageId, Description: { Value: image.description } };
      case 'sriovNetSupport':
        return { ImageId, SriovNetSupport: { Value: 'simple' } };
      case 'imdsSupport':
        return { ImageId, ImdsSupport: image.imdsV2 ? { Value: 'v2.0' } : {} };
      case 'kernel':
        return { ImageId, KernelId: {} };
      case 'ramdisk':
        return { ImageId, RamdiskId: {} };
      case 'productCodes':
        return { ImageId, ProductCodes: [] };
      default:
    }
    if (!mine)
      throw new Fault('AuthFailure', 'Unauthorized attempt to access restricted resource', { status: 401 });
    if (Attribute === 'launchPermission')
      return { ImageId, LaunchPermissions: permissionsShown(ctx, ImageId) };
    if (Attribute !== 'blockDeviceMapping') throw unmodelled(`The image attribute ${Attribute}`);
    const BlockDeviceMappings = devicesOf(image).map((device) => ({
      DeviceName: device.deviceName,
      Ebs: {
        SnapshotId: device.snapshotId,
        VolumeSize: device.sizeGiB,
        VolumeType: device.kind,
        DeleteOnTermination: device.deleteOnTermination,
        Encrypted: device.encrypted,
      },
    }));
    return { ImageId, BlockDeviceMappings };
  },

  ModifyImageAttribute(ctx, input) {
    const { ImageId, Attribute, Description, Value, UserGroups: groups, LaunchPermission } = input;
    const image = ownImage(ctx, ImageId);
    const permissions = [...(LaunchPermission?.Add ?? []), ...(LaunchPermission?.Remove ?? [])];
    if (permissions.some((one) => one.OrganizationArn ?? one.OrganizationalUnitArn))
      throw unmodelled('Sharing images with organizations');
    const text = Description?.Value ?? (Attribute === 'description' ? Value : undefined);
    if (Attribute === 'description' && text === undefined) throw missing('Value');
    if (text !== undefined) ctx.update(images, image, { description: text });
    else if (Attribute !== undefined && Attribute !== 'launchPermission')
      throw unmodelled(`Changing the image attribute ${Attribute}`);
    changeSharing(ctx, ImageId, { ...input, groups, changes: LaunchPermission } as Parameters<
      typeof changeSharing
    >[2]);
  },

  ResetImageAttribute(ctx, { ImageId }) {
    ownImage(ctx, ImageId);
    share(ctx, ImageId, []);
  },
};
