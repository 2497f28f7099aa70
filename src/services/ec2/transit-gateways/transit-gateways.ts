// Transit gateways: hubs between the VPCs of a region. Their attachments, route tables and routes are in files of their own.
// https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { listed, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { transitGatewayStep, transitGatewayVisible } from '../timings.ts';

type WireGateway = NonNullable<Output<'ec2', 'CreateTransitGateway'>['TransitGateway']>;
type Switch = 'enable' | 'disable';

export interface TransitGateway {
  gatewayId: string;
  description: string;
  state: 'pending' | 'available' | 'deleting' | 'deleted';
  createdAt: number;
  asn: number;
  autoAccept: Switch;
  vpnEcmp: Switch;
  dns: Switch;
  /** The route tables that new attachments are associated with, and propagate to. */
  associationTableId?: string;
  propagationTableId?: string;
}
export const transitGateways: Table<TransitGateway> = table<TransitGateway>(
  'ec2/transit-gateways',
  (row) => row.gatewayId,
);

/** An attachment of a VPC. Its network interfaces stand in one subnet of each zone. */
export interface TransitAttachment {
  attachmentId: string;
  gatewayId: string;
  vpcId: string;
  state: 'pending' | 'available' | 'deleting' | 'deleted';
  createdAt: number;
  subnetIds: readonly string[];
  dns: Switch;
  /** The route table that holds for what comes from it. */
  associationTableId?: string;
}
export const transitAttachments: Table<TransitAttachment> = table<TransitAttachment>(
  'ec2/transit-gateway-attachments',
  (row) => row.attachmentId,
  { gateway: (row) => row.gatewayId, vpc: (row) => row.vpcId },
  { settles: true },
);

export interface TransitRoute {
  readonly cidr: string;
  /** Where there is none, the packets are dropped. */
  readonly attachmentId?: string;
}
export interface TransitRouteTable {
  tableId: string;
  gatewayId: string;
  state: 'available' | 'deleted';
  createdAt: number;
  /** Static routes. */
  routes: readonly TransitRoute[];
  /** The attachments whose blocks it has routes to. */
  propagating: readonly string[];
}
export const transitRouteTables: Table<TransitRouteTable> = table<TransitRouteTable>(
  'ec2/transit-gateway-route-tables',
  (row) => row.tableId,
  { gateway: (row) => row.gatewayId },
  { settles: true },
);

type Step = { gatewayId: string; from: TransitGateway['state'] };
const stepDue: TimerKind<Step> = timer<Step>('ec2/transit-gateway-step');
/** A deleted one disappears from view. */
const forgetDue: TimerKind<Step> = timer<Step>('ec2/transit-gateway-forget', { background: true });

const live = (ctx: Ctx, { gatewayId, from }: Step): boolean =>
  ctx.get(transitGateways, gatewayId)?.state === from;

export const transitGatewayDue: TimerHandler<Step, Ctx> = {
  kind: stepDue,
  live,
  fire(ctx, { gatewayId, from }) {
    const gateway = ctx.get(transitGateways, gatewayId) as TransitGateway;
    if (from === 'pending') {
      ctx.update(transitGateways, gateway, { state: 'available' });
      return;
    }
    for (const { tableId } of ctx.list(transitRouteTables, 'gateway', gatewayId)) {
      ctx.delete(transitRouteTables, tableId);
      removeTagsOf(ctx, tableId);
    }
    ctx.update(transitGateways, gateway, { state: 'deleted' });
    const due = ctx.now + ctx.duration(transitGatewayVisible, gatewayId);
    ctx.schedule(forgetDue, due, { gatewayId, from: 'deleted' });
  },
};

export const transitGatewayForget: TimerHandler<Step, Ctx> = {
  kind: forgetDue,
  live,
  fire(ctx, { gatewayId }) {
    ctx.delete(transitGateways, gatewayId);
    removeTagsOf(ctx, gatewayId);
  },
};

function stepLater(ctx: Ctx, gatewayId: string, from: TransitGateway['state']): void {
  ctx.schedule(stepDue, ctx.now + ctx.duration(transitGatewayStep, gatewayId), { gatewayId, from });
}

