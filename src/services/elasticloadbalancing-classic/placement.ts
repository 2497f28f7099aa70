// Where a load balancer has nodes, and which security groups they have. Zones are named in the default VPC, subnets in any.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-manage-subnets.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { routingChanged } from '#cloud/ports/routing.ts';
import type { Operations } from '#cloud/service.ts';
import { wakeInstances } from './instances.ts';
import { arnOf, loadBalancerOf, loadBalancers } from './tables.ts';
import type { LoadBalancer } from './tables.ts';
import { defaultPlacement, isDefaultVpc, placementIn, securityGroupsIn } from './vpc.ts';
import type { Placement } from './vpc.ts';

function place(ctx: Ctx, row: LoadBalancer, subnets: Placement['subnets']): LoadBalancer {
  const after = ctx.update(loadBalancers, row, { subnets });
  wakeInstances(ctx, row.name);
  ctx.emit(routingChanged, { loadBalancerArn: arnOf(ctx, row.name) });
  return after;
}

function idsOf({ subnets }: LoadBalancer): string[] {
  return subnets.map(({ subnetId }) => subnetId);
}

function zonesOf({ subnets }: LoadBalancer): string[] {
  return subnets.map(({ zone }) => zone);
}

function invalid(message: string): Fault {
  return new Fault('InvalidConfigurationRequestException', message);
}

/** The load balancer with further subnets. */
function attach(ctx: Ctx, row: LoadBalancer, subnetIds: readonly string[]): LoadBalancer {
  const { vpcId, subnets } = placementIn(ctx, [...idsOf(row), ...subnetIds]);
  if (vpcId !== row.vpcId) throw invalid('All subnets must belong to the VPC of the load balancer.');
  return place(ctx, row, subnets);
}

/** The load balancer without some of its subnets; it keeps one at least. */
function detach(
  ctx: Ctx,
  row: LoadBalancer,
  what: string,
  leaves: (subnet: Placement['subnets'][number]) => boolean,
): LoadBalancer {
  const kept = row.subnets.filter((subnet) => !leaves(subnet));
  if (kept.length === 0) throw invalid(`A load balancer keeps at least one ${what}.`);
  return place(ctx, row, kept);
}

function checkDefaultVpc(ctx: Ctx, { name, vpcId }: LoadBalancer): void {
  if (isDefaultVpc(ctx, vpcId)) return;
  throw invalid(`Load balancer ${name} is in the VPC ${vpcId}: attach and detach subnets instead of zones.`);
}

export const placementOperations: Operations<'elasticloadbalancing-classic'> = {
  AttachLoadBalancerToSubnets(ctx, { LoadBalancerName, Subnets }) {
    return { Subnets: idsOf(attach(ctx, loadBalancerOf(ctx, LoadBalancerName), Subnets)) };
  },

  DetachLoadBalancerFromSubnets(ctx, { LoadBalancerName, Subnets }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    const unknown = Subnets.find((id) => !idsOf(row).includes(id));
    if (unknown !== undefined) throw invalid(`Load balancer ${row.name} is not attached to ${unknown}.`);
    return { Subnets: idsOf(detach(ctx, row, 'subnet', ({ subnetId }) => Subnets.includes(subnetId))) };
  },

  EnableAvailabilityZonesForLoadBalancer(ctx, { LoadBalancerName, AvailabilityZones }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    checkDefaultVpc(ctx, row);
    const further = AvailabilityZones.filter((zone) => !zonesOf(row).includes(zone));
    const { subnets } = defaultPlacement(ctx, further);
    return {
      AvailabilityZones: zonesOf(
        attach(
          ctx,
          row,
          subnets.map(({ subnetId }) => subnetId),
        ),
      ),
    };
  },

  DisableAvailabilityZonesForLoadBalancer(ctx, { LoadBalancerName, AvailabilityZones }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    checkDefaultVpc(ctx, row);
    const after = detach(ctx, row, 'Availability Zone', ({ zone }) => AvailabilityZones.includes(zone));
    return { AvailabilityZones: zonesOf(after) };
  },

  ApplySecurityGroupsToLoadBalancer(ctx, { LoadBalancerName, SecurityGroups }) {
    const row = loadBalancerOf(ctx, LoadBalancerName);
    if (SecurityGroups.length === 0)
      throw new Fault('ValidationError', 'At least one security group must be specified');
    const groups = securityGroupsIn(ctx, row.vpcId, SecurityGroups);
    ctx.update(loadBalancers, row, groups);
    wakeInstances(ctx, row.name); // Health checks come from other groups now.
    return { SecurityGroups: groups.securityGroupIds };
  },
};
