// Regions and their Availability Zones.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { active } from '#cloud/injections.ts';
import type { Operations } from '#cloud/service.ts';
import { filtered } from './filters.ts';

/**
 * Regions that every account has without opting in, and how they are called.
 * https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
 */
const REGIONS: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'Asia Pacific (Tokyo)',
  'ap-northeast-2': 'Asia Pacific (Seoul)',
  'ap-northeast-3': 'Asia Pacific (Osaka)',
  'ap-south-1': 'Asia Pacific (Mumbai)',
  'ap-southeast-1': 'Asia Pacific (Singapore)',
  'ap-southeast-2': 'Asia Pacific (Sydney)',
  'ca-central-1': 'Canada (Central)',
  'eu-central-1': 'Europe (Frankfurt)',
  'eu-north-1': 'Europe (Stockholm)',
  'eu-west-1': 'Europe (Ireland)',
  'eu-west-2': 'Europe (London)',
  'eu-west-3': 'Europe (Paris)',
  'sa-east-1': 'South America (Sao Paulo)',
  'us-east-1': 'US East (N. Virginia)',
  'us-east-2': 'US East (Ohio)',
  'us-west-1': 'US West (N. California)',
  'us-west-2': 'US West (Oregon)',
};

/** Those that an account has to opt in to. Here none has, and all can be used. */
const OPTIONAL_REGIONS: readonly string[] = [
  'af-south-1',
  'ap-east-1',
  'ap-east-2',
  'ap-south-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-west-1',
  'eu-central-2',
  'eu-south-1',
  'eu-south-2',
  'il-central-1',
  'me-central-1',
  'me-south-1',
  'mx-central-1',
];

/** `apse3` of `ap-southeast-3`: how zone ids begin. */
function abbreviation(region: string): string {
  const [area = '', ...rest] = region.split('-');
  const directions = rest.join('').replaceAll(/north|south|east|west|central|gov/g, (word) => word[0] ?? '');
  return area + directions;
}

/** Three zones in every region; AWS has between two and six. */
const LETTERS = ['a', 'b', 'c'] as const;

/** The names of a region's zones. */
export function zonesOf(region: string): string[] {
  return LETTERS.map((letter) => `${region}${letter}`);
}

/**
 * AWS maps zone names to zone ids differently for each account. In us-east-1 this is the mapping of the account in which
 * LocalStack's and moto's answers were recorded; elsewhere a is 1, b is 2 and c is 3.
 */
const ORDINALS: Readonly<Record<string, readonly number[]>> = { 'us-east-1': [6, 1, 2] };

export function zoneId(zone: string): string {
  const region = zone.slice(0, -1);
  const at = LETTERS.indexOf(zone.slice(-1) as (typeof LETTERS)[number]);
  return `${abbreviation(region)}-az${ORDINALS[region]?.[at] ?? at + 1}`;
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
        ...(Object.hasOwn(REGIONS, ctx.region) && { GroupLongName: `${REGIONS[ctx.region]} 1` }),
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

  DescribeRegions(_, { RegionNames = [], AllRegions = false, Filters }) {
    const optional = AllRegions || RegionNames.length > 0 ? OPTIONAL_REGIONS : [];
    const known = [...Object.keys(REGIONS), ...optional].toSorted();
    for (const name of RegionNames)
      if (!known.includes(name)) throw new Fault('InvalidParameterValue', `Invalid region: [${name}]`);
    const shown = known
      .filter((name) => RegionNames.length === 0 || RegionNames.includes(name))
      .map((name) => ({
        RegionName: name,
        Endpoint: `ec2.${name}.amazonaws.com`,
        OptInStatus: Object.hasOwn(REGIONS, name) ? 'opt-in-not-required' : 'not-opted-in',
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