/** The words are AWS's, as getmoto/moto recorded them: tests/test_ec2/test_transit_gateway.py. */
export function transitGatewayOf(ctx: Ctx, id: string | undefined): TransitGateway {
  const found = id === undefined ? undefined : ctx.get(transitGateways, id);
  if (found) return found;
  throw new Fault('InvalidTransitGatewayID.NotFound', `Transit Gateway ${id} was deleted or does not exist.`);
}

/** A gateway that can be worked with. */
export function availableTransitGateway(ctx: Ctx, id: string): TransitGateway {
  const gateway = transitGatewayOf(ctx, id);
  if (gateway.state === 'deleted') return transitGatewayOf(ctx, undefined);
  if (gateway.state === 'available') return gateway;
  throw new Fault('IncorrectState', `${id} is in invalid state: ${gateway.state}`);
}

export function makeTransitRouteTable(ctx: Ctx, gatewayId: string): string {
  const tableId = `tgw-rtb-${ctx.id('transit-gateway-route-table')}`;
  const row = {
    tableId,
    gatewayId,
    state: 'available',
    createdAt: ctx.now,
    routes: [],
    propagating: [],
  } as const;
  ctx.put(transitRouteTables, row);
  return tableId;
}

const switched = (value: boolean): Switch => (value ? 'enable' : 'disable');

function describe(ctx: Ctx, gateway: TransitGateway): WireGateway {
  const { gatewayId, associationTableId, propagationTableId } = gateway;
  return {
    TransitGatewayId: gatewayId,
    TransitGatewayArn: ctx.arn('ec2', `transit-gateway/${gatewayId}`),
    OwnerId: ctx.account,
    State: gateway.state,
    Description: gateway.description,
    CreationTime: gateway.createdAt,
    Options: {
      AmazonSideAsn: gateway.asn,
      AutoAcceptSharedAttachments: gateway.autoAccept,
      DefaultRouteTableAssociation: switched(associationTableId !== undefined),
      AssociationDefaultRouteTableId: associationTableId,
      DefaultRouteTablePropagation: switched(propagationTableId !== undefined),
      PropagationDefaultRouteTableId: propagationTableId,
      VpnEcmpSupport: gateway.vpnEcmp,
      DnsSupport: gateway.dns,
      SecurityGroupReferencingSupport: 'disable',
      MulticastSupport: 'disable',
    },
    Tags: tagsShown(ctx, gatewayId),
  };
}

type Options = NonNullable<Input<'ec2', 'ModifyTransitGateway'>['Options']>;

/** The table that an option turns on, which belongs to the gateway, or none. */
function defaultTable(
  ctx: Ctx,
  gatewayId: string,
  option: Switch | undefined,
  wanted: string | undefined,
  current: string | undefined,
): string | undefined {
  if (option === 'disable') return undefined;
  const id = wanted ?? current;
  if (option === 'enable' && id === undefined)
    throw new Fault('MissingParameter', 'The request must contain the id of the default route table');
  if (id !== undefined && ctx.get(transitRouteTables, id)?.gatewayId !== gatewayId)
    throw new Fault('InvalidRouteTableID.NotFound', `The routeTable ID '${id}' does not exist`);
  return id;
}

