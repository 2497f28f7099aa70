// What a change set would do, worked out a moment after it was asked for; nested stacks get change sets of their own.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { sameDefinition } from './definition.ts';
import { changesFor } from './engine/changes.ts';
import { reasonOf } from './engine/resource-work.ts';
import { nestedDefinition } from './nested-stacks.ts';
import { changeSets, stacks } from './rows.ts';
import type { ChangeSet, ResourceChange } from './rows.ts';

export const planDue: TimerKind<{ id: string }> = timer<{ id: string }>('cloudformation/change-set-due');

const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

/** Works out what the change set would do. */
export const changeSetPlanned: TimerHandler<{ id: string }, Ctx> = {
  kind: planDue,
  live: (ctx, { id }) => ctx.get(changeSets, id)?.status === 'CREATE_PENDING',
  fire(ctx, { id }) {
    const row = ctx.get(changeSets, id) as ChangeSet;
    const stack = ctx.get(stacks, row.stackId);
    if (!stack) return;
    try {
      // A stack under review has nothing in it yet.
      const empty = row.type === 'CREATE' || !sameDefinition(ctx, stack.definition, row.definition);
      const asked = {
        ...stack,
        caller: row.caller,
        ...(row.roleArn !== undefined && { roleArn: row.roleArn }),
      };
      const found = changesFor(ctx, asked, row.definition, row);
      const changes = row.includeNested ? found.map((change) => withNested(ctx, row, change)) : found;
      if (changes.length === 0 && !empty) return failPlan(ctx, row, NO_CHANGES);
      ctx.update(changeSets, row, { status: 'CREATE_COMPLETE', executionStatus: 'AVAILABLE', changes });
    } catch (error) {
      failPlan(ctx, row, reasonOf(error));
    }
  },
};

/** The change of a nested stack that stands, with a change set of its own. One that is to be made has none. */
function withNested(ctx: Ctx, row: ChangeSet, change: ResourceChange): ResourceChange {
  const nested = change.physicalId === undefined ? undefined : ctx.get(stacks, change.physicalId);
  if (change.type !== 'AWS::CloudFormation::Stack' || change.action !== 'Modify' || !nested) return change;
  const { Properties } = JSON.parse(change.after ?? '{}') as { Properties: NestedProperties };
  const asked = ctx.as(row.caller);
  const definition = nestedDefinition(asked, nested, {
    templateUrl: Properties.TemplateURL,
    parameters: Properties.Parameters ?? {},
    tags: row.definition.tags,
    notificationArns: Properties.NotificationARNs ?? [],
  });
  const name = `${row.name}-${change.logicalId}`;
  const child: ChangeSet = {
    id: ctx.arn('cloudformation', `changeSet/${name}/${ctx.uuid('change-set')}`),
    name,
    stackId: nested.id,
    type: 'UPDATE',
    createdAt: ctx.now,
    status: 'CREATE_COMPLETE',
    executionStatus: 'UNAVAILABLE',
    definition,
    changes: changesFor(asked, nested, definition),
    caller: row.caller,
    includeNested: true,
    parentChangeSetId: row.id,
    rootChangeSetId: row.rootChangeSetId ?? row.id,
  };
  const changes = child.changes.map((inner) => withNested(ctx, child, inner));
  ctx.put(changeSets, { ...child, changes });
  return { ...change, changeSetId: child.id };
}

interface NestedProperties {
  readonly TemplateURL: string;
  readonly Parameters?: Readonly<Record<string, string>>;
  readonly NotificationARNs?: readonly string[];
}

function failPlan(ctx: Ctx, row: ChangeSet, statusReason: string): void {
  ctx.update(changeSets, row, { status: 'FAILED', statusReason });
}
