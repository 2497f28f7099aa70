// The replacement environment of a blue/green deployment: a copy of the Auto Scaling group, made through the service role
// in the order in which CloudTrail shows it.
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GreenFleetProvisioningOption.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Input, OperationName, Output } from '#cloud/contracts.ts';
import type { Deployment } from '../rows.ts';
import { callAs, demand, Trouble } from '../service-role.ts';

type AutoScalingGroup = NonNullable<
  Output<'autoscaling', 'DescribeAutoScalingGroups'>['AutoScalingGroups']
>[number];

/** Processes that would get in the way while CodeDeploy moves the traffic itself. */
const SUSPENDED = ['AddToLoadBalancer', 'AlarmNotification', 'ScheduledActions'];
const PROVISIONING_TAG = 'CodeDeployProvisioningDeploymentId';

export function autoScalingGroup(ctx: Ctx, deployment: Deployment, name: string): AutoScalingGroup {
  const input = { AutoScalingGroupNames: [name] };
  const { AutoScalingGroups = [] } = demand(
    ctx,
    deployment,
    'autoscaling',
    'DescribeAutoScalingGroups',
    input,
  );
  const [found] = AutoScalingGroups;
  if (!found)
    throw new Trouble('AUTO_SCALING_CONFIGURATION', `The Auto Scaling group ${name} does not exist.`);
  return found;
}

/** Instances of a group that serve and are healthy. */
export function healthyInstances({ Instances = [] }: AutoScalingGroup): string[] {
  const healthy = Instances.filter(
    ({ LifecycleState, HealthStatus }) => LifecycleState === 'InService' && HealthStatus === 'Healthy',
  );
  return healthy.map(({ InstanceId }) => InstanceId);
}

