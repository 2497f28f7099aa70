// Tasks on request: run, started on a chosen instance, stopped, described.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/standalone-tasks.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import type { Tags } from '#cloud/tags.ts';
import { clusterOf, invalidToken } from '../clusters/clusters.ts';
import { checkNamed } from '../clusters/container-instances.ts';
import { clientError, invalidParameter, unmodelled } from '../faults.ts';
import { capacityOf } from '../services/service-settings.ts';
import { providerFor } from '../services/service-tasks.ts';
import { containerInstances, tasks } from '../tables.ts';
import type { Cluster, Task, TaskDefinition } from '../tables.ts';
import { withTags } from '../tags.ts';
import { checkContainersRun, launch, needsOf, NO_CAPACITY } from './launch.ts';
import type { Failure, Order } from './launch.ts';
import { checkPlacement } from './placement.ts';
import { isLive, stopTask } from './task-changes.ts';
import { usableDefinition } from './task-definitions.ts';
import { describeTask } from './task-description.ts';

const MOST_RUN = 10;
const MOST_SHOWN = 100;

type Overrides = NonNullable<Input<'ecs', 'RunTask'>['overrides']>;
type WireTask = ReturnType<typeof describeTask>;

/** A task by its ARN or id. */
function findTask(ctx: Ctx, { name }: Cluster, given: string): Task | undefined {
  return ctx.get(tasks, given.startsWith('arn:') ? given : ctx.arn('ecs', `task/${name}/${given}`));
}

function checkOverrides(definition: TaskDefinition, overrides: Overrides = {}): void {
  for (const { name, ...rest } of overrides.containerOverrides ?? []) {
    if (!definition.containers.some((one) => one.name === name))
      throw invalidParameter(
        `Override for container named ${name ?? ''} is not a container in the TaskDefinition.`,
      );
    if (rest.environmentFiles || rest.resourceRequirements)
      throw unmodelled('Such overrides of containers are');
  }
  needsOf(definition, overrides);
}

interface Request {
  readonly overrides?: Overrides | undefined;
  readonly group?: string | undefined;
  readonly startedBy?: string | undefined;
  readonly tags?: Input<'ecs', 'RunTask'>['tags'];
  readonly propagateTags?: string | undefined;
  readonly enableECSManagedTags?: boolean | undefined;
  readonly enableExecuteCommand?: boolean | undefined;
}

/** What all ways to start tasks share. */
function orderOf(
  ctx: Ctx,
  cluster: Cluster,
  definition: TaskDefinition,
  { overrides, group = `family:${definition.family}`, startedBy, ...request }: Request,
): Omit<Order, 'launchType' | 'constraints' | 'strategy' | 'siblings'> {
  const { tags, propagateTags, enableECSManagedTags, enableExecuteCommand } = request;
  if (enableExecuteCommand) throw unmodelled('ECS Exec is');
  if (group.startsWith('service:')) throw invalidParameter('Task group names must not begin with service:');
  if (propagateTags === 'SERVICE') throw invalidParameter('propagateTags SERVICE is for services only.');
  checkOverrides(definition, overrides);
  const handed: Tags = propagateTags === 'TASK_DEFINITION' ? definition.tags : {};
  const managed: Tags = enableECSManagedTags ? { 'aws:ecs:clusterName': cluster.name } : {};
  return {
    clusterName: cluster.name,
    definition,
    group,
    tags: { ...withTags(ctx, handed, tags), ...managed },
    ...(overrides ? { overrides } : {}),
    ...(startedBy === undefined ? {} : { startedBy }),
  };
}

function siblingsOf(ctx: Ctx, cluster: string, group: string): Task[] {
  return ctx.list(tasks, 'cluster', cluster).filter((task) => task.group === group && isLive(task));
}

