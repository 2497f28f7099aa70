// One isolated cloud as a value: its clock, its rows, its timers, its random streams. Nothing here waits: a world moves only
// when it is told to step, and each step is one synchronous transition.

import { Blobs } from './blobs.ts';
import type { BlobShelf } from './blobs.ts';
import type { EffectHandler, EventKind, Part, Reconciler, Row, Table, TimerHandler, Wake } from './define.ts';
import { Journal } from './journal.ts';
import type { Cause, Change, Entry, Note } from './journal.ts';
import type { Primitives } from './primitives.ts';
import { FORMAT, readSnapshot, stateOf } from './snapshot.ts';
import type { Head, Snapshot, State } from './snapshot.ts';
import { Store } from './store.ts';
import type { Timer } from './store.ts';
import { counters, effects, RECONCILE, wakeKey, wakes } from './transition.ts';
import type { Kernel, PendingEffect, PendingWake, Transition } from './transition.ts';

/** How many transitions may happen at one instant before the world is taken to be going round in circles. */
const INSTANT_LIMIT = 1_000_000;

/** Our own bug: a transition threw something that is not part of the model. Carries how to get there again. */
export class WorldCrash extends Error {
  readonly seed: string;
  readonly position: number;
  constructor(world: { seed: string; position: number; now: number }, cause: Cause, error: unknown) {
    const what = error instanceof Error ? error.message : String(error);
    super(
      `${what}\n  in ${cause.kind} ${cause.name} at ${world.now} ms, after journal entry ${world.position}; ` +
        `reproduce with the same inputs and --seed ${world.seed}`,
      { cause: error },
    );
    this.name = 'WorldCrash';
    this.seed = world.seed;
    this.position = world.position;
  }
}

export interface WorldOptions<T extends Transition> {
  /** Equal seeds and equal inputs give equal journals, byte for byte. */
  seed: string;
  /** First instant, epoch ms. */
  startAt: number;
  parts: readonly Part<T>[];
  primitives: Primitives;
  /** Makes the context that timers, reconcilers and effects see. */
  enter: (kernel: Kernel, scope: string) => T;
  /** Called before each write that changes what traffic meets; the second time at an instant there is nothing left to do. */
  settle?: (tx: T) => void;
  /** How many journal entries memory keeps. */
  journalTail?: number;
  /** Where bytes lie; in memory unless given. */
  blobs?: BlobShelf;
}

/** Told of all that a commit changed, also where it is no event of the world, so that somebody can keep it elsewhere. */
export type Keeper = (changes: readonly Change[]) => void;

export class World<T extends Transition = Transition> {
  readonly #options: WorldOptions<T>;
  readonly #behaviour: Behaviour<T>;
  readonly #kernel: Kernel & { now: number };
  readonly #observers = new Set<(entry: Entry) => void>();
  #keeper: Keeper | undefined;
  #store: Store;
  #journal: Journal;
  #blobs: Blobs;
  #now: number;
  #seq = 0;
  #notes: Note[] = [];
  #settling = false;
  #busy = false;
  #instantSteps = 0;

  constructor(
    options: WorldOptions<T>,
    from?: { store: Store; journal: Journal; blobs: Blobs; now: number; seq: number },
  ) {
    this.#options = options;
    this.#behaviour = behaviourOf(options.parts);
    this.#store = from?.store ?? new Store(this.#behaviour.tables);
    this.#journal = from?.journal ?? new Journal(options.primitives, options.journalTail);
    this.#blobs = from?.blobs ?? new Blobs(options.primitives, options.blobs);
    this.#now = from?.now ?? options.startAt;
    this.#seq = from?.seq ?? 0;
    this.#kernel = this.#makeKernel();
  }

  get seed(): string {
    return this.#options.seed;
  }

  /** Virtual time, epoch ms. */
  get now(): number {
    return this.#now;
  }

