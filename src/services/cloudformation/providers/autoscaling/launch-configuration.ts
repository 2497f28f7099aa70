// AWS::AutoScaling::LaunchConfiguration: every change makes another one.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type Create = Input<'autoscaling', 'CreateLaunchConfiguration'>;
type Configuration = Work<'AWS::AutoScaling::LaunchConfiguration'>;

const LONGEST = 255;

function described(work: Configuration) {
  const asked = { LaunchConfigurationNames: [work.physicalId] };
  return work.call('autoscaling', 'DescribeLaunchConfigurations', asked).LaunchConfigurations[0];
}

export const launchConfiguration: Provider = provider({
  type: 'AWS::AutoScaling::LaunchConfiguration',
  refused: [
    'BlockDeviceMappings.Ebs.SnapshotId',
    'BlockDeviceMappings.NoDevice',
    'BlockDeviceMappings.VirtualName',
    'ClassicLinkVPCId',
    'ClassicLinkVPCSecurityGroups',
    'InstanceId',
    'KernelId',
    'RamDiskId',
    'SpotPrice',
  ],
  passedOn: ['BlockDeviceMappings', 'MetadataOptions'],
  create(work) {
    const { properties } = work;
    const { LaunchConfigurationName = work.name({ longest: LONGEST }), InstanceMonitoring } = properties;
    const { AssociatePublicIpAddress, BlockDeviceMappings, EbsOptimized, IamInstanceProfile } = properties;
    const { ImageId, InstanceType, KeyName, MetadataOptions, PlacementTenancy } = properties;
    const { SecurityGroups, UserData } = properties;
    work.call('autoscaling', 'CreateLaunchConfiguration', {
      LaunchConfigurationName,
      ImageId,
      InstanceType,
      ...(AssociatePublicIpAddress !== undefined && { AssociatePublicIpAddress }),
      ...(BlockDeviceMappings && {
        BlockDeviceMappings: BlockDeviceMappings as Create['BlockDeviceMappings'],
      }),
      ...(EbsOptimized !== undefined && { EbsOptimized }),
      ...(IamInstanceProfile !== undefined && { IamInstanceProfile }),
      ...(InstanceMonitoring !== undefined && { InstanceMonitoring: { Enabled: InstanceMonitoring } }),
      ...(KeyName !== undefined && { KeyName }),
      ...(MetadataOptions && { MetadataOptions: MetadataOptions as Create['MetadataOptions'] }),
      ...(PlacementTenancy !== undefined && { PlacementTenancy }),
      ...(SecurityGroups && { SecurityGroups }),
      ...(UserData !== undefined && { UserData }),
    });
    return LaunchConfigurationName;
  },
  delete(work) {
    if (!described(work)) return;
    const LaunchConfigurationName = work.physicalId;
    work.call('autoscaling', 'DeleteLaunchConfiguration', { LaunchConfigurationName });
  },
  read(work) {
    const found = described(work);
    if (!found) return undefined;
    const { ImageId = '', InstanceType = '', SecurityGroups = [] } = found;
    return { LaunchConfigurationName: work.physicalId, ImageId, InstanceType, SecurityGroups };
  },
});
