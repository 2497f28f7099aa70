// Auto Scaling groups: making, changing, deleting and describing them.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { page } from '#cloud/pagination.ts';
import { identity } from '#cloud/ports/identity.ts';
import type { Operations } from '#cloud/service.ts';
import { invalidToken, ongoing } from '../activities.ts';
import {
  changeGroup,
  groupOf,
  groups,
  exists,
  liveGroupOf,
  nudge,
  PRINCIPAL,
  outOfService,
  setDesired,
} from '../group.ts';
import type { Group } from '../group.ts';
import { enter, instanceReconciler, instances } from '../instance.ts';
import type { GroupInstance } from '../instance.ts';
import { dropActions, putHook } from '../instances/lifecycle-hooks.ts';
import { describeReplacing, replacingOf } from '../instances/maintenance.ts';
import { checkPolicies, isLeaving, terminate } from '../instances/termination.ts';
import {
  checkLoadBalancers,
  checkTargetGroups,
  loadBalancersIn,
  targetGroupsIn,
} from '../load-balancing/load-balancing.ts';
import { MOST_GROUPS, MOST_LAUNCH_CONFIGURATIONS } from '../quotas.ts';
import { activeRefresh, dropRefreshes } from '../refreshes/refresh.ts';
import { describeTags, withTags } from '../tags.ts';
import { deleteRows } from './deletion.ts';
import { launchConfigurations } from './launch-configuration.ts';
import { placesOf } from './network.ts';
import { describeSource, describeTemplate, sourceOf, wrongSources } from './source.ts';

type CreateInput = Input<'autoscaling', 'CreateAutoScalingGroup'>;
type UpdateInput = Input<'autoscaling', 'UpdateAutoScalingGroup'>;
type WireGroup = Output<'autoscaling', 'DescribeAutoScalingGroups'>['AutoScalingGroups'][number];

const PAGE_SIZE = 100;
/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html */
const DEFAULT_COOLDOWN = 300;

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

function healthCheckTypeOf(type: string): 'EC2' | 'ELB' {
  if (type === 'EC2') return 'EC2';
  const kinds = type.split(',').map((kind) => kind.trim());
  if (kinds.every((kind) => kind === 'EC2' || kind === 'ELB')) return 'ELB';
  if (kinds.every((kind) => ['EC2', 'ELB', 'EBS', 'VPC_LATTICE'].includes(kind))) {
    throw new Fault('NotImplemented', `The health check type ${type} is not modelled by Sandtable.`);
  }
  throw invalid(`Health Check Type ${type} is not valid.`);
}

function checkSizes(minSize: number, maxSize: number, desired: number): void {
  if (minSize < 0 || maxSize < 0) throw invalid('Min and max bound must not be negative.');
  if (maxSize < minSize)
    throw invalid(`Max bound, ${maxSize}, must be greater than or equal to min bound, ${minSize}`);
  if (desired < minSize || desired > maxSize) {
    throw invalid(
      `Desired capacity:${desired} must be between the specified min size:${minSize} and max size:${maxSize}`,
    );
  }
}

function checkSeconds(input: {
  DefaultCooldown?: number | undefined;
  HealthCheckGracePeriod?: number | undefined;
}): void {
  for (const name of ['DefaultCooldown', 'HealthCheckGracePeriod'] as const) {
    if ((input[name] ?? 0) < 0) throw invalid(`${name} must not be negative.`);
  }
}

