// AWS::EC2::NetworkInterface, and attachments of one to an instance.

import { provider, ResourceFailure } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { patiently } from './patience.ts';
import { inOrderOf, ownTags, retag, tagsOfNew } from './tagging.ts';

const MORE_ADDRESSES = 'Sandtable does not model that an interface gets further private addresses later.';

function interfaceOf(work: Work<'AWS::EC2::NetworkInterface'>) {
  const NetworkInterfaceIds = [work.physicalId];
  return work.find('ec2', 'DescribeNetworkInterfaces', { NetworkInterfaceIds })?.NetworkInterfaces?.[0];
}

const networkInterface = provider({
  type: 'AWS::EC2::NetworkInterface',
  refused: [
    'ConnectionTrackingSpecification',
    'EnablePrimaryIpv6',
    'Ipv4PrefixCount',
    'Ipv4Prefixes',
    'Ipv6AddressCount',
    'Ipv6Addresses',
    'Ipv6PrefixCount',
    'Ipv6Prefixes',
    'PublicIpDnsHostnameTypeSpecification',
  ],
  passedOn: ['PrivateIpAddresses'],
  create(work) {
    const { SubnetId, GroupSet, Description, InterfaceType } = work.properties;
    const { PrivateIpAddress, PrivateIpAddresses, SourceDestCheck = true } = work.properties;
    const { SecondaryPrivateIpAddressCount } = work.properties;
    const { NetworkInterface } = work.call('ec2', 'CreateNetworkInterface', {
      SubnetId,
      Groups: GroupSet,
      Description,
      InterfaceType: InterfaceType as undefined,
      PrivateIpAddress,
      PrivateIpAddresses,
      SecondaryPrivateIpAddressCount,
      TagSpecifications: tagsOfNew(work, 'network-interface'),
    });
    const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
    if (!SourceDestCheck)
      work.call('ec2', 'ModifyNetworkInterfaceAttribute', {
        NetworkInterfaceId,
        SourceDestCheck: { Value: false },
      });
    return NetworkInterfaceId;
  },
  // The first address cannot change, and further ones are given at the creation only.
  replaces: () => true,
  update(work) {
    const NetworkInterfaceId = work.physicalId;
    const { Description = '', SourceDestCheck = true, GroupSet } = work.properties;
    if (work.changed('SecondaryPrivateIpAddressCount'))
      throw new ResourceFailure(MORE_ADDRESSES, 'NotImplemented');
    if (work.changed('Description'))
      work.call('ec2', 'ModifyNetworkInterfaceAttribute', {
        NetworkInterfaceId,
        Description: { Value: Description },
      });
    if (work.changed('SourceDestCheck'))
      work.call('ec2', 'ModifyNetworkInterfaceAttribute', {
        NetworkInterfaceId,
        SourceDestCheck: { Value: SourceDestCheck },
      });
    if (work.changed('GroupSet') && GroupSet)
      work.call('ec2', 'ModifyNetworkInterfaceAttribute', { NetworkInterfaceId, Groups: GroupSet });
    retag(work);
  },
  ...patiently<'AWS::EC2::NetworkInterface'>((work) => {
    work.find('ec2', 'DeleteNetworkInterface', { NetworkInterfaceId: work.physicalId });
  }),
  attributes(work) {
    const { PrivateIpAddress = '', PrivateIpAddresses = [], VpcId = '' } = interfaceOf(work) ?? {};
    const further = PrivateIpAddresses.filter(({ Primary }) => Primary !== true);
    return {
      Id: work.physicalId,
      VpcId,
      PrimaryPrivateIpAddress: PrivateIpAddress,
      SecondaryPrivateIpAddresses: further.map((one) => one.PrivateIpAddress ?? ''),
    };
  },
  read(work) {
    const found = interfaceOf(work);
    if (!found) return undefined;
    const groups = (found.Groups ?? []).map(({ GroupId = '' }) => GroupId);
    return {
      SubnetId: found.SubnetId ?? '',
      Description: found.Description ?? '',
      GroupSet: inOrderOf(work.properties.GroupSet, groups),
      PrivateIpAddress: found.PrivateIpAddress ?? '',
      SourceDestCheck: found.SourceDestCheck ?? true,
      Tags: ownTags(work, found.TagSet),
    };
  },
});

type Attachment = Work<'AWS::EC2::NetworkInterfaceAttachment'>;

function attached(work: Attachment) {
  const { NetworkInterfaces = [] } = work.call('ec2', 'DescribeNetworkInterfaces', {
    Filters: [{ Name: 'attachment.attachment-id', Values: [work.physicalId] }],
  });
  return NetworkInterfaces[0];
}

/** CloudFormation's default is that the interface goes with its instance; the API's is that it stays. */
function setDeletion(work: Attachment, AttachmentId: string): void {
  const { NetworkInterfaceId, DeleteOnTermination = true } = work.properties;
  const Attachment = { AttachmentId, DeleteOnTermination };
  work.call('ec2', 'ModifyNetworkInterfaceAttribute', { NetworkInterfaceId, Attachment });
}

const attachment = provider({
  type: 'AWS::EC2::NetworkInterfaceAttachment',
  refused: ['EnaQueueCount', 'EnaSrdSpecification'],
  create(work) {
    const { InstanceId, NetworkInterfaceId, DeviceIndex } = work.properties;
    const { AttachmentId = '' } = work.call('ec2', 'AttachNetworkInterface', {
      InstanceId,
      NetworkInterfaceId,
      DeviceIndex: Number(DeviceIndex),
    });
    setDeletion(work, AttachmentId);
    return AttachmentId;
  },
  update: (work) => setDeletion(work, work.physicalId),
  delete(work) {
    work.find('ec2', 'DetachNetworkInterface', { AttachmentId: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ AttachmentId: physicalId }),
  read(work) {
    const found = attached(work);
    const { InstanceId, DeviceIndex, DeleteOnTermination } = found?.Attachment ?? {};
    if (InstanceId === undefined) return undefined;
    return {
      InstanceId,
      NetworkInterfaceId: found?.NetworkInterfaceId ?? '',
      DeviceIndex: String(DeviceIndex),
      DeleteOnTermination: DeleteOnTermination ?? true,
    };
  },
});

export const networkInterfaces: readonly Provider[] = [networkInterface, attachment];
