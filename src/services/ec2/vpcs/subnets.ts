// Subnets and the private addresses in them.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { dependency, listed, networkOf, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { zoneId, zoneOf, zonesOf } from '../zones.ts';
import { covers, formatAddress, formatBlock, overlaps, parseAddress, parseBlock } from './cidr.ts';
import type { Block } from './cidr.ts';
import { blocksOf, interfaces, networkAcls, privateIpsOf, subnetOf, subnets, vpcOf } from './network.ts';
import type { NetworkAcl, Subnet, Vpc } from './network.ts';

type WireSubnet = NonNullable<Output<'ec2', 'CreateSubnet'>['Subnet']>;

/**
 * The first four addresses and the last: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
 */
const RESERVED_FIRST = 4;
const RESERVED = 5;

export function makeSubnet(ctx: Ctx, vpc: Vpc, zone: string, cidr: string, defaultForAz: boolean): Subnet {
  const acl = ctx.list(networkAcls, 'vpc', vpc.vpcId).find((one) => one.isDefault) as NetworkAcl;
  const subnet: Subnet = {
    subnetId: `subnet-${ctx.id('subnet')}`,
    vpcId: vpc.vpcId,
    zone,
    cidr,
    defaultForAz,
    mapPublicIp: defaultForAz,
    aclId: acl.aclId,
    aclAssociationId: `aclassoc-${ctx.id('network-acl-association')}`,
  };
  ctx.put(subnets, subnet);
  return subnet;
}

function blockOf({ cidr }: { cidr: string }): Block {
  return parseBlock(cidr) as Block;
}

function held(ctx: Ctx, { subnetId }: Subnet): Set<string> {
  return new Set(ctx.list(interfaces, 'subnet', subnetId).flatMap(privateIpsOf));
}

function freeCount(ctx: Ctx, subnet: Subnet): number {
  const { first, last } = blockOf(subnet);
  return last - first + 1 - RESERVED - held(ctx, subnet).size;
}

/**
 * The lowest addresses of a subnet that nothing holds: at most `count`. Addresses come back once their holder
 * is gone.
 */
export function freeAddresses(ctx: Ctx, subnet: Subnet, count: number): string[] {
  const used = held(ctx, subnet);
  const { first, last } = blockOf(subnet);
  const free: string[] = [];
  for (let at = first + RESERVED_FIRST; at < last && free.length < count; at += 1) {
    const address = formatAddress(at);
    if (!used.has(address)) free.push(address);
  }
  return free;
}

/** An address that a request asks for, if it may have it. */
export function wantedAddress(ctx: Ctx, subnet: Subnet, address: string): string {
  const { first, last } = blockOf(subnet);
  const at = parseAddress(address);
  if (at === undefined || at < first || at > last) {
    throw new Fault('InvalidParameterValue', "Address does not fall within the subnet's address range");
  }
  if (at < first + RESERVED_FIRST || at === last) {
    throw new Fault('InvalidParameterValue', "Address is in subnet's reserved address range");
  }
  if (held(ctx, subnet).has(address)) {
    throw new Fault('InvalidIPAddress.InUse', `Address ${address} is in use.`);
  }
  return address;
}

function describeSubnet(ctx: Ctx, subnet: Subnet): WireSubnet {
  return {
    SubnetId: subnet.subnetId,
    SubnetArn: ctx.arn('ec2', `subnet/${subnet.subnetId}`),
    VpcId: subnet.vpcId,
    OwnerId: ctx.account,
    State: 'available',
    CidrBlock: subnet.cidr,
    AvailableIpAddressCount: freeCount(ctx, subnet),
    AvailabilityZone: subnet.zone,
    AvailabilityZoneId: zoneId(subnet.zone),
    DefaultForAz: subnet.defaultForAz,
    MapPublicIpOnLaunch: subnet.mapPublicIp,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    MapCustomerOwnedIpOnLaunch: false,
    EnableDns64: false,
    Ipv6Native: false,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    Tags: tagsShown(ctx, subnet.subnetId),
  };
}

