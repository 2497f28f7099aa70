// AWS::EC2::VPC and its further address blocks.

import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { patiently } from './patience.ts';
import { ownTags, retag, tagsOfNew } from './tagging.ts';

type Vpc = Work<'AWS::EC2::VPC'>;

/** The API changes one attribute at a time. Names cannot be given out unless they are resolved. */
function setDns(work: Vpc, VpcId: string, before: Vpc['properties']): void {
  const { EnableDnsSupport = true, EnableDnsHostnames = false } = work.properties;
  if (EnableDnsSupport !== (before.EnableDnsSupport ?? true))
    work.call('ec2', 'ModifyVpcAttribute', { VpcId, EnableDnsSupport: { Value: EnableDnsSupport } });
  if (EnableDnsHostnames !== (before.EnableDnsHostnames ?? false))
    work.call('ec2', 'ModifyVpcAttribute', { VpcId, EnableDnsHostnames: { Value: EnableDnsHostnames } });
}

function described(work: Vpc) {
  return work.find('ec2', 'DescribeVpcs', { VpcIds: [work.physicalId] })?.Vpcs?.[0];
}

const vpc = provider({
  type: 'AWS::EC2::VPC',
  refused: ['Ipv4IpamPoolId', 'Ipv4NetmaskLength', 'VpcEncryptionControl'],
  create(work) {
    const { CidrBlock, InstanceTenancy } = work.properties;
    const { Vpc: made } = work.call('ec2', 'CreateVpc', {
      CidrBlock,
      InstanceTenancy: InstanceTenancy as 'default' | undefined,
      TagSpecifications: tagsOfNew(work, 'vpc'),
    });
    const VpcId = made?.VpcId ?? '';
    setDns(work, VpcId, {});
    return VpcId;
  },
  update(work) {
    setDns(work, work.physicalId, work.previous ?? {});
    retag(work);
  },
  // Dedicated hosts can be given up in place, not the other way round.
  replaces: ({ properties }) => properties.InstanceTenancy === 'dedicated',
  ...patiently<'AWS::EC2::VPC'>((work) => {
    work.find('ec2', 'DeleteVpc', { VpcId: work.physicalId });
  }),
  attributes(work) {
    const VpcId = work.physicalId;
    const inVpc = { Name: 'vpc-id', Values: [VpcId] };
    const { NetworkAcls } = work.call('ec2', 'DescribeNetworkAcls', {
      Filters: [inVpc, { Name: 'default', Values: ['true'] }],
    });
    const { SecurityGroups } = work.call('ec2', 'DescribeSecurityGroups', {
      Filters: [inVpc, { Name: 'group-name', Values: ['default'] }],
    });
    const { CidrBlock = '', CidrBlockAssociationSet = [] } = described(work) ?? {};
    return {
      VpcId,
      CidrBlock,
      CidrBlockAssociations: CidrBlockAssociationSet.map(({ AssociationId = '' }) => AssociationId),
      DefaultNetworkAcl: NetworkAcls?.[0]?.NetworkAclId ?? '',
      DefaultSecurityGroup: SecurityGroups?.[0]?.GroupId ?? '',
      Ipv6CidrBlocks: [],
    };
  },
  read(work) {
    const found = described(work);
    if (!found) return undefined;
    const VpcId = work.physicalId;
    const asked = (Attribute: 'enableDnsSupport' | 'enableDnsHostnames') =>
      work.call('ec2', 'DescribeVpcAttribute', { VpcId, Attribute });
    return {
      CidrBlock: found.CidrBlock ?? '',
      InstanceTenancy: found.InstanceTenancy ?? '',
      EnableDnsSupport: asked('enableDnsSupport').EnableDnsSupport?.Value ?? false,
      EnableDnsHostnames: asked('enableDnsHostnames').EnableDnsHostnames?.Value ?? false,
      Tags: ownTags(work, found.Tags),
    };
  },
});

/** `vpc-cidr-assoc-1|vpc-1`: an association and the VPC that it belongs to. */
function associationOf(physicalId: string): string {
  return physicalId.split('|')[0] ?? '';
}

const cidrBlock = provider({
  type: 'AWS::EC2::VPCCidrBlock',
  refused: [
    'AmazonProvidedIpv6CidrBlock',
    'Ipv4IpamPoolId',
    'Ipv4NetmaskLength',
    'Ipv6CidrBlock',
    'Ipv6CidrBlockNetworkBorderGroup',
    'Ipv6IpamPoolId',
    'Ipv6NetmaskLength',
    'Ipv6Pool',
  ],
  create(work) {
    const { VpcId, CidrBlock } = work.properties;
    const { CidrBlockAssociation } = work.call('ec2', 'AssociateVpcCidrBlock', { VpcId, CidrBlock });
    return `${CidrBlockAssociation?.AssociationId ?? ''}|${VpcId}`;
  },
  ...patiently<'AWS::EC2::VPCCidrBlock'>((work) => {
    work.find('ec2', 'DisassociateVpcCidrBlock', { AssociationId: associationOf(work.physicalId) });
  }),
  attributes: ({ physicalId }) => ({ Id: associationOf(physicalId) }),
  read(work) {
    const [AssociationId, VpcId = ''] = work.physicalId.split('|');
    const found = work.find('ec2', 'DescribeVpcs', { VpcIds: [VpcId] })?.Vpcs?.[0]?.CidrBlockAssociationSet;
    const block = found?.find((one) => one.AssociationId === AssociationId);
    return block && { VpcId, CidrBlock: block.CidrBlock ?? '' };
  },
});

export const vpcs: readonly Provider[] = [vpc, cidrBlock];
