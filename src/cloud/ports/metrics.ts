// Metrics of AWS's own services: implemented by CloudWatch.

import { event } from '#world/index.ts';
import type { EventKind } from '#world/index.ts';
import type { Ctx } from '../ctx.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';

/** What identifies a metric. Dimensions in any order. */
export interface MetricId {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface Metrics {
  /**
   * Data points that AWS's own services publish. `at` is the start of the minute (epoch ms); values and counts are a
   * histogram, so that percentiles work. `delayMs`: how much later the point becomes visible to alarms and readers.
   */
  publish(
    ctx: Ctx,
    metric: MetricId,
    point: { at: number; unit: string; values: readonly number[]; counts: readonly number[] },
  ): void;
  /**
   * A metric that stands at `value` in every period from now on, until told otherwise; nothing: it is no longer published.
   * Costs a row for each change instead of a row for each minute.
   */
  level(ctx: Ctx, metric: MetricId, unit: string, value: number | undefined): void;
}
export const metrics: Port<Metrics> = port<Metrics>('metrics');

/** An alarm has entered a state. */
export const alarmChanged: EventKind<{
  alarmName: string;
  alarmArn: string;
  state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
}> = event('monitoring/alarm-changed');
