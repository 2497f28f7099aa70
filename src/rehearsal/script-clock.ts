// The clock of a rehearsal's script. Virtual time moves only while every task of the script is parked: in `sleep`, `until`,
// a long poll, or a timer of the stock SDK. Whatever else a script awaits (a file, a bundle) takes no virtual time. Where it is
// not known who all asks, as in somebody's tests, time moves once nobody has asked for anything for a few turns.

import type { Clock, Host } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Deferred } from '#cloud/gateway.ts';
import type { WireResponse } from '#contract/wire.ts';

/** Longest that a script may park in all, unless its rehearsal says otherwise: a day. */
export const DEFAULT_LIMIT_MS = 86_400_000;

/** How often `until` looks, unless told otherwise (ms). Stock waiters look every 15 seconds too. */
const LOOK_MS = 15_000;

/** Wall time after which a script that awaits something of its own, and is not parked, is given up (ms). */
const STUCK_MS = 60_000;

/** Turns of the event loop without news after which a script that only waits for its timers counts as parked. */
const QUIET_TURNS = 3;

/** A condition that did not come about in time, or a script that never ends. */
class OutOfTime extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OutOfTime';
  }
}

const STUCK =
  `has awaited something of its own for ${STUCK_MS / 1000} s of wall time. ` +
  'Wait for the world with clock.sleep or clock.until, during which virtual time moves.';
const STUCK_TASK = `has awaited something outside the world for ${STUCK_MS / 1000} s of wall time. Do so outside of clock.run.`;

interface Park {
  readonly due: number;
  readonly seq: number;
  readonly resume: () => void;
  cancelled: boolean;
}

export interface UntilOptions {
  /** Virtual ms after which it fails. */
  within: number;
  /** Virtual ms between two looks. */
  every?: number;
  /** What is waited for, for the failure's message. */
  what?: string;
}

export class ScriptClock {
  readonly #clock: Clock<Ctx>;
  readonly #host: Pick<Host, 'wall'>;
  readonly #turn: (idle: boolean) => Promise<void>;
  readonly #counted: boolean;
  readonly #parks: Park[] = [];
  readonly #awaited = new Set<Deferred>();
  #running = 0;
  /** Parks that came from patched timers: a task may or may not wait for them. */
  #timers = 0;
  /** Waits for what really goes on outside, and takes as long as it takes. */
  #outside = 0;
  #seq = 0;
  #news = 0;

  /**
   * `turn` lets the event loop go round once; `idle` says that there is no hurry, because something outside is awaited.
   * `tasks`: whether everything that asks is a task of this clock's, so that it can be counted who is parked.
   * @internal
   */
  constructor(
    clock: Clock<Ctx>,
    host: Pick<Host, 'wall'>,
    turn: (idle: boolean) => Promise<void>,
    tasks: 'counted' | 'unknown' = 'counted',
  ) {
    this.#clock = clock;
    this.#host = host;
    this.#turn = turn;
    this.#counted = tasks === 'counted';
  }

  /** Virtual time, epoch ms. */
  get now(): number {
    return this.#clock.world.now;
  }

  /** Parks the task for `ms` of virtual time. */
  async sleep(ms: number): Promise<void> {
    await this.#parked(new Promise<void>((resolve) => void this.#park(this.now + ms, resolve)));
  }

  /** Parks the task until `condition` holds, looking at it every so often. Returns what the condition returned. */
  async until<Q>(
    condition: () => Q | Promise<Q>,
    { within, every = LOOK_MS, what = 'the condition' }: UntilOptions,
  ): Promise<NonNullable<Q>> {
    const deadline = this.now + within;
    for (;;) {
      const found = await condition();
      if (found) return found;
      if (this.now >= deadline)
        throw new OutOfTime(`${what} did not come about within ${within / 1000} s of virtual time.`);
      await this.sleep(Math.min(every, deadline - this.now));
    }
  }

