// Private hosted zones and the VPCs in which they are known.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { forwarded } from '#cloud/principal.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { beginChange } from './changes.ts';
import { pageSize, QUOTAS } from './limits.ts';
import { hostedZones, zoneOf } from './tables.ts';
import type { HostedZone, ZoneVpc } from './tables.ts';
import { publishZone } from './zone-names.ts';

type Vpc = Input<'route53', 'AssociateVPCWithHostedZone'>['VPC'];
type Region = NonNullable<Vpc['VPCRegion']>;

/** The VPC that is meant. EC2 is asked with the caller's own permissions. */
export function vpcIn(ctx: Ctx, { VPCRegion = 'us-east-1', VPCId = '' }: Vpc): ZoneVpc {
  const there = ctx.in({ region: VPCRegion });
  const as = forwarded(ctx.principal, 'route53.amazonaws.com');
  const found = there.call('ec2', 'DescribeVpcs', { VpcIds: [VPCId] }, as);
  if (found.ok) return { region: VPCRegion, vpcId: VPCId };
  if (!/^InvalidVpcI[dD]/.test(found.fault.shape)) throw found.fault;
  throw new Fault('InvalidVPCId', 'The VPC ID is invalid.');
}

/** A VPC cannot have two zones of one name. */
export function checkConflict(ctx: Ctx, name: string, { region, vpcId }: ZoneVpc): void {
  const other = ctx
    .list(hostedZones)
    .find((zone) => zone.name === name && zone.vpcs.some((vpc) => vpc.vpcId === vpcId));
  if (!other) return;
  throw new Fault(
    'ConflictingDomainExists',
    `The VPC ${vpcId} in region ${region} has already been associated with the hosted zone ${other.id} with the same domain name.`,
  );
}

export function vpcsShown({ vpcs }: HostedZone): NonNullable<Output<'route53', 'GetHostedZone'>['VPCs']> {
  return vpcs.map(({ region, vpcId }) => ({ VPCRegion: region as Region, VPCId: vpcId }));
}

function privateZone(ctx: Ctx, id: string): HostedZone {
  const zone = zoneOf(ctx, id);
  if (zone.isPrivate) return zone;
  throw new Fault(
    'PublicZoneVPCAssociation',
    "You're trying to associate a VPC with a public hosted zone. Amazon Route 53 doesn't support associating a VPC with a public hosted zone.",
  );
}

export const vpcOperations: Operations<'route53'> = {
  AssociateVPCWithHostedZone(ctx, { HostedZoneId, VPC, Comment }) {
    const zone = privateZone(ctx, HostedZoneId);
    const vpc = vpcIn(ctx, VPC);
    checkConflict(ctx, zone.name, vpc);
    if (zone.vpcs.length >= QUOTAS.vpcsOfZone) {
      throw new Fault(
        'LimitsExceeded',
        `Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE - ${QUOTAS.vpcsOfZone}`,
      );
    }
    publishZone(ctx, ctx.update(hostedZones, zone, { vpcs: [...zone.vpcs, vpc] }));
    return { ChangeInfo: beginChange(ctx, zone.id, { comment: Comment }) };
  },

  DisassociateVPCFromHostedZone(ctx, { HostedZoneId, VPC, Comment }) {
    const zone = privateZone(ctx, HostedZoneId);
    const vpcs = zone.vpcs.filter(({ vpcId }) => vpcId !== VPC.VPCId);
    if (vpcs.length === zone.vpcs.length) {
      throw new Fault(
        'VPCAssociationNotFound',
        `The VPC: ${VPC.VPCId ?? ''} is not associated with the hosted zone ${zone.id}.`,
      );
    }
    if (vpcs.length === 0) {
      throw new Fault(
        'LastVPCAssociation',
        "The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is associated with the hosted zone. Amazon Route 53 doesn't support disassociating the last VPC from a hosted zone.",
      );
    }
    publishZone(ctx, ctx.update(hostedZones, zone, { vpcs }));
    return { ChangeInfo: beginChange(ctx, zone.id, { comment: Comment }) };
  },

  ListHostedZonesByVPC(ctx, { VPCId, VPCRegion, MaxItems, NextToken }) {
    const limit = pageSize(MaxItems);
    const here = ctx
      .list(hostedZones)
      .filter(({ vpcs }) => vpcs.some(({ region, vpcId }) => vpcId === VPCId && region === VPCRegion));
    const { items, next } = pageOf(here, ({ id }) => id, {
      token: NextToken,
      limit,
      invalidToken: () =>
        new Fault('InvalidPaginationToken', 'The value that you specified for NextToken is invalid.'),
    });
    return {
      HostedZoneSummaries: items.map(({ id, name }) => ({
        HostedZoneId: id,
        Name: name,
        Owner: { OwningAccount: ctx.account },
      })),
      MaxItems: String(limit),
      NextToken: next,
    };
  },
};
