// Whether packets get from here to there: name resolution, security groups, network ACLs and routes, in the
// order in which a packet meets them; and the way back through the network ACLs, which keep no state.

import type { Ctx } from '#cloud/ctx.ts';
import type { Instances, Reachability } from '#cloud/ports/instances.ts';
import { peerings } from './gateways/peering.ts';
import { isBlackhole, isPrefixList } from './gateways/routes.ts';
import { instanceRows, interfaceOfInstance } from './instances/instances.ts';
import { prefixListBlocks } from './security-groups/prefix-lists.ts';
import { transit, transitBlocks } from './transit-gateways/routes.ts';
import { covers, overlaps, parseAddress, parseBlock } from './vpcs/cidr.ts';
import type { Block } from './vpcs/cidr.ts';
import { serves } from './vpcs/endpoint-services.ts';
import {
  internetGateways,
  interfaces,
  natGateways,
  networkAcls,
  routeTableFor,
  securityGroupRules,
  subnets,
  vpcEndpoints,
  vpcs,
} from './vpcs/network.ts';
import type {
  NetworkAclEntry,
  NetworkInterface,
  Route,
  SecurityGroupRule,
  Subnet,
  Vpc,
  VpcEndpoint,
} from './vpcs/network.ts';

interface Ports {
  readonly from: number;
  readonly to: number;
}

const HTTPS: Ports = { from: 443, to: 443 };
/**
 * Linux takes client ports from here:
 * https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
 */
const LINUX_CLIENT: Ports = { from: 32_768, to: 60_999 };
/** NAT gateways and load balancers use the whole range (the same page). */
const AWS_CLIENT: Ports = { from: 1024, to: 65_535 };

/**
 * Addresses that stand for all of AWS's public endpoints; rules narrower than the internet must contain them.
 */
const PUBLIC_ENDPOINT = blockAt('52.94.0.10');
const PUBLIC_S3 = blockAt('52.216.0.10');
const PUBLIC_DYNAMODB = blockAt('52.119.224.10');

const TCP = '6';
const OK: Reachability = { ok: true };
const blocked = (blockedBy: string): Reachability => ({ ok: false, blockedBy });

function blockAt(address: string): Block {
  const at = parseAddress(address) as number;
  return { first: at, last: at };
}

function blockOf({ cidr }: { cidr: string }): Block {
  return parseBlock(cidr) as Block;
}

/** The first that blocks; each step is looked at only if those before it let the packet through. */
function firstBlocker(...steps: readonly (() => string | undefined)[]): Reachability {
  for (const step of steps) {
    const by = step();
    if (by !== undefined) return blocked(by);
  }
  return OK;
}

// ---- Security groups: stateful, allow only ----

interface Peer {
  readonly block: Block;
  readonly groupIds: readonly string[];
}

function allows(ctx: Ctx, rule: SecurityGroupRule, peer: Peer, { from, to }: Ports): boolean {
  if (rule.protocol !== '-1' && rule.protocol !== 'tcp' && rule.protocol !== TCP) return false;
  if (rule.protocol === 'tcp' && (rule.fromPort > from || rule.toPort < to)) return false;
  if (rule.peer.kind === 'group') return peer.groupIds.includes(rule.peer.value);
  // Nothing has an IPv6 address, so rules for those never let anything through.
  if (rule.peer.kind === 'ipv6') return false;
  const blocks =
    rule.peer.kind === 'prefixList'
      ? prefixListBlocks(ctx, rule.peer.value)
      : [parseBlock(rule.peer.value) as Block];
  return blocks.some((block) => covers(block, peer.block));
}

/** The group that keeps the packet in or out: the first one, where none of them has a rule for it. */
function groupBlocks(
  ctx: Ctx,
  groupIds: readonly string[],
  egress: boolean,
  peer: Peer,
  ports: Ports,
): string | undefined {
  if (groupIds.length === 0) return undefined;
  const open = groupIds.some((id) =>
    ctx
      .list(securityGroupRules, 'group', id)
      .some((rule) => rule.egress === egress && allows(ctx, rule, peer, ports)),
  );
  return open ? undefined : groupIds[0];
}

// ---- Network ACLs: stateless, in the order of the numbers ----

