// What changes the size of a group: scaling policies and scheduled actions; and lifecycle hooks.

import { parseIso } from '#contract/protocols/timestamp.ts';
import type { Input } from '#cloud/contracts.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider, Work } from '../provider.ts';

type PutPolicy = Input<'autoscaling', 'PutScalingPolicy'>;
type PutAction = Input<'autoscaling', 'PutScheduledUpdateGroupAction'>;
type PutHook = Input<'autoscaling', 'PutLifecycleHook'>;

const LONGEST = 255;

/** Whether the group is still there: what hangs on it goes with it. */
function hasGroup(work: Work, AutoScalingGroupName: string): boolean {
  const asked = { AutoScalingGroupNames: [AutoScalingGroupName] };
  return work.call('autoscaling', 'DescribeAutoScalingGroups', asked).AutoScalingGroups.length > 0;
}

type Policy = Work<'AWS::AutoScaling::ScalingPolicy'>;

function putPolicy(work: Policy, PolicyName: string): string {
  const { properties } = work;
  const { AutoScalingGroupName, Cooldown, TargetTrackingConfiguration, StepAdjustments } = properties;
  const { AdjustmentType, EstimatedInstanceWarmup, MetricAggregationType } = properties;
  const { MinAdjustmentMagnitude, PolicyType, ScalingAdjustment } = properties;
  if (Cooldown !== undefined && !/^\d+$/.test(Cooldown))
    throw handlerFailure(work, 'Value of property Cooldown must be of type Integer');
  const { PolicyARN = '' } = work.call('autoscaling', 'PutScalingPolicy', {
    AutoScalingGroupName,
    PolicyName,
    ...(AdjustmentType !== undefined && { AdjustmentType }),
    ...(Cooldown !== undefined && { Cooldown: Number(Cooldown) }),
    ...(EstimatedInstanceWarmup !== undefined && { EstimatedInstanceWarmup }),
    ...(MetricAggregationType !== undefined && { MetricAggregationType }),
    ...(MinAdjustmentMagnitude !== undefined && { MinAdjustmentMagnitude }),
    ...(PolicyType !== undefined && { PolicyType }),
    ...(ScalingAdjustment !== undefined && { ScalingAdjustment }),
    ...(StepAdjustments && { StepAdjustments: StepAdjustments as PutPolicy['StepAdjustments'] }),
    ...(TargetTrackingConfiguration && {
      TargetTrackingConfiguration: TargetTrackingConfiguration as PutPolicy['TargetTrackingConfiguration'],
    }),
  });
  return PolicyARN;
}

/** `arn:…:autoScalingGroupName/web:policyName/out` */
function policyName({ physicalId }: { physicalId: string }): string {
  return physicalId.slice(physicalId.indexOf(':policyName/') + ':policyName/'.length);
}

function livePolicy(work: Policy) {
  const { AutoScalingGroupName } = work.properties;
  if (!hasGroup(work, AutoScalingGroupName)) return undefined;
  const asked = { AutoScalingGroupName, PolicyNames: [policyName(work)] };
  return work.call('autoscaling', 'DescribePolicies', asked).ScalingPolicies?.[0];
}

const scalingPolicy = provider({
  type: 'AWS::AutoScaling::ScalingPolicy',
  refused: ['PredictiveScalingConfiguration'],
  passedOn: ['StepAdjustments', 'TargetTrackingConfiguration'],
  create: (work) => putPolicy(work, work.name({ longest: LONGEST })),
  update(work) {
    putPolicy(work, policyName(work));
  },
  delete(work) {
    if (livePolicy(work)) work.call('autoscaling', 'DeletePolicy', { PolicyName: work.physicalId });
  },
  attributes: (work) => ({ Arn: work.physicalId, PolicyName: policyName(work) }),
  read(work) {
    const found = livePolicy(work);
    if (!found) return undefined;
    const { AutoScalingGroupName = '', PolicyType = '', AdjustmentType, ScalingAdjustment } = found;
    return {
      AutoScalingGroupName,
      PolicyType,
      ...(AdjustmentType !== undefined && { AdjustmentType }),
      ...(ScalingAdjustment !== undefined && { ScalingAdjustment }),
    };
  },
});

type Action = Work<'AWS::AutoScaling::ScheduledAction'>;

/** Epoch ms of `2026-02-01T06:00:00Z`. */
function instantOf(work: Action, name: 'StartTime' | 'EndTime'): number | undefined {
  const text = work.properties[name];
  if (text === undefined) return undefined;
  const at = parseIso(text);
  if (at === undefined) throw handlerFailure(work, `Value of property ${name} must be a timestamp`);
  return at;
}

