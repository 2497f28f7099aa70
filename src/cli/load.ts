// Loads a rehearsal file, and says what is wrong with one that does not load: which file, where in it, and what to do.

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UserError } from '#cloud/user-error.ts';
import type { Rehearsal } from '#rehearsal/rehearsal.ts';

/** The rehearsal that a file exports as its default. Throws `UserError`. */
export async function loadRehearsal(file: string): Promise<Rehearsal> {
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new UserError('rehearsal-not-found', `There is no rehearsal file ${file}.`, {
      hint: 'Give the path of a .ts or .js file.',
    });
  }
  const { default: found } = await imported(file);
  if (!found || typeof found.title !== 'string' || (!found.run && !found.variants)) {
    throw new UserError('not-a-rehearsal', `${file} does not export a rehearsal as its default.`, {
      hint: "Write: export default rehearsal({ title: '…', run: async (scene) => … })",
    });
  }
  return found;
}

async function imported(file: string): Promise<{ default?: Rehearsal }> {
  try {
    return (await import(pathToFileURL(file).href)) as { default?: Rehearsal };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { name = 'Error', message = String(error), code } = error as Error & { code?: string };
    const place = placeOf(error) ?? (name === 'SyntaxError' ? syntaxPlace(file) : file);
    throw new UserError('rehearsal-does-not-load', `${place}: ${name}: ${message}`, {
      hint: hintFor(code, name),
    });
  }
}

function hintFor(code: string | undefined, name: string): string {
  switch (code) {
    case 'ERR_MODULE_NOT_FOUND':
      return 'Install what the file imports, or correct the path; relative imports need the ending .ts or .js.';
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return 'Types are erased, not compiled: use no enum, namespace or parameter property.';
    case 'ERR_UNKNOWN_FILE_EXTENSION':
      return 'This version of Node loads .js and .mjs only: use Node 22.18 or newer for .ts files.';
    default:
      return name === 'SyntaxError'
        ? 'Correct the syntax there.'
        : 'Correct what the file does while it is loaded.';
  }
}

/**
 * Where in a user's file something went wrong: `/path/file.ts:3:5`, from the stack. Frames of the runtime, of packages and of
 * Sandtable itself are passed over.
 */
export function placeOf(error: unknown): string | undefined {
  const stack = (error as Error | undefined)?.stack ?? '';
  // Syntax errors begin with their place, without a frame.
  const head = /^(?:file:\/\/)?(\/[^\n]*?|[A-Za-z]:\\[^\n]*?):(\d+)\n/.exec(stack);
  if (head) return `${head[1]}:${head[2]}`;
  for (const [, url = '', line, column] of stack.matchAll(/(file:\/\/[^\s()]+?):(\d+):(\d+)/g)) {
    const path = fileURLToPath(url);
    if (!path.includes('/node_modules/') && !isOurs(path)) return `${path}:${line}:${column}`;
  }
  return undefined;
}

/** The folder of this package's own code: `src`, or `dist` with its chunks. */
const OURS = fileURLToPath(new URL('..', import.meta.url));

function isOurs(path: string): boolean {
  return path.startsWith(OURS) && !path.includes('/rehearsals/');
}

/** JavaScript's own syntax errors do not say where they are, unless nobody catches them. */
function syntaxPlace(file: string): string {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  const [, line] = /:(\d+)\n/.exec(stderr ?? '') ?? [];
  return line === undefined ? `A module that ${file} imports` : `${file}:${line}`;
}