  /** Runs tasks side by side in virtual time. */
  async all<Q>(tasks: readonly (() => Promise<Q>)[]): Promise<Q[]> {
    const results = tasks.map((task) => this.#task(task));
    return this.#parked(Promise.all(results));
  }

  /**
   * Waits for an answer that comes later, as a parked task.
   * @internal
   */
  async answer(deferred: Deferred): Promise<WireResponse> {
    this.#awaited.add(deferred);
    return this.#parked(deferred.response).finally(() => this.#awaited.delete(deferred));
  }

  /**
   * Awaits something outside the world, such as a program of the user's: no virtual time passes meanwhile.
   * @internal
   */
  async outside<Q>(work: Promise<Q>): Promise<Q> {
    this.#outside += 1;
    try {
      return await work;
    } finally {
      this.#outside -= 1;
      this.#news += 1;
    }
  }

  /**
   * Parks the task until `due` (epoch ms; never, if infinite), or until one of these answers is there.
   * @internal
   */
  async rest(due: number, answers: readonly Deferred[]): Promise<void> {
    for (const deferred of answers) this.#awaited.add(deferred);
    const park = due === Infinity ? undefined : Promise.withResolvers<void>();
    const until = park && this.#park(due, park.resolve);
    try {
      const all = [...(park ? [park.promise] : []), ...answers.map(({ response }) => response)];
      await this.#parked(Promise.race<unknown>(all));
    } finally {
      if (until) until.cancelled = true;
      for (const deferred of answers) this.#awaited.delete(deferred);
    }
  }

  /**
   * For patched `setTimeout`: calls back in virtual time. Returns how to take it back.
   * @internal
   */
  timer(ms: number, run: () => void): () => void {
    this.#timers += 1;
    const park = this.#park(this.now + Math.max(0, ms), () => {
      this.#timers -= 1;
      run();
    });
    return () => {
      if (park.cancelled) return;
      park.cancelled = true;
      this.#timers -= 1;
    };
  }

  /**
   * Runs a script to its end, moving time whenever all of it is parked.
   * @internal
   */
  async drive<Q>(script: () => Promise<Q>, limitMs: number = DEFAULT_LIMIT_MS): Promise<Q> {
    const deadline = this.now + limitMs;
    let ended = false;
    const done = this.#task(script).finally(() => void (ended = true));
    done.catch(() => {}); // Handled below; must not count as unhandled meanwhile.
    let quiet = 0;
    let newsAt = this.#host.wall();
    while (!ended) {
      const news = this.#heard;
      await this.#turn(this.#outside > 0);
      quiet = news === this.#heard ? quiet + 1 : 0;
      if (quiet === 0 || this.#outside > 0) newsAt = this.#host.wall();
      if (ended) break;
      if (!this.#mayMove(quiet)) {
        if (this.#host.wall() - newsAt > STUCK_MS) throw this.#outOfTime(this.#counted ? STUCK : STUCK_TASK);
        continue;
      }
      const next = this.#next();
      if (!next && this.#idle()) {
        throw this.#outOfTime('waits for something that nothing in the world will bring about.');
      }
      const due = Math.min(next?.due ?? Infinity, deadline);
      await this.#clock.advance(due, () => this.#answered() || this.#clock.outbox.failure !== undefined);
      if (this.#clock.outbox.failure) throw this.#clock.outbox.failure;
      if (this.now >= deadline) {
        throw this.#outOfTime(`did not end within ${limitMs / 1000} s of virtual time.`);
      }
      this.#resume(next);
      quiet = 0;
      newsAt = this.#host.wall();
    }
    return done;
  }

  /** An answer that a task waits for has come: time stands until the task has seen it. */
  #answered(): boolean {
    for (const deferred of this.#awaited) if (deferred.answered()) return true;
    return false;
  }

  /** Nothing is on its way, inside the world or outside. */
  #idle(): boolean {
    const { world } = this.#clock;
    return !world.foreground && world.nextDue === undefined && world.pendingEffects().length === 0;
  }

  #outOfTime(what: string): OutOfTime {
    return new OutOfTime(`The ${this.#counted ? 'script' : 'task'} ${what}`);
  }

  /** Changes whenever something was asked for or has come about. Requests of tasks that are not counted show in the world only. */
  get #heard(): number {
    return this.#counted ? this.#news : this.#news + this.#clock.world.position;
  }

  #mayMove(quiet: number): boolean {
    if (!this.#counted) return quiet >= QUIET_TURNS && (this.#awaited.size > 0 || this.#next() !== undefined);
    if (this.#running === 0) return true;
    return this.#timers > 0 && quiet >= QUIET_TURNS;
  }

  async #task<Q>(task: () => Promise<Q>): Promise<Q> {
    this.#running += 1;
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#news += 1;
    }
  }

  /** The task that awaits this counts as parked meanwhile. */
  async #parked<Q>(wait: Promise<Q>): Promise<Q> {
    this.#running -= 1;
    this.#news += 1;
    try {
      return await wait;
    } finally {
      this.#running += 1;
      this.#news += 1;
    }
  }

  #park(due: number, resume: () => void): Park {
    this.#seq += 1;
    this.#news += 1;
    const park = { due, seq: this.#seq, resume, cancelled: false };
    this.#parks.push(park);
    return park;
  }

  #next(): Park | undefined {
    let first: Park | undefined;
    for (const park of this.#parks) {
      if (park.cancelled) continue;
      if (!first || park.due < first.due || (park.due === first.due && park.seq < first.seq)) first = park;
    }
    return first;
  }

  #resume(park: Park | undefined): void {
    if (!park || park.cancelled || park.due > this.now) return;
    park.cancelled = true;
    this.#parks.splice(this.#parks.indexOf(park), 1);
    park.resume();
  }
}
