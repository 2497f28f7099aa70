// Retention: old batches go, by one timer for each log group.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { batches, instantKey, logGroups, logStreams, streamBatches, streamKey } from '../tables.ts';
import type { Batch, LogGroup } from '../tables.ts';
import { DAY, expiryDelay } from '../timings.ts';
import { groupOf, invalidParameter } from './log-group.ts';

const DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const expiryDue: TimerKind<{ group: string; at: number }> = timer<{ group: string; at: number }>(
  'logs/expiry-due',
  { background: true },
);

/** When a batch is deleted. All events of a group that are of one day go together. */
function expiryOf(ctx: Ctx, { name }: LogGroup, days: number, { last }: Batch): number {
  return last + days * DAY + ctx.duration(expiryDelay, name, Math.floor(last / DAY));
}

function withoutExpiry(group: LogGroup): LogGroup {
  const { expiryAt: _, ...rest } = group;
  return rest;
}

/** Looks for the group's oldest batch and sets the timer for it. */
function plan(ctx: Ctx, group: LogGroup): void {
  const [oldest] = ctx.scan(batches, { prefix: `${group.name}:`, limit: 1 });
  const { retentionInDays: days } = group;
  if (!oldest || days === undefined) return ctx.put(logGroups, withoutExpiry(group));
  const at = Math.max(expiryOf(ctx, group, days, oldest), ctx.now);
  ctx.put(logGroups, { ...group, expiryAt: at });
  if (group.expiryAt !== at) ctx.schedule(expiryDue, at, { group: group.name, at });
}

/** A group that has got a batch: the timer is set where that batch goes before any other. */
export function planFor(ctx: Ctx, group: LogGroup, batch: Batch): void {
  const { retentionInDays: days, expiryAt = Infinity } = group;
  if (days !== undefined && expiryOf(ctx, group, days, batch) < expiryAt) plan(ctx, group);
}

/** Deletes a batch and takes it off what its group and its stream hold. */
export function drop(ctx: Ctx, batch: Batch): void {
  const { key, group: groupName, stream: streamName, sequence, bytes } = batch;
  const first = batch.events[0]?.[0] ?? 0;
  ctx.delete(batches, key);
  ctx.delete(streamBatches, `${groupName}:${streamName}:${instantKey(first)}:${sequence}`);
  const group = ctx.get(logGroups, groupName);
  if (group) ctx.update(logGroups, group, { storedBytes: group.storedBytes - bytes });
  const stream = ctx.get(logStreams, streamKey(groupName, streamName));
  if (stream) ctx.update(logStreams, stream, { storedBytes: stream.storedBytes - bytes });
}

export const expire: TimerHandler<{ group: string; at: number }, Ctx> = {
  kind: expiryDue,
  live: (ctx, { group, at }) => ctx.get(logGroups, group)?.expiryAt === at,
  fire(ctx, { group: name }) {
    const group = groupOf(ctx, name);
    const days = group.retentionInDays ?? Infinity;
    for (;;) {
      const [oldest] = ctx.scan(batches, { prefix: `${name}:`, limit: 1 });
      if (!oldest || expiryOf(ctx, group, days, oldest) > ctx.now) break;
      drop(ctx, oldest);
    }
    plan(ctx, withoutExpiry(groupOf(ctx, name)));
  },
};

export const retentionOperations: Operations<'logs'> = {
  PutRetentionPolicy(ctx, { logGroupName, retentionInDays }) {
    const group = groupOf(ctx, logGroupName);
    if (!DAYS.includes(retentionInDays))
      throw invalidParameter(`Invalid retention value. Valid values are: [${DAYS.join(', ')}]`);
    plan(ctx, { ...group, retentionInDays });
  },

  DeleteRetentionPolicy(ctx, { logGroupName }) {
    const { retentionInDays: _, ...rest } = groupOf(ctx, logGroupName);
    ctx.put(logGroups, withoutExpiry(rest));
  },
};
