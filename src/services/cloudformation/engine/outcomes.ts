// What operations of a stack come to: failures noted, ends told to whoever waits for them.

import type { Ctx } from '#cloud/ctx.ts';
import { setStackStatus } from '../events.ts';
import {
  changeSets,
  exports,
  imports,
  remaining,
  REMOVAL_LIFE,
  removals,
  removalKey,
  RESOURCE_LIFE,
  resourceKey,
  STACK_LIFE,
  stacks,
  walks,
} from '../rows.ts';
import type { Operation, Stack, StackStatus } from '../rows.ts';

/** The resource that keeps the operation from going on; the stack looks at it at once. */
export function noteFailure(
  ctx: Ctx,
  stackId: string,
  logicalId: string,
  verb: Operation['failures'][number]['verb'],
): void {
  const stack = ctx.get(stacks, stackId);
  if (!stack?.operation) return;
  const failures = [...stack.operation.failures, { logicalId, verb }];
  ctx.update(stacks, stack, { operation: { ...stack.operation, failures } });
  ctx.wake(STACK_LIFE, stackId);
}

/** The operation as a whole cannot go on. */
export function noteReason(ctx: Ctx, stack: Stack, reason: string): void {
  if (!stack.operation) return;
  ctx.update(stacks, stack, { operation: { ...stack.operation, reason } });
  ctx.wake(STACK_LIFE, stack.id);
}

/** `The following resource(s) failed to create: [A, B]. ` */
export function failureText({ failures, reason }: Operation): string {
  if (reason !== undefined) return reason;
  const verbs = ['create', 'update', 'import', 'delete'] as const;
  return verbs
    .map((verb) => {
      const ids = failures.filter((failure) => failure.verb === verb).map(({ logicalId }) => logicalId);
      return ids.length === 0 ? '' : `The following resource(s) failed to ${verb}: [${ids.join(', ')}]. `;
    })
    .join('');
}

/** The operation is over. */
export function end(
  ctx: Ctx,
  stack: Stack,
  status: StackStatus,
  reason?: string,
  change: Partial<Stack> = {},
): Stack {
  const { operation: _, ...rest } = setStackStatus(ctx, stack, status, reason, change);
  ctx.put(stacks, rest);
  ctx.delete(walks, stack.id);
  ctx.delete(remaining, stack.id);
  for (const { id } of ctx.scan(removals, { prefix: `${stack.id} ` }))
    ctx.delete(removals, removalKey(stack.id, id));
  if (status === 'DELETE_COMPLETE') forget(ctx, stack.id);
  closeChangeSet(ctx, stack.operation?.changeSetId, status);
  tellParent(ctx, rest);
  return rest;
}

/** What came of a change set that was executed. */
function closeChangeSet(ctx: Ctx, id: string | undefined, status: StackStatus): void {
  const row = id === undefined ? undefined : ctx.get(changeSets, id);
  const well = status.endsWith('_COMPLETE') && !status.includes('ROLLBACK');
  if (row) ctx.update(changeSets, row, { executionStatus: well ? 'EXECUTE_COMPLETE' : 'EXECUTE_FAILED' });
}

/** What a deleted stack leaves: its row and its events. */
function forget(ctx: Ctx, stackId: string): void {
  for (const { name } of ctx.list(exports, 'stack', stackId)) ctx.delete(exports, name);
  for (const { name } of ctx.list(imports, 'stack', stackId)) ctx.delete(imports, `${name} ${stackId}`);
}

/** Makes the stack around a nested one look at it. */
export function tellParent(ctx: Ctx, { id, parent }: Stack): void {
  if (!parent) return;
  ctx.wake(RESOURCE_LIFE, resourceKey(parent.stackId, parent.logicalId));
  for (const removal of ctx.scan(removals, { prefix: `${parent.stackId} ` })) {
    if (removal.physicalId === id) ctx.wake(REMOVAL_LIFE, removalKey(removal.stackId, removal.id));
  }
  ctx.wake(STACK_LIFE, parent.stackId);
}
