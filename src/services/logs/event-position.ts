// Where an event stands among all others of its log group: instant, order of arrival, place in its batch. Positions sort as
// texts; an event's id is made of its position. Pure.

import { instantKey } from './tables.ts';

/** 30 digits. */
export function positionOf(at: number, sequence: string, index: number): string {
  return `${instantKey(at)}${sequence}${String(index).padStart(5, '0')}`;
}

/** 56 digits, as AWS's ids have. */
export function eventId(position: string): string {
  return `3${position}${'0'.repeat(25)}`;
}

/** Stands before every event of an instant and after all earlier ones. */
export function idBefore(at: number): string {
  return eventId(positionOf(Math.max(0, Math.min(at, 9_999_999_999_999)), '0'.repeat(12), 0));
}

/** Stands right behind an event. */
export function idBehind(id: string): string {
  return `${id.slice(0, -1)}1`;
}

export function instantOf(id: string): number {
  return Number(id.slice(1, 14));
}

export function isEventId(text: string): boolean {
  return /^3\d{55}$/.test(text);
}
