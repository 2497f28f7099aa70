// Who moves a world's time, and what stops it. The clock is the only place where a world meets the wall clock, and the wall
// clock is handed in.

import { Outbox } from './outbox.ts';
import type { Performers } from './outbox.ts';
import type { Transition } from './transition.ts';
import type { World } from './world.ts';

/** The outside's own time. */
export interface Host {
  /** Wall time, ms since any fixed instant. */
  wall(): number;
  /** Calls `run` once, `ms` from now; the returned function takes it back. */
  after(ms: number, run: () => void): () => void;
}

/**
 * `virtual`: as fast as the work can be done. `manual`: only when told. A number: that many virtual milliseconds per
 * millisecond of wall time; 1 is real time.
 */
export type ClockMode = 'virtual' | 'manual' | number;

/** While a real process runs, wall time is looked at no less often than this (ms). */
const PACE_LOOK_MS = 50;

/** Between the end of one effect and the beginning of the next that its result asks for, no more wall time passes (ms). */
const UNBROKEN_MS = 2;

/** Steps between two turns of the event loop, so that a long advance does not starve sockets and Ctrl-C. */
const STEPS_PER_TURN = 20_000;

export class Clock<T extends Transition = Transition> {
  readonly world: World<T>;
  readonly outbox: Outbox<T>;
  readonly #host: Host;
  readonly #holds = new Map<symbol, string>();
  readonly #paces = new Map<symbol, { name: string; rate: number }>();
  readonly #waiting = new Set<() => void>();
  readonly #paceRate: number;
  #mode: ClockMode;
  /** Wall and virtual instant from which paced or rated time is counted. */
  #anchor: { wall: number; now: number };
  /** When the last pace ended. */
  #released: { wall: number; now: number } = { wall: -Infinity, now: -1 };
  #takeBack: (() => void) | undefined;
  /** The instant for which the host was last asked to call. */
  #armedFor: number | undefined;
  /** It moves time by itself, for a server. */
  #started = false;

