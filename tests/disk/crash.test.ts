import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '#runtime/package.ts';
import { crash } from './crash.ts';

const NODE = join(packageRoot(), 'node_modules', '.bin', 'node');
const ENTRY = join(packageRoot(), 'src', 'cli', 'main.ts');

// Hundreds of kills: npm run crash.
it('keeps every acknowledged write of five services when it is killed in the middle of them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandtable-crash-'));
  try {
    const figures = await crash({
      seed: 'test',
      kills: 3,
      folder,
      command: [NODE, '--conditions=sandtable-source', ENTRY],
    });
    expect(figures.acknowledged).toBeGreaterThan(20);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
