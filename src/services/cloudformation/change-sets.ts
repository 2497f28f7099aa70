// Change sets: what an update would do, looked at before it is done.

import { Fault } from '#contract/fault.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { tagList } from '#cloud/tags.ts';
import { describeChange } from './change-set-description.ts';
import { planDue } from './change-set-planning.ts';
import { concealmentOf } from './concealment.ts';
import { definedOrFailed, defineStack, NO_TEMPLATE } from './definition.ts';
import { checkRole } from './engine/principal.ts';
import { startOperation } from './engine/stack-life.ts';
import { setStackStatus } from './events.ts';
import { changeSets, stacks } from './rows.ts';
import type { ChangeSet, Operation, Stack } from './rows.ts';
import { parametersOf, rollbackOf } from './stack-descriptions.ts';
import {
  beginUpdate,
  checkUpdatable,
  newOperation,
  newStackId,
  optionsOf,
  stackBy,
  stackRow,
} from './stack-operations.ts';
import { invalid } from './template/faults.ts';
import { changeSetPlanning } from './timings.ts';
import { withTransforms } from './transforms.ts';
import { checkTypes } from './type-changes.ts';

/** A change set by its id, or by its name within a stack. */
function changeSetBy(ctx: Ctx, name: string, stackName: string | undefined): ChangeSet {
  const found = name.startsWith('arn:')
    ? ctx.get(changeSets, name)
    : changeSetNamed(changeSetsOf(ctx, stackName), name);
  if (!found) throw new Fault('ChangeSetNotFoundException', `ChangeSet [${name}] does not exist`);
  return found;
}

function changeSetsOf(ctx: Ctx, stackName: string | undefined): ChangeSet[] {
  if (stackName === undefined)
    throw invalid('StackName must be specified if ChangeSetName is not specified as an ARN.');
  const stack = stackBy(ctx, stackName);
  if (!stack) throw invalid(`Stack [${stackName}] does not exist`);
  return ctx.list(changeSets, 'stack', stack.id);
}

/** A name that was executed may be used again: it means the newest of its change sets. */
export function changeSetNamed(rows: readonly ChangeSet[], name: string): ChangeSet | undefined {
  return rows
    .filter((changeSet) => changeSet.name === name)
    .toSorted((left, right) => left.createdAt - right.createdAt)
    .toSorted((left, right) => Number(!isExecuted(left)) - Number(!isExecuted(right)))
    .at(-1);
}

function isExecuted({ executionStatus }: ChangeSet): boolean {
  return executionStatus.startsWith('EXECUTE_');
}

type CreateInput = Input<'cloudformation', 'CreateChangeSet'>;

/** The stack that a change set is for: a new one waits in REVIEW_IN_PROGRESS. */
function stackFor(ctx: Ctx, input: CreateInput): Stack {
  const { StackName: name, ChangeSetType: type = 'UPDATE' } = input;
  const known = stackBy(ctx, name);
  const there = known && known.status !== 'DELETE_COMPLETE' ? known : undefined;
  if (type === 'UPDATE') {
    if (!there) throw invalid(`Stack [${name}] does not exist`);
    checkUpdatable(there, true);
    return there;
  }
  if (there && type === 'IMPORT') return there;
  // A stack that is named by its id cannot come back; its name can be used again.
  if (known && known.status !== 'REVIEW_IN_PROGRESS' && (there || name === known.id))
    throw invalid(
      `Stack [${name}] already exists and cannot be created again with the changeSet [${input.ChangeSetName}].`,
    );
  if (there) return there;
  const id = newStackId(ctx, name);
  const definition = defineStack(
    ctx,
    {
      TemplateBody: NO_TEMPLATE,
      ...(input.NotificationARNs && { NotificationARNs: input.NotificationARNs }),
    },
    {
      stack: { id, name },
      as: ctx.principal,
    },
  );
  const onFailure = input.OnStackFailure ?? 'ROLLBACK';
  const row = stackRow(
    ctx,
    id,
    { name, definition, onFailure, roleArn: input.RoleARN },
    'REVIEW_IN_PROGRESS',
  );
  return setStackStatus(ctx, row, 'REVIEW_IN_PROGRESS', 'User Initiated');
}

type Described = Output<'cloudformation', 'DescribeChangeSet'>;

const FIRST_PAGE = 100;

