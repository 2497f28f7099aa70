// Virtual private gateways: Amazon's end of VPN connections, attached to a VPC. Connections are not modelled, so what is routed
// to a gateway gets no further.
// https://docs.aws.amazon.com/vpn/latest/s2svpn/how_it_works.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { listed } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { vpnGatewayVisible } from '../timings.ts';
import { routeTableOf, routeTables, vpcOf } from '../vpcs/network.ts';
import type { RouteTable } from '../vpcs/network.ts';

type WireGateway = NonNullable<Output<'ec2', 'CreateVpnGateway'>['VpnGateway']>;

/** A virtual private gateway. */
export interface VpnGateway {
  vpnGatewayId: string;
  asn: number;
  state: 'available' | 'deleted';
  vpcId?: string;
  /** Where it was attached last, which is shown as detached. */
  formerVpcId?: string;
}
export const vpnGateways: Table<VpnGateway> = table<VpnGateway>(
  'ec2/vpn-gateways',
  (row) => row.vpnGatewayId,
  { vpc: (row) => row.vpcId },
);

export function vpnGatewayOf(ctx: Ctx, id: string | undefined): VpnGateway {
  const found = id === undefined ? undefined : ctx.get(vpnGateways, id);
  if (found) return found;
  // As getmoto/moto has it: tests/test_ec2/test_virtual_private_gateways.py.
  throw new Fault('InvalidVpnGatewayID.NotFound', `The virtual private gateway ID '${id}' does not exist`);
}

/** A deleted one disappears from view. */
const forgetDue: TimerKind<{ id: string }> = timer<{ id: string }>('ec2/vpn-gateway-forget', {
  background: true,
});

export const vpnGatewayForget: TimerHandler<{ id: string }, Ctx> = {
  kind: forgetDue,
  live: (ctx, { id }) => ctx.get(vpnGateways, id)?.state === 'deleted',
  fire(ctx, { id }) {
    ctx.delete(vpnGateways, id);
    removeTagsOf(ctx, id);
  },
};

