// Every rehearsal of the library, in process: its expectations hold, and it is the same each time.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Rehearsal } from '#rehearsal/rehearsal.ts';
import { runAll } from '#rehearsal/run.ts';
import type { RunResult } from '#rehearsal/result.ts';
import { composeRehearsal } from '#sandtable';
import { claims } from '../../rehearsals/claims.ts';

const FOLDER = join(import.meta.dirname, '../../rehearsals');

interface Found {
  /** Path in the folder, without its extension. */
  readonly name: string;
  readonly rehearsal: Rehearsal;
}

async function load(): Promise<Found[]> {
  const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const modules = await Promise.all(
    files.map(async (file) => ({
      name: file.slice(FOLDER.length + 1, -'.ts'.length).replaceAll('\\', '/'),
      // Files without a default are what rehearsals share.
      rehearsal: ((await import(file)) as { default?: Rehearsal }).default,
    })),
  );
  return modules.filter((one): one is Found => one.rehearsal !== undefined);
}

const all = await load();
const composition = composeRehearsal();

function failures(results: readonly RunResult[]): string[] {
  return results.flatMap(({ variant, expectations }) =>
    expectations
      .filter((one) => !one.passed)
      .map(({ expectation, found }) => `${variant}: ${expectation}, found ${found}`),
  );
}

describe('rehearsals', () => {
  it.each(all)('hold what they expect: $name', async ({ rehearsal }) => {
    const results = await runAll(rehearsal, composition);
    expect(results.length).toBeGreaterThan(0);
    expect(failures(results)).toEqual([]);
  });

  it('come out the same for the same seed, and differently for another', async () => {
    const { rehearsal } = all.find(({ name }) => name === 'deploy/missed-instances') as Found;
    const hashes = async (seed: string): Promise<string[]> =>
      (await runAll(rehearsal, composition, { seed })).map(({ hash }) => hash);
    const first = await hashes('one');
    expect(await hashes('one')).toEqual(first);
    expect(await hashes('another')).not.toEqual(first);
  });
});

describe('claims', () => {
  const claimed = all.flatMap(({ name, rehearsal: { claim } }) => (claim ? [{ name, claim }] : []));

  it.each(claimed)('are named by the file that rehearses them: $name', ({ name, claim }) => {
    expect(claim.id).toBe(name);
    expect(claims.map(({ id }) => id)).toContain(claim.id);
  });

  it.each(claimed)('have rehearsals that expect something of every variant: $name', ({ name }) => {
    const { rehearsal } = all.find((one) => one.name === name) as Found;
    const { expect: common = [], variants = {} } = rehearsal;
    for (const { expect: own = [] } of Object.values(variants))
      expect(common.length + own.length).toBeGreaterThan(0);
    if (rehearsal.run) expect(common.length).toBeGreaterThan(0);
  });

  it('are told apart by their ids', () => {
    const ids = claims.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
