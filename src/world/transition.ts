// What code inside the world sees: rows, timers, ids and random numbers, as of one instant. All of a transition commits,
// or none of it.

import { randomStream } from './random.ts';
import type { RandomStream } from './random.ts';
import { table } from './define.ts';
import { WAKES } from './journal.ts';
import type { EffectKind, EventKind, Memo, Reconciler, Row, Table, TimerKind } from './define.ts';
import type { Primitives } from './primitives.ts';
import type { Store } from './store.ts';

/** What the kernel offers its transitions. */
export interface Kernel {
  readonly now: number;
  readonly seed: string;
  readonly store: Store;
  readonly primitives: Primitives;
  readonly nextSeq: () => number;
  /** Brings traffic up to now, before something changes what it meets. */
  readonly settle: () => void;
  readonly emit: (tx: Transition, kind: EventKind, payload: unknown) => void;
  readonly blob: (hash: string) => Uint8Array | undefined;
  readonly putBlob: (bytes: Uint8Array) => string;
  readonly note: (kind: string, detail: unknown) => void;
}

interface Counter {
  stream: string;
  used: number;
}
/** How many ids each stream has given out. */
export const counters: Table<Counter> = table<Counter>('world/counters', (row) => row.stream);

/** When the pending look of a reconciler at a row is due, and which timer stands for it. */
export interface PendingWake {
  reconciler: string;
  key: string;
  due: number;
  seq: number;
}
export const wakes: Table<PendingWake> = table<PendingWake>(WAKES, (row) => wakeKey(row.reconciler, row.key));

/** A pending effect: the outbox of the world. */
export interface PendingEffect {
  id: string;
  effect: string;
  nature: EffectKind['nature'];
  time: EffectKind['time'];
  payload: unknown;
}
export const effects: Table<PendingEffect> = table<PendingEffect>('world/effects', (row) => row.id);

export const RECONCILE = 'world/reconcile';

export function wakeKey(reconciler: string, key: string): string {
  return `${reconciler} ${key}`;
}

/** Letters and digits of AWS's hexadecimal ids. */
const HEX = '0123456789abcdef';

/** Where a listing starts and how far it goes. */
export interface ScanOptions {
  /** Only keys that begin with this. */
  prefix?: string;
  /** Only keys after this one. */
  after?: string;
  limit?: number;
}

export class Transition {
  readonly kernel: Kernel;
  /** Which account and region rows belong to; opaque to the kernel. */
  readonly scope: string;

  constructor(kernel: Kernel, scope: string) {
    this.kernel = kernel;
    this.scope = scope;
  }

  /** Virtual time, epoch ms. */
  get now(): number {
    return this.kernel.now;
  }

  get<R extends Row>(rows: Table<R>, key: string): R | undefined {
    return this.kernel.store.get(rows, this.scope, key) as R | undefined;
  }

  /** Rows in key order: all of the scope, or those that an index files under a value. */
  list<R extends Row>(rows: Table<R>, index?: string, value?: string): R[] {
    const found: R[] = [];
    if (index === undefined) {
      this.kernel.store.scan(rows, this.scope, '', (row) => void found.push(row as R));
    } else {
      this.kernel.store.scanIndex(rows, this.scope, index, value ?? '', (row) => void found.push(row as R));
    }
    return found;
  }

  /** What is kept of a table's rows, of all scopes; see `Memo`. */
  memo<V, R extends Row>(memo: Memo<V, R>): V {
    return this.kernel.store.memo(memo);
  }

  /** Rows in key order within limits, for pagination. */
  scan<R extends Row>(rows: Table<R>, { prefix = '', after, limit = Infinity }: ScanOptions = {}): R[] {
    const found: R[] = [];
    const from = after !== undefined && after >= prefix ? after : prefix;
    this.kernel.store.scan(rows, this.scope, from, (row, key) => {
      if (found.length >= limit || !key.startsWith(prefix)) return false;
      if (key !== after) found.push(row as R);
      return true;
    });
    return found;
  }

  /** Rows whose keys are before one and after another, the last one first. */
  scanBack<R extends Row>(
    rows: Table<R>,
    { before, after, limit = Infinity }: { before: string; after: string; limit?: number },
  ): R[] {
    const found: R[] = [];
    this.kernel.store.scanBack(rows, this.scope, before, (row, key) => {
      if (found.length >= limit || key <= after) return false;
      found.push(row as R);
      return true;
    });
    return found;
  }

