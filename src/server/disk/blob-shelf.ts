// Bytes on the disk: small ones as rows of the database, larger ones as files beside it. Those that were read lately are kept
// in memory.

import { hash as digest } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobShelf } from '#world/index.ts';
import { DamagedError } from './database.ts';
import type { Contents, Database } from './database.ts';

/**
 * Larger blobs have files of their own: from here on a file is written faster than a row, and beside other work. Measured on
 * ext4: 64 KiB 0.4 ms as a row and 0.6 ms as a file, 10 MB 45 ms (with nothing else going on) and 9 to 20 ms.
 */
const LARGEST_ROW = 65_536;
/** Bytes of blobs that memory keeps. */
const CACHE_BYTES = 67_108_864;

/** An address has 64 digits; where there are more, it may begin at any of them. */
const DIGITS = /[0-9a-f]{64,}/g;
const ADDRESS_DIGITS = 64;

export class DiskBlobs implements BlobShelf {
  readonly #folder: string;
  readonly #database: Database;
  /** Whether each blob has a file of its own. */
  readonly #known = new Map<string, boolean>();
  /** Not on the disk yet. */
  #fresh = new Map<string, Uint8Array>();
  #writing: ReadonlyMap<string, Uint8Array> = new Map();
  /** The one that was used last comes last. */
  readonly #cache = new Map<string, Uint8Array>();
  #cached = 0;

  constructor(folder: string, database: Database) {
    this.#folder = folder;
    this.#database = database;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Finds what the database says is there, and removes what no row refers to. Throws `DamagedError`. */
  open({ state, blobs }: Contents): void {
    const used = addressesIn(state, blobs);
    const gone = [...blobs.keys()].filter((hash) => !used.has(hash));
    for (const [hash, { size, filed }] of blobs) {
      if (!used.has(hash)) continue;
      if (filed && sizeOf(join(this.#folder, hash)) !== size)
        throw new DamagedError(`the file of ${size} bytes ${join(this.#folder, hash)} is missing or torn`);
      this.#known.set(hash, filed);
    }
    if (gone.length > 0) this.#database.forget(gone);
    // A file is there before the commit that refers to it: some were never referred to.
    for (const name of readdirSync(this.#folder))
      if (this.#known.get(name) !== true) unlinkSync(join(this.#folder, name));
  }

  has(hash: string): boolean {
    return this.#known.has(hash);
  }

  get(hash: string): Uint8Array | undefined {
    const filed = this.#known.get(hash);
    if (filed === undefined) return undefined;
    const near = this.#fresh.get(hash) ?? this.#writing.get(hash) ?? this.#cache.get(hash);
    const bytes = near ?? this.#read(hash, filed);
    this.#remember(hash, bytes);
    return bytes;
  }

  set(hash: string, bytes: Uint8Array): void {
    this.#known.set(hash, bytes.length > LARGEST_ROW);
    this.#fresh.set(hash, bytes);
  }

  *entries(): IterableIterator<[string, Uint8Array]> {
    for (const hash of this.#known.keys()) yield [hash, this.get(hash) as Uint8Array];
  }

  /** Some are not on the disk yet. */
  get waiting(): boolean {
    return this.#fresh.size > 0;
  }

  /** Hands over what has to be on the disk before the next commit is: `written` when it is. */
  take(): { blobs: [string, Uint8Array | number][]; filed: [string, Uint8Array][]; written: () => void } {
    const taken = this.#fresh;
    this.#fresh = new Map();
    this.#writing = taken;
    const filed = [...taken].filter(([, bytes]) => bytes.length > LARGEST_ROW);
    const written = (): void => {
      this.#writing = new Map();
      for (const [hash, bytes] of taken) this.#remember(hash, bytes);
    };
    const blobs = [...taken].map(([hash, bytes]): [string, Uint8Array | number] => [
      hash,
      bytes.length > LARGEST_ROW ? bytes.length : bytes,
    ]);
    return { blobs, filed, written };
  }

  /** Writes files, and comes back when the disk has them and their names. */
  async write(files: readonly (readonly [hash: string, bytes: Uint8Array])[]): Promise<void> {
    await Promise.all(files.map(([hash, bytes]) => writeDurably(join(this.#folder, hash), bytes)));
    await synchronise(this.#folder);
  }

  #read(hash: string, filed: boolean): Uint8Array {
    const bytes = filed ? readFileSync(join(this.#folder, hash)) : this.#database.blob(hash);
    if (bytes === undefined || digest('sha256', bytes, 'hex') !== hash)
      throw new DamagedError(`The blob ${hash} in ${this.#folder} is damaged.`);
    return bytes;
  }

  #remember(hash: string, bytes: Uint8Array): void {
    if (bytes.length > CACHE_BYTES / 4) return;
    if (this.#cache.delete(hash)) this.#cached -= bytes.length;
    this.#cache.set(hash, bytes);
    this.#cached += bytes.length;
    for (const [oldest, { length }] of this.#cache) {
      if (this.#cached <= CACHE_BYTES) return;
      this.#cache.delete(oldest);
      this.#cached -= length;
    }
  }
}

/** Addresses of blobs wherever they stand in rows and timers. */
export function addressesIn(
  { tables, timers }: Pick<Contents['state'], 'tables' | 'timers'>,
  among: { has(hash: string): boolean; readonly size?: number },
): Set<string> {
  const found = new Set<string>();
  if (among.size === 0) return found;
  const look = (row: object): void => {
    for (const [digits] of JSON.stringify(row).matchAll(DIGITS)) {
      for (let at = 0; at + ADDRESS_DIGITS <= digits.length; at += 1) {
        const address = digits.slice(at, at + ADDRESS_DIGITS);
        if (among.has(address)) found.add(address);
      }
    }
  };
  for (const { rows } of tables) for (const [, row] of rows) look(row);
  for (const timer of timers) look(timer);
  return found;
}

/** Writes a file that is there as a whole or not at all. Its name is durable once its folder is synchronised. */
export async function writeDurably(path: string, bytes: Uint8Array | Iterable<Uint8Array>): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'w', 0o600);
  try {
    for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) await file.writeFile(piece);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}

/** Makes the names in a folder durable. Windows does that by itself, and opens no folders. */
export async function synchronise(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
