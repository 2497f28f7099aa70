// How IAM sees the operations: by the group's ARN, with the condition keys of the service.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Input, OperationName } from '#cloud/contracts.ts';
import { identity } from '#cloud/ports/identity.ts';
import type { Authorization } from '#cloud/service.ts';
import { groupArn, groups, PRINCIPAL } from './group.ts';
import { launchConfigurations } from './groups/launch-configuration.ts';
import { instances } from './instance.ts';

type Conditions = Record<string, string | readonly string[]>;
type WireTags = Input<'autoscaling', 'CreateOrUpdateTags'>['Tags'];

/** Tags of the group that a request touches. */
function ofResource(ctx: Ctx, name: string | undefined): Conditions {
  const tags = Object.entries((name !== undefined && ctx.get(groups, name)?.tags) || {});
  return Object.fromEntries(
    tags.flatMap(([key, { value }]) => [
      [`aws:ResourceTag/${key}`, value],
      [`autoscaling:ResourceTag/${key}`, value],
    ]),
  );
}

/** Tags that a request brings. */
function ofRequest(tags: WireTags = []): Conditions {
  if (tags.length === 0) return {};
  const values = tags.map(({ Key, Value = '' }) => [`aws:RequestTag/${Key}`, Value]);
  return { ...Object.fromEntries(values), 'aws:TagKeys': tags.map(({ Key }) => Key) };
}

interface Sizes {
  MinSize?: number | undefined;
  MaxSize?: number | undefined;
  VPCZoneIdentifier?: string | undefined;
  LaunchTemplate?: { Version?: string | undefined } | undefined;
  TargetGroupARNs?: readonly string[] | undefined;
  LaunchConfigurationName?: string | undefined;
  LoadBalancerNames?: readonly string[] | undefined;
}

function ofSizes({
  MinSize,
  MaxSize,
  VPCZoneIdentifier,
  LaunchTemplate,
  TargetGroupARNs,
  LaunchConfigurationName,
  LoadBalancerNames,
}: Sizes): Conditions {
  return {
    ...(LaunchConfigurationName === undefined
      ? {}
      : { 'autoscaling:LaunchConfigurationName': LaunchConfigurationName }),
    ...(LoadBalancerNames ? { 'autoscaling:LoadBalancerNames': LoadBalancerNames } : {}),
    ...(MinSize === undefined ? {} : { 'autoscaling:MinSize': String(MinSize) }),
    ...(MaxSize === undefined ? {} : { 'autoscaling:MaxSize': String(MaxSize) }),
    ...(VPCZoneIdentifier === undefined
      ? {}
      : { 'autoscaling:VPCZoneIdentifiers': VPCZoneIdentifier.split(',') }),
    ...(LaunchTemplate
      ? { 'autoscaling:LaunchTemplateVersionSpecified': String(LaunchTemplate.Version !== undefined) }
      : {}),
    ...(TargetGroupARNs ? { 'autoscaling:TargetGroupARNs': TargetGroupARNs } : {}),
  };
}

interface Named {
  AutoScalingGroupName?: string | undefined;
}
const ofGroup = {
  resources: (ctx: Ctx, { AutoScalingGroupName }: Named): string => groupArn(ctx, AutoScalingGroupName),
  conditions: (ctx: Ctx, { AutoScalingGroupName }: Named): Conditions =>
    ofResource(ctx, AutoScalingGroupName),
};

interface OfInstance {
  InstanceId: string;
}
const groupOfInstance = (ctx: Ctx, { InstanceId }: OfInstance): string | undefined =>
  ctx.get(instances, InstanceId)?.group;
const ofInstance = {
  resources: (ctx: Ctx, input: OfInstance): string => groupArn(ctx, groupOfInstance(ctx, input)),
  conditions: (ctx: Ctx, input: OfInstance): Conditions => ofResource(ctx, groupOfInstance(ctx, input)),
};

const ofTags = {
  resources: (ctx: Ctx, { Tags }: { Tags: WireTags }): string[] => [
    ...new Set(Tags.map(({ ResourceId }) => groupArn(ctx, ResourceId))),
  ],
  conditions: (ctx: Ctx, { Tags }: { Tags: WireTags }): Conditions => ({
    ...ofResource(ctx, Tags[0]?.ResourceId),
    ...ofRequest(Tags),
  }),
};

type Configuration = Input<'autoscaling', 'CreateLaunchConfiguration'>;

