// Attachments of VPCs to transit gateways, with a network interface in a subnet of each zone that they serve.
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { makeInterface, removeInterface } from '../interfaces/interfaces.ts';
import { listed, unmodelled } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { transitAttachmentStep, transitGatewayVisible } from '../timings.ts';
import { interfaces, subnetOf, subnets, vpcOf } from '../vpcs/network.ts';
import { availableTransitGateway, transitAttachments, transitRouteTables } from './transit-gateways.ts';
import type { TransitAttachment } from './transit-gateways.ts';

type WireVpcAttachment = NonNullable<
  Output<'ec2', 'CreateTransitGatewayVpcAttachment'>['TransitGatewayVpcAttachment']
>;
type WireAttachment = NonNullable<
  Output<'ec2', 'DescribeTransitGatewayAttachments'>['TransitGatewayAttachments']
>[number];
type Step = { attachmentId: string; from: TransitAttachment['state'] };

const stepDue: TimerKind<Step> = timer<Step>('ec2/transit-gateway-attachment-step');
/** A deleted one disappears from view. */
const forgetDue: TimerKind<Step> = timer<Step>('ec2/transit-gateway-attachment-forget', { background: true });

const live = (ctx: Ctx, { attachmentId, from }: Step): boolean =>
  ctx.get(transitAttachments, attachmentId)?.state === from;

export const transitAttachmentDue: TimerHandler<Step, Ctx> = {
  kind: stepDue,
  live,
  fire(ctx, { attachmentId, from }) {
    const row = ctx.get(transitAttachments, attachmentId) as TransitAttachment;
    if (from === 'pending') ctx.update(transitAttachments, row, { state: 'available' });
    else remove(ctx, row);
    ctx.emit(networkChanged, { vpcId: row.vpcId });
  },
};

export const transitAttachmentForget: TimerHandler<Step, Ctx> = {
  kind: forgetDue,
  live,
  fire(ctx, { attachmentId }) {
    ctx.delete(transitAttachments, attachmentId);
    removeTagsOf(ctx, attachmentId);
  },
};

function stepLater(ctx: Ctx, attachmentId: string, from: TransitAttachment['state']): void {
  ctx.schedule(stepDue, ctx.now + ctx.duration(transitAttachmentStep, attachmentId), { attachmentId, from });
}

function remove(ctx: Ctx, attachment: TransitAttachment): void {
  const { associationTableId: _, ...row } = attachment;
  const { attachmentId, gatewayId } = row;
  for (const { interfaceId } of ctx.list(interfaces, 'owner', attachmentId))
    removeInterface(ctx, interfaceId);
  for (const table of ctx.list(transitRouteTables, 'gateway', gatewayId)) {
    if (!table.propagating.includes(attachmentId)) continue;
    const propagating = table.propagating.filter((id) => id !== attachmentId);
    ctx.update(transitRouteTables, table, { propagating });
  }
  ctx.put(transitAttachments, { ...row, state: 'deleted' });
  const due = ctx.now + ctx.duration(transitGatewayVisible, attachmentId);
  ctx.schedule(forgetDue, due, { attachmentId, from: 'deleted' });
}

export function transitAttachmentOf(ctx: Ctx, id: string | undefined): TransitAttachment {
  const found = id === undefined ? undefined : ctx.get(transitAttachments, id);
  if (found) return found;
  throw new Fault(
    'InvalidTransitGatewayAttachmentID.NotFound',
    `Transit Gateway Attachment ${id} was deleted or does not exist.`,
  );
}

/** One that stands. */
export function availableAttachment(ctx: Ctx, id: string | undefined): TransitAttachment {
  const row = transitAttachmentOf(ctx, id);
  if (row.state === 'available') return row;
  throw new Fault('IncorrectState', `${row.attachmentId} is in invalid state: ${row.state}`);
}

