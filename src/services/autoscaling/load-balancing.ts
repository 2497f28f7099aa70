// Target groups of a group: instances are registered before they enter service and deregistered, and
// drained, before they leave it.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-load-balancer.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from './activities.ts';
import { groupOf, groups, isSuspended, liveGroupOf, roleOf } from './group.ts';
import type { Group } from './group.ts';
import { instanceReconciler, instances } from './instance.ts';
import type { GroupInstance } from './instance.ts';

const PAGE_SIZE = 100;
const TARGET_GROUP = /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\//;

/** Registers an instance with target groups. Returns those that took it. */
export function register(ctx: Ctx, group: Group, instanceId: string, arns: readonly string[]): string[] {
  if (isSuspended(group, 'AddToLoadBalancer')) return [];
  return arns.filter((arn) => {
    const input = { TargetGroupArn: arn, Targets: [{ Id: instanceId }] };
    return ctx.call('elasticloadbalancing', 'RegisterTargets', input, roleOf(group)).ok;
  });
}

/** Takes an instance out of target groups. It may then drain for a while. */
export function deregister(ctx: Ctx, group: Group, instanceId: string, arns: readonly string[]): void {
  for (const arn of arns) {
    // A target group that is gone holds nobody.
    ctx.call(
      'elasticloadbalancing',
      'DeregisterTargets',
      { TargetGroupArn: arn, Targets: [{ Id: instanceId }] },
      roleOf(group),
    );
  }
}

/** The target's state in a target group; nothing where it is not in it. */
function targetState(ctx: Ctx, group: Group, arn: string, instanceId: string): string | undefined {
  const input = { TargetGroupArn: arn, Targets: [{ Id: instanceId }] };
  const found = ctx.call('elasticloadbalancing', 'DescribeTargetHealth', input, roleOf(group));
  return found.ok ? found.output.TargetHealthDescriptions?.[0]?.TargetHealth?.State : undefined;
}

export function isDraining(ctx: Ctx, group: Group, { instanceId, registeredWith }: GroupInstance): boolean {
  return registeredWith.some(
    (arn) => targetState(ctx, group, arn, instanceId)?.endsWith('draining') === true,
  );
}

/** Unhealthy in any target group is unhealthy. */
export function isUnhealthy(ctx: Ctx, group: Group, { instanceId, registeredWith }: GroupInstance): boolean {
  return registeredWith.some((arn) => targetState(ctx, group, arn, instanceId) === 'unhealthy');
}

/** Throws AWS's error for target groups that are not there. */
export function checkTargetGroups(ctx: Ctx, group: Pick<Group, 'roleArn'>, arns: readonly string[]): void {
  if (arns.length === 0) return;
  const known = arns.every((arn) => TARGET_GROUP.test(arn));
  const input = { TargetGroupArns: arns };
  if (!known || !ctx.call('elasticloadbalancing', 'DescribeTargetGroups', input, roleOf(group)).ok) {
    throw new Fault(
      'ValidationError',
      'Provided Target Groups may not be valid. Please ensure they exist and try again.',
    );
  }
}

/** Target groups among traffic sources; other kinds are not modelled. */
export function targetGroupsIn(
  sources: readonly { Identifier: string; Type?: string | undefined }[],
): string[] {
  return sources.map(({ Identifier, Type = 'elbv2' }) => {
    if (Type !== 'elbv2')
      throw new Fault('NotImplemented', `Traffic sources of the type ${Type} are not modelled by Sandtable.`);
    return Identifier;
  });
}

function attach(ctx: Ctx, name: string, arns: readonly string[]): void {
  const group = liveGroupOf(ctx, name);
  checkTargetGroups(ctx, group, arns);
  const added = [...new Set(arns)].filter((arn) => !group.targetGroupArns.includes(arn));
  ctx.update(groups, group, { targetGroupArns: [...group.targetGroupArns, ...added] });
  for (const member of ctx.list(instances, 'group', group.name)) {
    if (member.state !== 'InService') continue;
    const taken = register(ctx, group, member.instanceId, added);
    ctx.update(instances, member, { registeredWith: [...member.registeredWith, ...taken] });
    ctx.wake(instanceReconciler, member.instanceId);
  }
}

