// How stacks inside stacks are made, changed and removed.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html

import type { Ctx } from '#cloud/ctx.ts';
import { defineStack, sameDefinition } from './definition.ts';
import type { DefinitionRequest } from './definition.ts';
import { goBack, startOperation } from './engine/stack-life.ts';
import type { NestedRequest, NestedStacks } from './nesting.ts';
import { stacks } from './rows.ts';
import type { Definition, Stack } from './rows.ts';
import { beginDeletion, beginUpdate, newOperation, newStackId, stackRow } from './stack-operations.ts';
import { withoutTransforms } from './transforms.ts';

function parentOf(ctx: Ctx, stackId: string): Stack {
  const parent = ctx.get(stacks, stackId);
  if (!parent) throw new Error(`A nested stack has no parent ${stackId}.`);
  return parent;
}

function definitionRequest(request: NestedRequest, parent: Stack): DefinitionRequest {
  return {
    TemplateURL: request.templateUrl,
    Parameters: Object.entries(request.parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    Capabilities: parent.definition.capabilities,
    NotificationARNs: request.notificationArns,
    Tags: Object.entries(request.tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

/** What a nested stack becomes with the properties that its parent gives it. */
export function nestedDefinition(ctx: Ctx, stack: Stack, request: NestedRequest): Definition {
  const around = parentOf(ctx, stack.parent?.stackId ?? '');
  const owner = { stack, previous: stack.definition, as: ctx.principal };
  return withoutTransforms(() => defineStack(ctx, definitionRequest(request, around), owner));
}

/** As whom the parent makes its resources: nested stacks do so too. */
function heirOf({ roleArn, caller }: Stack): Pick<Stack, 'roleArn' | 'caller'> {
  return { caller, ...(roleArn !== undefined && { roleArn }) };
}

export const nested: NestedStacks = {
  create(ctx, name, parent, request) {
    const around = parentOf(ctx, parent.stackId);
    const id = newStackId(ctx, name);
    const owner = { stack: { id, name }, as: ctx.principal };
    const definition = withoutTransforms(() => defineStack(ctx, definitionRequest(request, around), owner));
    const { onFailure } = around;
    const { timeoutMinutes } = request;
    const row = stackRow(
      ctx,
      id,
      { name, definition, onFailure, timeoutMinutes, parent },
      'CREATE_IN_PROGRESS',
    );
    const preserve = around.operation?.preserve ?? false;
    startOperation(ctx, { ...row, ...heirOf(around) }, newOperation(ctx, 'create', { preserve }));
    return id;
  },

  update(ctx, stackId, request) {
    const stack = parentOf(ctx, stackId);
    const around = parentOf(ctx, stack.parent?.stackId ?? '');
    const previous = stack.definition;
    const definition = nestedDefinition(ctx, stack, request);
    if (sameDefinition(ctx, previous, definition)) return false;
    const preserve = around.operation?.preserve ?? false;
    beginUpdate(ctx, stack, definition, newOperation(ctx, 'update', { preserve }));
    const begun = ctx.get(stacks, stackId);
    if (begun) ctx.put(stacks, { ...begun, ...heirOf(around) });
    return true;
  },

  revert(ctx, stackId) {
    const stack = ctx.get(stacks, stackId);
    if (stack?.operation?.phase === 'hold')
      goBack(ctx, stack, stack.operation, 'The parent stack is rolled back.');
  },

  remove(ctx, stackId) {
    const stack = ctx.get(stacks, stackId);
    if (stack && stack.status !== 'DELETE_COMPLETE')
      beginDeletion(ctx, stack, newOperation(ctx, 'delete', { phase: 'remove' }));
  },
};
