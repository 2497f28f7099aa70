// Route tables: routes, and which subnets they hold for.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { dependency, listed, missing, networkOf, notTogether, once } from '../requests.ts';
import { prefixListOf } from '../security-groups/prefix-lists.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { transitAttachments } from '../transit-gateways/transit-gateways.ts';
import { formatBlock, parseNetwork } from '../vpcs/cidr.ts';
import { gatewayPrefixList } from '../vpcs/endpoint-services.ts';
import {
  blocksOf,
  internetGatewayOf,
  internetGateways,
  natGatewayOf,
  natGateways,
  routeTableOf,
  routeTables,
  subnetOf,
  subnets,
  vpcEndpoints,
  vpcOf,
  vpcs,
} from '../vpcs/network.ts';
import type { Route, RouteTable, Subnet, Vpc } from '../vpcs/network.ts';
import { peeringOf, peerings } from './peering.ts';
import { vpnGatewayOf, vpnGateways } from './vpn-gateways.ts';

type WireRouteTable = NonNullable<Output<'ec2', 'CreateRouteTable'>['RouteTable']>;
type WireRoute = NonNullable<WireRouteTable['Routes']>[number];
type WireAssociation = NonNullable<WireRouteTable['Associations']>[number];

/** Every table of a VPC leads to each of its blocks. */
export function localRoute(cidr: string): Route {
  return { destination: cidr, kind: 'local', target: 'local' };
}

function attachedTo(ctx: Ctx, vpcId: string, gatewayId: string): boolean {
  return ctx
    .list(transitAttachments, 'vpc', vpcId)
    .some((one) => one.gatewayId === gatewayId && one.state === 'available');
}

/** A route to a gateway that is gone, or not attached, swallows its packets. */
export function isBlackhole(ctx: Ctx, { vpcId }: { vpcId: string }, { kind, target }: Route): boolean {
  if (kind === 'internetGateway') return ctx.get(internetGateways, target)?.vpcId !== vpcId;
  if (kind === 'natGateway')
    return !['pending', 'available'].includes(ctx.get(natGateways, target)?.state ?? '');
  if (kind === 'peering') return ctx.get(peerings, target)?.status !== 'active';
  if (kind === 'transitGateway') return !attachedTo(ctx, vpcId, target);
  if (kind === 'vpnGateway') return ctx.get(vpnGateways, target)?.vpcId !== vpcId;
  return false;
}

function associationsOf(ctx: Ctx, table: RouteTable): WireAssociation[] {
  const state = { AssociationState: { State: 'associated' as const }, RouteTableId: table.routeTableId };
  const vpc = ctx.get(vpcs, table.vpcId) as Vpc;
  const main =
    vpc.mainRouteTableId === table.routeTableId
      ? [{ Main: true, RouteTableAssociationId: vpc.mainAssociationId, ...state }]
      : [];
  const explicit = ctx
    .list(subnets, 'vpc', table.vpcId)
    .flatMap(({ subnetId, route }) =>
      route?.tableId === table.routeTableId
        ? [{ Main: false, RouteTableAssociationId: route.associationId, SubnetId: subnetId, ...state }]
        : [],
    );
  return [...main, ...explicit];
}

/** By which member a route's target is shown. */
const TARGETS: Readonly<
  Record<
    Route['kind'],
    'GatewayId' | 'InstanceId' | 'NatGatewayId' | 'TransitGatewayId' | 'VpcPeeringConnectionId'
  >
> = {
  instance: 'InstanceId',
  internetGateway: 'GatewayId',
  local: 'GatewayId',
  natGateway: 'NatGatewayId',
  peering: 'VpcPeeringConnectionId',
  transitGateway: 'TransitGatewayId',
  vpnGateway: 'GatewayId',
};

/** Routes may lead to all the blocks of a prefix list. */
export function isPrefixList(destination: string): boolean {
  return destination.startsWith('pl-');
}

