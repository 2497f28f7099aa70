// What a VPC consists of: rows and how to find them. The operations are in one file per noun.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { existing } from '../requests.ts';

/** Present once the default VPC has been made, so that a deleted one stays deleted. */
interface RegionStart {
  id: 'start';
  at: number;
  /** The set of DHCP options that new VPCs get. */
  dhcpOptionsId?: string;
}
export const regionStarts: Table<RegionStart> = table<RegionStart>('ec2/region-starts', (row) => row.id);

export interface Vpc {
  vpcId: string;
  cidr: string;
  isDefault: boolean;
  dnsSupport: boolean;
  dnsHostnames: boolean;
  cidrAssociationId: string;
  /** The route table of subnets without one of their own. */
  mainRouteTableId: string;
  mainAssociationId: string;
  /** Further IPv4 blocks. */
  secondary?: readonly CidrAssociation[];
  /** The set of DHCP options; `default` where there is none. */
  dhcpOptionsId?: string;
}

/** A block of addresses of a VPC. */
export interface CidrAssociation {
  readonly associationId: string;
  readonly cidr: string;
}

/** What stands for no DHCP options at all. */
export const NO_OPTIONS = 'default';

export const vpcs: Table<Vpc> = table<Vpc>('ec2/vpcs', (row) => row.vpcId, {
  mainAssociation: (row) => row.mainAssociationId,
});

export interface Subnet {
  subnetId: string;
  vpcId: string;
  zone: string;
  cidr: string;
  defaultForAz: boolean;
  mapPublicIp: boolean;
  /** An explicit association; without it the VPC's main route table holds. */
  route?: { readonly tableId: string; readonly associationId: string };
  aclId: string;
  aclAssociationId: string;
}
export const subnets: Table<Subnet> = table<Subnet>(
  'ec2/subnets',
  (row) => row.subnetId,
  {
    vpc: (row) => row.vpcId,
    routeAssociation: (row) => row.route?.associationId,
    aclAssociation: (row) => row.aclAssociationId,
  },
  { settles: true },
);

/** Where packets for a block go. `local` is written as AWS writes it: a gateway of that name. */
export interface Route {
  /** A block, or the id of a prefix list. */
  readonly destination: string;
  readonly kind:
    | 'local'
    | 'internetGateway'
    | 'natGateway'
    | 'instance'
    | 'peering'
    | 'transitGateway'
    | 'vpnGateway';
  readonly target: string;
}
export interface RouteTable {
  routeTableId: string;
  vpcId: string;
  routes: readonly Route[];
  /** The virtual private gateways whose routes it takes. */
  propagating?: readonly string[];
}
export const routeTables: Table<RouteTable> = table<RouteTable>(
  'ec2/route-tables',
  (row) => row.routeTableId,
  {
    vpc: (row) => row.vpcId,
  },
  {
    version: 2,
    upgrade: (row) => {
      const { routes, ...rest } = row as unknown as RouteTable;
      const renamed = routes.map((one) => ({ ...one, destination: renamedList(one.destination) }));
      return { ...rest, routes: renamed };
    },
  },
);

/** AWS's prefix lists of us-east-1 once had ids of our own. */
function renamedList(id: string): string {
  if (id === 'pl-429b55da') return 'pl-63a5400a';
  return id === 'pl-a1d911d1' ? 'pl-02cd2c6b' : id;
}

export interface InternetGateway {
  internetGatewayId: string;
  vpcId?: string;
}
export const internetGateways: Table<InternetGateway> = table<InternetGateway>(
  'ec2/internet-gateways',
  (row) => row.internetGatewayId,
  { vpc: (row) => row.vpcId },
);

export interface NatGateway {
  natGatewayId: string;
  vpcId: string;
  subnetId: string;
  connectivity: 'public' | 'private';
  state: 'pending' | 'failed' | 'available' | 'deleting' | 'deleted';
  interfaceId: string;
  privateIp: string;
  allocationId?: string;
  publicIp?: string;
  createdAt: number;
  deletedAt?: number;
  failure?: { readonly code: string; readonly message: string };
}
export const natGateways: Table<NatGateway> = table<NatGateway>(
  'ec2/nat-gateways',
  (row) => row.natGatewayId,
  {
    vpc: (row) => row.vpcId,
  },
);

/** An Elastic IP address. */
export interface Address {
  allocationId: string;
  publicIp: string;
  /** `privateIp`: where it lies on a further address of the interface. */
  association?: { readonly id: string; readonly interfaceId: string; readonly privateIp?: string };
}
export const addresses: Table<Address> = table<Address>('ec2/addresses', (row) => row.allocationId, {
  publicIp: (row) => row.publicIp,
  association: (row) => row.association?.id,
});

