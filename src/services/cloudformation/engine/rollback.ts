// The way back: what an operation did to resources is undone, and what is to go is put on the list.

import type { Ctx } from '#cloud/ctx.ts';
import { recordResource } from '../events.ts';
import { RESOURCE_LIFE, resourceKey, resources, STACK_LIFE, walks } from '../rows.ts';
import type { Before, Resource, Stack } from '../rows.ts';
import { beginning } from '../timings.ts';
import { completed, writeWalk } from './apply.ts';
import { queueRemoval } from './removal-life.ts';

function rowsOf(ctx: Ctx, stack: Stack): Resource[] {
  return ctx.scan(resources, { prefix: `${stack.id} ` }).filter(({ gone }) => !gone);
}

/** A creation that fails leaves alone only what is to be kept in any case. */
function keeps(stack: Stack, { policies }: Pick<Resource, 'policies'>, rollback: boolean): boolean {
  if (rollback && stack.operation?.retainExceptOnCreate) return false;
  return policies.deletion === 'Retain' || (policies.deletion === 'RetainExceptOnCreate' && !rollback);
}

/** All resources of the stack are to go. */
export function queueAll(ctx: Ctx, stack: Stack, { rollback = false }: { rollback?: boolean } = {}): void {
  const skip = new Set(stack.operation?.skip);
  for (const row of rowsOf(ctx, stack)) {
    if (row.physicalId === undefined) {
      if (rollback) ctx.update(resources, row, { gone: true });
      else ctx.delete(resources, resourceKey(stack.id, row.logicalId));
      continue;
    }
    const imported = rollback && Object.hasOwn(stack.operation?.imports ?? {}, row.logicalId);
    const retain = keeps(stack, row, rollback) || skip.has(row.logicalId) || imported;
    queueRemoval(ctx, stack, row, row.physicalId, { retain, main: true });
  }
}

/** After an update: what the template no longer has, and what was replaced. */
export function queueLeftovers(ctx: Ctx, stack: Stack): void {
  const kept = new Set(ctx.get(walks, stack.id)?.order);
  for (const row of rowsOf(ctx, stack)) {
    if (!kept.has(row.logicalId)) {
      if (row.physicalId === undefined) ctx.delete(resources, resourceKey(stack.id, row.logicalId));
      else queueRemoval(ctx, stack, row, row.physicalId, { retain: keeps(stack, row, false), main: true });
      continue;
    }
    const { before } = row;
    if (before?.operation !== stack.operation?.id || before?.physicalId === undefined) continue;
    if (before.physicalId !== row.physicalId) queueOld(ctx, stack, row, before, before.physicalId);
  }
}

function queueOld(ctx: Ctx, stack: Stack, row: Resource, before: Before, physicalId: string): void {
  const { properties, attributes, dependsOn } = before;
  const retain = row.policies.replace === 'Retain';
  queueRemoval(ctx, stack, { ...row, properties, attributes, dependsOn }, physicalId, {
    retain,
    main: false,
  });
}

/** After an update's rollback: what it had made. What it had replaced was put on the list when it was put back. */
export function queueUndone(ctx: Ctx, stack: Stack): void {
  const imported = stack.operation?.imports ?? {};
  for (const row of rowsOf(ctx, stack)) {
    if (row.before?.operation !== stack.operation?.id || row.before?.physicalId !== undefined) continue;
    if (row.physicalId === undefined) ctx.delete(resources, resourceKey(stack.id, row.logicalId));
    else {
      const retain = keeps(stack, row, true) || Object.hasOwn(imported, row.logicalId);
      queueRemoval(ctx, stack, row, row.physicalId, { retain, main: true });
    }
  }
}

/** Brings every resource that the operation changed back to what it was, in the order of what they needed then. */
export function revert(ctx: Ctx, stack: Stack): void {
  const changed = rowsOf(ctx, stack).filter((row) => toRevert(stack, row));
  const ids = new Set(changed.map(({ logicalId }) => logicalId));
  const dependsOn = new Map(
    changed.map(({ logicalId, before }) => [
      logicalId,
      (before?.dependsOn ?? []).filter((id) => ids.has(id)),
    ]),
  );
  const first = writeWalk(ctx, stack, [...ids], dependsOn);
  if (ids.size === 0) ctx.wake(STACK_LIFE, stack.id);
  revertAll(ctx, stack, first);
}

/** Whether the operation has touched a resource that stood before it. */
function toRevert(stack: Stack, { before, progress }: Resource): boolean {
  const operation = stack.operation?.id;
  return (
    before?.operation === operation &&
    before?.physicalId !== undefined &&
    progress?.operation === operation &&
    progress?.unchanged !== true &&
    progress?.reverted !== true
  );
}

/** Begins to put resources back, and those that follow where nothing has to be done. */
export function revertAll(ctx: Ctx, stack: Stack, logicalIds: readonly string[]): void {
  const queue = [...logicalIds];
  for (let at = 0; at < queue.length; at += 1) {
    const logicalId = queue[at] as string;
    const row = ctx.get(resources, resourceKey(stack.id, logicalId));
    if (row && putBack(ctx, stack, row)) queue.push(...completed(ctx, stack.id, logicalId));
  }
}

/** True when the resource is back without its provider: it was replaced, or is left as it is. */
function putBack(ctx: Ctx, stack: Stack, row: Resource): boolean {
  const { before, physicalId, statusReason: _, task: __, ...rest } = row;
  const operation = stack.operation?.id ?? '';
  if (!before) return true;
  const { dependsOn, imports, policies, metadata } = before;
  const was = { dependsOn, imports, policies, ...(metadata !== undefined && { metadata }) };
  const replaced = physicalId !== undefined && before.physicalId !== physicalId;
  if (replaced) queueRemoval(ctx, stack, row, physicalId, { retain: false, main: false });
  const skipped = stack.operation?.skip.includes(row.logicalId) ?? false;
  const put = {
    ...rest,
    ...was,
    before,
    ...(before.physicalId !== undefined && { physicalId: before.physicalId }),
  };
  if (skipped || (replaced && !isCustom(row))) {
    const { properties, attributes } = before;
    const done = { operation, state: 'done', reverted: true } as const;
    const next: Resource = {
      ...put,
      properties,
      attributes,
      status: 'UPDATE_COMPLETE',
      updatedAt: ctx.now,
      progress: done,
    };
    ctx.put(resources, next);
    recordResource(ctx, stack, next, 'UPDATE_COMPLETE');
    return true;
  }
  const next: Resource = {
    ...put,
    ...(isCustom(row) && physicalId !== undefined && { physicalId }),
    status: 'UPDATE_IN_PROGRESS',
    updatedAt: ctx.now,
    progress: { operation, state: 'running' },
    task: {
      kind: 'revert',
      stage: 'begin',
      token: ctx.uuid('provider-token'),
      startedAt: ctx.now,
      target: before.properties,
      memory: {},
    },
  };
  ctx.put(resources, next);
  recordResource(ctx, stack, next, 'UPDATE_IN_PROGRESS', undefined, before.properties);
  const wait = ctx.duration(beginning, `${stack.name}/${row.logicalId}/revert`);
  ctx.wake(RESOURCE_LIFE, resourceKey(stack.id, row.logicalId), ctx.now + wait);
  return false;
}

/** A custom resource is sent its old properties even where it had answered with another physical id. */
function isCustom({ type }: Resource): boolean {
  return type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource';
}
