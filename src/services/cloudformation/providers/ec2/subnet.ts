// AWS::EC2::Subnet, and which route table and network ACL hold for one.

import type { Input } from '#cloud/contracts.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { patiently } from './patience.ts';
import { ownTags, retag, tagsOfNew } from './tagging.ts';

type Subnet = Work<'AWS::EC2::Subnet'>;

type Changes = Omit<Input<'ec2', 'ModifySubnetAttribute'>, 'SubnetId'>;

/** What the API sets after the creation: each change is a request of its own. */
function attributesOf({
  MapPublicIpOnLaunch = false,
  AssignIpv6AddressOnCreation = false,
  EnableDns64 = false,
  PrivateDnsNameOptionsOnLaunch: names = {},
}: Partial<Subnet['properties']>): readonly Changes[] {
  const { HostnameType = 'ip-name' } = names;
  const { EnableResourceNameDnsARecord = false, EnableResourceNameDnsAAAARecord = false } = names;
  return [
    { MapPublicIpOnLaunch: { Value: MapPublicIpOnLaunch } },
    { AssignIpv6AddressOnCreation: { Value: AssignIpv6AddressOnCreation } },
    { EnableDns64: { Value: EnableDns64 } },
    { PrivateDnsHostnameTypeOnLaunch: HostnameType as 'ip-name' },
    { EnableResourceNameDnsARecordOnLaunch: { Value: EnableResourceNameDnsARecord } },
    { EnableResourceNameDnsAAAARecordOnLaunch: { Value: EnableResourceNameDnsAAAARecord } },
  ];
}

function setAttributes(work: Subnet, SubnetId: string): void {
  const before = attributesOf(work.previous ?? {}).map((change) => JSON.stringify(change));
  for (const change of attributesOf(work.properties))
    if (!before.includes(JSON.stringify(change)))
      work.call('ec2', 'ModifySubnetAttribute', { SubnetId, ...change });
}

function described(work: Subnet) {
  return work.find('ec2', 'DescribeSubnets', { SubnetIds: [work.physicalId] })?.Subnets?.[0];
}

const subnet = provider({
  type: 'AWS::EC2::Subnet',
  refused: [
    'EnableLniAtDeviceIndex',
    'Ipv4IpamPoolId',
    'Ipv4NetmaskLength',
    'Ipv6CidrBlock',
    'Ipv6IpamPoolId',
    'Ipv6Native',
    'Ipv6NetmaskLength',
    'OutpostArn',
  ],
  create(work) {
    const { VpcId, CidrBlock, AvailabilityZone, AvailabilityZoneId } = work.properties;
    const { Subnet: made } = work.call('ec2', 'CreateSubnet', {
      VpcId,
      CidrBlock,
      AvailabilityZone,
      AvailabilityZoneId,
      TagSpecifications: tagsOfNew(work, 'subnet'),
    });
    const id = made?.SubnetId ?? '';
    setAttributes(work, id);
    return id;
  },
  update(work) {
    setAttributes(work, work.physicalId);
    retag(work);
  },
  ...patiently<'AWS::EC2::Subnet'>((work) => {
    work.find('ec2', 'DeleteSubnet', { SubnetId: work.physicalId });
  }),
  attributes(work) {
    const SubnetId = work.physicalId;
    const {
      VpcId = '',
      CidrBlock = '',
      AvailabilityZone = '',
      AvailabilityZoneId = '',
    } = described(work) ?? {};
    return {
      SubnetId,
      VpcId,
      CidrBlock,
      AvailabilityZone,
      AvailabilityZoneId,
      NetworkAclAssociationId: aclAssociation(work, SubnetId)?.NetworkAclAssociationId ?? '',
      Ipv6CidrBlocks: [],
    };
  },
  read(work) {
    const found = described(work);
    return (
      found && {
        VpcId: found.VpcId ?? '',
        CidrBlock: found.CidrBlock ?? '',
        AvailabilityZone: found.AvailabilityZone ?? '',
        MapPublicIpOnLaunch: found.MapPublicIpOnLaunch ?? false,
        Tags: ownTags(work, found.Tags),
      }
    );
  },
});

