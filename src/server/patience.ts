// How long somebody is waited for.

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
