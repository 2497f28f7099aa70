// A stack on its way through an operation: from one phase to the next, forward or back.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-describing-stacks.html

import { wake } from '#world/index.ts';
import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { alarmChanged } from '#cloud/ports/metrics.ts';
import { setStackStatus } from '../events.ts';
import { remaining, resources, STACK_LIFE, stacks, walks } from '../rows.ts';
import type { Operation, Resource, Stack } from '../rows.ts';
import { closing, planning } from '../timings.ts';
import { beginAll, layOut } from './apply.ts';
import { end, failureText, noteReason, tellParent } from './outcomes.ts';
import { evaluateOutputs, exportProblem, writeExports, writeImports } from './outputs.ts';
import { Plan } from './plan.ts';
import { asStackIfPossible, unassumable } from './principal.ts';
import { removalsOf, removeNext } from './removal-life.ts';
import { cancel } from './resource-life.ts';
import { isModelled, reasonOf } from './resource-work.ts';
import { queueAll, queueLeftovers, queueUndone, revert } from './rollback.ts';

const NESTED = 'AWS::CloudFormation::Stack';

export const stackLife: Reconciler<Stack, Ctx> = {
  ...STACK_LIFE,
  table: stacks,
  wakes: [wake(alarmChanged, (ctx: Ctx, { alarmArn }) => watching(ctx, alarmArn))],
  step(ctx, stack) {
    const { operation } = stack;
    switch (operation?.phase) {
      case 'apply':
        return apply(ctx, stack, operation);
      case 'monitor':
        return monitor(ctx, stack, operation);
      case 'revert':
        return reverting(ctx, stack, operation);
      case 'remove':
        return removal(ctx, stack, operation);
      default:
        return undefined;
    }
  },
};

/** Stacks whose rollback triggers name an alarm. */
function watching(ctx: Ctx, alarmArn: string): string[] {
  return ctx
    .list(stacks)
    .filter(
      ({ operation, definition }) =>
        operation && definition.rollbackTriggers.some(({ arn }) => arn === alarmArn),
    )
    .map(({ id }) => id);
}

/** A stack begins with an operation, after the time that CloudFormation takes to plan it. */
export function startOperation(
  ctx: Ctx,
  stack: Stack,
  operation: Operation,
  reason = 'User Initiated',
): void {
  const type = `${operation.kind.toUpperCase()}_STACK`;
  const lastOperations = [...stack.lastOperations, { id: operation.id, type }].slice(-10);
  const status =
    operation.kind === 'rollback' ? stack.status : (`${operation.kind.toUpperCase()}_IN_PROGRESS` as const);
  setStackStatus(ctx, stack, status as Stack['status'], reason, { operation, lastOperations });
  ctx.wake(STACK_LIFE, stack.id, ctx.now + ctx.duration(planning, stack.name));
}

// ---- Forward ----

function apply(ctx: Ctx, stack: Stack, operation: Operation): number | undefined {
  if (operation.failures.length > 0 || operation.reason !== undefined) return failed(ctx, stack, operation);
  const late = stack.timeoutMs !== undefined && operation.kind === 'create';
  const deadline = late ? stack.createdAt + (stack.timeoutMs ?? 0) : undefined;
  if (deadline !== undefined && ctx.now >= deadline)
    return stop(ctx, stack, 'Stack creation time exceeded the specified timeout. ');
  const alarm = alarming(ctx, stack);
  if (alarm !== undefined) return stop(ctx, stack, alarm);
  try {
    if (ctx.get(walks, stack.id)?.operation !== operation.id) begin(ctx, stack);
    if (ctx.get(remaining, stack.id)?.count === 0) return applied(ctx, stack, operation);
  } catch (error) {
    return stop(ctx, stack, reasonOf(error));
  }
  return deadline;
}

function stop(ctx: Ctx, stack: Stack, reason: string): undefined {
  noteReason(ctx, stack, reason);
  return undefined;
}

function begin(ctx: Ctx, stack: Stack): void {
  const plan = new Plan(ctx, stack);
  layOut(ctx, stack, plan);
  const { order = [], dependsOn = {} } = ctx.get(walks, stack.id) ?? {};
  // A stack that cannot stand makes nothing first: what is not modelled fails before anything else begins.
  const unmodelled = order.filter((id) => !isModelled(plan.template.resources[id]?.type ?? ''));
  beginAll(
    ctx,
    stack,
    plan,
    unmodelled.length > 0 ? unmodelled : order.filter((id) => dependsOn[id]?.length === 0),
  );
}

