// Keeps a world on the disk: gathers what its commits change and writes all that piled up at once, so that however many wait
// for the disk, it is asked once.

import { UserError } from '#cloud/user-error.ts';
import type { Change, Head, State, Table } from '#world/index.ts';
import { TIMERS } from '#world/index.ts';
import type { Keeper } from '#world/index.ts';
import type { DiskBlobs } from './blob-shelf.ts';
import type { About, Database } from './database.ts';

/** What nobody waits for, such as a timer that fired by itself, is written after this long (ms). */
const LEISURE_MS = 100;

/** What the disk has to know of a world and of whoever serves it. */
export interface Kept {
  readonly world: {
    readonly now: number;
    readonly tables: readonly Table[];
    head(): Head;
    state(): State;
    keep(keeper: Keeper | undefined): void;
  };
  readonly about: () => About;
}

interface Promised {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Disk {
  readonly folder: string;
  readonly blobs: DiskBlobs;
  readonly #database: Database;
  readonly #failed: (error: UserError) => void;
  readonly #versions = new Map<string, number>();
  #kept: Kept | undefined;
  /** Since the last batch: each row as it was before, and as it is. */
  #changes = new Map<string, Change>();
  #anew = false;
  /** Something was committed, be it only that somebody looked. */
  #touched = false;
  #saved: { readonly now: number; readonly ahead: number | undefined } | undefined;
  #next: Promised | undefined;
  #writing: Promise<void> | undefined;
  #scheduled: { readonly soon: boolean; readonly takeBack: () => void } | undefined;
  #broken: UserError | undefined;

  /** `failed` is told once that the disk does not take what it is given. From then on nothing is durable any more. */
  constructor(folder: string, database: Database, blobs: DiskBlobs, failed: (error: UserError) => void) {
    this.folder = folder;
    this.#database = database;
    this.blobs = blobs;
    this.#failed = failed;
  }

  /** Goes on with the world that was read from here. */
  resume(kept: Kept): void {
    this.#kept?.world.keep(undefined);
    this.#kept = kept;
    for (const { name, version } of kept.world.tables) this.#versions.set(name, version);
    kept.world.keep((changes) => this.#take(changes));
  }

  /** Puts a world in the place of whatever is here, in the next batch as a whole. */
  replace(kept: Kept): void {
    this.#changes = new Map();
    this.#anew = true;
    this.resume(kept);
    this.#take(changesOf(kept.world.state(), kept.world.tables));
  }

  /**
   * Settles when all rows that have been written so far are on the disk; nothing where they are. The clock is among them unless
   * it follows the wall clock, where it will be later anyway; `exactly` it is then too, and what only the journal shows.
   */
  durable(exactly: boolean = false): Promise<void> | undefined {
    if (this.#broken) return Promise.reject(this.#broken);
    if (!this.#behind(exactly)) return this.#writing;
    this.#next ??= promised();
    this.#schedule(true);
    return this.#next.promise;
  }

  /** Writes what is left and puts the log into the database. */
  async close(): Promise<void> {
    this.#kept?.world.keep(undefined);
    try {
      await this.#writing;
      if (!this.#broken) await this.durable(true);
    } finally {
      this.#scheduled?.takeBack();
      this.#database.close();
    }
  }

  /** Lets go of the folder; nothing was served from it. */
  abandon(): void {
    this.#kept?.world.keep(undefined);
    this.#scheduled?.takeBack();
    this.#database.close();
  }

  #take(changes: readonly Change[]): void {
    this.#touched = true;
    for (const change of changes) {
      const place = `${change.table} ${change.key}`;
      const earlier = this.#changes.get(place);
      this.#changes.set(place, earlier ? { ...change, before: earlier.before } : change);
    }
    this.#schedule(false);
  }

  #behind(exactly: boolean): boolean {
    if (this.#changes.size > 0 || this.#anew || this.blobs.waiting) return true;
    const { world, about } = this.#kept as Kept;
    const { ahead } = about();
    if (ahead !== this.#saved?.ahead) return true;
    if (exactly && this.#touched) return true;
    return world.now !== this.#saved?.now && (exactly || ahead === undefined);
  }

  #schedule(soon: boolean): void {
    if (this.#writing || this.#broken || this.#scheduled?.soon || (this.#scheduled && !soon)) return;
    this.#scheduled?.takeBack();
    const write = (): void => this.#write();
    if (soon) {
      // What has come in over other connections by then is written along.
      const immediate = setImmediate(write);
      this.#scheduled = { soon, takeBack: () => clearImmediate(immediate) };
    } else {
      const timeout = setTimeout(write, LEISURE_MS);
      this.#scheduled = { soon, takeBack: () => clearTimeout(timeout) };
    }
  }

  #write(): void {
    this.#scheduled = undefined;
    const { world, about } = this.#kept as Kept;
    const { blobs, filed, written } = this.blobs.take();
    const batch = {
      head: world.head(),
      about: about(),
      anew: this.#anew,
      changes: this.#changes.values(),
      blobs,
      versionOf: (table: string) => this.#versions.get(table) ?? 1,
    };
    const next = this.#next;
    this.#changes = new Map();
    this.#anew = this.#touched = false;
    this.#next = undefined;
    this.#saved = { now: batch.head.now, ahead: batch.about.ahead };
    const commit = (): void => {
      this.#database.commit(batch);
      written();
      next?.resolve();
    };
    const broken = (error: unknown): void => {
      next?.reject(this.#break(error));
    };
    if (filed.length > 0) {
      // Bytes are there before a commit refers to them. Meanwhile the world goes on.
      this.#writing = this.blobs.write(filed).then(commit);
      this.#writing.catch(broken).finally(() => {
        this.#writing = undefined;
        if (this.#next || this.#touched) this.#schedule(this.#next !== undefined);
      });
      return;
    }
    try {
      commit();
    } catch (error) {
      broken(error);
    }
  }

  #break(error: unknown): UserError {
    const { message } = error as Error;
    this.#broken = new UserError('data-not-written', `${this.folder} could not be written: ${message}.`, {
      hint: 'What had been answered until then is safe there. Make room, or see to the disk, and start again.',
    });
    this.#next?.reject(this.#broken);
    this.#failed(this.#broken);
    return this.#broken;
  }
}

function changesOf({ tables, timers }: State, known: readonly Table[]): Change[] {
  const keys = new Map(known.map((table) => [table.name, table]));
  const changes: Change[] = [];
  for (const { name, rows } of tables) {
    for (const [scope, after] of rows) {
      const key = `${scope}|${keys.get(name)?.key(after)}`;
      changes.push({ table: name, key, before: undefined, after });
    }
  }
  for (const after of timers)
    changes.push({ table: TIMERS, key: String(after.seq), before: undefined, after });
  return changes;
}

function promised(): Promised {
  const made = Promise.withResolvers<void>();
  // Whoever waits hears of a failure; where nobody does any more, it is nobody's.
  made.promise.catch(() => {});
  return made;
}
