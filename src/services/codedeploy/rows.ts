// The rows of CodeDeploy, and the lookups that every part of it needs, with AWS's answers for what is missing.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Tags } from '#cloud/tags.ts';
import type { Count, MinimumHealthyHosts } from './groups/minimum-healthy-hosts.ts';
import type { TrafficRouting } from './lambda/shift.ts';
import type { Course } from './lifecycle-events.ts';

type GroupInfo = NonNullable<Output<'codedeploy', 'GetDeploymentGroup'>['deploymentGroupInfo']>;
type DeploymentInfo = NonNullable<Output<'codedeploy', 'GetDeployment'>['deploymentInfo']>;

export type RevisionLocation = NonNullable<Input<'codedeploy', 'CreateDeployment'>['revision']>;
export type AlarmConfiguration = NonNullable<GroupInfo['alarmConfiguration']>;
export type AutoRollbackConfiguration = NonNullable<GroupInfo['autoRollbackConfiguration']>;
export type AutoRollbackEvent = NonNullable<AutoRollbackConfiguration['events']>[number];
export type TriggerConfig = NonNullable<GroupInfo['triggerConfigurations']>[number];
export type BlueGreenConfiguration = NonNullable<GroupInfo['blueGreenDeploymentConfiguration']>;
export type TargetInstances = NonNullable<DeploymentInfo['targetInstances']>;
export type Creator = NonNullable<DeploymentInfo['creator']>;
export type DeploymentStatus = NonNullable<DeploymentInfo['status']>;
export type ErrorCode = NonNullable<NonNullable<DeploymentInfo['errorInformation']>['code']>;
export type RollbackInfo = NonNullable<DeploymentInfo['rollbackInfo']>;
/** What is deployed to. Rows of instances' deployments say nothing. */
export type ComputePlatform = 'Server' | 'Lambda';

export interface Application {
  name: string;
  id: string;
  computePlatform?: 'Lambda';
  tags: Tags;
  createdAt: number;
}
export const applications: Table<Application> = table<Application>(
  'codedeploy/applications',
  (row) => row.name,
);

export interface DeploymentConfig {
  name: string;
  id: string;
  /** For instances. */
  minimum?: MinimumHealthyHosts;
  /** For functions. */
  routing?: TrafficRouting;
  createdAt: number;
}
/** Custom configurations; AWS's own are constants in ./deployment-configs.ts. */
export const deploymentConfigs: Table<DeploymentConfig> = table<DeploymentConfig>(
  'codedeploy/deployment-configs',
  (row) => row.name,
);

/** An Auto Scaling group of a deployment group, and the lifecycle hooks that CodeDeploy put on it. */
export interface HookedGroup {
  name: string;
  hook?: string;
  terminationHook?: string;
}

/** What a deployment group was told, as the API spells it. */
export type GroupSettings = Pick<
  GroupInfo,
  | 'ec2TagFilters'
  | 'ec2TagSet'
  | 'onPremisesInstanceTagFilters'
  | 'onPremisesTagSet'
  | 'triggerConfigurations'
  | 'alarmConfiguration'
  | 'autoRollbackConfiguration'
  | 'outdatedInstancesStrategy'
  | 'deploymentStyle'
  | 'blueGreenDeploymentConfiguration'
  | 'loadBalancerInfo'
  | 'terminationHookEnabled'
>;

export interface LastDeployment {
  deploymentId: string;
  status: DeploymentStatus;
  createTime: number;
  endTime: number;
}

export interface DeploymentGroup {
  id: string;
  applicationName: string;
  name: string;
  computePlatform?: 'Lambda';
  configName: string;
  serviceRoleArn: string;
  settings: GroupSettings;
  autoScalingGroups: readonly HookedGroup[];
  /** The revision of the last successful deployment. */
  targetRevision?: RevisionLocation;
  lastSuccessful?: LastDeployment;
  lastAttempted?: LastDeployment;
  tags: Tags;
}
export const deploymentGroups: Table<DeploymentGroup> = table<DeploymentGroup>(
  'codedeploy/deployment-groups',
  (row) => row.id,
  {
    application: (row) => row.applicationName,
    name: (row) => `${row.applicationName}/${row.name}`,
  },
);

/** The name under which groups are looked at for outdated instances; the look itself is in ./follow-up.ts. */
export const followUpLook = { name: 'codedeploy/follow-up' };

