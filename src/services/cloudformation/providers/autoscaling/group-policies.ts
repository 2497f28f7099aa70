// Update policies of groups, as templates give them: numbers and booleans may be text.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html

import { durationMs } from '../../engine/iso-duration.ts';
import { isFields } from '../../template/template.ts';
import type { Fields, Value } from '../../template/template.ts';
import type { GroupWork } from './live-group.ts';

function policyIn(work: GroupWork, name: string): Fields | undefined {
  const policy = work.policies.update?.[name];
  return isFields(policy) ? policy : undefined;
}

function isTrue(value: Value | undefined): boolean {
  return String(value) === 'true';
}

export interface RollingPolicy {
  readonly maxBatch: number;
  readonly minInService: number;
  readonly minActivePercent: number;
  readonly minSuccessPercent: number;
  /** As the template says, for events. */
  readonly pause: string;
  readonly pauseMs: number;
  readonly suspend: readonly string[];
  readonly signals: boolean;
}

export function rollingPolicy(work: GroupWork): RollingPolicy | undefined {
  const given = policyIn(work, 'AutoScalingRollingUpdate');
  if (!given) return undefined;
  const number = (name: string, otherwise: number): number => Number(given[name] ?? otherwise);
  const signals = isTrue(given['WaitOnResourceSignals']);
  const pause = String(given['PauseTime'] ?? (signals ? 'PT5M' : 'PT0S'));
  const suspend = given['SuspendProcesses'];
  return {
    maxBatch: number('MaxBatchSize', 1),
    minInService: number('MinInstancesInService', 0),
    minActivePercent: number('MinActiveInstancesPercent', 100),
    minSuccessPercent: number('MinSuccessfulInstancesPercent', 100),
    pause,
    pauseMs: durationMs(pause),
    suspend: Array.isArray(suspend) ? suspend.map(String) : [],
    signals,
  };
}

/** Whether a group that has to launch otherwise is replaced as a whole. Goes before a rolling update. */
export function willReplace(work: GroupWork): boolean {
  return isTrue(policyIn(work, 'AutoScalingReplacingUpdate')?.['WillReplace']);
}

/** Whether sizes that the template does not change are left alone, because something else changes them. */
export function leavesSizes(work: GroupWork): boolean {
  return isTrue(policyIn(work, 'AutoScalingScheduledAction')?.['IgnoreUnmodifiedGroupSizeProperties']);
}

export function refreshPolicy(work: GroupWork): Fields | undefined {
  return policyIn(work, 'AutoScalingInstanceRefresh');
}
