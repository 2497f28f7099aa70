// The folder that `--data` names: whether what lies there is ours, whole, of this release and free. Nothing that is there is ever
// replaced or emptied because of what it looks like.

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { UserError } from '#cloud/user-error.ts';
import { DiskBlobs } from './blob-shelf.ts';
import { APPLICATION_ID, Database, DamagedError, FORMAT } from './database.ts';
import type { Contents } from './database.ts';
import { Disk } from './disk.ts';
import { damaged, newer } from './refusals.ts';

/** https://www.sqlite.org/fileformat.html#the_database_header */
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;
const HEADER_BYTES = 100;

/** https://www.sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Says whose process has the folder, for people: what counts is the lock on the database. */
const OWNER = 'process.json';

export interface OpenedData {
  readonly disk: Disk;
  /** What the folder holds; nothing where it is new. */
  readonly contents?: Contents;
}

/** Opens the folder for this process alone. Throws `UserError`. */
export async function openData(given: string, failed: (error: UserError) => void): Promise<OpenedData> {
  const folder = resolve(given);
  const file = join(folder, 'world.db');
  prepare(folder, file);
  const Engine = await engine();
  let db: DatabaseSync | undefined;
  try {
    db = new Engine(file);
    const database = new Database(db);
    const contents = database.read();
    const blobs = new DiskBlobs(join(folder, 'blobs'), database);
    if (contents) blobs.open(contents);
    writeFileSync(join(folder, OWNER), `${JSON.stringify({ pid: process.pid })}\n`, { mode: 0o600 });
    return { disk: new Disk(folder, database, blobs, failed), ...(contents ? { contents } : {}) };
  } catch (error) {
    db?.close();
    throw explained(error, folder, file);
  }
}

/** SQLite comes with the runtime, and is loaded by nobody who has no data to keep. */
async function engine(): Promise<typeof DatabaseSync> {
  try {
    return (await import('node:sqlite')).DatabaseSync;
  } catch {
    const { bun, node } = process.versions;
    throw new UserError(
      'data-needs-node',
      `--data needs Node 22.13 or newer, for the SQLite that is built into it; this is ${bun ? `Bun ${bun}` : `Node ${node}`}.`,
      { hint: 'Run it with a newer Node, or leave --data out: without it everything stays in memory.' },
    );
  }
}

/** Looks at files before anything opens them that might repair or write them. */
function prepare(folder: string, file: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UserError('data-no-folder', `${folder} is not a folder: ${(error as Error).message}.`, {
      hint: 'Give a folder of its own with --data; it is made where there is none.',
    });
  }
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (!size && (existsSync(`${file}-wal`) || existsSync(join(folder, 'blobs'))))
    throw damaged(folder, `${file} is ${size === 0 ? 'empty' : 'missing'}, and what belongs to it is there`);
  if (size === undefined) return closeSync(openSync(file, 'wx', 0o600));
  // The process ended before the very first write was done, which SQLite then undoes.
  if (size === 0 || existsSync(`${file}-journal`)) return;
  const header = Buffer.alloc(HEADER_BYTES);
  const open = openSync(file, 'r');
  try {
    readSync(open, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(open);
  }
  const ours =
    header.toString('latin1', 0, MAGIC.length) === MAGIC &&
    header.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID;
  if (!ours)
    throw new UserError('data-foreign', `${file} was not written by Sandtable.`, {
      hint: 'Give another folder with --data. The file is left as it is.',
    });
  const format = header.readUInt32BE(USER_VERSION_AT);
  if (format > FORMAT) throw newer(folder, `its format is ${format}; this release reads ${FORMAT}`);
}

function explained(error: unknown, folder: string, file: string): unknown {
  if (error instanceof DamagedError) return damaged(folder, `${file}: ${error.message}`);
  const { errcode, message } = error as { errcode?: number; message: string };
  switch ((errcode ?? 0) & 0xff) {
    case SQLITE_BUSY:
      return new UserError('data-in-use', `${folder} is in use${byWhom(folder)}.`, {
        hint: 'End that one first, or give another folder with --data.',
      });
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(folder, `${file}: ${message}`);
    default:
      return errcode === undefined ? error : damaged(folder, `${file} cannot be read: ${message}`);
  }
}

function byWhom(folder: string): string {
  try {
    const { pid } = JSON.parse(readFileSync(join(folder, OWNER), 'utf8')) as { pid: number };
    process.kill(pid, 0); // Throws where there is no such process any more.
    return ` by process ${pid}`;
  } catch {
    return '';
  }
}
