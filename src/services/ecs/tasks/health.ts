// Which tasks of a service count as healthy.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html

import type { Ctx } from '#cloud/ctx.ts';
import { taskDefinitions } from '../tables.ts';
import type { ContainerDefinition, Service, Task, TaskTarget } from '../tables.ts';
import { steadyTask } from '../timings.ts';
import { ownerKey, targetStates } from './targets.ts';
import type { TargetState } from './targets.ts';
import { isLive } from './task-changes.ts';
import { healthOf } from './task-description.ts';

export interface Finding {
  readonly task: Task;
  readonly healthy: boolean;
  /** Why it has to be replaced. */
  readonly unhealthy?: { readonly event: string; readonly reason: string };
  /** When it may count otherwise without anything happening. */
  readonly lookAt?: number;
}

/** What can be said of the tasks that are to run. */
export function assess(ctx: Ctx, service: Service, all: readonly Task[]): readonly Finding[] {
  const live = all.filter(isLive);
  const groups = [
    ...new Set(live.flatMap(({ targets }) => targets.map(({ targetGroupArn }) => targetGroupArn))),
  ];
  const states = targetStates(ctx, service, groups);
  return live.map((task) => finding(ctx, service, task, states));
}

function finding(ctx: Ctx, service: Service, task: Task, states: ReadonlyMap<string, TargetState>): Finding {
  if (task.lastStatus !== 'RUNNING' || task.startedAt === undefined) return { task, healthy: false };
  const definitions = ctx.get(taskDefinitions, task.definitionArn)?.containers ?? [];
  const checked = definitions.some(hasCheck);
  const graceEnds = task.startedAt + service.gracePeriodSeconds * 1000;
  const inGrace = ctx.now < graceEnds;
  const health = checked ? healthOf(task, definitions) : 'HEALTHY';
  const target = task.targets.find((one) => states.get(ownerKey(one))?.state === 'unhealthy');
  const later = inGrace ? { lookAt: graceEnds } : {};
  if (health === 'UNHEALTHY' && !inGrace) return { task, healthy: false, unhealthy: ofContainers(task) };
  if (target && !inGrace) return { task, healthy: false, unhealthy: ofTarget(target, states) };
  if (health !== 'HEALTHY' || target) return { task, healthy: false, ...later };
  if (task.targets.length > 0)
    return {
      task,
      healthy: task.targets.every((one) => states.get(ownerKey(one))?.state === 'healthy'),
      ...later,
    };
  if (checked) return { task, healthy: true };
  const steadyAt = task.startedAt + ctx.duration(steadyTask, task.identity);
  return ctx.now < steadyAt ? { task, healthy: false, lookAt: steadyAt } : { task, healthy: true };
}

function hasCheck({ essential, healthCheck }: ContainerDefinition): boolean {
  return essential !== false && healthCheck !== undefined && healthCheck.command[0] !== 'NONE';
}

function ofContainers({ id }: Task): NonNullable<Finding['unhealthy']> {
  return {
    event: `(task ${id}) failed container health checks.`,
    reason: 'Task failed container health checks',
  };
}

function ofTarget(
  target: TaskTarget,
  states: ReadonlyMap<string, TargetState>,
): NonNullable<Finding['unhealthy']> {
  const { targetGroupArn, targetId, port } = target;
  const instance = targetId.startsWith('i-') ? `(instance ${targetId}) ` : '';
  const { description = '' } = states.get(ownerKey(target)) ?? {};
  return {
    event: `${instance}(port ${port}) is unhealthy in (target-group ${targetGroupArn}) due to (reason ${description}).`,
    reason: `Task failed ELB health checks in (target-group ${targetGroupArn})`,
  };
}
