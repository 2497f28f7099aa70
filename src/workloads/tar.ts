// Tape archives (POSIX ustar with the GNU and pax extensions for long names), plain and gzipped.
// Format: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html

import { Gunzip } from 'fflate';
import { BundleError, inside, MOST_BYTES, Unpacked } from './archive.ts';
import type { BundleFile } from './archive.ts';

const BLOCK = 512;
const CHUNK = 64 * 1024;

export function readTar(bytes: Uint8Array): readonly BundleFile[] {
  const unpacked = new Unpacked();
  let long: { path?: string; link?: string } = {};
  let at = 0;
  while (at + BLOCK <= bytes.length) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return unpacked.files();
    checkSum(header);
    const size = octal(header, 124, 12);
    const kind = String.fromCharCode(header[156] as number);
    const from = at + BLOCK;
    if (from + size > bytes.length) throw damaged();
    const content = bytes.subarray(from, from + size);
    at = from + Math.ceil(size / BLOCK) * BLOCK;
    if ('LKxg'.includes(kind)) {
      long = { ...long, ...longNames(kind, content) };
      continue;
    }
    const path = inside(long.path ?? nameOf(header));
    const link = long.link ?? text(header, 157, 100);
    long = {};
    if (path !== '') addEntry(unpacked, { kind, path, link, mode: octal(header, 100, 8) & 0o777, content });
  }
  throw damaged();
}

interface TarEntry {
  kind: string;
  path: string;
  link: string;
  mode: number;
  content: Uint8Array;
}

function addEntry(unpacked: Unpacked, { kind, path, link, mode, content }: TarEntry): void {
  if (kind === '5') return;
  if (kind === '2') return unpacked.add({ path, mode, bytes: new Uint8Array(0), link });
  if (kind !== '0' && kind !== '\0') {
    throw new BundleError(
      `The bundle's entry ${path} is of type ${JSON.stringify(kind)}: only files, directories and symbolic links.`,
    );
  }
  unpacked.expect(content.length, path);
  unpacked.add({ path, mode, bytes: content.slice() });
}

export function readTgz(bytes: Uint8Array, most: number = MOST_BYTES): readonly BundleFile[] {
  const chunks: Uint8Array[] = [];
  let total = 0;
  const unzip = new Gunzip((chunk) => {
    total += chunk.length;
    if (total > most) throw new BundleError(`The bundle unpacks to more than ${most} bytes.`);
    chunks.push(chunk);
  });
  try {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      unzip.push(bytes.subarray(at, at + CHUNK), at + CHUNK >= bytes.length);
    }
  } catch (error) {
    throw error instanceof BundleError ? error : damaged();
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return readTar(whole);
}

function text(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function octal(header: Uint8Array, at: number, length: number): number {
  const digits = text(header, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw damaged();
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function nameOf(header: Uint8Array): string {
  const prefix = text(header, 257, 5) === 'ustar' && header[262] === 0 ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The sum of a header's bytes, its own field taken as blanks. */
function checkSum(header: Uint8Array): void {
  let sum = 0;
  for (let i = 0; i < BLOCK; i += 1) sum += i >= 148 && i < 156 ? 32 : (header[i] as number);
  if (sum !== octal(header, 148, 8)) throw damaged();
}

/** GNU `L` and `K` carry the next entry's path and link target; pax `x` carries `length key=value` lines. */
function longNames(kind: string, content: Uint8Array): { path?: string; link?: string } {
  if (kind === 'L') return { path: text(content, 0, content.length) };
  if (kind === 'K') return { link: text(content, 0, content.length) };
  if (kind === 'g') return {}; // Global headers: `git archive` writes the commit there.
  const found: { path?: string; link?: string } = {};
  for (const line of new TextDecoder().decode(content).split('\n')) {
    const [, key, value] = /^\d+ ([^=]+)=(.*)$/s.exec(line) ?? [];
    if (key === 'path' && value !== undefined) found.path = value;
    if (key === 'linkpath' && value !== undefined) found.link = value;
    if (key === 'size') throw new BundleError('Tar entries of 8 GiB and more are not modelled.');
  }
  return found;
}

/** What the agent says when tar ends with its fatal error. */
function damaged(): BundleError {
  return new BundleError('Error extracting tar archive: 2');
}
