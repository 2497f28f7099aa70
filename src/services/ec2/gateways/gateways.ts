// Internet gateways.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { dependency, listed } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { interfaces, internetGatewayOf, internetGateways, vpcOf } from '../vpcs/network.ts';
import type { InternetGateway } from '../vpcs/network.ts';

type WireGateway = NonNullable<Output<'ec2', 'CreateInternetGateway'>['InternetGateway']>;

function describeGateway(ctx: Ctx, { internetGatewayId, vpcId }: InternetGateway): WireGateway {
  return {
    InternetGatewayId: internetGatewayId,
    OwnerId: ctx.account,
    // An attached internet gateway is shown as `available`, which the enumeration of attachment states lacks.
    Attachments: vpcId === undefined ? [] : [{ VpcId: vpcId, State: 'available' as 'attached' }],
    Tags: tagsShown(ctx, internetGatewayId),
  };
}

export const gatewayOperations: Operations<'ec2'> = {
  CreateInternetGateway(ctx, { TagSpecifications }) {
    const gateway: InternetGateway = { internetGatewayId: `igw-${ctx.id('internet-gateway')}` };
    ctx.put(internetGateways, gateway);
    tagCreated(ctx, TagSpecifications, gateway.internetGatewayId);
    return { InternetGateway: describeGateway(ctx, gateway) };
  },

  DescribeInternetGateways(ctx, { InternetGatewayIds, Filters, NextToken, MaxResults }) {
    const where = filtered<InternetGateway>(Filters, {
      operation: 'DescribeInternetGateways',
      values: {
        'attachment.state': (gateway) => (gateway.vpcId === undefined ? undefined : 'available'),
        'attachment.vpc-id': (gateway) => gateway.vpcId,
        'internet-gateway-id': (gateway) => gateway.internetGatewayId,
        'owner-id': () => ctx.account,
      },
      tags: (gateway) => tagsOf(ctx, gateway.internetGatewayId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, internetGateways, {
      ids: InternetGatewayIds,
      of: internetGatewayOf,
      where,
      page,
    });
    return { InternetGateways: rows.map((gateway) => describeGateway(ctx, gateway)), NextToken: next };
  },

  AttachInternetGateway(ctx, { InternetGatewayId, VpcId }) {
    const gateway = internetGatewayOf(ctx, InternetGatewayId);
    const { vpcId } = vpcOf(ctx, VpcId);
    if (gateway.vpcId !== undefined) {
      throw new Fault(
        'Resource.AlreadyAssociated',
        `resource ${gateway.internetGatewayId} is already attached to network ${gateway.vpcId}`,
      );
    }
    if (ctx.list(internetGateways, 'vpc', vpcId).length > 0) {
      throw new Fault('InvalidParameterValue', `Network ${vpcId} already has an internet gateway attached`);
    }
    ctx.update(internetGateways, gateway, { vpcId });
    ctx.emit(networkChanged, { vpcId });
  },

  DetachInternetGateway(ctx, { InternetGatewayId, VpcId }) {
    const { internetGatewayId, vpcId } = internetGatewayOf(ctx, InternetGatewayId);
    if (vpcId !== VpcId) {
      throw new Fault(
        'Gateway.NotAttached',
        `resource ${internetGatewayId} is not attached to network ${VpcId}`,
      );
    }
    if (ctx.list(interfaces, 'vpc', VpcId).some((one) => one.publicIp !== undefined)) {
      throw dependency(
        `Network ${VpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
      );
    }
    ctx.put(internetGateways, { internetGatewayId });
    ctx.emit(networkChanged, { vpcId: VpcId });
  },

  DeleteInternetGateway(ctx, { InternetGatewayId }) {
    const { internetGatewayId, vpcId } = internetGatewayOf(ctx, InternetGatewayId);
    if (vpcId !== undefined) {
      throw dependency(`The internetGateway '${internetGatewayId}' has dependencies and cannot be deleted.`);
    }
    ctx.delete(internetGateways, internetGatewayId);
    removeTagsOf(ctx, internetGatewayId);
  },
};
