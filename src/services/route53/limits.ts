// Quotas of Route 53, as AWS grants them to a new account.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html

import { Fault } from '#contract/fault.ts';
import type { Operations } from '#cloud/service.ts';
import { delegationSets, healthChecks, hostedZones, zoneOf } from './tables.ts';

export const QUOTAS = {
  hostedZones: 500,
  recordsOfZone: 10_000,
  vpcsOfZone: 300,
  delegationSets: 100,
  zonesOfDelegationSet: 100,
  healthChecks: 200,
  /** Weighted records of one name and type; other policies have the same. */
  recordsOfSet: 100,
  /** `ResourceRecord` elements of one request; those of an UPSERT count twice. */
  recordsOfBatch: 1000,
  /** Values of one record. */
  valuesOfRecord: 400,
} as const;

/** Most items of a page. https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZones.html */
const LONGEST_PAGE = 100;

/** Reads `MaxItems`, which is text. */
export function pageSize(text: string | undefined, longest: number = LONGEST_PAGE): number {
  if (text === undefined) return longest;
  const size = Number(text);
  if (/^\d{1,9}$/.test(text) && size >= 1) return Math.min(size, longest);
  throw new Fault('InvalidInput', `Invalid value for 'maxitems': ${text}`);
}

export const limitOperations: Operations<'route53'> = {
  GetAccountLimit(ctx, { Type }) {
    const [Value, Count] =
      Type === 'MAX_HOSTED_ZONES_BY_OWNER'
        ? [QUOTAS.hostedZones, ctx.list(hostedZones).length]
        : Type === 'MAX_HEALTH_CHECKS_BY_OWNER'
          ? [QUOTAS.healthChecks, ctx.list(healthChecks).length]
          : Type === 'MAX_REUSABLE_DELEGATION_SETS_BY_OWNER'
            ? [QUOTAS.delegationSets, ctx.list(delegationSets).length]
            : [undefined, 0];
    if (Value === undefined) throw new Fault('NotImplemented', `${Type} is not modelled by Sandtable.`);
    return { Limit: { Type, Value }, Count };
  },

  GetHostedZoneLimit(ctx, { HostedZoneId, Type }) {
    const zone = zoneOf(ctx, HostedZoneId);
    if (Type === 'MAX_RRSETS_BY_ZONE')
      return { Limit: { Type, Value: QUOTAS.recordsOfZone }, Count: zone.recordCount };
    if (!zone.isPrivate) {
      throw new Fault('HostedZoneNotPrivate', 'The specified hosted zone is a public hosted zone.');
    }
    return { Limit: { Type, Value: QUOTAS.vpcsOfZone }, Count: zone.vpcs.length };
  },
};
