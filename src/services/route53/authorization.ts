// How IAM decides about Route 53: the resource of each operation, and its condition keys.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import type { ServiceDefinition } from '#cloud/service.ts';
import { normalName } from './names.ts';
import { plainId } from './tables.ts';

const zoneArn = (id: string): string => `arn:aws:route53:::hostedzone/${plainId(id)}`;
const ofZone = (_: Ctx, { HostedZoneId }: { HostedZoneId: string }): string => zoneArn(HostedZoneId);
const ofZoneId = (_: Ctx, { Id }: { Id: string }): string => zoneArn(Id);
const ofSet = (_: Ctx, { Id }: { Id: string }): string => `arn:aws:route53:::delegationset/${plainId(Id)}`;
const ofCheck = (_: Ctx, { HealthCheckId }: { HealthCheckId: string }): string =>
  `arn:aws:route53:::healthcheck/${HealthCheckId}`;

function batchConditions(
  _: Ctx,
  { ChangeBatch: { Changes } }: Input<'route53', 'ChangeResourceRecordSets'>,
): Record<string, readonly string[]> {
  const distinct = (values: readonly string[]): string[] => [...new Set(values)];
  const nameOf = (given: string): string => {
    const name = normalName(given);
    // Normalized names have no dot at their end.
    return typeof name === 'string' ? name.slice(0, -1) : given;
  };
  return {
    'route53:ChangeResourceRecordSetsNormalizedRecordNames': distinct(
      Changes.map(({ ResourceRecordSet }) => nameOf(ResourceRecordSet.Name)),
    ),
    'route53:ChangeResourceRecordSetsRecordTypes': distinct(
      Changes.map(({ ResourceRecordSet }) => ResourceRecordSet.Type),
    ),
    'route53:ChangeResourceRecordSetsActions': distinct(Changes.map(({ Action }) => Action)),
  };
}

function vpcCondition(
  _: Ctx,
  { VPC }: { VPC?: { VPCId?: string | undefined; VPCRegion?: string | undefined } | undefined },
): Record<string, string> {
  return VPC ? { 'route53:VPCs': `VPCId=${VPC.VPCId ?? ''},VPCRegion=${VPC.VPCRegion ?? ''}` } : {};
}

export const authorization: NonNullable<ServiceDefinition<'route53'>['authorization']> = {
  CreateHostedZone: { conditions: vpcCondition },
  GetReusableDelegationSet: { resources: ofSet },
  DeleteReusableDelegationSet: { resources: ofSet },
  GetReusableDelegationSetLimit: {
    resources: (ctx, { DelegationSetId }) => ofSet(ctx, { Id: DelegationSetId }),
  },
  GetHostedZone: { resources: ofZoneId },
  DeleteHostedZone: { resources: ofZoneId },
  UpdateHostedZoneComment: { resources: ofZoneId },
  GetHostedZoneLimit: { resources: ofZone },
  GetDNSSEC: { resources: ofZone },
  AssociateVPCWithHostedZone: { resources: ofZone, conditions: vpcCondition },
  DisassociateVPCFromHostedZone: { resources: ofZone, conditions: vpcCondition },
  ChangeResourceRecordSets: { resources: ofZone, conditions: batchConditions },
  ListResourceRecordSets: { resources: ofZone },
  GetChange: { resources: (_, { Id }) => `arn:aws:route53:::change/${plainId(Id)}` },
  GetHealthCheck: { resources: ofCheck },
  GetHealthCheckStatus: { resources: ofCheck },
  GetHealthCheckLastFailureReason: { resources: ofCheck },
  UpdateHealthCheck: { resources: ofCheck },
  DeleteHealthCheck: { resources: ofCheck },
  ChangeTagsForResource: {
    resources: (_, { ResourceType, ResourceId }) =>
      `arn:aws:route53:::${ResourceType}/${plainId(ResourceId)}`,
  },
  ListTagsForResource: {
    resources: (_, { ResourceType, ResourceId }) =>
      `arn:aws:route53:::${ResourceType}/${plainId(ResourceId)}`,
  },
  ListTagsForResources: {
    resources: (_, { ResourceType, ResourceIds }) =>
      ResourceIds.map((id) => `arn:aws:route53:::${ResourceType}/${plainId(id)}`),
  },
};
