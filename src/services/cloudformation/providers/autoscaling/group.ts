// AWS::AutoScaling::AutoScalingGroup. What it does with its instances when it is updated stands in its update policies.

import type { Input } from '#cloud/contracts.ts';
import { groupEmptying } from '../../timings.ts';
import { handlerFailure, provider, ResourceFailure } from '../provider.ts';
import type { Progress, Properties, Provider } from '../provider.ts';
import { changeAttachments } from './group-attachments.ts';
import { leavesSizes, willReplace } from './group-policies.ts';
import { beginRefresh, cancelRefresh, lookAtRefresh } from './instance-refresh-policy.ts';
import { liveGroup, membersOf, obsoleteIn } from './live-group.ts';
import type { GroupWork } from './live-group.ts';
import { beginRolling, cancelRolling, checkRolling, lookAtRolling } from './rolling-update.ts';
import { hasCapacity, unstable } from './stabilization.ts';

type Group = Properties<'AWS::AutoScaling::AutoScalingGroup'>;
type Create = Input<'autoscaling', 'CreateAutoScalingGroup'>;
type Update = Input<'autoscaling', 'UpdateAutoScalingGroup'>;

const LONGEST = 255;

/** The properties that say what is launched and where. */
const LAUNCHES = [
  'LaunchConfigurationName',
  'LaunchTemplate',
  'MixedInstancesPolicy',
  'VPCZoneIdentifier',
  'PlacementGroup',
] as const;

function count(
  work: GroupWork,
  name: 'MinSize' | 'MaxSize' | 'DesiredCapacity' | 'Cooldown',
): number | undefined {
  const text = work.properties[name];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw handlerFailure(work, `Value of property ${name} must be of type Integer`);
}

/** What creation and update have in common. What is not given has AWS's defaults, also after an update took it away. */
function settingsOf(work: GroupWork): Omit<Update, 'AutoScalingGroupName'> {
  const { properties } = work;
  const { HealthCheckType, HealthCheckGracePeriod, InstanceMaintenancePolicy } = properties;
  const { DefaultInstanceWarmup, MaxInstanceLifetime, TerminationPolicies } = properties;
  const { NewInstancesProtectedFromScaleIn, ServiceLinkedRoleARN } = properties;
  return {
    DefaultCooldown: count(work, 'Cooldown') ?? 300,
    HealthCheckType: HealthCheckType ?? 'EC2',
    HealthCheckGracePeriod: HealthCheckGracePeriod ?? 0,
    DefaultInstanceWarmup: DefaultInstanceWarmup ?? -1,
    MaxInstanceLifetime: MaxInstanceLifetime ?? 0,
    NewInstancesProtectedFromScaleIn: NewInstancesProtectedFromScaleIn ?? false,
    TerminationPolicies: TerminationPolicies ?? [],
    InstanceMaintenancePolicy: InstanceMaintenancePolicy ?? {
      MinHealthyPercentage: -1,
      MaxHealthyPercentage: -1,
    },
    ...(ServiceLinkedRoleARN !== undefined && { ServiceLinkedRoleARN }),
  };
}

function sourceOf({ LaunchTemplate, LaunchConfigurationName, MixedInstancesPolicy }: Group): Partial<Create> {
  return {
    ...(LaunchTemplate && { LaunchTemplate }),
    ...(LaunchConfigurationName !== undefined && { LaunchConfigurationName }),
    ...(MixedInstancesPolicy && {
      MixedInstancesPolicy: MixedInstancesPolicy as Create['MixedInstancesPolicy'],
    }),
  };
}

function placesOf({ AvailabilityZones, VPCZoneIdentifier }: Group): Partial<Create> {
  return {
    ...(AvailabilityZones && { AvailabilityZones }),
    ...(VPCZoneIdentifier && { VPCZoneIdentifier: VPCZoneIdentifier.join(',') }),
  };
}

/** Sizes that an update sets: all that the template gives, unless the policy leaves alone those that it does not change. */
function sizesOf(work: GroupWork): Partial<Update> {
  const sizes = {
    MinSize: count(work, 'MinSize'),
    MaxSize: count(work, 'MaxSize'),
    DesiredCapacity: count(work, 'DesiredCapacity'),
  };
  const keeps = leavesSizes(work);
  const set = Object.entries(sizes).filter(
    ([name, size]) => size !== undefined && (!keeps || work.changed(name as keyof typeof sizes)),
  );
  return Object.fromEntries(set);
}

function create(work: GroupWork): string {
  const { AutoScalingGroupName = work.name({ longest: LONGEST }) } = work.properties;
  const { LoadBalancerNames, TargetGroupARNs, TrafficSources, LifecycleHookSpecificationList } =
    work.properties;
  const desired = count(work, 'DesiredCapacity');
  work.call('autoscaling', 'CreateAutoScalingGroup', {
    AutoScalingGroupName,
    ...settingsOf(work),
    ...sourceOf(work.properties),
    ...placesOf(work.properties),
    MinSize: count(work, 'MinSize') ?? 0,
    MaxSize: count(work, 'MaxSize') ?? 0,
    ...(desired !== undefined && { DesiredCapacity: desired }),
    ...(LoadBalancerNames && { LoadBalancerNames }),
    ...(TargetGroupARNs && { TargetGroupARNs }),
    ...(TrafficSources && { TrafficSources }),
    ...(LifecycleHookSpecificationList && {
      LifecycleHookSpecificationList:
        LifecycleHookSpecificationList as Create['LifecycleHookSpecificationList'],
    }),
  });
  changeAttachments(work, AutoScalingGroupName);
  return AutoScalingGroupName;
}

