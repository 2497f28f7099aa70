// Time and chance as a rehearsal's worker sees them: `Date` and timers are the world's, so that stock SDK waiters and retries park
// too; random numbers come from the seed, so that the idempotency tokens and pauses of stock SDK clients are the same each time.

import type { RandomStream } from '#world/index.ts';
import type { ScriptClock } from './script-clock.ts';

/** Puts the world's time, chance and network in place of the runtime's until the returned function is called. */
export function useVirtualTime(
  clock: Pick<ScriptClock, 'now' | 'timer'>,
  random: RandomStream,
  worldFetch: typeof fetch,
): () => void {
  let draws = 0;
  const draw = (): number => random((draws += 1));
  const realRandom = Math.random;
  const real = {
    Date: globalThis.Date,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    fetch: globalThis.fetch,
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
    fetch: worldFetch,
  });
  Math.random = draw;
  // An own property hides the class's method until it is deleted.
  Object.defineProperty(globalThis.crypto, 'randomUUID', { value: () => uuid(draw), configurable: true });
  return () => {
    Object.assign(globalThis, real);
    Math.random = realRandom;
    Reflect.deleteProperty(globalThis.crypto, 'randomUUID');
  };
}

/** A version 4 UUID of numbers in [0, 1). */
function uuid(draw: () => number): string {
  const word = (): string =>
    Math.floor(draw() * 0x100000000)
      .toString(16)
      .padStart(8, '0');
  const digits = `${word()}${word()}${word()}${word()}`;
  const variant = '89ab'[Number.parseInt(digits[16] as string, 16) % 4] as string;
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20),
  ].join('-');
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
