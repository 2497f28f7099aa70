// Does the world's work outside the world: takes pending effects from the outbox table, runs the performer of each, and
// hands the result back as a recorded input.

import type { Entry } from './journal.ts';
import { effects } from './transition.ts';
import type { PendingEffect, Transition } from './transition.ts';
import type { World } from './world.ts';

/** What a performer is told besides the payload. */
export interface Work {
  readonly id: string;
  readonly scope: string;
  readonly signal: AbortSignal;
  /** Bytes of the world by their address. */
  readonly blob: (hash: string) => Uint8Array | undefined;
}

/**
 * Does one kind of effect. `signal` aborts when the world is closed. Modelled failures are results: a rejection is our bug, or
 * the user's error.
 */
export type Performer = (payload: never, work: Work) => Promise<unknown>;

/** Performers by the name of the effect. */
export type Performers = Readonly<Record<string, Performer>>;

interface Listener {
  /** Returns what to call when the effect is done. */
  began(effect: PendingEffect): () => void;
  changed(): void;
  failed(error: unknown): void;
}

export class Outbox<T extends Transition> {
  readonly #world: World<T>;
  readonly #performers: Performers;
  readonly #listener: Listener;
  readonly #abort = new AbortController();
  readonly #unobserve: () => void;
  readonly #memo = new Map<string, Promise<unknown>>();
  #failure: unknown;

  constructor(world: World<T>, performers: Performers, listener: Listener) {
    this.#world = world;
    this.#performers = performers;
    this.#listener = listener;
    this.#unobserve = world.observe((entry) => this.#look(entry));
    for (const pending of world.pendingEffects()) this.#begin(pending);
  }

  /** The first failure of a performer, if any: our bug, to be shown and not to be swallowed. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Aborts what is under way. */
  stop(): void {
    this.#unobserve();
    this.#abort.abort();
  }

  #look(entry: Entry): void {
    for (const { table, key, before, after } of entry.changes) {
      if (table !== effects.name || before !== undefined || after === undefined) continue;
      this.#begin({ ...(after as PendingEffect), scope: key.slice(0, key.indexOf('|')) });
    }
  }

  #begin(pending: PendingEffect & { scope: string }): void {
    const { id, scope } = pending;
    const done = this.#listener.began(pending);
    this.#perform(pending)
      .then(
        (result) => {
          done();
          if (!this.#abort.signal.aborted) this.#world.complete(scope, id, result);
        },
        (error: unknown) => {
          done();
          throw error;
        },
      )
      .catch((error: unknown) => {
        this.#failure ??= error;
        if (!this.#abort.signal.aborted) this.#listener.failed(error);
      })
      .finally(() => this.#listener.changed());
  }

  #perform({ id, scope, effect, nature, payload }: PendingEffect & { scope: string }): Promise<unknown> {
    const performer = this.#performers[effect];
    if (!performer) return Promise.reject(new Error(`Nothing here performs the effect ${effect}.`));
    const run = (): Promise<unknown> =>
      performer(payload as never, {
        id,
        scope,
        signal: this.#abort.signal,
        blob: (hash) => this.#world.blobs.get(hash),
      });
    if (nature === 'attached') return run();
    const place = `${effect} ${JSON.stringify(payload)}`;
    const known = this.#memo.get(place) ?? run();
    this.#memo.set(place, known);
    return known;
  }
}
