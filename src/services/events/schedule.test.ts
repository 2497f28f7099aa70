// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html

import { describe, expect, it } from 'vitest';
import { nextAfter, parseSchedule } from './schedule.ts';
import type { Schedule } from './schedule.ts';

const at = (text: string): number => Date.parse(text);

function next(expression: string, from: string, count: number = 1): string[] {
  const schedule = parseSchedule(expression) as Schedule;
  const found: string[] = [];
  let last = at(from);
  for (let i = 0; i < count; i += 1) {
    last = nextAfter(schedule, last) ?? 0;
    found.push(new Date(last).toISOString().slice(0, 16));
  }
  return found;
}

describe('schedules', () => {
  it.each([
    ['rate(5 minutes)', '2026-01-05T00:01:30Z', ['2026-01-05T00:06']],
    ['rate(1 day)', '2026-01-05T10:00:00Z', ['2026-01-06T10:00']],
    ['cron(0 10 * * ? *)', '2026-01-05T10:00:00Z', ['2026-01-06T10:00']],
    ['cron(15 12 * * ? *)', '2026-01-05T12:14:59Z', ['2026-01-05T12:15']],
    ['cron(0 18 ? * MON-FRI *)', '2026-01-09T19:00:00Z', ['2026-01-12T18:00']],
    ['cron(0 8 1 * ? *)', '2026-01-05T00:00:00Z', ['2026-02-01T08:00', '2026-03-01T08:00']],
    ['cron(0/15 * * * ? *)', '2026-01-05T00:50:00Z', ['2026-01-05T01:00', '2026-01-05T01:15']],
    ['cron(5,35 14 * * ? *)', '2026-01-05T14:05:00Z', ['2026-01-05T14:35']],
    ['cron(0/5 5 ? JAN 1-5 2027)', '2026-06-01T00:00:00Z', ['2027-01-03T05:00']],
    ['cron(0 2 ? * SAT#3 *)', '2026-01-05T00:00:00Z', ['2026-01-17T02:00', '2026-02-21T02:00']],
    ['cron(15 10 ? * 6L *)', '2026-01-05T00:00:00Z', ['2026-01-30T10:15', '2026-02-27T10:15']],
    ['cron(0 0 L * ? *)', '2026-02-01T00:00:00Z', ['2026-02-28T00:00', '2026-03-31T00:00']],
    // 1 August 2026 is a Saturday, 15 November a Sunday: the nearest weekday of the same month.
    ['cron(0 0 1W 8 ? *)', '2026-01-05T00:00:00Z', ['2026-08-03T00:00']],
    ['cron(0 0 15W 11 ? *)', '2026-01-05T00:00:00Z', ['2026-11-16T00:00']],
    ['cron(0 0 29 2 ? *)', '2026-01-05T00:00:00Z', ['2028-02-29T00:00']],
  ])('%s after %s', (expression, from, expected) => {
    expect(next(expression, from, expected.length)).toEqual(expected);
  });

  it('end with their last year', () => {
    const schedule = parseSchedule('cron(15 10 ? * 6L 2002-2005)') as Schedule;
    expect(nextAfter(schedule, at('2026-01-05T00:00:00Z'))).toBeUndefined();
  });

  it.each([
    'cron(INVALID)',
    'cron(0 dummy ? * MON-FRI *)',
    'cron(7 20 * * NOT *)',
    'cron(71 8 1 * ? *)',
    'cron(0 1 * * * *)',
    'cron(0 1 ? * ? *)',
    'cron(0 1 * * ?)',
    'cron(0 1 ? * 2#6 *)',
    'rate(0 minutes)',
    'rate(1 minutes)',
    'rate(2 hour)',
    'rate(5 weeks)',
    'at(2026-01-05T00:00:00)',
  ])('are not %s', (expression) => {
    expect(parseSchedule(expression)).toBeUndefined();
  });
});
