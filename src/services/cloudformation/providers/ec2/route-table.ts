// AWS::EC2::RouteTable and AWS::EC2::Route.

import { provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';
import { patiently } from './patience.ts';
import { ownTags, retag, tagsOfNew } from './tagging.ts';

const table = provider({
  type: 'AWS::EC2::RouteTable',
  create(work) {
    const { RouteTable } = work.call('ec2', 'CreateRouteTable', {
      VpcId: work.properties.VpcId,
      TagSpecifications: tagsOfNew(work, 'route-table'),
    });
    return RouteTable?.RouteTableId ?? '';
  },
  update: (work) => retag(work),
  ...patiently<'AWS::EC2::RouteTable'>((work) => {
    work.find('ec2', 'DeleteRouteTable', { RouteTableId: work.physicalId });
  }),
  attributes: ({ physicalId }) => ({ RouteTableId: physicalId }),
  read(work) {
    const found = work.find('ec2', 'DescribeRouteTables', { RouteTableIds: [work.physicalId] });
    const one = found?.RouteTables?.[0];
    return one && { VpcId: one.VpcId ?? '', Tags: ownTags(work, one.Tags) };
  },
});

type Route = Work<'AWS::EC2::Route'>;

/** Where a route leads from and to, as the API takes it. What EC2 does not model, it refuses itself. */
function routeOf({ properties }: Route) {
  const { RouteTableId, DestinationCidrBlock, DestinationPrefixListId } = properties;
  const { GatewayId, NatGatewayId, VpcPeeringConnectionId } = properties;
  return {
    RouteTableId,
    DestinationCidrBlock,
    DestinationPrefixListId,
    GatewayId,
    NatGatewayId,
    VpcPeeringConnectionId,
  };
}

/** `rtb-1|0.0.0.0/0`. */
function destinationOf(physicalId: string): {
  RouteTableId: string;
  DestinationCidrBlock?: string;
  DestinationPrefixListId?: string;
} {
  const [RouteTableId = '', destination = ''] = physicalId.split('|');
  return destination.startsWith('pl-')
    ? { RouteTableId, DestinationPrefixListId: destination }
    : { RouteTableId, DestinationCidrBlock: destination };
}

const route = provider({
  type: 'AWS::EC2::Route',
  refused: [
    'CarrierGatewayId',
    'CoreNetworkArn',
    'DestinationIpv6CidrBlock',
    'EgressOnlyInternetGatewayId',
    'InstanceId',
    'LocalGatewayId',
    'NetworkInterfaceId',
    'OdbNetworkArn',
    'TransitGatewayId',
    'VpcEndpointId',
  ],
  create(work) {
    const { RouteTableId, DestinationCidrBlock, DestinationPrefixListId } = work.properties;
    work.call('ec2', 'CreateRoute', routeOf(work));
    return `${RouteTableId}|${DestinationCidrBlock ?? DestinationPrefixListId ?? ''}`;
  },
  update(work) {
    work.call('ec2', 'ReplaceRoute', routeOf(work));
  },
  delete(work) {
    work.find('ec2', 'DeleteRoute', destinationOf(work.physicalId));
  },
  attributes: ({ physicalId }) => ({ CidrBlock: physicalId.split('|')[1] ?? '' }),
  read(work) {
    const { RouteTableId, DestinationCidrBlock, DestinationPrefixListId } = destinationOf(work.physicalId);
    const found = work.find('ec2', 'DescribeRouteTables', { RouteTableIds: [RouteTableId] });
    const one = found?.RouteTables?.[0]?.Routes?.find((each) =>
      DestinationCidrBlock === undefined
        ? each.DestinationPrefixListId === DestinationPrefixListId
        : each.DestinationCidrBlock === DestinationCidrBlock,
    );
    if (!one) return undefined;
    const { GatewayId, NatGatewayId, VpcPeeringConnectionId } = one;
    return {
      RouteTableId,
      ...(DestinationCidrBlock !== undefined && { DestinationCidrBlock }),
      ...(DestinationPrefixListId !== undefined && { DestinationPrefixListId }),
      ...(GatewayId !== undefined && { GatewayId }),
      ...(NatGatewayId !== undefined && { NatGatewayId }),
      ...(VpcPeeringConnectionId !== undefined && { VpcPeeringConnectionId }),
    };
  },
});

export const routeTables: readonly Provider[] = [table, route];
