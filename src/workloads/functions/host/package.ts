// Deployment packages: from a zip to a folder of this computer.

import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BundleError, Unpacked } from '../../archive.ts';
import { readZip } from '../../zip.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 250 MB unzipped. */
const LARGEST_PACKAGE = 262_144_000;

/** Code that CloudFormation packs from a template's `ZipFile`, which makes one file of this name. */
const INLINE = /^index\.(?:js|mjs|py)$/;

/** What is known of a package once it is unpacked. */
export interface Package {
  /** Whether it may have been written in a template: only such code gets CloudFormation's response module. */
  readonly inline: boolean;
}

/**
 * Writes the files of zips into a new folder, those of later ones over those of earlier ones. Throws `BundleError` for what is no
 * sound zip, or too large a one. All are held against one another first: what is a link in one must be no folder in another.
 */
export async function unpackPackage(zips: readonly Uint8Array[], folder: string): Promise<Package> {
  const unpacked = new Unpacked();
  for (const file of zips.flatMap(readZip)) unpacked.add(file);
  const files = unpacked.files();
  const size = files.reduce((sum, file) => sum + file.bytes.length, 0);
  if (size > LARGEST_PACKAGE)
    throw new BundleError(`Unzipped size must be smaller than ${LARGEST_PACKAGE} bytes`);
  await mkdir(folder, { recursive: true });
  for (const { path, bytes, mode, link } of files) {
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    if (link === undefined) await writeFile(place, bytes, { mode: mode & 0o777 });
    else await symlink(link, place);
  }
  const [only] = files;
  return { inline: files.length === 1 && only !== undefined && INLINE.test(only.path) };
}
