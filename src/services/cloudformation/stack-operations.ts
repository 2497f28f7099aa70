// Operations that change stacks.

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { declaresTransforms, definedOrFailed, defineStack, sameDefinition } from './definition.ts';
import { noteReason } from './engine/outcomes.ts';
import { importersOf } from './engine/outputs.ts';
import { checkRole } from './engine/principal.ts';
import { removeNext } from './engine/removal-life.ts';
import { queueAll } from './engine/rollback.ts';
import { falling, goBack, goBackToNothing, startOperation } from './engine/stack-life.ts';
import { noteStack, recordResource, setStackStatus } from './events.ts';
import { exports, RESOURCE_LIFE, resourceKey, resources, signals, stackArn, stacks } from './rows.ts';
import type { Definition, Operation, Stack, StackStatus } from './rows.ts';
import { policyText } from './stored-text.ts';
import { invalid } from './template/faults.ts';
import { withTransforms } from './transforms.ts';
import { checkTypes } from './type-changes.ts';

/** A stack that lives, by name or id; a deleted one by its id only. */
export function stackBy(ctx: Ctx, nameOrId: string): Stack | undefined {
  if (nameOrId.startsWith('arn:')) return ctx.get(stacks, nameOrId);
  return ctx.list(stacks, 'name', nameOrId)[0];
}

export function newOperation(ctx: Ctx, kind: Operation['kind'], more: Partial<Operation> = {}): Operation {
  return {
    id: ctx.uuid('operation'),
    kind,
    phase: 'apply',
    failures: [],
    preserve: false,
    skip: [],
    ...more,
  };
}

/** What requests say of the operation itself. */
export function optionsOf({
  ClientRequestToken,
  RetainExceptOnCreate,
}: {
  ClientRequestToken?: string | undefined;
  RetainExceptOnCreate?: boolean | undefined;
}): Partial<Operation> {
  return {
    ...(ClientRequestToken !== undefined && { token: ClientRequestToken }),
    ...(RetainExceptOnCreate && { retainExceptOnCreate: true }),
  };
}

/** The stack a request is about. Throws in the words of most operations. */
function liveStack(ctx: Ctx, nameOrId: string): Stack {
  const stack = stackBy(ctx, nameOrId);
  if (!stack || stack.status === 'DELETE_COMPLETE') throw invalid(`Stack [${nameOrId}] does not exist`);
  return stack;
}

/** The same in the words of the operations on policies, as moto's test_cloudformation_stack_policies.py has them. */
function stackWithPolicy(ctx: Ctx, nameOrId: string): Stack {
  const stack = stackBy(ctx, nameOrId);
  if (!stack || stack.status === 'DELETE_COMPLETE') throw invalid(`Stack: ${nameOrId} does not exist`);
  return stack;
}

/** Statuses from which an update may begin. */
const UPDATABLE: ReadonlySet<StackStatus> = new Set([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
  'CREATE_FAILED',
  'UPDATE_FAILED',
]);

export function checkUpdatable(stack: Stack, preserve: boolean): void {
  const { status, id } = stack;
  // What failed and was preserved can be tried again only the same way.
  const retry = status === 'CREATE_FAILED' || status === 'UPDATE_FAILED';
  if (stack.parent && !stack.operation) return;
  if (!UPDATABLE.has(status)) throw invalid(`Stack:${id} is in ${status} state and can not be updated.`);
  if (retry && !preserve) {
    throw invalid(
      `The ${retry ? status : ''} stack [${stack.name}] can only be updated with disable-rollback enabled, or rolled back.`,
    );
  }
}

export interface NewStack {
  readonly name: string;
  readonly definition: Definition;
  readonly roleArn?: string | undefined;
  readonly onFailure: Stack['onFailure'];
  readonly timeoutMinutes?: number | undefined;
  readonly terminationProtection?: boolean | undefined;
  readonly policy?: string | undefined;
  readonly parent?: Stack['parent'];
  readonly changeSetId?: string | undefined;
}