export interface Revision {
  /** `<application> <location as JSON>`. */
  key: string;
  applicationName: string;
  location: RevisionLocation;
  description?: string;
  registeredAt: number;
  firstUsedAt?: number;
  lastUsedAt?: number;
  groups: readonly string[];
}
export const revisions: Table<Revision> = table<Revision>('codedeploy/revisions', (row) => row.key, {
  application: (row) => row.applicationName,
});

export interface OnPremisesInstance {
  name: string;
  arn: string;
  iamUserArn?: string;
  iamSessionArn?: string;
  registeredAt: number;
  deregisteredAt?: number;
  tags: Tags;
}
export const onPremisesInstances: Table<OnPremisesInstance> = table<OnPremisesInstance>(
  'codedeploy/on-premises-instances',
  (row) => row.name,
);

/** Instances that a deployment goes through: those of an in-place one, or either side of a blue/green one. */
export type Fleet = 'instance' | 'green' | 'blue';

/** One pass through a fleet under the deployment configuration. */
export interface Wave extends Count {
  fleet: Fleet;
  /** Key of the last target that was begun. */
  cursor?: string;
  /** Not one instance may fail. */
  strict?: boolean;
}

export interface Overview {
  Pending: number;
  InProgress: number;
  Succeeded: number;
  Failed: number;
  Skipped: number;
  Ready: number;
}

/** Where a deployment is. The API's status follows from it only roughly. */
export type Stage =
  | 'created'
  | 'provisioning'
  | 'installing'
  | 'waiting'
  | 'rerouting'
  | 'blocking'
  | 'terminating'
  | 'shifting'
  | 'ended';

export interface Deployment {
  id: string;
  applicationName: string;
  groupId: string;
  groupName: string;
  computePlatform?: 'Lambda';
  configName: string;
  serviceRoleArn: string;
  creator: Creator;
  /** The stack for which CloudFormation asked for it. */
  externalId?: string;
  description?: string;
  revision: RevisionLocation;
  previousRevision?: RevisionLocation;
  status: DeploymentStatus;
  error?: { code: ErrorCode; message: string };
  createdAt: number;
  startedAt?: number;
  completedAt?: number;
  overview: Overview;
  ignoreApplicationStopFailures: boolean;
  updateOutdatedInstancesOnly: boolean;
  fileExistsBehavior: 'DISALLOW' | 'OVERWRITE' | 'RETAIN';
  /** The group's settings that this deployment goes by, with what the request changed. */
  autoRollback?: AutoRollbackConfiguration;
  alarms?: AlarmConfiguration;
  overrideAlarms?: AlarmConfiguration;
  style: {
    deploymentType: 'IN_PLACE' | 'BLUE_GREEN';
    deploymentOption: 'WITH_TRAFFIC_CONTROL' | 'WITHOUT_TRAFFIC_CONTROL';
  };
  blueGreen?: BlueGreenConfiguration;
  loadBalancerInfo?: NonNullable<GroupInfo['loadBalancerInfo']>;
  targetInstances?: TargetInstances;
  rollbackInfo?: RollbackInfo;
  /** Deployments that bring up to date what was launched meanwhile, and the one that they follow. */
  followUps?: readonly string[];
  followsUp?: string;
  stage: Stage;
  wave?: Wave;
  targetGroupArns: readonly string[];
  /** Classic Load Balancers that it goes by. */
  loadBalancerNames?: readonly string[];
  /** Total time is up then. */
  timeoutAt?: number;
  /** The end of the wait that the stage consists of. */
  waitUntil?: number;
  /** The user ended the wait for traffic to be rerouted. */
  continued?: boolean;
  terminationWaitStarted: boolean;
  /** Auto Scaling group that replaces another, once it exists. */
  green?: { autoScalingGroup: string; size: number; replaces: string };
  /** Auto Scaling groups of the environment that is replaced. */
  originals?: readonly string[];
  /** The one instance of a deployment that Auto Scaling asked for, and the lifecycle action that waits for it. */
  launch?: { instanceId: string; key: string };
  /** The deployment whose traffic goes back. */
  restores?: string;
}
const ENDED: ReadonlySet<DeploymentStatus> = new Set(['Succeeded', 'Failed', 'Stopped']);

export const deployments: Table<Deployment> = table<Deployment>('codedeploy/deployments', (row) => row.id, {
  group: (row) => row.groupId,
  application: (row) => row.applicationName,
  active: (row) => (ENDED.has(row.status) ? undefined : row.groupId),
  green: (row) => (row.stage === 'provisioning' ? row.green?.autoScalingGroup : undefined),
});

