// AWS::EC2::EIPAssociation: an Elastic IP address on an instance or an interface.

import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type Association = Work<'AWS::EC2::EIPAssociation'>;

function live(work: Association) {
  const Filters = [{ Name: 'association-id', Values: [work.physicalId] }];
  return work.call('ec2', 'DescribeAddresses', { Filters }).Addresses?.[0];
}

export const addressAssociation: Provider = provider({
  type: 'AWS::EC2::EIPAssociation',
  passedOn: ['PrivateIpAddress'],
  create(work) {
    const { AllocationId, EIP, InstanceId, NetworkInterfaceId, PrivateIpAddress } = work.properties;
    const { AssociationId = '' } = work.call('ec2', 'AssociateAddress', {
      ...(AllocationId !== undefined && { AllocationId }),
      ...(EIP !== undefined && { PublicIp: EIP }),
      ...(InstanceId !== undefined && { InstanceId }),
      ...(NetworkInterfaceId !== undefined && { NetworkInterfaceId }),
      ...(PrivateIpAddress !== undefined && { PrivateIpAddress }),
    });
    return AssociationId;
  },
  delete(work) {
    if (live(work)) work.call('ec2', 'DisassociateAddress', { AssociationId: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const found = live(work);
    if (!found) return undefined;
    const { AllocationId = '', PublicIp = '', InstanceId, NetworkInterfaceId = '' } = found;
    return {
      AllocationId,
      EIP: PublicIp,
      NetworkInterfaceId,
      ...(InstanceId !== undefined && { InstanceId }),
    };
  },
});
