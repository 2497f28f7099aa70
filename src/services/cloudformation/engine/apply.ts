// Makes resources what the template says: each one begins when those that it needs are done.

import type { Ctx } from '#cloud/ctx.ts';
import { recordResource } from '../events.ts';
import { ResourceFailure } from '../providers/provider.ts';
import type { Provider } from '../providers/provider.ts';
import { differences, sameValue } from '../registry/properties.ts';
import type { Difference } from '../registry/properties.ts';
import { remaining, RESOURCE_LIFE, resourceKey, resources, STACK_LIFE, walks } from '../rows.ts';
import type { Before, Policies, Resource, ResourceStatus, Stack, Task, Walk } from '../rows.ts';
import { dependenciesOf } from '../template/dependencies.ts';
import type { Fields } from '../template/template.ts';
import { beginning } from '../timings.ts';
import { noteFailure } from './outcomes.ts';
import type { Plan } from './plan.ts';
import {
  checkedProperties,
  CUSTOM_RESOURCE,
  policiesOf,
  providerFor,
  reasonOf,
  registeredName,
  typeFor,
  workOn,
} from './resource-work.ts';
import { policyDenial } from './stack-policy.ts';

/** Works out what there is to walk through, and begins with what needs nothing. */
export function layOut(ctx: Ctx, stack: Stack, plan: Plan): void {
  const dependsOn = dependenciesOf(plan.template, plan.evaluation);
  writeWalk(ctx, stack, [...dependsOn.keys()], dependsOn);
}

/** Puts a walk down and returns its first resources. */
export function writeWalk(
  ctx: Ctx,
  stack: Stack,
  order: readonly string[],
  dependsOn: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  // Maps, because a resource may be called `constructor`.
  const followers = new Map<string, string[]>();
  const needed = order.map((logicalId) => [logicalId, dependsOn.get(logicalId) ?? []] as const);
  for (const [logicalId, needs] of needed)
    for (const need of needs) followers.set(need, [...(followers.get(need) ?? []), logicalId]);
  const operation = stack.operation?.id ?? '';
  const row = { stackId: stack.id, operation, order };
  ctx.put(walks, {
    ...row,
    dependsOn: Object.fromEntries(needed),
    dependents: Object.fromEntries(followers),
  });
  ctx.put(remaining, { stackId: stack.id, count: order.length });
  return needed.filter(([, needs]) => needs.length === 0).map(([logicalId]) => logicalId);
}

/** Begins with resources whose time has come, and with those that follow where nothing has to be done. */
export function beginAll(ctx: Ctx, stack: Stack, plan: Plan, logicalIds: readonly string[]): void {
  const queue = [...logicalIds];
  for (let at = 0; at < queue.length; at += 1) {
    const logicalId = queue[at] as string;
    if (begin(ctx, stack, plan, logicalId)) queue.push(...completed(ctx, stack.id, logicalId));
  }
}

/** A resource is done: returns those that may begin now. The stack looks when it was the last. */
export function completed(ctx: Ctx, stackId: string, logicalId: string): readonly string[] {
  const walk = ctx.get(walks, stackId);
  const left = ctx.get(remaining, stackId);
  if (!walk || !left) return [];
  ctx.put(remaining, { stackId, count: left.count - 1 });
  if (left.count === 1) ctx.wake(STACK_LIFE, stackId);
  const { dependents, dependsOn } = walk;
  const next = Object.hasOwn(dependents, logicalId) ? (dependents[logicalId] ?? []) : [];
  return next.filter((one) => (dependsOn[one] ?? []).every((needed) => isDone(ctx, walk, needed)));
}

function isDone(ctx: Ctx, { stackId, operation }: Walk, logicalId: string): boolean {
  const progress = ctx.get(resources, resourceKey(stackId, logicalId))?.progress;
  return progress?.operation === operation && progress.state === 'done';
}

/** What is to be done with a resource. */
interface Intent {
  readonly kind: 'create' | 'import' | 'update' | 'nothing';
  readonly replace: boolean;
  readonly target: Fields;
  readonly imports: readonly string[];
}

