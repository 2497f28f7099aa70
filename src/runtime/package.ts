// Where this package lies and where its modules are, from the source tree as from the bundle.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root: string | undefined;

/** The folder that holds package.json and contracts/. */
export function packageRoot(): string {
  if (root !== undefined) return root;
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'contracts', 'index.json'))) at = dirname(at);
  root = at;
  return at;
}

/** True where the source tree runs as it is, without a bundle. */
const fromSource: boolean = import.meta.url.endsWith('.ts');

/** The entry of the worker threads in which rehearsals run. */
export function threadEntry(): string {
  return fromSource
    ? join(packageRoot(), 'src', 'cli', 'thread.ts')
    : join(packageRoot(), 'dist', 'thread.js');
}

/** The library of rehearsals. */
export function rehearsalFolder(): string {
  return join(packageRoot(), fromSource ? '' : 'dist', 'rehearsals');
}

/** The ending of this package's own modules. */
export const moduleExtension: string = fromSource ? '.ts' : '.js';
