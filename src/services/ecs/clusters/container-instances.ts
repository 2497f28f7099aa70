// Container instances: EC2 instances whose agent has registered them with a cluster.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/create-capacity.html

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { parsedObject } from '#cloud/json.ts';
import { pageOf } from '#cloud/pagination.ts';
import { containers, ecsAgentChanged } from '#cloud/ports/containers.ts';
import { instanceChanged, instances } from '#cloud/ports/instances.ts';
import type { Operations } from '#cloud/service.ts';
import { builtIn, withAttributes } from '../attributes.ts';
import { clientError, invalidParameter, unmodelled } from '../faults.ts';
import { clusters, containerInstanceArn, containerInstances, services, tasks } from '../tables.ts';
import type { Cluster, ContainerInstance, Task } from '../tables.ts';
import { tagsShown, withTags } from '../tags.ts';
import { remaining } from '../tasks/placement.ts';
import { SCHEDULER, stopTask, TASK } from '../tasks/task-changes.ts';
import { clusterOf, invalidToken, makeCluster } from './clusters.ts';

type Shown = NonNullable<Output<'ecs', 'RegisterContainerInstance'>['containerInstance']>;
type Resources = NonNullable<Shown['registeredResources']>;

const MOST_SHOWN = 100;

function show(ctx: Ctx, row: ContainerInstance, withTagsToo: boolean = false): Shown {
  const there = ctx.list(tasks, 'containerInstance', row.arn);
  const left = remaining(ctx, row);
  return {
    containerInstanceArn: row.arn,
    ec2InstanceId: row.instanceId,
    version: row.version,
    versionInfo: { agentVersion: row.agentVersion, dockerVersion: '' },
    registeredResources: resources(row.cpu, row.memory, row.ports),
    remainingResources: resources(left.cpu, left.memory, [...left.ports]),
    status: row.status,
    agentConnected: row.connected,
    runningTasksCount: there.filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
    pendingTasksCount: there.filter(
      (task) => task.lastStatus !== 'RUNNING' && task.desiredStatus === 'RUNNING',
    ).length,
    attributes: row.attributes,
    registeredAt: row.registeredAt,
    attachments: [],
    tags: withTagsToo ? tagsShown(row.tags) : [],
  };
}