export const transitGatewayOperations: Operations<'ec2'> = {
  CreateTransitGateway(ctx, { Description = '', Options = {}, TagSpecifications }) {
    const { MulticastSupport, SecurityGroupReferencingSupport } = Options;
    if (MulticastSupport === 'enable') throw unmodelled('Multicast');
    if (SecurityGroupReferencingSupport === 'enable')
      throw unmodelled('Referencing security groups over a transit gateway');
    const gatewayId = `tgw-${ctx.id('transit-gateway')}`;
    const associates = Options.DefaultRouteTableAssociation !== 'disable';
    const propagates = Options.DefaultRouteTablePropagation !== 'disable';
    const tableId = associates || propagates ? makeTransitRouteTable(ctx, gatewayId) : '';
    const gateway: TransitGateway = {
      gatewayId,
      description: Description,
      state: 'pending',
      createdAt: ctx.now,
      asn: Options.AmazonSideAsn ?? 64_512,
      autoAccept: Options.AutoAcceptSharedAttachments ?? 'disable',
      vpnEcmp: Options.VpnEcmpSupport ?? 'enable',
      dns: Options.DnsSupport ?? 'enable',
      ...(associates && { associationTableId: tableId }),
      ...(propagates && { propagationTableId: tableId }),
    };
    ctx.put(transitGateways, gateway);
    tagCreated(ctx, TagSpecifications, gatewayId);
    stepLater(ctx, gatewayId, 'pending');
    return { TransitGateway: describe(ctx, gateway) };
  },

  DescribeTransitGateways(ctx, { TransitGatewayIds, Filters, NextToken, MaxResults }) {
    const options = (row: TransitGateway): NonNullable<WireGateway['Options']> =>
      describe(ctx, row).Options ?? {};
    const where = filtered<TransitGateway>(Filters, {
      operation: 'DescribeTransitGateways',
      values: {
        'options.amazon-side-asn': (row) => row.asn,
        'options.association-default-route-table-id': (row) => row.associationTableId,
        'options.auto-accept-shared-attachments': (row) => row.autoAccept,
        'options.default-route-table-association': (row) => options(row).DefaultRouteTableAssociation,
        'options.default-route-table-propagation': (row) => options(row).DefaultRouteTablePropagation,
        'options.dns-support': (row) => row.dns,
        'options.propagation-default-route-table-id': (row) => row.propagationTableId,
        'options.vpn-ecmp-support': (row) => row.vpnEcmp,
        'owner-id': () => ctx.account,
        state: (row) => row.state,
        'transit-gateway-id': (row) => row.gatewayId,
      },
      tags: (row) => tagsOf(ctx, row.gatewayId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, transitGateways, {
      ids: TransitGatewayIds,
      of: transitGatewayOf,
      where,
      page,
    });
    return { TransitGateways: rows.map((row) => describe(ctx, row)), NextToken: next };
  },

  ModifyTransitGateway(ctx, { TransitGatewayId, Description, Options = {} }) {
    const gateway = availableTransitGateway(ctx, TransitGatewayId);
    const { gatewayId, associationTableId, propagationTableId, ...rest } = gateway;
    if (Options.SecurityGroupReferencingSupport === 'enable')
      throw unmodelled('Referencing security groups over a transit gateway');
    const wanted: Options = Options;
    const association = defaultTable(
      ctx,
      gatewayId,
      wanted.DefaultRouteTableAssociation,
      wanted.AssociationDefaultRouteTableId,
      associationTableId,
    );
    const propagation = defaultTable(
      ctx,
      gatewayId,
      wanted.DefaultRouteTablePropagation,
      wanted.PropagationDefaultRouteTableId,
      propagationTableId,
    );
    ctx.put(transitGateways, {
      ...rest,
      gatewayId,
      description: Description ?? rest.description,
      autoAccept: wanted.AutoAcceptSharedAttachments ?? rest.autoAccept,
      vpnEcmp: wanted.VpnEcmpSupport ?? rest.vpnEcmp,
      dns: wanted.DnsSupport ?? rest.dns,
      ...(association !== undefined && { associationTableId: association }),
      ...(propagation !== undefined && { propagationTableId: propagation }),
    });
    return { TransitGateway: describe(ctx, transitGatewayOf(ctx, gatewayId)) };
  },

  DeleteTransitGateway(ctx, { TransitGatewayId }) {
    const gateway = availableTransitGateway(ctx, TransitGatewayId);
    const { gatewayId } = gateway;
    const attached = ctx
      .list(transitAttachments, 'gateway', gatewayId)
      .filter(({ state }) => state !== 'deleted');
    if (attached.length > 0) {
      const ids = attached.map(({ attachmentId }) => attachmentId).join(', ');
      throw new Fault('IncorrectState', `${gatewayId} has non-deleted Transit Gateway Attachments: ${ids}.`);
    }
    const shown = ctx.update(transitGateways, gateway, { state: 'deleting' });
    stepLater(ctx, gatewayId, 'deleting');
    return { TransitGateway: describe(ctx, shown) };
  },
};