/** The name under which rows of deployments are looked at; the look itself is in ./rollout.ts. */
export const deploymentLook = { name: 'codedeploy/deployment' };

export function hasEnded({ status }: Pick<Deployment, 'status'>): boolean {
  return ENDED.has(status);
}

export type TargetStatus = 'Pending' | 'InProgress' | 'Succeeded' | 'Failed' | 'Skipped' | 'Ready';

/** An instance of a deployment. */
export interface Target {
  /** `<deployment>/<fleet>/<ordinal>`: the order in which instances are taken. */
  key: string;
  deploymentId: string;
  groupId: string;
  fleet: Fleet;
  targetId: string;
  arn: string;
  /** As the agent names itself. */
  host: string;
  course: Course;
  status: TargetStatus;
  /** Index of the lifecycle event that is next or under way. */
  event: number;
  /** Index at which the instance rests. */
  restAt?: number;
  /** It waits for a load balancer. */
  inTraffic: boolean;
  updatedAt: number;
}
export const targets: Table<Target> = table<Target>('codedeploy/targets', (row) => row.key, {
  id: (row) => `${row.deploymentId}/${row.targetId}`,
  host: (row) => `${row.deploymentId}/${row.host}`,
  traffic: (row) => (row.inTraffic ? row.targetId : undefined),
});

/** The name under which rows of targets are looked at; the look itself is in ./targets.ts. */
export const targetLook = { name: 'codedeploy/target' };

/** What CodeDeploy knows of an instance in a deployment group from its last deployment there. */
export interface InstanceRecord {
  /** `<group id>/<instance>`. */
  key: string;
  healthy: boolean;
  revision?: string;
}
export const instanceRecords: Table<InstanceRecord> = table<InstanceRecord>(
  'codedeploy/instance-records',
  (row) => row.key,
);

/** The alarms that an active deployment is stopped by. */
export interface AlarmWatch {
  deploymentId: string;
  alarmNames: readonly string[];
  ignorePollAlarmFailure: boolean;
  /** When CodeDeploy looks at them again. */
  noticeAt?: number;
}
export const alarmWatches: Table<AlarmWatch> = table<AlarmWatch>(
  'codedeploy/alarm-watches',
  (row) => row.deploymentId,
);

/** An instance that waits in one of CodeDeploy's lifecycle hooks. */
export interface Launch {
  /** `<Auto Scaling group>/<instance>/<token>`. */
  key: string;
  groupId: string;
  autoScalingGroup: string;
  hook: string;
  instanceId: string;
  token: string;
  terminating: boolean;
  deploymentId?: string;
}
export const launches: Table<Launch> = table<Launch>('codedeploy/launches', (row) => row.key);

/** The name under which rows of launches are looked at; the look itself is in ./auto-scaling.ts. */
export const launchLook = { name: 'codedeploy/launch' };

export function applicationOf(ctx: Ctx, name: string): Application {
  const found = ctx.get(applications, name);
  if (!found) throw new Fault('ApplicationDoesNotExistException', `No application found for name: ${name}`);
  return found;
}

export function groupOf(ctx: Ctx, applicationName: string, name: string): DeploymentGroup {
  applicationOf(ctx, applicationName);
  const found = groupNamed(ctx, applicationName, name);
  if (!found)
    throw new Fault('DeploymentGroupDoesNotExistException', `No Deployment Group found for name: ${name}`);
  return found;
}

export function groupNamed(ctx: Ctx, applicationName: string, name: string): DeploymentGroup | undefined {
  return ctx.list(deploymentGroups, 'name', `${applicationName}/${name}`)[0];
}

const DEPLOYMENT_ID = /^d-[A-Z0-9]{9}$/;

export function deploymentOf(ctx: Ctx, id: string | undefined): Deployment {
  if (!id) throw new Fault('DeploymentIdRequiredException', 'At least one deployment ID must be specified.');
  const found = ctx.get(deployments, id);
  if (found) return found;
  if (!DEPLOYMENT_ID.test(id)) {
    throw new Fault(
      'InvalidDeploymentIdException',
      `Specified DeploymentId is not in the valid format: ${id}`,
    );
  }
  throw new Fault('DeploymentDoesNotExistException', `The deployment ${id} could not be found`);
}

/** The one deployment of a group that keeps others from beginning. Auto Scaling's own run beside it. */
export function activeDeployment(ctx: Ctx, groupId: string): Deployment | undefined {
  return ctx.list(deployments, 'active', groupId).find(({ launch }) => !launch);
}
