// The vocabulary in which state and behaviour are declared. Tables, timers, reconcilers, events and effects are values:
// the kernel lists them, saves them, forks them and shows them. `T` is the context that their functions get.

/** A row: plain JSON-like data, frozen when written. */
export type Row = object;

/** Which key of a row an index files it under; `undefined` leaves the row out. */
export type IndexKey<R extends Row> = (row: R) => string | undefined;

/** A keyed, indexed collection of rows, kept apart for each scope. */
// Members that take rows are methods, so that a table of any row type is a `Table`.
export interface Table<R extends Row = Row> {
  readonly name: string;
  key(row: R): string;
  readonly indexes: Readonly<Record<string, IndexKey<never>>>;
  /** Raised whenever the shape of a row changes; `upgrade` then lifts older rows. */
  readonly version: number;
  upgrade(row: Row, from: number): R;
  /** A write to this table changes what traffic meets, so that traffic is settled up to now before the first one. */
  readonly settles: boolean;
}

export interface TableOptions<R extends Row> {
  version?: number;
  upgrade?: (row: Row, from: number) => R;
  settles?: boolean;
}

/** Declares a table. `name` is `<service>/<plural noun>`. */
export function table<R extends Row>(
  name: string,
  key: (row: R) => string,
  indexes: Record<string, IndexKey<R>> = {},
  options: TableOptions<R> = {},
): Table<R> {
  const { version = 1, upgrade = (row) => row as R, settles = false } = options;
  return { name, key, indexes: indexes as Record<string, IndexKey<never>>, version, upgrade, settles };
}

/**
 * What is worked out from the rows of a table and kept while they stay as they are. It is told of each write and of each
 * that is undone, is part of no snapshot and empty after a fork: it must show in nothing but speed.
 */
export interface Memo<V = unknown, R extends Row = Row> {
  readonly table: Table<R>;
  empty(): V;
  changed(kept: V, scope: string, before: R | undefined, after: R | undefined): void;
}

/** A kind of timer: a durable call in the future. */
export interface TimerKind<P = unknown> {
  readonly name: string;
  /** Background timers fire as time passes but do not keep a virtual clock moving. */
  readonly background: boolean;
  /** Only for the type: the payload that goes with it. */
  readonly payload?: P;
}

/** Declares a kind of timer. */
export function timer<P>(name: string, { background = false }: { background?: boolean } = {}): TimerKind<P> {
  return { name, background };
}

/** What happens when a timer of a kind falls due. */
export interface TimerHandler<P = unknown, T = unknown> {
  readonly kind: TimerKind<P>;
  /** False when the timer has gone stale; the kernel then drops it. */
  live(tx: T, payload: P): boolean;
  fire(tx: T, payload: P): void;
}

/** A fact that one part of the world tells the others; reconcilers wake by it. */
export interface EventKind<P = unknown> {
  readonly name: string;
  readonly payload?: P;
}

/** Declares a kind of event. */
export function event<P>(name: string): EventKind<P> {
  return { name };
}

/** Maps an event to the keys of the rows that should be looked at. */
export interface Wake<P = unknown, T = unknown> {
  readonly on: EventKind<P>;
  keys(tx: T, payload: P): readonly string[];
}

export function wake<P, T = unknown>(
  on: EventKind<P>,
  keys: (tx: T, payload: P) => readonly string[],
): Wake<unknown, T> {
  return { on, keys } as Wake<unknown, T>;
}

/** Level-triggered behaviour of one row: looks at the world as it is, moves the row one step, says when to come back. */
export interface Reconciler<R extends Row = Row, T = unknown> {
  readonly name: string;
  readonly table: Table<R>;
  readonly background?: boolean;
  readonly wakes?: readonly Wake<unknown, T>[];
  /** Returns the instant (epoch ms) of the next look, or nothing to sleep until woken. */
  step(tx: T, row: R): number | undefined | void;
}

/** Work outside the world. Its result comes back as a recorded input. */
export interface EffectKind<P = unknown, Q = unknown> {
  readonly name: string;
  /**
   * `pure`: a function of payload and blobs, free to run again in a fork. `attached`: a process, a socket, an engine; a
   * world that has one pending refuses to be saved or forked.
   */
  readonly nature: 'pure' | 'attached';
  /** `holds`: virtual time stands still meanwhile. `paces`: time follows the wall clock meanwhile. */
  readonly time: 'holds' | 'paces';
  readonly payload?: P;
  readonly result?: Q;
}

export function effect<P, Q>(
  name: string,
  nature: EffectKind['nature'],
  time: EffectKind['time'] = 'holds',
): EffectKind<P, Q> {
  return { name, nature, time };
}

/** What the world does with the result of an effect. */
export interface EffectHandler<P = unknown, Q = unknown, T = unknown> {
  readonly kind: EffectKind<P, Q>;
  done(tx: T, result: Q, payload: P): void;
  /** What has come of an attached effect whose process is gone, where a world may outlive it. */
  lost?(payload: P): Q;
}

/** What a service, a driver or the traffic engine adds to a world. */
export interface Part<T = unknown> {
  readonly name: string;
  readonly tables?: readonly Table[];
  readonly timers?: readonly TimerHandler<unknown, T>[];
  readonly reconcilers?: readonly Reconciler<Row, T>[];
  readonly effects?: readonly EffectHandler<unknown, unknown, T>[];
}