function describeRoutes(ctx: Ctx, table: RouteTable): WireRoute[] {
  const own = table.routes.map((route): WireRoute => {
    const { destination, target } = route;
    return {
      ...(isPrefixList(destination)
        ? { DestinationPrefixListId: destination }
        : { DestinationCidrBlock: destination }),
      [TARGETS[route.kind]]: target,
      Origin: route.kind === 'local' ? 'CreateRouteTable' : 'CreateRoute',
      State: isBlackhole(ctx, table, route) ? 'blackhole' : 'active',
    };
  });
  const endpoints = ctx
    .list(vpcEndpoints, 'vpc', table.vpcId)
    .filter((one) => one.routeTableIds.includes(table.routeTableId));
  const toEndpoints = endpoints.map((endpoint): WireRoute => ({
    DestinationPrefixListId: gatewayPrefixList(ctx, endpoint.serviceName),
    GatewayId: endpoint.endpointId,
    Origin: 'CreateRoute',
    State: 'active',
  }));
  return [...own, ...toEndpoints];
}

function describeRouteTable(ctx: Ctx, table: RouteTable): WireRouteTable {
  return {
    RouteTableId: table.routeTableId,
    VpcId: table.vpcId,
    OwnerId: ctx.account,
    Associations: associationsOf(ctx, table),
    PropagatingVgws: (table.propagating ?? []).map((GatewayId) => ({ GatewayId })),
    Routes: describeRoutes(ctx, table),
    Tags: tagsShown(ctx, table.routeTableId),
  };
}

type RouteRequest = Pick<
  Input<'ec2', 'CreateRoute'>,
  | 'DestinationCidrBlock'
  | 'DestinationPrefixListId'
  | 'GatewayId'
  | 'NatGatewayId'
  | 'TransitGatewayId'
  | 'VpcPeeringConnectionId'
>;

/** Where the route of a request leads to, as it is kept. */
function destinationOf(ctx: Ctx, { DestinationCidrBlock, DestinationPrefixListId }: RouteRequest): string {
  if (DestinationPrefixListId !== undefined && DestinationCidrBlock !== undefined)
    throw notTogether('destinationCidrBlock', 'destinationPrefixListId');
  if (DestinationPrefixListId !== undefined) return prefixListOf(ctx, DestinationPrefixListId).prefixListId;
  return formatBlock(networkOf(DestinationCidrBlock, 'destinationCidrBlock'));
}

/** The route that a request describes. */
function requestedRoute(ctx: Ctx, table: RouteTable, request: RouteRequest): Route {
  const destination = destinationOf(ctx, request);
  const { GatewayId, NatGatewayId, TransitGatewayId, VpcPeeringConnectionId } = request;
  if (TransitGatewayId !== undefined) {
    // For a VPC that is not attached to it, there is no such gateway.
    if (!attachedTo(ctx, table.vpcId, TransitGatewayId)) {
      throw new Fault(
        'InvalidTransitGatewayID.NotFound',
        `The transitGateway ID '${TransitGatewayId}' does not exist.`,
      );
    }
    return { destination, kind: 'transitGateway', target: TransitGatewayId };
  }
  if (VpcPeeringConnectionId !== undefined) {
    const { requesterId, accepterId } = peeringOf(ctx, VpcPeeringConnectionId);
    if (requesterId !== table.vpcId && accepterId !== table.vpcId) {
      throw new Fault(
        'InvalidParameterValue',
        `route table ${table.routeTableId} and interface ${VpcPeeringConnectionId} belong to different networks`,
      );
    }
    return { destination, kind: 'peering', target: VpcPeeringConnectionId };
  }
  if (NatGatewayId !== undefined) {
    const nat = natGatewayOf(ctx, NatGatewayId);
    if (nat.vpcId !== table.vpcId) {
      throw new Fault(
        'InvalidParameterValue',
        `route table ${table.routeTableId} and NAT gateway ${NatGatewayId} belong to different networks`,
      );
    }
    return { destination, kind: 'natGateway', target: NatGatewayId };
  }
  if (GatewayId === undefined) throw missing('gatewayId');
  const isVpn = GatewayId.startsWith('vgw-');
  if (!isVpn && !GatewayId.startsWith('igw-')) {
    throw new Fault('NotImplemented', `Routes to ${GatewayId} are not modelled by Sandtable.`);
  }
  const gateway = isVpn ? vpnGatewayOf(ctx, GatewayId) : internetGatewayOf(ctx, GatewayId);
  if (gateway.vpcId !== table.vpcId) {
    throw new Fault(
      'InvalidParameterValue',
      `route table ${table.routeTableId} and network gateway ${GatewayId} belong to different networks`,
    );
  }
  return { destination, kind: isVpn ? 'vpnGateway' : 'internetGateway', target: GatewayId };
}