/** What a launch configuration asks for. */
function ofConfiguration({ ImageId, InstanceType, MetadataOptions = {} }: Configuration): Conditions {
  const { HttpEndpoint, HttpTokens, HttpPutResponseHopLimit: hops } = MetadataOptions;
  const told = Object.entries({
    ImageId,
    InstanceType,
    MetadataHttpEndpoint: HttpEndpoint,
    MetadataHttpTokens: HttpTokens,
    MetadataHttpPutResponseHopLimit: hops === undefined ? undefined : String(hops),
  });
  return Object.fromEntries(
    told.flatMap(([key, value]) => (value === undefined ? [] : [[`autoscaling:${key}`, value]])),
  );
}

/** The ARN of a launch configuration, also where there is none of that name. */
function configurationArn(ctx: Ctx, name: string): string {
  return (
    ctx.get(launchConfigurations, name)?.arn ??
    ctx.arn('autoscaling', `launchConfiguration:*:launchConfigurationName/${name}`)
  );
}

/** The role of an instance profile goes to EC2. */
function profilePassed(ctx: Ctx, profile: string | undefined): { roleArn: string; service: string }[] {
  if (profile === undefined) return [];
  const arn = profile.startsWith('arn:')
    ? profile
    : `arn:aws:iam::${ctx.account}:instance-profile/${profile}`;
  const roleArn = ctx.port(identity).profileRole(ctx, arn);
  return roleArn === undefined ? [] : [{ roleArn, service: 'ec2.amazonaws.com' }];
}

/** Handing a role to the service takes the caller's permission to pass it. */
function passed(roleArn: string | undefined): { roleArn: string; service: string }[] {
  return roleArn === undefined ? [] : [{ roleArn, service: PRINCIPAL }];
}

/** Operations on one group, named by `AutoScalingGroupName`. */
const ON_GROUP = [
  'AttachInstances',
  'AttachLoadBalancerTargetGroups',
  'AttachLoadBalancers',
  'AttachTrafficSources',
  'BatchDeleteScheduledAction',
  'BatchPutScheduledUpdateGroupAction',
  'CancelInstanceRefresh',
  'CompleteLifecycleAction',
  'DeleteLifecycleHook',
  'DeleteNotificationConfiguration',
  'DeletePolicy',
  'DeleteScheduledAction',
  'DetachInstances',
  'DetachLoadBalancerTargetGroups',
  'DetachLoadBalancers',
  'DetachTrafficSources',
  'DisableMetricsCollection',
  'EnableMetricsCollection',
  'EnterStandby',
  'ExecutePolicy',
  'ExitStandby',
  'PutNotificationConfiguration',
  'PutScalingPolicy',
  'PutScheduledUpdateGroupAction',
  'RecordLifecycleActionHeartbeat',
  'ResumeProcesses',
  'RollbackInstanceRefresh',
  'SetDesiredCapacity',
  'SetInstanceProtection',
  'StartInstanceRefresh',
  'SuspendProcesses',
] as const satisfies readonly OperationName<'autoscaling'>[];

type Rules = { readonly [O in OperationName<'autoscaling'>]?: Authorization<'autoscaling', O> };

export const authorization: Rules = {
  ...(Object.fromEntries(ON_GROUP.map((name) => [name, ofGroup])) as Rules),
  CreateAutoScalingGroup: {
    resources: ofGroup.resources,
    conditions: (_, input) => ({ ...ofSizes(input), ...ofRequest(input.Tags) }),
    passes: (_, { ServiceLinkedRoleARN, LifecycleHookSpecificationList: hooks = [] }) => [
      ...passed(ServiceLinkedRoleARN),
      ...hooks.flatMap(({ RoleARN }) => passed(RoleARN)),
    ],
  },
  UpdateAutoScalingGroup: {
    resources: ofGroup.resources,
    conditions: (ctx, input) => ({ ...ofGroup.conditions(ctx, input), ...ofSizes(input) }),
    passes: (_, { ServiceLinkedRoleARN }) => passed(ServiceLinkedRoleARN),
  },
  DeleteAutoScalingGroup: {
    resources: ofGroup.resources,
    conditions: (ctx, input) => ({
      ...ofGroup.conditions(ctx, input),
      'autoscaling:ForceDelete': String(input.ForceDelete ?? false),
    }),
  },
  CreateLaunchConfiguration: {
    resources: (ctx, { LaunchConfigurationName: name }) => configurationArn(ctx, name),
    conditions: (_, input) => ofConfiguration(input),
    passes: (ctx, { IamInstanceProfile }) => profilePassed(ctx, IamInstanceProfile),
  },
  DeleteLaunchConfiguration: {
    resources: (ctx, { LaunchConfigurationName: name }) => configurationArn(ctx, name),
  },
  PutLifecycleHook: { ...ofGroup, passes: (_, { RoleARN }) => passed(RoleARN) },
  SetInstanceHealth: ofInstance,
  TerminateInstanceInAutoScalingGroup: ofInstance,
  CreateOrUpdateTags: ofTags,
  DeleteTags: ofTags,
};
