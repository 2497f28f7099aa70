// What IAM is asked for operations on VPN and transit gateways; see ./authorization.ts.

import type { Ctx } from '#cloud/ctx.ts';
import type { ResourceType } from './tags.ts';

/** Which resources an operation touches: kinds that it creates, and members that name existing ones by id. */
export interface Touched {
  readonly creates?: readonly ResourceType[];
  readonly members?: Readonly<Record<string, ResourceType>>;
  /** Further ids, where a request names its resource otherwise. */
  readonly also?: (ctx: Ctx, input: never) => readonly (string | undefined)[];
}

const vpc = { VpcId: 'vpc' } as const;
const propagation = { members: { GatewayId: 'vpn-gateway', RouteTableId: 'route-table' } } as const;
const transit = { members: { TransitGatewayId: 'transit-gateway' } } as const;
const transitAttachment = { members: { TransitGatewayAttachmentId: 'transit-gateway-attachment' } } as const;
const transitTable = { members: { TransitGatewayRouteTableId: 'transit-gateway-route-table' } } as const;
const transitPair = { members: { ...transitTable.members, ...transitAttachment.members } } as const;

export const GATEWAYS_TOUCHED: Readonly<Record<string, Touched>> = {
  AssociateTransitGatewayRouteTable: transitPair,
  AttachVpnGateway: { members: { ...vpc, VpnGatewayId: 'vpn-gateway' } },
  CreateCustomerGateway: { creates: ['customer-gateway'] },
  CreateTransitGateway: { creates: ['transit-gateway'] },
  CreateTransitGatewayRoute: transitPair,
  CreateTransitGatewayRouteTable: { creates: ['transit-gateway-route-table'], ...transit },
  CreateTransitGatewayVpcAttachment: {
    creates: ['transit-gateway-attachment'],
    members: { ...transit.members, ...vpc, SubnetIds: 'subnet' },
  },
  CreateVpnGateway: { creates: ['vpn-gateway'] },
  DeleteCustomerGateway: { members: { CustomerGatewayId: 'customer-gateway' } },
  DeleteTransitGateway: transit,
  DeleteTransitGatewayRoute: transitTable,
  DeleteTransitGatewayRouteTable: transitTable,
  DeleteTransitGatewayVpcAttachment: transitAttachment,
  DeleteVpnGateway: { members: { VpnGatewayId: 'vpn-gateway' } },
  DetachVpnGateway: { members: { ...vpc, VpnGatewayId: 'vpn-gateway' } },
  DisableTransitGatewayRouteTablePropagation: transitPair,
  DisableVgwRoutePropagation: propagation,
  DisassociateTransitGatewayRouteTable: transitPair,
  EnableTransitGatewayRouteTablePropagation: transitPair,
  EnableVgwRoutePropagation: propagation,
  GetTransitGatewayRouteTableAssociations: transitTable,
  GetTransitGatewayRouteTablePropagations: transitTable,
  ModifyTransitGateway: transit,
  ModifyTransitGatewayVpcAttachment: {
    members: { ...transitAttachment.members, AddSubnetIds: 'subnet', RemoveSubnetIds: 'subnet' },
  },
  ReplaceTransitGatewayRoute: transitPair,
  SearchTransitGatewayRoutes: transitTable,
};