function detach(ctx: Ctx, name: string, arns: readonly string[]): void {
  const group = liveGroupOf(ctx, name);
  const unknown = arns.find((arn) => !group.targetGroupArns.includes(arn));
  if (unknown !== undefined) {
    throw new Fault(
      'ValidationError',
      `Trying to remove Target Groups that are not part of the group: ${unknown}`,
    );
  }
  ctx.update(groups, group, { targetGroupArns: group.targetGroupArns.filter((arn) => !arns.includes(arn)) });
  for (const member of ctx.list(instances, 'group', group.name)) {
    if (member.state !== 'InService') continue; // What leaves anyway drains as it was going to.
    deregister(
      ctx,
      group,
      member.instanceId,
      member.registeredWith.filter((arn) => arns.includes(arn)),
    );
    ctx.update(instances, member, {
      registeredWith: member.registeredWith.filter((arn) => !arns.includes(arn)),
    });
    ctx.wake(instanceReconciler, member.instanceId);
  }
}

/**
 * AWS's state of an attached target group: `InService` when one of the group's instances passes its health
 * checks.
 */
function stateOf(ctx: Ctx, group: Group, arn: string): string {
  const members = ctx.list(instances, 'group', group.name);
  const serving = members.filter(
    ({ state, registeredWith }) => state === 'InService' && registeredWith.includes(arn),
  );
  if (serving.some(({ instanceId }) => targetState(ctx, group, arn, instanceId) === 'healthy'))
    return 'InService';
  return 'Added';
}

export const loadBalancingOperations: Operations<'autoscaling'> = {
  AttachLoadBalancerTargetGroups(ctx, { AutoScalingGroupName, TargetGroupARNs }) {
    attach(ctx, AutoScalingGroupName, TargetGroupARNs);
  },

  DetachLoadBalancerTargetGroups(ctx, { AutoScalingGroupName, TargetGroupARNs }) {
    detach(ctx, AutoScalingGroupName, TargetGroupARNs);
  },

  DescribeLoadBalancerTargetGroups(ctx, { AutoScalingGroupName, NextToken, MaxRecords = PAGE_SIZE }) {
    const group = groupOf(ctx, AutoScalingGroupName);
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { items, next } = pageOf(group.targetGroupArns, (arn) => arn, {
      token: NextToken,
      limit,
      invalidToken,
    });
    const LoadBalancerTargetGroups = items.map((arn) => ({
      LoadBalancerTargetGroupARN: arn,
      State: stateOf(ctx, group, arn),
    }));
    return { LoadBalancerTargetGroups, NextToken: next };
  },

  AttachTrafficSources(ctx, { AutoScalingGroupName, TrafficSources }) {
    attach(ctx, AutoScalingGroupName, targetGroupsIn(TrafficSources));
  },

  DetachTrafficSources(ctx, { AutoScalingGroupName, TrafficSources }) {
    detach(ctx, AutoScalingGroupName, targetGroupsIn(TrafficSources));
  },

  DescribeTrafficSources(
    ctx,
    { AutoScalingGroupName, TrafficSourceType = 'elbv2', NextToken, MaxRecords = 50 },
  ) {
    const group = groupOf(ctx, AutoScalingGroupName);
    const arns = TrafficSourceType === 'elbv2' ? group.targetGroupArns : [];
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { items, next } = pageOf(arns, (arn) => arn, { token: NextToken, limit, invalidToken });
    const TrafficSources = items.map((arn) => ({
      Identifier: arn,
      TrafficSource: arn,
      Type: 'elbv2',
      State: stateOf(ctx, group, arn),
    }));
    return { TrafficSources, NextToken: next };
  },
};
