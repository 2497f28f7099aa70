// Rules that run on a schedule: at their instants an event of their own goes to their targets.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { trigger } from './dispatch.ts';
import { envelope } from './envelope.ts';
import { nextAfter, parseSchedule } from './schedule.ts';
import { DEFAULT_BUS, ruleKey, rules } from './tables.ts';
import type { Rule } from './tables.ts';
import { scheduleDelay } from './timings.ts';

interface Occurrence {
  readonly rule: string;
  readonly at: number;
}
/** What goes on for ever does not keep a clock moving by itself. */
const occurrenceDue: TimerKind<Occurrence> = timer<Occurrence>('events/occurrence-due', { background: true });

/** Writes a rule, and sets the timer of its schedule. A rate begins when it is set or turned on. */
export function plan(home: Ctx, rule: Omit<Rule, 'nextAt'>, known?: Rule): void {
  const same = known?.enabled && rule.enabled && known.schedule === rule.schedule;
  if (same && known.nextAt !== undefined) {
    home.put(rules, { ...rule, nextAt: known.nextAt });
    return;
  }
  const { nextAt: _, ...unplanned } = rule as Rule;
  aim(home, unplanned, home.now);
}

function aim(home: Ctx, rule: Rule, after: number): void {
  const schedule = rule.enabled && rule.schedule !== undefined ? parseSchedule(rule.schedule) : undefined;
  const nextAt = schedule && nextAfter(schedule, after);
  if (nextAt === undefined) {
    home.put(rules, rule);
    return;
  }
  home.put(rules, { ...rule, nextAt });
  const delay = home.duration(scheduleDelay, rule.arn, nextAt / 60_000);
  home.schedule(occurrenceDue, nextAt + delay, { rule: rule.name, at: nextAt });
}

export const occur: TimerHandler<Occurrence, Ctx> = {
  kind: occurrenceDue,
  live: (home, { rule, at }) => home.get(rules, ruleKey(DEFAULT_BUS, rule))?.nextAt === at,
  fire(home, { rule: name, at }) {
    const rule = home.get(rules, ruleKey(DEFAULT_BUS, name)) as Rule;
    const { nextAt: _, ...rest } = rule;
    aim(home, rest, at);
    const event = envelope(home, {
      source: 'aws.events',
      detailType: 'Scheduled Event',
      resources: [rule.arn],
      detail: {},
      time: at,
    });
    trigger(home, rule, event);
  },
};
