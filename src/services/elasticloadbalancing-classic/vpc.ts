// What Classic Load Balancers ask EC2 about subnets, security groups and VPCs, under the service-linked role as in AWS.

import { Fault } from '#contract/fault.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Input, OperationName, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { identity } from '#cloud/ports/identity.ts';
import type { LoadBalancer } from './tables.ts';

const PRINCIPAL = 'elasticloadbalancing.amazonaws.com';

function serviceRole(ctx: Ctx): ThroughRole {
  const roleArn = ctx.port(identity).serviceLinkedRole(ctx, PRINCIPAL);
  return { roleArn, service: PRINCIPAL, sessionName: 'ElasticLoadBalancing' };
}

/** Asks EC2. Its faults become the service's own where one is given for them. */
function ask<O extends OperationName<'ec2'>>(
  ctx: Ctx,
  operation: O,
  input: Input<'ec2', O>,
  [prefix, shape]: readonly [prefix: string, shape: string] = ['', ''],
): Output<'ec2', O> {
  const found = ctx.call('ec2', operation, input, serviceRole(ctx));
  if (found.ok) return found.output;
  if (shape !== '' && found.fault.shape.startsWith(prefix)) throw new Fault(shape, found.fault.message);
  throw found.fault;
}

export type Placement = Pick<LoadBalancer, 'vpcId' | 'subnets'>;

type WireSubnet = NonNullable<Output<'ec2', 'DescribeSubnets'>['Subnets']>[number];

/** Subnets of one VPC, each in a zone of its own, in the order of the zones. */
function placed(found: readonly WireSubnet[]): Placement {
  const subnets = found
    .map(({ SubnetId = '', AvailabilityZone = '' }) => ({ subnetId: SubnetId, zone: AvailabilityZone }))
    .toSorted((left, right) => (left.zone < right.zone ? -1 : 1));
  const vpcId = found[0]?.VpcId ?? '';
  if (found.some((subnet) => subnet.VpcId !== vpcId)) {
    throw new Fault('InvalidConfigurationRequestException', 'All subnets must belong to the same VPC.');
  }
  if (new Set(subnets.map(({ zone }) => zone)).size < subnets.length) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      'ELB cannot be attached to multiple subnets in the same AZ.',
    );
  }
  return { vpcId, subnets };
}

export function placementIn(ctx: Ctx, subnetIds: readonly string[]): Placement {
  const SubnetIds = [...new Set(subnetIds)];
  const unknown = ['InvalidSubnet', 'SubnetNotFoundException'] as const;
  return placed(ask(ctx, 'DescribeSubnets', { SubnetIds }, unknown).Subnets ?? []);
}

/** The default VPC's id. */
function defaultVpc(ctx: Ctx): string {
  const Filters = [{ Name: 'is-default', Values: ['true'] }];
  const [vpc] = ask(ctx, 'DescribeVpcs', { Filters }).Vpcs ?? [];
  if (vpc?.VpcId !== undefined) return vpc.VpcId;
  throw new Fault(
    'InvalidConfigurationRequestException',
    'Availability Zones can only be named where there is a default VPC; name subnets instead.',
  );
}

export function isDefaultVpc(ctx: Ctx, vpcId: string): boolean {
  return ask(ctx, 'DescribeVpcs', { VpcIds: [vpcId] }).Vpcs?.[0]?.IsDefault === true;
}

/** The default subnets of the default VPC in some zones. */
export function defaultPlacement(ctx: Ctx, zones: readonly string[]): Placement {
  const Filters = [
    { Name: 'vpc-id', Values: [defaultVpc(ctx)] },
    { Name: 'default-for-az', Values: ['true'] },
  ];
  const there = ask(ctx, 'DescribeSubnets', { Filters }).Subnets ?? [];
  return placed(
    [...new Set(zones)].map((zone) => {
      const subnet = there.find(({ AvailabilityZone }) => AvailabilityZone === zone);
      if (subnet) return subnet;
      throw new Fault('ValidationError', `The default VPC has no default subnet in the zone ${zone}.`);
    }),
  );
}

/** An internet-facing load balancer needs a VPC that the internet reaches. */
export function checkInternetGateway(ctx: Ctx, vpcId: string): void {
  const Filters = [{ Name: 'attachment.vpc-id', Values: [vpcId] }];
  const { InternetGateways = [] } = ask(ctx, 'DescribeInternetGateways', { Filters });
  if (InternetGateways.length > 0) return;
  throw new Fault('InvalidSubnetException', `VPC ${vpcId} has no internet gateway`);
}

export type Groups = Pick<LoadBalancer, 'securityGroupIds' | 'sourceGroup'>;

/** Security groups of a VPC, by id. */
export function securityGroupsIn(ctx: Ctx, vpcId: string, wanted: readonly string[]): Groups {
  const GroupIds = [...new Set(wanted)];
  const unknown = ['InvalidGroup', 'InvalidSecurityGroupException'] as const;
  const { SecurityGroups = [] } = ask(ctx, 'DescribeSecurityGroups', { GroupIds }, unknown);
  if (SecurityGroups.some(({ VpcId }) => VpcId !== vpcId)) {
    throw new Fault(
      'InvalidConfigurationRequestException',
      'One or more security groups belong to another VPC than the load balancer.',
    );
  }
  const first = SecurityGroups.find(({ GroupId }) => GroupId === GroupIds[0]);
  return { securityGroupIds: GroupIds, sourceGroup: first?.GroupName ?? '' };
}

/** The groups of a VPC whose name is, or begins as, `name` says. */
function groupNamed(ctx: Ctx, vpcId: string, name: string): Groups | undefined {
  const Filters = [
    { Name: 'vpc-id', Values: [vpcId] },
    { Name: 'group-name', Values: [name] },
  ];
  const [group] = ask(ctx, 'DescribeSecurityGroups', { Filters }).SecurityGroups ?? [];
  return group && { securityGroupIds: [group.GroupId ?? ''], sourceGroup: group.GroupName ?? '' };
}

/**
 * What a load balancer gets that names no security group: outside the default VPC the VPC's default one; in it one that the
 * service makes once, open at the ports of the first load balancer that needs it.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-vpc-security-groups.html
 */
export function ownSecurityGroup(ctx: Ctx, vpcId: string, ports: readonly number[]): Groups {
  if (!isDefaultVpc(ctx, vpcId)) {
    return groupNamed(ctx, vpcId, 'default') ?? { securityGroupIds: [], sourceGroup: '' };
  }
  const known = groupNamed(ctx, vpcId, 'default_elb_*');
  if (known) return known;
  const GroupName = `default_elb_${ctx.uuid('classic-security-group')}`;
  const Description =
    'ELB created security group used when no security group is specified during ELB creation';
  const { GroupId = '' } = ask(ctx, 'CreateSecurityGroup', { GroupName, Description, VpcId: vpcId });
  const IpPermissions = [...new Set(ports)].map((port) => ({
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    IpRanges: [{ CidrIp: '0.0.0.0/0' }],
  }));
  ask(ctx, 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions });
  return { securityGroupIds: [GroupId], sourceGroup: GroupName };
}
