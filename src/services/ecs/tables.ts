// Rows of Amazon ECS and the tables that keep them.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Tags } from '#cloud/tags.ts';

export const PRINCIPAL = 'ecs.amazonaws.com';
/** Who assumes the roles of tasks. */
export const TASKS_PRINCIPAL = 'ecs-tasks.amazonaws.com';

type CreateService = Input<'ecs', 'CreateService'>;
export type ContainerDefinition = Input<'ecs', 'RegisterTaskDefinition'>['containerDefinitions'][number];
export type LoadBalancer = NonNullable<CreateService['loadBalancers']>[number];
export type StrategyItem = NonNullable<CreateService['capacityProviderStrategy']>[number];
export type WireCluster = NonNullable<Output<'ecs', 'CreateCluster'>['cluster']>;

export interface Cluster {
  name: string;
  arn: string;
  status: 'ACTIVE' | 'INACTIVE';
  settings: readonly { readonly name: 'containerInsights'; readonly value: string }[];
  configuration?: WireCluster['configuration'];
  capacityProviders: readonly string[];
  defaultStrategy: readonly StrategyItem[];
  tags: Tags;
}
export const clusters: Table<Cluster> = table<Cluster>('ecs/clusters', (row) => row.name);

/** Settings of the account and of single principals in it. */
export interface AccountSetting {
  /** Empty for the account's default. */
  principalArn: string;
  name: string;
  value: string;
}
export const accountSettings: Table<AccountSetting> = table<AccountSetting>(
  'ecs/account-settings',
  (row) => `${row.principalArn} ${row.name}`,
);

/** How many revisions a family has had: numbers are not given out again. */
export interface Family {
  name: string;
  revisions: number;
}
export const families: Table<Family> = table<Family>('ecs/families', (row) => row.name);

export interface TaskDefinition {
  arn: string;
  family: string;
  revision: number;
  status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS';
  containers: readonly ContainerDefinition[];
  /** As it was registered, without the containers and the tags. */
  given: Omit<Input<'ecs', 'RegisterTaskDefinition'>, 'containerDefinitions' | 'tags' | 'family'>;
  networkMode: 'awsvpc' | 'bridge' | 'host' | 'none';
  compatibilities: readonly ('EC2' | 'FARGATE' | 'EXTERNAL' | 'MANAGED_INSTANCES')[];
  registeredAt: number;
  registeredBy: string;
  deregisteredAt?: number;
  tags: Tags;
}
export const taskDefinitions: Table<TaskDefinition> = table<TaskDefinition>(
  'ecs/task-definitions',
  (row) => row.arn,
  { family: (row) => row.family },
);

export interface Network {
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: 'ENABLED' | 'DISABLED';
}

export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED';

export type HealthStatus = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';

/** A port of a container that is reached through one of its host. */
export interface Binding {
  readonly containerPort: number;
  readonly hostPort: number;
  readonly protocol: 'tcp' | 'udp';
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly bindings: readonly Binding[];
  readonly exitCode?: number;
  readonly reason?: string;
  readonly health: HealthStatus;
  /** Of its health check: when it began to run, and failures in a row. */
  readonly startedAt?: number;
  readonly failures: number;
}

/** A target that a task has at a load balancer. */
export interface TaskTarget {
  readonly targetGroupArn: string;
  readonly targetId: string;
  readonly port: number;
}

export interface Task {
  arn: string;
  id: string;
  clusterName: string;
  definitionArn: string;
  group: string;
  startedBy?: string;
  launchType: 'FARGATE' | 'EC2';
  capacityProvider?: string;
  platformVersion?: string;
  /** Of the service that started it. */
  service?: string;
  deploymentId?: string;
  /** What stays the same in another run in which ids differ: group and ordinal. */
  identity: string;
  desiredStatus: 'RUNNING' | 'STOPPED';
  lastStatus: TaskStatus;
  /** When the present step is over, epoch ms. */
  until: number;
  containers: readonly Container[];
  network?: Network;
  subnetId?: string;
  zone: string;
  interfaceId?: string;
  attachmentId?: string;
  privateIp?: string;
  privateDnsName?: string;
  macAddress?: string;
  containerInstance?: string;
  targets: readonly TaskTarget[];
  cpu: number;
  memory: number;
  overrides: NonNullable<Input<'ecs', 'RunTask'>['overrides']>;
  tags: Tags;
  createdAt: number;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  executionStoppedAt?: number;
  stoppedAt?: number;
  stopCode?:
    | 'TaskFailedToStart'
    | 'EssentialContainerExited'
    | 'UserInitiated'
    | 'ServiceSchedulerInitiated'
    | 'TerminationNotice';
  stoppedReason?: string;
  /** It failed, so that its service counts it: it never ran, or its health checks failed. */
  failed: boolean;
  /** Its service has found it healthy. */
  healthy: boolean;
  /** Whether its service has counted it as failed. */
  counted: boolean;
  version: number;
}
export const tasks: Table<Task> = table<Task>('ecs/tasks', (row) => row.arn, {
  cluster: (row) => row.clusterName,
  service: (row) => row.service,
  deployment: (row) => row.deploymentId,
  containerInstance: (row) => (row.lastStatus === 'STOPPED' ? undefined : row.containerInstance),
});

