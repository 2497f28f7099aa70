// AWS::EC2::InternetGateway and its attachment, NAT gateways and Elastic IP addresses.

import { handlerFailure, provider, ResourceFailure } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { patiently } from './patience.ts';
import { ownTags, retag, tagsOfNew } from './tagging.ts';

const internetGateway = provider({
  type: 'AWS::EC2::InternetGateway',
  create(work) {
    const TagSpecifications = tagsOfNew(work, 'internet-gateway');
    const { InternetGateway } = work.call('ec2', 'CreateInternetGateway', { TagSpecifications });
    return InternetGateway?.InternetGatewayId ?? '';
  },
  update: (work) => retag(work),
  ...patiently<'AWS::EC2::InternetGateway'>((work) => {
    work.find('ec2', 'DeleteInternetGateway', { InternetGatewayId: work.physicalId });
  }),
  attributes: ({ physicalId }) => ({ InternetGatewayId: physicalId }),
  read(work) {
    const found = work.find('ec2', 'DescribeInternetGateways', { InternetGatewayIds: [work.physicalId] });
    const one = found?.InternetGateways?.[0];
    return one && { Tags: ownTags(work, one.Tags) };
  },
});

type Attachment = Work<'AWS::EC2::VPCGatewayAttachment'>;

function detach(work: Attachment, InternetGatewayId: string, VpcId: string): void {
  try {
    work.find('ec2', 'DetachInternetGateway', { InternetGatewayId, VpcId });
  } catch (error) {
    if (error instanceof ResourceFailure && error.fault?.shape === 'Gateway.NotAttached') return;
    throw error;
  }
}

const attachment = provider({
  type: 'AWS::EC2::VPCGatewayAttachment',
  refused: ['VpnGatewayId'],
  create(work) {
    const { InternetGatewayId, VpcId } = work.properties;
    if (InternetGatewayId === undefined)
      throw handlerFailure(work, 'Either InternetGatewayId or VpnGatewayId must be set');
    work.call('ec2', 'AttachInternetGateway', { InternetGatewayId, VpcId });
    return `IGW|${VpcId}`;
  },
  update(work) {
    const { InternetGatewayId = '', VpcId } = work.properties;
    if (!work.changed('InternetGatewayId')) return;
    detach(work, work.previous?.InternetGatewayId ?? '', VpcId);
    work.call('ec2', 'AttachInternetGateway', { InternetGatewayId, VpcId });
  },
  // Waits for the public addresses of the VPC's instances and NAT gateways.
  ...patiently<'AWS::EC2::VPCGatewayAttachment'>((work) =>
    detach(work, work.properties.InternetGatewayId ?? '', work.properties.VpcId),
  ),
  attributes: () => ({ AttachmentType: 'IGW' }),
  read(work) {
    const VpcId = work.physicalId.split('|')[1] ?? '';
    const { InternetGateways = [] } = work.call('ec2', 'DescribeInternetGateways', {
      Filters: [{ Name: 'attachment.vpc-id', Values: [VpcId] }],
    });
    const [gateway] = InternetGateways;
    return gateway && { VpcId, InternetGatewayId: gateway.InternetGatewayId ?? '' };
  },
});

// ---- NAT gateways ----

function natGatewayOf(work: Work<'AWS::EC2::NatGateway'>) {
  const NatGatewayIds = [work.physicalId];
  return work.find('ec2', 'DescribeNatGateways', { NatGatewayIds })?.NatGateways?.[0];
}