// ---- Route tables ----

type ToRouteTable = Work<'AWS::EC2::SubnetRouteTableAssociation'>;

function routeAssociations(work: ToRouteTable, filter: string, value: string) {
  const { RouteTables = [] } = work.call('ec2', 'DescribeRouteTables', {
    Filters: [{ Name: filter, Values: [value] }],
  });
  return RouteTables.flatMap(({ Associations = [] }) => Associations);
}

const toRouteTable = provider({
  type: 'AWS::EC2::SubnetRouteTableAssociation',
  // Another table replaces the association, which the API does in one step: the subnet is never without.
  create(work) {
    const { SubnetId, RouteTableId } = work.properties;
    const standing = routeAssociations(work, 'association.subnet-id', SubnetId).find(
      (one) => one.SubnetId === SubnetId,
    );
    if (standing?.RouteTableAssociationId === undefined || standing.RouteTableId === RouteTableId)
      return work.call('ec2', 'AssociateRouteTable', { SubnetId, RouteTableId }).AssociationId ?? '';
    return (
      work.call('ec2', 'ReplaceRouteTableAssociation', {
        AssociationId: standing.RouteTableAssociationId,
        RouteTableId,
      }).NewAssociationId ?? ''
    );
  },
  delete(work) {
    work.find('ec2', 'DisassociateRouteTable', { AssociationId: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const id = 'association.route-table-association-id';
    const found = routeAssociations(work, id, work.physicalId).find(
      (one) => one.RouteTableAssociationId === work.physicalId,
    );
    return found && { SubnetId: found.SubnetId ?? '', RouteTableId: found.RouteTableId ?? '' };
  },
});

// ---- Network ACLs ----

/** A subnet always has one, the VPC's default one where none is named. */
function aclAssociation(work: Subnet | ToAcl, SubnetId: string) {
  const { NetworkAcls = [] } = (work as ToAcl).call('ec2', 'DescribeNetworkAcls', {
    Filters: [{ Name: 'association.subnet-id', Values: [SubnetId] }],
  });
  return NetworkAcls.flatMap(({ Associations = [], VpcId }) =>
    Associations.map((one) => ({ ...one, VpcId })),
  ).find((one) => one.SubnetId === SubnetId);
}

type ToAcl = Work<'AWS::EC2::SubnetNetworkAclAssociation'>;

const toAcl = provider({
  type: 'AWS::EC2::SubnetNetworkAclAssociation',
  create(work) {
    const { SubnetId, NetworkAclId } = work.properties;
    const AssociationId = aclAssociation(work, SubnetId)?.NetworkAclAssociationId;
    if (AssociationId === undefined)
      throw handlerFailure(work, `The subnet ID '${SubnetId}' does not exist`, 'NotFound');
    const made = work.call('ec2', 'ReplaceNetworkAclAssociation', { AssociationId, NetworkAclId });
    return made.NewAssociationId ?? '';
  },
  // The subnet goes back to the default ACL, unless another association has taken its place already.
  delete(work) {
    const standing = aclAssociation(work, work.properties.SubnetId);
    if (standing?.NetworkAclAssociationId !== work.physicalId) return;
    const { NetworkAcls = [] } = work.call('ec2', 'DescribeNetworkAcls', {
      Filters: [
        { Name: 'vpc-id', Values: [standing.VpcId ?? ''] },
        { Name: 'default', Values: ['true'] },
      ],
    });
    const NetworkAclId = NetworkAcls[0]?.NetworkAclId ?? '';
    work.call('ec2', 'ReplaceNetworkAclAssociation', { AssociationId: work.physicalId, NetworkAclId });
  },
  attributes: ({ physicalId }) => ({ AssociationId: physicalId }),
  read(work) {
    const { SubnetId } = work.properties;
    const found = aclAssociation(work, SubnetId);
    return found?.NetworkAclAssociationId === work.physicalId
      ? { SubnetId, NetworkAclId: found.NetworkAclId ?? '' }
      : undefined;
  },
});

export const subnets: readonly Provider[] = [subnet, toRouteTable, toAcl];
