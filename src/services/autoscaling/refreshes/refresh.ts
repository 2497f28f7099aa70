// The row of an instance refresh, and what the rest of the service asks about the one that is going on.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Group, Source } from '../group.ts';

type Wire = NonNullable<Output<'autoscaling', 'DescribeInstanceRefreshes'>['InstanceRefreshes']>[number];
export type RefreshStatus = NonNullable<Wire['Status']>;

/** How a refresh goes about it, AWS's defaults filled in. */
export interface Preferences {
  minPercent: number;
  /** -1: instances go first, and others are launched in their place. */
  maxPercent: number;
  warmupSeconds: number;
  checkpoints: readonly number[];
  checkpointDelaySeconds: number;
  skipMatching: boolean;
  autoRollback: boolean;
  protectedInstances: 'Refresh' | 'Ignore' | 'Wait';
  standbyInstances: 'Terminate' | 'Ignore' | 'Wait';
  alarms: readonly string[];
  bakeSeconds: number;
}

export interface Refresh {
  id: string;
  group: string;
  /** Its number in the group: the newest has the highest. */
  number: number;
  status: RefreshStatus;
  statusReason: string;
  /** 0 while it is pending. */
  startAt: number;
  /** 0 while it goes on. */
  endAt: number;
  /** Instances of earlier generations are outdated. */
  generation: number;
  preferences: Preferences;
  /** What it is to bring, where the request says so; it becomes the group's when all is done. */
  desired?: Source;
  /** How many instances it is about. */
  total: number;
  remaining: number;
  percent: number;
  /** How many checkpoints were reached. */
  checkpoint: number;
  /** Nothing happens before: it is pending, at a checkpoint or baking. */
  pausedUntil: number;
  /** When it last came any further. */
  progressAt: number;
  /** Launches and terminations are waited for before a cancellation is complete. */
  waits: boolean;
  rollback?: { reason: string; startAt: number; percent: number; remaining: number };
}

export const refreshes: Table<Refresh> = table<Refresh>('autoscaling/instance-refreshes', (row) => row.id, {
  group: (row) => row.group,
  /** By group, while it goes on. */
  active: (row) => (row.endAt === 0 ? row.group : undefined),
});

/** The refresh that is going on in a group. There is at most one. */
export function activeRefresh(ctx: Ctx, group: string): Refresh | undefined {
  return ctx.list(refreshes, 'active', group)[0];
}

/** From what instances are launched now: during a refresh, from what it brings. */
export function launchSource(ctx: Ctx, group: Group): Source {
  const refresh = activeRefresh(ctx, group.name);
  const forward =
    refresh !== undefined && refresh.status !== 'RollbackInProgress' && refresh.status !== 'Cancelling';
  return (forward ? refresh.desired : undefined) ?? group.source;
}

/** Ends what is going on in a group that is being deleted. */
export function dropRefreshes(ctx: Ctx, group: string): void {
  for (const refresh of ctx.list(refreshes, 'active', group)) {
    const statusReason = 'The Auto Scaling group is being deleted.';
    ctx.update(refreshes, refresh, { status: 'Cancelled', statusReason, endAt: ctx.now });
  }
}