export const taskOperations: Operations<'ecs'> = {
  RunTask(ctx, request) {
    const {
      cluster: given,
      taskDefinition,
      count = 1,
      placementConstraints = [],
      placementStrategy = [],
    } = request;
    const cluster = clusterOf(ctx, given);
    checkContainersRun(ctx);
    if (count < 1 || count > MOST_RUN) throw invalidParameter('Task count must be between 1 and 10.');
    const definition = usableDefinition(ctx, taskDefinition);
    checkPlacement(placementConstraints, placementStrategy);
    const { strategy, ...capacity } = capacityOf(ctx, cluster, definition, request);
    const shared = orderOf(ctx, cluster, definition, request);
    const made: WireTask[] = [];
    const failures: Failure[] = [];
    const mine: Task[] = [];
    for (let i = 0; i < count; i += 1) {
      const capacityProvider = providerFor(strategy, mine);
      const started = launch(ctx, {
        ...shared,
        ...capacity,
        launchType: capacity.launchType ?? 'FARGATE',
        constraints: placementConstraints,
        strategy: placementStrategy,
        siblings: siblingsOf(ctx, cluster.name, shared.group),
        ...(capacityProvider === undefined ? {} : { capacityProvider }),
      });
      if ('failures' in started) {
        failures.push(...started.failures);
        break;
      }
      mine.push(started.task);
      made.push(describeTask(ctx, started.task, true));
    }
    if (made.length === 0 && failures[0]?.reason === NO_CAPACITY) throw clientError(`${NO_CAPACITY}.`);
    if (made.length === 0 && failures.length === 0)
      throw invalidParameter('No Container Instances were found in your cluster.');
    return { tasks: made, failures };
  },

  StartTask(ctx, request) {
    const { cluster: given, taskDefinition, containerInstances: asked } = request;
    const cluster = clusterOf(ctx, given);
    checkNamed(asked);
    checkContainersRun(ctx);
    const definition = usableDefinition(ctx, taskDefinition);
    capacityOf(ctx, cluster, definition, {
      launchType: 'EC2',
      networkConfiguration: request.networkConfiguration,
    });
    const shared = orderOf(ctx, cluster, definition, request);
    const started = asked.map((one) => {
      const on = one.startsWith('arn:') ? one : ctx.arn('ecs', `container-instance/${cluster.name}/${one}`);
      if (!ctx.get(containerInstances, on)) return { failures: [{ arn: on, reason: 'MISSING' }] };
      return launch(ctx, { ...shared, launchType: 'EC2', constraints: [], strategy: [], siblings: [], on });
    });
    return {
      tasks: started.flatMap((one) => ('task' in one ? [describeTask(ctx, one.task, true)] : [])),
      failures: started.flatMap((one) => ('failures' in one ? one.failures : [])),
    };
  },

  StopTask(ctx, { cluster: given, task: named, reason = 'Task stopped by user' }) {
    const task = findTask(ctx, clusterOf(ctx, given), named);
    if (!task) throw invalidParameter('The referenced task was not found.');
    return { task: describeTask(ctx, stopTask(ctx, task, 'UserInitiated', reason)) };
  },

  DescribeTasks(ctx, { cluster: given, tasks: asked, include = [] }) {
    const cluster = clusterOf(ctx, given);
    if (asked.length === 0) throw invalidParameter('Tasks cannot be empty.');
    if (asked.length > MOST_SHOWN) throw invalidParameter('Tasks can have at most 100 items.');
    const found = asked.map((one) => [one, findTask(ctx, cluster, one)] as const);
    return {
      tasks: found.flatMap(([, task]) => (task ? [describeTask(ctx, task, include.includes('TAGS'))] : [])),
      failures: found.flatMap(([one, task]) => {
        const arn = one.startsWith('arn:') ? one : ctx.arn('ecs', `task/${cluster.name}/${one}`);
        return task ? [] : [{ arn, reason: 'MISSING' }];
      }),
    };
  },

  ListTasks(ctx, request) {
    const { cluster: given, containerInstance, family, startedBy, serviceName, launchType } = request;
    const { desiredStatus = 'RUNNING', nextToken: token, maxResults: limit = MOST_SHOWN } = request;
    const { name } = clusterOf(ctx, given);
    const service =
      serviceName === undefined ? undefined : serviceName.slice(serviceName.lastIndexOf('/') + 1);
    const wanted = ctx
      .list(tasks, 'cluster', name)
      .filter(
        (task) =>
          task.desiredStatus === desiredStatus &&
          (containerInstance === undefined ||
            task.containerInstance?.endsWith(
              containerInstance.slice(containerInstance.lastIndexOf('/') + 1),
            )) &&
          (family === undefined || task.definitionArn.includes(`task-definition/${family}:`)) &&
          (startedBy === undefined || task.startedBy === startedBy) &&
          (service === undefined || task.group === `service:${service}`) &&
          (launchType === undefined || task.launchType === launchType),
      );
    const { items, next } = pageOf(wanted, ({ arn }) => arn, { token, limit, invalidToken });
    return { taskArns: items.map(({ arn }) => arn), nextToken: next };
  },
};