function create(ctx: Ctx, input: CreateInput): void {
  const {
    AutoScalingGroupName: name,
    MinSize: minSize,
    MaxSize: maxSize,
    TargetGroupARNs = [],
    TrafficSources = [],
    LoadBalancerNames = [],
  } = input;
  if (name.includes(':')) throw invalid('The name of an Auto Scaling group must not contain a colon.');
  if (ctx.get(groups, name)) {
    throw new Fault(
      'AlreadyExistsFault',
      `AutoScalingGroup by this name already exists - A group with the name ${name} already exists`,
    );
  }
  if (ctx.list(groups).length >= MOST_GROUPS)
    throw new Fault('LimitExceededFault', 'The limit of Auto Scaling groups has been reached.');
  const desired = input.DesiredCapacity ?? minSize;
  checkSizes(minSize, maxSize, desired);
  checkSeconds(input);
  const policies = input.TerminationPolicies ?? [];
  checkPolicies(policies);
  const roleArn = input.ServiceLinkedRoleARN ?? ctx.port(identity).serviceLinkedRole(ctx, PRINCIPAL);
  const source = sourceOf(ctx, roleArn, input);
  if (!source) throw wrongSources();
  const replacing = replacingOf(input, fresh(ctx));
  const targetGroupArns = [...new Set([...TargetGroupARNs, ...targetGroupsIn(TrafficSources)])];
  checkTargetGroups(ctx, { roleArn }, targetGroupArns);
  const loadBalancerNames = [...new Set([...LoadBalancerNames, ...loadBalancersIn(TrafficSources)])];
  checkLoadBalancers(ctx, { roleArn }, loadBalancerNames);
  const arn = ctx.arn('autoscaling', `autoScalingGroup:${ctx.uuid('group')}:autoScalingGroupName/${name}`);
  ctx.put(groups, {
    ...fresh(ctx),
    ...replacing,
    ...placesOf(ctx, { roleArn }, input),
    name,
    arn,
    source,
    minSize,
    maxSize,
    desired: 0,
    cooldownSeconds: input.DefaultCooldown ?? DEFAULT_COOLDOWN,
    targetGroupArns,
    loadBalancerNames,
    healthCheckType: healthCheckTypeOf(input.HealthCheckType ?? 'EC2'),
    gracePeriodSeconds: input.HealthCheckGracePeriod ?? 0,
    terminationPolicies: policies.length > 0 ? policies : ['Default'],
    protectsNew: input.NewInstancesProtectedFromScaleIn ?? false,
    roleArn,
    tags: withTags(ctx, {}, input.Tags ?? []),
  });
  const group = ctx.get(groups, name) as Group;
  for (const hook of input.LifecycleHookSpecificationList ?? []) putHook(ctx, group, hook);
  setDesired(ctx, group, desired, 'a user request created an AutoScalingGroup');
}

type Fresh = Omit<
  Group,
  | 'zones'
  | 'subnets'
  | 'name'
  | 'arn'
  | 'source'
  | 'minSize'
  | 'maxSize'
  | 'desired'
  | 'cooldownSeconds'
  | 'targetGroupArns'
  | 'loadBalancerNames'
  | 'healthCheckType'
  | 'gracePeriodSeconds'
  | 'terminationPolicies'
  | 'protectsNew'
  | 'roleArn'
  | 'tags'
>;

/** What a new group has not been through yet. */
function fresh(ctx: Ctx): Fresh {
  return {
    warmupSeconds: -1,
    lifetimeSeconds: 0,
    minHealthyPercent: -1,
    maxHealthyPercent: -1,
    surge: 0,
    generation: 0,
    suspended: {},
    enabledMetrics: [],
    createdAt: ctx.now,
    deleting: false,
    actAt: 0,
    reason: '',
    replacements: 0,
    retries: {},
    failingSince: 0,
    balancing: [],
    unbalancedSince: 0,
    blockedAt: -1,
    scaledAt: 0,
    cooldownUntil: 0,
    launches: 0,
    looks: 0,
    activities: 0,
  };
}