/** True when nothing has to be done. */
function begin(ctx: Ctx, stack: Stack, plan: Plan, logicalId: string): boolean {
  const declared = plan.template.resources[logicalId];
  const operation = stack.operation?.id ?? '';
  if (!declared) throw new Error(`The walk has a resource ${logicalId} that the template lacks.`);
  const known = ctx.get(resources, resourceKey(stack.id, logicalId));
  const there = known && !known.gone && known.physicalId !== undefined && known.status !== 'CREATE_FAILED';
  let intent: Intent;
  try {
    intent = ctx.savepoint(() => intentFor(ctx, stack, plan, logicalId, there ? known : undefined));
  } catch (error) {
    failBeginning(ctx, stack, logicalId, declared.type, there ? known : undefined, reasonOf(error));
    return false;
  }
  const row = rowFor(ctx, stack, plan, logicalId, known, intent);
  if (intent.kind === 'nothing') {
    const progress = { operation, state: 'done', unchanged: true } as const;
    ctx.put(resources, { ...row, properties: intent.target, progress });
    return true;
  }
  const status = statusOf(intent.kind, 'IN_PROGRESS');
  const task: Task = {
    kind: intent.kind,
    ...(intent.replace && { replace: true }),
    stage: 'begin',
    token: ctx.uuid('provider-token'),
    startedAt: ctx.now,
    target: intent.target,
    memory: {},
  };
  const reason = intent.replace
    ? 'Requested update requires the creation of a new physical resource; hence creating one.'
    : undefined;
  const next = {
    ...row,
    status,
    updatedAt: ctx.now,
    progress: { operation, state: 'running' as const },
    task,
  };
  ctx.put(resources, next);
  recordResource(ctx, stack, next, status, reason, intent.kind === 'update' ? intent.target : undefined);
  const wait = ctx.duration(beginning, `${stack.name}/${logicalId}`);
  ctx.wake(RESOURCE_LIFE, resourceKey(stack.id, logicalId), ctx.now + wait);
  return false;
}

export function statusOf(kind: Task['kind'], suffix: 'IN_PROGRESS' | 'COMPLETE' | 'FAILED'): ResourceStatus {
  const verb = kind === 'revert' ? 'UPDATE' : kind.toUpperCase();
  return `${verb}_${suffix}` as ResourceStatus;
}

/** Throws `ResourceFailure` or `Fault` where the resource cannot be what the template says. */
function intentFor(
  ctx: Ctx,
  stack: Stack,
  plan: Plan,
  logicalId: string,
  known: Resource | undefined,
): Intent {
  const declared = plan.template.resources[logicalId];
  const type = declared?.type ?? '';
  const provider = providerFor(type);
  const policies = declared && policiesOf(declared, (value) => plan.evaluation.value(value));
  if (policies) refuseSnapshots(type, policies);
  plan.imported.clear();
  const target = checkedProperties(logicalId, type, plan.properties(logicalId));
  const imports = [...plan.imported].toSorted();
  const plain = { target, imports, replace: false };
  if (!known)
    return { ...plain, kind: stack.operation?.imports?.[logicalId] === undefined ? 'create' : 'import' };
  const found = changesOf(type, known.properties, target);
  const retagged = !sameValue(stack.before?.tags, stack.definition.tags) && takesTags(type);
  if (found.length === 0 && !retagged && !provider.alwaysUpdates) return { ...plain, kind: 'nothing' };
  const replace = replacesBy(
    ctx,
    stack,
    provider,
    { ...known, policies: policies ?? known.policies },
    target,
    found,
  );
  const denial = policyDenial(stack, logicalId, type, replace ? 'Update:Replace' : 'Update:Modify');
  if (denial !== undefined) throw new ResourceFailure(denial, 'AccessDenied');
  if (replace) refuseNamed(type, known.properties, target, found);
  if (!replace && !provider.update)
    throw new ResourceFailure(`Sandtable does not model updates of ${type} in place.`, 'NotImplemented');
  return { ...plain, kind: 'update', replace };
}

/** Snapshots of what goes: no modelled service makes any. */
function refuseSnapshots(type: string, { deletion, replace }: Policies): void {
  if (deletion !== 'Snapshot' && replace !== 'Snapshot') return;
  throw new ResourceFailure(
    `Sandtable does not model snapshots of ${type} as a policy asks for.`,
    'NotImplemented',
  );
}

/** Properties that differ. Custom resources have no declared ones, and any change is an update. */
export function changesOf(type: string, before: Fields, after: Fields): Difference[] {
  if (registeredName(type) !== CUSTOM_RESOURCE) return differences(typeFor(type), before, after);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names
    .filter((name) => !sameValue(before[name], after[name]))
    .map((name) => ({ path: [name], replaces: 'no' }));
}

export function takesTags(type: string): boolean {
  return registeredName(type) !== CUSTOM_RESOURCE && typeFor(type).tagProperty !== undefined;
}