function describe(ctx: Ctx, { vpnGatewayId, asn, state, vpcId, formerVpcId }: VpnGateway): WireGateway {
  const tags = tagsShown(ctx, vpnGatewayId);
  const attached = vpcId === undefined ? [] : [{ VpcId: vpcId, State: 'attached' as const }];
  const detached = formerVpcId === undefined ? [] : [{ VpcId: formerVpcId, State: 'detached' as const }];
  return {
    VpnGatewayId: vpnGatewayId,
    Type: 'ipsec.1',
    State: state,
    AmazonSideAsn: asn,
    VpcAttachments: [...attached, ...detached],
    Tags: tags,
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpnGateway.html */
const USUAL_ASN = 64_512;
const PRIVATE_ASNS = [
  [64_512, 65_534],
  [4_200_000_000, 4_294_967_294],
] as const;

function live(ctx: Ctx, id: string): VpnGateway {
  const gateway = vpnGatewayOf(ctx, id);
  if (gateway.state === 'available') return gateway;
  throw new Fault(
    'IncorrectState',
    `The virtual private gateway '${id}' is in the '${gateway.state}' state.`,
  );
}

/** Which gateways a table takes routes from. */
function setPropagation(ctx: Ctx, table: RouteTable, propagating: readonly string[]): void {
  ctx.update(routeTables, table, { propagating });
  ctx.emit(networkChanged, { vpcId: table.vpcId });
}

export const vpnGatewayOperations: Operations<'ec2'> = {
  CreateVpnGateway(ctx, { AmazonSideAsn: asn = USUAL_ASN, TagSpecifications }) {
    if (!PRIVATE_ASNS.some(([first, last]) => first <= asn && asn <= last)) {
      throw new Fault(
        'InvalidParameterValue',
        `Value (${asn}) for parameter amazonSideAsn is invalid. The ASN must be in the 64512 to 65534 or 4200000000 to 4294967294 range.`,
      );
    }
    const gateway: VpnGateway = { vpnGatewayId: `vgw-${ctx.id('vpn-gateway')}`, asn, state: 'available' };
    ctx.put(vpnGateways, gateway);
    tagCreated(ctx, TagSpecifications, gateway.vpnGatewayId);
    const { Tags, ...shown } = describe(ctx, gateway);
    return { VpnGateway: { ...shown, ...(Tags && Tags.length > 0 && { Tags }) } };
  },

  DescribeVpnGateways(ctx, { VpnGatewayIds, Filters }) {
    const where = filtered<VpnGateway>(Filters, {
      operation: 'DescribeVpnGateways',
      values: {
        'amazon-side-asn': (row) => row.asn,
        'attachment.state': (row) => describe(ctx, row).VpcAttachments?.map((one) => one.State) ?? [],
        'attachment.vpc-id': (row) => describe(ctx, row).VpcAttachments?.map((one) => one.VpcId) ?? [],
        'availability-zone': () => undefined,
        state: (row) => row.state,
        type: () => 'ipsec.1',
        'vpn-gateway-id': (row) => row.vpnGatewayId,
      },
      tags: (row) => tagsOf(ctx, row.vpnGatewayId),
    });
    const { rows } = listed(ctx, vpnGateways, { ids: VpnGatewayIds, of: vpnGatewayOf, where, page: {} });
    return { VpnGateways: rows.map((row) => describe(ctx, row)) };
  },

  DeleteVpnGateway(ctx, { VpnGatewayId }) {
    const gateway = vpnGatewayOf(ctx, VpnGatewayId);
    const { vpnGatewayId: id, vpcId, state } = gateway;
    if (vpcId !== undefined)
      throw new Fault('IncorrectState', `The virtual private gateway '${id}' is in use.`);
    if (state === 'deleted') return;
    ctx.update(vpnGateways, gateway, { state: 'deleted' });
    ctx.schedule(forgetDue, ctx.now + ctx.duration(vpnGatewayVisible, id), { id });
  },

  AttachVpnGateway(ctx, { VpnGatewayId, VpcId }) {
    const gateway = live(ctx, VpnGatewayId);
    const { vpcId } = vpcOf(ctx, VpcId);
    if (gateway.vpcId !== vpcId) {
      if (gateway.vpcId !== undefined || ctx.list(vpnGateways, 'vpc', vpcId).length > 0) {
        throw new Fault(
          'VpnGatewayAttachmentLimitExceeded',
          'A virtual private gateway is attached to one VPC at a time, and a VPC has one of them.',
        );
      }
      const { formerVpcId: _, ...rest } = gateway;
      ctx.put(vpnGateways, { ...rest, vpcId });
      ctx.emit(networkChanged, { vpcId });
    }
    return { VpcAttachment: { VpcId: vpcId, State: 'attaching' } };
  },

  DetachVpnGateway(ctx, { VpnGatewayId, VpcId }) {
    const { vpcId, ...rest } = vpnGatewayOf(ctx, VpnGatewayId);
    if (vpcId === undefined || vpcId !== VpcId) {
      throw new Fault(
        'InvalidVpnGatewayAttachment.NotFound',
        `The attachment with vpn gateway ID '${VpnGatewayId}' and vpc ID '${VpcId}' does not exist`,
      );
    }
    ctx.put(vpnGateways, { ...rest, formerVpcId: vpcId });
    for (const table of ctx.list(routeTables, 'vpc', vpcId)) {
      const { propagating = [] } = table;
      if (propagating.length > 0)
        setPropagation(
          ctx,
          table,
          propagating.filter((one) => one !== VpnGatewayId),
        );
    }
    ctx.emit(networkChanged, { vpcId });
  },

  EnableVgwRoutePropagation(ctx, { GatewayId, RouteTableId }) {
    const table = routeTableOf(ctx, RouteTableId);
    const { vpnGatewayId, vpcId } = live(ctx, GatewayId);
    if (vpcId !== table.vpcId) {
      throw new Fault(
        'Gateway.NotAttached',
        `resource ${vpnGatewayId} is not attached to network ${table.vpcId}`,
      );
    }
    const { propagating = [] } = table;
    if (!propagating.includes(vpnGatewayId)) setPropagation(ctx, table, [...propagating, vpnGatewayId]);
  },

  DisableVgwRoutePropagation(ctx, { GatewayId, RouteTableId }) {
    const table = routeTableOf(ctx, RouteTableId);
    const { propagating = [] } = table;
    const { vpnGatewayId } = vpnGatewayOf(ctx, GatewayId);
    if (propagating.includes(vpnGatewayId))
      setPropagation(
        ctx,
        table,
        propagating.filter((one) => one !== vpnGatewayId),
      );
  },
};
