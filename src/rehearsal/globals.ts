// Time as a rehearsal's worker sees it: `Date` and timers are the world's, so that stock SDK waiters and retries park too.

import type { ScriptClock } from './script-clock.ts';

/** Puts the world's time in place of the runtime's until the returned function is called. */
export function useVirtualTime(clock: ScriptClock): () => void {
  const real = {
    Date: globalThis.Date,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
  };
  const takeBack = new Map<number, () => void>();
  let last = 0;
  const set = (run: (...rest: unknown[]) => void, ms: number = 0, ...rest: unknown[]): VirtualTimer => {
    const id = (last += 1);
    takeBack.set(
      id,
      clock.timer(ms, () => {
        takeBack.delete(id);
        run(...rest);
      }),
    );
    return new VirtualTimer(id);
  };
  const clear = (timer: VirtualTimer | number | undefined): void => {
    const id = Number(timer);
    takeBack.get(id)?.();
    takeBack.delete(id);
  };
  const repeat = (run: (...rest: unknown[]) => void, ms: number = 0, ...rest: unknown[]): VirtualTimer => {
    const id = (last += 1);
    const again = (): void => {
      takeBack.set(
        id,
        clock.timer(Math.max(1, ms), () => {
          again();
          run(...rest);
        }),
      );
    };
    again();
    return new VirtualTimer(id);
  };
  const VirtualDate = class extends real.Date {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [clock.now] : given) as [number]));
    }
    static override now(): number {
      return clock.now;
    }
  };
  Object.assign(globalThis, {
    Date: VirtualDate,
    setTimeout: set,
    clearTimeout: clear,
    setInterval: repeat,
    clearInterval: clear,
  });
  return () => void Object.assign(globalThis, real);
}

/** What `setTimeout` returns in Node: usable as a number, and with `ref` and `unref`. */
class VirtualTimer {
  readonly #id: number;
  constructor(id: number) {
    this.#id = id;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
  [Symbol.toPrimitive](): number {
    return this.#id;
  }
}
