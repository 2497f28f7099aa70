// The row of a scaling policy.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Input } from '#cloud/contracts.ts';

export type AdjustmentType = 'ChangeInCapacity' | 'ExactCapacity' | 'PercentChangeInCapacity';

/** From one distance to the threshold to another; absent bounds are infinite. */
export interface Step {
  MetricIntervalLowerBound?: number;
  MetricIntervalUpperBound?: number;
  ScalingAdjustment: number;
}

/** A metric and the value that it is to be kept at, as the request gave it. */
export type Tracking = NonNullable<Input<'autoscaling', 'PutScalingPolicy'>['TargetTrackingConfiguration']>;

/** An alarm that a policy has made for itself. */
export interface PolicyAlarmName {
  name: string;
  arn: string;
  kind: 'high' | 'low';
}

export interface ScalingPolicy {
  arn: string;
  group: string;
  name: string;
  type: 'SimpleScaling' | 'StepScaling' | 'TargetTrackingScaling';
  /** Of target tracking policies. */
  tracking?: Tracking;
  alarms: readonly PolicyAlarmName[];
  /** EstimatedInstanceWarmup; -1: the group's. */
  warmupSeconds: number;
  /** Of simple and step policies. */
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

export const policies: Table<ScalingPolicy> = table<ScalingPolicy>(
  'autoscaling/policies',
  (row) => row.arn,
  { group: (row) => row.group },
  { version: 2, upgrade: (row) => ({ ...(row as ScalingPolicy), alarms: [], warmupSeconds: -1 }) },
);
