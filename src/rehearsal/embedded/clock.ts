// The clock of a world in somebody's tests. Time stands unless the test moves it; while it moves, it stops for whoever it
// brings something: an answer, a timer.

import type { RandomStream } from '#world/index.ts';
import { UserError } from '#cloud/user-error.ts';
import { useVirtualTime } from '../globals.ts';
import { DEFAULT_LIMIT_MS } from '../script-clock.ts';
import type { ScriptClock, UntilOptions } from '../script-clock.ts';

/** How often `until` looks, unless told otherwise (virtual ms). */
const LOOK_MS = 1000;

/** What the globals of this thread are lent to: two worlds cannot both be their time. */
let borrower: WorldClock | undefined;

export class WorldClock {
  readonly #script: ScriptClock;
  readonly #chance: () => RandomStream;
  readonly #fetch: typeof fetch;
  readonly #joined = new Set<Promise<unknown>>();
  #moving = false;

  /** @internal */
  constructor(script: ScriptClock, chance: () => RandomStream, worldFetch: typeof fetch) {
    this.#script = script;
    this.#chance = chance;
    this.#fetch = worldFetch;
  }

  /** The world's time (epoch ms). */
  get now(): number {
    return this.#script.now;
  }

  /**
   * Whether time is being moved right now.
   * @internal
   */
  get moving(): boolean {
    return this.#moving;
  }

  /**
   * Moves time on by `ms` (virtual), instant by instant. Code under test that is told something on the way, such as a consumer
   * in a long poll, gets to react at that very instant, as long as it reacts in memory: time does not wait for real files or
   * sockets.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new UserError('bad-time', `Time moves on by milliseconds; it was told ${String(ms)}.`, {
        hint: 'Give a number that is not negative, such as 30_000 for half a minute.',
      });
    }
    await this.#move(() => this.#script.sleep(Math.round(ms)), Infinity);
  }

  /**
   * Moves time on until `condition` returns something true, and returns that. Looks at once and then every `every` virtual ms
   * (a second unless given). Throws when `within` virtual ms have passed without; `what` names it in the message.
   */
  until<Q>(condition: () => Q | Promise<Q>, options: UntilOptions): Promise<NonNullable<Q>> {
    const { within } = options;
    if (!(within >= 0 && within < Infinity)) {
      throw new UserError('bad-time', `until needs a deadline; it was given within: ${String(within)}.`, {
        hint: 'Give virtual milliseconds, such as { within: 5 * 60_000 }.',
      });
    }
    return this.#move(() => this.#script.until(condition, { every: LOOK_MS, ...options }), Infinity);
  }

  /**
   * Runs `task` in the world's time: until it ends, `Date`, `setTimeout` and `setInterval` are the world's in this whole
   * thread, and time moves whenever everything waits. So waiters of the SDK, its retries, long polls, invocations and the
   * pauses of your own code take virtual time only. `Math.random`, `crypto.randomUUID` and with them the idempotency tokens of
   * SDK clients come from the seed, and `fetch` of URLs of AWS, such as presigned ones, leads into the world.
   *
   * Throws when the task has not ended after `within` virtual ms (a day unless given), or waits for what nothing will bring
   * about. A thread has one time: `UserError` `time-in-use` where another world's task is under way.
   */
  async run<Q>(
    task: () => Q | Promise<Q>,
    { within = DEFAULT_LIMIT_MS }: { within?: number } = {},
  ): Promise<Q> {
    if (borrower === this) return task();
    if (borrower) {
      throw new UserError('time-in-use', 'A task of another world runs in its own time in this thread.', {
        hint: 'Await one clock.run before the next, and do not mark such tests as concurrent.',
      });
    }
    borrower = this;
    const restore = useVirtualTime(this.#script, this.#chance(), this.#fetch);
    try {
      return await this.#move(async () => task(), within);
    } finally {
      restore();
      borrower = undefined;
    }
  }

  /** One moves time, and lets others join in: it goes on until all of them have what they wait for. */
  async #move<Q>(task: () => Promise<Q>, limitMs: number): Promise<Q> {
    if (this.#moving) {
      const joined = task();
      this.#joined.add(joined);
      return joined.finally(() => this.#joined.delete(joined));
    }
    this.#moving = true;
    try {
      return await this.#script.drive(async () => {
        try {
          return await task();
        } finally {
          while (this.#joined.size > 0) await Promise.allSettled(this.#joined);
        }
      }, limitMs);
    } finally {
      this.#moving = false;
    }
  }
}