function putAction(work: Action, ScheduledActionName: string): void {
  const { properties } = work;
  const { AutoScalingGroupName, DesiredCapacity, MaxSize, MinSize, Recurrence, TimeZone } = properties;
  const [start, end] = [instantOf(work, 'StartTime'), instantOf(work, 'EndTime')];
  const input: PutAction = {
    AutoScalingGroupName,
    ScheduledActionName,
    ...(DesiredCapacity !== undefined && { DesiredCapacity }),
    ...(MaxSize !== undefined && { MaxSize }),
    ...(MinSize !== undefined && { MinSize }),
    ...(Recurrence !== undefined && { Recurrence }),
    ...(TimeZone !== undefined && { TimeZone }),
    ...(start !== undefined && { StartTime: start }),
    ...(end !== undefined && { EndTime: end }),
  };
  work.call('autoscaling', 'PutScheduledUpdateGroupAction', input);
}

function liveAction(work: Action) {
  const { AutoScalingGroupName } = work.properties;
  if (!hasGroup(work, AutoScalingGroupName)) return undefined;
  const asked = { AutoScalingGroupName, ScheduledActionNames: [work.physicalId] };
  return work.call('autoscaling', 'DescribeScheduledActions', asked).ScheduledUpdateGroupActions?.[0];
}

const scheduledAction = provider({
  type: 'AWS::AutoScaling::ScheduledAction',
  create(work) {
    const name = work.name({ longest: LONGEST });
    putAction(work, name);
    return name;
  },
  update(work) {
    putAction(work, work.physicalId);
  },
  delete(work) {
    const { AutoScalingGroupName } = work.properties;
    // One that was to happen once is gone when it has.
    if (!liveAction(work)) return;
    const ScheduledActionName = work.physicalId;
    work.call('autoscaling', 'DeleteScheduledAction', { AutoScalingGroupName, ScheduledActionName });
  },
  attributes: ({ physicalId }) => ({ ScheduledActionName: physicalId }),
  read(work) {
    const found = liveAction(work);
    if (!found) return undefined;
    const { MinSize, MaxSize, DesiredCapacity, Recurrence, TimeZone } = found;
    const given = { MinSize, MaxSize, DesiredCapacity, Recurrence, TimeZone };
    return Object.fromEntries(
      Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
  },
});

type Hook = Work<'AWS::AutoScaling::LifecycleHook'>;

function putHook(work: Hook, LifecycleHookName: string): void {
  const { properties } = work;
  const { AutoScalingGroupName, LifecycleTransition, DefaultResult, HeartbeatTimeout } = properties;
  const { NotificationMetadata, NotificationTargetARN, RoleARN } = properties;
  const input: PutHook = {
    AutoScalingGroupName,
    LifecycleHookName,
    LifecycleTransition,
    ...(DefaultResult !== undefined && { DefaultResult }),
    ...(HeartbeatTimeout !== undefined && { HeartbeatTimeout }),
    ...(NotificationMetadata !== undefined && { NotificationMetadata }),
    ...(NotificationTargetARN !== undefined && { NotificationTargetARN }),
    ...(RoleARN !== undefined && { RoleARN }),
  };
  work.call('autoscaling', 'PutLifecycleHook', input);
}

function liveHook(work: Hook) {
  const { AutoScalingGroupName } = work.properties;
  if (!hasGroup(work, AutoScalingGroupName)) return undefined;
  const { LifecycleHooks = [] } = work.call('autoscaling', 'DescribeLifecycleHooks', {
    AutoScalingGroupName,
  });
  return LifecycleHooks.find(({ LifecycleHookName }) => LifecycleHookName === work.physicalId);
}

const lifecycleHook = provider({
  type: 'AWS::AutoScaling::LifecycleHook',
  create(work) {
    const { LifecycleHookName = work.name({ longest: LONGEST }) } = work.properties;
    putHook(work, LifecycleHookName);
    return LifecycleHookName;
  },
  update(work) {
    putHook(work, work.physicalId);
  },
  delete(work) {
    const { AutoScalingGroupName } = work.properties;
    if (!liveHook(work)) return;
    const LifecycleHookName = work.physicalId;
    work.call('autoscaling', 'DeleteLifecycleHook', { AutoScalingGroupName, LifecycleHookName });
  },
  read(work) {
    const found = liveHook(work);
    if (!found) return undefined;
    const { LifecycleTransition = '', DefaultResult = '', HeartbeatTimeout = 0 } = found;
    return { LifecycleTransition, DefaultResult, HeartbeatTimeout };
  },
});

export const scaling: readonly Provider[] = [scalingPolicy, scheduledAction, lifecycleHook];
