// GetLaunchTemplateData: what a launch template would have to say to launch an instance like one that is there.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetLaunchTemplateData.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { tagsShown } from '../tags.ts';
import { volumesOf } from '../volumes/volumes.ts';
import { interfaces } from '../vpcs/network.ts';
import type { InstanceTypeName } from './instance-types.ts';
import { instanceOf, launchOf } from './instances.ts';
import type { Instance } from './instances.ts';

type Data = NonNullable<Output<'ec2', 'GetLaunchTemplateData'>['LaunchTemplateData']>;

function devicesOf(ctx: Ctx, instanceId: string): NonNullable<Data['BlockDeviceMappings']> {
  return volumesOf(ctx, instanceId).map(({ attachment, ...volume }) => ({
    DeviceName: attachment?.deviceName,
    Ebs: {
      DeleteOnTermination: attachment?.deleteOnTermination,
      VolumeSize: volume.sizeGiB,
      VolumeType: volume.kind,
      SnapshotId: volume.snapshotId,
      Encrypted: volume.encrypted,
      // For gp2 they follow from the size.
      ...(volume.kind !== 'gp2' && { Iops: volume.iops, Throughput: volume.throughput }),
    },
  }));
}

function interfacesOf(ctx: Ctx, instanceId: string): NonNullable<Data['NetworkInterfaces']> {
  return ctx.list(interfaces, 'owner', instanceId).map((row) => ({
    DeviceIndex: row.deviceIndex ?? 0,
    SubnetId: row.subnetId,
    Groups: [...row.groupIds],
    Description: row.description,
    DeleteOnTermination: row.deleteOnTermination ?? true,
    AssociatePublicIpAddress: row.publicIp !== undefined && row.allocationId === undefined,
  }));
}

function dataOf(ctx: Ctx, { instanceId, imageId, instanceType, zone, profile }: Instance): Data {
  const launch = launchOf(ctx, instanceId);
  const Tags = tagsShown(ctx, instanceId).filter(({ Key }) => !Key.startsWith('aws:'));
  return {
    ImageId: imageId,
    InstanceType: instanceType as InstanceTypeName,
    KeyName: launch.keyName,
    UserData: launch.userData,
    EbsOptimized: launch.ebsOptimized,
    Monitoring: { Enabled: launch.monitoring },
    Placement: { AvailabilityZone: zone, Tenancy: 'default' },
    DisableApiTermination: launch.terminationProtection,
    DisableApiStop: launch.stopProtection,
    InstanceInitiatedShutdownBehavior: launch.shutdownBehavior,
    MetadataOptions: {
      HttpTokens: launch.metadata.tokens,
      HttpPutResponseHopLimit: launch.metadata.hopLimit,
      HttpEndpoint: launch.metadata.endpoint,
      InstanceMetadataTags: launch.metadata.tags,
    },
    BlockDeviceMappings: devicesOf(ctx, instanceId),
    NetworkInterfaces: interfacesOf(ctx, instanceId),
    ...(profile && { IamInstanceProfile: { Arn: profile.arn } }),
    ...(launch.cpuCredits && { CreditSpecification: { CpuCredits: launch.cpuCredits } }),
    TagSpecifications: Tags.length > 0 ? [{ ResourceType: 'instance', Tags }] : [],
  };
}

export const launchTemplateDataOperations: Operations<'ec2'> = {
  GetLaunchTemplateData: (ctx, { InstanceId }) => ({
    LaunchTemplateData: dataOf(ctx, instanceOf(ctx, InstanceId)),
  }),
};
