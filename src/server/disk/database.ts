// A world in a file: SQLite with a write-ahead log, synchronised at each commit. Rows stand there as JSON, each with a check
// sum; the head adds these up, so that a page that is missing, stale or damaged shows when the file is opened.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Change, Head, Row, State, Timer } from '#world/index.ts';
import { TIMERS } from '#world/index.ts';

/** What the file says beside the world: with which drivers it was served, and how its clock ran. */
export interface About {
  /** How the code of functions was run. */
  readonly functions: string;
  /** How far its time was ahead of the wall clock (ms) where it ran at its pace. */
  readonly ahead?: number;
}

/** What is written at once. */
export interface Batch {
  readonly head: Head;
  readonly about: About;
  /** Everything that was there goes. */
  readonly anew: boolean;
  /** By table and key, each row as it was before the batch, if it was there, and as it is now. */
  readonly changes: Iterable<Pick<Change, 'table' | 'key' | 'before' | 'after'>>;
  /** Bytes, or how many lie in a file of their own. */
  readonly blobs: Iterable<readonly [hash: string, bytes: Uint8Array | number]>;
  readonly versionOf: (table: string) => number;
}

/** What a file holds. */
export interface Contents {
  readonly state: State;
  readonly about: About;
  /** Size of each blob. */
  readonly blobs: ReadonlyMap<string, { readonly size: number; readonly filed: boolean }>;
}

/** The file is not what was last written to it. */
export class DamagedError extends Error {}

/** Says whose file it is in its header: `SAND`. https://www.sqlite.org/fileformat.html#application_id */
export const APPLICATION_ID = 0x53_41_4e_44;
/** Version of the schema below; rows carry versions of their own. */
export const FORMAT = 1;

const SCHEMA = `
  CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), data TEXT NOT NULL, crc INTEGER NOT NULL);
  CREATE TABLE tables (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL);
  CREATE TABLE rows (
    tab INTEGER NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (tab, key)
  ) WITHOUT ROWID;
  CREATE TABLE journal (id INTEGER PRIMARY KEY, text BLOB NOT NULL);
  CREATE TABLE blobs (hash TEXT PRIMARY KEY, size INTEGER NOT NULL, bytes BLOB);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};
`;

/** The head as text; the sums are over all rows and over the journal's text since its last hash. */
interface Kept extends About, Omit<Head, 'journal'> {
  readonly position: number;
  readonly hash: string;
  readonly rows: number;
  readonly sum: number;
  readonly textLength: number;
  readonly textSum: number;
}

interface Sums {
  rows: number;
  sum: number;
  textLength: number;
  textSum: number;
}

export class Database {
  readonly #db: DatabaseSync;
  readonly #tables = new Map<string, number>();
  readonly #prepared: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;
  #sums: Sums = { rows: 0, sum: 0, textLength: 0, textSum: 0 };
  #hash = '';