/** All resources are what the template says. */
function applied(ctx: Ctx, stack: Stack, operation: Operation): number | undefined {
  const plan = new Plan(ctx, stack);
  plan.imported.clear();
  const outputs = evaluateOutputs(plan);
  const problem = exportProblem(ctx, stack, outputs);
  if (problem !== undefined) return stop(ctx, stack, problem);
  writeExports(ctx, stack, outputs);
  writeImports(ctx, stack, plan.imported);
  const definition = { ...stack.definition, outputs };
  const minutes = definition.rollbackTriggers.length > 0 ? definition.monitoringMinutes : 0;
  const watchedUntil = ctx.now + minutes * 60_000;
  const next = ctx.update(stacks, stack, {
    definition,
    operation: { ...operation, phase: 'monitor', watchedUntil },
  });
  if (minutes > 0) return watchedUntil;
  return monitor(ctx, next, { ...operation, phase: 'monitor', watchedUntil });
}

/** After the last resource an alarm may still call everything back. */
function monitor(ctx: Ctx, stack: Stack, operation: Operation): number | undefined {
  if (operation.reason !== undefined) return failed(ctx, stack, operation);
  const alarm = alarming(ctx, stack);
  if (alarm !== undefined) return failed(ctx, stack, { ...operation, reason: alarm });
  const until = operation.watchedUntil ?? ctx.now;
  if (ctx.now < until) return until;
  const { kind } = operation;
  if (kind === 'create') {
    end(ctx, stack, 'CREATE_COMPLETE');
    return undefined;
  }
  if (kind === 'import') {
    end(ctx, stack, 'IMPORT_COMPLETE');
    return undefined;
  }
  // A nested stack waits: its root may still go back.
  if (stack.parent) {
    const held = setStackStatus(ctx, stack, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', undefined, {
      operation: { ...operation, phase: 'hold' },
    });
    tellParent(ctx, held);
    return undefined;
  }
  cleanUp(ctx, stack, operation);
  return undefined;
}

/** A stack begins to clean up, unless it has: it takes resources away and shows this status. */
function beginRemoval(ctx: Ctx, stack: Stack, operation: Operation, status: Stack['status']): Stack {
  const change = { operation: { ...operation, phase: 'remove' } } as const;
  return stack.status === status
    ? ctx.update(stacks, stack, change)
    : setStackStatus(ctx, stack, status, undefined, change);
}

/** What the update no longer needs goes; nested stacks do the same with theirs. */
function cleanUp(ctx: Ctx, stack: Stack, operation: Operation): void {
  const status = 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS';
  const cleaning = beginRemoval(ctx, stack, operation, status);
  queueLeftovers(ctx, cleaning);
  removeNext(ctx, cleaning);
  for (const nested of nestedOf(ctx, stack)) {
    if (nested.operation?.phase === 'hold') cleanUp(ctx, nested, nested.operation);
  }
}

/** Nested stacks that stand. */
function nestedOf(ctx: Ctx, stack: Stack): Stack[] {
  return ctx
    .scan(resources, { prefix: `${stack.id} ` })
    .filter(({ type, gone }) => type === NESTED && !gone)
    .flatMap(({ physicalId = '' }) => ctx.get(stacks, physicalId) ?? []);
}

/** The alarm that calls the operation back, in words. Alarms are not watched while it goes back. */
function alarming(ctx: Ctx, stack: Stack): string | undefined {
  const { rollbackTriggers } = stack.definition;
  if (rollbackTriggers.length === 0) return undefined;
  const byName = new Map(rollbackTriggers.map(({ arn }) => [arn.split(':').slice(6).join(':'), arn]));
  const input = { AlarmNames: [...byName.keys()], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] as const };
  const as = asStackIfPossible(ctx, stack);
  if (!as) return unassumable(stack.roleArn ?? '');
  const outcome = ctx.call(
    'monitoring',
    'DescribeAlarms',
    { ...input, AlarmTypes: [...input.AlarmTypes] },
    as,
  );
  if (!outcome.ok) return outcome.fault.message;
  const found = [...(outcome.output.MetricAlarms ?? []), ...(outcome.output.CompositeAlarms ?? [])];
  const missing = [...byName].find(([name]) => !found.some(({ AlarmName }) => AlarmName === name));
  if (missing) return `Rollback trigger ${missing[1]} does not exist. `;
  const active = found.find(({ StateValue }) => StateValue === 'ALARM');
  return active && `Rollback trigger ${byName.get(active.AlarmName ?? '') ?? ''} entered ALARM state. `;
}

// ---- Back ----

function running(ctx: Ctx, stack: Stack): Resource[] {
  return ctx
    .scan(resources, { prefix: `${stack.id} ` })
    .filter(({ progress, task }) => task !== undefined && progress?.operation === stack.operation?.id);
}

/** Something failed: what still runs is cancelled, and the way back begins. */
function failed(ctx: Ctx, stack: Stack, operation: Operation): number | undefined {
  const busy = running(ctx, stack);
  if (operation.preserve && busy.length > 0) return undefined;
  for (const row of busy) cancel(ctx, stack, row);
  const reason = failureText(operation);
  if (operation.preserve) {
    end(ctx, stack, operation.kind === 'create' ? 'CREATE_FAILED' : 'UPDATE_FAILED', reason, {
      before: stack.before ?? stack.definition,
    });
    return undefined;
  }
  if (operation.kind === 'create') goBackToNothing(ctx, stack, operation, reason);
  else goBack(ctx, stack, operation, reason);
  return undefined;
}

