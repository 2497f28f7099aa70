// Nodes of Network Load Balancers: one in each subnet, with an interface and, if wanted, an Elastic IP address of its own.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#availability-zones

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { balancerInterfaces } from '#cloud/ports/balancer-interfaces.ts';
import type { LoadBalancer, Node } from '../tables.ts';

type Mapping = NonNullable<Input<'elasticloadbalancing', 'CreateLoadBalancer'>['SubnetMappings']>[number];

/** What a request says of the node in each subnet. */
export type Mappings = ReadonlyMap<string, Pick<Mapping, 'AllocationId' | 'PrivateIPv4Address'>>;

/** What a request says of nodes. Throws AWS's errors for addresses that they cannot have. */
export function mappingsIn(
  { type, scheme }: Pick<LoadBalancer, 'type' | 'scheme'>,
  mappings: readonly Mapping[] = [],
): Mappings {
  const allocated = mappings.flatMap(({ AllocationId }) => AllocationId ?? []);
  const placed = mappings.flatMap(({ PrivateIPv4Address }) => PrivateIPv4Address ?? []);
  if (type === 'application' && allocated.length + placed.length > 0)
    throw new Fault('ValidationError', 'Addresses cannot be specified for Application Load Balancers');
  if (scheme === 'internal' && allocated.length > 0)
    throw new Fault('ValidationError', 'Allocation IDs cannot be specified for internal load balancers');
  if (scheme === 'internet-facing' && placed.length > 0) {
    throw new Fault(
      'ValidationError',
      'Private IPv4 addresses can only be specified for internal load balancers',
    );
  }
  if (allocated.length > 0 && allocated.length < mappings.length) {
    throw new Fault(
      'ValidationError',
      'An allocation ID must be specified for each subnet or for none of them',
    );
  }
  if (new Set(allocated).size < allocated.length)
    throw new Fault('ValidationError', 'An allocation ID can only be specified once');
  return new Map(mappings.map(({ SubnetId = '', ...rest }) => [SubnetId, rest]));
}

/** The nodes of a load balancer whose subnets are these now. Those that stay keep their addresses. */
export function placeNodes(
  ctx: Ctx,
  { arn, nodes, securityGroupIds }: Pick<LoadBalancer, 'arn' | 'nodes' | 'securityGroupIds'>,
  subnets: LoadBalancer['subnets'],
  mappings: Mappings,
): readonly Node[] {
  const stays = (subnetId: string): boolean => subnets.some((one) => one.subnetId === subnetId);
  removeNodes(ctx, { nodes: nodes.filter(({ subnetId }) => !stays(subnetId)) });
  return subnets.map(({ subnetId }) => {
    const known = nodes.find((node) => node.subnetId === subnetId);
    if (known) return known;
    const { AllocationId: allocationId, PrivateIPv4Address: privateIp } = mappings.get(subnetId) ?? {};
    if (allocationId !== undefined) checkAddress(ctx, allocationId);
    const made = ctx.port(balancerInterfaces).make(ctx, {
      subnetId,
      groupIds: securityGroupIds,
      owner: arn.slice(arn.indexOf('loadbalancer/') + 'loadbalancer/'.length),
      ...(allocationId === undefined ? {} : { allocationId }),
      ...(privateIp === undefined ? {} : { privateIp }),
    });
    return { subnetId, ...made, ...(allocationId === undefined ? {} : { allocationId }) };
  });
}

function checkAddress(ctx: Ctx, allocationId: string): void {
  const standing = ctx.port(balancerInterfaces).address(ctx, allocationId);
  if (standing === 'free') return;
  if (standing === 'in use')
    throw new Fault('ResourceInUseException', `The allocation ID '${allocationId}' is already in use`);
  throw new Fault('AllocationIdNotFoundException', `The allocation ID '${allocationId}' does not exist`);
}

export function removeNodes(ctx: Ctx, { nodes }: Pick<LoadBalancer, 'nodes'>): void {
  for (const { interfaceId } of nodes) ctx.port(balancerInterfaces).remove(ctx, interfaceId);
}
