// The containers of a task: started in the order of their dependencies, watched, stopped.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#container_definition_dependson

import type { Ctx } from '#cloud/ctx.ts';
import { containers as containersPort } from '#cloud/ports/containers.ts';
import { UserError } from '#cloud/user-error.ts';
import { containerInstances, tasks } from '../tables.ts';
import type { Container, ContainerDefinition, HealthStatus, Task, TaskDefinition } from '../tables.ts';
import { STOP_TIMEOUT_SECONDS } from '../timings.ts';
import { openLog } from './start-up.ts';
import { changeTask, SCHEDULER, stopTask } from './task-changes.ts';

const ENDED = 'Essential container in task exited';

/** Starts all containers that wait for no other. Returns the task as it is then, or why one of them cannot be started. */
export function startContainers(ctx: Ctx, task: Task, definition: TaskDefinition): Task | string {
  let row = observed(ctx, task, definition);
  for (const one of definition.containers) {
    const container = row.containers.find(({ name }) => name === one.name) as Container;
    if (container.lastStatus !== 'PENDING' || !isFree(one, row)) continue;
    const problem = start(ctx, row, definition, one, container);
    if (problem !== undefined) return problem;
    const after = { ...container, lastStatus: 'RUNNING' as const, startedAt: ctx.now };
    row = changeTask(ctx, row, { containers: replaced(row, after) });
  }
  const dead = endedEssential(row, definition);
  return dead ? stopTask(ctx, row, 'EssentialContainerExited', ENDED, true) : row;
}

function start(
  ctx: Ctx,
  task: Task,
  definition: TaskDefinition,
  one: ContainerDefinition,
  { bindings }: Container,
): string | undefined {
  const { name = '', image = '', dockerLabels = {} } = one;
  const log = openLog(ctx, task, definition, one);
  if (log && 'problem' in log) return log.problem;
  const instance =
    task.containerInstance === undefined ? undefined : ctx.get(containerInstances, task.containerInstance);
  const ports = bindings.filter(({ protocol }) => protocol === 'tcp');
  const ownNetwork = definition.networkMode === 'awsvpc' || definition.networkMode === 'host';
  const hostId = task.interfaceId ?? instance?.instanceId ?? '';
  try {
    const lines = ctx.port(containersPort).start(ctx, {
      containerId: `${task.arn} ${name}`,
      hostId,
      image,
      labels: dockerLabels,
      ports,
      ownNetwork,
    });
    log?.write(lines);
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `CannotStartContainerError: ${error.message}; ${error.hint}`;
  }
}

/** Whether all that a container depends on has come as far as it says. */
function isFree({ dependsOn = [] }: ContainerDefinition, { containers }: Task): boolean {
  return dependsOn.every(({ containerName, condition }) => {
    const other = containers.find(({ name }) => name === containerName);
    if (!other || other.lastStatus === 'PENDING') return false;
    if (condition === 'START') return true;
    if (condition === 'HEALTHY') return other.health === 'HEALTHY';
    return other.lastStatus === 'STOPPED' && (condition === 'COMPLETE' || other.exitCode === 0);
  });
}

function replaced({ containers }: Task, after: Container): readonly Container[] {
  return containers.map((one) => (one.name === after.name ? after : one));
}

/** The task with what has become of its containers. */
function observed(ctx: Ctx, task: Task, definition: TaskDefinition): Task {
  const seen = task.containers.map((one) => {
    if (one.lastStatus !== 'RUNNING') return one;
    const state = ctx.port(containersPort).state(ctx, `${task.arn} ${one.name}`);
    if (state?.running) return checked(ctx, one, definition, state.healthy);
    const { exitCode } = state ?? {};
    return {
      ...one,
      lastStatus: 'STOPPED' as const,
      health: 'UNKNOWN' as const,
      ...(exitCode === undefined ? {} : { exitCode }),
    };
  });
  if (seen.every((one, i) => one === task.containers[i])) return task;
  const row = changeTask(ctx, task, { containers: seen });
  if (row.service !== undefined) ctx.wake(SCHEDULER, row.service);
  return row;
}

function healthCheckOf(
  { name }: Container,
  { containers }: TaskDefinition,
): ContainerDefinition['healthCheck'] {
  const { healthCheck } = containers.find((one) => one.name === name) ?? {};
  return healthCheck?.command[0] === 'NONE' ? undefined : healthCheck;
}

/** A container with the outcome of its health check, if one is due now. */
function checked(ctx: Ctx, one: Container, definition: TaskDefinition, passes: boolean): Container {
  const { interval = 30, retries = 3, startPeriod = 0 } = healthCheckOf(one, definition) ?? {};
  const since = ctx.now - (one.startedAt ?? ctx.now);
  if (!healthCheckOf(one, definition) || since === 0 || since % (interval * 1000) !== 0) return one;
  if (passes) {
    const settled = one.health === 'HEALTHY' && one.failures === 0;
    return settled ? one : { ...one, health: 'HEALTHY', failures: 0 };
  }
  if (since <= startPeriod * 1000 || one.health === 'UNHEALTHY') return one;
  const failures = one.failures + 1;
  const health: HealthStatus = failures >= retries ? 'UNHEALTHY' : one.health;
  return { ...one, failures, health };
}

/** When a health check is due that can find something else than the last ones. */
export function nextCheck(ctx: Ctx, task: Task, definition: TaskDefinition): number | undefined {
  const due = task.containers.flatMap((one) => {
    const check = healthCheckOf(one, definition);
    if (!check || one.lastStatus !== 'RUNNING' || one.startedAt === undefined) return [];
    const passes = ctx.port(containersPort).state(ctx, `${task.arn} ${one.name}`)?.healthy ?? false;
    const settled = passes ? one.health === 'HEALTHY' && one.failures === 0 : one.health === 'UNHEALTHY';
    if (settled) return [];
    const interval = (check.interval ?? 30) * 1000;
    return [one.startedAt + (Math.floor((ctx.now - one.startedAt) / interval) + 1) * interval];
  });
  return due.length === 0 ? undefined : Math.min(...due);
}

function endedEssential({ containers }: Task, definition: TaskDefinition): Container | undefined {
  return containers.find(
    (one) =>
      one.lastStatus === 'STOPPED' &&
      definition.containers.find(({ name }) => name === one.name)?.essential !== false,
  );
}

/** Looks after the containers of a task that runs. */
export function checkContainers(ctx: Ctx, task: Task, definition: TaskDefinition): number | undefined {
  // What happens on an instance whose agent is silent, nobody tells.
  if (isSilent(ctx, task)) return undefined;
  const row = observed(ctx, task, definition);
  const dead = endedEssential(row, definition);
  if (!dead) return nextCheck(ctx, row, definition);
  stopTask(ctx, ctx.get(tasks, row.arn) as Task, 'EssentialContainerExited', ENDED, !row.healthy);
  return ctx.now;
}

export function isSilent(ctx: Ctx, { containerInstance }: Task): boolean {
  const instance =
    containerInstance === undefined ? undefined : ctx.get(containerInstances, containerInstance);
  return instance !== undefined && !ctx.port(containersPort).agentConnected(ctx, instance.instanceId);
}

/** Sends the stop signal to all containers; those that others depend on are not spared. */
export function stopContainers(ctx: Ctx, task: Task, definition: TaskDefinition): void {
  for (const { name = '', stopTimeout = STOP_TIMEOUT_SECONDS } of definition.containers)
    ctx.port(containersPort).stop(ctx, `${task.arn} ${name}`, stopTimeout * 1000);
}
