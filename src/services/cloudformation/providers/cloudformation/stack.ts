// AWS::CloudFormation::Stack: a stack as a resource of another.

import { nestedStacks } from '../../nesting.ts';
import type { NestedRequest } from '../../nesting.ts';
import { stacks } from '../../rows.ts';
import type { Stack } from '../../rows.ts';
import { provider, ResourceFailure } from '../provider.ts';
import type { Progress, Provider, Work } from '../provider.ts';

type Nested = Work<'AWS::CloudFormation::Stack'>;

const LONGEST = 128;

function requestOf(work: Nested): NestedRequest {
  const { TemplateURL, Parameters = {}, Tags = [], NotificationARNs, TimeoutInMinutes } = work.properties;
  if (TemplateURL === undefined)
    throw new ResourceFailure('TemplateURL must be specified.', 'InvalidRequest');
  const own = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
  return {
    templateUrl: TemplateURL,
    parameters: Parameters,
    tags: { ...work.stack.tags, ...own },
    notificationArns: NotificationARNs ?? [],
    ...(TimeoutInMinutes !== undefined && { timeoutMinutes: TimeoutInMinutes }),
  };
}

function nestedOf(work: Nested): Stack {
  const found = work.ctx.get(stacks, work.physicalId);
  if (!found) throw new ResourceFailure(`Stack with id ${work.physicalId} does not exist`, 'NotFound');
  return found;
}

/** Within the transaction of the parent, as the parent's principal. */
function asParent(work: Nested): Nested['ctx'] {
  return work.ctx.as(work.as);
}

/** A nested stack that waits for its root to clean up is as good as updated. */
function standing(work: Nested): Progress {
  const { status, id, statusReason = '' } = nestedOf(work);
  switch (status) {
    case 'CREATE_COMPLETE':
    case 'UPDATE_COMPLETE':
    case 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS':
    case 'IMPORT_COMPLETE':
      return 'done';
    case 'CREATE_IN_PROGRESS':
    case 'UPDATE_IN_PROGRESS':
      return { asleep: true };
    case 'CREATE_FAILED':
    case 'ROLLBACK_IN_PROGRESS':
    case 'ROLLBACK_COMPLETE':
    case 'ROLLBACK_FAILED': {
      const why = statusReason.replace(/Rollback requested by user\.$/, '');
      throw new ResourceFailure(`Embedded stack ${id} was not successfully created: ${why}`);
    }
    default:
      if (work.reverting) return revertStanding(status);
      throw new ResourceFailure(
        `Embedded stack ${id} was not successfully updated. Currently in ${status} with reason: ${statusReason}`,
      );
  }
}

function revertStanding(status: Stack['status']): Progress {
  if (status === 'UPDATE_ROLLBACK_COMPLETE') return 'done';
  if (status === 'UPDATE_ROLLBACK_FAILED')
    throw new ResourceFailure('The embedded stack could not be rolled back.');
  return { asleep: true };
}

export const stack: Provider = provider({
  type: 'AWS::CloudFormation::Stack',
  alwaysUpdates: true,
  create(work) {
    const name = work.name({ longest: LONGEST });
    const { id: stackId, rootId } = work.stack;
    const parent = { stackId, rootId, logicalId: work.logicalId };
    const ctx = asParent(work);
    return ctx.port(nestedStacks).create(ctx, name, parent, requestOf(work));
  },
  stands: standing,
  update(work) {
    const ctx = asParent(work);
    if (work.reverting) ctx.port(nestedStacks).revert(ctx, work.physicalId);
    else ctx.port(nestedStacks).update(ctx, work.physicalId, requestOf(work));
  },
  delete(work) {
    const ctx = asParent(work);
    ctx.port(nestedStacks).remove(ctx, work.physicalId);
  },
  gone(work) {
    const found = work.ctx.get(stacks, work.physicalId);
    if (!found || found.status === 'DELETE_COMPLETE') return 'done';
    if (found.status === 'DELETE_IN_PROGRESS') return { asleep: true };
    throw new ResourceFailure(
      `Embedded stack ${found.id} was not successfully deleted: ${found.statusReason ?? ''}`,
    );
  },
  attributes(work) {
    const { outputs } = nestedOf(work).definition;
    return Object.fromEntries(outputs.map(({ key, value }) => [`Outputs.${key}`, value]));
  },
});
