// Elastic network interfaces: what they are and whose. Also the public addresses on them.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { listed } from '../requests.ts';
import { removeTagsOf, tagsOf, tagsShown } from '../tags.ts';
import { detachedVisible } from '../timings.ts';
import { formatAddress } from '../vpcs/cidr.ts';
import { addresses, interfaceOf, interfaces, privateIpsOf, securityGroups, vpcs } from '../vpcs/network.ts';
import type { NetworkInterface, SecondaryAddress, Subnet } from '../vpcs/network.ts';
import { freeAddresses } from '../vpcs/subnets.ts';
import { zoneId } from '../zones.ts';

type WireInterface = NonNullable<Output<'ec2', 'DescribeNetworkInterfaces'>['NetworkInterfaces']>[number];

/** Makes an interface; without an address it gets the lowest that is free. */
export function makeInterface(
  ctx: Ctx,
  subnet: Subnet,
  given: Pick<NetworkInterface, 'kind' | 'ownerId' | 'description' | 'groupIds'> & {
    privateIp?: string;
    secondary?: readonly SecondaryAddress[];
    deleteOnTermination?: boolean;
  },
): NetworkInterface {
  const privateIp = given.privateIp ?? freeAddresses(ctx, subnet, 1)[0];
  if (privateIp === undefined) {
    throw new Fault(
      'InsufficientFreeAddressesInSubnet',
      `Insufficient free addresses in subnet ${subnet.subnetId}.`,
    );
  }
  const { subnetId, vpcId, zone } = subnet;
  const made: NetworkInterface = {
    ...given,
    interfaceId: `eni-${ctx.id('network-interface')}`,
    vpcId,
    subnetId,
    zone,
    privateIp,
    sourceDestCheck: given.kind !== 'nat_gateway',
    attachmentId: given.ownerId === '' ? '' : newAttachment(ctx),
    attachedAt: ctx.now,
  };
  ctx.put(interfaces, made);
  return made;
}

function newAttachment(ctx: Ctx): string {
  return `eni-attach-${ctx.id('network-interface-attachment')}`;
}

export function isAttached({ ownerId }: NetworkInterface): boolean {
  return ownerId !== '';
}

/** Gives an interface that nothing has to an instance. */
export function attachInterface(
  ctx: Ctx,
  row: NetworkInterface,
  instanceId: string,
  deviceIndex: number,
  deleteOnTermination: boolean,
): NetworkInterface {
  const attachmentId = newAttachment(ctx);
  const { detached: _, ...rest } = row;
  const change = { ownerId: instanceId, attachmentId, attachedAt: ctx.now, deviceIndex, deleteOnTermination };
  ctx.put(interfaces, { ...rest, ...change });
  return interfaceOf(ctx, row.interfaceId);
}

/** Takes an interface from its instance. A public address goes, unless it is an Elastic IP address. */
export function detachInterface(ctx: Ctx, row: NetworkInterface): void {
  const bare = row.allocationId === undefined ? releasePublicIp(ctx, row) : row;
  const { deviceIndex = 0, deleteOnTermination = true, ...rest } = bare;
  const { attachmentId, ownerId: instanceId, attachedAt, interfaceId } = rest;
  const detached = { attachmentId, instanceId, attachedAt, deviceIndex, deleteOnTermination };
  ctx.put(interfaces, { ...rest, ownerId: '', attachmentId: '', detached });
  const due = ctx.now + ctx.duration(detachedVisible, attachmentId);
  ctx.schedule(attachmentForgetDue, due, { interfaceId, attachmentId });
}

type Ended = { interfaceId: string; attachmentId: string };

/** An attachment that has ended disappears from view. */
const attachmentForgetDue: TimerKind<Ended> = timer<Ended>('ec2/interface-attachment-forget', {
  background: true,
});

