// Amazon EC2 Auto Scaling: groups that keep their number of instances, the lifecycle of each instance,
// hooks and health.

import type { Reconciler, Row, Table, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { scaling } from '#cloud/ports/scaling.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { activities, activityOperations } from './activities.ts';
import { authorization } from './authorization.ts';
import { groups } from './group.ts';
import { groupOperations } from './groups/groups.ts';
import { launchConfigurations } from './groups/launch-configuration.ts';
import { launchConfigurationOperations } from './groups/launch-configurations.ts';
import { metricOperations, reconcileMetrics } from './groups/metrics.ts';
import { notificationOperations, notifications } from './groups/notifications.ts';
import { processOperations } from './groups/processes.ts';
import { instances } from './instance.ts';
import { attachmentOperations } from './instances/attachment.ts';
import { capacityOperations, reconcileGroup } from './instances/capacity.ts';
import { healthOperations } from './instances/health.ts';
import { actions, hookOperations, hooks } from './instances/lifecycle-hooks.ts';
import { reconcileInstance } from './instances/lifecycle.ts';
import { protectionOperations } from './instances/protection.ts';
import { reconcileReplacement } from './instances/replacement.ts';
import { standbyOperations } from './instances/standby.ts';
import { terminationOperations } from './instances/termination.ts';
import { classicOperations } from './load-balancing/classic-load-balancing.ts';
import { loadBalancingOperations } from './load-balancing/load-balancing.ts';
import { refreshes } from './refreshes/refresh.ts';
import { refreshOperations } from './refreshes/refreshes.ts';
import { alarmScaling, policyOperations } from './scaling/policies.ts';
import { policies } from './scaling/policy.ts';
import { scheduledActions } from './scaling/scheduled-action.ts';
import { carryOut, scheduledOperations } from './scaling/scheduled.ts';
import { tagOperations } from './tags.ts';

/** Parts of a mixed instances policy that would lead beyond instance types on demand. */
const MIXED = ['WeightedCapacity', 'InstanceRequirements', 'ImageId'].map(
  (name) => `MixedInstancesPolicy.LaunchTemplate.Overrides.${name}`,
);

const NO_SPOT = 'stored and shown; all instances are on demand';
const SPOT = Object.fromEntries(
  ['OnDemandBaseCapacity', 'SpotAllocationStrategy', 'SpotInstancePools', 'SpotMaxPrice'].map((name) => [
    `MixedInstancesPolicy.InstancesDistribution.${name}`,
    NO_SPOT,
  ]),
);

/** What neither a new group nor a changed one may ask for. */
const UNMODELLED = [
  ...MIXED,
  'AvailabilityZoneIds',
  'PlacementGroup',
  'CapacityRebalance',
  'Context',
  'DesiredCapacityType',
  'AvailabilityZoneDistribution',
  'AvailabilityZoneImpairmentPolicy',
  'SkipZonalShiftValidation',
  'CapacityReservationSpecification',
  'InstanceLifecyclePolicy',
  'DeletionProtection',
];

export const service: Service = defineService({
  contract: 'autoscaling',
  tables: [
    groups,
    instances,
    hooks,
    actions,
    activities,
    notifications,
    policies,
    scheduledActions,
    launchConfigurations,
    refreshes,
  ] as unknown as Table<Row>[],
  operations: {
    ...groupOperations,
    ...capacityOperations,
    ...attachmentOperations,
    ...standbyOperations,
    ...protectionOperations,
    ...terminationOperations,
    ...healthOperations,
    ...hookOperations,
    ...processOperations,
    ...activityOperations,
    ...loadBalancingOperations,
    ...tagOperations,
    ...policyOperations,
    ...scheduledOperations,
    ...notificationOperations,
    ...metricOperations,
    ...launchConfigurationOperations,
    ...classicOperations,
    ...refreshOperations,
  },
  timers: [carryOut as TimerHandler<unknown, Ctx>],
  reconcilers: [
    reconcileGroup,
    reconcileInstance,
    reconcileReplacement,
    reconcileMetrics,
  ] as unknown as Reconciler<Row, Ctx>[],
  provides: [provide(scaling, alarmScaling)],
  authorization,
  refused: {
    CreateAutoScalingGroup: ['InstanceId', ...UNMODELLED],
    UpdateAutoScalingGroup: UNMODELLED,
    CreateLaunchConfiguration: [
      'BlockDeviceMappings.Ebs.SnapshotId',
      'BlockDeviceMappings.NoDevice',
      'BlockDeviceMappings.VirtualName',
      'ClassicLinkVPCId',
      'ClassicLinkVPCSecurityGroups',
      'InstanceId',
      'KernelId',
      'RamdiskId',
      'SpotPrice',
    ],
    StartInstanceRefresh: MIXED.map((path) => `DesiredConfiguration.${path}`),
    AttachTrafficSources: ['SkipZonalShiftValidation'],
    PutScalingPolicy: ['PredictiveScalingConfiguration'],
  },
  withoutEffect: {
    CreateAutoScalingGroup: SPOT,
    UpdateAutoScalingGroup: SPOT,
    StartInstanceRefresh: Object.fromEntries(
      Object.entries(SPOT).map(([path, reason]) => [`DesiredConfiguration.${path}`, reason]),
    ),
  },
});
