// What goes with a group.

import type { Ctx } from '#cloud/ctx.ts';
import { groups } from './group.ts';
import type { Group } from './group.ts';
import { hooks } from './lifecycle-hooks.ts';
import { stopLevels } from './metrics.ts';
import { notifications } from './notifications.ts';
import { policies } from './policy.ts';
import { scheduledActions } from './scheduled-action.ts';

/**
 * Removes a group that has no instance any more. Its activities stay: they can be described for six weeks.
 */
export function deleteRows(ctx: Ctx, group: Group): undefined {
  stopLevels(ctx, group);
  for (const hook of ctx.list(hooks, 'group', group.name)) ctx.delete(hooks, hooks.key(hook));
  for (const told of ctx.list(notifications, 'group', group.name))
    ctx.delete(notifications, notifications.key(told));
  for (const { arn } of ctx.list(policies, 'group', group.name)) ctx.delete(policies, arn);
  for (const { arn } of ctx.list(scheduledActions, 'group', group.name)) ctx.delete(scheduledActions, arn);
  ctx.delete(groups, group.name);
}
