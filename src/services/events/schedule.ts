// Schedule expressions: `rate(…)` and `cron(…)`. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html

import { nextOf, parseCron } from './cron.ts';
import type { Cron } from './cron.ts';

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export type Schedule =
  | { readonly kind: 'rate'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly cron: Cron };

/** Nothing where a text is no schedule. */
export function parseSchedule(text: string): Schedule | undefined {
  const [, kind, inside = ''] = /^(rate|cron)\((.*)\)$/.exec(text) ?? [];
  if (kind === 'cron') {
    const cron = parseCron(inside);
    return cron && { kind, cron };
  }
  // One of a unit is singular, more are plural.
  const [, count = '', unit = '', plural] = /^(\d+) (minute|hour|day)(s?)$/.exec(inside) ?? [];
  const each = UNIT_MS[unit];
  if (kind !== 'rate' || each === undefined || Number(count) < 1) return undefined;
  return (plural === 's') === Number(count) > 1 ? { kind, everyMs: Number(count) * each } : undefined;
}

/** When a schedule comes about after `after` (epoch ms), which for a rate was its last time. */
export function nextAfter(schedule: Schedule, after: number): number | undefined {
  return schedule.kind === 'rate' ? after + schedule.everyMs : nextOf(schedule.cron, after);
}
