// How S3 spells an instant that it does not take: as Java does, in the time of its home, `Tue Dec 31 16:00:00 PST 2019`
// (LocalStack's test_s3_object_retention_exc, recorded from AWS).

import { civil, instantMs } from '#contract/protocols/timestamp.ts';

const HOUR_MS = 3_600_000;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Midnight (UTC) of the first Sunday of a month that is not before that day. */
function sunday(year: number, month: number, day: number): number {
  const from = instantMs(year, month, day) as number;
  return from + ((7 - civil(from).weekday) % 7) * 24 * HOUR_MS;
}

/** Daylight time is from the second Sunday of March to the first of November, changed at two o'clock. */
function isDaylight(epochMs: number): boolean {
  const { year } = civil(epochMs);
  return epochMs >= sunday(year, 3, 8) + 10 * HOUR_MS && epochMs < sunday(year, 11, 1) + 9 * HOUR_MS;
}

export function pacificTime(epochMs: number): string {
  const daylight = isDaylight(epochMs);
  const local = civil(epochMs - (daylight ? 7 : 8) * HOUR_MS);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${DAYS[local.weekday]} ${MONTHS[local.month - 1]} ${two(local.day)}`;
  const time = `${two(local.hour)}:${two(local.minute)}:${two(local.second)}`;
  return `${day} ${time} ${daylight ? 'PDT' : 'PST'} ${local.year}`;
}
