// ZIP archives, written so that equal files give equal bytes. Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

import { zipSync } from 'fflate';
import type { Zippable } from 'fflate';

export interface ZipEntry {
  readonly path: string;
  /** As Unix has it: kind of file and permissions. */
  readonly mode: number;
  readonly bytes: Uint8Array;
}

const UNIX = 3;
/** The oldest instant that the format knows, as local time: the same in every time zone. */
const WRITTEN_AT = '1980-01-01T00:00:00';

/** The entries in the order of their paths. What is only `stored` is not compressed. */
export function zipArchive(entries: readonly ZipEntry[], method: 'stored' | 'deflated'): Uint8Array {
  const level = method === 'stored' ? 0 : 6;
  const files: Zippable = {};
  for (const { path, mode, bytes } of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    files[path] = [bytes, { os: UNIX, attrs: (mode << 16) >>> 0, mtime: WRITTEN_AT, level }];
  }
  return zipSync(files);
}