/**
 * The ACL of a subnet, if it does not let all of these ports through. Traffic within a subnet never meets it.
 */
function aclBlocks(ctx: Ctx, subnet: Subnet, egress: boolean, peer: Block, ports: Ports): string | undefined {
  const acl = ctx.get(networkAcls, subnet.aclId);
  if (!acl) return undefined;
  let open: readonly Ports[] = [ports];
  for (const entry of acl.entries) {
    if (entry.egress !== egress || !concerns(entry, peer)) continue;
    const range = entry.protocol === '-1' || !entry.ports ? { from: 0, to: 65_535 } : entry.ports;
    const met = open.some((one) => one.from <= range.to && range.from <= one.to);
    if (!met) continue;
    if (!entry.allow) return acl.aclId;
    open = open.flatMap((one) => outside(one, range));
    if (open.length === 0) return undefined;
  }
  return acl.aclId;
}

function concerns({ protocol, cidr, allow }: NetworkAclEntry, peer: Block): boolean {
  const block = cidr === undefined ? undefined : parseBlock(cidr);
  if (!block || (protocol !== '-1' && protocol !== TCP)) return false;
  return allow ? covers(block, peer) : overlaps(block, peer);
}

/** What of `ports` is not in `range`. */
function outside(ports: Ports, range: Ports): Ports[] {
  const below = { from: ports.from, to: Math.min(ports.to, range.from - 1) };
  const above = { from: Math.max(ports.from, range.to + 1), to: ports.to };
  return [below, above].filter(({ from, to }) => from <= to);
}

// ---- Routes ----

/** The most specific route that fits; among equals one for a block before one for a prefix list. */
function routeFor(ctx: Ctx, subnet: Subnet, to: Block): Route | undefined {
  const fitting = routeTableFor(ctx, subnet).routes.flatMap((route) => {
    const listed = isPrefixList(route.destination);
    const blocks = listed
      ? prefixListBlocks(ctx, route.destination)
      : [parseBlock(route.destination) as Block];
    return blocks
      .filter((block) => covers(block, to))
      .map(({ first, last }) => ({ route, size: last - first + (listed ? 0.5 : 0) }));
  });
  return fitting.toSorted((left, right) => left.size - right.size)[0]?.route;
}

/**
 * To the internet over an internet gateway. Without a public address on the interface it drops the packet.
 */
function gatewayBlocks(
  ctx: Ctx,
  subnet: Subnet,
  { target }: Route,
  from: Pick<NetworkInterface, 'publicIp' | 'interfaceId'>,
): string | undefined {
  if (ctx.get(internetGateways, target)?.vpcId !== subnet.vpcId) return target;
  return from.publicIp === undefined ? from.interfaceId : undefined;
}

/** Through a NAT gateway: both network ACLs on its way, there and back, and its own route to the internet. */
function natBlocks(ctx: Ctx, subnet: Subnet, from: Block, { target }: Route, to: Block): string | undefined {
  const nat = ctx.get(natGateways, target);
  const row = nat && ctx.get(interfaces, nat.interfaceId);
  const place = nat && ctx.get(subnets, nat.subnetId);
  // A private NAT gateway has no way to the internet.
  if (!nat || !row || !place || nat.state !== 'available' || nat.connectivity === 'private') return target;
  const within = place.subnetId === subnet.subnetId;
  const way = firstBlocker(
    () => (within ? undefined : aclBlocks(ctx, place, false, from, HTTPS)),
    () => aclBlocks(ctx, place, true, to, HTTPS),
    () => {
      const route = routeFor(ctx, place, to);
      if (route?.kind !== 'internetGateway') return routeTableFor(ctx, place).routeTableId;
      return gatewayBlocks(ctx, place, route, row);
    },
    () => aclBlocks(ctx, place, false, to, AWS_CLIENT),
    () => (within ? undefined : aclBlocks(ctx, place, true, from, LINUX_CLIENT)),
  );
  return way.ok ? undefined : way.blockedBy;
}

/**
 * Over a transit gateway to the NAT gateway of another VPC, by the route table of a subnet that the gateway enters there; and
 * back by the NAT gateway's own. https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-nat-igw.html
 */