function update(ctx: Ctx, input: UpdateInput): void {
  // Of all operations this one alone does not say which (moto's tests, https://github.com/getmoto/moto, recorded it).
  if (!exists(ctx, input.AutoScalingGroupName)) throw invalid('AutoScalingGroup name not found - null');
  const group = liveGroupOf(ctx, input.AutoScalingGroupName);
  const { MinSize: minSize = group.minSize, MaxSize: maxSize = group.maxSize } = input;
  // Without a desired capacity, the present one moves into the new bounds.
  const desired = input.DesiredCapacity ?? Math.max(minSize, Math.min(maxSize, group.desired));
  checkSizes(minSize, maxSize, desired);
  checkSeconds(input);
  if (input.TerminationPolicies) checkPolicies(input.TerminationPolicies);
  const roleArn = input.ServiceLinkedRoleARN ?? group.roleArn;
  const { AvailabilityZones, VPCZoneIdentifier, TerminationPolicies: policies } = input;
  const source = sourceOf(ctx, roleArn, input);
  if (source && activeRefresh(ctx, group.name)?.desired) throw underRefresh();
  const moved = AvailabilityZones !== undefined || VPCZoneIdentifier !== undefined;
  const change: Partial<Group> = {
    minSize,
    maxSize,
    roleArn,
    ...replacingOf(input, group),
    ...(source ? { source } : {}),
    // What kept launches from succeeding may have been mended: no pause is waited out.
    retries: {},
    ...(moved ? placesOf(ctx, { roleArn }, input) : {}),
    ...(policies ? { terminationPolicies: policies.length > 0 ? policies : ['Default'] } : {}),
    cooldownSeconds: input.DefaultCooldown ?? group.cooldownSeconds,
    gracePeriodSeconds: input.HealthCheckGracePeriod ?? group.gracePeriodSeconds,
    healthCheckType:
      input.HealthCheckType === undefined ? group.healthCheckType : healthCheckTypeOf(input.HealthCheckType),
    protectsNew: input.NewInstancesProtectedFromScaleIn ?? group.protectsNew,
  };
  const why = `a user request update of AutoScalingGroup constraints to min: ${minSize}, max: ${maxSize}, desired: ${desired}`;
  setDesired(ctx, group, desired, why, change);
  if (
    change.healthCheckType !== group.healthCheckType ||
    change.gracePeriodSeconds !== group.gracePeriodSeconds
  ) {
    for (const { instanceId } of ctx.list(instances, 'group', group.name))
      ctx.wake(instanceReconciler, instanceId);
  }
}

function underRefresh(): Fault {
  return invalid(
    'An active instance refresh with a desired configuration exists. All configuration options derived from the ' +
      'desired configuration are not available for update while the instance refresh is active.',
  );
}

function remove(ctx: Ctx, name: string, force: boolean): void {
  const group = groupOf(ctx, name);
  const members = ctx.list(instances, 'group', group.name);
  if (members.length === 0) {
    if (!force && ongoing(ctx, group.name) !== undefined) {
      const message =
        'You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.';
      throw new Fault('ScalingActivityInProgressFault', message);
    }
    return deleteRows(ctx, group);
  }
  if (!force) {
    const message =
      'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.';
    throw new Fault('ResourceInUseFault', message);
  }
  changeGroup(ctx, group.name, { deleting: true, minSize: 0, maxSize: 0, desired: 0, surge: 0 });
  dropRefreshes(ctx, group.name);
  const cause = outOfService(ctx, 'a user request to delete the AutoScalingGroup.');
  for (const member of members) {
    // By force means: no hooks, and nothing that goes already waits for one any longer.
    if (!isLeaving(member)) terminate(ctx, member, { cause, hooked: false });
    else hurry(ctx, member);
  }
  nudge(ctx, group.name);
}

function hurry(ctx: Ctx, member: GroupInstance): void {
  if (member.state !== 'Terminating:Wait') return ctx.wake(instanceReconciler, member.instanceId);
  dropActions(ctx, member.instanceId);
  enter(ctx, member, 'Terminating:Proceed');
}

/** Whether a group passes a filter on its tags. */
function passes(
  group: Group,
  { Name = '', Values = [] }: { Name?: string | undefined; Values?: readonly string[] | undefined },
): boolean {
  const tags = Object.entries(group.tags);
  if (Name === 'tag-key') return tags.some(([key]) => Values.includes(key));
  if (Name === 'tag-value') return tags.some(([, { value }]) => Values.includes(value));
  if (Name.startsWith('tag:'))
    return tags.some(([key, { value }]) => key === Name.slice(4) && Values.includes(value));
  throw invalid(`Invalid filter name: ${Name}. Valid filter names are: tag-key, tag-value, tag:<key>.`);
}

function describeInstance(member: GroupInstance): NonNullable<WireGroup['Instances']>[number] {
  return {
    InstanceId: member.instanceId,
    InstanceType: member.instanceType,
    AvailabilityZone: member.zone,
    LifecycleState: member.state,
    HealthStatus: member.health,
    ...(member.launchTemplate ? { LaunchTemplate: describeTemplate(member.launchTemplate) } : {}),
    ...(member.launchConfigurationName === undefined
      ? {}
      : { LaunchConfigurationName: member.launchConfigurationName }),
    ProtectedFromScaleIn: member.protected,
  };
}

