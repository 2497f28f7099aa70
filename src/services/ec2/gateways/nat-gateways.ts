// NAT gateways: zonal ones, public or private.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { associateAddress } from '../interfaces/addresses.ts';
import { makeInterface, removeInterface } from '../interfaces/interfaces.ts';
import { listed, missing, once, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { natGatewayCreation, natGatewayDeletion, natGatewayVisible } from '../timings.ts';
import { addressOf, internetGateways, natGatewayOf, natGateways, subnetOf } from '../vpcs/network.ts';
import type { NatGateway, Subnet } from '../vpcs/network.ts';
import { wantedAddress } from '../vpcs/subnets.ts';

type WireNatGateway = NonNullable<Output<'ec2', 'CreateNatGateway'>['NatGateway']>;
type Step = { natGatewayId: string; from: NatGateway['state'] };

/** A NAT gateway leaves the state `from`. */
const stepDue: TimerKind<Step> = timer<Step>('ec2/nat-gateway-step');
/** One that is deleted or failed disappears from view. */
const forgetDue: TimerKind<Step> = timer<Step>('ec2/nat-gateway-forget', { background: true });

export const natGatewayStep: TimerHandler<Step, Ctx> = {
  kind: stepDue,
  live: (ctx, { natGatewayId, from }) => ctx.get(natGateways, natGatewayId)?.state === from,
  fire(ctx, { natGatewayId }) {
    const nat = ctx.get(natGateways, natGatewayId) as NatGateway;
    if (nat.state === 'pending') settlePending(ctx, nat);
    else {
      removeInterface(ctx, nat.interfaceId);
      ctx.update(natGateways, nat, { state: 'deleted', deletedAt: ctx.now });
      forgetLater(ctx, natGatewayId, 'deleted');
    }
    ctx.emit(networkChanged, { vpcId: nat.vpcId });
  },
};

export const natGatewayForget: TimerHandler<Step, Ctx> = {
  kind: forgetDue,
  live: (ctx, { natGatewayId, from }) => ctx.get(natGateways, natGatewayId)?.state === from,
  fire(ctx, { natGatewayId }) {
    ctx.delete(natGateways, natGatewayId);
    removeTagsOf(ctx, natGatewayId);
  },
};

/** A public one without an internet gateway in its VPC fails; the reason is AWS's. */
function settlePending(ctx: Ctx, nat: NatGateway): void {
  const { natGatewayId, vpcId, interfaceId } = nat;
  if (nat.connectivity === 'private' || ctx.list(internetGateways, 'vpc', vpcId).length > 0) {
    ctx.update(natGateways, nat, { state: 'available' });
    return;
  }
  removeInterface(ctx, interfaceId);
  const failure = {
    code: 'Gateway.NotAttached',
    message: `Network ${vpcId} has no Internet gateway attached`,
  };
  ctx.update(natGateways, nat, { state: 'failed', failure, deletedAt: ctx.now });
  forgetLater(ctx, natGatewayId, 'failed');
}

function forgetLater(ctx: Ctx, natGatewayId: string, from: NatGateway['state']): void {
  ctx.schedule(forgetDue, ctx.now + ctx.duration(natGatewayVisible, natGatewayId), { natGatewayId, from });
}

function make(
  ctx: Ctx,
  subnet: Subnet,
  connectivity: NatGateway['connectivity'],
  allocationId: string | undefined,
  wanted: string | undefined,
): NatGateway {
  const natGatewayId = `nat-${ctx.id('nat-gateway')}`;
  const made = makeInterface(ctx, subnet, {
    kind: 'nat_gateway',
    ownerId: natGatewayId,
    description: `Interface for NAT Gateway ${natGatewayId}`,
    groupIds: [],
    ...(wanted === undefined ? {} : { privateIp: wantedAddress(ctx, subnet, wanted) }),
  });
  const { interfaceId, privateIp, vpcId, subnetId } = made;
  const nat: NatGateway = {
    natGatewayId,
    vpcId,
    subnetId,
    connectivity,
    state: 'pending',
    interfaceId,
    privateIp,
    createdAt: ctx.now,
  };
  if (allocationId === undefined) ctx.put(natGateways, nat);
  else {
    const address = addressOf(ctx, allocationId);
    associateAddress(ctx, address, made);
    ctx.put(natGateways, { ...nat, allocationId, publicIp: address.publicIp });
  }
  ctx.schedule(stepDue, ctx.now + ctx.duration(natGatewayCreation, natGatewayId), {
    natGatewayId,
    from: 'pending',
  });
  return nat;
}

function describe(ctx: Ctx, nat: NatGateway): WireNatGateway {
  const gone = nat.state === 'deleted' || nat.state === 'failed';
  return {
    NatGatewayId: nat.natGatewayId,
    VpcId: nat.vpcId,
    SubnetId: nat.subnetId,
    ConnectivityType: nat.connectivity,
    AvailabilityMode: 'zonal',
    State: nat.state,
    CreateTime: nat.createdAt,
    DeleteTime: nat.deletedAt,
    FailureCode: nat.failure?.code,
    FailureMessage: nat.failure?.message,
    NatGatewayAddresses: [
      {
        AllocationId: nat.allocationId,
        PublicIp: nat.publicIp,
        PrivateIp: nat.privateIp,
        NetworkInterfaceId: nat.interfaceId,
        IsPrimary: true,
        Status: gone ? 'failed' : 'succeeded',
      },
    ],
    Tags: tagsShown(ctx, nat.natGatewayId),
  };
}

export const natGatewayOperations: Operations<'ec2'> = {
  CreateNatGateway(ctx, input) {
    const {
      SubnetId,
      AllocationId,
      ConnectivityType = 'public',
      PrivateIpAddress,
      ClientToken,
      TagSpecifications,
    } = input;
    if (input.AvailabilityMode === 'regional') throw unmodelled('A regional NAT gateway');
    if (SubnetId === undefined) throw missing('SubnetId');
    const request = { SubnetId, AllocationId, ConnectivityType, PrivateIpAddress, TagSpecifications };
    const id = once(ctx, 'CreateNatGateway', ClientToken, request, () => {
      const subnet = subnetOf(ctx, SubnetId);
      if (ConnectivityType === 'public' && AllocationId === undefined) {
        throw new Fault(
          'MissingParameter',
          'The request must include the AllocationId parameter. Add the required parameter and retry the request.',
        );
      }
      if (ConnectivityType === 'private' && AllocationId !== undefined) {
        throw new Fault(
          'InvalidParameter',
          'AllocationId is not supported for a NAT gateway with private connectivity.',
        );
      }
      if (AllocationId !== undefined && addressOf(ctx, AllocationId).association) {
        throw new Fault(
          'Resource.AlreadyAssociated',
          `Elastic IP address [${AllocationId}] is already associated`,
        );
      }
      const { natGatewayId } = make(ctx, subnet, ConnectivityType, AllocationId, PrivateIpAddress);
      tagCreated(ctx, TagSpecifications, natGatewayId);
      return natGatewayId;
    });
    return { NatGateway: describe(ctx, natGatewayOf(ctx, id)), ClientToken };
  },

  DescribeNatGateways(ctx, { NatGatewayIds, Filter, NextToken, MaxResults }) {
    const where = filtered<NatGateway>(Filter, {
      operation: 'DescribeNatGateways',
      values: {
        'nat-gateway-id': (nat) => nat.natGatewayId,
        state: (nat) => nat.state,
        'subnet-id': (nat) => nat.subnetId,
        'vpc-id': (nat) => nat.vpcId,
      },
      tags: (nat) => tagsOf(ctx, nat.natGatewayId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, natGateways, { ids: NatGatewayIds, of: natGatewayOf, where, page });
    return { NatGateways: rows.map((nat) => describe(ctx, nat)), NextToken: next };
  },

  DeleteNatGateway(ctx, { NatGatewayId }) {
    const nat = natGatewayOf(ctx, NatGatewayId);
    if (nat.state === 'pending' || nat.state === 'available') {
      ctx.update(natGateways, nat, { state: 'deleting' });
      const due = ctx.now + ctx.duration(natGatewayDeletion, nat.natGatewayId);
      ctx.schedule(stepDue, due, { natGatewayId: nat.natGatewayId, from: 'deleting' });
      ctx.emit(networkChanged, { vpcId: nat.vpcId });
    }
    return { NatGatewayId: nat.natGatewayId };
  },
};