export const attachmentForget: TimerHandler<Ended, Ctx> = {
  kind: attachmentForgetDue,
  live: (ctx, { interfaceId, attachmentId }) =>
    ctx.get(interfaces, interfaceId)?.detached?.attachmentId === attachmentId,
  fire(ctx, { interfaceId }) {
    const { detached: _, ...rest } = interfaceOf(ctx, interfaceId);
    ctx.put(interfaces, rest);
  },
};

/** What a terminated instance leaves: interfaces that are to outlive it. */
export function releaseInterfaces(ctx: Ctx, instanceId: string): void {
  for (const row of ctx.list(interfaces, 'owner', instanceId)) {
    if (row.deleteOnTermination ?? true) removeInterface(ctx, row.interfaceId);
    else detachInterface(ctx, row);
  }
}

/** Deletes an interface with its tags; an Elastic IP address on it stays allocated. */
export function removeInterface(ctx: Ctx, interfaceId: string): void {
  const row = ctx.get(interfaces, interfaceId);
  if (!row) return;
  releasePublicIp(ctx, row);
  for (const { allocationId } of row.secondary ?? []) freeElasticIp(ctx, allocationId);
  ctx.delete(interfaces, interfaceId);
  removeTagsOf(ctx, interfaceId);
}

/** Takes the public address from an interface and returns the interface as it is then. */
export function releasePublicIp(ctx: Ctx, row: NetworkInterface): NetworkInterface {
  const { publicIp: _, allocationId, ...rest } = row;
  freeElasticIp(ctx, allocationId);
  ctx.put(interfaces, rest);
  return rest;
}

function freeElasticIp(ctx: Ctx, allocationId: string | undefined): void {
  const address = allocationId === undefined ? undefined : ctx.get(addresses, allocationId);
  if (address) ctx.put(addresses, { allocationId: address.allocationId, publicIp: address.publicIp });
}

/** Puts an Elastic IP address on a further private address of an interface, or takes it away. */
export function setSecondaryPublicIp(
  ctx: Ctx,
  row: NetworkInterface,
  privateIp: string,
  address?: { readonly publicIp: string; readonly allocationId: string },
): void {
  const secondary = (row.secondary ?? []).map((one) => {
    if (one.privateIp !== privateIp) return one;
    freeElasticIp(ctx, one.allocationId);
    return { privateIp, ...(address && { publicIp: address.publicIp, allocationId: address.allocationId }) };
  });
  ctx.update(interfaces, row, { secondary });
}

/** The private addresses of an interface, each with the public one on it. */
export function addressesShown(
  ctx: Ctx,
  { vpcId, privateIp, publicIp, allocationId, secondary = [] }: NetworkInterface,
): NonNullable<WireInterface['PrivateIpAddresses']> {
  const first = {
    privateIp,
    ...(publicIp !== undefined && { publicIp }),
    ...(allocationId !== undefined && { allocationId }),
  };
  return [first, ...secondary].map((one, at) => ({
    Primary: at === 0,
    PrivateIpAddress: one.privateIp,
    PrivateDnsName: privateDnsName(ctx.region, one.privateIp),
    ...(one.publicIp !== undefined && {
      Association: {
        PublicIp: one.publicIp,
        PublicDnsName: publicDnsName(ctx, vpcId, one.publicIp),
        IpOwnerId: one.allocationId === undefined ? 'amazon' : ctx.account,
        AllocationId: one.allocationId,
      },
    }),
  }));
}

