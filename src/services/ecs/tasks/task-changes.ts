// How a task's row changes, and who is told.

import type { Ctx } from '#cloud/ctx.ts';
import { tellTask } from '../events.ts';
import { tasks } from '../tables.ts';
import type { Task } from '../tables.ts';

/** The reconcilers of ./task-life.ts and ./scheduler.ts, by name. */
export const TASK = { name: 'ecs/task' } as const;
export const SCHEDULER = { name: 'ecs/service-scheduler' } as const;

/** Changes a task. Where its statuses change its version grows, and its service and EventBridge learn of it. */
export function changeTask(ctx: Ctx, task: Task, change: Partial<Task>): Task {
  const after = { ...task, ...change };
  const moved = after.lastStatus !== task.lastStatus || after.desiredStatus !== task.desiredStatus;
  if (!moved) return ctx.update(tasks, task, change);
  const row = ctx.update(tasks, task, { ...change, version: task.version + 1 });
  tellTask(ctx, row);
  if (row.service !== undefined) ctx.wake(SCHEDULER, row.service);
  return row;
}

/** A task is to end, whatever it is doing. The first reason counts. */
export function stopTask(
  ctx: Ctx,
  task: Task,
  stopCode: NonNullable<Task['stopCode']>,
  stoppedReason: string,
  failed: boolean = false,
): Task {
  if (task.desiredStatus === 'STOPPED') return task;
  const row = changeTask(ctx, task, {
    desiredStatus: 'STOPPED',
    stopCode,
    stoppedReason,
    stoppingAt: ctx.now,
    until: ctx.now,
    failed,
  });
  ctx.wake(TASK, row.arn);
  return row;
}

export function isLive({ desiredStatus }: Task): boolean {
  return desiredStatus === 'RUNNING';
}