  /** Takes the file for itself until it is closed, or this process is gone. */
  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    if (db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] === 0)
      db.exec(`BEGIN EXCLUSIVE; ${SCHEMA} COMMIT`);
    // Apple's disks keep what they are given to themselves for a while unless they are told otherwise.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON');
    db.exec('BEGIN IMMEDIATE; COMMIT');
    this.#prepared = Object.fromEntries(
      Object.entries(STATEMENTS).map(([name, text]) => [name, db.prepare(text)]),
    ) as never;
  }

  /** All but the bytes of blobs; nothing where no world was ever put here. Throws `DamagedError`. */
  read(): Contents | undefined {
    const found = this.#prepared.head.get() as { data: string; crc: number } | undefined;
    if (!found) return undefined;
    if (crc32(found.data) !== found.crc) throw new DamagedError('its head has changed');
    const kept = JSON.parse(found.data) as Kept;
    const { format, seed, now, seq, position, hash, functions, ahead } = kept;
    const { tables, timers } = this.#rows();
    const pending = this.#text();
    const sums: Sums = { rows: kept.rows, sum: kept.sum, textLength: kept.textLength, textSum: kept.textSum };
    if (this.#sums.rows !== sums.rows)
      throw new DamagedError(`it has ${this.#sums.rows} rows, and should have ${sums.rows}`);
    if (this.#sums.sum !== sums.sum) throw new DamagedError('some of its rows are not the latest ones');
    if (this.#sums.textLength !== sums.textLength || this.#sums.textSum !== sums.textSum)
      throw new DamagedError('its journal is not the latest one');
    this.#hash = hash;
    return {
      state: { format, seed, now, seq, journal: { position, hash, pending }, tables, timers },
      about: { functions, ...(ahead === undefined ? {} : { ahead }) },
      blobs: this.#blobs(),
    };
  }

  /** Writes a batch, and comes back when the disk has it. */
  commit(batch: Batch): void {
    const sums = { ...this.#sums };
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      if (batch.anew) this.#clear();
      for (const change of batch.changes) this.#put(change, batch.versionOf);
      for (const [hash, bytes] of batch.blobs) {
        const filed = typeof bytes === 'number';
        this.#prepared.putBlob.run(hash, filed ? bytes : bytes.length, filed ? null : bytes);
      }
      this.#putHead(batch);
      this.#db.exec('COMMIT');
      this.#hash = batch.head.journal.hash;
    } catch (error) {
      this.#sums = sums;
      this.#rollback();
      throw error;
    }
  }

  /** Bytes of a blob that lies in no file of its own. */
  blob(hash: string): Uint8Array | undefined {
    return (this.#prepared.blob.get(hash) as { bytes: Uint8Array | null } | undefined)?.bytes ?? undefined;
  }

  forget(hashes: Iterable<string>): void {
    this.#db.exec('BEGIN IMMEDIATE');
    for (const hash of hashes) this.#prepared.dropBlob.run(hash);
    this.#db.exec('COMMIT');
  }

  close(): void {
    this.#db.close();
  }

  /** Some errors have ended the transaction by themselves. */
  #rollback(): void {
    try {
      this.#db.exec('ROLLBACK');
    } catch {}
  }

  #rows(): Pick<State, 'tables' | 'timers'> {
    const names = new Map<number, { name: string; version: number; rows: [string, Row][] }>();
    for (const { id, name, version } of this.#prepared.tables.all() as never as TableLine[]) {
      this.#tables.set(name, id);
      names.set(id, { name, version, rows: [] });
    }
    const timers: Timer[] = [];
    for (const {
      tab,
      key,
      data,
      crc,
    } of this.#prepared.rows.iterate() as Iterable<never> as Iterable<RowLine>) {
      const table = names.get(tab);
      if (!table) throw new DamagedError(`a row is of table ${tab}, which it does not have`);
      if (sumOf(table.name, key, data) !== crc) throw new DamagedError(`a row of ${table.name} has changed`);
      this.#sums.rows += 1;
      this.#sums.sum = (this.#sums.sum + crc) >>> 0;
      if (table.name === TIMERS) timers.push(JSON.parse(data) as Timer);
      else table.rows.push([scopeOf(key), JSON.parse(data) as Row]);
    }
    return { tables: [...names.values()].filter(({ name }) => name !== TIMERS), timers };
  }

  #text(): string {
    let text = '';
    for (const { text: piece } of this.#prepared.texts.all() as never as { text: Uint8Array }[]) {
      text += Buffer.from(piece).toString('utf16le');
      this.#sums.textSum = crc32(piece, this.#sums.textSum);
    }
    this.#sums.textLength = text.length;
    return text;
  }

  #blobs(): Contents['blobs'] {
    const lines = this.#prepared.blobs.all() as never as { hash: string; size: number; filed: number }[];
    return new Map(lines.map(({ hash, size, filed }) => [hash, { size, filed: filed === 1 }]));
  }

  #clear(): void {
    this.#db.exec('DELETE FROM rows; DELETE FROM tables; DELETE FROM journal');
    this.#tables.clear();
    this.#hash = '';
    this.#sums = { rows: 0, sum: 0, textLength: 0, textSum: 0 };
  }

  #put({ table, key: place, before, after }: Change, versionOf: Batch['versionOf']): void {
    const { dropRow, oneRow, putRow } = this.#prepared;
    const tab = this.#tables.get(table) ?? this.#addTable(table, versionOf(table));
    const key = keyText(place);
    if (before !== undefined) {
      const { crc } = oneRow.get(tab, key) as { crc: number };
      this.#sums.rows -= 1;
      this.#sums.sum = (this.#sums.sum - crc) >>> 0;
    }
    if (after === undefined) {
      if (before !== undefined) dropRow.run(tab, key);
      return;
    }
    const data = JSON.stringify(after);
    const crc = sumOf(table, key, data);
    putRow.run(tab, key, data, crc);
    this.#sums.rows += 1;
    this.#sums.sum = (this.#sums.sum + crc) >>> 0;
  }

  #addTable(name: string, version: number): number {
    const id = this.#tables.size + 1;
    this.#prepared.addTable.run(id, name, version);
    this.#tables.set(name, id);
    return id;
  }

  #putHead({ head, about }: Batch): void {
    const { position, hash, pending } = head.journal;
    const { format, seed, now, seq } = head;
    if (hash !== this.#hash) {
      this.#db.exec('DELETE FROM journal');
      Object.assign(this.#sums, { textLength: 0, textSum: 0 });
    }
    // The text only grows until it is hashed.
    const more = pending.slice(this.#sums.textLength);
    if (more !== '') {
      const piece = Buffer.from(more, 'utf16le');
      this.#prepared.addText.run(piece);
      this.#sums.textLength = pending.length;
      this.#sums.textSum = crc32(piece, this.#sums.textSum);
    }
    const kept: Kept = { format, ...about, seed, now, seq, position, hash, ...this.#sums };
    const data = JSON.stringify(kept);
    this.#prepared.putHead.run(data, crc32(data));
  }
}

const STATEMENTS = {
  head: 'SELECT data, crc FROM head',
  tables: 'SELECT id, name, version FROM tables',
  rows: 'SELECT tab, key, data, crc FROM rows',
  texts: 'SELECT text FROM journal ORDER BY id',
  blobs: 'SELECT hash, size, bytes IS NULL AS filed FROM blobs',
  blob: 'SELECT bytes FROM blobs WHERE hash = ?',
  oneRow: 'SELECT crc FROM rows WHERE tab = ? AND key = ?',
  putHead: 'INSERT OR REPLACE INTO head VALUES (1, ?, ?)',
  addTable: 'INSERT INTO tables VALUES (?, ?, ?)',
  putRow: 'INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)',
  dropRow: 'DELETE FROM rows WHERE tab = ? AND key = ?',
  addText: 'INSERT INTO journal (text) VALUES (?)',
  putBlob: 'INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)',
  dropBlob: 'DELETE FROM blobs WHERE hash = ?',
} as const;

interface TableLine {
  readonly id: number;
  readonly name: string;
  readonly version: number;
}

interface RowLine {
  readonly tab: number;
  readonly key: string;
  readonly data: string;
  readonly crc: number;
}

function sumOf(table: string, key: string, data: string): number {
  return crc32(`${table} ${key}\n${data}`);
}

/** SQLite's text is UTF-8, which has no halves of surrogate pairs; keys that have are written as JSON. */
function keyText(key: string): string {
  return key.isWellFormed() && !key.startsWith('"') ? key : JSON.stringify(key);
}

function scopeOf(text: string): string {
  const key = text.startsWith('"') ? (JSON.parse(text) as string) : text;
  return key.slice(0, key.indexOf('|'));
}
