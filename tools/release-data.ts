// Writes what this release leaves behind for all later ones to open, into tests/disk/releases/VERSION.zip: a data folder, a
// snapshot of the same world, and what is answered about it. Run once for each release, when its version is set.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { serve } from '#server/serve.ts';
import { packBundle } from '#workloads/bundle.ts';
import { answers, fill, looks } from '../tests/disk/release.ts';
import { control } from '../tests/disk/served.ts';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const folder = join(root, 'tests', 'disk', 'releases');
const target = join(folder, `${version}.zip`);
if (existsSync(target)) {
  console.error(`${target} is there: what a release has left behind is never changed.`);
  process.exit(1);
}

const made = mkdtempSync(join(tmpdir(), 'sandtable-release-'));
try {
  const [data, snapshots] = [join(made, 'data'), join(made, 'snapshots')];
  const served = await serve({
    port: 0,
    clock: 'manual',
    data,
    snapshots,
    version,
    crashed(error) {
      throw error;
    },
  });
  await fill(served.url);
  const expected = {
    ...(await control(served, 'clock')),
    answers: await answers(served.url, Object.keys(looks)),
  };
  await control(served, 'snapshots', { name: 'world' });
  await served.close();
  const files: Record<string, Uint8Array> = { 'expected.json.gz': gzipSync(JSON.stringify(expected)) };
  for (const name of [
    'data/world.db',
    ...readdirSync(join(data, 'blobs')).map((hash) => `data/blobs/${hash}`),
  ])
    files[`${name}.gz`] = gzipSync(readFileSync(join(made, name)), { level: 9 });
  files['world.snapshot.gz'] = gzipSync(readFileSync(join(snapshots, 'world.snapshot')), { level: 9 });
  const bytes = packBundle(files);
  mkdirSync(folder, { recursive: true });
  writeFileSync(target, bytes);
  console.log(`${target}: ${bytes.length} bytes`);
} finally {
  rmSync(made, { recursive: true, force: true });
}
