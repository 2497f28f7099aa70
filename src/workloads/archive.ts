// What archives of every format have in common: entries, limits, and paths that must stay inside.

/** A file of a bundle. */
export interface BundleFile {
  /** Relative to the bundle's root, with `/` between segments. */
  readonly path: string;
  /** Permission bits, such as 0o755. */
  readonly mode: number;
  readonly bytes: Uint8Array;
  /** Target of a symbolic link; such a file has no bytes. */
  readonly link?: string;
}

/**
 * Entries and unpacked bytes that a bundle may have. CodeDeploy sets no limit of its own; these bound memory.
 */
const MOST_FILES = 50_000;
export const MOST_BYTES: number = 256 * 1024 * 1024;

/**
 * An archive that cannot be unpacked. The message is the one that the CodeDeploy agent reports, where it has
 * one.
 */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** Collects the entries of one archive within the limits. */
export class Unpacked {
  readonly #files = new Map<string, BundleFile>();
  #bytes = 0;

  /** Says that `size` more bytes are about to be unpacked. */
  expect(size: number, path: string): void {
    this.#bytes += size;
    if (this.#bytes > MOST_BYTES) {
      throw new BundleError(`The bundle unpacks to more than ${MOST_BYTES} bytes; it stopped at ${path}.`);
    }
  }

  /** Of two entries with one path the later one stays, as with `unzip -o` and `tar`. */
  add(file: BundleFile): void {
    this.#files.set(file.path, file);
    if (this.#files.size > MOST_FILES) throw new BundleError(`The bundle has more than ${MOST_FILES} files.`);
  }

  /** Files in path order. */
  files(): readonly BundleFile[] {
    const files = [...this.#files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    for (const { path, link } of files) {
      for (const parent of parentsOf(path)) {
        if (this.#files.has(parent))
          throw new BundleError(`The bundle has ${parent} both as a file and as a directory.`);
      }
      if (link !== undefined) inside(joined(path, link), `link ${path}`);
    }
    return files;
  }
}

/** Directories above a path, nearest last. */
function parentsOf(path: string): string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_, depth) => segments.slice(0, depth + 1).join('/'));
}

function joined(path: string, link: string): string {
  return link.startsWith('/') ? link : [...path.split('/').slice(0, -1), link].join('/');
}

/**
 * A path inside the bundle, cleaned of `.` and double slashes; empty for the root itself. Absolute paths and
 * paths that climb out are refused, because whoever unpacks them would write outside the deployment's folder.
 */
export function inside(path: string, what: string = path): string {
  const refuse = (why: string): never => {
    throw new BundleError(`The bundle's entry ${JSON.stringify(what)} ${why}.`);
  };
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) refuse('has an absolute path');
  if (path.includes('\0') || path.includes('\\')) refuse('has a path with a backslash or a NUL');
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') {
      if (segments.pop() === undefined) refuse('leads out of the bundle');
    } else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments.join('/');
}
