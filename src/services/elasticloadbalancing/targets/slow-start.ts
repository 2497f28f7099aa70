// Slow start: a target that becomes healthy beside others gets a share of requests that grows linearly. Kept
// as steps in the target's row, so that what traffic meets is constant between two steps.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#slow-start-mode

import type { Reconciler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { targetGroupAttribute } from '../attributes.ts';
import { targets } from '../tables.ts';
import type { Target, TargetGroup } from '../tables.ts';
import { SLOW_START_STEP_MS } from '../timings.ts';
import { rosterOf } from './rosters.ts';

const RAMP = { name: 'elasticloadbalancing/slow-start' } as const;

/** What changes in the row of a target that becomes healthy now. */
export function slowStartFor(ctx: Ctx, group: TargetGroup, target: Target): Partial<Target> {
  const durationMs = Number(targetGroupAttribute(group, 'slow_start.duration_seconds')) * 1000;
  const full = { weight: 1000, slowStart: null, startsFull: false };
  if (durationMs === 0 || target.startsFull) return full;
  // Only beside a healthy target that is not starting slowly itself.
  const { entries } = rosterOf(ctx, group.arn);
  const beside = entries.some(
    ({ row }) => row.key !== target.key && row.health.state === 'healthy' && !row.slowStart,
  );
  if (!beside) return full;
  const slowStart = { from: ctx.now, until: ctx.now + durationMs };
  ctx.wake(RAMP, target.key, ctx.now + SLOW_START_STEP_MS);
  return { weight: weightAt(slowStart, ctx.now), slowStart, startsFull: false };
}

/** The share during the step that begins at `now`: the ramp at the middle of the step. */
function weightAt({ from, until }: NonNullable<Target['slowStart']>, now: number): number {
  return Math.max(1, Math.round((1000 * (now + SLOW_START_STEP_MS / 2 - from)) / (until - from)));
}

export const slowStart: Reconciler<Target, Ctx> = {
  ...RAMP,
  table: targets,
  step(ctx, target) {
    if (!target.slowStart) return undefined;
    if (ctx.now >= target.slowStart.until)
      return void ctx.update(targets, target, { weight: 1000, slowStart: null });
    ctx.update(targets, target, { weight: Math.min(1000, weightAt(target.slowStart, ctx.now)) });
    return Math.min(target.slowStart.until, ctx.now + SLOW_START_STEP_MS);
  },
};
