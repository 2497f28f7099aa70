// CodeDeploy revision bundles: an archive with `appspec.yml` and the files that it installs. Pure functions
// of bytes.

import type { BundleFile } from './archive.ts';
import { readTar, readTgz } from './tar.ts';
import { readZip, writeZip } from './zip.ts';
export type { BundleFile } from './archive.ts';

export type BundleType = 'zip' | 'tar' | 'tgz';

/**
 * The files of a bundle in path order. Throws `BundleError` where it is damaged, too large, or leads out of
 * its folder.
 */
export function readBundle(bytes: Uint8Array, type: BundleType): readonly BundleFile[] {
  const files = type === 'zip' ? readZip(bytes) : type === 'tgz' ? readTgz(bytes) : readTar(bytes);
  return withoutTopDirectory(files);
}

/**
 * A bundle whose only top-level entry is a directory with an AppSpec file in it is unpacked without that
 * directory, as by the agent.
 */
function withoutTopDirectory(files: readonly BundleFile[]): readonly BundleFile[] {
  const top = files[0]?.path.split('/')[0] ?? '';
  const alone = files.length > 0 && files.every(({ path }) => path.startsWith(`${top}/`));
  const hasAppSpec = files.some(({ path }) => /^[^/]*appspec[^/]*$/i.test(path.slice(top.length + 1)));
  return alone && hasAppSpec
    ? files.map((file) => ({ ...file, path: file.path.slice(top.length + 1) }))
    : files;
}

/**
 * What `packBundle` takes for a file: text or bytes; scripts (`*.sh` and text that begins with `#!`) become
 * executable.
 */
export type Packable = Readonly<Record<string, string | Uint8Array>>;

/** A zip bundle of these files by path. Equal files give equal bytes, everywhere and always. */
export function packBundle(files: Packable | readonly BundleFile[]): Uint8Array {
  return writeZip(
    isList(files) ? files : Object.entries(files).map(([path, content]) => fileOf(path, content)),
  );
}

function isList(files: Packable | readonly BundleFile[]): files is readonly BundleFile[] {
  return Array.isArray(files);
}

function fileOf(path: string, content: string | Uint8Array): BundleFile {
  const script = path.endsWith('.sh') || (typeof content === 'string' && content.startsWith('#!'));
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { path, mode: script ? 0o755 : 0o644, bytes };
}
