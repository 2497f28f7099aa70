// Load balancers of a group: instances are registered before they enter service and deregistered, and
// drained, before they leave it.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-load-balancer.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken } from '../activities.ts';
import { changeGroup, groupOf, isSuspended, liveGroupOf, roleOf } from '../group.ts';
import type { Group } from '../group.ts';
import { instanceReconciler, instances } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';

const PAGE_SIZE = 100;
const TARGET_GROUP = /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\//;

/** What instances are registered with: target groups by ARN, Classic Load Balancers by name. */
export function balancersOf({ targetGroupArns, loadBalancerNames }: Group): readonly string[] {
  return [...targetGroupArns, ...loadBalancerNames];
}

function isTargetGroup(balancer: string): boolean {
  return balancer.startsWith('arn:');
}

const CLASSIC = 'elasticloadbalancing-classic';

/** Registers an instance with load balancers. Returns those that took it. */
export function register(ctx: Ctx, group: Group, instanceId: string, balancers: readonly string[]): string[] {
  if (isSuspended(group, 'AddToLoadBalancer')) return [];
  return balancers.filter((one) => {
    if (isTargetGroup(one)) {
      const input = { TargetGroupArn: one, Targets: [{ Id: instanceId }] };
      return ctx.call('elasticloadbalancing', 'RegisterTargets', input, roleOf(group)).ok;
    }
    const input = { LoadBalancerName: one, Instances: [{ InstanceId: instanceId }] };
    return ctx.call(CLASSIC, 'RegisterInstancesWithLoadBalancer', input, roleOf(group)).ok;
  });
}

/** Takes an instance out of load balancers. It may then drain for a while. One that is gone holds nobody. */
export function deregister(ctx: Ctx, group: Group, instanceId: string, balancers: readonly string[]): void {
  for (const one of balancers) {
    if (isTargetGroup(one)) {
      const input = { TargetGroupArn: one, Targets: [{ Id: instanceId }] };
      ctx.call('elasticloadbalancing', 'DeregisterTargets', input, roleOf(group));
    } else {
      const input = { LoadBalancerName: one, Instances: [{ InstanceId: instanceId }] };
      ctx.call(CLASSIC, 'DeregisterInstancesFromLoadBalancer', input, roleOf(group));
    }
  }
}

type Standing = 'healthy' | 'unhealthy' | 'draining' | 'other';

/** Where an instance stands with a load balancer; nothing where it is not registered. */
function standingWith(ctx: Ctx, group: Group, balancer: string, instanceId: string): Standing | undefined {
  if (!isTargetGroup(balancer)) return standingWithClassic(ctx, group, balancer, instanceId);
  const state = targetState(ctx, group, balancer, instanceId);
  if (state === undefined) return undefined;
  if (state.endsWith('draining')) return 'draining';
  return state === 'healthy' || state === 'unhealthy' ? state : 'other';
}

/** https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_InstanceState.html */
function standingWithClassic(ctx: Ctx, group: Group, name: string, instanceId: string): Standing | undefined {
  const input = { LoadBalancerName: name, Instances: [{ InstanceId: instanceId }] };
  const found = ctx.call(CLASSIC, 'DescribeInstanceHealth', input, roleOf(group));
  const state = found.ok ? found.output.InstanceStates?.[0] : undefined;
  if (!state) return undefined;
  if (state.Description?.includes('deregistration')) return 'draining';
  if (state.State === 'InService') return 'healthy';
  // `ELB`: the load balancer is at fault, as while the instance is still being registered.
  return state.State === 'OutOfService' && state.ReasonCode === 'Instance' ? 'unhealthy' : 'other';
}

/** The target's state in a target group; nothing where it is not in it. */
function targetState(ctx: Ctx, group: Group, arn: string, instanceId: string): string | undefined {
  const input = { TargetGroupArn: arn, Targets: [{ Id: instanceId }] };
  const found = ctx.call('elasticloadbalancing', 'DescribeTargetHealth', input, roleOf(group));
  return found.ok ? found.output.TargetHealthDescriptions?.[0]?.TargetHealth?.State : undefined;
}

function isServing(ctx: Ctx, group: Group, balancer: string, instanceId: string): boolean {
  return standingWith(ctx, group, balancer, instanceId) === 'healthy';
}

export function isDraining(ctx: Ctx, group: Group, { instanceId, registeredWith }: GroupInstance): boolean {
  return registeredWith.some((one) => standingWith(ctx, group, one, instanceId) === 'draining');
}

/** Unhealthy in any load balancer is unhealthy. */
export function isUnhealthy(ctx: Ctx, group: Group, { instanceId, registeredWith }: GroupInstance): boolean {
  return registeredWith.some((one) => standingWith(ctx, group, one, instanceId) === 'unhealthy');
}