/** A further private address of an interface, with the Elastic IP address on it. */
export interface SecondaryAddress {
  readonly privateIp: string;
  readonly publicIp?: string;
  readonly allocationId?: string;
}

/**
 * An elastic network interface: of an instance, a NAT gateway or an interface endpoint. It holds a private
 * address.
 */
export interface NetworkInterface {
  interfaceId: string;
  vpcId: string;
  subnetId: string;
  zone: string;
  privateIp: string;
  publicIp?: string;
  /** The Elastic IP address that `publicIp` is. */
  allocationId?: string;
  secondary?: readonly SecondaryAddress[];
  groupIds: readonly string[];
  sourceDestCheck: boolean;
  kind: 'interface' | 'nat_gateway' | 'network_load_balancer' | 'transit_gateway' | 'vpc_endpoint';
  /** An AWS service has it for a task of its customer's. */
  lent?: true;
  /** Whose it is: an instance, a NAT gateway, a load balancer, an endpoint; empty where it is attached to nothing. */
  ownerId: string;
  description: string;
  attachmentId: string;
  attachedAt: number;
  /** Which of its instance's interfaces it is; the first where nothing is said. */
  deviceIndex?: number;
  /** Whether it goes with its instance; it does where nothing is said. */
  deleteOnTermination?: boolean;
  /** The attachment that has just ended, which is shown for a while. */
  detached?: EndedAttachment;
}

interface EndedAttachment {
  readonly attachmentId: string;
  readonly instanceId: string;
  readonly attachedAt: number;
  readonly deviceIndex: number;
  readonly deleteOnTermination: boolean;
}
export const interfaces: Table<NetworkInterface> = table<NetworkInterface>(
  'ec2/interfaces',
  (row) => row.interfaceId,
  {
    subnet: (row) => row.subnetId,
    vpc: (row) => row.vpcId,
    publicIp: (row) => row.publicIp,
    owner: (row) => (row.ownerId === '' ? undefined : row.ownerId),
  },
);

/** All private addresses of an interface, the first one first. */
export function privateIpsOf({ privateIp, secondary = [] }: NetworkInterface): string[] {
  return [privateIp, ...secondary.map((one) => one.privateIp)];
}

export interface VpcEndpoint {
  endpointId: string;
  vpcId: string;
  kind: 'Interface' | 'Gateway';
  serviceName: string;
  state: 'Pending' | 'Available' | 'Deleting';
  privateDns: boolean;
  subnetIds: readonly string[];
  interfaceIds: readonly string[];
  groupIds: readonly string[];
  routeTableIds: readonly string[];
  createdAt: number;
}
export const vpcEndpoints: Table<VpcEndpoint> = table<VpcEndpoint>(
  'ec2/vpc-endpoints',
  (row) => row.endpointId,
  {
    vpc: (row) => row.vpcId,
  },
);

export interface SecurityGroup {
  groupId: string;
  vpcId: string;
  name: string;
  description: string;
}
export const securityGroups: Table<SecurityGroup> = table<SecurityGroup>(
  'ec2/security-groups',
  (row) => row.groupId,
  {
    vpc: (row) => row.vpcId,
    name: (row) => `${row.vpcId} ${row.name}`,
  },
);

/** `protocol` is `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all, which has no ports. */
export interface SecurityGroupRule {
  ruleId: string;
  groupId: string;
  egress: boolean;
  protocol: string;
  fromPort: number;
  toPort: number;
  peer: { readonly kind: 'ipv4' | 'ipv6' | 'group' | 'prefixList'; readonly value: string };
  description?: string;
}
export const securityGroupRules: Table<SecurityGroupRule> = table<SecurityGroupRule>(
  'ec2/security-group-rules',
  (row) => row.ruleId,
  {
    group: (row) => row.groupId,
    peerGroup: (row) => (row.peer.kind === 'group' ? row.peer.value : undefined),
  },
  {
    settles: true,
    version: 2,
    upgrade: (row) => {
      const { peer, ...rest } = row as unknown as SecurityGroupRule;
      return { ...rest, peer: { kind: peer.kind, value: renamedList(peer.value) } };
    },
  },
);