function createChangeSet(ctx: Ctx, input: CreateInput): Output<'cloudformation', 'CreateChangeSet'> {
  const type = input.ChangeSetType ?? 'UPDATE';
  const stack = stackFor(ctx, input);
  const { ChangeSetName: name, ClientToken } = input;
  const known = ctx
    .list(changeSets, 'stack', stack.id)
    .find((changeSet) => changeSet.name === name && !isExecuted(changeSet));
  if (known && ClientToken !== undefined && known.clientToken === ClientToken)
    return { Id: known.id, StackId: stack.id };
  if (known)
    throw new Fault(
      'AlreadyExistsException',
      `ChangeSet ${name} cannot be created due to a mismatch with existing attribute Template`,
    );
  checkRole(ctx, input.RoleARN ?? stack.roleArn);
  const previous = type === 'CREATE' ? {} : { previous: stack.definition };
  const owner = { stack, ...previous, as: ctx.principal, reviewed: true };
  const { definition, failure } = definedOrFailed(() => defineStack(ctx, input, owner));
  if (type === 'UPDATE' && failure === undefined) checkTypes(ctx, stack.definition, definition);
  const id = ctx.arn('cloudformation', `changeSet/${name}/${ctx.uuid('change-set')}`);
  const imported = importsIn(input);
  const row: ChangeSet = {
    id,
    name,
    stackId: stack.id,
    type,
    ...(input.Description !== undefined && { description: input.Description }),
    createdAt: ctx.now,
    status: failure === undefined ? 'CREATE_PENDING' : 'FAILED',
    ...(failure !== undefined && { statusReason: failure }),
    executionStatus: 'UNAVAILABLE',
    definition,
    changes: [],
    ...(input.RoleARN !== undefined && { roleArn: input.RoleARN }),
    ...(input.OnStackFailure && { onStackFailure: input.OnStackFailure }),
    ...(imported && { imports: imported }),
    caller: ctx.principal,
    ...(ClientToken !== undefined && { clientToken: ClientToken }),
    ...(input.IncludeNestedStacks && { includeNested: true }),
    ...(input.ImportExistingResources && { importExisting: true }),
  };
  ctx.put(changeSets, row);
  ctx.schedule(planDue, ctx.now + ctx.duration(changeSetPlanning, stack.name), { id });
  return { Id: id, StackId: stack.id };
}

export const changeSetOperations: Operations<'cloudformation'> = {
  CreateChangeSet: (ctx, input) => withTransforms(ctx, () => createChangeSet(ctx, input)),

  DescribeChangeSet(ctx, { ChangeSetName, StackName, NextToken, IncludePropertyValues = false }) {
    const row = changeSetBy(ctx, ChangeSetName, StackName);
    const stack = ctx.get(stacks, row.stackId);
    const { items, next } = pageOf(row.changes, ({ logicalId }) => logicalId, {
      token: NextToken,
      limit: FIRST_PAGE,
    });
    const { definition } = row;
    const concealment = concealmentOf(definition, stack?.definition);
    return {
      ChangeSetName: row.name,
      ChangeSetId: row.id,
      StackId: row.stackId,
      StackName: stack?.name ?? '',
      ...(row.description !== undefined && { Description: row.description }),
      ...parametersOf(definition),
      CreationTime: row.createdAt,
      ExecutionStatus: row.executionStatus,
      Status: row.status,
      ...reasonOf(row, IncludePropertyValues),
      NotificationARNs: definition.notificationArns,
      RollbackConfiguration: rollbackOf(definition),
      Capabilities: definition.capabilities as Described['Capabilities'],
      ...(Object.keys(definition.tags).length > 0 && { Tags: tagList(definition.tags) }),
      Changes: items.map((change) => describeChange(change, IncludePropertyValues, concealment)),
      IncludeNestedStacks: row.includeNested ?? false,
      ...(row.parentChangeSetId !== undefined && { ParentChangeSetId: row.parentChangeSetId }),
      ...(row.rootChangeSetId !== undefined && { RootChangeSetId: row.rootChangeSetId }),
      ...(row.onStackFailure && { OnStackFailure: row.onStackFailure }),
      ...(next !== undefined && { NextToken: next }),
    };
  },

  ExecuteChangeSet(ctx, input) {
    const { ChangeSetName, StackName, DisableRollback = false } = input;
    const row = changeSetBy(ctx, ChangeSetName, StackName);
    const stack = ctx.get(stacks, row.stackId);
    if (row.status !== 'CREATE_COMPLETE' || row.executionStatus !== 'AVAILABLE' || !stack) {
      throw new Fault(
        'InvalidChangeSetStatusException',
        `ChangeSet [${row.id}] cannot be executed in its current status of [${row.status}]`,
      );
    }
    if (DisableRollback && row.onStackFailure !== undefined && row.onStackFailure !== 'DO_NOTHING')
      throw invalid('You cannot specify DisableRollback with an OnStackFailure of another kind.');
    execute(ctx, row, stack, DisableRollback, optionsOf(input));
    return undefined;
  },

  DeleteChangeSet(ctx, { ChangeSetName, StackName }) {
    const found = ChangeSetName.startsWith('arn:')
      ? ctx.get(changeSets, ChangeSetName)
      : changeSetNamed(changeSetsOf(ctx, StackName), ChangeSetName);
    if (found?.executionStatus === 'EXECUTE_IN_PROGRESS') {
      throw new Fault(
        'InvalidChangeSetStatusException',
        `An operation on ChangeSet [${found.id}] is currently in progress.`,
      );
    }
    if (found) ctx.delete(changeSets, found.id);
    return undefined;
  },

  ListChangeSets(ctx, { StackName, NextToken }) {
    // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListChangeSets.html: active ones.
    const rows = changeSetsOf(ctx, StackName).filter((row) => !isExecuted(row));
    const { items, next } = pageOf(rows, ({ id }) => id, { token: NextToken, limit: FIRST_PAGE });
    const name = stackBy(ctx, StackName)?.name ?? '';
    const Summaries = items.map((row) => ({
      StackId: row.stackId,
      StackName: name,
      ChangeSetId: row.id,
      ChangeSetName: row.name,
      ExecutionStatus: row.executionStatus,
      Status: row.status,
      ...(row.statusReason !== undefined && { StatusReason: row.statusReason }),
      CreationTime: row.createdAt,
      ...(row.description !== undefined && { Description: row.description }),
      IncludeNestedStacks: row.includeNested ?? false,
      ...(row.parentChangeSetId !== undefined && { ParentChangeSetId: row.parentChangeSetId }),
      ...(row.rootChangeSetId !== undefined && { RootChangeSetId: row.rootChangeSetId }),
    }));
    return { Summaries, ...(next !== undefined && { NextToken: next }) };
  },
};

