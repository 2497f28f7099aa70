// How long somebody is waited for: by the wall clock, also in a rehearsal, whose scripts have timers of their own.

import { clearTimeout, setTimeout } from 'node:timers';

export class Patience {
  readonly #timer: NodeJS.Timeout;

  /** `over` is called after `ms` without news. */
  constructor(ms: number, over: () => void) {
    this.#timer = setTimeout(over, ms);
    this.#timer.unref();
  }

  /** There is news. */
  renew(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
