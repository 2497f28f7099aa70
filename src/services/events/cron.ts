// Cron expressions in EventBridge's dialect: six fields, UTC. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html

import { civil, instantMs } from '#contract/protocols/timestamp.ts';

const DAY_MS = 86_400_000;
const LAST_YEAR = 2199;
const MONTHS = ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** Sunday is 1. */
const WEEKDAYS = ['', 'SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** A day, as the fields for days look at it. */
interface Day {
  readonly day: number;
  /** Sunday is 1. */
  readonly weekday: number;
  readonly lastDay: number;
}
type DayTest = (day: Day) => boolean;

export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly onDay: DayTest;
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
}

/** What is between the brackets of `cron(…)`; nothing where it is no such expression. */
export function parseCron(text: string): Cron | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 6) return undefined;
  const [minute = '', hour = '', day = '', month = '', weekday = '', year = ''] = fields;
  const minutes = numbers(minute, 0, 59);
  const hours = numbers(hour, 0, 23);
  const months = numbers(month, 1, 12, MONTHS);
  const years = numbers(year, 1970, LAST_YEAR);
  const onDay = dayTest(day, weekday);
  if (!minutes || !hours || !months || !years || !onDay) return undefined;
  return { minutes, hours, onDay, months: new Set(months), years: new Set(years) };
}

/** Exactly one of the two says nothing. */
function dayTest(day: string, weekday: string): DayTest | undefined {
  if ((day === '?') === (weekday === '?')) return undefined;
  const tests = weekday === '?' ? day.split(',').map(dayOfMonth) : weekday.split(',').map(dayOfWeek);
  if (tests.includes(undefined)) return undefined;
  return (one) => (tests as DayTest[]).some((test) => test(one));
}

function dayOfMonth(item: string): DayTest | undefined {
  if (item === 'L') return ({ day, lastDay }) => day === lastDay;
  const [, nearest] = /^(\d{1,2})W$/.exec(item) ?? [];
  if (nearest !== undefined)
    return inRange(Number(nearest), 1, 31) ? weekdayNear(Number(nearest)) : undefined;
  if (item === 'LW') return (one) => weekdayNear(one.lastDay)(one);
  const days = numbers(item, 1, 31);
  return days && (({ day }) => days.includes(day));
}

/** The working day nearest to a day, in the same month. */
function weekdayNear(wanted: number): DayTest {
  return ({ day, weekday, lastDay }) => {
    if (weekday === 1 || weekday === 7 || wanted > lastDay) return false;
    if (day === wanted) return true;
    // Friday stands for a Saturday after it, Monday for a Sunday before it, unless that were in another month.
    if (weekday === 6) return day === wanted - 1 || (day === wanted - 2 && wanted === lastDay);
    if (weekday === 2) return day === wanted + 1 || (day === wanted + 2 && wanted === 1);
    return false;
  };
}

function dayOfWeek(item: string): DayTest | undefined {
  const [, name = '', kind = '', count = ''] = /^([^#L]+)?(#|L)(\d)?$/.exec(item) ?? [];
  if (kind === '') {
    const weekdays = numbers(item, 1, 7, WEEKDAYS);
    return weekdays && (({ weekday }) => weekdays.includes(weekday));
  }
  const wanted = kind === 'L' && name === '' ? 7 : numberOf(name, WEEKDAYS);
  if (wanted === undefined || !inRange(wanted, 1, 7)) return undefined;
  if (kind === 'L') {
    if (count !== '') return undefined;
    if (name === '') return ({ weekday }) => weekday === wanted;
    return ({ weekday, day, lastDay }) => weekday === wanted && day > lastDay - 7;
  }
  if (!inRange(Number(count), 1, 5)) return undefined;
  return ({ weekday, day }) => weekday === wanted && Math.ceil(day / 7) === Number(count);
}

const inRange = (value: number, from: number, to: number): boolean => value >= from && value <= to;

/** Numbers that a field stands for, such as `1-5`, `0/15` or `MON,WED`. */
function numbers(
  field: string,
  from: number,
  to: number,
  names: readonly string[] = [],
): number[] | undefined {
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [, range = '', step] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
    const [first = '', last] = range === '*' ? [`${from}`, `${to}`] : range.split('-');
    const start = numberOf(first, names);
    const end = last === undefined ? (step === undefined ? start : to) : numberOf(last, names);
    const by = Number(step ?? 1);
    if (start === undefined || end === undefined || by < 1) return undefined;
    if (start < from || end > to || start > end) return undefined;
    for (let value = start; value <= end; value += by) found.add(value);
  }
  return [...found].toSorted((left, right) => left - right);
}

function numberOf(text: string, names: readonly string[]): number | undefined {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  const at = text === '' ? -1 : names.indexOf(text.toUpperCase());
  return at < 0 ? undefined : at;
}

/** The first instant (epoch ms) after `after` that an expression names; nothing where there is none any more. */
export function nextOf(cron: Cron, after: number): number | undefined {
  const today = civil(after);
  for (let { year, month } = today; year <= LAST_YEAR; month = (month % 12) + 1) {
    if (cron.years.has(year) && cron.months.has(month)) {
      const found = nextInMonth(cron, year, month, after);
      if (found !== undefined) return found;
    }
    if (month === 12) year += 1;
  }
  return undefined;
}

function nextInMonth(cron: Cron, year: number, month: number, after: number): number | undefined {
  const first = instantMs(year, month, 1) ?? 0;
  const next = (month === 12 ? instantMs(year + 1, 1, 1) : instantMs(year, month + 1, 1)) ?? 0;
  const lastDay = (next - first) / DAY_MS;
  const { weekday } = civil(first);
  for (let day = 1; day <= lastDay; day += 1) {
    const midnight = first + (day - 1) * DAY_MS;
    if (midnight + DAY_MS <= after) continue;
    if (!cron.onDay({ day, weekday: ((weekday + day - 1) % 7) + 1, lastDay })) continue;
    for (const hour of cron.hours) {
      for (const minute of cron.minutes) {
        const at = midnight + (hour * 60 + minute) * 60_000;
        if (at > after) return at;
      }
    }
  }
  return undefined;
}
