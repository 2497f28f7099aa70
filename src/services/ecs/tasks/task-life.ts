// The life of a task, step by step, from the network interface to the removal of its row.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { containerChanged, containers as containersPort } from '#cloud/ports/containers.ts';
import { targetChanged } from '#cloud/ports/routing.ts';
import { attach, detach } from '../network.ts';
import { taskDefinitions, tasks } from '../tables.ts';
import type { Task, TaskDefinition } from '../tables.ts';
import {
  activation,
  agentReport,
  deprovision,
  fargatePull,
  instancePull,
  pullFailure,
  SHOWN_STOPPED_MS,
} from '../timings.ts';
import { pullProblem, roleProblem, secretProblem } from './start-up.ts';
import {
  deregisterTask,
  forgetTargets,
  hasLoadBalancers,
  isDraining,
  ownersOf,
  registerTask,
} from './targets.ts';
import { changeTask, stopTask, TASK } from './task-changes.ts';
import { checkContainers, isSilent, nextCheck, startContainers, stopContainers } from './task-containers.ts';

export const taskLife: Reconciler<Task, Ctx> = {
  ...TASK,
  table: tasks,
  wakes: [
    wake(containerChanged, (_: Ctx, { containerId }) => [containerId.slice(0, containerId.indexOf(' '))]),
    wake(targetChanged, (ctx: Ctx, { targetGroupArn, targetId }) => ownersOf(ctx, targetGroupArn, targetId)),
  ],
  step(ctx, task) {
    const definition = ctx.get(taskDefinitions, task.definitionArn);
    if (task.lastStatus === 'STOPPED' || !definition) return undefined;
    if (task.desiredStatus === 'STOPPED') return ending(ctx, task, definition);
    switch (task.lastStatus) {
      case 'PROVISIONING':
        return ctx.now < task.until ? task.until : provisioned(ctx, task);
      case 'PENDING':
        return pending(ctx, task, definition);
      case 'ACTIVATING':
        return ctx.now < task.until ? task.until : activated(ctx, task);
      default:
        return checkContainers(ctx, task, definition);
    }
  },
};

function fails(ctx: Ctx, task: Task, reason: string): number {
  stopTask(ctx, task, 'TaskFailedToStart', reason, true);
  return ctx.now;
}

function provisioned(ctx: Ctx, task: Task): number {
  const attached = attach(ctx, task);
  if (typeof attached === 'string') return fails(ctx, task, attached);
  changeTask(ctx, task, { ...attached, lastStatus: 'PENDING', until: ctx.now });
  return ctx.now;
}

/** Pulls the images, then starts the containers, those that depend on others later. */
function pending(ctx: Ctx, task: Task, definition: TaskDefinition): number | undefined {
  if (isSilent(ctx, task)) return undefined;
  if (task.pullStartedAt === undefined) {
    const roles = roleProblem(ctx, task, definition);
    if (roles !== undefined) return fails(ctx, task, roles);
    const broken = definition.containers.some((one) => pullProblem(ctx, task, definition, one) !== undefined);
    const takes = broken ? pullFailure : task.launchType === 'FARGATE' ? fargatePull : instancePull;
    const until = ctx.now + ctx.duration(takes, task.identity);
    changeTask(ctx, task, { pullStartedAt: ctx.now, until });
    return until;
  }
  let row = task;
  if (task.pullStoppedAt === undefined) {
    if (ctx.now < task.until) return task.until;
    for (const one of definition.containers) {
      const problem = pullProblem(ctx, task, definition, one) ?? secretProblem(ctx, task, definition, one);
      if (problem !== undefined) return fails(ctx, task, problem);
    }
    row = changeTask(ctx, task, { pullStoppedAt: ctx.now });
  }
  const started = startContainers(ctx, row, definition);
  if (typeof started === 'string') return fails(ctx, ctx.get(tasks, task.arn) as Task, started);
  if (started.desiredStatus === 'STOPPED') return ctx.now;
  if (started.containers.some(({ lastStatus }) => lastStatus === 'PENDING'))
    return nextCheck(ctx, started, definition);
  if (!hasLoadBalancers(ctx, started)) return activated(ctx, started);
  const until = ctx.now + ctx.duration(activation, task.identity);
  changeTask(ctx, started, { lastStatus: 'ACTIVATING', until });
  return until;
}

function activated(ctx: Ctx, task: Task): number {
  const registered = registerTask(ctx, task);
  if (typeof registered === 'string') return fails(ctx, task, `Unable to register targets: ${registered}`);
  changeTask(ctx, task, { lastStatus: 'RUNNING', startedAt: ctx.now, targets: registered });
  return ctx.now;
}

/** A task that is to end: out of its load balancers, then its containers, then its network interface. */
function ending(ctx: Ctx, task: Task, definition: TaskDefinition): number | undefined {
  switch (task.lastStatus) {
    case 'PROVISIONING':
    case 'PENDING':
    case 'ACTIVATING':
      return stopping(ctx, task, definition);
    case 'RUNNING':
      if (task.targets.length === 0) return stopping(ctx, task, definition);
      deregisterTask(ctx, task);
      changeTask(ctx, task, { lastStatus: 'DEACTIVATING' });
      return ctx.now;
    case 'DEACTIVATING':
      // Of a task that has ended by itself there is nothing to wait for.
      if (isDraining(ctx, task) && task.stopCode !== 'EssentialContainerExited') return undefined;
      return stopping(ctx, task, definition);
    case 'STOPPING':
      return stopped(ctx, task);
    default:
      return ctx.now < task.until ? task.until : gone(ctx, task);
  }
}

function stopping(ctx: Ctx, task: Task, definition: TaskDefinition): number | undefined {
  const row = changeTask(ctx, task, { lastStatus: 'STOPPING' });
  stopContainers(ctx, row, definition);
  return stopped(ctx, row);
}

/** Once all containers have ended. */
function stopped(ctx: Ctx, task: Task): number | undefined {
  const driver = ctx.port(containersPort);
  if (task.containers.some(({ name }) => driver.state(ctx, `${task.arn} ${name}`)?.running)) return undefined;
  const ended = task.containers.map((one) => {
    const { exitCode } = driver.state(ctx, `${task.arn} ${one.name}`) ?? {};
    return { ...one, lastStatus: 'STOPPED' as const, ...(exitCode === undefined ? {} : { exitCode }) };
  });
  const until =
    ctx.now + ctx.duration(task.interfaceId === undefined ? agentReport : deprovision, task.identity);
  const executionStoppedAt = task.executionStoppedAt ?? ctx.now;
  changeTask(ctx, task, { lastStatus: 'DEPROVISIONING', containers: ended, executionStoppedAt, until });
  return until;
}

function gone(ctx: Ctx, task: Task): undefined {
  detach(ctx, task);
  forgetTargets(ctx, task);
  for (const { name } of task.containers) ctx.port(containersPort).remove(ctx, `${task.arn} ${name}`);
  changeTask(ctx, task, { lastStatus: 'STOPPED', stoppedAt: ctx.now });
  ctx.wake(FORGET, task.arn, ctx.now + SHOWN_STOPPED_MS);
}

const FORGET = { name: 'ecs/forget-task', background: true } as const;

export const forgetTask: Reconciler<Task, Ctx> = {
  ...FORGET,
  table: tasks,
  step(ctx, { arn, lastStatus, stoppedAt = ctx.now }) {
    if (lastStatus !== 'STOPPED') return undefined;
    if (ctx.now < stoppedAt + SHOWN_STOPPED_MS) return stoppedAt + SHOWN_STOPPED_MS;
    ctx.delete(tasks, arn);
  },
};