/** Reasons of faults come with or without their full stop. */
function sentence(reason: string): string {
  const text = reason.trimEnd();
  return text === '' ? '' : `${text}${text.endsWith('.') ? '' : '.'} `;
}

/** From here on a stack tells when it went, and no longer which change set it came from. */
export function falling(ctx: Ctx, stack: Stack): Stack {
  const { changeSetId: _, ...rest } = stack;
  return { ...rest, deletedAt: ctx.now };
}

/** The creation is undone; the stack stays, and can only be deleted. */
export function goBackToNothing(ctx: Ctx, stack: Stack, operation: Operation, reason: string): void {
  const deletes = stack.onFailure === 'DELETE';
  const next: Stack = setStackStatus(
    ctx,
    falling(ctx, stack),
    deletes ? 'DELETE_IN_PROGRESS' : 'ROLLBACK_IN_PROGRESS',
    `${sentence(reason)}${deletes ? 'Delete' : 'Rollback'} requested by user.`,
    { operation: { ...operation, kind: deletes ? 'delete' : 'rollback', phase: 'remove', failures: [] } },
  );
  tellParent(ctx, next);
  queueAll(ctx, next, { rollback: true });
  removeNext(ctx, next);
}

/** The update or import is undone. */
export function goBack(ctx: Ctx, stack: Stack, operation: Operation, reason: string): void {
  const { before: definition = stack.definition } = stack;
  const status = operation.kind === 'import' ? 'IMPORT_ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS';
  const { reason: _, ...rest } = operation;
  const next = setStackStatus(ctx, stack, status, reason === '' ? undefined : reason, {
    definition,
    operation: { ...rest, phase: 'revert', failures: [] },
  });
  tellParent(ctx, next);
  revert(ctx, next);
}

function reverting(ctx: Ctx, stack: Stack, operation: Operation): number | undefined {
  if (running(ctx, stack).length > 0) return undefined;
  if (operation.failures.length > 0) {
    const failedStatus = operation.kind === 'import' ? 'IMPORT_ROLLBACK_FAILED' : 'UPDATE_ROLLBACK_FAILED';
    const { operation: kept } = stack;
    end(ctx, stack, failedStatus, failureText(operation), { before: stack.definition });
    const ended = ctx.get(stacks, stack.id);
    // Whoever continues the rollback goes on with what is marked by this operation.
    if (ended && kept) ctx.update(stacks, ended, { reverting: kept.id });
    return undefined;
  }
  if ((ctx.get(remaining, stack.id)?.count ?? 0) > 0) return undefined;
  writeExports(ctx, stack, stack.definition.outputs);
  writeImports(ctx, stack, new Set());
  const status =
    operation.kind === 'import'
      ? 'IMPORT_ROLLBACK_IN_PROGRESS'
      : 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS';
  const cleaning = beginRemoval(ctx, stack, operation, status);
  queueUndone(ctx, cleaning);
  removeNext(ctx, cleaning);
  return undefined;
}

// ---- The end ----

function removal(ctx: Ctx, stack: Stack, operation: Operation): number | undefined {
  const open = removalsOf(ctx, stack.id).filter(({ state }) => state !== 'done' && state !== 'failed');
  if (open.some(({ state }) => state !== 'waiting')) return undefined;
  const busyNested =
    stack.operation?.kind === 'update' &&
    nestedOf(ctx, stack).some((nested) => nested.operation !== undefined);
  if (busyNested) return undefined;
  const closed = operation.closesAt ?? ctx.now + ctx.duration(closing, stack.name);
  if (operation.closesAt === undefined)
    ctx.update(stacks, stack, { operation: { ...operation, closesAt: closed } });
  if (ctx.now < closed) return closed;
  finishRemoval(ctx, stack, operation);
  return undefined;
}

function finishRemoval(ctx: Ctx, stack: Stack, operation: Operation): void {
  const failures = operation.failures.filter(({ verb }) => verb === 'delete');
  const reason = failures.length > 0 ? failureText({ ...operation, failures }) : undefined;
  const { before: _, ...rest } = stack;
  switch (operation.kind) {
    case 'delete':
      if (reason !== undefined) end(ctx, stack, 'DELETE_FAILED', reason);
      else end(ctx, stack, 'DELETE_COMPLETE');
      return;
    case 'create':
    case 'rollback':
      end(ctx, stack, reason === undefined ? 'ROLLBACK_COMPLETE' : 'ROLLBACK_FAILED', reason);
      return;
    case 'import':
      end(ctx, rest, 'IMPORT_ROLLBACK_COMPLETE');
      return;
    case 'update': {
      // What cannot be cleaned up does not fail the update: it is left behind.
      const left =
        failures.length > 0 ? 'Update successful. One or more resources could not be deleted.' : undefined;
      const back = stack.status === 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS';
      end(ctx, rest, back ? 'UPDATE_ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE', left);
    }
  }
}
