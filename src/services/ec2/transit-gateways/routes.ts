// Routes of transit gateways: static ones, and those that attached VPCs propagate; and where a packet goes by them.
// https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html#tgw-routing-overview

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { missing, networkOf } from '../requests.ts';
import { covers, formatBlock, parseBlock } from '../vpcs/cidr.ts';
import type { Block } from '../vpcs/cidr.ts';
import { blocksOf, subnets, vpcs } from '../vpcs/network.ts';
import type { Subnet } from '../vpcs/network.ts';
import { availableAttachment } from './attachments.ts';
import { tellVpcs, transitRouteTableOf } from './route-tables.ts';
import { transitAttachments, transitRouteTables } from './transit-gateways.ts';
import type { TransitAttachment, TransitRoute, TransitRouteTable } from './transit-gateways.ts';

type WireRoute = NonNullable<Output<'ec2', 'CreateTransitGatewayRoute'>['Route']>;

interface Known extends TransitRoute {
  readonly type: 'static' | 'propagated';
}

const block = (cidr: string): Block => parseBlock(cidr) as Block;
const sizeOf = ({ cidr }: TransitRoute): number => block(cidr).last - block(cidr).first;

/** All routes of a table. For one block a static route comes before a propagated one, which is not shown then. */
function routesOf(ctx: Ctx, { routes, propagating }: TransitRouteTable): Known[] {
  const own = routes.map((route): Known => ({ ...route, type: 'static' }));
  const taken = new Set(routes.map(({ cidr }) => cidr));
  const propagated = propagating.flatMap((attachmentId): Known[] => {
    const attachment = ctx.get(transitAttachments, attachmentId);
    const vpc = attachment?.state === 'available' ? ctx.get(vpcs, attachment.vpcId) : undefined;
    return vpc ? blocksOf(vpc).map(({ cidr }) => ({ cidr, attachmentId, type: 'propagated' })) : [];
  });
  return [...own, ...propagated.filter(({ cidr }) => !taken.has(cidr))];
}

function stands(ctx: Ctx, attachmentId: string | undefined): boolean {
  return attachmentId !== undefined && ctx.get(transitAttachments, attachmentId)?.state === 'available';
}

function describe(ctx: Ctx, { cidr, attachmentId, type }: Known): WireRoute {
  const attachment = attachmentId === undefined ? undefined : ctx.get(transitAttachments, attachmentId);
  return {
    DestinationCidrBlock: cidr,
    Type: type,
    State: stands(ctx, attachmentId) ? 'active' : 'blackhole',
    ...(attachment && {
      TransitGatewayAttachments: [
        {
          TransitGatewayAttachmentId: attachment.attachmentId,
          ResourceId: attachment.vpcId,
          ResourceType: 'vpc',
        },
      ],
    }),
  };
}

/** The attachment of a VPC to a gateway, if it stands and serves the zone. */
function attachmentAt(ctx: Ctx, gatewayId: string, { vpcId, zone }: Subnet): TransitAttachment | undefined {
  return ctx
    .list(transitAttachments, 'vpc', vpcId)
    .find(
      (one) =>
        one.gatewayId === gatewayId &&
        one.state === 'available' &&
        one.subnetIds.some((id) => ctx.get(subnets, id)?.zone === zone),
    );
}

/** To which attachment a gateway passes packets from a subnet on, or what keeps them back. */
export function transit(
  ctx: Ctx,
  gatewayId: string,
  from: Subnet,
  to: Block,
): { attachment: TransitAttachment } | { blockedBy: string } {
  const source = attachmentAt(ctx, gatewayId, from);
  const { associationTableId: tableId } = source ?? {};
  const table = tableId === undefined ? undefined : ctx.get(transitRouteTables, tableId);
  if (!source || !table) return { blockedBy: source?.attachmentId ?? gatewayId };
  const [route] = routesOf(ctx, table)
    .filter(({ cidr }) => covers(block(cidr), to))
    .toSorted((left, right) => sizeOf(left) - sizeOf(right));
  const attachment =
    route?.attachmentId === undefined ? undefined : ctx.get(transitAttachments, route.attachmentId);
  return attachment?.state === 'available' ? { attachment } : { blockedBy: table.tableId };
}

/** What keeps packets from a subnet of one VPC to a subnet of another over a gateway back. */
export function transitBlocks(
  ctx: Ctx,
  gatewayId: string,
  from: Subnet,
  to: Subnet,
  address: Block,
): string | undefined {
  const way = transit(ctx, gatewayId, from, address);
  if ('blockedBy' in way) return way.blockedBy;
  const { attachmentId, vpcId } = way.attachment;
  if (vpcId !== to.vpcId) return attachmentId;
  return attachmentAt(ctx, gatewayId, to) ? undefined : attachmentId;
}

interface RouteRequest {
  readonly TransitGatewayRouteTableId: string;
  readonly DestinationCidrBlock: string;
  readonly TransitGatewayAttachmentId?: string | undefined;
  readonly Blackhole?: boolean | undefined;
}

