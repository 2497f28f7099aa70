// What Elastic Load Balancing asks EC2 about subnets, security groups and VPCs, under its service-linked role
// as in AWS.

import { Fault } from '#contract/fault.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { identity } from '#cloud/ports/identity.ts';
import type { LoadBalancer } from './tables.ts';

const PRINCIPAL = 'elasticloadbalancing.amazonaws.com';
const FEWEST_ZONES = 2;

function serviceRole(ctx: Ctx): ThroughRole {
  const roleArn = ctx.port(identity).serviceLinkedRole(ctx, PRINCIPAL);
  return { roleArn, service: PRINCIPAL, sessionName: 'ElasticLoadBalancing' };
}

export interface Placement {
  readonly vpcId: string;
  readonly subnets: readonly { readonly subnetId: string; readonly zone: string }[];
}

/** The subnets of a load balancer: in one VPC, each in a zone of its own; at least two of an Application Load Balancer. */
export function placementIn(ctx: Ctx, type: LoadBalancer['type'], subnetIds: readonly string[]): Placement {
  if (subnetIds.length === 0) throw new Fault('ValidationError', 'At least one subnet must be specified');
  if (type === 'application' && new Set(subnetIds).size < FEWEST_ZONES) {
    throw new Fault(
      'ValidationError',
      'At least two subnets in two different Availability Zones must be specified',
    );
  }
  const found = ctx.call('ec2', 'DescribeSubnets', { SubnetIds: [...new Set(subnetIds)] }, serviceRole(ctx));
  if (!found.ok) {
    if (!found.fault.shape.startsWith('InvalidSubnet')) throw found.fault;
    throw new Fault('SubnetNotFoundException', found.fault.message);
  }
  const subnets = (found.output.Subnets ?? [])
    .map(({ SubnetId = '', AvailabilityZone = '', VpcId = '' }) => ({
      subnetId: SubnetId,
      zone: AvailabilityZone,
      vpcId: VpcId,
    }))
    .toSorted((left, right) => (left.zone < right.zone ? -1 : 1));
  const [{ vpcId } = { vpcId: '' }] = subnets;
  if (subnets.some((subnet) => subnet.vpcId !== vpcId)) {
    throw new Fault('InvalidConfigurationRequestException', 'All subnets must belong to the same VPC');
  }
  if (new Set(subnets.map(({ zone }) => zone)).size < subnets.length) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      'A load balancer cannot be attached to multiple subnets in the same Availability Zone',
    );
  }
  return { vpcId, subnets: subnets.map(({ subnetId, zone }) => ({ subnetId, zone })) };
}

/** An internet-facing load balancer needs a VPC that the internet reaches. */
export function checkInternetGateway(ctx: Ctx, vpcId: string): void {
  const Filters = [{ Name: 'attachment.vpc-id', Values: [vpcId] }];
  const found = ctx.call('ec2', 'DescribeInternetGateways', { Filters }, serviceRole(ctx));
  if (!found.ok) throw found.fault;
  if ((found.output.InternetGateways ?? []).length > 0) return;
  throw new Fault('InvalidSubnetException', `VPC ${vpcId} has no internet gateway`);
}

/** The security groups of a load balancer; its VPC's default one where none is named. */
export function securityGroupsIn(ctx: Ctx, vpcId: string, wanted: readonly string[]): readonly string[] {
  const named = [...new Set(wanted)];
  const Filters = [
    { Name: 'vpc-id', Values: [vpcId] },
    { Name: 'group-name', Values: ['default'] },
  ];
  const input = named.length > 0 ? { GroupIds: named } : { Filters };
  const found = ctx.call('ec2', 'DescribeSecurityGroups', input, serviceRole(ctx));
  const invalid = new Fault(
    'InvalidConfigurationRequestException',
    'One or more security groups are invalid',
  );
  if (!found.ok) throw found.fault.shape.startsWith('InvalidGroup') ? invalid : found.fault;
  const groups = found.output.SecurityGroups ?? [];
  if (groups.some(({ VpcId }) => VpcId !== vpcId)) throw invalid;
  return named.length > 0 ? named : groups.map(({ GroupId = '' }) => GroupId);
}

export function checkVpc(ctx: Ctx, vpcId: string): void {
  const found = ctx.call('ec2', 'DescribeVpcs', { VpcIds: [vpcId] }, serviceRole(ctx));
  if (found.ok) return;
  if (!found.fault.shape.startsWith('InvalidVpc')) throw found.fault;
  throw new Fault('ValidationError', `The VPC ID '${vpcId}' is not found`);
}
