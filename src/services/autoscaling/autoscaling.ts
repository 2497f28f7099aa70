// Amazon EC2 Auto Scaling: groups that keep their number of instances, the lifecycle of each instance,
// hooks and health.

import type { Reconciler, Row, Table, TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { scaling } from '#cloud/ports.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { activities, activityOperations } from './activities.ts';
import { attachmentOperations } from './attachment.ts';
import { authorization } from './authorization.ts';
import { capacityOperations, reconcileGroup } from './capacity.ts';
import { groups } from './group.ts';
import { groupOperations } from './groups.ts';
import { healthOperations } from './health.ts';
import { instances } from './instance.ts';
import { reconcileInstance } from './lifecycle.ts';
import { actions, hookOperations, hooks } from './lifecycle-hooks.ts';
import { loadBalancingOperations } from './load-balancing.ts';
import { metricOperations, reconcileMetrics } from './metrics.ts';
import { notificationOperations, notifications } from './notifications.ts';
import { policies } from './policy.ts';
import { alarmScaling, policyOperations } from './policies.ts';
import { processOperations } from './processes.ts';
import { protectionOperations } from './protection.ts';
import { scheduledActions } from './scheduled-action.ts';
import { carryOut, scheduledOperations } from './scheduled.ts';
import { standbyOperations } from './standby.ts';
import { tagOperations } from './tags.ts';
import { terminationOperations } from './termination.ts';

/** What neither a new group nor a changed one may ask for. */
const UNMODELLED = [
  'LaunchConfigurationName',
  'MixedInstancesPolicy',
  'AvailabilityZoneIds',
  'PlacementGroup',
  'CapacityRebalance',
  'MaxInstanceLifetime',
  'Context',
  'DesiredCapacityType',
  'DefaultInstanceWarmup',
  'InstanceMaintenancePolicy',
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
  },
  timers: [carryOut as TimerHandler<unknown, Ctx>],
  reconcilers: [reconcileGroup, reconcileInstance, reconcileMetrics] as unknown as Reconciler<Row, Ctx>[],
  provides: [provide(scaling, alarmScaling)],
  authorization,
  refused: {
    CreateAutoScalingGroup: ['InstanceId', 'LoadBalancerNames', ...UNMODELLED],
    UpdateAutoScalingGroup: UNMODELLED,
    AttachTrafficSources: ['SkipZonalShiftValidation'],
    PutScalingPolicy: [
      'EstimatedInstanceWarmup',
      'TargetTrackingConfiguration',
      'PredictiveScalingConfiguration',
    ],
  },
});
