// Further IPv4 blocks of a VPC, beside the one with which it was made.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { networkChanged } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { peeredVpcs } from '../gateways/peering.ts';
import { localRoute } from '../gateways/routes.ts';
import { dependency, networkOf } from '../requests.ts';
import { covers, formatBlock, overlaps, parseBlock } from './cidr.ts';
import type { Block } from './cidr.ts';
import { blocksOf, routeTables, subnets, vpcOf, vpcs } from './network.ts';
import type { Vpc } from './network.ts';

/** https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const MOST_BLOCKS = 5;

const block = (cidr: string): Block => parseBlock(cidr) as Block;

/** Private ranges that cannot be mixed in one VPC. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '198.19.0.0/16'].map(block);

function checkBlock(ctx: Ctx, vpc: Vpc, cidr: string | undefined): string {
  const network = networkOf(cidr);
  if (network.bits < 16 || network.bits > 28)
    throw new Fault('InvalidVpc.Range', `The CIDR '${cidr}' is invalid.`);
  const primary = block(vpc.cidr);
  const mixed = PRIVATE.some((range) => overlaps(range, network) && !covers(range, primary));
  if (mixed) {
    throw new Fault(
      'InvalidVpc.Range',
      `The CIDR '${cidr}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or ` +
        'use a publicly-routable CIDR. For additional restrictions, see ' +
        'https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html',
    );
  }
  const taken = [vpc, ...peeredVpcs(ctx, vpc.vpcId)].flatMap(blocksOf);
  if (taken.some((other) => overlaps(block(other.cidr), network)))
    throw new Fault('InvalidVpc.Conflict', `The CIDR '${cidr}' conflicts with another CIDR block of the VPC`);
  return formatBlock(network);
}

/** Every route table of a VPC leads to all of its blocks. */
function setLocalRoutes(ctx: Ctx, vpc: Vpc): void {
  const local = blocksOf(vpc).map(({ cidr }) => localRoute(cidr));
  for (const table of ctx.list(routeTables, 'vpc', vpc.vpcId)) {
    const others = table.routes.filter(({ kind }) => kind !== 'local');
    ctx.update(routeTables, table, { routes: [...local, ...others] });
  }
  ctx.emit(networkChanged, { vpcId: vpc.vpcId });
}

export const vpcCidrBlockOperations: Operations<'ec2'> = {
  AssociateVpcCidrBlock(ctx, { VpcId, CidrBlock }) {
    const vpc = vpcOf(ctx, VpcId);
    if (blocksOf(vpc).length >= MOST_BLOCKS) {
      throw new Fault(
        'CidrLimitExceeded',
        `This network ${vpc.vpcId} has met its maximum number of allowed CIDRs: ${MOST_BLOCKS}`,
      );
    }
    const cidr = checkBlock(ctx, vpc, CidrBlock);
    const associationId = `vpc-cidr-assoc-${ctx.id('vpc-cidr-association')}`;
    const secondary = [...(vpc.secondary ?? []), { associationId, cidr }];
    setLocalRoutes(ctx, ctx.update(vpcs, vpc, { secondary }));
    return {
      VpcId: vpc.vpcId,
      CidrBlockAssociation: {
        AssociationId: associationId,
        CidrBlock: cidr,
        CidrBlockState: { State: 'associating' },
      },
    };
  },

  DisassociateVpcCidrBlock(ctx, { AssociationId }) {
    const vpc = ctx
      .list(vpcs)
      .find((one) => blocksOf(one).some(({ associationId }) => associationId === AssociationId));
    const found = vpc && blocksOf(vpc).find(({ associationId }) => associationId === AssociationId);
    if (!vpc || !found) {
      throw new Fault(
        'InvalidVpcCidrBlockAssociationIdError.NotFound',
        `The vpc CIDR block association ID '${AssociationId}' does not exist`,
      );
    }
    if (AssociationId === vpc.cidrAssociationId) {
      throw new Fault(
        'OperationNotPermitted',
        `The vpc CIDR block with association ID ${AssociationId} may not be disassociated. ` +
          'It is the primary IPv4 CIDR block of the VPC',
      );
    }
    if (ctx.list(subnets, 'vpc', vpc.vpcId).some(({ cidr }) => covers(block(found.cidr), block(cidr))))
      throw dependency(`The vpc CIDR block with association ID ${AssociationId} has dependencies.`);
    const secondary = (vpc.secondary ?? []).filter((one) => one.associationId !== AssociationId);
    setLocalRoutes(ctx, ctx.update(vpcs, vpc, { secondary }));
    return {
      VpcId: vpc.vpcId,
      CidrBlockAssociation: {
        AssociationId,
        CidrBlock: found.cidr,
        CidrBlockState: { State: 'disassociating' },
      },
    };
  },
};