/** Whether every load balancer finds the instance healthy. */
export function isHealthy(ctx: Ctx, group: Group, { instanceId, registeredWith }: GroupInstance): boolean {
  return registeredWith.every((one) => isServing(ctx, group, one, instanceId));
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

/** Throws AWS's error for Classic Load Balancers that are not there. */
export function checkLoadBalancers(ctx: Ctx, group: Pick<Group, 'roleArn'>, names: readonly string[]): void {
  if (names.length === 0) return;
  const input = { LoadBalancerNames: names };
  if (ctx.call(CLASSIC, 'DescribeLoadBalancers', input, roleOf(group)).ok) return;
  throw new Fault(
    'ValidationError',
    'Provided Load Balancers may not be valid. Please ensure they exist and try again.',
  );
}

type TrafficSources = readonly { Identifier: string; Type?: string | undefined }[];

/** Classic Load Balancers among traffic sources. */
export function loadBalancersIn(sources: TrafficSources): string[] {
  return sources.flatMap(({ Identifier, Type }) => (Type === 'elb' ? [Identifier] : []));
}

/** Target groups among traffic sources; AWS's newer kinds are not modelled. */
export function targetGroupsIn(sources: TrafficSources): string[] {
  return sources.flatMap(({ Identifier, Type = 'elbv2' }) => {
    if (Type !== 'elbv2' && Type !== 'elb')
      throw new Fault('NotImplemented', `Traffic sources of the type ${Type} are not modelled by Sandtable.`);
    return Type === 'elbv2' ? [Identifier] : [];
  });
}

/** Registers the group's instances with load balancers that it got just now. */
function addBalancers(ctx: Ctx, group: Group, added: readonly string[]): void {
  for (const member of ctx.list(instances, 'group', group.name)) {
    if (member.state !== 'InService') continue;
    const taken = register(ctx, group, member.instanceId, added);
    ctx.update(instances, member, { registeredWith: [...member.registeredWith, ...taken] });
    ctx.wake(instanceReconciler, member.instanceId);
  }
}

/** Takes the group's instances out of load balancers that it has no longer. */
function dropBalancers(ctx: Ctx, group: Group, dropped: readonly string[]): void {
  for (const member of ctx.list(instances, 'group', group.name)) {
    if (member.state !== 'InService') continue; // What leaves anyway drains as it was going to.
    const ended = member.registeredWith.filter((one) => dropped.includes(one));
    deregister(ctx, group, member.instanceId, ended);
    const registeredWith = member.registeredWith.filter((one) => !dropped.includes(one));
    ctx.update(instances, member, { registeredWith });
    ctx.wake(instanceReconciler, member.instanceId);
  }
}

interface Balancers {
  readonly arns?: readonly string[];
  readonly names?: readonly string[];
}

/** Attaches target groups and Classic Load Balancers to a group. */
export function attach(ctx: Ctx, groupName: string, { arns = [], names = [] }: Balancers): void {
  const group = liveGroupOf(ctx, groupName);
  checkTargetGroups(ctx, group, arns);
  checkLoadBalancers(ctx, group, names);
  const targetGroupArns = [...new Set([...group.targetGroupArns, ...arns])];
  const loadBalancerNames = [...new Set([...group.loadBalancerNames, ...names])];
  const before = balancersOf(group);
  const now = changeGroup(ctx, group.name, { targetGroupArns, loadBalancerNames });
  addBalancers(
    ctx,
    now,
    balancersOf(now).filter((one) => !before.includes(one)),
  );
}

/** Detaches target groups and Classic Load Balancers from a group. */
export function detach(ctx: Ctx, groupName: string, { arns = [], names = [] }: Balancers): void {
  const group = liveGroupOf(ctx, groupName);
  checkAttached(group.targetGroupArns, arns, 'Target Groups');
  checkAttached(group.loadBalancerNames, names, 'Load Balancers');
  const now = changeGroup(ctx, group.name, {
    targetGroupArns: group.targetGroupArns.filter((arn) => !arns.includes(arn)),
    loadBalancerNames: group.loadBalancerNames.filter((name) => !names.includes(name)),
  });
  dropBalancers(ctx, now, [...arns, ...names]);
}

function checkAttached(attached: readonly string[], named: readonly string[], what: string): void {
  const unknown = named.find((one) => !attached.includes(one));
  if (unknown === undefined) return;
  throw new Fault('ValidationError', `Trying to remove ${what} that are not part of the group: ${unknown}`);
}

/**
 * AWS's state of an attached load balancer: `InService` when one of the group's instances passes its health
 * checks.
 */
export function stateOf(ctx: Ctx, group: Group, balancer: string): string {
  const members = ctx.list(instances, 'group', group.name);
  const serving = members.filter(
    ({ state, registeredWith }) => state === 'InService' && registeredWith.includes(balancer),
  );
  return serving.some(({ instanceId }) => isServing(ctx, group, balancer, instanceId))
    ? 'InService'
    : 'Added';
}

export const loadBalancingOperations: Operations<'autoscaling'> = {
  AttachLoadBalancerTargetGroups(ctx, { AutoScalingGroupName, TargetGroupARNs }) {
    attach(ctx, AutoScalingGroupName, { arns: TargetGroupARNs });
  },

  DetachLoadBalancerTargetGroups(ctx, { AutoScalingGroupName, TargetGroupARNs }) {
    detach(ctx, AutoScalingGroupName, { arns: TargetGroupARNs });
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
    const sources = { arns: targetGroupsIn(TrafficSources), names: loadBalancersIn(TrafficSources) };
    attach(ctx, AutoScalingGroupName, sources);
  },

  DetachTrafficSources(ctx, { AutoScalingGroupName, TrafficSources }) {
    const sources = { arns: targetGroupsIn(TrafficSources), names: loadBalancersIn(TrafficSources) };
    detach(ctx, AutoScalingGroupName, sources);
  },

  DescribeTrafficSources(ctx, { AutoScalingGroupName, TrafficSourceType, NextToken, MaxRecords = 50 }) {
    const group = groupOf(ctx, AutoScalingGroupName);
    const all = [
      ...group.targetGroupArns.map((one) => ({ one, Type: 'elbv2' })),
      ...group.loadBalancerNames.map((one) => ({ one, Type: 'elb' })),
    ];
    const wanted = all.filter(({ Type }) => TrafficSourceType === undefined || Type === TrafficSourceType);
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { items, next } = pageOf(wanted, ({ one }) => one, { token: NextToken, limit, invalidToken });
    const TrafficSources = items.map(({ one, Type }) => ({
      Identifier: one,
      TrafficSource: one,
      Type,
      State: stateOf(ctx, group, one),
    }));
    return { TrafficSources, NextToken: next };
  },
};
