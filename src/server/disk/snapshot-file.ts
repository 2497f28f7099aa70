// A saved world as a file: a line that says what it is, a header, the world's state, the bytes of its blobs, and a hash over all of
// that. It is there as a whole or not at all, and is read only where it is as it was written.

import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { deflateRaw, inflateRawSync } from 'node:zlib';
import { UserError } from '#cloud/user-error.ts';
import type { State } from '#world/index.ts';
import type { Source } from '../worlds.ts';
import { addressesIn, synchronise, writeDurably } from './blob-shelf.ts';
import type { About } from './database.ts';

const MAGIC = Buffer.from('sandtable snapshot\n');
/** Of the file; state and rows have versions of their own. */
const FORMAT = 1;
const HASH_BYTES = 32;
/** A header names each blob: enough for a million. */
const LONGEST_HEADER = 134_217_728;
/** What the runtime reads in one piece. */
const LARGEST_FILE = 2 ** 31 - 1;

export interface SnapshotHeader {
  readonly format: number;
  /** The version of Sandtable that wrote it. */
  readonly release: string;
  /** Wall time, ISO 8601. */
  readonly savedAt: string;
  /** Virtual time, ISO 8601. */
  readonly now: string;
  readonly about: About;
  readonly stateBytes: number;
  readonly blobs: readonly (readonly [hash: string, sizeBytes: number])[];
}

/** A world, as far as saving it goes. */
export interface Savable {
  attached(): string[];
  state(): State;
  readonly blobs: { get(hash: string): Uint8Array | undefined };
}

/** Returns how many bytes it has written. Throws `UserError`. */
export async function writeSnapshot(
  path: string,
  world: Savable,
  { release, about }: { release: string; about: About },
): Promise<number> {
  const attached = world.attached();
  if (attached.length > 0)
    throw new UserError(
      'snapshot-refused',
      `The world cannot be saved while work outside it is under way: ${attached.join(', ')}.`,
      { hint: 'Save it again when that is done.' },
    );
  const state = world.state();
  const blobs = [...addressesIn(state, { has: (hash) => world.blobs.get(hash) !== undefined })].map(
    (hash): [string, Uint8Array] => [hash, world.blobs.get(hash) as Uint8Array],
  );
  const packed: Buffer = await promisify(deflateRaw)(JSON.stringify(state));
  const header: SnapshotHeader = {
    format: FORMAT,
    release,
    savedAt: new Date().toISOString(),
    now: new Date(state.now).toISOString(),
    about,
    stateBytes: packed.length,
    blobs: blobs.map(([hash, { length }]) => [hash, length]),
  };
  const pieces = [
    MAGIC,
    Buffer.from(`${JSON.stringify(header)}\n`),
    packed,
    ...blobs.map(([, bytes]) => bytes),
  ];
  const size = pieces.reduce((sum, { length }) => sum + length, HASH_BYTES);
  if (size > LARGEST_FILE)
    throw new UserError(
      'snapshot-too-large',
      `The world has ${size} bytes; a snapshot has ${LARGEST_FILE} at most.`,
      {
        hint: 'Keep it with --data, and copy that folder while it is not in use.',
      },
    );
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  await writeDurably(path, [...pieces, hash.digest()]);
  await synchronise(dirname(path));
  return size;
}

/** What the beginning of a file says. Throws `UserError`; what follows is not looked at. */
export function readHeader(path: string): SnapshotHeader {
  const file = openSync(path, 'r');
  try {
    const size = Math.min(statSync(path).size, LONGEST_HEADER);
    let bytes = Buffer.alloc(0);
    for (let wanted = 65_536; ; wanted *= 16) {
      bytes = Buffer.alloc(Math.min(wanted, size));
      readSync(file, bytes, 0, bytes.length, 0);
      const end = bytes.indexOf('\n', MAGIC.length);
      if (end >= 0 || bytes.length === size) return headerIn(path, bytes).header;
    }
  } finally {
    closeSync(file);
  }
}

/** The world in a file. Throws `UserError` where the file is not one of ours, or not as it was written. */
export function readSnapshot(path: string): Source {
  const bytes = readFileSync(path);
  const { header, end } = headerIn(path, bytes);
  const whole = bytes.subarray(0, bytes.length - HASH_BYTES);
  const hash = createHash('sha256').update(whole).digest();
  if (!hash.equals(bytes.subarray(whole.length))) throw torn(path);
  let at = end + header.stateBytes;
  const state = JSON.parse(inflateRawSync(bytes.subarray(end, at)).toString()) as State;
  const blobs = header.blobs.map(([address, size]): [string, Uint8Array] => [
    address,
    bytes.subarray(at, (at += size)),
  ]);
  // Time stands in a snapshot, whatever the clock of its world did.
  const { functions } = header.about;
  return { place: path, about: { functions }, snapshot: { ...state, blobs } };
}

function headerIn(path: string, bytes: Buffer): { header: SnapshotHeader; end: number } {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new UserError('snapshot-foreign', `${path} is no snapshot of Sandtable.`, {
      hint: 'See: sandtable snapshot list',
    });
  const line = bytes.indexOf('\n', MAGIC.length);
  const header = line < 0 ? undefined : parsed(bytes.toString('utf8', MAGIC.length, line));
  if (header === undefined) throw torn(path);
  if (header.format > FORMAT)
    throw new UserError(
      'snapshot-newer',
      `${path} is of format ${header.format}, written by Sandtable ${header.release}; this release reads ${FORMAT}.`,
      { hint: 'Open it with the release that wrote it, or with a newer one.' },
    );
  return { header, end: line + 1 };
}

function parsed(text: string): SnapshotHeader | undefined {
  try {
    return JSON.parse(text) as SnapshotHeader;
  } catch {
    return undefined;
  }
}

function torn(path: string): UserError {
  return new UserError('snapshot-damaged', `${path} is torn or damaged: it is not as it was written.`, {
    hint: 'Use another snapshot, or a copy of this one.',
  });
}