function routeTo(
  table: RouteTable,
  { DestinationCidrBlock: cidr, DestinationPrefixListId: list }: RouteRequest,
): Route {
  if (cidr === undefined && list === undefined) throw missing('destinationCidrBlock');
  const network = cidr === undefined ? undefined : parseNetwork(cidr);
  const destination = network ? formatBlock(network) : list;
  const found = table.routes.find((route) => route.destination === destination);
  if (found) return found;
  const named = cidr === undefined ? `prefix-list-id ${list}` : `cidr-block ${cidr}`;
  throw new Fault(
    'InvalidRoute.NotFound',
    `no route with destination-${named} in route table ${table.routeTableId}`,
  );
}

function setRoutes(ctx: Ctx, table: RouteTable, routes: readonly Route[]): void {
  ctx.update(routeTables, table, { routes });
  ctx.emit(networkChanged, { vpcId: table.vpcId });
}

/** The subnet of an explicit association, or the VPC of a main one. */
function associated(ctx: Ctx, id: string): { subnet: Subnet } | { vpc: Vpc } {
  const subnet = ctx.list(subnets, 'routeAssociation', id)[0];
  if (subnet) return { subnet };
  const vpc = ctx.list(vpcs, 'mainAssociation', id)[0];
  if (vpc) return { vpc };
  throw new Fault('InvalidAssociationID.NotFound', `The association ID '${id}' does not exist`);
}

function associate(ctx: Ctx, subnet: Subnet, table: RouteTable): string {
  if (subnet.vpcId !== table.vpcId) {
    throw new Fault(
      'InvalidParameterValue',
      `route table ${table.routeTableId} and subnet ${subnet.subnetId} belong to different networks`,
    );
  }
  const associationId = `rtbassoc-${ctx.id('route-table-association')}`;
  ctx.update(subnets, subnet, { route: { tableId: table.routeTableId, associationId } });
  ctx.emit(networkChanged, { vpcId: table.vpcId });
  return associationId;
}

