// What every account has in every region before anyone asks: a default VPC with a public subnet in each zone.
// https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { zonesOf } from '../zones.ts';
import { makeDefaultOptions } from './dhcp-options.ts';
import {
  defaultVpc,
  internetGateways,
  regionStarts,
  routeTableFor,
  routeTables,
  subnets,
} from './network.ts';
import type { Vpc } from './network.ts';
import { makeSubnet } from './subnets.ts';
import { makeVpc, vpcOperations } from './vpcs.ts';

/** /20 blocks of 172.31.0.0/16, in the order of the zones. */
const SUBNET_BLOCKS = ['172.31.0.0/20', '172.31.16.0/20', '172.31.32.0/20'];

/**
 * Makes the default VPC before the first operation on a region looks at it; the ids depend on the seed alone.
 */
export function ensureDefaults(ctx: Ctx): void {
  if (ctx.get(regionStarts, 'start')) return;
  ctx.put(regionStarts, { id: 'start', at: ctx.now, dhcpOptionsId: makeDefaultOptions(ctx) });
  makeDefaultVpc(ctx);
}

function makeDefaultVpc(ctx: Ctx): Vpc {
  const vpc = makeVpc(ctx, '172.31.0.0/16', true);
  const internetGatewayId = `igw-${ctx.id('internet-gateway')}`;
  ctx.put(internetGateways, { internetGatewayId, vpcId: vpc.vpcId });
  zonesOf(ctx.region).forEach((zone, ordinal) =>
    makeSubnet(ctx, vpc, zone, SUBNET_BLOCKS[ordinal] as string, true),
  );
  const first = ctx.list(subnets, 'vpc', vpc.vpcId)[0];
  if (first) {
    const main = routeTableFor(ctx, first);
    const toInternet = {
      destination: '0.0.0.0/0',
      kind: 'internetGateway',
      target: internetGatewayId,
    } as const;
    ctx.update(routeTables, main, { routes: [...main.routes, toInternet] });
  }
  return vpc;
}

export const defaultOperations: Operations<'ec2'> = {
  CreateDefaultVpc(ctx) {
    if (defaultVpc(ctx)) {
      throw new Fault(
        'DefaultVpcAlreadyExists',
        'A Default VPC already exists for this account in this region.',
      );
    }
    const { vpcId } = makeDefaultVpc(ctx);
    const shown = vpcOperations.DescribeVpcs?.(ctx, { VpcIds: [vpcId] }) as { Vpcs?: readonly object[] };
    return { Vpc: shown.Vpcs?.[0] };
  },
};