function transitToInternet(
  ctx: Ctx,
  { row, subnet }: Origin,
  gatewayId: string,
  to: Block,
): string | undefined {
  const way = transit(ctx, gatewayId, subnet, to);
  if ('blockedBy' in way) return way.blockedBy;
  const entries = way.attachment.subnetIds.flatMap((id) => ctx.get(subnets, id) ?? []);
  const entry = entries.find(({ zone }) => zone === subnet.zone) ?? entries[0];
  if (!entry || entry.vpcId === subnet.vpcId) return way.attachment.attachmentId;
  const route = routeFor(ctx, entry, to);
  const here = blockAt(row.privateIp);
  if (route?.kind !== 'natGateway') return routeTableFor(ctx, entry).routeTableId;
  const place = ctx.get(subnets, ctx.get(natGateways, route.target)?.subnetId ?? '');
  return natBlocks(ctx, entry, here, route, to) ?? (place && betweenBlocks(ctx, place, subnet, here));
}

// ---- From an instance to an endpoint of AWS ----

interface Origin {
  readonly row: NetworkInterface;
  readonly subnet: Subnet;
  readonly vpc: Vpc;
}

/** An interface endpoint that answers for the host, as the VPC's own DNS has it. */
function privateEndpoint(ctx: Ctx, { vpc }: Origin, host: string): VpcEndpoint | undefined {
  if (!vpc.dnsHostnames) return undefined;
  return ctx
    .list(vpcEndpoints, 'vpc', vpc.vpcId)
    .find(
      (one) =>
        one.kind === 'Interface' &&
        one.privateDns &&
        one.state === 'Available' &&
        serves(ctx.region, one.serviceName, host),
    );
}

function toEndpointInterface(ctx: Ctx, { row, subnet }: Origin, endpoint: VpcEndpoint): Reachability {
  const rows = endpoint.interfaceIds.flatMap((id) => ctx.get(interfaces, id) ?? []);
  // The endpoint's name resolves to its interface in the client's zone first.
  const to = rows.find((one) => one.zone === row.zone) ?? rows[0];
  const place = to && ctx.get(subnets, to.subnetId);
  if (!to || !place) return blocked(endpoint.endpointId);
  const within = place.subnetId === subnet.subnetId;
  const [here, there] = [blockAt(row.privateIp), blockAt(to.privateIp)];
  const acl = (at: Subnet, egress: boolean, peer: Block, ports: Ports) => (): string | undefined =>
    within ? undefined : aclBlocks(ctx, at, egress, peer, ports);
  return firstBlocker(
    () => groupBlocks(ctx, row.groupIds, true, { block: there, groupIds: to.groupIds }, HTTPS),
    acl(subnet, true, there, HTTPS),
    acl(place, false, here, HTTPS),
    () => groupBlocks(ctx, to.groupIds, false, { block: here, groupIds: row.groupIds }, HTTPS),
    acl(place, true, here, LINUX_CLIENT),
    acl(subnet, false, there, LINUX_CLIENT),
  );
}

function isS3(host: string): boolean {
  return /(^|\.)s3([.-][a-z0-9-]+)?\.amazonaws\.com$/.test(host);
}

/** A gateway endpoint in the subnet's route table takes the regional service's packets. */
function gatewayEndpoint(ctx: Ctx, { subnet, vpc }: Origin, host: string): VpcEndpoint | undefined {
  const { routeTableId } = routeTableFor(ctx, subnet);
  return ctx
    .list(vpcEndpoints, 'vpc', vpc.vpcId)
    .find(
      (one) =>
        one.kind === 'Gateway' &&
        one.routeTableIds.includes(routeTableId) &&
        serves(ctx.region, one.serviceName, host),
    );
}

/** Where AWS's public endpoints stand, as far as rules and routes may tell them apart. */
function publicAddress(host: string): Block {
  if (isS3(host)) return PUBLIC_S3;
  return host.startsWith('dynamodb.') ? PUBLIC_DYNAMODB : PUBLIC_ENDPOINT;
}

const NO_INTERNET: ReadonlySet<Route['kind']> = new Set(['peering', 'vpnGateway']);