/** A zone by name or id, in CreateSubnet's own words where there is none. */
function subnetZone(ctx: Ctx, name: string | undefined, id: string | undefined): string {
  const zones = zonesOf(ctx.region);
  if (name !== undefined && !zones.includes(name)) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${name}) for parameter availabilityZone is invalid. Subnets can currently only be created in the ` +
        `following availability zones: ${zones.join(', ')}.`,
    );
  }
  return zoneOf(ctx, name, id) ?? (zones[0] as string);
}

export const subnetOperations: Operations<'ec2'> = {
  CreateSubnet(ctx, { VpcId, CidrBlock, AvailabilityZone, AvailabilityZoneId, TagSpecifications }) {
    const vpc = vpcOf(ctx, VpcId);
    const network = networkOf(CidrBlock);
    const inside = blocksOf(vpc).some((block) => covers(blockOf(block), network));
    if (network.bits < 16 || network.bits > 28 || !inside) {
      throw new Fault('InvalidSubnet.Range', `The CIDR '${CidrBlock}' is invalid.`);
    }
    if (ctx.list(subnets, 'vpc', vpc.vpcId).some((other) => overlaps(blockOf(other), network))) {
      throw new Fault('InvalidSubnet.Conflict', `The CIDR '${CidrBlock}' conflicts with another subnet`);
    }
    const zone = subnetZone(ctx, AvailabilityZone, AvailabilityZoneId);
    const subnet = makeSubnet(ctx, vpc, zone, formatBlock(network), false);
    tagCreated(ctx, TagSpecifications, subnet.subnetId);
    return { Subnet: describeSubnet(ctx, subnet) };
  },

  DescribeSubnets(ctx, { SubnetIds, Filters, NextToken, MaxResults }) {
    const where = filtered<Subnet>(Filters, {
      operation: 'DescribeSubnets',
      values: {
        'availability-zone': (subnet) => subnet.zone,
        availabilityZone: (subnet) => subnet.zone,
        'availability-zone-id': (subnet) => zoneId(subnet.zone),
        'available-ip-address-count': (subnet) => freeCount(ctx, subnet),
        cidr: (subnet) => subnet.cidr,
        'cidr-block': (subnet) => subnet.cidr,
        cidrBlock: (subnet) => subnet.cidr,
        'default-for-az': (subnet) => subnet.defaultForAz,
        defaultForAz: (subnet) => subnet.defaultForAz,
        'map-public-ip-on-launch': (subnet) => subnet.mapPublicIp,
        'map-customer-owned-ip-on-launch': () => false,
        'owner-id': () => ctx.account,
        'private-dns-name-options-on-launch.enable-resource-name-dns-a-record': () => false,
        'private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record': () => false,
        'private-dns-name-options-on-launch.hostname-type': () => 'ip-name',
        state: () => 'available',
        'subnet-arn': (subnet) => ctx.arn('ec2', `subnet/${subnet.subnetId}`),
        'subnet-id': (subnet) => subnet.subnetId,
        'vpc-id': (subnet) => subnet.vpcId,
      },
      tags: (subnet) => tagsOf(ctx, subnet.subnetId),
    });
    const { rows, next } = listed(ctx, subnets, {
      ids: SubnetIds,
      of: subnetOf,
      where,
      page: { NextToken, MaxResults },
    });
    return { Subnets: rows.map((subnet) => describeSubnet(ctx, subnet)), NextToken: next };
  },

  DeleteSubnet(ctx, { SubnetId }) {
    const { subnetId } = subnetOf(ctx, SubnetId);
    if (ctx.list(interfaces, 'subnet', subnetId).length > 0) {
      throw dependency(`The subnet '${subnetId}' has dependencies and cannot be deleted.`);
    }
    ctx.delete(subnets, subnetId);
    removeTagsOf(ctx, subnetId);
  },

  ModifySubnetAttribute(ctx, input) {
    const { SubnetId, MapPublicIpOnLaunch, AssignIpv6AddressOnCreation, EnableDns64 } = input;
    const { PrivateDnsHostnameTypeOnLaunch: names = 'ip-name' } = input;
    const subnet = subnetOf(ctx, SubnetId);
    const { EnableResourceNameDnsARecordOnLaunch: a, EnableResourceNameDnsAAAARecordOnLaunch: aaaa } = input;
    if (AssignIpv6AddressOnCreation?.Value || EnableDns64?.Value) throw unmodelled('IPv6');
    if (names !== 'ip-name' || a?.Value || aaaa?.Value)
      throw unmodelled('A host name made of the instance id');
    if (MapPublicIpOnLaunch?.Value !== undefined)
      ctx.update(subnets, subnet, { mapPublicIp: MapPublicIpOnLaunch.Value });
  },
};