/** Whether a change replaces a resource, whose policies are those that the new template gives it. */
export function replacesBy(
  ctx: Ctx,
  stack: Stack,
  provider: Provider,
  known: Resource,
  target: Fields,
  found: readonly Difference[],
): boolean {
  if (found.some(({ replaces }) => replaces === 'yes')) return true;
  const { logicalId, type, physicalId, policies, status } = known;
  const previous = known.properties;
  const subject = { logicalId, type, physicalId, policies, status, properties: target, previous };
  const work = workOn(ctx, stack, {
    ...subject,
    token: '',
    startedAt: ctx.now,
    reverting: false,
    memory: {},
  });
  const some = found.some(
    ({ path, replaces }) => replaces === 'maybe' && (provider.replaces?.(work, path) ?? true),
  );
  return some || (provider.replacesBecause?.(work) ?? false);
}

/** https://repost.aws/knowledge-center/cloudformation-custom-name: a second resource of the same name cannot be made. */
function refuseNamed(type: string, before: Fields, after: Fields, found: readonly Difference[]): void {
  const last = type.split('::').at(-1) ?? '';
  const names = [`${last}Name`, 'Name', 'GroupName'];
  const facts = registeredName(type) === CUSTOM_RESOURCE ? undefined : typeFor(type).properties;
  const named = names.find((name) => facts?.get(name)?.replaces === 'yes' && after[name] !== undefined);
  if (named === undefined || !sameValue(before[named], after[named]) || found.length === 0) return;
  throw new ResourceFailure(
    `CloudFormation cannot update a stack when a custom-named resource requires replacing. ` +
      `Rename ${String(after[named])} and update the stack again.`,
    'AlreadyExists',
  );
}

/** The row of a resource that is about to change, with what it was before. */
function rowFor(
  ctx: Ctx,
  stack: Stack,
  plan: Plan,
  logicalId: string,
  known: Resource | undefined,
  { kind, imports }: Intent,
): Resource {
  const declared = plan.template.resources[logicalId];
  if (!declared) throw new Error(`The template has no resource ${logicalId}.`);
  const operation = stack.operation?.id ?? '';
  const dependsOn = ctx.get(walks, stack.id)?.dependsOn[logicalId] ?? [];
  const metadata = declared.metadata === undefined ? undefined : plan.evaluation.value(declared.metadata);
  const fresh = {
    stackId: stack.id,
    logicalId,
    type: declared.type,
    dependsOn,
    imports,
    policies: policiesOf(declared, (value) => plan.evaluation.value(value)),
    ...(metadata !== undefined && { metadata }),
  };
  if (!known || kind === 'create' || kind === 'import') {
    const before = beforeOf(operation, undefined, fresh);
    return {
      ...fresh,
      status: 'CREATE_IN_PROGRESS',
      updatedAt: ctx.now,
      properties: {},
      attributes: {},
      before,
    };
  }
  const { statusReason: _, task: __, metadata: ___, ...rest } = known;
  // What failed before and was kept is still to be brought back to what stood before that.
  const kept =
    stack.before && known.before && known.before.operation !== operation ? known.before : undefined;
  const before =
    kept && stack.status === 'UPDATE_IN_PROGRESS' && known.status === 'UPDATE_FAILED'
      ? { ...kept, operation }
      : beforeOf(operation, known, known);
  return { ...rest, ...fresh, before };
}

function beforeOf(
  operation: string,
  known: Resource | undefined,
  {
    dependsOn,
    imports,
    policies,
    metadata,
  }: Pick<Resource, 'dependsOn' | 'imports' | 'policies' | 'metadata'>,
): Before {
  return {
    operation,
    ...(known?.physicalId !== undefined && { physicalId: known.physicalId }),
    properties: known?.properties ?? {},
    attributes: known?.attributes ?? {},
    dependsOn,
    imports,
    policies,
    ...(metadata !== undefined && { metadata }),
  };
}

/** The resource fails before anything was asked of its service. */
function failBeginning(
  ctx: Ctx,
  stack: Stack,
  logicalId: string,
  type: string,
  known: Resource | undefined,
  reason: string,
): void {
  const operation = stack.operation?.id ?? '';
  const verb = known ? 'update' : 'create';
  const status = known ? 'UPDATE_FAILED' : 'CREATE_FAILED';
  const blank = { properties: {}, attributes: {}, dependsOn: [], imports: [] };
  const policies = { deletion: 'Delete', replace: 'Delete' } as const;
  const row: Resource = known ?? {
    stackId: stack.id,
    logicalId,
    type,
    updatedAt: ctx.now,
    status,
    policies,
    ...blank,
  };
  const progress = { operation, state: 'failed' } as const;
  ctx.put(resources, { ...row, status, statusReason: reason, updatedAt: ctx.now, progress });
  recordResource(ctx, stack, row, known ? 'UPDATE_IN_PROGRESS' : 'CREATE_IN_PROGRESS');
  recordResource(ctx, stack, row, status, reason);
  noteFailure(ctx, stack.id, logicalId, verb);
}
