import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packRevision } from '#runtime/revision-folder.ts';
import { parseAppSpec } from './appspec.ts';
import { readBundle } from './bundle.ts';
import { parseManifest } from './manifest.ts';

const RELEASES = ['v1', 'v2', 'v2-bad'];

interface Release {
  version: string;
  startMs: number;
  latencyMs: [number, number][];
  failsAbovePerSecond: number;
  failuresPerHundred: number;
}

describe.each(RELEASES)('examples/web/%s', (name) => {
  const folder = join(import.meta.dirname, '../../examples/web', name);
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

  it('is a bundle whose AppSpec names scripts that it has', async () => {
    const files = readBundle(await packRevision(folder), 'zip');
    const paths = files.map(({ path }) => path);
    const scripts = Object.values(parseAppSpec(read('appspec.yml')).hooks).flat();
    expect(scripts.length).toBe(4);
    for (const { location } of scripts) expect(paths).toContain(location);
    for (const { path, mode } of files) expect((mode & 0o100) !== 0).toBe(path.endsWith('.sh'));
  });

  it('says in its manifest what its server does', () => {
    const release = JSON.parse(read('app/release.json')) as Release;
    const { application, version } = parseManifest(read('sandtable.yml'));
    expect(version).toBe(release.version);
    expect(version).toBe(name);
    expect(application?.latency).toEqual(
      release.latencyMs.map(([share, ms]) => [Math.round(share * 1_000_000), ms * 1000]),
    );
    expect((application?.startMs ?? 0) - release.startMs).toBe(100);
    const { failuresPerHundred, failsAbovePerSecond } = release;
    const fault = {
      status: 500,
      perMillion: failuresPerHundred * 10_000,
      abovePerSecond: failsAbovePerSecond,
    };
    expect(application?.errors).toEqual(failuresPerHundred === 0 ? [] : [fault]);
  });

  it('shares all but its release with the others', () => {
    for (const path of [
      'appspec.yml',
      'app/server.mjs',
      'scripts/start.sh',
      'scripts/stop.sh',
      'scripts/validate.sh',
    ]) {
      expect(read(path)).toBe(readFileSync(join(folder, '../v1', path), 'utf8'));
    }
  });
});
