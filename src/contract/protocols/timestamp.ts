// Epoch milliseconds to and from the three forms that AWS puts on the wire: ISO 8601 (query and XML), seconds
// since the epoch (JSON, CBOR) and HTTP dates (headers). Our own calendar arithmetic, since `Date` belongs to
// the clock.

const msPerDay = 86_400_000;
const days = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** The range of `Date`, which every SDK decodes into. */
const latest = 8_640_000_000_000_000;

/** Days since 1970-01-01 in the proleptic Gregorian calendar; years of 400 are counted from 1 March. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly ms: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

/** The UTC calendar date and time of an instant. */
export function civil(epochMs: number): Civil {
  const dayNumber = Math.floor(epochMs / msPerDay);
  const rest = epochMs - dayNumber * msPerDay;
  const z = dayNumber + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
    hour: Math.floor(rest / 3_600_000),
    minute: Math.floor(rest / 60_000) % 60,
    second: Math.floor(rest / 1000) % 60,
    ms: Math.floor(rest) % 1000,
    weekday: (((dayNumber + 4) % 7) + 7) % 7,
  };
}

/** Milliseconds since 1970-01-01T00:00:00Z, or undefined when a field is out of its range. `month` is 1 to 12. */
export function instantMs(
  year: number,
  month: number,
  day: number,
  hour: number = 0,
  minute: number = 0,
  second: number = 0,
): number | undefined {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const number = daysFromCivil(year, month, day);
  const lastDay = month === 12 ? 31 : daysFromCivil(year, month + 1, 1) - daysFromCivil(year, month, 1);
  if (day > lastDay) return undefined;
  return number * msPerDay + ((hour * 60 + minute) * 60 + second) * 1000;
}

function inRange(ms: number): number | undefined {
  return Number.isFinite(ms) && Math.abs(ms) <= latest ? Math.round(ms) : undefined;
}

const clock = String.raw`(\d\d):(\d\d)`;
const zone = String.raw`\s?([Zz]|[+-]\d\d(?::?\d\d)?)?`;
const iso = new RegExp(
  String.raw`^([+-]?\d{4,6})-(\d\d)-(\d\d)(?:[Tt ]${clock}(?::(\d\d)(?:[.,](\d{1,12}))?)?)?${zone}$`,
  'u',
);
const basicIso = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z)?$/u;

/** ISO 8601 with or without fraction and offset; a time without an offset is UTC, as AWS takes it. */
export function parseIso(text: string): number | undefined {
  const found = iso.exec(text);
  if (found === null) {
    const basic = basicIso.exec(text);
    if (basic === null) return undefined;
    const [, y, mo, d, h, mi, s] = basic.map(Number);
    return instantMs(y ?? 0, mo ?? 0, d ?? 0, h ?? 0, mi ?? 0, s ?? 0);
  }
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', offset = 'Z'] = found;
  const whole = instantMs(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  if (whole === undefined) return undefined;
  let offsetMinutes = 0;
  if (offset !== 'Z' && offset !== 'z') {
    const plain = offset.replace(':', '');
    offsetMinutes =
      (plain.startsWith('-') ? -1 : 1) * (Number(plain.slice(1, 3)) * 60 + Number(plain.slice(3, 5) || '0'));
  }
  return inRange(whole + Number(`0.${fraction}`) * 1000 - offsetMinutes * 60_000);
}

const httpDay = String.raw`(?:[A-Z][a-z]{2},? )?(\d{1,2})[ -]([A-Z][a-z]{2})[ -](\d{4})`;
const httpDate = new RegExp(String.raw`^${httpDay} ${clock}:(\d\d)(\.\d{1,9})? (?:GMT|UTC|[+-]0000)$`, 'u');

export function parseHttpDate(text: string): number | undefined {
  const found = httpDate.exec(text);
  if (found === null) return undefined;
  const [, day, month = '', year, hour, minute, second, fraction = '.0'] = found;
  const whole = instantMs(
    Number(year),
    months.indexOf(month) + 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return whole === undefined ? undefined : inRange(whole + Number(`0${fraction}`) * 1000);
}

export function parseEpochSeconds(value: number | string): number | undefined {
  if (typeof value === 'string' && !/^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/u.test(value)) return undefined;
  return inRange(Number(value) * 1000);
}

/**
 * A timestamp given as text. The named format is tried first; AWS's services take the other two as well
 * (the AWS CLI sends epoch seconds where the model says ISO 8601).
 */
export function parseTimestamp(text: string, format: string): number | undefined {
  if (format === 'rfc822') return parseHttpDate(text) ?? parseIso(text);
  if (format === 'unixTimestamp') return parseEpochSeconds(text) ?? parseIso(text);
  return parseIso(text) ?? parseEpochSeconds(text) ?? parseHttpDate(text);
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/** `2026-01-31T23:59:59.000Z`: always with milliseconds, which every SDK reads. */
export function formatIso(epochMs: number): string {
  const c = civil(epochMs);
  const time = `${two(c.hour)}:${two(c.minute)}:${two(c.second)}.${`${c.ms}`.padStart(3, '0')}`;
  return `${`${c.year}`.padStart(4, '0')}-${two(c.month)}-${two(c.day)}T${time}Z`;
}

/** `Sun, 06 Nov 1994 08:49:37 GMT`: whole seconds, as HTTP has it. */
export function formatHttpDate(epochMs: number): string {
  const c = civil(epochMs);
  const date = `${two(c.day)} ${months[c.month - 1]} ${`${c.year}`.padStart(4, '0')}`;
  return `${days[(c.weekday + 3) % 7]}, ${date} ${two(c.hour)}:${two(c.minute)}:${two(c.second)} GMT`;
}

export function formatTimestamp(epochMs: number, format: string): string {
  if (format === 'rfc822') return formatHttpDate(epochMs);
  if (format === 'unixTimestamp') return `${epochMs / 1000}`;
  return formatIso(epochMs);
}