/** Puts an interface into each subnet: one for each zone at most. */
function enter(
  ctx: Ctx,
  { attachmentId, vpcId, subnetIds }: TransitAttachment,
  added: readonly string[],
): void {
  const zones = new Set(subnetIds.map((id) => ctx.get(subnets, id)?.zone));
  for (const id of added) {
    const subnet = subnetOf(ctx, id);
    if (subnet.vpcId !== vpcId)
      throw new Fault('InvalidParameterValue', `Subnet ${id} does not belong to VPC ${vpcId}`);
    if (zones.has(subnet.zone))
      throw new Fault('DuplicateSubnetsInSameZone', `Duplicate Subnets for same AZ: ${id} in ${subnet.zone}`);
    zones.add(subnet.zone);
    makeInterface(ctx, subnet, {
      kind: 'transit_gateway',
      ownerId: attachmentId,
      description: `Network Interface for Transit Gateway Attachment ${attachmentId}`,
      groupIds: [],
    });
  }
}

function describe(ctx: Ctx, row: TransitAttachment): WireVpcAttachment {
  return {
    TransitGatewayAttachmentId: row.attachmentId,
    TransitGatewayId: row.gatewayId,
    VpcId: row.vpcId,
    VpcOwnerId: ctx.account,
    State: row.state,
    SubnetIds: row.subnetIds,
    CreationTime: row.createdAt,
    Options: {
      DnsSupport: row.dns,
      SecurityGroupReferencingSupport: 'disable',
      Ipv6Support: 'disable',
      ApplianceModeSupport: 'disable',
    },
    Tags: tagsShown(ctx, row.attachmentId),
  };
}

function describeAny(ctx: Ctx, row: TransitAttachment): WireAttachment {
  return {
    TransitGatewayAttachmentId: row.attachmentId,
    TransitGatewayId: row.gatewayId,
    TransitGatewayOwnerId: ctx.account,
    ResourceOwnerId: ctx.account,
    ResourceType: 'vpc',
    ResourceId: row.vpcId,
    State: row.state,
    Association:
      row.associationTableId === undefined
        ? undefined
        : { TransitGatewayRouteTableId: row.associationTableId, State: 'associated' },
    CreationTime: row.createdAt,
    Tags: tagsShown(ctx, row.attachmentId),
  };
}

type Options = NonNullable<Input<'ec2', 'CreateTransitGatewayVpcAttachment'>['Options']>;

function refuse({ ApplianceModeSupport, Ipv6Support, SecurityGroupReferencingSupport }: Options): void {
  if (ApplianceModeSupport === 'enable') throw unmodelled('The appliance mode of an attachment');
  if (Ipv6Support === 'enable') throw unmodelled('IPv6');
  if (SecurityGroupReferencingSupport === 'enable')
    throw unmodelled('Referencing security groups over a transit gateway');
}

