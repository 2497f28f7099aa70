// Where a group launches: subnets, or zones with EC2's default subnets.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { roleOf } from '../group.ts';
import type { Group } from '../group.ts';

interface Wanted {
  AvailabilityZones?: readonly string[] | undefined;
  VPCZoneIdentifier?: string | undefined;
}

/** Zones and subnets of a request. Throws AWS's errors where they do not exist or do not agree. */
export function placesOf(
  ctx: Ctx,
  group: Pick<Group, 'roleArn'>,
  wanted: Wanted,
): Pick<Group, 'zones' | 'subnets'> {
  const { AvailabilityZones: zones = [], VPCZoneIdentifier: identifier = '' } = wanted;
  const ids = identifier.split(',').flatMap((id) => (id.trim() === '' ? [] : [id.trim()]));
  if (ids.length === 0) return { zones: checkedZones(ctx, zones), subnets: [] };
  const found = ctx.call('ec2', 'DescribeSubnets', { SubnetIds: ids }, roleOf(group));
  if (!found.ok) throw new Fault('ValidationError', found.fault.message);
  const zoneOf = new Map(
    (found.output.Subnets ?? []).map((subnet) => [subnet.SubnetId, subnet.AvailabilityZone ?? '']),
  );
  const subnets = ids.map((id) => ({ id, zone: zoneOf.get(id) ?? '' }));
  const ofSubnets = [...new Set(subnets.map(({ zone }) => zone))].toSorted();
  if (zones.length > 0 && zones.toSorted().join() !== ofSubnets.join()) {
    throw new Fault(
      'ValidationError',
      'The availability zones of the specified subnets and the Auto Scaling group do not match',
    );
  }
  return { zones: ofSubnets, subnets };
}

function checkedZones(ctx: Ctx, zones: readonly string[]): readonly string[] {
  if (zones.length === 0)
    throw new Fault('ValidationError', 'At least one Availability Zone or VPC Subnet is required.');
  const foreign = zones.filter((zone) => !new RegExp(`^${ctx.region}[a-z]$`).test(zone));
  if (foreign.length > 0)
    throw new Fault('ValidationError', `Invalid availability zones: [${foreign.join(', ')}]`);
  return [...new Set(zones)].toSorted();
}
