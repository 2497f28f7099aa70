// Reads a folder from disk and packs it as a revision bundle, or as a function's deployment package.

import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import { packBundle } from '#workloads/bundle.ts';
import type { BundleFile } from '#workloads/bundle.ts';
import { parseFunctionManifests } from '#workloads/functions/function-manifest.ts';
import { MANIFEST_PATH, parseManifest } from '#workloads/manifest.ts';
import { packageRoot } from './package.ts';

/**
 * `folder` is absolute, or relative to the working directory, or to this package for its own examples. `instead` gives files
 * by their path in the bundle: they stand in for the folder's, or come beside them.
 */
export async function packRevision(
  folder: string,
  instead: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const root = await find(folder);
  const names = (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const files = await Promise.all(
    names.map(async (name) => ({
      path: relative(root, name).split(sep).join('/'),
      mode: (await stat(name)).mode & 0o777,
      bytes: new Uint8Array(await readFile(name)),
    })),
  );
  const all = overlaid(files, instead);
  // What is wrong with it would fail a deployment much later, on a machine, and AWS knows no such file.
  const manifest = all.find(({ path }) => path === MANIFEST_PATH);
  if (manifest) check(new TextDecoder().decode(manifest.bytes), join(root, MANIFEST_PATH));
  return packBundle(all);
}

/** The file says what an application is like, or what functions are. */
function check(text: string, file: string): void {
  if (/^(?:function|handlers):/m.test(text)) parseFunctionManifests(text, file);
  else parseManifest(text, file);
}

const ORDINARY_FILE = 0o644;

function overlaid(files: readonly BundleFile[], instead: Readonly<Record<string, string>>): BundleFile[] {
  const all = new Map(files.map((file) => [file.path, file]));
  for (const [path, text] of Object.entries(instead)) {
    const mode = all.get(path)?.mode ?? ORDINARY_FILE;
    all.set(path, { path, mode, bytes: new TextEncoder().encode(text) });
  }
  return [...all.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function find(folder: string): Promise<string> {
  const places = isAbsolute(folder) ? [folder] : [join(process.cwd(), folder), join(packageRoot(), folder)];
  for (const place of places) {
    const found = await stat(place).catch(() => undefined);
    if (found?.isDirectory()) return place;
  }
  throw new UserError('revision-not-found', `There is no folder ${folder}.`, {
    hint: `Looked at ${places.join(' and ')}.`,
  });
}
