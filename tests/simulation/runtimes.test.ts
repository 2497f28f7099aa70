import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const bun = join(root, 'node_modules/.bin/bun');
const script = join(import.meta.dirname, 'hashes.ts');
const run = promisify(execFile);

/** Busy enough that every service has its part in it. */
const SEED = '5';
const VARIANT = 'one at a time, alarm (bad)';

interface Hashes {
  readonly simulation: { readonly transitions: number; readonly hash: string };
  readonly prepared: string;
  readonly rehearsed: string;
}

async function hashesOn(runtime: string, trace: string): Promise<Hashes> {
  const { stdout } = await run(runtime, ['--conditions=sandtable-source', script, SEED, VARIANT, trace], {
    cwd: root,
  });
  return JSON.parse(stdout) as Hashes;
}

/** The first journal entry in which two runs differ. */
function parting(one: string, other: string): string {
  const [left, right] = [one, other].map((path) => readFileSync(path, 'utf8').split('\n')) as [
    string[],
    string[],
  ];
  const at = left.findIndex((line, n) => line !== right[n]);
  return at < 0 ? '' : `node: ${left[at]}\nbun:  ${right[at]}`;
}

it.skipIf(!existsSync(bun))(
  'runs a seed and a rehearsal alike on Node and on Bun (skipped where Bun is not installed)',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandtable-runtimes-'));
    try {
      const traces = [join(folder, 'node'), join(folder, 'bun')] as const;
      const [onNode, onBun] = await Promise.all([
        hashesOn(process.execPath, traces[0]),
        hashesOn(bun, traces[1]),
      ]);
      expect(parting(...traces)).toBe('');
      expect(onBun).toEqual(onNode);
      expect(onNode.simulation.transitions).toBeGreaterThan(2000);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
