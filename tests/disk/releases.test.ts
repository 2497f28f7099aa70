import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { SnapshotFolder } from '#server/disk/snapshot-folder.ts';
import { readZip } from '#workloads/zip.ts';
import { answers, livesOn } from './release.ts';
import { control, Folders } from './served.ts';

const RELEASES = join(import.meta.dirname, 'releases');
const folders = new Folders();

afterAll(async () => {
  await folders.done();
  expect(folders.crashes).toEqual([]);
});

/** What is told otherwise of the same rows since a release, because AWS was found to tell it so. */
const TOLD_OTHERWISE: Readonly<Record<string, readonly (readonly [before: string, since: string])[]>> = {
  '0.1.0': [
    ['"use1-az1"', '"use1-az6"'],
    ['"use1-az2"', '"use1-az1"'],
    ['"RollbackConfiguration":{"RollbackTriggers":[]}', '"RollbackConfiguration":{}'],
  ],
};

interface Expected {
  readonly now: string;
  readonly answers: Readonly<Record<string, unknown>>;
}

/** Lays out what a release has left behind. */
function laidOut(release: string): { folder: string; expected: Expected } {
  const folder = folders.fresh();
  for (const { path, bytes } of readZip(readFileSync(join(RELEASES, `${release}.zip`)))) {
    const file = join(folder, path.replace(/\.gz$/, ''));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, gunzipSync(bytes));
  }
  mkdirSync(join(folder, 'data', 'blobs'), { recursive: true });
  const said = JSON.stringify(JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')));
  const since = (TOLD_OTHERWISE[release] ?? []).reduce((text, pair) => text.replaceAll(...pair), said);
  return { folder, expected: JSON.parse(since) as Expected };
}

describe.each(readdirSync(RELEASES).map((file) => basename(file, '.zip')))(
  'what release %s has left behind',
  (release) => {
    it.each(['data folder', 'snapshot'])('opens as a %s, answers as it did and lives on', async (kind) => {
      const { folder, expected } = laidOut(release);
      const served = await folders.serve(
        kind === 'snapshot'
          ? { snapshot: new SnapshotFolder(folder).read('world') }
          : { data: join(folder, 'data') },
      );
      expect(await control(served, 'clock')).toMatchObject({ now: expected.now });
      expect(await answers(served.url, Object.keys(expected.answers))).toMatchObject(expected.answers);
      expect(await livesOn(served.url)).toEqual({ arrived: 2, answered: '7' });
    });
  },
);