/** The row of a stack, with nothing in it yet. */
export function stackRow(ctx: Ctx, id: string, given: NewStack, status: StackStatus): Stack {
  const { name, definition, roleArn, onFailure, timeoutMinutes, policy, parent, changeSetId } = given;
  return {
    id,
    name,
    status,
    createdAt: ctx.now,
    definition,
    caller: ctx.principal,
    onFailure,
    terminationProtection: given.terminationProtection ?? false,
    lastOperations: [],
    ...(roleArn !== undefined && { roleArn }),
    ...(timeoutMinutes !== undefined && { timeoutMs: timeoutMinutes * 60_000 }),
    ...(policy !== undefined && { policy }),
    ...(parent && { parent }),
    ...(changeSetId !== undefined && { changeSetId }),
  };
}

export function newStackId(ctx: Ctx, name: string): string {
  return stackArn(ctx.account, ctx.region, name, ctx.uuid('stack'));
}

/** In the words of AWS, as LocalStack recorded them; the model has no pattern for new names. */
const NAME = '[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*';

function checkName(name: string): void {
  if (/^[a-zA-Z][-a-zA-Z0-9]*$/.test(name)) return;
  throw invalid(
    `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: ${NAME}`,
  );
}

function createStack(
  ctx: Ctx,
  input: Input<'cloudformation', 'CreateStack'>,
): Output<'cloudformation', 'CreateStack'> {
  const { StackName: name, OnFailure, DisableRollback, TimeoutInMinutes, RoleARN } = input;
  if (OnFailure !== undefined && DisableRollback !== undefined)
    throw invalid('You cannot specify both OnFailure and DisableRollback.');
  checkName(name);
  const known = stackBy(ctx, name);
  if (known) {
    const same = known.operation?.token !== undefined && known.operation.token === input.ClientRequestToken;
    if (same) return { StackId: known.id };
    throw new Fault('AlreadyExistsException', `Stack [${name}] already exists`);
  }
  checkRole(ctx, RoleARN);
  const id = newStackId(ctx, name);
  const { definition, failure } = definedOrFailed(() =>
    defineStack(ctx, input, { stack: { id, name }, as: ctx.principal }),
  );
  const given: NewStack = {
    name,
    definition,
    roleArn: RoleARN,
    onFailure: OnFailure ?? (DisableRollback ? 'DO_NOTHING' : 'ROLLBACK'),
    timeoutMinutes: TimeoutInMinutes,
    terminationProtection: input.EnableTerminationProtection,
    policy: policyText(ctx, input.StackPolicyBody, input.StackPolicyURL),
  };
  const row = stackRow(ctx, id, given, 'CREATE_IN_PROGRESS');
  const preserve = given.onFailure === 'DO_NOTHING';
  const operation = newOperation(ctx, 'create', {
    preserve,
    ...optionsOf(input),
    ...(failure !== undefined && { reason: `${failure}. ` }),
  });
  startOperation(ctx, row, operation);
  return { StackId: id, OperationId: operation.id };
}

function updateStack(
  ctx: Ctx,
  input: Input<'cloudformation', 'UpdateStack'>,
): Output<'cloudformation', 'UpdateStack'> {
  const stack = liveStack(ctx, input.StackName);
  const preserve = input.DisableRollback ?? false;
  checkUpdatable(stack, preserve);
  checkRole(ctx, input.RoleARN ?? stack.roleArn);
  const owner = { stack, previous: stack.definition, as: ctx.principal };
  const { definition, failure } = definedOrFailed(() => defineStack(ctx, input, owner));
  if (failure === undefined) checkTypes(ctx, stack.definition, definition);
  const policy = policyText(ctx, input.StackPolicyBody, input.StackPolicyURL);
  const during = policyText(ctx, input.StackPolicyDuringUpdateBody, input.StackPolicyDuringUpdateURL);
  const retry = stack.status === 'CREATE_FAILED' || stack.status === 'UPDATE_FAILED';
  const same = failure === undefined && sameDefinition(ctx, stack.definition, definition);
  if (!retry && same && !declaresTransforms(ctx, definition))
    throw invalid('No updates are to be performed.');
  const operation = newOperation(ctx, 'update', {
    preserve,
    ...(during !== undefined && { policy: during }),
    ...optionsOf(input),
    ...(failure !== undefined && { reason: failure }),
  });
  beginUpdate(ctx, stack, definition, operation, {
    ...(input.RoleARN !== undefined && { roleArn: input.RoleARN }),
    ...(policy !== undefined && { policy }),
  });
  return { StackId: stack.id, OperationId: operation.id };
}

type StackOperations = Operations<'cloudformation'>;

