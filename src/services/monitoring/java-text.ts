// Numbers, instants and lists as CloudWatch, a Java program, prints them in reasons and messages.

import { civil } from '#contract/protocols/timestamp.ts';

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const two = (value: number): string => String(value).padStart(2, '0');

/** `Double.toString`: always a fraction, and an exponent from 10^7 on and below 10^-3. */
export function javaDouble(value: number): string {
  if (value === 0) return '0.0';
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-3) {
    const [digits = '', exponent = '0'] = value.toExponential().split('e');
    return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** `02/10/19 16:59:00` */
export function shortInstant(at: number): string {
  const { year, month, day, hour, minute, second } = civil(at);
  return `${two(day)}/${two(month)}/${two(year % 100)} ${two(hour)}:${two(minute)}:${two(second)}`;
}

/** `2019-10-02T17:04:40.985+0000` */
export function isoInstant(at: number): string {
  const { year, month, day, hour, minute, second, ms } = civil(at);
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
  return `${date}T${two(hour)}:${two(minute)}:${two(second)}.${String(ms).padStart(3, '0')}+0000`;
}

/** `Friday 04 August, 2023 12:54:46 UTC` */
export function longInstant(at: number): string {
  const { year, month, day, hour, minute, second, weekday } = civil(at);
  const date = `${WEEKDAYS[weekday]} ${two(day)} ${MONTHS[month - 1]}, ${year}`;
  return `${date} ${two(hour)}:${two(minute)}:${two(second)} UTC`;
}

/** A number that `json` writes as a Java double. */
export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** JSON text as `JSON.stringify` writes it, but for doubles. Members without a value are left out. */
export function json(value: unknown): string {
  if (value instanceof Double) return javaDouble(value.value);
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${json(member)}`).join(',')}}`;
}
