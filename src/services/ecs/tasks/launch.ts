// Making tasks: for a request, or for a deployment of a service.

import type { Ctx } from '#cloud/ctx.ts';
import { containers as containersPort } from '#cloud/ports/containers.ts';
import type { Tags } from '#cloud/tags.ts';
import { tellTask } from '../events.ts';
import { unmodelled } from '../faults.ts';
import { taskCounts, tasks } from '../tables.ts';
import type { Network, Task, TaskDefinition } from '../tables.ts';
import { provision } from '../timings.ts';
import { bindingsOn, placeInSubnet, placeOnInstance, remaining } from './placement.ts';
import type { Constraints, Placed, Strategy } from './placement.ts';
import { TASK } from './task-changes.ts';
import { cpuUnits, megabytes } from './task-size.ts';

export interface Order {
  readonly clusterName: string;
  readonly definition: TaskDefinition;
  readonly launchType: 'FARGATE' | 'EC2';
  readonly group: string;
  readonly tags: Tags;
  readonly constraints: Constraints;
  readonly strategy: Strategy;
  readonly network?: Network;
  readonly capacityProvider?: string;
  readonly platformVersion?: string;
  readonly startedBy?: string;
  readonly service?: string;
  readonly deploymentId?: string;
  readonly overrides?: Task['overrides'];
  /** Tasks beside which it is placed. */
  readonly siblings: readonly Task[];
  /** StartTask names the container instance itself. */
  readonly on?: string;
}

export type Failure = { readonly arn?: string; readonly reason: string };
export type Launched = { readonly task: Task } | { readonly failures: readonly Failure[] };

const LATEST_PLATFORM = '1.4.0';
export const NO_CAPACITY =
  'Capacity is unavailable at this time. Please try again later or in a different availability zone';

/** Containers do not run on machines whose servers really do. */
export function checkContainersRun(ctx: Ctx): void {
  if (!ctx.cloud.stands(containersPort))
    throw unmodelled('Containers on machines whose servers really run are');
}

/** Which part of a machine a task asks for. */
export function needsOf(
  { given, containers }: TaskDefinition,
  overrides: Task['overrides'] = {},
): {
  cpu: number;
  memory: number;
} {
  const sum = (of: (one: TaskDefinition['containers'][number]) => number): number =>
    containers.reduce((total, one) => total + of(one), 0);
  const { cpu = given.cpu, memory = given.memory } = overrides;
  return {
    cpu: cpu === undefined ? sum((one) => one.cpu ?? 0) : cpuUnits(cpu),
    memory: memory === undefined ? sum((one) => one.memoryReservation ?? one.memory ?? 0) : megabytes(memory),
  };
}

/** Places and makes a task. */
export function launch(ctx: Ctx, order: Order): Launched {
  return order.launchType === 'FARGATE' ? onFargate(ctx, order) : onInstance(ctx, order);
}

function onFargate(ctx: Ctx, order: Order): Launched {
  const place = order.network && placeInSubnet(ctx, order.network, order.siblings);
  if (!place) return { failures: [{ reason: NO_CAPACITY }] };
  const { containers } = order.definition;
  const bindings = new Map(containers.map(({ name = '' }) => [name, bindingsOfOwn(order.definition, name)]));
  const task = make(ctx, order, {
    ...place,
    attachmentId: ctx.uuid('ecs-attachment'),
    lastStatus: 'PROVISIONING',
    platformVersion:
      order.platformVersion === undefined || order.platformVersion === 'LATEST'
        ? LATEST_PLATFORM
        : order.platformVersion,
    bindings,
  });
  return { task };
}

/** With a network of its own a task has its containers' ports. */
function bindingsOfOwn({ containers }: TaskDefinition, name: string): Task['containers'][number]['bindings'] {
  const { portMappings = [] } = containers.find((one) => one.name === name) ?? {};
  return portMappings.map(({ containerPort = 0, protocol = 'tcp' }) => ({
    containerPort,
    hostPort: containerPort,
    protocol,
  }));
}

function onInstance(ctx: Ctx, order: Order): Launched {
  const { clusterName, definition, siblings, constraints, strategy } = order;
  const placed: Placed = placeOnInstance(ctx, {
    clusterName,
    definition,
    siblings,
    constraints,
    strategy,
    needs: needsOf(definition, order.overrides),
    draw: ctx.random('ecs/placement', order.group)(ctx.get(taskCounts, groupKey(order))?.tasks ?? 0),
    ...(order.on === undefined ? {} : { on: order.on }),
  });
  if ('failures' in placed) return placed;
  const { instance } = placed;
  const { ports } = remaining(ctx, instance);
  const task = make(ctx, order, {
    zone: instance.zone,
    containerInstance: instance.arn,
    lastStatus: 'PENDING',
    bindings: bindingsOn(ports, definition),
  });
  return { task };
}

function groupKey({ clusterName, group }: Order): string {
  return `${clusterName}/${group}`;
}

interface Made extends Partial<Task> {
  readonly zone: string;
  readonly lastStatus: 'PROVISIONING' | 'PENDING';
  readonly bindings: ReadonlyMap<string, Task['containers'][number]['bindings']>;
}

function make(ctx: Ctx, order: Order, { bindings, ...place }: Made): Task {
  const { clusterName, definition, group, launchType, network, tags, overrides = {} } = order;
  const key = groupKey(order);
  const ordinal = (ctx.get(taskCounts, key)?.tasks ?? 0) + 1;
  ctx.put(taskCounts, { group: key, tasks: ordinal });
  const id = ctx.id('ecs-task', 32);
  const identity = `${key}#${ordinal}`;
  const { startedBy, service, deploymentId, capacityProvider } = order;
  const row: Task = {
    arn: ctx.arn('ecs', `task/${clusterName}/${id}`),
    id,
    clusterName,
    definitionArn: definition.arn,
    group,
    launchType,
    identity,
    desiredStatus: 'RUNNING',
    until: place.lastStatus === 'PROVISIONING' ? ctx.now + ctx.duration(provision, identity) : ctx.now,
    containers: definition.containers.map(({ name = '', image = '' }) => ({
      name,
      image,
      lastStatus: 'PENDING',
      bindings: bindings.get(name) ?? [],
      health: 'UNKNOWN',
      failures: 0,
    })),
    targets: [],
    ...needsOf(definition, overrides),
    overrides,
    tags,
    createdAt: ctx.now,
    failed: false,
    healthy: false,
    counted: false,
    version: 1,
    ...(network ? { network } : {}),
    ...(startedBy === undefined ? {} : { startedBy }),
    ...(service === undefined ? {} : { service }),
    ...(deploymentId === undefined ? {} : { deploymentId }),
    ...(capacityProvider === undefined ? {} : { capacityProvider }),
    ...place,
  };
  ctx.put(tasks, row);
  tellTask(ctx, row);
  ctx.wake(TASK, row.arn);
  return row;
}