  /**
   * `paceRate`: virtual milliseconds per millisecond of wall time while effects that pace time are under way. `failed`: told of
   * performers that fail; the first failure is kept besides, in the outbox.
   */
  constructor(
    world: World<T>,
    host: Host,
    mode: ClockMode,
    performers: Performers = {},
    { paceRate = 1, failed = () => {} }: { paceRate?: number; failed?: (error: unknown) => void } = {},
  ) {
    this.world = world;
    this.#paceRate = paceRate;
    this.#host = host;
    this.#mode = mode;
    this.#anchor = { wall: host.wall(), now: world.now };
    this.outbox = new Outbox(world, performers, {
      began: ({ effect, time }) => (time === 'paces' ? this.pace(effect, this.#paceRate) : this.hold(effect)),
      changed: () => this.#changed(),
      failed,
    });
  }

  get mode(): ClockMode {
    return this.#mode;
  }

  /** Virtual milliseconds per millisecond of wall time while a real process runs. */
  get rate(): number {
    return typeof this.#mode === 'number' ? this.#mode : this.#paceRate;
  }

  /** How far virtual time is ahead of the wall clock (ms) where it runs at its pace: an hour, after being moved on by one. */
  get ahead(): number | undefined {
    return this.#mode === 1 ? this.#anchor.now - this.#anchor.wall : undefined;
  }

  setMode(mode: ClockMode): void {
    this.#anchor = { wall: this.#host.wall(), now: this.world.now };
    this.#mode = mode;
    this.#changed();
  }

  /** Stops time until the returned function is called. `name` says in `why()` what for; keep it short-lived. */
  hold(name: string): () => void {
    return this.#enlist(this.#holds, name);
  }

  /** Makes time follow the wall clock at `rate` until the returned function is called, because a real process runs. */
  pace(name: string, rate: number = 1): () => void {
    // Time that follows the wall clock by itself goes on as it did.
    if (typeof this.#mode !== 'number' && this.#paces.size === 0 && !this.#unbroken())
      this.#anchor = { wall: this.#host.wall(), now: this.world.now };
    const release = this.#enlist(this.#paces, { name, rate });
    return () => {
      try {
        // What came of it happens now, and not when something happened last.
        if (this.#started) this.catchUp();
      } finally {
        release();
        this.#released = { wall: this.#host.wall(), now: this.world.now };
      }
    };
  }

  /** One effect follows right upon another: virtual time has not gone its own way, and no wall time is lost between them. */
  #unbroken(): boolean {
    const { wall, now } = this.#released;
    return now === this.world.now && this.#host.wall() - wall <= UNBROKEN_MS;
  }

  /** What time waits for right now: nothing, when it runs freely. */
  why(): string[] {
    const reasons = [...this.#holds.values()].map((name) => `held by ${name}`);
    for (const { name, rate } of typeof this.#mode === 'number' ? [] : this.#paces.values())
      reasons.push(`paced by ${name} at ${rate}x wall time`);
    if (this.#mode === 'manual') reasons.push('manual: waits to be advanced');
    if (typeof this.#mode === 'number') reasons.push(`follows wall time at ${this.#mode}x`);
    if (this.#mode === 'virtual' && !this.world.foreground) reasons.push('nothing is pending');
    return reasons;
  }

  /**
   * Moves time up to `limit` (epoch ms), or until `until` holds, and leaves it there. Stops for holds and keeps pace with
   * real processes on the way.
   */
  async advance(limit: number, until?: () => boolean): Promise<void> {
    let steps = 0;
    for (;;) {
      if (until?.() || (this.world.now >= limit && !this.#due(limit))) return;
      if (this.#holds.size > 0) {
        await this.#change();
      } else if (this.#paces.size > 0) {
        await this.#follow(limit);
      } else if (!this.world.step(limit)) {
        this.world.advance(limit);
      } else if ((steps += 1) % STEPS_PER_TURN === 0) {
        await new Promise<void>((resolve) => void this.#host.after(0, resolve));
      }
    }
  }

  /** Moves virtual time as long as something in the foreground is pending. */
  async settle(limit: number): Promise<void> {
    const idle = (): boolean => !this.world.foreground && this.#holds.size === 0 && this.#paces.size === 0;
    if (!idle()) await this.advance(limit, idle);
  }

  /** Keeps a world at wall time x rate until `stop`: for servers. Call `catchUp` before each request. */
  start(): void {
    this.#started = true;
    this.#arm();
  }

  stop(): void {
    this.#started = false;
    this.#takeBack?.();
    this.#takeBack = undefined;
    this.outbox.stop();
  }

  /** Fires what has fallen due on the wall clock. */
  catchUp(): void {
    const follows = typeof this.#mode === 'number' || (this.#mode === 'virtual' && this.#paces.size > 0);
    if (follows && this.#holds.size === 0) this.world.advance(this.#wallNow(this.#followed()));
  }

  /** The rate at which time follows the wall clock while it does. */
  #followed(): number {
    return typeof this.#mode === 'number'
      ? this.#mode
      : Math.min(...[...this.#paces.values()].map((pace) => pace.rate));
  }

  #due(limit: number): boolean {
    return (this.world.nextDue ?? Infinity) <= limit;
  }

  /** Virtual time that wall time has reached since the anchor. */
  #wallNow(rate: number): number {
    return Math.max(
      this.world.now,
      Math.floor(this.#anchor.now + (this.#host.wall() - this.#anchor.wall) * rate),
    );
  }

  async #follow(limit: number): Promise<void> {
    const rate = this.#followed();
    const reached = Math.min(limit, this.#wallNow(rate));
    this.world.advance(reached);
    if (this.world.now >= limit) return;
    const wait = ((this.world.nextDue ?? Infinity) - this.world.now) / rate;
    await this.#change(Math.max(1, Math.min(wait, PACE_LOOK_MS)));
  }

  #arm(): void {
    this.#takeBack?.();
    this.#takeBack = undefined;
    this.#armedFor = undefined;
    if (this.#mode === 'manual' || this.#holds.size > 0) return;
    const due = this.world.nextDue;
    if (this.#mode === 'virtual' && this.#paces.size === 0) {
      if (this.world.foreground) this.#takeBack = this.#host.after(0, () => this.#run());
      return;
    }
    if (due === undefined) return;
    const rate = this.#followed();
    const wait = Math.min(2 ** 31 - 1, Math.max(0, (due - this.#wallNow(rate)) / rate));
    this.#takeBack = this.#host.after(wait, () => this.#run());
    this.#armedFor = due;
  }

  #run(): void {
    if (this.#mode === 'virtual' && this.#paces.size === 0) {
      const free = (): boolean => this.#paces.size === 0 && this.#holds.size === 0 && this.world.foreground;
      for (let steps = 0; steps < STEPS_PER_TURN && free() && this.world.step(); steps += 1);
    } else {
      this.catchUp();
    }
    this.#arm();
  }

  /** Called by whoever commits to the world from outside, so that a newly set timer is not slept through. */
  poke(): void {
    // Most transitions leave what is due next as it was.
    if (this.#armedFor === undefined || this.#armedFor !== this.world.nextDue) this.#arm();
  }

  #enlist<V>(list: Map<symbol, V>, value: V): () => void {
    const key = Symbol();
    list.set(key, value);
    return () => {
      if (list.delete(key)) this.#changed();
    };
  }

  #changed(): void {
    for (const wakeUp of this.#waiting) wakeUp();
    this.#waiting.clear();
    if (this.#started) this.#arm();
  }

  #change(atMostMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const takeBack = atMostMs === undefined ? undefined : this.#host.after(atMostMs, () => wakeUp());
      const wakeUp = (): void => {
        takeBack?.();
        this.#waiting.delete(wakeUp);
        resolve();
      };
      this.#waiting.add(wakeUp);
    });
  }
}