  put<R extends Row>(rows: Table<R>, row: R): void {
    if (rows.settles) this.kernel.settle();
    this.kernel.store.put(rows, this.scope, row);
  }

  /** Writes a row with some members changed. */
  update<R extends Row>(rows: Table<R>, row: R, change: Partial<R>): R {
    const next = { ...row, ...change };
    this.put(rows, next);
    return next;
  }

  delete<R extends Row>(rows: Table<R>, key: string): void {
    if (rows.settles) this.kernel.settle();
    this.kernel.store.delete(rows, this.scope, key);
  }

  /** Sets a timer. Past instants fire now, after what is already due. */
  schedule<P>(kind: TimerKind<P>, due: number, payload: P): void {
    const { kernel } = this;
    kernel.store.addTimer({
      due: Math.max(due, kernel.now),
      seq: kernel.nextSeq(),
      kind: kind.name,
      scope: this.scope,
      background: kind.background,
      payload,
    });
  }

  /**
   * Asks for a look of a reconciler at a row, at `at` (epoch ms) or now. A row has one pending look, the earliest: a step that is
   * woken early says again when it wants to come back.
   */
  wake<R extends Row>(
    reconciler: Pick<Reconciler<R>, 'name' | 'background'>,
    key: string,
    at: number = this.now,
  ): void {
    const due = Math.max(at, this.now);
    const pending = this.get(wakes, wakeKey(reconciler.name, key));
    if (pending && pending.due <= due) return;
    const { store } = this.kernel;
    const { name, background = false } = reconciler;
    const look = { kind: RECONCILE, scope: this.scope, background, payload: { reconciler: name, key } };
    // The later look that this one replaces would keep the clock moving for nothing.
    if (pending) store.removeTimer({ ...look, due: pending.due, seq: pending.seq });
    const seq = this.kernel.nextSeq();
    store.addTimer({ ...look, due, seq });
    this.put(wakes, { reconciler: reconciler.name, key, due, seq });
  }

  /** Tells the rest of the world; reconcilers that declare a wake for it are woken. */
  emit<P>(kind: EventKind<P>, payload: P): void {
    this.kernel.emit(this, kind, payload);
  }

  /** Asks the outside for work. The effect's handler gets the result in a transition of its own. */
  perform<P, Q>(kind: EffectKind<P, Q>, payload: P): string {
    const id = this.id('effect');
    this.put(effects, { id, effect: kind.name, nature: kind.nature, time: kind.time, payload });
    return id;
  }

  /** Random numbers at an address; see `randomStream`. Key by logical identity, such as a group and an ordinal. */
  random(stream: string, key: string): RandomStream {
    return randomStream(this.kernel.seed, stream, `${this.scope}|${key}`);
  }

  /** A new id of a stream: `length` characters of `alphabet`, never given out before in this scope. */
  id(stream: string, length: number = 17, alphabet: string = HEX): string {
    const used = (this.get(counters, stream)?.used ?? 0) + 1;
    this.put(counters, { stream, used });
    const draw = this.random(`id/${stream}`, String(used));
    let text = '';
    for (let i = 0; i < length; i += 1) text += alphabet[Math.floor(draw(i) * alphabet.length)];
    return text;
  }

  /** A new random UUID (version 4) of a stream. */
  uuid(stream: string): string {
    const digits = this.id(stream, 32);
    const variant = '89ab'[Number.parseInt(digits[16] as string, 16) & 3];
    return [
      digits.slice(0, 8),
      digits.slice(8, 12),
      `4${digits.slice(13, 16)}`,
      `${variant}${digits.slice(17, 20)}`,
      digits.slice(20),
    ].join('-');
  }

  /** Bytes by their address. Allowed inside a transition because content addressing makes it pure. */
  blob(hash: string): Uint8Array {
    const bytes = this.kernel.blob(hash);
    if (!bytes) throw new Error(`No blob ${hash}.`);
    return bytes;
  }

  putBlob(bytes: Uint8Array): string {
    return this.kernel.putBlob(bytes);
  }

  /** Runs `attempt`; if it throws, undoes all that it wrote and throws on. */
  savepoint<T>(attempt: () => T): T {
    const { store } = this.kernel;
    const mark = store.mark();
    try {
      return attempt();
    } catch (error) {
      store.rollback(mark);
      throw error;
    }
  }

  /** Tells the journal something that is not a row. It stays even where a savepoint is rolled back. */
  note(kind: string, detail: unknown): void {
    this.kernel.note(kind, detail);
  }
}
