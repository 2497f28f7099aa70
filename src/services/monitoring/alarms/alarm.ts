// Alarms as rows. Metric alarms and composite alarms share names, so they share a table.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Tags } from '#cloud/tags.ts';
import type { Clock } from '../metrics/alarm-metrics.ts';
import type { StateValue } from './missing-data.ts';

export interface AlarmState {
  readonly value: StateValue;
  readonly reason: string;
  /** JSON text. */
  readonly reasonData?: string;
  readonly updatedAt: number;
  readonly transitionedAt?: number;
}

interface AnyAlarm {
  name: string;
  arn: string;
  description?: string;
  actionsEnabled: boolean;
  /** ARNs by the state that runs them. */
  actions: Readonly<Record<StateValue, readonly string[]>>;
  tags: Tags;
  createdAt: number;
  configuredAt: number;
  state: AlarmState;
}

type WireAlarm = Input<'monitoring', 'PutMetricAlarm'>;

/** The members of PutMetricAlarm that say what is watched and how, as they were given. */
export type Definition = Pick<
  WireAlarm,
  | 'MetricName'
  | 'Namespace'
  | 'Statistic'
  | 'ExtendedStatistic'
  | 'Dimensions'
  | 'Period'
  | 'Unit'
  | 'DatapointsToAlarm'
  | 'TreatMissingData'
  | 'EvaluateLowSampleCountPercentile'
  | 'Metrics'
> & {
  readonly EvaluationPeriods: number;
  readonly Threshold: number;
  readonly ComparisonOperator: NonNullable<WireAlarm['ComparisonOperator']>;
};

export interface MetricAlarm extends AnyAlarm {
  kind: 'metric';
  definition: Definition;
  clock: Clock;
}

export interface CompositeAlarm extends AnyAlarm {
  kind: 'composite';
  rule: string;
}

export type Alarm = MetricAlarm | CompositeAlarm;

export const alarms: Table<Alarm> = table<Alarm>('monitoring/alarms', (row) => row.name);

/** A composite alarm depends on another alarm. */
export interface Dependence {
  child: string;
  parent: string;
}
export const dependences: Table<Dependence> = table<Dependence>(
  'monitoring/dependences',
  (row) => `${row.child}\u0000${row.parent}`,
  { parent: (row) => row.parent },
);

/** The reconciler that evaluates composite alarms, by name. */
export const COMPOSITION = { name: 'monitoring/composition', background: true } as const;

export function parentsOf(ctx: Ctx, child: string): string[] {
  return ctx.scan(dependences, { prefix: `${child}\u0000` }).map(({ parent }) => parent);
}

export function childrenOf(ctx: Ctx, parent: string): string[] {
  return ctx.list(dependences, 'parent', parent).map(({ child }) => child);
}

/** Whether an alarm depends on itself by way of others. AWS stops evaluating such alarms. */
export function inCircle(ctx: Ctx, name: string): boolean {
  const seen = new Set<string>();
  const open = [...childrenOf(ctx, name)];
  for (let child = open.pop(); child !== undefined; child = open.pop()) {
    if (child === name) return true;
    if (seen.has(child)) continue;
    seen.add(child);
    open.push(...childrenOf(ctx, child));
  }
  return false;
}
