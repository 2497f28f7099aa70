// Bundles the command and the library of rehearsals into dist/, with declarations of what the package exports. One chunk for
// each thing that is loaded on its own, so that `up` does not pay for rehearsals, nor a service for the contracts of others.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { writeDeclarations } from './declarations.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

function rehearsals(): Record<string, string> {
  const found = readdirSync(join(root, 'rehearsals'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(found.map((file) => [file.slice(root.length + 1).replace(/\.ts$/, ''), file]));
}

rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  input: {
    sandtable: 'src/cli/main.ts',
    thread: 'src/cli/thread.ts',
    index: 'src/index.ts',
    ...rehearsals(),
  },
  cwd: root,
  platform: 'node',
  resolve: { conditionNames: ['sandtable-source', 'import', 'module', 'node'] },
  logLevel: 'warn',
});
await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  minify: true,
});
await bundle.close();
writeDeclarations(root, join(dist, 'types'));
