// A revision: the contents of a bundle by the address of its bytes. Parsed once, because equal addresses are
// equal bytes.

import type { Ctx } from '#cloud/ctx.ts';
import { parseAppSpec } from './appspec.ts';
import type { AppSpec } from './appspec.ts';
import { readBundle } from './bundle.ts';
import type { BundleFile, BundleType } from './bundle.ts';
import { DEFAULT_MANIFEST, MANIFEST_PATH, parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';

export interface Revision {
  readonly files: readonly BundleFile[];
  readonly sizeBytes: number;
}

/** How many bundles stay unpacked in memory. */
const MOST_KEPT = 16;
const kept = new Map<string, Revision>();

/** The files of a bundle. Throws `BundleError`. */
export function revisionOf(ctx: Ctx, blob: string, type: BundleType): Revision {
  const key = `${type} ${blob}`;
  const known = kept.get(key);
  if (known) return known;
  const bytes = ctx.blob(blob);
  const revision = { files: readBundle(bytes, type), sizeBytes: bytes.length };
  const oldest = kept.size >= MOST_KEPT ? kept.keys().next().value : undefined;
  if (oldest !== undefined) kept.delete(oldest);
  kept.set(key, revision);
  return revision;
}

export function fileOf({ files }: Revision, path: string): BundleFile | undefined {
  return files.find((file) => file.path === path);
}

function textOf(revision: Revision, path: string): string | undefined {
  const file = fileOf(revision, path);
  return file && new TextDecoder().decode(file.bytes);
}

/** What the texts of a revision say, by path: read once for each revision that is in memory. */
export class Readings<V> {
  readonly #read: (text: string) => V;
  readonly #known = new WeakMap<Revision, Map<string, V>>();

  constructor(read: (text: string) => V) {
    this.#read = read;
  }

  of(revision: Revision, path: string): V | undefined {
    let ofRevision = this.#known.get(revision);
    if (!ofRevision) this.#known.set(revision, (ofRevision = new Map()));
    const known = ofRevision.get(path);
    if (known !== undefined) return known;
    const text = textOf(revision, path);
    if (text === undefined) return undefined;
    const found = this.#read(text);
    ofRevision.set(path, found);
    return found;
  }
}

const appSpecs = new Readings<AppSpec>(parseAppSpec);
const manifests = new Readings<Manifest>((text) => parseManifest(text));

/** The AppSpec file under a name; nothing where the bundle has none. Throws `AppSpecError`. */
export function appSpecOf(revision: Revision, path: string): AppSpec | undefined {
  return appSpecs.of(revision, path);
}

/** What the revision says of itself, or the defaults. Throws `ManifestError`. */
export function manifestOf(revision: Revision): Manifest {
  return manifests.of(revision, MANIFEST_PATH) ?? DEFAULT_MANIFEST;
}