/** Makes the copy and lets it launch as many instances as the original has healthy ones. */
export function copyGroup(
  ctx: Ctx,
  deployment: Deployment,
  original: AutoScalingGroup,
  size: number,
): string {
  const name = `CodeDeploy_${deployment.groupName}_${deployment.id}`;
  demand(ctx, deployment, 'autoscaling', 'CreateAutoScalingGroup', {
    ...shape(original),
    AutoScalingGroupName: name,
    MinSize: 0,
    MaxSize: original.MaxSize,
    DesiredCapacity: 0,
    Tags: [
      ...(original.Tags ?? [])
        .filter(({ Key = '' }) => Key !== PROVISIONING_TAG)
        .map(({ Key = '', Value = '', PropagateAtLaunch = false }) => ({ Key, Value, PropagateAtLaunch })),
      { Key: PROVISIONING_TAG, Value: deployment.id, PropagateAtLaunch: true },
    ],
  });
  copyPolicies(ctx, deployment, original.AutoScalingGroupName, name);
  copyNotifications(ctx, deployment, original.AutoScalingGroupName, name);
  const sizes = { MinSize: Math.min(original.MinSize, size), DesiredCapacity: size };
  demand(ctx, deployment, 'autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName: name, ...sizes });
  demand(ctx, deployment, 'autoscaling', 'SuspendProcesses', {
    AutoScalingGroupName: name,
    ScalingProcesses: SUSPENDED,
  });
  return name;
}

export function resumeGroup(ctx: Ctx, deployment: Deployment, name: string): void {
  demand(ctx, deployment, 'autoscaling', 'ResumeProcesses', {
    AutoScalingGroupName: name,
    ScalingProcesses: SUSPENDED,
  });
}

/** What two groups have in common when one is the copy of the other. */
function shape(original: AutoScalingGroup): Partial<Input<'autoscaling', 'CreateAutoScalingGroup'>> {
  const {
    LaunchConfigurationName,
    LaunchTemplate,
    MixedInstancesPolicy,
    VPCZoneIdentifier,
    AvailabilityZones,
  } = original;
  const {
    TargetGroupARNs = [],
    LoadBalancerNames = [],
    TerminationPolicies = [],
    CapacityRebalance,
  } = original;
  const copied: Record<string, unknown> = {
    LaunchConfigurationName,
    LaunchTemplate: byId(LaunchTemplate),
    MixedInstancesPolicy: MixedInstancesPolicy && templatesById(MixedInstancesPolicy),
    ...(VPCZoneIdentifier ? { VPCZoneIdentifier } : { AvailabilityZones }),
    TargetGroupARNs: TargetGroupARNs.length > 0 ? TargetGroupARNs : undefined,
    LoadBalancerNames: LoadBalancerNames.length > 0 ? LoadBalancerNames : undefined,
    TerminationPolicies: TerminationPolicies.length > 0 ? TerminationPolicies : undefined,
    DefaultCooldown: original.DefaultCooldown,
    HealthCheckType: original.HealthCheckType,
    HealthCheckGracePeriod: original.HealthCheckGracePeriod,
    PlacementGroup: original.PlacementGroup,
    NewInstancesProtectedFromScaleIn: original.NewInstancesProtectedFromScaleIn || undefined,
    CapacityRebalance: CapacityRebalance || undefined,
    MaxInstanceLifetime: original.MaxInstanceLifetime,
    DefaultInstanceWarmup: original.DefaultInstanceWarmup,
  };
  const given = Object.entries(copied).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<Input<'autoscaling', 'CreateAutoScalingGroup'>>;
}

type Template = AutoScalingGroup['LaunchTemplate'];

/** By id alone: a request may not name the template as well. */
function byId(template: Template): Template {
  const { LaunchTemplateId, Version } = template ?? {};
  if (LaunchTemplateId === undefined) return template;
  return { LaunchTemplateId, ...(Version === undefined ? {} : { Version }) };
}

type MixedInstances = NonNullable<AutoScalingGroup['MixedInstancesPolicy']>;

function templatesById({ LaunchTemplate = {}, InstancesDistribution }: MixedInstances): MixedInstances {
  const { LaunchTemplateSpecification, Overrides = [] } = LaunchTemplate;
  return {
    LaunchTemplate: {
      LaunchTemplateSpecification: byId(LaunchTemplateSpecification),
      Overrides: Overrides.map(({ LaunchTemplateSpecification: own, ...rest }) =>
        own ? { ...rest, LaunchTemplateSpecification: byId(own) } : rest,
      ),
    },
    InstancesDistribution,
  };
}

function copyPolicies(ctx: Ctx, deployment: Deployment, from: string, to: string): void {
  const described = optional(ctx, deployment, 'DescribePolicies', { AutoScalingGroupName: from });
  for (const policy of described?.ScalingPolicies ?? []) {
    const {
      AutoScalingGroupName: _group,
      PolicyARN: _arn,
      Alarms: _alarms,
      PolicyName = '',
      ...rest
    } = policy;
    demand(ctx, deployment, 'autoscaling', 'PutScalingPolicy', {
      ...rest,
      PolicyName,
      AutoScalingGroupName: to,
    });
  }
}

function copyNotifications(ctx: Ctx, deployment: Deployment, from: string, to: string): void {
  const described = optional(ctx, deployment, 'DescribeNotificationConfigurations', {
    AutoScalingGroupNames: [from],
  });
  const types = new Map<string, string[]>();
  for (const { TopicARN = '', NotificationType = '' } of described?.NotificationConfigurations ?? []) {
    types.set(TopicARN, [...(types.get(TopicARN) ?? []), NotificationType]);
  }
  for (const [TopicARN, NotificationTypes] of types) {
    demand(ctx, deployment, 'autoscaling', 'PutNotificationConfiguration', {
      AutoScalingGroupName: to,
      TopicARN,
      NotificationTypes,
    });
  }
}

/** What is not modelled of Auto Scaling, no group has: there is nothing to copy. */
function optional<O extends OperationName<'autoscaling'>>(
  ctx: Ctx,
  deployment: Deployment,
  operation: O,
  input: Input<'autoscaling', O>,
): Output<'autoscaling', O> | undefined {
  const outcome = callAs(ctx, deployment, 'autoscaling', operation, input);
  if (!outcome.ok && outcome.fault.shape === 'NotImplemented') return undefined;
  return outcome.ok ? outcome.output : demand(ctx, deployment, 'autoscaling', operation, input);
}