export const transitAttachmentOperations: Operations<'ec2'> = {
  CreateTransitGatewayVpcAttachment(
    ctx,
    { TransitGatewayId, VpcId, SubnetIds, Options = {}, TagSpecifications },
  ) {
    const gateway = availableTransitGateway(ctx, TransitGatewayId);
    const { gatewayId, associationTableId, propagationTableId } = gateway;
    const { vpcId } = vpcOf(ctx, VpcId);
    refuse(Options);
    const standing = ctx
      .list(transitAttachments, 'gateway', gatewayId)
      .some((one) => one.vpcId === vpcId && one.state !== 'deleted');
    if (standing) {
      throw new Fault(
        'DuplicateTransitGatewayAttachment',
        `${gatewayId} has non-deleted Transit Gateway Attachments with same VPC ID.`,
      );
    }
    const row: TransitAttachment = {
      attachmentId: `tgw-attach-${ctx.id('transit-gateway-attachment')}`,
      gatewayId,
      vpcId,
      state: 'pending',
      createdAt: ctx.now,
      subnetIds: [],
      dns: Options.DnsSupport ?? 'enable',
      ...(associationTableId !== undefined && { associationTableId }),
    };
    enter(ctx, row, SubnetIds);
    const made = { ...row, subnetIds: SubnetIds };
    ctx.put(transitAttachments, made);
    const table =
      propagationTableId === undefined ? undefined : ctx.get(transitRouteTables, propagationTableId);
    if (table) {
      const propagating = [...table.propagating, row.attachmentId];
      ctx.update(transitRouteTables, table, { propagating });
    }
    tagCreated(ctx, TagSpecifications, row.attachmentId);
    stepLater(ctx, row.attachmentId, 'pending');
    const { Tags, ...shown } = describe(ctx, made);
    return { TransitGatewayVpcAttachment: { ...shown, ...(Tags && Tags.length > 0 && { Tags }) } };
  },

  DescribeTransitGatewayVpcAttachments(
    ctx,
    { TransitGatewayAttachmentIds: ids, Filters, NextToken, MaxResults },
  ) {
    const where = filtered<TransitAttachment>(Filters, {
      operation: 'DescribeTransitGatewayVpcAttachments',
      values: {
        state: (row) => row.state,
        'transit-gateway-attachment-id': (row) => row.attachmentId,
        'transit-gateway-id': (row) => row.gatewayId,
        'vpc-id': (row) => row.vpcId,
      },
      tags: (row) => tagsOf(ctx, row.attachmentId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, transitAttachments, { ids, of: transitAttachmentOf, where, page });
    return { TransitGatewayVpcAttachments: rows.map((row) => describe(ctx, row)), NextToken: next };
  },

  DescribeTransitGatewayAttachments(
    ctx,
    { TransitGatewayAttachmentIds: ids, Filters, NextToken, MaxResults },
  ) {
    const where = filtered<TransitAttachment>(Filters, {
      operation: 'DescribeTransitGatewayAttachments',
      values: {
        'association.state': (row) => (row.associationTableId === undefined ? undefined : 'associated'),
        'association.transit-gateway-route-table-id': (row) => row.associationTableId,
        'resource-id': (row) => row.vpcId,
        'resource-owner-id': () => ctx.account,
        'resource-type': () => 'vpc',
        state: (row) => row.state,
        'transit-gateway-attachment-id': (row) => row.attachmentId,
        'transit-gateway-id': (row) => row.gatewayId,
        'transit-gateway-owner-id': () => ctx.account,
      },
      tags: (row) => tagsOf(ctx, row.attachmentId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, transitAttachments, { ids, of: transitAttachmentOf, where, page });
    return { TransitGatewayAttachments: rows.map((row) => describeAny(ctx, row)), NextToken: next };
  },

  ModifyTransitGatewayVpcAttachment(ctx, { TransitGatewayAttachmentId, Options = {}, ...subnetChanges }) {
    const { AddSubnetIds: added = [], RemoveSubnetIds: removed = [] } = subnetChanges;
    const row = availableAttachment(ctx, TransitGatewayAttachmentId);
    refuse(Options);
    const staying = row.subnetIds.filter((id) => !removed.includes(id));
    if (staying.length + added.length === 0) {
      throw new Fault('InsufficientSubnetsException', `${row.attachmentId} must have at least one subnet.`);
    }
    for (const { interfaceId, subnetId } of ctx.list(interfaces, 'owner', row.attachmentId))
      if (removed.includes(subnetId)) removeInterface(ctx, interfaceId);
    enter(ctx, { ...row, subnetIds: staying }, added);
    const change = { subnetIds: [...staying, ...added], dns: Options.DnsSupport ?? row.dns };
    ctx.emit(networkChanged, { vpcId: row.vpcId });
    return { TransitGatewayVpcAttachment: describe(ctx, ctx.update(transitAttachments, row, change)) };
  },

  DeleteTransitGatewayVpcAttachment(ctx, { TransitGatewayAttachmentId }) {
    const row = availableAttachment(ctx, TransitGatewayAttachmentId);
    const shown = ctx.update(transitAttachments, row, { state: 'deleting' });
    ctx.emit(networkChanged, { vpcId: row.vpcId });
    stepLater(ctx, row.attachmentId, 'deleting');
    return { TransitGatewayVpcAttachment: describe(ctx, shown) };
  },
};
