// Which alarms look at which metric, and when: what a new data point wakes.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';

/** The instants at which an alarm is evaluated: every `intervalMs`, `phaseMs` after the interval begins. */
export interface Clock {
  readonly intervalMs: number;
  readonly phaseMs: number;
}

/** An alarm looks at a metric. */
export interface Watch {
  metric: string;
  alarm: string;
  clock: Clock;
}

export const watches: Table<Watch> = table<Watch>(
  'monitoring/watches',
  (row) => `${row.metric}@${row.alarm}`,
);

/** The reconciler that evaluates metric alarms, by name. */
export const EVALUATION = { name: 'monitoring/evaluation', background: true } as const;

/** The first evaluation after an instant. */
export function tickAfter({ intervalMs, phaseMs }: Clock, at: number): number {
  return (Math.floor((at - phaseMs) / intervalMs) + 1) * intervalMs + phaseMs;
}

/** Alarms on a metric look at their first evaluation after `visibleAt`. */
export function wakeAlarmsOf(ctx: Ctx, metric: string, visibleAt: number): void {
  for (const { alarm, clock } of ctx.scan(watches, { prefix: `${metric}@` })) {
    ctx.wake(EVALUATION, alarm, tickAfter(clock, Math.max(visibleAt, ctx.now)));
  }
}
