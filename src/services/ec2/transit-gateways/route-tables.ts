// Route tables of transit gateways: which attachments they hold for, and which ones they know the blocks of.
// https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from '../filters.ts';
import { listed } from '../requests.ts';
import { removeTagsOf, tagCreated, tagsOf, tagsShown } from '../tags.ts';
import { availableAttachment } from './attachments.ts';
import {
  availableTransitGateway,
  makeTransitRouteTable,
  transitAttachments,
  transitGateways,
  transitRouteTables,
} from './transit-gateways.ts';
import type { TransitAttachment, TransitRouteTable } from './transit-gateways.ts';

type WireTable = NonNullable<Output<'ec2', 'CreateTransitGatewayRouteTable'>['TransitGatewayRouteTable']>;

export function transitRouteTableOf(ctx: Ctx, id: string | undefined): TransitRouteTable {
  const found = id === undefined ? undefined : ctx.get(transitRouteTables, id);
  if (found) return found;
  throw new Fault(
    'InvalidRouteTableID.NotFound',
    `Transit Gateway Route Table ${id} was deleted or does not exist.`,
  );
}

function describe(ctx: Ctx, { tableId, gatewayId, state, createdAt }: TransitRouteTable): WireTable {
  const gateway = ctx.get(transitGateways, gatewayId);
  return {
    TransitGatewayRouteTableId: tableId,
    TransitGatewayId: gatewayId,
    State: state,
    DefaultAssociationRouteTable: gateway?.associationTableId === tableId,
    DefaultPropagationRouteTable: gateway?.propagationTableId === tableId,
    CreationTime: createdAt,
    Tags: tagsShown(ctx, tableId),
  };
}

/** The attachments that a table holds for. */
function associatedWith(ctx: Ctx, { tableId, gatewayId }: TransitRouteTable): TransitAttachment[] {
  return ctx
    .list(transitAttachments, 'gateway', gatewayId)
    .filter((one) => one.associationTableId === tableId && one.state !== 'deleted');
}

/** Every VPC of a gateway meets its tables. */
export function tellVpcs(ctx: Ctx, gatewayId: string): void {
  for (const { vpcId } of ctx.list(transitAttachments, 'gateway', gatewayId))
    ctx.emit(networkChanged, { vpcId });
}

const resource = ({ attachmentId, vpcId }: TransitAttachment) =>
  ({ TransitGatewayAttachmentId: attachmentId, ResourceId: vpcId, ResourceType: 'vpc' }) as const;

const byResource = (operation: string) =>
  ({
    operation,
    values: {
      'resource-id': (row: TransitAttachment) => row.vpcId,
      'resource-type': () => 'vpc',
      'transit-gateway-attachment-id': (row: TransitAttachment) => row.attachmentId,
    },
  }) as const;

/** An attachment and a table of one gateway. */
function pair(
  ctx: Ctx,
  tableId: string,
  attachmentId: string | undefined,
): [TransitRouteTable, TransitAttachment] {
  const table = transitRouteTableOf(ctx, tableId);
  const attachment = availableAttachment(ctx, attachmentId);
  if (table.gatewayId === attachment.gatewayId) return [table, attachment];
  throw new Fault(
    'InvalidParameterValue',
    `${attachmentId} and ${tableId} belong to different transit gateways.`,
  );
}