function toPublicEndpoint(ctx: Ctx, origin: Origin, host: string): Reachability {
  const { row, subnet } = origin;
  const to = publicAddress(host);
  return firstBlocker(
    () => groupBlocks(ctx, row.groupIds, true, { block: to, groupIds: [] }, HTTPS),
    () => aclBlocks(ctx, subnet, true, to, HTTPS),
    () => {
      if (gatewayEndpoint(ctx, origin, host)) return undefined;
      const route = routeFor(ctx, subnet, to);
      if (!route || route.kind === 'local') return routeTableFor(ctx, subnet).routeTableId;
      // A peering connection leads to the other VPC and no further, a VPN gateway without connections nowhere.
      if (route.kind === 'transitGateway') return transitToInternet(ctx, origin, route.target, to);
      if (isBlackhole(ctx, subnet, route) || NO_INTERNET.has(route.kind)) return route.target;
      if (route.kind === 'internetGateway') return gatewayBlocks(ctx, subnet, route, row);
      return natBlocks(ctx, subnet, blockAt(row.privateIp), route, to);
    },
    () => aclBlocks(ctx, subnet, false, to, LINUX_CLIENT),
  );
}

function originOf(ctx: Ctx, instanceId: string): Origin | undefined {
  const instance = ctx.get(instanceRows, instanceId);
  const row = instance ? interfaceOfInstance(ctx, instance) : ctx.get(interfaces, instanceId);
  const subnet = row && ctx.get(subnets, row.subnetId);
  const vpc = subnet && ctx.get(vpcs, subnet.vpcId);
  return row && subnet && vpc ? { row, subnet, vpc } : undefined;
}

export const reachEndpoint: Instances['reachEndpoint'] = (ctx, instanceId, host) => {
  const origin = originOf(ctx, instanceId);
  if (!origin) return blocked(instanceId);
  if (!origin.vpc.dnsSupport) return blocked(origin.vpc.vpcId); // No name resolves.
  const endpoint = privateEndpoint(ctx, origin, host);
  return endpoint ? toEndpointInterface(ctx, origin, endpoint) : toPublicEndpoint(ctx, origin, host);
};

// ---- From a load balancer to an instance ----

/** From one VPC to another over a peering connection or a transit gateway: both need a route, each for its way. */
function betweenBlocks(ctx: Ctx, from: Subnet, to: Subnet, address: Block): string | undefined {
  if (from.vpcId === to.vpcId) return undefined;
  const route = routeFor(ctx, from, address);
  if (route?.kind === 'transitGateway') return transitBlocks(ctx, route.target, from, to, address);
  const peering = route?.kind === 'peering' ? ctx.get(peerings, route.target) : undefined;
  if (!route || !peering) return routeTableFor(ctx, from).routeTableId;
  const ends = [peering.requesterId, peering.accepterId];
  return peering.status === 'active' && ends.includes(from.vpcId) && ends.includes(to.vpcId)
    ? undefined
    : peering.peeringId;
}

export const reachInstance: Instances['reachInstance'] = (ctx, from, instanceId, port) => {
  const target = originOf(ctx, instanceId);
  if (!target) return blocked(instanceId);
  const { row, subnet: place } = target;
  const ports = { from: port, to: port };
  const there = blockAt(row.privateIp);
  const origins = from.subnetIds.flatMap((id) => ctx.get(subnets, id) ?? []);
  for (const origin of origins) {
    const here = blockOf(origin);
    const within = origin.subnetId === place.subnetId;
    const acl = (at: Subnet, egress: boolean, peer: Block, range: Ports) => (): string | undefined =>
      within ? undefined : aclBlocks(ctx, at, egress, peer, range);
    const way = firstBlocker(
      () => groupBlocks(ctx, from.securityGroupIds, true, { block: there, groupIds: row.groupIds }, ports),
      acl(origin, true, there, ports),
      () => betweenBlocks(ctx, origin, place, there),
      acl(place, false, here, ports),
      () => groupBlocks(ctx, row.groupIds, false, { block: here, groupIds: from.securityGroupIds }, ports),
      acl(place, true, here, AWS_CLIENT),
      () => betweenBlocks(ctx, place, origin, here),
      acl(origin, false, there, AWS_CLIENT),
    );
    if (!way.ok) return way;
  }
  return OK;
};