const natGateway = provider({
  type: 'AWS::EC2::NatGateway',
  refused: [
    'AvailabilityMode',
    'AvailabilityZoneAddresses',
    'MaxDrainDurationSeconds',
    'SecondaryAllocationIds',
    'SecondaryPrivateIpAddressCount',
    'SecondaryPrivateIpAddresses',
    'VpcId',
  ],
  create(work) {
    const { SubnetId, AllocationId, ConnectivityType, PrivateIpAddress } = work.properties;
    const { NatGateway } = work.call('ec2', 'CreateNatGateway', {
      SubnetId,
      AllocationId,
      ConnectivityType: ConnectivityType as 'public' | 'private' | undefined,
      PrivateIpAddress,
      TagSpecifications: tagsOfNew(work, 'natgateway'),
    });
    return NatGateway?.NatGatewayId ?? '';
  },
  stands(work) {
    const { State, FailureMessage } = natGatewayOf(work) ?? { State: 'deleted' };
    if (State === 'available') return 'done';
    if (State === 'pending') return { again: 0 };
    throw handlerFailure(
      work,
      `NatGateway ${work.physicalId} is in state ${State ?? ''} and hence failed to stabilize. ` +
        `Detailed failure message: ${FailureMessage ?? ''}`,
      'NotStabilized',
    );
  },
  update: (work) => retag(work),
  delete(work) {
    work.find('ec2', 'DeleteNatGateway', { NatGatewayId: work.physicalId });
  },
  gone(work) {
    const state = natGatewayOf(work)?.State;
    return state === 'deleting' || state === 'pending' ? { again: 0 } : 'done';
  },
  attributes(work) {
    const [address] = natGatewayOf(work)?.NatGatewayAddresses ?? [];
    return { NatGatewayId: work.physicalId, EniId: address?.NetworkInterfaceId ?? '' };
  },
  read(work) {
    const found = natGatewayOf(work);
    if (!found || found.State === 'deleted') return undefined;
    const [address] = found.NatGatewayAddresses ?? [];
    return {
      SubnetId: found.SubnetId ?? '',
      ConnectivityType: found.ConnectivityType ?? '',
      ...(address?.AllocationId !== undefined && { AllocationId: address.AllocationId }),
      Tags: ownTags(work, found.Tags),
    };
  },
});

// ---- Elastic IP addresses ----

type ElasticIp = Work<'AWS::EC2::EIP'>;

function addressOf(work: ElasticIp) {
  return work.find('ec2', 'DescribeAddresses', { PublicIps: [work.physicalId] })?.Addresses?.[0];
}

function putOn(work: ElasticIp, AllocationId: string): void {
  const { InstanceId } = work.properties;
  if (InstanceId !== undefined) work.call('ec2', 'AssociateAddress', { AllocationId, InstanceId });
}

const elasticIp = provider({
  type: 'AWS::EC2::EIP',
  refused: ['Address', 'IpamPoolId', 'NetworkBorderGroup', 'PublicIpv4Pool', 'TransferAddress'],
  create(work) {
    const { AllocationId = '', PublicIp = '' } = work.call('ec2', 'AllocateAddress', {
      Domain: work.properties.Domain as 'vpc' | undefined,
      TagSpecifications: tagsOfNew(work, 'elastic-ip'),
    });
    putOn(work, AllocationId);
    return PublicIp;
  },
  update(work) {
    const { AllocationId = '', AssociationId } = addressOf(work) ?? {};
    if (work.changed('InstanceId')) {
      if (AssociationId !== undefined) work.call('ec2', 'DisassociateAddress', { AssociationId });
      putOn(work, AllocationId);
    }
    retag(work, AllocationId);
  },
  ...patiently<'AWS::EC2::EIP'>((work) => {
    const { AllocationId, AssociationId } = addressOf(work) ?? {};
    if (AllocationId === undefined) return;
    const own = work.properties.InstanceId !== undefined;
    if (own && AssociationId !== undefined) work.call('ec2', 'DisassociateAddress', { AssociationId });
    work.call('ec2', 'ReleaseAddress', { AllocationId });
  }),
  attributes(work) {
    return { PublicIp: work.physicalId, AllocationId: addressOf(work)?.AllocationId ?? '' };
  },
  read(work) {
    const found = addressOf(work);
    return (
      found && {
        Domain: found.Domain ?? '',
        ...(found.InstanceId !== undefined && { InstanceId: found.InstanceId }),
        Tags: ownTags(work, found.Tags),
      }
    );
  },
});

export const gateways: readonly Provider[] = [internetGateway, attachment, natGateway, elasticIp];