/** A public address that nobody has. The pool is one of Amazon's own blocks; nothing answers there. */
export function newPublicIp(ctx: Ctx): string {
  for (;;) {
    // 20 bits: within 3.80.0.0/12, an EC2 block of us-east-1.
    const drawn = Number.parseInt(ctx.id('public-ip', 5), 16);
    const address = formatAddress(3 * 2 ** 24 + 80 * 2 ** 16 + drawn);
    const taken =
      ctx.list(interfaces, 'publicIp', address).length + ctx.list(addresses, 'publicIp', address).length;
    if (taken === 0) return address;
  }
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html */
export function privateDnsName(region: string, privateIp: string): string {
  const host = `ip-${privateIp.replaceAll('.', '-')}`;
  return region === 'us-east-1' ? `${host}.ec2.internal` : `${host}.${region}.compute.internal`;
}

/** The public name of an address; only VPCs with DNS host names have them. */
export function publicDnsName(ctx: Ctx, vpcId: string, publicIp: string | undefined): string {
  if (publicIp === undefined || ctx.get(vpcs, vpcId)?.dnsHostnames !== true) return '';
  const host = `ec2-${publicIp.replaceAll('.', '-')}`;
  return ctx.region === 'us-east-1'
    ? `${host}.compute-1.amazonaws.com`
    : `${host}.${ctx.region}.compute.amazonaws.com`;
}

/**
 * As an interface shows its addresses, instances without the ids of associations. It has names in a VPC with DNS host names
 * alone, as getmoto/moto and Terraform's tests of it have it; AWS's documentation does not say.
 */
function ownAddresses(ctx: Ctx, row: NetworkInterface): ReturnType<typeof addressesShown> {
  const hasNames = ctx.get(vpcs, row.vpcId)?.dnsHostnames === true;
  return addressesShown(ctx, row).map(({ Association: shown, PrivateDnsName, ...rest }) => ({
    ...rest,
    ...(hasNames && { PrivateDnsName }),
    ...(shown && { Association: { ...shown, AssociationId: associationId(ctx, shown.AllocationId) } }),
  }));
}

function associationId(ctx: Ctx, allocationId: string | undefined): string | undefined {
  return allocationId === undefined ? undefined : ctx.get(addresses, allocationId)?.association?.id;
}

function associationShown(ctx: Ctx, row: NetworkInterface): WireInterface['Association'] {
  return ownAddresses(ctx, row)[0]?.Association;
}

export function groupsShown(ctx: Ctx, groupIds: readonly string[]): { GroupId: string; GroupName: string }[] {
  return groupIds.map((GroupId) => ({ GroupId, GroupName: ctx.get(securityGroups, GroupId)?.name ?? '' }));
}

/** Whose an attached interface is: interfaces of load balancers and the like are Amazon's. */
function ownerShown(ctx: Ctx, { kind, lent }: NetworkInterface): string {
  return kind === 'interface' && !lent ? ctx.account : 'amazon-aws';
}

/** What an interface is attached to, or was until a moment ago. */
function attachmentShown(ctx: Ctx, row: NetworkInterface): WireInterface['Attachment'] {
  const { kind, detached } = row;
  const isOwn = kind === 'interface' && !row.lent;
  if (isAttached(row)) {
    return {
      AttachmentId: row.attachmentId,
      AttachTime: row.attachedAt,
      DeleteOnTermination: kind === 'interface' && (row.deleteOnTermination ?? true),
      DeviceIndex: kind === 'interface' ? (row.deviceIndex ?? 0) : 1,
      NetworkCardIndex: 0,
      InstanceOwnerId: ownerShown(ctx, row),
      Status: 'attached',
      ...(isOwn && { InstanceId: row.ownerId }),
    };
  }
  return (
    detached && {
      AttachmentId: detached.attachmentId,
      AttachTime: detached.attachedAt,
      DeleteOnTermination: detached.deleteOnTermination,
      DeviceIndex: detached.deviceIndex,
      NetworkCardIndex: 0,
      InstanceId: detached.instanceId,
      InstanceOwnerId: ctx.account,
      Status: 'detached',
    }
  );
}

export function describeInterface(ctx: Ctx, row: NetworkInterface): WireInterface {
  const { kind, vpcId, privateIp } = row;
  const PrivateIpAddresses = ownAddresses(ctx, row);
  const Association = PrivateIpAddresses[0]?.Association;
  const isOwn = kind === 'interface' && !row.lent;
  return {
    NetworkInterfaceId: row.interfaceId,
    // The model's enumeration spells it `natGateway`, EC2 answers `nat_gateway`.
    InterfaceType: kind as 'natGateway',
    Description: row.description,
    OwnerId: ctx.account,
    RequesterManaged: !isOwn,
    VpcId: vpcId,
    SubnetId: row.subnetId,
    AvailabilityZone: row.zone,
    AvailabilityZoneId: zoneId(row.zone),
    PrivateIpAddress: privateIp,
    PrivateDnsName: PrivateIpAddresses[0]?.PrivateDnsName,
    PrivateIpAddresses,
    Ipv6Addresses: [],
    MacAddress: macAddress(row.interfaceId),
    Groups: groupsShown(ctx, row.groupIds),
    Status: isAttached(row) ? 'in-use' : 'available',
    SourceDestCheck: row.sourceDestCheck,
    Attachment: attachmentShown(ctx, row),
    TagSet: tagsShown(ctx, row.interfaceId),
    ...(Association && { Association }),
  };
}

/** A locally administered address, read off the id. */
export function macAddress(interfaceId: string): string {
  return `02:${(interfaceId.slice(-10).match(/../g) ?? []).join(':')}`;
}

export const interfaceOperations: Operations<'ec2'> = {
  DescribeNetworkInterfaces(ctx, { NetworkInterfaceIds, Filters, NextToken, MaxResults }) {
    const where = filtered<NetworkInterface>(Filters, {
      operation: 'DescribeNetworkInterfaces',
      values: {
        'association.public-ip': (row) => row.publicIp,
        'association.allocation-id': (row) => row.allocationId,
        'association.association-id': (row) => associationShown(ctx, row)?.AssociationId,
        'association.ip-owner-id': (row) => associationShown(ctx, row)?.IpOwnerId,
        'association.public-dns-name': (row) => associationShown(ctx, row)?.PublicDnsName,
        'addresses.association.owner-id': (row) =>
          addressesShown(ctx, row).map((one) => one.Association?.IpOwnerId),
        'addresses.association.public-ip': (row) =>
          addressesShown(ctx, row).map((one) => one.Association?.PublicIp),
        'addresses.primary': (row) => addressesShown(ctx, row).map((one) => one.Primary),
        'attachment.attachment-id': (row) => attachmentShown(ctx, row)?.AttachmentId,
        'attachment.delete-on-termination': (row) => row.deleteOnTermination ?? true,
        'attachment.device-index': (row) => row.deviceIndex ?? 0,
        'attachment.instance-id': (row) =>
          row.kind === 'interface' && !row.lent && isAttached(row) ? row.ownerId : undefined,
        'attachment.instance-owner-id': (row) => (isAttached(row) ? ownerShown(ctx, row) : undefined),
        'attachment.status': (row) => attachmentShown(ctx, row)?.Status,
        'availability-zone': (row) => row.zone,
        'availability-zone-id': (row) => zoneId(row.zone),
        description: (row) => row.description,
        'group-id': (row) => row.groupIds,
        'group-name': (row) => groupsShown(ctx, row.groupIds).map((group) => group.GroupName),
        'interface-type': (row) => row.kind,
        'mac-address': (row) => macAddress(row.interfaceId),
        'network-interface-id': (row) => row.interfaceId,
        'owner-id': () => ctx.account,
        'private-dns-name': (row) => ownAddresses(ctx, row)[0]?.PrivateDnsName,
        'private-ip-address': (row) => row.privateIp,
        'addresses.private-ip-address': privateIpsOf,
        'requester-managed': (row) => row.kind !== 'interface' || row.lent === true,
        'source-dest-check': (row) => row.sourceDestCheck,
        status: (row) => (isAttached(row) ? 'in-use' : 'available'),
        'subnet-id': (row) => row.subnetId,
        'vpc-id': (row) => row.vpcId,
      },
      tags: (row) => tagsOf(ctx, row.interfaceId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, interfaces, {
      ids: NetworkInterfaceIds,
      of: interfaceOf,
      where,
      page,
    });
    return { NetworkInterfaces: rows.map((row) => describeInterface(ctx, row)), NextToken: next };
  },
};