export interface NetworkAclEntry {
  readonly number: number;
  readonly egress: boolean;
  /** A protocol number as text, `-1` for all. */
  readonly protocol: string;
  readonly allow: boolean;
  readonly cidr?: string;
  readonly ipv6Cidr?: string;
  readonly ports?: { readonly from: number; readonly to: number };
  readonly icmp?: { readonly type: number; readonly code: number };
}
export interface NetworkAcl {
  aclId: string;
  vpcId: string;
  isDefault: boolean;
  /** By direction and number. The final denial of everything else is not among them. */
  entries: readonly NetworkAclEntry[];
}
export const networkAcls: Table<NetworkAcl> = table<NetworkAcl>(
  'ec2/network-acls',
  (row) => row.aclId,
  { vpc: (row) => row.vpcId },
  { settles: true },
);

export function vpcOf(ctx: Ctx, id: string | undefined): Vpc {
  return existing(ctx, vpcs, id, { code: 'InvalidVpcID', noun: 'vpc ID', prefix: 'vpc' });
}

export function subnetOf(ctx: Ctx, id: string | undefined): Subnet {
  return existing(ctx, subnets, id, { code: 'InvalidSubnetID', noun: 'subnet ID', prefix: 'subnet' });
}

export function routeTableOf(ctx: Ctx, id: string | undefined): RouteTable {
  return existing(ctx, routeTables, id, {
    code: 'InvalidRouteTableID',
    malformed: 'InvalidRouteTableId',
    noun: 'routeTable ID',
    prefix: 'rtb',
  });
}

export function internetGatewayOf(ctx: Ctx, id: string | undefined): InternetGateway {
  return existing(ctx, internetGateways, id, {
    code: 'InvalidInternetGatewayID',
    malformed: 'InvalidInternetGatewayId',
    noun: 'internetGateway ID',
    prefix: 'igw',
  });
}

export function natGatewayOf(ctx: Ctx, id: string | undefined): NatGateway {
  const found = id === undefined ? undefined : ctx.get(natGateways, id);
  if (!found) throw new Fault('NatGatewayNotFound', `NAT gateway ${id} was not found`);
  return found;
}

export function addressOf(ctx: Ctx, allocationId: string | undefined): Address {
  const found = allocationId === undefined ? undefined : ctx.get(addresses, allocationId);
  if (!found)
    throw new Fault('InvalidAllocationID.NotFound', `The allocation ID '${allocationId}' does not exist`);
  return found;
}

export function interfaceOf(ctx: Ctx, id: string | undefined): NetworkInterface {
  return existing(ctx, interfaces, id, {
    code: 'InvalidNetworkInterfaceID',
    malformed: 'InvalidNetworkInterfaceId',
    noun: 'networkInterface ID',
    prefix: 'eni',
  });
}

export function vpcEndpointOf(ctx: Ctx, id: string | undefined): VpcEndpoint {
  return existing(ctx, vpcEndpoints, id, {
    code: 'InvalidVpcEndpointId',
    noun: 'Vpc Endpoint Id',
    prefix: 'vpce',
  });
}

export function securityGroupOf(ctx: Ctx, id: string | undefined): SecurityGroup {
  const found = id === undefined ? undefined : ctx.get(securityGroups, id);
  if (found) return found;
  if (!/^sg-[0-9a-f]{8}([0-9a-f]{9})?$/.test(id ?? '')) {
    throw new Fault('InvalidGroupId.Malformed', `Invalid id: "${id ?? ''}" (expecting "sg-...")`);
  }
  throw new Fault('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
}

export function networkAclOf(ctx: Ctx, id: string | undefined): NetworkAcl {
  return existing(ctx, networkAcls, id, {
    code: 'InvalidNetworkAclID',
    malformed: 'InvalidNetworkAclId',
    noun: 'networkAcl ID',
    prefix: 'acl',
  });
}

/** All blocks of a VPC, the one with which it was made first. */
export function blocksOf({ cidr, cidrAssociationId, secondary = [] }: Vpc): readonly CidrAssociation[] {
  return [{ associationId: cidrAssociationId, cidr }, ...secondary];
}

/** The account's default VPC of the region, unless it was deleted. */
export function defaultVpc(ctx: Ctx): Vpc | undefined {
  return ctx.list(vpcs).find((vpc) => vpc.isDefault);
}

/** The group that a VPC's instances are in when the launch names none. */
export function defaultGroup(ctx: Ctx, vpcId: string): SecurityGroup {
  return ctx.list(securityGroups, 'name', `${vpcId} default`)[0] as SecurityGroup;
}

/** The route table that holds for a subnet. */
export function routeTableFor(ctx: Ctx, subnet: Subnet): RouteTable {
  const id = subnet.route?.tableId ?? (ctx.get(vpcs, subnet.vpcId) as Vpc).mainRouteTableId;
  return ctx.get(routeTables, id) as RouteTable;
}
