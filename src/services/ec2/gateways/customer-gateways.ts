// Customer gateways: what an account says of its own end of a VPN connection. Connections themselves are not modelled.
// https://docs.aws.amazon.com/vpn/latest/s2svpn/how_it_works.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { existing, listed, missing } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { vpnGatewayVisible } from '../timings.ts';
import { parseAddress } from '../vpcs/cidr.ts';

type WireGateway = NonNullable<Output<'ec2', 'CreateCustomerGateway'>['CustomerGateway']>;

interface CustomerGateway {
  customerGatewayId: string;
  ip: string;
  asn: number;
  deviceName?: string;
  state: 'available' | 'deleted';
}
export const customerGateways: Table<CustomerGateway> = table<CustomerGateway>(
  'ec2/customer-gateways',
  (row) => row.customerGatewayId,
);

/** A deleted one disappears from view. */
const forgetDue: TimerKind<{ id: string }> = timer<{ id: string }>('ec2/customer-gateway-forget', {
  background: true,
});

export const customerGatewayForget: TimerHandler<{ id: string }, Ctx> = {
  kind: forgetDue,
  live: (ctx, { id }) => ctx.get(customerGateways, id)?.state === 'deleted',
  fire(ctx, { id }) {
    ctx.delete(customerGateways, id);
    removeTagsOf(ctx, id);
  },
};

export function customerGatewayOf(ctx: Ctx, id: string | undefined): CustomerGateway {
  return existing(ctx, customerGateways, id, {
    code: 'InvalidCustomerGatewayID',
    malformed: 'InvalidCustomerGatewayId',
    noun: 'customerGateway ID',
    prefix: 'cgw',
  });
}

function describe(ctx: Ctx, { customerGatewayId, ip, asn, deviceName, state }: CustomerGateway): WireGateway {
  return {
    CustomerGatewayId: customerGatewayId,
    Type: 'ipsec.1',
    IpAddress: ip,
    BgpAsn: String(asn),
    DeviceName: deviceName,
    State: state,
    Tags: tagsShown(ctx, customerGatewayId),
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateCustomerGateway.html */
const USUAL_ASN = 65_000;

export const customerGatewayOperations: Operations<'ec2'> = {
  CreateCustomerGateway(
    ctx,
    { BgpAsn: asn = USUAL_ASN, IpAddress, PublicIp, DeviceName, TagSpecifications },
  ) {
    const ip = IpAddress ?? PublicIp;
    if (ip === undefined) throw missing('ipAddress');
    if (parseAddress(ip) === undefined)
      throw new Fault(
        'InvalidParameterValue',
        `Value (${ip}) for parameter ipAddress is invalid. Invalid IP address.`,
      );
    // The same request again gets what the first one made (the same page).
    const same = ctx
      .list(customerGateways)
      .find((one) => one.state === 'available' && one.ip === ip && one.asn === asn);
    if (same) return { CustomerGateway: describe(ctx, same) };
    const gateway: CustomerGateway = {
      customerGatewayId: `cgw-${ctx.id('customer-gateway')}`,
      ip,
      asn,
      ...(DeviceName === undefined ? {} : { deviceName: DeviceName }),
      state: 'available',
    };
    ctx.put(customerGateways, gateway);
    tagCreated(ctx, TagSpecifications, gateway.customerGatewayId);
    return { CustomerGateway: describe(ctx, gateway) };
  },

  DescribeCustomerGateways(ctx, { CustomerGatewayIds, Filters }) {
    const where = filtered<CustomerGateway>(Filters, {
      operation: 'DescribeCustomerGateways',
      values: {
        'bgp-asn': (row) => row.asn,
        'customer-gateway-id': (row) => row.customerGatewayId,
        'ip-address': (row) => row.ip,
        state: (row) => row.state,
        type: () => 'ipsec.1',
      },
      tags: (row) => tagsOf(ctx, row.customerGatewayId),
    });
    const { rows } = listed(ctx, customerGateways, {
      ids: CustomerGatewayIds,
      of: customerGatewayOf,
      where,
      page: {},
    });
    return { CustomerGateways: rows.map((row) => describe(ctx, row)) };
  },

  DeleteCustomerGateway(ctx, { CustomerGatewayId }) {
    const gateway = customerGatewayOf(ctx, CustomerGatewayId);
    if (gateway.state === 'deleted') return;
    const { customerGatewayId: id } = ctx.update(customerGateways, gateway, { state: 'deleted' });
    ctx.schedule(forgetDue, ctx.now + ctx.duration(vpnGatewayVisible, id), { id });
  },
};
