// Timers as rows: what a world will do, and when.

/** A durable call in the future. Timers fire in the order of (due, seq). */
export interface Timer {
  readonly due: number;
  readonly seq: number;
  readonly kind: string;
  readonly scope: string;
  readonly background: boolean;
  readonly payload: unknown;
}

/** Under which name timers stand in the journal. */
export const TIMERS = 'world/timers';
