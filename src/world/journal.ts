// The record of what happened: every committed transition with its cause and its changes, and a hash over all of it. Two
// runs are the same run exactly when their hashes are equal.

import { hex } from './primitives.ts';
import type { Primitives } from './primitives.ts';
import type { Row } from './define.ts';
import { TIMERS } from './timers.ts';
import type { Timer } from './timers.ts';

/** Why a transition ran. */
export interface Cause {
  readonly kind: 'input' | 'timer' | 'reconcile' | 'effect' | 'script';
  /** Operation, timer kind, reconciler or effect. */
  readonly name: string;
  /** What it was given; for an input, its principal too. JSON-like. */
  readonly detail?: unknown;
}

/** One row written or removed. A timer that was set or fired is a row like any other. */
export interface Change {
  readonly table: string;
  readonly key: string;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** One committed transition. */
export interface Entry {
  /** Position in the journal, from 1, without gaps. */
  readonly position: number;
  /** Virtual time, epoch ms. */
  readonly at: number;
  readonly scope: string;
  readonly cause: Cause;
  readonly changes: readonly Change[];
  /** Things worth telling that are not rows: failed calls between services, for one. */
  readonly notes: readonly Note[];
}

export interface Note {
  readonly kind: string;
  readonly detail: unknown;
}

/** Under which name pending looks of reconcilers stand in the journal. */
export const WAKES = 'world/wakes';

/** The hash takes in text by blocks of this many UTF-16 units: one native call for a few hundred transitions. */
const BLOCK = 65_536;
/** How many of the latest entries are kept in memory, unless told otherwise. */
const TAIL = 512;

export class Journal {
  #position = 0;
  #hash = '';
  #pending = '';
  #tail: Entry[] = [];
  readonly #tailLimit: number;
  readonly #primitives: Primitives;

  constructor(primitives: Primitives, tailLimit: number = TAIL) {
    this.#primitives = primitives;
    this.#tailLimit = tailLimit;
  }

  get position(): number {
    return this.#position;
  }

  append(at: number, scope: string, cause: Cause, changes: readonly Change[], notes: readonly Note[]): Entry {
    this.#position += 1;
    const entry: Entry = { position: this.#position, at, scope, cause, changes, notes };
    this.#take(line(entry));
    this.#tail.push(entry);
    if (this.#tail.length > this.#tailLimit * 2) this.#tail = this.#tail.slice(-this.#tailLimit);
    return entry;
  }

  /** 64 hexadecimal digits over everything since the beginning. Reading it changes nothing. */
  hash(): string {
    return hex(this.#primitives.sha256(this.#hash + this.#pending));
  }

  /** The latest entries after `position`, oldest first; only as many as memory keeps. */
  since(position: number): readonly Entry[] {
    const first = this.#tail[0]?.position ?? this.#position + 1;
    return this.#tail.slice(Math.max(0, position + 1 - first));
  }

  fork(): Journal {
    const copy = new Journal(this.#primitives, this.#tailLimit);
    copy.#position = this.#position;
    copy.#hash = this.#hash;
    copy.#pending = this.#pending;
    return copy;
  }

  save(): { position: number; hash: string; pending: string } {
    return { position: this.#position, hash: this.#hash, pending: this.#pending };
  }

  open(saved: { position: number; hash: string; pending: string }): void {
    this.#position = saved.position;
    this.#hash = saved.hash;
    this.#pending = saved.pending;
  }

  #take(text: string): void {
    this.#pending += text;
    if (this.#pending.length < BLOCK) return;
    this.#hash = hex(this.#primitives.sha256(this.#hash + this.#pending));
    this.#pending = '';
  }
}

/** One entry as text. Rows come out in the order in which the code built them, which equal runs share. */
function line(entry: Entry): string {
  const { cause, changes, notes } = entry;
  const detail = cause.detail === undefined ? '' : JSON.stringify(cause.detail);
  let text = `${entry.position} ${entry.at} ${entry.scope} ${cause.kind} ${cause.name} ${detail}\n`;
  for (const { table, key, after } of changes) {
    // A pending look says what its timer says.
    if (table === WAKES) continue;
    text += after === undefined ? `- ${table} ${key}\n` : `+ ${table} ${key} ${content(table, after)}\n`;
  }
  for (const note of notes) text += `! ${note.kind} ${JSON.stringify(note.detail)}\n`;
  return text;
}

/** Timers are most of what is written: without the names of their members. */
function content(table: string, row: Row): string {
  if (table !== TIMERS) return JSON.stringify(row);
  const { due, kind, scope, background, payload } = row as Timer;
  return `${due} ${kind} ${scope}${background ? ' background ' : ' '}${JSON.stringify(payload)}`;
}