export const stackOperations: StackOperations = {
  CreateStack: (ctx, input) => withTransforms(ctx, () => createStack(ctx, input)),
  UpdateStack: (ctx, input) => withTransforms(ctx, () => updateStack(ctx, input)),

  DeleteStack(ctx, input) {
    const stack = stackBy(ctx, input.StackName);
    if (!stack || stack.status === 'DELETE_COMPLETE') return undefined;
    if (
      stack.parent &&
      !stack.operation &&
      input.ClientRequestToken === undefined &&
      !actsForParent(ctx, stack)
    )
      throw invalid(`Stack [${stack.name}] is a nested stack and can only be deleted with its root stack.`);
    if (stack.terminationProtection)
      throw invalid(`Stack [${stack.id}] cannot be deleted while TerminationProtection is enabled`);
    checkRole(ctx, input.RoleARN ?? stack.roleArn);
    beginDeletion(
      ctx,
      stack,
      newOperation(ctx, 'delete', { ...optionsOf(input), ...deletionOptions(stack, input) }),
      input.RoleARN,
    );
    return undefined;
  },

  CancelUpdateStack(ctx, { StackName, ClientRequestToken }) {
    const stack = liveStack(ctx, StackName);
    if (stack.status !== 'UPDATE_IN_PROGRESS')
      throw invalid('CancelUpdateStack cannot be called from current stack status');
    const token = ClientRequestToken === undefined ? {} : { token: ClientRequestToken };
    if (stack.operation) {
      const next = ctx.update(stacks, stack, {
        operation: { ...stack.operation, preserve: false, ...token },
      });
      noteReason(ctx, next, 'User Initiated');
    }
    return undefined;
  },

  ContinueUpdateRollback(ctx, input) {
    const stack = liveStack(ctx, input.StackName);
    if (stack.status !== 'UPDATE_ROLLBACK_FAILED')
      throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not continue rollback.`);
    checkRole(ctx, input.RoleARN ?? stack.roleArn);
    const id = stack.reverting ?? ctx.uuid('operation');
    const skip = input.ResourcesToSkip ?? [];
    for (const logicalId of skip) {
      const row = ctx.get(resources, resourceKey(stack.id, logicalId));
      if (row?.status !== 'UPDATE_FAILED')
        throw invalid(
          `Resource(s) [${logicalId}] cannot be skipped: only resources in UPDATE_FAILED state can.`,
        );
    }
    const operation: Operation = { ...newOperation(ctx, 'update'), id, skip, ...optionsOf(input) };
    const { reverting: _, ...rest } = stack;
    const change = input.RoleARN === undefined ? {} : { roleArn: input.RoleARN };
    goBack(ctx, { ...rest, ...change, operation, before: stack.definition }, operation, 'User Initiated');
    return undefined;
  },

  RollbackStack(ctx, input) {
    const stack = liveStack(ctx, input.StackName);
    if (stack.status !== 'CREATE_FAILED' && stack.status !== 'UPDATE_FAILED')
      throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be rolled back.`);
    checkRole(ctx, input.RoleARN ?? stack.roleArn);
    const change = input.RoleARN === undefined ? {} : { roleArn: input.RoleARN };
    const kind = stack.status === 'CREATE_FAILED' ? 'create' : 'update';
    const last = stack.lastOperations.at(-1)?.id ?? ctx.uuid('operation');
    const operation: Operation = { ...newOperation(ctx, kind), id: last, ...optionsOf(input) };
    const next: Stack = { ...stack, ...change, operation, onFailure: 'ROLLBACK' };
    if (kind === 'create') goBackToNothing(ctx, next, operation, '');
    else goBack(ctx, next, operation, 'User Initiated');
    return { StackId: stack.id, OperationId: operation.id };
  },

  SignalResource(ctx, { StackName, LogicalResourceId: logicalId, UniqueId: uniqueId, Status: status }) {
    const stack = stackBy(ctx, StackName);
    if (!stack || stack.status === 'DELETE_COMPLETE') throw invalid(`Stack '${StackName}' does not exist`);
    const key = resourceKey(stack.id, logicalId);
    const row = ctx.get(resources, key);
    if (!row) throw invalid(`Resource ${logicalId} does not exist for stack ${StackName}`);
    if (!stack.status.endsWith('IN_PROGRESS')) {
      const what = `Stack:${stack.id} is in ${stack.status} state and can not be signaled`;
      throw invalid(`${what}.`);
    }
    const given = `${stack.id} ${logicalId} ${uniqueId}`;
    // One signal for each id: the first one counts.
    if (!ctx.get(signals, given)) {
      ctx.put(signals, { stackId: stack.id, logicalId, uniqueId, status, at: ctx.now });
      if (row.task)
        recordResource(ctx, stack, row, row.status, `Received ${status} signal with UniqueId ${uniqueId}`);
    }
    ctx.wake(RESOURCE_LIFE, key);
    return undefined;
  },

  SetStackPolicy(ctx, { StackName, StackPolicyBody, StackPolicyURL }) {
    const stack = stackWithPolicy(ctx, StackName);
    const policy = policyText(ctx, StackPolicyBody, StackPolicyURL);
    if (policy === undefined) throw invalid('You must specify either StackPolicyURL or StackPolicyBody.');
    ctx.update(stacks, stack, { policy });
    return undefined;
  },

  GetStackPolicy(ctx, { StackName }) {
    const { policy } = stackWithPolicy(ctx, StackName);
    return policy === undefined ? {} : { StackPolicyBody: policy };
  },

  UpdateTerminationProtection(ctx, { StackName, EnableTerminationProtection }) {
    const stack = liveStack(ctx, StackName);
    if (stack.parent) {
      throw invalid(
        `Termination protection cannot be updated on nested stack [${stack.name}]; update it on the root stack.`,
      );
    }
    ctx.update(stacks, stack, { terminationProtection: EnableTerminationProtection });
    return { StackId: stack.id };
  },
};

