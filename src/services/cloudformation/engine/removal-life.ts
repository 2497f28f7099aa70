// Physical resources on their way out: each goes when everything that needed it is gone.

import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { recordResource } from '../events.ts';
import { REMOVAL_LIFE, removalKey, removals, resourceKey, resources, STACK_LIFE, stacks } from '../rows.ts';
import type { Removal, Resource, ResourceStatus, Stack } from '../rows.ts';
import { beginning, removing } from '../timings.ts';
import { nextLook } from './looks.ts';
import { noteFailure } from './outcomes.ts';
import { providerFor, reasonOf, workOn } from './resource-work.ts';

/** Removals of one stack, in the order in which they were asked for. */
export function removalsOf(ctx: Ctx, stackId: string): Removal[] {
  return ctx.scan(removals, { prefix: `${stackId} ` });
}

type Subject = Pick<Resource, 'stackId' | 'logicalId' | 'type' | 'properties' | 'attributes' | 'dependsOn'>;

/** Asks for a physical resource to go. */
export function queueRemoval(
  ctx: Ctx,
  stack: Stack,
  { stackId, logicalId, type, properties, attributes, dependsOn }: Subject,
  physicalId: string,
  { retain, main }: Pick<Removal, 'retain' | 'main'>,
): void {
  const known = removalsOf(ctx, stackId).length;
  ctx.put(removals, {
    stackId,
    id: String(known).padStart(6, '0'),
    operation: stack.operation?.id ?? '',
    logicalId,
    type,
    physicalId,
    properties,
    attributes,
    dependsOn,
    retain,
    main,
    state: 'waiting',
    attempts: 0,
    token: ctx.uuid('provider-token'),
    memory: {},
  });
}

/** Begins with what nothing needs any more; what is left alone makes way at once. */
export function removeNext(ctx: Ctx, stack: Stack): void {
  for (let again = true; again;) {
    const open = removalsOf(ctx, stack.id).filter(({ state }) => state !== 'done');
    const needed = new Set(open.flatMap(({ dependsOn }) => dependsOn));
    const free = open.filter(({ state, logicalId }) => state === 'waiting' && !needed.has(logicalId));
    again = free.some(({ retain }) => retain);
    for (const removal of free) {
      if (removal.retain) skip(ctx, stack, removal);
      else start(ctx, stack, removal);
    }
  }
  const runs = removalsOf(ctx, stack.id).some(({ state }) => state === 'begin' || state === 'settle');
  if (!runs) ctx.wake(STACK_LIFE, stack.id);
}

function start(ctx: Ctx, stack: Stack, removal: Removal): void {
  ctx.update(removals, removal, { state: 'begin' });
  show(ctx, stack, removal, 'DELETE_IN_PROGRESS');
  const wait = ctx.duration(beginning, `${stack.name}/${removal.logicalId}/remove`);
  ctx.wake(REMOVAL_LIFE, removalKey(removal.stackId, removal.id), ctx.now + wait);
}

function skip(ctx: Ctx, stack: Stack, removal: Removal): void {
  ctx.update(removals, removal, { state: 'done' });
  show(ctx, stack, removal, 'DELETE_SKIPPED');
  drop(ctx, stack, removal);
}

/** Tells what happens to it, in its row too if it is still the resource of that row. */
function show(ctx: Ctx, stack: Stack, removal: Removal, status: ResourceStatus, reason?: string): void {
  recordResource(ctx, stack, removal, status, reason);
  const row = ctx.get(resources, resourceKey(removal.stackId, removal.logicalId));
  if (!removal.main || !row) return;
  const { statusReason: _, ...rest } = row;
  ctx.put(resources, {
    ...rest,
    status,
    updatedAt: ctx.now,
    ...(reason !== undefined && { statusReason: reason }),
  });
}

/** The row of a resource that is gone: a stack that goes on forgets it, one that ends shows it. */
function drop(ctx: Ctx, stack: Stack, removal: Removal): void {
  const key = resourceKey(removal.stackId, removal.logicalId);
  const row = ctx.get(resources, key);
  if (!removal.main || !row) return;
  if (stack.operation?.kind === 'update' || stack.operation?.kind === 'import') ctx.delete(resources, key);
  else ctx.update(resources, row, { gone: true });
}

export const removalLife: Reconciler<Removal, Ctx> = {
  ...REMOVAL_LIFE,
  table: removals,
  step(ctx, removal) {
    const stack = ctx.get(stacks, removal.stackId);
    if (!stack?.operation || (removal.state !== 'begin' && removal.state !== 'settle')) return undefined;
    const { logicalId, type, physicalId, properties, token, memory } = removal;
    const work = workOn(ctx, stack, {
      logicalId,
      type,
      physicalId,
      properties,
      policies: { deletion: 'Delete', replace: 'Delete' },
      token,
      startedAt: ctx.now,
      reverting: false,
      memory,
      status: 'DELETE_IN_PROGRESS',
    });
    const provider = providerFor(type);
    try {
      if (removal.state === 'begin') {
        ctx.savepoint(() => provider.delete(work));
        ctx.update(removals, removal, { state: 'settle', memory: work.memory });
        return ctx.now + ctx.duration(removing, `${stack.name}/${logicalId}`);
      }
      const progress = provider.gone?.(work) ?? 'done';
      if (progress !== 'done' && !('physicalId' in progress)) {
        ctx.update(removals, removal, { memory: work.memory });
        return nextLook(ctx, progress, `${stack.name}/${logicalId}/remove`);
      }
    } catch (error) {
      return failed(ctx, stack, removal, reasonOf(error));
    }
    ctx.update(removals, removal, { state: 'done' });
    show(ctx, stack, removal, 'DELETE_COMPLETE');
    drop(ctx, stack, removal);
    removeNext(ctx, stack);
    return undefined;
  },
};

/** CloudFormation tries a deletion three times before it gives up (observed; AWS names no figure). */
const TRIES = 3;

function failed(ctx: Ctx, stack: Stack, removal: Removal, reason: string): number | undefined {
  const attempts = removal.attempts + 1;
  if (attempts < TRIES) {
    ctx.update(removals, removal, { state: 'begin', attempts });
    return nextLook(ctx, { again: 0 }, `${stack.name}/${removal.logicalId}/again`);
  }
  ctx.update(removals, removal, { state: 'failed', attempts });
  show(ctx, stack, removal, 'DELETE_FAILED', reason);
  noteFailure(ctx, stack.id, removal.logicalId, 'delete');
  removeNext(ctx, stack);
  return undefined;
}
