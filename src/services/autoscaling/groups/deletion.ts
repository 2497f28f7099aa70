// What goes with a group.

import type { Ctx } from '#cloud/ctx.ts';
import { groups } from '../group.ts';
import type { Group } from '../group.ts';
import { hooks } from '../instances/lifecycle-hooks.ts';
import { refreshes } from '../refreshes/refresh.ts';
import { policies } from '../scaling/policy.ts';
import { scheduledActions } from '../scaling/scheduled-action.ts';
import { dropAlarms } from '../scaling/tracking-alarms.ts';
import { stopLevels } from './metrics.ts';
import { notifications } from './notifications.ts';

/**
 * Removes a group that has no instance any more. Its activities stay: they can be described for six weeks.
 */
export function deleteRows(ctx: Ctx, group: Group): undefined {
  stopLevels(ctx, group);
  for (const hook of ctx.list(hooks, 'group', group.name)) ctx.delete(hooks, hooks.key(hook));
  for (const told of ctx.list(notifications, 'group', group.name))
    ctx.delete(notifications, notifications.key(told));
  for (const { arn, alarms } of ctx.list(policies, 'group', group.name)) {
    dropAlarms(ctx, group, alarms);
    ctx.delete(policies, arn);
  }
  for (const { arn } of ctx.list(scheduledActions, 'group', group.name)) ctx.delete(scheduledActions, arn);
  for (const { id } of ctx.list(refreshes, 'group', group.name)) ctx.delete(refreshes, id);
  ctx.delete(groups, group.name);
}