function actsForParent({ principal }: Ctx, { parent }: Stack): boolean {
  return (
    parent !== undefined &&
    principal.type !== 'anonymous' &&
    'via' in principal &&
    principal.via !== undefined
  );
}

/** Starts an update: the definition that stands is kept for the way back. */
export function beginUpdate(
  ctx: Ctx,
  stack: Stack,
  definition: Definition,
  operation: Operation,
  change: Partial<Stack> = {},
): void {
  const retry = stack.status === 'CREATE_FAILED' || stack.status === 'UPDATE_FAILED';
  startOperation(
    ctx,
    {
      ...stack,
      ...change,
      definition,
      before: retry ? (stack.before ?? stack.definition) : stack.definition,
      caller: ctx.principal,
      updatedAt: ctx.now,
    },
    operation,
  );
}

function deletionOptions(
  stack: Stack,
  {
    RetainResources = [],
    DeletionMode,
  }: { RetainResources?: readonly string[] | undefined; DeletionMode?: string | undefined },
): Partial<Operation> {
  if (
    (RetainResources.length > 0 || DeletionMode === 'FORCE_DELETE_STACK') &&
    stack.status !== 'DELETE_FAILED'
  ) {
    const what = RetainResources.length > 0 ? 'specify RetainResources' : 'force the deletion';
    throw invalid(
      `Invalid operation on stack [${stack.id}]. You can ${what} only for stacks in DELETE_FAILED state.`,
    );
  }
  return { phase: 'remove', skip: RetainResources };
}

/** Starts a deletion, unless another stack uses an export. */
export function beginDeletion(ctx: Ctx, stack: Stack, operation: Operation, roleArn?: string): void {
  if (stack.status === 'DELETE_IN_PROGRESS') return;
  const used = ctx.list(exports, 'stack', stack.id).find(({ name }) => importersOf(ctx, name).length > 0);
  if (used) {
    const users = importersOf(ctx, used.name).join(', ');
    noteStack(ctx, stack, `Delete canceled. Cannot delete export ${used.name} as it is in use by ${users}.`);
    return;
  }
  const next = setStackStatus(ctx, falling(ctx, stack), 'DELETE_IN_PROGRESS', 'User Initiated', {
    operation,
    caller: ctx.principal,
    ...(roleArn !== undefined && { roleArn }),
    lastOperations: [...stack.lastOperations, { id: operation.id, type: 'DELETE_STACK' }].slice(-10),
  });
  for (const row of ctx.scan(resources, { prefix: `${stack.id} ` })) {
    const { task, ...rest } = row;
    if (task) ctx.put(resources, rest);
  }
  queueAll(ctx, next);
  removeNext(ctx, next);
}
