// Composite alarms: alarms over the states of other alarms.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html

import type { Reconciler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { isoInstant, json, longInstant } from '../java-text.ts';
import { alarmsOf, holds, parseRule } from './alarm-rule.ts';
import { enterState } from './alarm-state.ts';
import { alarms, childrenOf, COMPOSITION, dependences, inCircle } from './alarm.ts';
import type { Alarm, CompositeAlarm } from './alarm.ts';
import { newAlarm, saved } from './alarms.ts';

export const compositeAlarmOperations: Operations<'monitoring'> = {
  PutCompositeAlarm(ctx, input) {
    const { AlarmName: name, AlarmRule: rule } = input;
    const children = alarmsOf(parseRule(rule));
    const missing = children.filter((child) => child !== name && !ctx.get(alarms, child));
    if (missing.length > 0) {
      const named = missing.join(', ');
      throw new Fault(
        'ValidationError',
        `Could not save the composite alarm as alarms [${named}] in the alarm rule do not exist`,
      );
    }
    const known = ctx.get(alarms, name);
    if (known && known.kind !== 'composite') {
      throw new Fault(
        'ValidationError',
        `An alarm with the name ${name} exists and is not a composite alarm`,
      );
    }
    for (const child of childrenOf(ctx, name)) ctx.delete(dependences, `${child}\u0000${name}`);
    for (const child of children) ctx.put(dependences, { child, parent: name });
    saved(ctx, { ...newAlarm(ctx, input, 'composite', known), kind: 'composite', rule }, known);
    ctx.wake(COMPOSITION, name);
  },
};

/** Looks when a child has changed its state or the alarm was configured, and at no other time. */
export const compose: Reconciler<Alarm, Ctx> = {
  ...COMPOSITION,
  table: alarms,
  step(ctx, alarm) {
    if (alarm.kind !== 'composite' || inCircle(ctx, alarm.name)) return;
    const value = holds(parseRule(alarm.rule), (child) => ctx.get(alarms, child)?.state.value)
      ? 'ALARM'
      : 'OK';
    if (value !== alarm.state.value) enterState(ctx, alarm, { value, ...why(ctx, alarm, value) });
  },
};

function why(ctx: Ctx, alarm: CompositeAlarm, value: 'OK' | 'ALARM'): { reason: string; reasonData: string } {
  const children = childrenOf(ctx, alarm.name)
    .map((child) => ctx.get(alarms, child))
    .filter((child) => child !== undefined);
  const data = (shown: readonly Alarm[]): string =>
    json({
      triggeringAlarms: shown.map(({ arn, state }) => ({
        arn,
        state: { value: state.value, timestamp: isoInstant(state.transitionedAt ?? state.updatedAt) },
      })),
    });
  const latest = children.reduce<Alarm | undefined>(
    (found, child) =>
      (child.state.transitionedAt ?? 0) > (found?.state.transitionedAt ?? 0) ? child : found,
    undefined,
  );
  if (alarm.configuredAt === ctx.now || !latest) {
    const done = alarm.configuredAt === alarm.createdAt ? 'created' : 'updated';
    return {
      reason: `${alarm.arn} was ${done} and its alarm rule evaluates to ${value}`,
      reasonData: data(children),
    };
  }
  const { arn, state } = latest;
  const reason = `${arn} transitioned to ${state.value} at ${longInstant(state.transitionedAt ?? ctx.now)}`;
  return { reason, reasonData: data([latest]) };
}
