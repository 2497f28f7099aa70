// Network interfaces of tasks, as ECS makes them in the customer's subnets under its service-linked role.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html

import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { active } from '#cloud/injections.ts';
import { identity } from '#cloud/ports/identity.ts';
import { instances } from '#cloud/ports/instances.ts';
import { invalidParameter } from './faults.ts';
import { PRINCIPAL } from './tables.ts';
import type { Network, Task, TaskDefinition } from './tables.ts';

type NetworkConfiguration = Input<'ecs', 'RunTask'>['networkConfiguration'];

const MOST_SUBNETS = 16;
const MOST_GROUPS = 5;

/** ECS acting for the account. */
export function serviceRole(ctx: Ctx): ThroughRole {
  const roleArn = ctx.port(identity).serviceLinkedRole(ctx, PRINCIPAL);
  return { roleArn, service: PRINCIPAL, sessionName: 'ecs-service-scheduler' };
}

/** The network of tasks that a request asks for, checked with EC2; nothing for tasks that have none of their own. */
export function networkOf(
  ctx: Ctx,
  { networkMode }: Pick<TaskDefinition, 'networkMode'>,
  configuration: NetworkConfiguration,
): Network | undefined {
  const given = configuration?.awsvpcConfiguration;
  if (networkMode !== 'awsvpc') {
    if (!given) return undefined;
    throw invalidParameter(
      'Network Configuration is not valid for the given networkMode of this task definition.',
    );
  }
  if (!given)
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  const { subnets, securityGroups = [], assignPublicIp = 'DISABLED' } = given;
  if (subnets.length === 0) throw invalidParameter('subnets can not be empty.');
  if (subnets.length > MOST_SUBNETS) throw invalidParameter('subnets can have at most 16 items.');
  if (securityGroups.length > MOST_GROUPS) throw invalidParameter('securityGroups can have at most 5 items.');
  const vpcs = new Set([...zonesOf(ctx, subnets).values()].map(({ vpcId }) => vpcId));
  if (vpcs.size > 1) throw invalidParameter('The provided subnets must be in the same VPC.');
  checkGroups(ctx, securityGroups, [...vpcs][0] ?? '');
  return { subnets: [...new Set(subnets)], securityGroups, assignPublicIp };
}

function checkGroups(ctx: Ctx, GroupIds: readonly string[], vpcId: string): void {
  if (GroupIds.length === 0) return;
  const found = ctx.call('ec2', 'DescribeSecurityGroups', { GroupIds }, serviceRole(ctx));
  if (!found.ok) {
    const { shape, message } = found.fault;
    throw invalidParameter(
      `Error retrieving security group information for [${GroupIds.join(', ')}]: ${message} (ErrorCode: ${shape})`,
    );
  }
  if ((found.output.SecurityGroups ?? []).some(({ VpcId }) => VpcId !== vpcId))
    throw invalidParameter('The provided security groups and subnets must be in the same VPC.');
}

/** Zone and VPC of subnets, by their ids. */
export function zonesOf(
  ctx: Ctx,
  SubnetIds: readonly string[],
): ReadonlyMap<string, { readonly zone: string; readonly vpcId: string }> {
  const found = ctx.call('ec2', 'DescribeSubnets', { SubnetIds }, serviceRole(ctx));
  if (!found.ok) {
    const { shape, message } = found.fault;
    throw invalidParameter(
      `Error retrieving subnet information for [${SubnetIds.join(', ')}]: ${message} (ErrorCode: ${shape})`,
    );
  }
  return new Map(
    (found.output.Subnets ?? []).map(({ SubnetId = '', AvailabilityZone: zone = '', VpcId: vpcId = '' }) => [
      SubnetId,
      { zone, vpcId },
    ]),
  );
}

/** Zones in which Fargate has no capacity now. */
export function zonesWithout(ctx: Ctx): ReadonlySet<string> {
  const short = active(ctx, 'capacity-shortage').map(({ zone }) => zone);
  return new Set([...short, ...active(ctx, 'zone-loss').map(({ zone }) => zone)]);
}

/** What the attached interface adds to a task, or why there is none. */
export function attach(ctx: Ctx, task: Task): Partial<Task> | string {
  const { network, subnetId: SubnetId = '', attachmentId = '' } = task;
  if (!network) return {};
  const made = ctx.call(
    'ec2',
    'CreateNetworkInterface',
    {
      SubnetId,
      Groups: [...network.securityGroups],
      Description: ctx.arn('ecs', `attachment/${attachmentId}`),
    },
    serviceRole(ctx),
  );
  if (!made.ok) {
    const { shape, message } = made.fault;
    const withIp = network.assignPublicIp === 'ENABLED' ? 'with public IP assignment enabled ' : '';
    return `Unexpected EC2 error while attempting to Create Network Interface ${withIp}in subnet '${SubnetId}': ${shape}: ${message}`;
  }
  const id = made.output.NetworkInterface?.NetworkInterfaceId ?? '';
  const lent = ctx.port(instances).lend(ctx, id, task.arn, network.assignPublicIp === 'ENABLED');
  return {
    interfaceId: lent.interfaceId,
    privateIp: lent.privateIp,
    privateDnsName: lent.privateDnsName,
    macAddress: lent.macAddress,
    zone: lent.zone,
  };
}

export function detach(ctx: Ctx, { interfaceId }: Task): void {
  if (interfaceId !== undefined) ctx.port(instances).giveBack(ctx, interfaceId);
}
