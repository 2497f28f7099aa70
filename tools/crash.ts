// Kills `sandtable up --data` at hundreds of instants and checks every acknowledged write: `npm run crash -- --kills 300`, or the
// same again with `--seed`. Runs what is in dist/.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crash } from '../tests/disk/crash.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    writers: { type: 'string', default: '12' },
    keep: { type: 'boolean', default: false },
  },
});

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'sandtable-crash-'));
const from = performance.now();
try {
  const { opening, checkpoint, load, acknowledged, slowestOpeningMs } = await crash({
    seed: values.seed,
    kills: Number(values.kills),
    writers: Number(values.writers),
    folder,
    command: [process.execPath, join(root, 'dist', 'sandtable.js')],
    progress: (line) => process.stdout.isTTY && process.stdout.write(`\r\u001b[K${line}`),
  });
  const seconds = ((performance.now() - from) / 1000).toFixed(0);
  console.log(
    `\n${opening + checkpoint + load} kills in ${seconds} s (${opening} while opening, ${checkpoint} in a checkpoint, ${load} ` +
      `under load), ${acknowledged} writes acknowledged, 0 lost; slowest opening ${slowestOpeningMs.toFixed(0)} ms`,
  );
} catch (error) {
  console.error(error);
  console.error(`Again with: npm run crash -- --seed ${values.seed}. The folder is ${folder}`);
  process.exit(1);
}
if (!values.keep) rmSync(folder, { recursive: true, force: true });