function resources(cpu: number, memory: number, ports: readonly number[]): Resources {
  return [
    { name: 'CPU', type: 'INTEGER', integerValue: cpu },
    { name: 'MEMORY', type: 'INTEGER', integerValue: memory },
    { name: 'PORTS', type: 'STRINGSET', stringSetValue: ports.map(String) },
    { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
  ];
}

function instanceOf(ctx: Ctx, { name }: Cluster, given: string): ContainerInstance {
  const found = ctx.get(containerInstances, containerInstanceArn(ctx, name, given));
  if (!found) throw clientError('The referenced container instance was not found.');
  return found;
}

/** The words are known from moto alone. */
export function checkNamed(asked: readonly string[]): void {
  if (asked.length === 0) throw clientError('Container Instances cannot be empty.');
}

function wakeCluster(ctx: Ctx, { clusterName, arn }: ContainerInstance): void {
  for (const { key } of ctx.list(services, 'cluster', clusterName)) ctx.wake(SCHEDULER, key);
  for (const task of ctx.list(tasks, 'containerInstance', arn)) ctx.wake(TASK, task.arn);
}

/** The tasks of an instance that is gone for good, or for a while. */
function stopTasks(ctx: Ctx, { arn }: ContainerInstance, reason: string): void {
  for (const task of ctx.list(tasks, 'containerInstance', arn))
    stopTask(ctx, task as Task, 'TerminationNotice', reason);
}

export const containerInstanceOperations: Operations<'ecs'> = {
  DiscoverPollEndpoint(ctx) {
    const endpoint = (letter: string): string => `https://ecs-${letter}-1.${ctx.region}.amazonaws.com/`;
    return {
      endpoint: endpoint('a'),
      telemetryEndpoint: endpoint('t'),
      serviceConnectEndpoint: endpoint('sc'),
    };
  },

  RegisterContainerInstance(ctx, request) {
    const { cluster: given, instanceIdentityDocument, totalResources = [], attributes = [] } = request;
    const { versionInfo, containerInstanceArn: known, tags } = request;
    // The agent makes the default cluster if there is none.
    const isDefault = given === undefined || given === 'default';
    const cluster =
      isDefault && ctx.get(clusters, 'default')?.status !== 'ACTIVE'
        ? makeCluster(ctx, 'default')
        : clusterOf(ctx, given);
    const document = parsedObject(instanceIdentityDocument ?? '');
    const instanceId = document?.['instanceId'];
    const facts = typeof instanceId === 'string' ? ctx.port(instances).facts(ctx, instanceId) : undefined;
    if (!facts) throw clientError('The instance identity document is invalid.');
    const amount = (name: string): number =>
      totalResources.find((one) => one.name === name)?.integerValue ?? 0;
    const before = known === undefined ? undefined : ctx.get(containerInstances, known);
    const id = before?.id ?? ctx.id('ecs-container-instance', 32);
    const ports = totalResources.find(({ name }) => name === 'PORTS')?.stringSetValue ?? [];
    const row: ContainerInstance = {
      arn: ctx.arn('ecs', `container-instance/${cluster.name}/${id}`),
      id,
      clusterName: cluster.name,
      instanceId: facts.instanceId,
      status: 'ACTIVE',
      connected: true,
      cpu: amount('CPU'),
      memory: amount('MEMORY'),
      ports: ports.map(Number),
      zone: facts.zone,
      agentVersion: versionInfo?.agentVersion ?? '',
      attributes: withAttributes(before?.attributes ?? [], [...builtIn(facts), ...attributes]),
      tags: withTags(ctx, before?.tags ?? {}, tags),
      registeredAt: before?.registeredAt ?? ctx.now,
      version: (before?.version ?? 0) + 1,
    };
    ctx.put(containerInstances, row);
    wakeCluster(ctx, row);
    return { containerInstance: show(ctx, row, true) };
  },

  DeregisterContainerInstance(ctx, { cluster: given, containerInstance, force = false }) {
    const cluster = clusterOf(ctx, given);
    const row = instanceOf(ctx, cluster, containerInstance);
    const busy = ctx
      .list(tasks, 'containerInstance', row.arn)
      .some(({ lastStatus }) => lastStatus === 'RUNNING');
    if (busy && !force) throw invalidParameter('Found running tasks on the instance.');
    const after = ctx.update(containerInstances, row, { status: 'INACTIVE', connected: false });
    stopTasks(ctx, row, `Container instance (${row.arn}) was deregistered`);
    ctx.delete(containerInstances, row.arn);
    wakeCluster(ctx, row);
    return { containerInstance: show(ctx, after) };
  },

  DescribeContainerInstances(ctx, { cluster: given, containerInstances: asked, include = [] }) {
    const { name } = clusterOf(ctx, given);
    checkNamed(asked);
    if (include.includes('CONTAINER_INSTANCE_HEALTH'))
      throw unmodelled('The health of container instances is');
    const found = asked.map((one) => {
      const arn = containerInstanceArn(ctx, name, one);
      return [arn, ctx.get(containerInstances, arn)] as const;
    });
    return {
      containerInstances: found.flatMap(([, row]) => (row ? [show(ctx, row, include.includes('TAGS'))] : [])),
      failures: found.flatMap(([arn, row]) => (row ? [] : [{ arn, reason: 'MISSING' }])),
    };
  },

  ListContainerInstances(
    ctx,
    { cluster: given, filter, status, nextToken: token, maxResults: limit = MOST_SHOWN },
  ) {
    const { name } = clusterOf(ctx, given);
    if (filter !== undefined) throw unmodelled('The cluster query language is');
    const wanted = ctx
      .list(containerInstances, 'cluster', name)
      .filter((row) => status === undefined || row.status === status);
    const { items, next } = pageOf(wanted, ({ arn }) => arn, { token, limit, invalidToken });
    return { containerInstanceArns: items.map(({ arn }) => arn), nextToken: next };
  },

  /** Draining: services replace their tasks elsewhere, and no new ones come. */
  UpdateContainerInstancesState(ctx, { cluster: given, containerInstances: asked, status }) {
    const cluster = clusterOf(ctx, given);
    if (status !== 'ACTIVE' && status !== 'DRAINING')
      throw new Fault(
        'InvalidParameterException',
        'Container instance status should be one of [ACTIVE, DRAINING]',
      );
    const rows = asked.map((one) => instanceOf(ctx, cluster, one));
    for (const row of rows) {
      wakeCluster(ctx, ctx.update(containerInstances, row, { status, version: row.version + 1 }));
    }
    return {
      containerInstances: rows.map(({ arn }) =>
        show(ctx, ctx.get(containerInstances, arn) as ContainerInstance),
      ),
      failures: [],
    };
  },
};

/** Follows the instance under a container instance, and its agent. */
export const watchInstance: Reconciler<ContainerInstance, Ctx> = {
  name: 'ecs/container-instance',
  table: containerInstances,
  wakes: [
    wake(instanceChanged, (ctx: Ctx, { instanceId }) => arnsOf(ctx, instanceId)),
    wake(ecsAgentChanged, (ctx: Ctx, { instanceId }) => arnsOf(ctx, instanceId)),
  ],
  step(ctx, known) {
    const connected = ctx.port(containers).agentConnected(ctx, known.instanceId);
    const row = connected === known.connected ? known : ctx.update(containerInstances, known, { connected });
    const state = ctx.port(instances).facts(ctx, row.instanceId)?.state;
    if (state === undefined || state === 'terminated') {
      stopTasks(ctx, row, `Host EC2 (instance ${row.instanceId}) terminated.`);
      ctx.delete(containerInstances, row.arn);
    } else if (state === 'stopped') stopTasks(ctx, row, `Host EC2 (instance ${row.instanceId}) stopped.`);
    wakeCluster(ctx, row);
  },
};

function arnsOf(ctx: Ctx, instanceId: string): string[] {
  return ctx.list(containerInstances, 'instance', instanceId).map(({ arn }) => arn);
}
