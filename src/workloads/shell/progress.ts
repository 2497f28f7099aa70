// What a script has done so far, how long that has taken, and when `timeout` ends it.

import type { Doing, Meaning, Printed } from './meaning.ts';

export type Leaving = 'exit' | 'return' | 'break' | 'continue' | 'timeout' | 'endless';

/** Leaves commands that enclose the one that says so. */
export class Leave extends Error {
  readonly how: Leaving;
  readonly status: number;
  readonly at: string;

  constructor(how: Leaving, status: number, at: string) {
    super(how);
    this.how = how;
    this.status = status;
    this.at = at;
  }
}

/** The status of a command that `timeout` has ended. */
export const TIMED_OUT = 124;

export class Progress<A, R> {
  readonly #meaning: Meaning<A, R>;
  readonly #done: (readonly [A, R])[] = [];
  #elapsedMs = 0;
  #deadlineMs = Number.POSITIVE_INFINITY;

  constructor(meaning: Meaning<A, R>) {
    this.#meaning = meaning;
  }

  /** Hands on what is done, and keeps a record of it. */
  *relay(doing: Doing<A, R>): Generator<A, number | Printed, R> {
    let next = doing.next();
    while (!next.done) {
      const leftMs = this.#deadlineMs - this.#elapsedMs;
      const action = Number.isFinite(leftMs) ? this.#meaning.within(next.value, leftMs) : next.value;
      const result = yield action;
      this.#elapsedMs += this.#meaning.took(result);
      this.#done.push([action, result]);
      if (this.#elapsedMs >= this.#deadlineMs) throw new Leave('timeout', TIMED_OUT, 'timeout');
      next = doing.next(result);
    }
    return next.value;
  }

  /** So much has been done: to ask `since` for what comes after. */
  get mark(): number {
    return this.#done.length;
  }

  since(mark: number): readonly (readonly [A, R])[] {
    return this.#done.slice(mark);
  }

  /** Ends what is run after so long. Returns whether that was necessary. */
  *limited(ms: number | undefined, running: Generator<A, void, R>): Generator<A, boolean, R> {
    if (ms === undefined) {
      yield* running;
      return false;
    }
    const outer = this.#deadlineMs;
    this.#deadlineMs = Math.min(outer, this.#elapsedMs + ms);
    try {
      yield* running;
      return false;
    } catch (error) {
      // Where the time of one that encloses it is over as well, it is for that one to end.
      if (!(error instanceof Leave) || error.how !== 'timeout' || this.#elapsedMs >= outer) throw error;
      return true;
    } finally {
      this.#deadlineMs = outer;
    }
  }
}
