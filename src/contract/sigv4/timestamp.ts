// The two forms of an instant that signatures use.

import { formatIso, instantMs } from '../protocols/timestamp.ts';

const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Reads `20130524T000000Z`, the form of X-Amz-Date. */
export function parseAmzDate(text: string): number | undefined {
  const found = AMZ_DATE.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second] = found;
  return instantMs(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
}

/** `20130524T000000Z`. */
export function formatAmzDate(atMs: number): string {
  return formatIsoSeconds(atMs).replaceAll(/[-:]/g, '');
}

/** `2013-05-24T00:00:00Z`; milliseconds are cut off. */
export function formatIsoSeconds(atMs: number): string {
  return `${formatIso(atMs).slice(0, 19)}Z`;
}