export const routeOperations: Operations<'ec2'> = {
  CreateRouteTable(ctx, { VpcId, ClientToken, TagSpecifications }) {
    const id = once(ctx, 'CreateRouteTable', ClientToken, { VpcId, TagSpecifications }, () => {
      const vpc = vpcOf(ctx, VpcId);
      const routeTableId = `rtb-${ctx.id('route-table')}`;
      ctx.put(routeTables, {
        routeTableId,
        vpcId: vpc.vpcId,
        routes: blocksOf(vpc).map(({ cidr }) => localRoute(cidr)),
      });
      tagCreated(ctx, TagSpecifications, routeTableId);
      return routeTableId;
    });
    return { RouteTable: describeRouteTable(ctx, routeTableOf(ctx, id)), ClientToken };
  },

  DescribeRouteTables(ctx, { RouteTableIds, Filters, NextToken, MaxResults }) {
    const where = filtered<RouteTable>(Filters, {
      operation: 'DescribeRouteTables',
      values: {
        'association.main': (table) => associationsOf(ctx, table).map((one) => one.Main),
        'association.route-table-association-id': (table) =>
          associationsOf(ctx, table).map((one) => one.RouteTableAssociationId),
        'association.route-table-id': (table) => associationsOf(ctx, table).map((one) => one.RouteTableId),
        'association.subnet-id': (table) => associationsOf(ctx, table).map((one) => one.SubnetId),
        'owner-id': () => ctx.account,
        'route-table-id': (table) => table.routeTableId,
        'route.destination-cidr-block': (table) => table.routes.map((route) => route.destination),
        'route.gateway-id': (table) => describeRoutes(ctx, table).map((route) => route.GatewayId),
        'route.instance-id': (table) => describeRoutes(ctx, table).map((route) => route.InstanceId),
        'route.origin': (table) => describeRoutes(ctx, table).map((route) => route.Origin),
        'route.destination-prefix-list-id': (table) =>
          describeRoutes(ctx, table).map((route) => route.DestinationPrefixListId),
        'route.nat-gateway-id': (table) => describeRoutes(ctx, table).map((route) => route.NatGatewayId),
        'route.transit-gateway-id': (table) =>
          describeRoutes(ctx, table).map((route) => route.TransitGatewayId),
        'route.state': (table) => describeRoutes(ctx, table).map((route) => route.State),
        'route.vpc-peering-connection-id': (table) =>
          describeRoutes(ctx, table).map((route) => route.VpcPeeringConnectionId),
        'vpc-id': (table) => table.vpcId,
      },
      tags: (table) => tagsOf(ctx, table.routeTableId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, routeTables, { ids: RouteTableIds, of: routeTableOf, where, page });
    return { RouteTables: rows.map((table) => describeRouteTable(ctx, table)), NextToken: next };
  },

  DeleteRouteTable(ctx, { RouteTableId }) {
    const table = routeTableOf(ctx, RouteTableId);
    if (associationsOf(ctx, table).length > 0) {
      throw dependency(`The routeTable '${table.routeTableId}' has dependencies and cannot be deleted.`);
    }
    ctx.delete(routeTables, table.routeTableId);
    removeTagsOf(ctx, table.routeTableId);
  },

  CreateRoute(ctx, { RouteTableId, ...request }) {
    const table = routeTableOf(ctx, RouteTableId);
    const route = requestedRoute(ctx, table, request);
    const same = table.routes.find(({ destination }) => destination === route.destination);
    if (same?.target === route.target) return { Return: true }; // The same route again is no error.
    if (same)
      throw new Fault('RouteAlreadyExists', `The route identified by ${route.destination} already exists.`);
    setRoutes(ctx, table, [...table.routes, route]);
    return { Return: true };
  },

  ReplaceRoute(ctx, { RouteTableId, ...request }) {
    const table = routeTableOf(ctx, RouteTableId);
    const old = routeTo(table, request);
    const route = requestedRoute(ctx, table, request);
    setRoutes(
      ctx,
      table,
      table.routes.map((one) => (one === old ? route : one)),
    );
  },

  DeleteRoute(ctx, { RouteTableId, ...request }) {
    const table = routeTableOf(ctx, RouteTableId);
    const old = routeTo(table, request);
    if (old.kind === 'local') {
      throw new Fault(
        'InvalidParameterValue',
        `cannot remove local route ${old.destination} in route table ${table.routeTableId}`,
      );
    }
    setRoutes(
      ctx,
      table,
      table.routes.filter((one) => one !== old),
    );
  },

  AssociateRouteTable(ctx, { RouteTableId, SubnetId }) {
    const table = routeTableOf(ctx, RouteTableId);
    if (SubnetId === undefined) throw missing('subnetId');
    const subnet = subnetOf(ctx, SubnetId);
    if (subnet.route?.tableId === table.routeTableId) return { AssociationId: subnet.route.associationId };
    if (subnet.route) {
      throw new Fault(
        'Resource.AlreadyAssociated',
        `the specified association for route table ${table.routeTableId} conflicts with an existing association`,
      );
    }
    return { AssociationId: associate(ctx, subnet, table), AssociationState: { State: 'associated' } };
  },

  DisassociateRouteTable(ctx, { AssociationId }) {
    const found = associated(ctx, AssociationId);
    if ('vpc' in found) {
      throw new Fault(
        'InvalidParameterValue',
        `cannot disassociate the main route table association ${AssociationId}`,
      );
    }
    const { route: _, ...rest } = found.subnet;
    ctx.put(subnets, rest);
    ctx.emit(networkChanged, { vpcId: rest.vpcId });
  },

  ReplaceRouteTableAssociation(ctx, { AssociationId, RouteTableId }) {
    const found = associated(ctx, AssociationId);
    const table = routeTableOf(ctx, RouteTableId);
    // The table that holds already: as getmoto/moto has it, tests/test_ec2/test_route_tables.py; AWS's documentation does not say.
    if ('subnet' in found && found.subnet.route?.tableId === table.routeTableId)
      return { NewAssociationId: AssociationId, AssociationState: { State: 'associated' } };
    if ('subnet' in found) {
      return {
        NewAssociationId: associate(ctx, found.subnet, table),
        AssociationState: { State: 'associated' },
      };
    }
    const mainAssociationId = `rtbassoc-${ctx.id('route-table-association')}`;
    ctx.update(vpcs, found.vpc, { mainRouteTableId: table.routeTableId, mainAssociationId });
    ctx.emit(networkChanged, { vpcId: table.vpcId });
    return { NewAssociationId: mainAssociationId, AssociationState: { State: 'associated' } };
  },
};
