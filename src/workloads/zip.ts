// Bundles as ZIP archives, read through the central directory.
// Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

import { inflateSync } from 'fflate';
import { crc32 } from '#cloud/archives/crc.ts';
import { zipArchive } from '#cloud/archives/zip.ts';
import { BundleError, inside, Unpacked } from './archive.ts';
import type { BundleFile } from './archive.ts';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const UNIX = 3;
const STORED = 0;
const DEFLATED = 8;
const FILE = 0o100000;
const LINK = 0o120000;
const KIND = 0o170000;

interface Entry {
  path: string;
  made: number;
  flags: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
  mode: number;
  local: number;
}

export function readZip(bytes: Uint8Array): readonly BundleFile[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const unpacked = new Unpacked();
  for (const entry of entriesOf(bytes, view)) {
    const path = inside(entry.path);
    if (path === '' || entry.path.endsWith('/')) continue;
    unpacked.expect(entry.size, path);
    const content = contentOf(bytes, view, entry);
    const mode = entry.made === UNIX && entry.mode !== 0 ? entry.mode & 0o777 : 0o644;
    if (entry.made === UNIX && (entry.mode & KIND) === LINK) {
      unpacked.add({ path, mode, bytes: new Uint8Array(0), link: new TextDecoder().decode(content) });
    } else unpacked.add({ path, mode, bytes: content });
  }
  return unpacked.files();
}

function entriesOf(bytes: Uint8Array, view: DataView): Entry[] {
  const end = endOfDirectory(view);
  const count = view.getUint16(end + 10, true);
  if (count === 0xffff)
    throw new BundleError('Zip64 archives are not modelled; pack the bundle as a plain zip or as tgz.');
  const entries: Entry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i += 1) {
    if (at + 46 > end || view.getUint32(at, true) !== DIRECTORY_ENTRY) throw damaged();
    const [name, extra, comment] = [
      view.getUint16(at + 28, true),
      view.getUint16(at + 30, true),
      view.getUint16(at + 32, true),
    ];
    if (at + 46 + name + extra + comment > end) throw damaged();
    entries.push({
      path: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name)),
      made: view.getUint8(at + 5),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      mode: view.getUint16(at + 40, true),
      local: view.getUint32(at + 42, true),
    });
    at += 46 + name + extra + comment;
  }
  return entries;
}

/** The end record stands before a comment of at most 65,535 bytes. */
function endOfDirectory(view: DataView): number {
  const last = view.byteLength - 22;
  for (let at = last; at >= 0 && at >= last - 0xffff; at -= 1) {
    if (view.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  throw new BundleError('Zip end of central directory signature not found');
}

function contentOf(bytes: Uint8Array, view: DataView, entry: Entry): Uint8Array {
  const { path, local, packed, size } = entry;
  if ((entry.flags & 1) !== 0) throw new BundleError(`The bundle's entry ${path} is encrypted.`);
  if (local + 30 > bytes.length || view.getUint32(local, true) !== LOCAL_ENTRY) throw damaged();
  const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (from + packed > bytes.length) throw damaged();
  const data = bytes.subarray(from, from + packed);
  const content =
    entry.method === STORED ? data.slice() : entry.method === DEFLATED ? inflate(data, size) : undefined;
  if (!content)
    throw new BundleError(
      `The bundle's entry ${path} is packed with method ${entry.method}, which is not modelled.`,
    );
  if (content.length !== size || crc32(content) !== entry.crc) throw damaged();
  return content;
}

/** One byte of room more than declared shows an entry that unpacks to more than it says. */
function inflate(data: Uint8Array, size: number): Uint8Array {
  try {
    return inflateSync(data, { out: new Uint8Array(size + 1) });
  } catch {
    throw damaged();
  }
}

/** What the agent says when unzip ends with "a generic error in the zipfile format". */
function damaged(): BundleError {
  return new BundleError('Error extracting zip archive: 3');
}

/** Links are files whose content is their target. */
export function writeZip(files: readonly BundleFile[]): Uint8Array {
  const entries = files.map(({ path, mode, bytes, link }) => ({
    path: inside(path),
    mode: (link === undefined ? FILE : LINK) | mode,
    bytes: link === undefined ? bytes : new TextEncoder().encode(link),
  }));
  return zipArchive(entries, 'deflated');
}
