// When a secret rotates next: after days, at a rate, or by a cron expression in UTC. Pure.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html

import { Fault } from '#contract/fault.ts';
import { civil, instantMs } from '#contract/protocols/timestamp.ts';
import type { RotationRules } from './tables.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const LEAST_HOURS = 4;
const MOST_DAYS = 999;
/** A schedule that does not come about within this never does. */
const HORIZON_DAYS = 1000;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const invalid = (why: string): Fault =>
  new Fault('InvalidParameterException', `Invalid ScheduleExpression: ${why}`);

/** The first instant after `from` at which a secret rotates. Throws Secrets Manager's error for rules that it does not take. */
export function nextRotation(
  { automaticallyAfterDays, scheduleExpression }: RotationRules,
  from: number,
): number | undefined {
  if (scheduleExpression === undefined)
    return automaticallyAfterDays === undefined ? undefined : from + automaticallyAfterDays * DAY_MS;
  const [, kind = '', inner = ''] = /^(rate|cron)\((.*)\)$/.exec(scheduleExpression.trim()) ?? [];
  if (kind === 'rate') return from + rateMs(inner);
  if (kind === 'cron') return nextOfCron(inner, from);
  throw invalid('it is neither rate() nor cron().');
}

function rateMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,4}) (hours?|days?)$/.exec(text.trim()) ?? [];
  const number = Number(count);
  if (unit.startsWith('hour') && number >= LEAST_HOURS && number <= MOST_DAYS * 24) return number * HOUR_MS;
  if (unit.startsWith('day') && number >= 1 && number <= MOST_DAYS) return number * DAY_MS;
  throw invalid('a rate is 4 hours to 999 days.');
}

/** Minutes, hours, day of the month, month, day of the week, year. Secrets rotate on the hour and in every year. */
function nextOfCron(text: string, from: number): number {
  const fields = text.trim().split(/\s+/);
  const [minute, hour = '', day = '', month = '', weekday = '', year] = fields;
  if (fields.length !== 6) throw invalid('cron() has six fields.');
  if (minute !== '0') throw invalid('the minutes must be 0.');
  if (year !== '*') throw invalid('the year must be *.');
  if ((day === '?') === (weekday === '?')) throw invalid('one of the two days must be ?.');
  const hours = numbers(hour, 0, 23, []);
  const months = numbers(month, 1, 12, ['', ...MONTHS]);
  const isDay = day === '?' ? weekdayTest(weekday) : dayTest(day);
  const midnight = from - (((from % DAY_MS) + DAY_MS) % DAY_MS);
  for (let n = 0; n <= HORIZON_DAYS; n += 1) {
    const start = midnight + n * DAY_MS;
    const date = civil(start);
    if (!months.includes(date.month) || !isDay(date)) continue;
    const found = hours.find((one) => start + one * HOUR_MS > from);
    if (found !== undefined) return start + found * HOUR_MS;
  }
  throw invalid('it never comes about.');
}

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

function dayTest(text: string): (date: Day) => boolean {
  if (text === 'L') return (date) => date.day === lastDay(date);
  const days = numbers(text, 1, 31, []);
  return ({ day }) => days.includes(day);
}

/** `2#1` is the first Monday of a month, `6L` its last Friday; SUN is 1. */
function weekdayTest(text: string): (date: Day) => boolean {
  const [, name = '', mark = ''] = /^([0-9A-Z]+)(#[1-5]|L)$/i.exec(text) ?? [];
  const weekdays = numbers(name || text, 1, 7, ['', ...WEEKDAYS]).map((number) => number - 1);
  return (date) => {
    if (!weekdays.includes(date.weekday)) return false;
    if (mark === '') return true;
    if (mark.toUpperCase() === 'L') return date.day + 7 > lastDay(date);
    return Math.ceil(date.day / 7) === Number(mark.slice(1));
  };
}

function lastDay({ year, month }: Day): number {
  const first = instantMs(year, month, 1) ?? 0;
  const next = month === 12 ? instantMs(year + 1, 1, 1) : instantMs(year, month + 1, 1);
  return ((next ?? 0) - first) / DAY_MS;
}

/** Numbers that a field stands for, in their order: `*`, `1,15`, `1-5`, `/8`, `8/4`, names. */
function numbers(field: string, least: number, most: number, names: readonly string[]): number[] {
  const numberOf = (text: string): number => {
    const named = names.indexOf(text.toUpperCase());
    const number = named >= 0 && text !== '' ? named : /^\d{1,2}$/.test(text) ? Number(text) : NaN;
    if (!(number >= least && number <= most)) throw invalid(`${field} is not valid.`);
    return number;
  };
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step] = part.split('/');
    const open = range === '*' || range === '';
    if (open && range === '' && step === undefined) throw invalid(`${field} is not valid.`);
    const [from = '', to = step === undefined ? from : String(most)] = open
      ? [String(least), String(most)]
      : range.split('-');
    const every = step === undefined ? 1 : Number(step);
    if (!(every >= 1)) throw invalid(`${field} is not valid.`);
    const last = numberOf(to);
    for (let number = numberOf(from); number <= last; number += every) found.add(number);
  }
  return [...found].toSorted((left, right) => left - right);
}
