// An alarm enters a state: the row, the history, the event, the composite alarms above it, and its actions.

import type { Ctx } from '#cloud/ctx.ts';
import { alarmChanged } from '#cloud/ports/metrics.ts';
import { json } from '../java-text.ts';
import { MINUTE } from '../metrics/points.ts';
import { executePolicy, isScalingPolicy, runAction } from './alarm-actions.ts';
import { tellStateChange } from './alarm-event.ts';
import { remember } from './alarm-history.ts';
import { alarms, COMPOSITION, parentsOf } from './alarm.ts';
import type { Alarm, AlarmState } from './alarm.ts';

type NewState = Pick<AlarmState, 'value' | 'reason'> & { readonly reasonData?: string | undefined };

export function alarmTypeOf(alarm: Alarm): 'MetricAlarm' | 'CompositeAlarm' {
  return alarm.kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm';
}

/** `value`: the metric's newest value, which scaling policies are told. */
export function enterState(
  ctx: Ctx,
  alarm: Alarm,
  { value, reason, reasonData }: NewState,
  metricValue?: number,
): void {
  const before = alarm.state;
  const state: AlarmState = {
    value,
    reason,
    updatedAt: ctx.now,
    ...(reasonData === undefined ? {} : { reasonData }),
    ...(value === before.value ? kept(before) : { transitionedAt: ctx.now }),
  };
  const now = { ...alarm, state };
  ctx.put(alarms, now);
  if (value === before.value) return;
  remember(ctx, {
    alarm: alarm.name,
    alarmType: alarmTypeOf(alarm),
    type: 'StateUpdate',
    summary: `Alarm updated from ${before.value} to ${value}`,
    data: json({ version: '1.0', oldState: inHistory(before), newState: inHistory(state) }),
  });
  ctx.emit(alarmChanged, { alarmName: alarm.name, alarmArn: alarm.arn, state: value });
  tellStateChange(ctx, now, before);
  for (const parent of parentsOf(ctx, alarm.name)) ctx.wake(COMPOSITION, parent);
  if (!now.actionsEnabled) return;
  for (const action of now.actions[value]) runAction(ctx, now, before, action, metricValue);
}

function kept({ transitionedAt }: AlarmState): { transitionedAt?: number } {
  return transitionedAt === undefined ? {} : { transitionedAt };
}

function inHistory({ value, reason, reasonData }: AlarmState): object {
  let data: unknown;
  try {
    data = reasonData === undefined ? undefined : (JSON.parse(reasonData) as unknown);
  } catch {
    data = reasonData; // SetAlarmState takes any text.
  }
  return { stateValue: value, stateReason: reason, stateReasonData: data };
}

/** Whether the alarm's state runs scaling policies, which AWS invokes again each minute for as long as it lasts. */
export function repeats(alarm: Alarm): boolean {
  return alarm.actionsEnabled && alarm.actions[alarm.state.value].some(isScalingPolicy);
}

/** At an evaluation that leaves the state as it is. The history shows only the first execution. */
export function repeatActions(ctx: Ctx, alarm: Alarm, metricValue: number | undefined): void {
  if (alarm.kind !== 'metric' || !repeats(alarm)) return;
  const lasted = ctx.now - (alarm.state.transitionedAt ?? alarm.createdAt);
  const before = lasted - alarm.clock.intervalMs;
  // Once a minute, also where the alarm is evaluated every ten seconds.
  if (Math.floor(lasted / MINUTE) === Math.floor(before / MINUTE)) return;
  for (const action of alarm.actions[alarm.state.value]) {
    if (isScalingPolicy(action)) executePolicy(ctx, alarm, action, metricValue);
  }
}
