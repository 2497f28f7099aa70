// The two forms of an instant that signatures use.

import { formatIso, parseIso } from '../protocols/timestamp.ts';

/** Reads `20130524T000000Z`, the form of X-Amz-Date. */
export function parseAmzDate(text: string): number | undefined {
  return /^\d{8}T\d{6}Z$/.test(text) ? parseIso(text) : undefined;
}

/** `20130524T000000Z`. */
export function formatAmzDate(atMs: number): string {
  return formatIsoSeconds(atMs).replaceAll(/[-:]/g, '');
}

/** `2013-05-24T00:00:00Z`; milliseconds are cut off. */
export function formatIsoSeconds(atMs: number): string {
  return `${formatIso(atMs).slice(0, 19)}Z`;
}
