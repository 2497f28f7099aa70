// One resource on its way to what the template says: its provider is asked, and looks until the resource stands.

import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { recordResource } from '../events.ts';
import { ResourceFailure } from '../providers/provider.ts';
import type { Progress, Work } from '../providers/provider.ts';
import { RESOURCE_LIFE, resources, STACK_LIFE, stacks } from '../rows.ts';
import type { Resource, Stack, Task } from '../rows.ts';
import type { Fields } from '../template/template.ts';
import { settling } from '../timings.ts';
import { beginAll, completed, statusOf } from './apply.ts';
import { nextLook } from './looks.ts';
import { noteFailure } from './outcomes.ts';
import { Plan, REF } from './plan.ts';
import { providerFor, reasonOf, workOn } from './resource-work.ts';
import { revertAll } from './rollback.ts';
import { creationSignals, forgetSignals } from './signals.ts';

export const resourceLife: Reconciler<Resource, Ctx> = {
  ...RESOURCE_LIFE,
  table: resources,
  step(ctx, row) {
    const stack = ctx.get(stacks, row.stackId);
    const { task } = row;
    if (!stack?.operation || !task || row.progress?.operation !== stack.operation.id) return undefined;
    const work = workFor(ctx, stack, row, task);
    try {
      return task.stage === 'begin' ? ask(ctx, stack, row, task, work) : look(ctx, stack, row, task, work);
    } catch (error) {
      fail(ctx, stack, row, task, reasonOf(error));
      return undefined;
    }
  },
};

function workFor(ctx: Ctx, stack: Stack, row: Resource, task: Task): Work {
  const { logicalId, type, physicalId, policies, status, before } = row;
  return workOn(ctx, stack, {
    logicalId,
    type,
    physicalId,
    properties: task.target,
    previous:
      task.kind === 'create' || task.replace
        ? undefined
        : task.stage === 'begin'
          ? row.properties
          : before?.properties,
    policies,
    token: task.token,
    startedAt: task.startedAt,
    reverting: task.kind === 'revert',
    memory: task.memory,
    status,
  });
}

/** Asks the provider; what it did is undone where it throws. */
function ask(ctx: Ctx, stack: Stack, row: Resource, task: Task, work: Work): number {
  const { logicalId, type } = row;
  const provider = providerFor(type);
  const makes = task.kind === 'create' || task.replace;
  if (makes) forgetSignals(ctx, stack.id, logicalId);
  const physicalId = ctx.savepoint(() => {
    if (task.kind === 'import') return importedId(stack, row, work);
    return makes ? provider.create(work) : (provider.update?.(work) ?? work.physicalId);
  });
  const next: Resource = {
    ...row,
    physicalId,
    properties: task.target,
    task: { ...task, stage: 'settle', memory: work.memory },
  };
  ctx.put(resources, next);
  if (makes && !provider.namedLate) {
    recordResource(ctx, stack, next, next.status, 'Resource creation Initiated', task.target);
  }
  return ctx.now + ctx.duration(settling, `${stack.name}/${logicalId}`);
}

/** What is imported has to be there, and to be read as the template says. */
function importedId(stack: Stack, row: Resource, work: Work): string {
  const given = stack.operation?.imports?.[row.logicalId] ?? '';
  const provider = providerFor(row.type);
  const found = provider.read?.(workWith(work, given));
  if (!found)
    throw new ResourceFailure(
      `Resource of type '${row.type}' with identifier '${given}' was not found.`,
      'NotFound',
    );
  return given;
}

function workWith(work: Work, physicalId: string): Work {
  return Object.create(work, { physicalId: { value: physicalId } }) as Work;
}

/** Looks whether the resource stands. */
function look(ctx: Ctx, stack: Stack, row: Resource, task: Task, work: Work): number | undefined {
  const provider = providerFor(row.type);
  const signalled: Progress =
    task.kind === 'create' || task.replace ? creationSignals(ctx, row, task.startedAt) : 'done';
  const progress = signalled === 'done' ? (provider.stands?.(work) ?? 'done') : signalled;
  const remembered = { ...row, task: { ...task, memory: work.memory } };
  if (progress === 'done' || 'physicalId' in progress) {
    const named: Resource =
      progress === 'done' ? remembered : { ...remembered, physicalId: progress.physicalId };
    if (provider.namedLate && task.kind === 'create')
      recordResource(ctx, stack, named, named.status, 'Resource creation Initiated', task.target);
    finish(ctx, stack, named, task, work);
    return undefined;
  }
  ctx.put(resources, remembered);
  return nextLook(ctx, progress, `${stack.name}/${row.logicalId}`);
}

function finish(ctx: Ctx, stack: Stack, row: Resource, task: Task, work: Work): void {
  const operation = stack.operation?.id ?? '';
  const attributes = attributesOf(row, work);
  const { task: _, statusReason: __, ...rest } = row;
  const status = statusOf(task.kind, 'COMPLETE');
  const next: Resource = {
    ...rest,
    attributes,
    status,
    updatedAt: ctx.now,
    progress: { operation, state: 'done', ...(task.kind === 'revert' && { reverted: true }) },
  };
  ctx.put(resources, next);
  recordResource(ctx, stack, next, status);
  const ready = completed(ctx, stack.id, row.logicalId);
  if (task.kind === 'revert') return revertAll(ctx, stack, ready);
  const failing = (ctx.get(stacks, stack.id)?.operation?.failures.length ?? 0) > 0;
  if (failing) ctx.wake(STACK_LIFE, stack.id);
  else beginAll(ctx, stack, new Plan(ctx, stack), ready);
}

function attributesOf(row: Resource, work: Work): Fields {
  const provider = providerFor(row.type);
  const ref = provider.ref?.(work);
  return { ...provider.attributes?.(work), ...(ref === undefined ? {} : { [REF]: ref }) } as Fields;
}

function fail(ctx: Ctx, stack: Stack, row: Resource, task: Task, reason: string): void {
  const operation = stack.operation?.id ?? '';
  const { task: _, ...rest } = row;
  // A replacement that fails is an update that fails.
  const status = statusOf(task.kind, 'FAILED');
  const next: Resource = {
    ...rest,
    status,
    statusReason: reason,
    updatedAt: ctx.now,
    progress: { operation, state: 'failed' },
  };
  ctx.put(resources, next);
  recordResource(ctx, stack, next, status, reason, task.target);
  const verb = task.kind === 'revert' ? 'update' : task.kind;
  noteFailure(ctx, stack.id, row.logicalId, verb);
}

/** Gives up what runs, because something else failed. */
export function cancel(ctx: Ctx, stack: Stack, row: Resource): void {
  const { task } = row;
  if (!task) return;
  if (task.stage === 'settle') providerFor(row.type).cancelled?.(workFor(ctx, stack, row, task));
  const reason = `Resource ${task.kind === 'create' ? 'creation' : task.kind} cancelled`;
  const { task: _, ...rest } = row;
  const status = statusOf(task.kind, 'FAILED');
  const progress = { operation: stack.operation?.id ?? '', state: 'failed' } as const;
  const next: Resource = { ...rest, status, statusReason: reason, updatedAt: ctx.now, progress };
  ctx.put(resources, next);
  recordResource(ctx, stack, next, status, reason);
}
