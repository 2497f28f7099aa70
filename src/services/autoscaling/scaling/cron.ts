// Recurrence of scheduled actions: five cron fields in the time of some zone. Pure.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html

import { civil } from '#contract/protocols/timestamp.ts';

const DAY_MS = 86_400_000;
/** A recurrence that does not come about within eight years (29 February at a century's turn) never does. */
const HORIZON_DAYS = 2_930;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

export interface Cron {
  minutes: readonly number[];
  hours: readonly number[];
  days: readonly number[];
  months: readonly number[];
  weekdays: readonly number[];
  /** Where both days are restricted, either suffices, as in Unix cron. */
  eitherDay: boolean;
}

/** The fields of a recurrence; nothing where it is not one. */
export function parseCron(text: string): Cron | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const minutes = values(minute, 0, 59, []);
  const hours = values(hour, 0, 23, []);
  const days = values(day, 1, 31, []);
  const months = values(month, 1, 12, ['', ...MONTHS]);
  const weekdays = values(weekday, 0, 7, WEEKDAYS)?.map((one) => one % 7); // Sunday is 0 and 7.
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  return {
    minutes,
    hours,
    days,
    months,
    weekdays,
    eitherDay: !day.startsWith('*') && !weekday.startsWith('*'),
  };
}

/** Numbers that a field stands for, such as `1-5`, `0-59/15` or `MON,WED`. */
function values(field: string, from: number, to: number, names: readonly string[]): number[] | undefined {
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [, range = '', step = '1'] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
    const [first = '', last = part.includes('/') ? String(to) : first] =
      range === '*' ? [`${from}`, `${to}`] : range.split('-');
    const start = numberOf(first, names);
    const end = numberOf(last, names);
    if (
      start === undefined ||
      end === undefined ||
      start < from ||
      end > to ||
      start > end ||
      Number(step) < 1
    )
      return undefined;
    for (let value = start; value <= end; value += Number(step)) found.add(value);
  }
  return [...found].toSorted((left, right) => left - right);
}

function numberOf(text: string, names: readonly string[]): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const at = text === '' ? -1 : names.indexOf(text.toUpperCase());
  return at < 0 ? undefined : at;
}

/** The first instant (epoch ms) at or after `from` that a recurrence falls on. */
export function nextOccurrence(cron: Cron, from: number): number | undefined {
  const firstDay = from - (((from % DAY_MS) + DAY_MS) % DAY_MS);
  for (let i = 0; i <= HORIZON_DAYS; i += 1) {
    const midnight = firstDay + i * DAY_MS;
    if (!onDay(cron, midnight)) continue;
    for (const hour of cron.hours) {
      for (const minute of cron.minutes) {
        const at = midnight + (hour * 60 + minute) * 60_000;
        if (at >= from) return at;
      }
    }
  }
  return undefined;
}

function onDay({ days, months, weekdays, eitherDay }: Cron, midnight: number): boolean {
  const { day, month, weekday } = civil(midnight);
  if (!months.includes(month)) return false;
  const [byDay, byWeekday] = [days.includes(day), weekdays.includes(weekday)];
  return eitherDay ? byDay || byWeekday : byDay && byWeekday;
}