export const transitRouteTableOperations: Operations<'ec2'> = {
  CreateTransitGatewayRouteTable(ctx, { TransitGatewayId, TagSpecifications }) {
    const { gatewayId } = availableTransitGateway(ctx, TransitGatewayId);
    const tableId = makeTransitRouteTable(ctx, gatewayId);
    tagCreated(ctx, TagSpecifications, tableId);
    return {
      TransitGatewayRouteTable: { ...describe(ctx, transitRouteTableOf(ctx, tableId)), State: 'pending' },
    };
  },

  DescribeTransitGatewayRouteTables(
    ctx,
    { TransitGatewayRouteTableIds: ids, Filters, NextToken, MaxResults },
  ) {
    const where = filtered<TransitRouteTable>(Filters, {
      operation: 'DescribeTransitGatewayRouteTables',
      values: {
        'default-association-route-table': (row) => describe(ctx, row).DefaultAssociationRouteTable,
        'default-propagation-route-table': (row) => describe(ctx, row).DefaultPropagationRouteTable,
        state: (row) => row.state,
        'transit-gateway-id': (row) => row.gatewayId,
        'transit-gateway-route-table-id': (row) => row.tableId,
      },
      tags: (row) => tagsOf(ctx, row.tableId),
    });
    const page = { NextToken, MaxResults };
    const { rows, next } = listed(ctx, transitRouteTables, { ids, of: transitRouteTableOf, where, page });
    return { TransitGatewayRouteTables: rows.map((row) => describe(ctx, row)), NextToken: next };
  },

  DeleteTransitGatewayRouteTable(ctx, { TransitGatewayRouteTableId }) {
    const table = transitRouteTableOf(ctx, TransitGatewayRouteTableId);
    const { DefaultAssociationRouteTable, DefaultPropagationRouteTable, ...shown } = describe(ctx, table);
    if (DefaultAssociationRouteTable || DefaultPropagationRouteTable || associatedWith(ctx, table).length > 0)
      throw new Fault('IncorrectState', `Cannot delete ${table.tableId}: it is in use.`);
    ctx.delete(transitRouteTables, table.tableId);
    removeTagsOf(ctx, table.tableId);
    return { TransitGatewayRouteTable: { ...shown, State: 'deleting' } };
  },

  AssociateTransitGatewayRouteTable(ctx, input) {
    const [{ tableId }, attachment] = pair(
      ctx,
      input.TransitGatewayRouteTableId,
      input.TransitGatewayAttachmentId,
    );
    if (attachment.associationTableId !== undefined) {
      throw new Fault(
        'Resource.AlreadyAssociated',
        `Transit Gateway Attachment ${attachment.attachmentId} is already associated to a route table.`,
      );
    }
    ctx.update(transitAttachments, attachment, { associationTableId: tableId });
    tellVpcs(ctx, attachment.gatewayId);
    return {
      Association: { ...resource(attachment), TransitGatewayRouteTableId: tableId, State: 'associating' },
    };
  },

  DisassociateTransitGatewayRouteTable(ctx, input) {
    const [{ tableId }, attachment] = pair(
      ctx,
      input.TransitGatewayRouteTableId,
      input.TransitGatewayAttachmentId,
    );
    const { associationTableId, ...rest } = attachment;
    if (associationTableId !== tableId) {
      throw new Fault(
        'InvalidAssociation.NotFound',
        `${attachment.attachmentId} is not associated with ${tableId}.`,
      );
    }
    ctx.put(transitAttachments, rest);
    tellVpcs(ctx, attachment.gatewayId);
    return {
      Association: { ...resource(attachment), TransitGatewayRouteTableId: tableId, State: 'disassociating' },
    };
  },

  EnableTransitGatewayRouteTablePropagation(ctx, input) {
    const [table, attachment] = pair(ctx, input.TransitGatewayRouteTableId, input.TransitGatewayAttachmentId);
    const { tableId, propagating } = table;
    if (propagating.includes(attachment.attachmentId)) {
      throw new Fault(
        'TransitGatewayRouteTablePropagation.Duplicate',
        `Propagation already exists between ${attachment.attachmentId} and ${tableId}.`,
      );
    }
    ctx.update(transitRouteTables, table, { propagating: [...propagating, attachment.attachmentId] });
    tellVpcs(ctx, attachment.gatewayId);
    return {
      Propagation: { ...resource(attachment), TransitGatewayRouteTableId: tableId, State: 'enabled' },
    };
  },

  DisableTransitGatewayRouteTablePropagation(ctx, input) {
    const [table, attachment] = pair(ctx, input.TransitGatewayRouteTableId, input.TransitGatewayAttachmentId);
    const { tableId, propagating } = table;
    if (!propagating.includes(attachment.attachmentId)) {
      throw new Fault(
        'TransitGatewayRouteTablePropagation.NotFound',
        `There is no propagation between ${attachment.attachmentId} and ${tableId}.`,
      );
    }
    const rest = propagating.filter((id) => id !== attachment.attachmentId);
    ctx.update(transitRouteTables, table, { propagating: rest });
    tellVpcs(ctx, attachment.gatewayId);
    return {
      Propagation: { ...resource(attachment), TransitGatewayRouteTableId: tableId, State: 'disabled' },
    };
  },

  GetTransitGatewayRouteTableAssociations(
    ctx,
    { TransitGatewayRouteTableId: id, Filters, NextToken, MaxResults },
  ) {
    const { tableId } = transitRouteTableOf(ctx, id);
    const fits = filtered<TransitAttachment>(Filters, byResource('GetTransitGatewayRouteTableAssociations'));
    const { rows, next } = listed(ctx, transitAttachments, {
      of: availableAttachment,
      where: (row) => row.associationTableId === tableId && row.state !== 'deleted' && fits(row),
      page: { NextToken, MaxResults },
    });
    const Associations = rows.map((row) => ({ ...resource(row), State: 'associated' as const }));
    return { Associations, NextToken: next };
  },

  GetTransitGatewayRouteTablePropagations(
    ctx,
    { TransitGatewayRouteTableId: id, Filters, NextToken, MaxResults },
  ) {
    const { propagating } = transitRouteTableOf(ctx, id);
    const fits = filtered<TransitAttachment>(Filters, byResource('GetTransitGatewayRouteTablePropagations'));
    const { rows, next } = listed(ctx, transitAttachments, {
      of: availableAttachment,
      where: (row) => propagating.includes(row.attachmentId) && fits(row),
      page: { NextToken, MaxResults },
    });
    const found = rows.map((row) => ({ ...resource(row), State: 'enabled' as const }));
    return { TransitGatewayRouteTablePropagations: found, NextToken: next };
  },
};