/** Which task a target is. */
export interface TargetOwner {
  readonly key: string;
  readonly taskArn: string;
}
export const targetOwners: Table<TargetOwner> = table<TargetOwner>('ecs/target-owners', (row) => row.key);

/** How many tasks a service or a group has had. */
export interface TaskCount {
  group: string;
  tasks: number;
}
export const taskCounts: Table<TaskCount> = table<TaskCount>('ecs/task-counts', (row) => row.group);

export interface DeploymentConfiguration {
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly circuitBreaker?: { readonly enable: boolean; readonly rollback: boolean };
  readonly alarms?: {
    readonly alarmNames: readonly string[];
    readonly enable: boolean;
    readonly rollback: boolean;
  };
}

/** What the tasks of a deployment are like. */
export interface Launch {
  readonly taskDefinition: string;
  readonly launchType?: 'FARGATE' | 'EC2';
  readonly strategy: readonly StrategyItem[];
  readonly platformVersion?: string;
  readonly network?: Network;
  readonly loadBalancers: readonly LoadBalancer[];
}

export interface Service extends Launch {
  /** Cluster and name. */
  key: string;
  arn: string;
  name: string;
  clusterName: string;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  desiredCount: number;
  roleArn?: string;
  configuration: DeploymentConfiguration;
  gracePeriodSeconds: number;
  constraints: NonNullable<CreateService['placementConstraints']>;
  placement: NonNullable<CreateService['placementStrategy']>;
  propagateTags: 'TASK_DEFINITION' | 'SERVICE' | 'NONE';
  managedTags: boolean;
  tags: Tags;
  createdAt: number;
  createdBy: string;
  clientToken?: string;
  /** Events so far. */
  events: number;
  /** It has said that it has reached a steady state, and nothing has changed since. */
  steady: boolean;
  /** No task is started before: epoch ms. */
  startAt: number;
  /** The last thing that kept a task from being placed, so that it is not told again and again. */
  obstacle: string;
}
export const services: Table<Service> = table<Service>('ecs/services', (row) => row.key, {
  cluster: (row) => row.clusterName,
  arn: (row) => row.arn,
});

export interface Deployment extends Launch {
  id: string;
  service: string;
  status: 'PRIMARY' | 'ACTIVE';
  rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  reason: string;
  /** Its number among those of the service. */
  ordinal: number;
  /** Tasks that have failed in a row. */
  failedTasks: number;
  /** A task of it has been healthy: failures count no more. */
  proven: boolean;
  /** It has been completed once. */
  completedOnce: boolean;
  /** Alarms that were in alarm when it began, which are ignored. */
  ignoredAlarms: readonly string[];
  /** All its tasks have been up since: epoch ms. */
  upSince?: number;
  createdAt: number;
  updatedAt: number;
}
export const deployments: Table<Deployment> = table<Deployment>('ecs/deployments', (row) => row.id, {
  service: (row) => row.service,
});

export interface ServiceEvent {
  service: string;
  ordinal: number;
  id: string;
  at: number;
  message: string;
}
export const serviceEvents: Table<ServiceEvent> = table<ServiceEvent>(
  'ecs/service-events',
  (row) => `${row.service} ${String(row.ordinal).padStart(9, '0')}`,
);

export interface ContainerInstance {
  arn: string;
  id: string;
  clusterName: string;
  instanceId: string;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  connected: boolean;
  cpu: number;
  memory: number;
  /** Ports that belong to the machine itself. */
  ports: readonly number[];
  zone: string;
  agentVersion: string;
  attributes: readonly { readonly name: string; readonly value?: string | undefined }[];
  tags: Tags;
  registeredAt: number;
  version: number;
}
export const containerInstances: Table<ContainerInstance> = table<ContainerInstance>(
  'ecs/container-instances',
  (row) => row.arn,
  { cluster: (row) => row.clusterName, instance: (row) => row.instanceId },
);

/** Container instances may be named by their ids. */
export function containerInstanceArn(ctx: Ctx, cluster: string, given: string): string {
  return given.startsWith('arn:') ? given : ctx.arn('ecs', `container-instance/${cluster}/${given}`);
}
