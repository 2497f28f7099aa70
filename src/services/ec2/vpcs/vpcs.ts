// VPCs. A VPC comes with a main route table, a default network ACL and a default security group.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { endPeeringsOf } from '../gateways/peering.ts';
import { vpnGateways } from '../gateways/vpn-gateways.ts';
import { dependency, listed, networkOf, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { formatBlock } from './cidr.ts';
import { dhcpOptions } from './dhcp-options.ts';
import {
  blocksOf,
  internetGateways,
  interfaces,
  networkAcls,
  NO_OPTIONS,
  regionStarts,
  routeTables,
  securityGroupRules,
  securityGroups,
  subnets,
  vpcEndpoints,
  vpcOf,
  vpcs,
} from './network.ts';
import type { Vpc } from './network.ts';

type WireVpc = NonNullable<Output<'ec2', 'CreateVpc'>['Vpc']>;

/** What a new network ACL that lets everything through consists of. */
const ALLOW_ALL = [false, true].map((egress) => ({
  number: 100,
  egress,
  protocol: '-1',
  allow: true,
  cidr: '0.0.0.0/0',
}));

/** Makes a VPC with everything that AWS makes with it. */
export function makeVpc(ctx: Ctx, cidr: string, isDefault: boolean): Vpc {
  const vpcId = `vpc-${ctx.id('vpc')}`;
  const ownOptions = ctx.get(regionStarts, 'start')?.dhcpOptionsId ?? NO_OPTIONS;
  const mainRouteTableId = `rtb-${ctx.id('route-table')}`;
  const vpc: Vpc = {
    vpcId,
    cidr,
    isDefault,
    dnsSupport: true,
    dnsHostnames: isDefault,
    cidrAssociationId: `vpc-cidr-assoc-${ctx.id('vpc-cidr-association')}`,
    mainRouteTableId,
    mainAssociationId: `rtbassoc-${ctx.id('route-table-association')}`,
    dhcpOptionsId: ctx.get(dhcpOptions, ownOptions) ? ownOptions : NO_OPTIONS,
  };
  ctx.put(vpcs, vpc);
  ctx.put(routeTables, {
    routeTableId: mainRouteTableId,
    vpcId,
    routes: [{ destination: cidr, kind: 'local', target: 'local' }],
  });
  ctx.put(networkAcls, { aclId: `acl-${ctx.id('network-acl')}`, vpcId, isDefault: true, entries: ALLOW_ALL });
  const groupId = `sg-${ctx.id('security-group')}`;
  ctx.put(securityGroups, { groupId, vpcId, name: 'default', description: 'default VPC security group' });
  const everything = { groupId, protocol: '-1', fromPort: -1, toPort: -1 };
  ctx.put(securityGroupRules, {
    ...everything,
    ruleId: `sgr-${ctx.id('security-group-rule')}`,
    egress: false,
    peer: { kind: 'group', value: groupId },
  });
  ctx.put(securityGroupRules, {
    ...everything,
    ruleId: `sgr-${ctx.id('security-group-rule')}`,
    egress: true,
    peer: { kind: 'ipv4', value: '0.0.0.0/0' },
  });
  return vpc;
}

function describeVpc(ctx: Ctx, vpc: Vpc): WireVpc {
  return {
    VpcId: vpc.vpcId,
    OwnerId: ctx.account,
    State: 'available',
    CidrBlock: vpc.cidr,
    CidrBlockAssociationSet: blocksOf(vpc).map(({ associationId, cidr }) => ({
      AssociationId: associationId,
      CidrBlock: cidr,
      CidrBlockState: { State: 'associated' },
    })),
    Ipv6CidrBlockAssociationSet: [],
    InstanceTenancy: 'default',
    IsDefault: vpc.isDefault,
    DhcpOptionsId: vpc.dhcpOptionsId ?? NO_OPTIONS,
    Tags: tagsShown(ctx, vpc.vpcId),
  };
}

export const vpcOperations: Operations<'ec2'> = {
  CreateVpc(
    ctx,
    { CidrBlock, InstanceTenancy = 'default', AmazonProvidedIpv6CidrBlock = false, TagSpecifications },
  ) {
    if (AmazonProvidedIpv6CidrBlock) throw unmodelled('IPv6');
    const network = networkOf(CidrBlock);
    if (network.bits < 16 || network.bits > 28)
      throw new Fault('InvalidVpc.Range', `The CIDR '${CidrBlock}' is invalid.`);
    if (InstanceTenancy !== 'default') throw unmodelled(`The tenancy ${InstanceTenancy}`);
    const vpc = makeVpc(ctx, formatBlock(network), false);
    tagCreated(ctx, TagSpecifications, vpc.vpcId);
    return { Vpc: { ...describeVpc(ctx, vpc), State: 'pending' } };
  },

  DescribeVpcs(ctx, { VpcIds, Filters, NextToken, MaxResults }) {
    const where = filtered<Vpc>(Filters, {
      operation: 'DescribeVpcs',
      values: {
        cidr: (vpc) => vpc.cidr,
        'cidr-block': (vpc) => vpc.cidr,
        'cidr-block-association.association-id': (vpc) => blocksOf(vpc).map((one) => one.associationId),
        'cidr-block-association.cidr-block': (vpc) => blocksOf(vpc).map((one) => one.cidr),
        'cidr-block-association.state': () => 'associated',
        'dhcp-options-id': (vpc) => vpc.dhcpOptionsId ?? NO_OPTIONS,
        'is-default': (vpc) => vpc.isDefault,
        isDefault: (vpc) => vpc.isDefault,
        'owner-id': () => ctx.account,
        state: () => 'available',
        'vpc-id': (vpc) => vpc.vpcId,
      },
      tags: (vpc) => tagsOf(ctx, vpc.vpcId),
    });
    const { rows, next } = listed(ctx, vpcs, {
      ids: VpcIds,
      of: vpcOf,
      where,
      page: { NextToken, MaxResults },
    });
    return { Vpcs: rows.map((vpc) => describeVpc(ctx, vpc)), NextToken: next };
  },

  DeleteVpc(ctx, { VpcId }) {
    const { vpcId, mainRouteTableId } = vpcOf(ctx, VpcId);
    const used =
      ctx.list(subnets, 'vpc', vpcId).length > 0 ||
      ctx.list(internetGateways, 'vpc', vpcId).length > 0 ||
      ctx.list(vpnGateways, 'vpc', vpcId).length > 0 ||
      ctx.list(interfaces, 'vpc', vpcId).length > 0 ||
      ctx.list(vpcEndpoints, 'vpc', vpcId).length > 0 ||
      ctx.list(routeTables, 'vpc', vpcId).length > 1 ||
      ctx.list(networkAcls, 'vpc', vpcId).length > 1 ||
      ctx.list(securityGroups, 'vpc', vpcId).length > 1;
    if (used) throw dependency(`The vpc '${vpcId}' has dependencies and cannot be deleted.`);
    for (const { groupId } of ctx.list(securityGroups, 'vpc', vpcId)) {
      for (const { ruleId } of ctx.list(securityGroupRules, 'group', groupId))
        ctx.delete(securityGroupRules, ruleId);
      ctx.delete(securityGroups, groupId);
      removeTagsOf(ctx, groupId);
    }
    for (const { aclId } of ctx.list(networkAcls, 'vpc', vpcId)) {
      ctx.delete(networkAcls, aclId);
      removeTagsOf(ctx, aclId);
    }
    endPeeringsOf(ctx, vpcId);
    ctx.delete(routeTables, mainRouteTableId);
    removeTagsOf(ctx, mainRouteTableId);
    ctx.delete(vpcs, vpcId);
    removeTagsOf(ctx, vpcId);
  },

  ModifyVpcAttribute(ctx, { VpcId, EnableDnsHostnames, EnableDnsSupport }) {
    const vpc = vpcOf(ctx, VpcId);
    if (EnableDnsHostnames && EnableDnsSupport) {
      throw new Fault(
        'InvalidParameterCombination',
        'Fields for multiple attribute types specified: enableDnsSupport, enableDnsHostnames',
      );
    }
    if (EnableDnsSupport?.Value !== undefined) ctx.update(vpcs, vpc, { dnsSupport: EnableDnsSupport.Value });
    if (EnableDnsHostnames?.Value !== undefined)
      ctx.update(vpcs, vpc, { dnsHostnames: EnableDnsHostnames.Value });
    ctx.emit(networkChanged, { vpcId: vpc.vpcId });
  },

  DescribeVpcAttribute(ctx, { VpcId, Attribute }) {
    const { vpcId, dnsSupport, dnsHostnames } = vpcOf(ctx, VpcId);
    if (Attribute === 'enableDnsSupport') return { VpcId: vpcId, EnableDnsSupport: { Value: dnsSupport } };
    if (Attribute === 'enableDnsHostnames')
      return { VpcId: vpcId, EnableDnsHostnames: { Value: dnsHostnames } };
    return { VpcId: vpcId, EnableNetworkAddressUsageMetrics: { Value: false } };
  },
};