function routeFrom(ctx: Ctx, { gatewayId }: TransitRouteTable, request: RouteRequest): TransitRoute {
  const { DestinationCidrBlock, TransitGatewayAttachmentId: id, Blackhole = false } = request;
  const cidr = formatBlock(networkOf(DestinationCidrBlock, 'destinationCidrBlock'));
  if (Blackhole && id === undefined) return { cidr };
  if (id === undefined) throw missing('transitGatewayAttachmentId');
  const attachment = availableAttachment(ctx, id);
  if (Blackhole)
    throw new Fault('InvalidParameterCombination', 'A blackhole route does not lead to an attachment.');
  if (attachment.gatewayId !== gatewayId)
    throw new Fault('InvalidParameterValue', `${id} belongs to another transit gateway.`);
  return { cidr, attachmentId: id };
}

function setRoutes(ctx: Ctx, table: TransitRouteTable, routes: readonly TransitRoute[]): void {
  ctx.update(transitRouteTables, table, { routes });
  tellVpcs(ctx, table.gatewayId);
}

/** Filters that compare blocks. */
const SEARCHES: Readonly<Record<string, (route: Block, wanted: Block) => boolean>> = {
  'route-search.exact-match': (route, wanted) => covers(route, wanted) && covers(wanted, route),
  'route-search.longest-prefix-match': (route, wanted) => covers(route, wanted),
  'route-search.subnet-of-match': (route, wanted) => covers(wanted, route),
  'route-search.supernet-of-match': (route, wanted) => covers(route, wanted),
};

type Filters = readonly { Name?: string | undefined; Values?: readonly string[] | undefined }[];

function searched(routes: readonly Known[], filters: Filters): Known[] {
  let found = [...routes];
  for (const { Name = '', Values = [] } of filters) {
    const fits = SEARCHES[Name];
    if (!fits) continue;
    const wanted = Values.map((value) => networkOf(value, 'filter'));
    found = found.filter(({ cidr }) => wanted.some((one) => fits(block(cidr), one)));
    if (Name === 'route-search.longest-prefix-match')
      found = found.toSorted((left, right) => sizeOf(left) - sizeOf(right)).slice(0, 1);
  }
  return found;
}

const MOST_RESULTS = 1000;

export const transitRouteOperations: Operations<'ec2'> = {
  CreateTransitGatewayRoute(ctx, request) {
    const table = transitRouteTableOf(ctx, request.TransitGatewayRouteTableId);
    const route = routeFrom(ctx, table, request);
    if (table.routes.some(({ cidr }) => cidr === route.cidr))
      throw new Fault('RouteAlreadyExists', `Route ${route.cidr} already exists in ${table.tableId}.`);
    setRoutes(ctx, table, [...table.routes, route]);
    return { Route: describe(ctx, { ...route, type: 'static' }) };
  },

  ReplaceTransitGatewayRoute(ctx, request) {
    const table = transitRouteTableOf(ctx, request.TransitGatewayRouteTableId);
    const route = routeFrom(ctx, table, request);
    setRoutes(ctx, table, [...table.routes.filter(({ cidr }) => cidr !== route.cidr), route]);
    return { Route: describe(ctx, { ...route, type: 'static' }) };
  },

  DeleteTransitGatewayRoute(ctx, { TransitGatewayRouteTableId, DestinationCidrBlock }) {
    const table = transitRouteTableOf(ctx, TransitGatewayRouteTableId);
    const wanted = formatBlock(networkOf(DestinationCidrBlock, 'destinationCidrBlock'));
    const route = table.routes.find(({ cidr }) => cidr === wanted);
    if (!route)
      throw new Fault('InvalidRoute.NotFound', `Route ${wanted} does not exist in ${table.tableId}.`);
    const shown = describe(ctx, { ...route, type: 'static' });
    setRoutes(
      ctx,
      table,
      table.routes.filter((one) => one !== route),
    );
    return { Route: { ...shown, State: 'deleted' } };
  },

  SearchTransitGatewayRoutes(ctx, { TransitGatewayRouteTableId, Filters, MaxResults = MOST_RESULTS }) {
    const table = transitRouteTableOf(ctx, TransitGatewayRouteTableId);
    const attachment = (route: Known): TransitAttachment | undefined =>
      route.attachmentId === undefined ? undefined : ctx.get(transitAttachments, route.attachmentId);
    const others = Filters.filter(({ Name = '' }) => !Object.hasOwn(SEARCHES, Name));
    const where = filtered<Known>(others, {
      operation: 'SearchTransitGatewayRoutes',
      values: {
        'attachment.resource-id': (route) => attachment(route)?.vpcId,
        'attachment.resource-type': (route) => attachment(route) && 'vpc',
        'attachment.transit-gateway-attachment-id': (route) => route.attachmentId,
        state: (route) => describe(ctx, route).State,
        type: (route) => route.type,
      },
    });
    const found = searched(routesOf(ctx, table), Filters).filter(where);
    return {
      Routes: found.slice(0, MaxResults).map((route) => describe(ctx, route)),
      AdditionalRoutesAvailable: found.length > MaxResults,
    };
  },
};
