// The row of a scaling policy.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';

export type AdjustmentType = 'ChangeInCapacity' | 'ExactCapacity' | 'PercentChangeInCapacity';

/** From one distance to the threshold to another; absent bounds are infinite. */
export interface Step {
  MetricIntervalLowerBound?: number;
  MetricIntervalUpperBound?: number;
  ScalingAdjustment: number;
}

export interface ScalingPolicy {
  arn: string;
  group: string;
  name: string;
  type: 'SimpleScaling' | 'StepScaling';
  adjustmentType: AdjustmentType;
  /** At least this many instances with `PercentChangeInCapacity`; 0: no such bound. */
  minMagnitude: number;
  /** Of simple policies. */
  adjustment: number;
  /** -1: the group's. */
  cooldownSeconds: number;
  /** Of step policies. */
  steps: readonly Step[];
  aggregation: string;
  enabled: boolean;
}

export const policies: Table<ScalingPolicy> = table<ScalingPolicy>('autoscaling/policies', (row) => row.arn, {
  group: (row) => row.group,
});