function update(work: GroupWork): void {
  checkRolling(work);
  work.call('autoscaling', 'UpdateAutoScalingGroup', {
    AutoScalingGroupName: work.physicalId,
    ...settingsOf(work),
    ...sourceOf(work.properties),
    ...placesOf(work.properties),
    ...sizesOf(work),
  });
  changeAttachments(work, work.physicalId);
  beginRolling(work);
  beginRefresh(work);
}

/** Whether the group is empty and deleted. It is scaled to nothing first, so that hooks and draining have their time. */
function gone(work: GroupWork): Progress {
  const group = liveGroup(work);
  if (!group) return 'done';
  if (membersOf(group).length === 0) return remove(work);
  const waited = work.ctx.now - Number(work.memory['since']);
  if (waited < work.ctx.duration(groupEmptying, `${work.stack.name}/${work.logicalId}`)) return { again: 0 };
  throw handlerFailure(work, unstable(work, group), 'NotStabilized');
}

/** Activities that are not over yet keep the group for a moment. */
const BUSY: readonly string[] = ['ScalingActivityInProgressFault', 'ResourceInUseFault'];

function remove(work: GroupWork): Progress {
  try {
    work.call('autoscaling', 'DeleteAutoScalingGroup', { AutoScalingGroupName: work.physicalId });
  } catch (error) {
    if (error instanceof ResourceFailure && BUSY.includes(error.fault?.shape ?? '')) return { again: 0 };
    throw error;
  }
  return { again: 0 };
}

export const autoScalingGroup: Provider = provider({
  type: 'AWS::AutoScaling::AutoScalingGroup',
  refused: [
    'AvailabilityZoneDistribution',
    'AvailabilityZoneIds',
    'AvailabilityZoneImpairmentPolicy',
    'CapacityRebalance',
    'CapacityReservationSpecification',
    'Context',
    'DeletionProtection',
    'DesiredCapacityType',
    'InstanceId',
    'InstanceLifecyclePolicy',
    'MixedInstancesPolicy.InstancesDistribution.DistributionSegments',
    'PlacementGroup',
    'SkipZonalShiftValidation',
  ],
  passedOn: [
    'InstanceMaintenancePolicy',
    'LaunchTemplate',
    'LifecycleHookSpecificationList',
    'MixedInstancesPolicy',
    'TrafficSources',
  ],
  create,
  stands(work) {
    if (work.previous === undefined) return hasCapacity(work);
    const rolled = lookAtRolling(work);
    return rolled === 'done' ? lookAtRefresh(work) : rolled;
  },
  update,
  cancelled(work) {
    cancelRolling(work);
    cancelRefresh(work);
  },
  replacesBecause(work) {
    if (!willReplace(work)) return false;
    if (work.changed(...LAUNCHES)) return true;
    const group = liveGroup(work);
    return group !== undefined && obsoleteIn(work, group).length > 0;
  },
  delete(work) {
    work.remember({ since: work.ctx.now });
    if (!liveGroup(work)) return;
    const sizes = { MinSize: 0, MaxSize: 0, DesiredCapacity: 0 };
    work.call('autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName: work.physicalId, ...sizes });
  },
  gone,
  attributes(work) {
    return { AutoScalingGroupARN: liveGroup(work)?.AutoScalingGroupARN ?? '' };
  },
  read(work) {
    const group = liveGroup(work);
    if (!group) return undefined;
    const { LaunchTemplate, LaunchConfigurationName, VPCZoneIdentifier = '' } = group;
    return {
      AutoScalingGroupName: work.physicalId,
      MinSize: String(group.MinSize),
      MaxSize: String(group.MaxSize),
      DesiredCapacity: String(group.DesiredCapacity),
      Cooldown: String(group.DefaultCooldown),
      HealthCheckType: group.HealthCheckType ?? '',
      HealthCheckGracePeriod: group.HealthCheckGracePeriod ?? 0,
      TargetGroupARNs: group.TargetGroupARNs ?? [],
      LoadBalancerNames: group.LoadBalancerNames ?? [],
      TerminationPolicies: group.TerminationPolicies ?? [],
      NewInstancesProtectedFromScaleIn: group.NewInstancesProtectedFromScaleIn ?? false,
      ...(LaunchConfigurationName !== undefined && { LaunchConfigurationName }),
      ...(LaunchTemplate && { LaunchTemplate: { ...LaunchTemplate } as Record<string, string> }),
      ...(VPCZoneIdentifier !== '' && { VPCZoneIdentifier: VPCZoneIdentifier.split(',') }),
    };
  },
});