  /** How many transitions were committed. */
  get position(): number {
    return this.#journal.position;
  }

  get blobs(): Blobs {
    return this.#blobs;
  }

  /** Hash over everything that happened since the beginning. */
  hash(): string {
    return this.#journal.hash();
  }

  /** Latest journal entries after `position`. */
  journal(position: number = 0): readonly Entry[] {
    return this.#journal.since(position);
  }

  /** Calls `observer` after each commit until the returned function is called. */
  observe(observer: (entry: Entry) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Tells `keeper` of each commit from now on, before anybody else; forks are not kept. */
  keep(keeper: Keeper | undefined): void {
    this.#keeper = keeper;
  }

  /** Runs one transition. What it throws rolls everything back and is thrown on. */
  transact<Q>(scope: string, cause: Cause, run: (tx: T) => Q): Q {
    if (this.#busy) throw new Error(`Transition ${cause.name} began inside another.`);
    const seq = this.#seq;
    this.#busy = true;
    try {
      const result = run(this.#options.enter(this.#kernel, scope));
      this.#commit(scope, cause);
      return result;
    } catch (error) {
      this.#store.rollback(0);
      this.#seq = seq;
      this.#notes = [];
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** Reads rows outside a transition. Writing through it is a bug and is rolled back. */
  read<Q>(scope: string, look: (tx: T) => Q): Q {
    if (this.#busy) throw new Error('A world is read from outside only between transitions.');
    this.#busy = true;
    const seq = this.#seq;
    try {
      return look(this.#options.enter(this.#kernel, scope));
    } finally {
      this.#store.rollback(0);
      this.#seq = seq;
      this.#notes = [];
      this.#busy = false;
    }
  }

  /** When the next timer is due, epoch ms. */
  get nextDue(): number | undefined {
    return this.#store.firstTimer()?.due;
  }

  /** True while something is on its way that a virtual clock should move for. */
  get foreground(): boolean {
    return this.#store.foreground > 0;
  }

  /** Fires the next timer if it is due by `limit`; time becomes the timer's own. False when there was none. */
  step(limit: number = Infinity): boolean {
    const timer = this.#store.firstTimer();
    if (!timer || timer.due > limit) return false;
    if (timer.due > this.#now) {
      this.#now = timer.due;
      this.#instantSteps = 0;
    }
    this.#instantSteps += 1;
    const cause: Cause = {
      kind: timer.kind === RECONCILE ? 'reconcile' : 'timer',
      name: nameOf(timer),
      detail: timer.payload,
    };
    if (this.#instantSteps > INSTANT_LIMIT) throw this.#crash(cause, new Error('Time does not move on.'));
    this.#fire(timer, cause);
    return true;
  }

  /** Fires everything due by `instant` (epoch ms) and leaves the clock there. */
  advance(instant: number): void {
    while (this.step(instant));
    if (instant > this.#now) {
      this.#now = instant;
      this.#instantSteps = 0;
    }
  }

  /** Effects that wait to be done by the outside, oldest first. */
  pendingEffects(): (PendingEffect & { scope: string })[] {
    const found: (PendingEffect & { scope: string })[] = [];
    this.#store.scanAll(effects, (row, scope) => void found.push({ ...(row as PendingEffect), scope }));
    return found;
  }

  /** Hands in the result of an effect. A result nobody waits for any more is dropped: false. */
  complete(scope: string, id: string, result: unknown): boolean {
    const pending = this.#store.get(effects, scope, id) as PendingEffect | undefined;
    if (!pending) return false;
    const handler = this.#behaviour.effects.get(pending.effect);
    if (!handler) throw new Error(`No part of this world handles the effect ${pending.effect}.`);
    this.transact(scope, { kind: 'effect', name: pending.effect, detail: { id, result } }, (tx) => {
      tx.delete(effects, id);
      handler.done(tx, result, pending.payload);
    });
    return true;
  }

  /** Names of the attached effects that are under way: with one of them a world is neither saved nor forked. */
  attached(): string[] {
    const attached = this.pendingEffects().filter((effect) => effect.nature === 'attached');
    return [...new Set(attached.map((effect) => effect.effect))];
  }

  /** Ends attached effects that were under way in a process that is gone. Nothing waits for them any longer. */
  loseAttached(): void {
    for (const { scope, id, effect, nature, payload } of this.pendingEffects()) {
      if (nature !== 'attached') continue;
      const handler = this.#behaviour.effects.get(effect);
      if (!handler?.lost) throw new Error(`Nothing says what comes of ${effect} where its process is gone.`);
      this.complete(scope, id, handler.lost(payload));
    }
  }

  /** A copy that shares no future with this world: constant time. Refused while an attached effect is pending. */
  fork(): World<T> {
    this.#refuseAttached('forked');
    return new World(this.#options, {
      store: this.#store.fork(),
      journal: this.#journal.fork(),
      blobs: this.#blobs,
      now: this.#now,
      seq: this.#seq,
    });
  }

  /** The whole world as data. Refused while an attached effect is pending. */
  save(): Snapshot {
    this.#refuseAttached('saved');
    return { ...this.state(), blobs: [...this.#blobs.entries()] };
  }

  /** Rows and timers as they are, attached effects that are under way included. */
  state(): State {
    return stateOf(this.head(), this.#store);
  }

  head(): Head {
    const journal = this.#journal.save();
    return { format: FORMAT, seed: this.seed, now: this.#now, seq: this.#seq, journal };
  }

  get tables(): readonly Table[] {
    return this.#behaviour.tables;
  }

  /** A world as it was saved, under today's behaviour; rows of older versions are upgraded. */
  static open<T extends Transition>(
    options: Omit<WorldOptions<T>, 'seed' | 'startAt'>,
    snapshot: Snapshot,
  ): World<T> {
    const all = { ...options, seed: snapshot.seed, startAt: snapshot.now };
    const store = new Store(behaviourOf(options.parts).tables);
    const journal = new Journal(options.primitives, options.journalTail);
    const blobs = new Blobs(options.primitives, options.blobs);
    readSnapshot(snapshot, store, journal, blobs);
    return new World(all, { store, journal, blobs, now: snapshot.now, seq: snapshot.seq });
  }

  #fire(timer: Timer, cause: Cause): void {
    try {
      this.transact(timer.scope, cause, (tx) => {
        this.#store.removeTimer(timer);
        if (timer.kind === RECONCILE) this.#reconcile(tx, timer);
        else this.#call(tx, timer);
      });
    } catch (error) {
      throw error instanceof WorldCrash ? error : this.#crash(cause, error);
    }
  }

  #call(tx: T, timer: Timer): void {
    const handler = this.#behaviour.timers.get(timer.kind);
    if (!handler) throw new Error(`No part of this world handles the timer ${timer.kind}.`);
    if (handler.live(tx, timer.payload)) handler.fire(tx, timer.payload);
  }

  #reconcile(tx: T, timer: Timer): void {
    const { reconciler: name, key } = timer.payload as PendingWake;
    const place = wakeKey(name, key);
    if (tx.get(wakes, place)?.seq !== timer.seq) return;
    tx.delete(wakes, place);
    const reconciler = this.#behaviour.reconcilers.get(name);
    if (!reconciler) throw new Error(`No part of this world has the reconciler ${name}.`);
    const row = tx.get(reconciler.table, key);
    if (row === undefined) return;
    const next = reconciler.step(tx, row);
    if (next !== undefined) tx.wake(reconciler, key, next);
  }

  #commit(scope: string, cause: Cause): void {
    const changes = this.#store.commit();
    this.#keeper?.(changes);
    // A stale timer that was dropped is no event of the world.
    if (
      changes.length === 1 &&
      cause.kind !== 'input' &&
      this.#notes.length === 0 &&
      changes[0]?.after === undefined
    )
      return;
    const entry = this.#journal.append(this.#now, scope, cause, changes, this.#notes);
    if (this.#notes.length > 0) this.#notes = [];
    for (const observer of this.#observers) observer(entry);
  }

  #crash(cause: Cause, error: unknown): WorldCrash {
    return new WorldCrash({ seed: this.seed, position: this.position, now: this.#now }, cause, error);
  }

  #refuseAttached(verb: string): void {
    const names = this.attached();
    if (names.length > 0)
      throw new Error(`A world cannot be ${verb} while work outside it is under way: ${names.join(', ')}.`);
  }

  #makeKernel(): Kernel & { now: number } {
    const world = this;
    return {
      get now() {
        return world.#now;
      },
      set now(_) {},
      seed: this.#options.seed,
      get store() {
        return world.#store;
      },
      primitives: this.#options.primitives,
      nextSeq: () => (this.#seq += 1),
      settle: () => this.#settle(),
      emit: (tx, kind, payload) => this.#emit(tx as T, kind, payload),
      blob: (hash) => this.#blobs.get(hash),
      putBlob: (bytes) => this.#blobs.put(bytes),
      note: (kind, detail) => void this.#notes.push({ kind, detail }),
    };
  }

  /** Settling writes rows that settle, so it must not begin again within itself. Twice at one instant does no harm. */
  #settle(): void {
    if (this.#settling || !this.#options.settle) return;
    this.#settling = true;
    try {
      this.#options.settle(this.#options.enter(this.#kernel, ''));
    } finally {
      this.#settling = false;
    }
  }

  #emit(tx: T, kind: EventKind, payload: unknown): void {
    for (const { reconciler, wake } of this.#behaviour.wakes.get(kind.name) ?? []) {
      for (const key of wake.keys(tx, payload)) tx.wake(reconciler, key);
    }
  }
}

function nameOf(timer: Timer): string {
  return timer.kind === RECONCILE ? (timer.payload as PendingWake).reconciler : timer.kind;
}

/** Parts, looked up by name. Two parts that claim one name refuse to make a world. */
interface Behaviour<T> {
  tables: readonly Table[];
  timers: ReadonlyMap<string, TimerHandler<unknown, T>>;
  reconcilers: ReadonlyMap<string, Reconciler<Row, T>>;
  effects: ReadonlyMap<string, EffectHandler<unknown, unknown, T>>;
  wakes: ReadonlyMap<string, readonly { reconciler: Reconciler<Row, T>; wake: Wake<unknown, T> }[]>;
}

function behaviourOf<T>(parts: readonly Part<T>[]): Behaviour<T> {
  const woken = new Map<string, { reconciler: Reconciler<Row, T>; wake: Wake<unknown, T> }[]>();
  const reconcilers = parts.flatMap((part) => part.reconcilers ?? []);
  for (const reconciler of reconcilers) {
    for (const wake of reconciler.wakes ?? []) {
      woken.set(wake.on.name, [...(woken.get(wake.on.name) ?? []), { reconciler, wake }]);
    }
  }
  return {
    tables: [counters, wakes, effects, ...parts.flatMap((part) => part.tables ?? [])],
    timers: unique(
      parts.flatMap((part) => part.timers ?? []),
      (handler) => handler.kind.name,
    ),
    reconcilers: unique(reconcilers, (reconciler) => reconciler.name),
    effects: unique(
      parts.flatMap((part) => part.effects ?? []),
      (handler) => handler.kind.name,
    ),
    wakes: woken,
  };
}

function unique<V>(values: readonly V[], name: (value: V) => string): Map<string, V> {
  const found = new Map<string, V>();
  for (const value of values) {
    if (found.has(name(value))) throw new Error(`Two parts of this world are named ${name(value)}.`);
    found.set(name(value), value);
  }
  return found;
}
