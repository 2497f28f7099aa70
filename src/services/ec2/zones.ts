// Regions and their Availability Zones.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { active } from '#cloud/injections.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from './filters.ts';

/**
 * Regions that every account has without opting in, and how their zone ids begin.
 * https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
 */
const REGIONS: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'apne1',
  'ap-northeast-2': 'apne2',
  'ap-northeast-3': 'apne3',
  'ap-south-1': 'aps1',
  'ap-southeast-1': 'apse1',
  'ap-southeast-2': 'apse2',
  'ca-central-1': 'cac1',
  'eu-central-1': 'euc1',
  'eu-north-1': 'eun1',
  'eu-west-1': 'euw1',
  'eu-west-2': 'euw2',
  'eu-west-3': 'euw3',
  'sa-east-1': 'sae1',
  'us-east-1': 'use1',
  'us-east-2': 'use2',
  'us-west-1': 'usw1',
  'us-west-2': 'usw2',
};

/** Three zones in every region; AWS has between two and six. */
const LETTERS = ['a', 'b', 'c'] as const;

/** The names of a region's zones. */
export function zonesOf(region: string): string[] {
  return LETTERS.map((letter) => `${region}${letter}`);
}

/** AWS maps zone names to zone ids differently for each account; here a is 1, b is 2 and c is 3. */
export function zoneId(zone: string): string {
  const region = zone.slice(0, -1);
  const ordinal = LETTERS.indexOf(zone.slice(-1) as (typeof LETTERS)[number]) + 1;
  return `${REGIONS[region] ?? region.replaceAll('-', '')}-az${ordinal}`;
}

/** A zone by name or id, or EC2's answer where there is none. */
export function zoneOf(ctx: Ctx, name: string | undefined, id: string | undefined): string | undefined {
  if (name === undefined && id === undefined) return undefined;
  const found = zonesOf(ctx.region).find((zone) => zone === name || zoneId(zone) === id);
  if (found) return found;
  throw new Fault('InvalidParameterValue', `Invalid availability zone: [${name ?? id}]`);
}

/** Whether launches in a zone fail at the moment. */
export function withoutCapacity(ctx: Ctx, zone: string): boolean {
  return zoneLost(ctx, zone) || active(ctx, 'capacity-shortage').some((shortage) => shortage.zone === zone);
}

export function zoneLost(ctx: Ctx, zone: string): boolean {
  return active(ctx, 'zone-loss').some((loss) => loss.zone === zone);
}

export const zoneOperations: Operations<'ec2'> = {
  DescribeAvailabilityZones(ctx, { ZoneNames = [], ZoneIds = [], Filters }) {
    for (const name of ZoneNames) zoneOf(ctx, name, undefined);
    for (const id of ZoneIds) zoneOf(ctx, undefined, id);
    const shown = zonesOf(ctx.region)
      .filter((zone) => ZoneNames.length === 0 || ZoneNames.includes(zone))
      .filter((zone) => ZoneIds.length === 0 || ZoneIds.includes(zoneId(zone)))
      .map((zone) => ({
        State: 'available' as const,
        OptInStatus: 'opt-in-not-required' as const,
        Messages: [],
        RegionName: ctx.region,
        ZoneName: zone,
        ZoneId: zoneId(zone),
        GroupName: `${ctx.region}-zg-1`,
        NetworkBorderGroup: ctx.region,
        ZoneType: 'availability-zone',
      }));
    const where = filtered<(typeof shown)[number]>(Filters, {
      operation: 'DescribeAvailabilityZones',
      values: {
        'group-name': (zone) => zone.GroupName,
        'opt-in-status': (zone) => zone.OptInStatus,
        'region-name': (zone) => zone.RegionName,
        state: (zone) => zone.State,
        'zone-id': (zone) => zone.ZoneId,
        'zone-name': (zone) => zone.ZoneName,
        'zone-type': (zone) => zone.ZoneType,
      },
    });
    return { AvailabilityZones: shown.filter(where) };
  },

  DescribeRegions(_, { RegionNames = [], Filters }) {
    for (const name of RegionNames) {
      if (!Object.hasOwn(REGIONS, name))
        throw new Fault('InvalidParameterValue', `Invalid region: [${name}]`);
    }
    const shown = Object.keys(REGIONS)
      .filter((name) => RegionNames.length === 0 || RegionNames.includes(name))
      .map((name) => ({
        RegionName: name,
        Endpoint: `ec2.${name}.amazonaws.com`,
        OptInStatus: 'opt-in-not-required',
      }));
    const where = filtered<(typeof shown)[number]>(Filters, {
      operation: 'DescribeRegions',
      values: {
        endpoint: (region) => region.Endpoint,
        'opt-in-status': (region) => region.OptInStatus,
        'region-name': (region) => region.RegionName,
      },
    });
    return { Regions: shown.filter(where) };
  },
};
