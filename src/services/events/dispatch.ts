// What a rule is triggered by goes on its way to all of its targets.

import { timer } from '#world/index.ts';
import type { TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Envelope } from './envelope.ts';
import { count } from './metrics.ts';
import { deliveries, ruleKey, targets } from './tables.ts';
import type { Rule } from './tables.ts';
import { deliveryDelay } from './timings.ts';

export interface Attempt {
  readonly id: string;
  readonly failures: number;
}
export const attemptDue: TimerKind<Attempt> = timer<Attempt>('events/attempt-due');

/** A rule has matched an event, or its time has come: all of its targets are told. */
export function trigger(home: Ctx, rule: Rule, event: Envelope): void {
  count(home, rule, 'TriggeredRules');
  for (const { rule: _, bus, ...target } of home.list(targets, 'rule', ruleKey(rule.bus, rule.name))) {
    const id = home.id('event-delivery');
    home.put(deliveries, {
      id,
      bus,
      rule: rule.name,
      ruleArn: rule.arn,
      target,
      event: JSON.stringify(event),
      takenAt: home.now,
      failures: 0,
    });
    home.schedule(attemptDue, home.now + home.duration(deliveryDelay, id), { id, failures: 0 });
  }
}