function describe(ctx: Ctx, group: Group, withInstances: boolean): WireGroup {
  const members = withInstances ? ctx.list(instances, 'group', group.name) : [];
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    ...describeSource(group.source),
    MinSize: group.minSize,
    MaxSize: group.maxSize,
    DesiredCapacity: group.desired,
    DefaultCooldown: group.cooldownSeconds,
    AvailabilityZones: group.zones,
    LoadBalancerNames: group.loadBalancerNames,
    TargetGroupARNs: group.targetGroupArns,
    HealthCheckType: group.healthCheckType,
    HealthCheckGracePeriod: group.gracePeriodSeconds,
    ...(withInstances ? { Instances: members.map(describeInstance) } : {}),
    CreatedTime: group.createdAt,
    SuspendedProcesses: Object.entries(group.suspended)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([ProcessName, SuspensionReason]) => ({ ProcessName, SuspensionReason })),
    VPCZoneIdentifier: group.subnets.map(({ id }) => id).join(','),
    EnabledMetrics: group.enabledMetrics.map((Metric) => ({ Metric, Granularity: '1Minute' })),
    ...(group.deleting ? { Status: 'Delete in progress' } : {}),
    Tags: describeTags(group),
    TerminationPolicies: group.terminationPolicies,
    NewInstancesProtectedFromScaleIn: group.protectsNew,
    ServiceLinkedRoleARN: group.roleArn,
    TrafficSources: [
      ...group.targetGroupArns.map((arn) => ({ Identifier: arn, Type: 'elbv2' })),
      ...group.loadBalancerNames.map((name) => ({ Identifier: name, Type: 'elb' })),
    ],
    CapacityRebalance: false,
    ...describeReplacing(group),
  };
}

export const groupOperations: Operations<'autoscaling'> = {
  CreateAutoScalingGroup: create,

  UpdateAutoScalingGroup: update,

  DeleteAutoScalingGroup(ctx, { AutoScalingGroupName, ForceDelete = false }) {
    remove(ctx, AutoScalingGroupName, ForceDelete);
  },

  DescribeAutoScalingGroups(
    ctx,
    { AutoScalingGroupNames: names, IncludeInstances = true, NextToken, MaxRecords = 50, Filters = [] },
  ) {
    const where = (group: Group): boolean =>
      (names === undefined ||
        names.length === 0 ||
        names.includes(group.name) ||
        names.includes(group.arn)) &&
      Filters.every((filter) => passes(group, filter));
    const limit = Math.min(MaxRecords, PAGE_SIZE);
    const { rows, next } = page(ctx, groups, { token: NextToken, limit, where, invalidToken });
    return {
      AutoScalingGroups: rows.map((group) => describe(ctx, group, IncludeInstances)),
      NextToken: next,
    };
  },

  DescribeAutoScalingInstances(ctx, { InstanceIds: ids, NextToken, MaxRecords = 50 }) {
    const where = ({ instanceId }: GroupInstance): boolean =>
      ids === undefined || ids.length === 0 || ids.includes(instanceId);
    const limit = Math.min(MaxRecords, 50);
    const { rows, next } = page(ctx, instances, { token: NextToken, limit, where, invalidToken });
    const AutoScalingInstances = rows.map((member) => ({
      ...describeInstance(member),
      AutoScalingGroupName: member.group,
      HealthStatus: member.health.toUpperCase(), // This operation alone answers in capitals.
      ImageId: member.imageId,
    }));
    return { AutoScalingInstances, NextToken: next };
  },

  DescribeAccountLimits(ctx) {
    return {
      MaxNumberOfAutoScalingGroups: MOST_GROUPS,
      MaxNumberOfLaunchConfigurations: MOST_LAUNCH_CONFIGURATIONS,
      NumberOfAutoScalingGroups: ctx.list(groups).length,
      NumberOfLaunchConfigurations: ctx.list(launchConfigurations).length,
    };
  },
};
