// Declarations for users of the package: of what src/index.ts exports, and of the files that these rest on. What is marked
// `@internal` is left out, so that neither the world's inside nor AWS's generated types come along.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** Files that must not be needed: whoever adds a type to the package's face marks its inner members `@internal`. */
const INSIDE = /(?:^|\/)(?:cloud\/ctx|cloud\/gateway|world\/\w+)\.d\.ts$|\.generated\//;

/** Writes `types/index.d.ts` and what it imports. */
export function writeDeclarations(root: string, folder: string): void {
  const emitted = mkdtempSync(join(tmpdir(), 'sandtable-types-'));
  try {
    const options = ['--noEmit', 'false', '--emitDeclarationOnly', '--stripInternal', '--outDir', emitted];
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    execFileSync(tsc, ['-p', join(root, 'tsconfig.src.json'), ...options], { stdio: 'inherit' });
    const written = new Set<string>();
    const todo = ['index.d.ts'];
    for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
      if (written.has(file)) continue;
      written.add(file);
      if (INSIDE.test(file))
        throw new Error(`The package's declarations need ${file}: see tools/declarations.ts.`);
      const { text, needs } = portable(file, readFileSync(join(emitted, 'src', file), 'utf8'));
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
      todo.push(...needs);
    }
  } finally {
    rmSync(emitted, { recursive: true, force: true });
  }
}

/** The text of a declaration file with relative imports only, and the files that it imports. Paths lie below src/. */
function portable(file: string, declaration: string): { text: string; needs: string[] } {
  const needs: string[] = [];
  const text = declaration.replaceAll(/(?<=from ')([#.][^']+)\.ts(?=')/g, (_, name: string) => {
    const target = name.startsWith('#') ? name.slice(1) : join(dirname(file), name);
    needs.push(`${target}.d.ts`);
    const path = relative(dirname(file), target);
    return `${path.startsWith('.') ? path : `./${path}`}.js`;
  });
  return { text, needs };
}