/** Why it failed, or why it tells values that nobody knows yet, as LocalStack's test_change_set_exports_imports.py recorded. */
function reasonOf({ statusReason, changes }: ChangeSet, withValues: boolean): { StatusReason?: string } {
  if (statusReason !== undefined) return { StatusReason: statusReason };
  const unresolved = withValues ? changes.find((change) => change.unresolved !== undefined) : undefined;
  if (!unresolved) return {};
  return {
    StatusReason:
      '[WARN] --include-property-values option can return incomplete ChangeSet data because: ' +
      `ChangeSet creation failed for resource [${unresolved.logicalId}] because: ${unresolved.unresolved}`,
  };
}

/** Physical ids of what is to be imported: the one identifier that each of the modelled types has. */
function importsIn({ ChangeSetType, ResourcesToImport }: CreateInput): Record<string, string> | undefined {
  if (ChangeSetType !== 'IMPORT') return undefined;
  if (!ResourcesToImport || ResourcesToImport.length === 0)
    throw invalid('You must specify ResourcesToImport for change sets of type IMPORT.');
  return Object.fromEntries(
    ResourcesToImport.map(({ LogicalResourceId, ResourceIdentifier, ResourceType }) => {
      const values = Object.values(ResourceIdentifier);
      if (values.length !== 1)
        throw new Fault(
          'NotImplemented',
          `Sandtable imports no ${ResourceType} by ${values.length} identifiers.`,
        );
      return [LogicalResourceId, values[0] as string];
    }),
  );
}

/** What is imported on the way: what was asked for, and what was found to be there. */
function importsOf({ changes, imports = {} }: ChangeSet): Pick<Operation, 'imports'> {
  const found = changes.flatMap(({ action, logicalId, physicalId }) =>
    action === 'Import' && physicalId !== undefined ? [[logicalId, physicalId] as const] : [],
  );
  const all = { ...imports, ...Object.fromEntries(found) };
  return Object.keys(all).length > 0 ? { imports: all } : {};
}

/** Executing one change set does away with all others of the stack. */
function execute(
  ctx: Ctx,
  row: ChangeSet,
  stack: Stack,
  DisableRollback: boolean,
  options: Partial<Operation>,
): void {
  for (const other of ctx.list(changeSets, 'stack', stack.id))
    if (other.id !== row.id) ctx.delete(changeSets, other.id);
  ctx.update(changeSets, row, { executionStatus: 'EXECUTE_IN_PROGRESS' });
  const kinds = { CREATE: 'create', UPDATE: 'update', IMPORT: 'import' } as const;
  const preserve = DisableRollback || row.onStackFailure === 'DO_NOTHING';
  const operation = newOperation(ctx, kinds[row.type], {
    preserve,
    changeSetId: row.id,
    ...options,
    ...importsOf(row),
  });
  const change = {
    changeSetId: row.id,
    ...(row.roleArn !== undefined && { roleArn: row.roleArn }),
    ...(row.onStackFailure && { onFailure: row.onStackFailure }),
  };
  if (row.type !== 'CREATE') return beginUpdate(ctx, stack, row.definition, operation, change);
  const onFailure = DisableRollback ? ({ onFailure: 'DO_NOTHING' } as const) : {};
  startOperation(
    ctx,
    {
      ...stack,
      ...change,
      ...onFailure,
      definition: row.definition,
      caller: ctx.principal,
      updatedAt: ctx.now,
    },
    operation,
  );
}
