// The command as users meet it: a process of its own, from the source tree.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '#runtime/package.ts';

const NODE = join(packageRoot(), 'node_modules', '.bin', 'node');
const ENTRY = join(packageRoot(), 'src', 'cli', 'main.ts');

/** A rehearsal of this folder. */
export function fixture(name: string): string {
  return join(import.meta.dirname, 'rehearsals', name);
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly process: ChildProcess;
  /** Settles once this has been printed, or the command ended without. */
  readonly printed: (text: string) => Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Starts the command and lets it run. */
export function start(
  args: readonly string[],
  cwd: string = packageRoot(),
  environment: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(NODE, ['--conditions=sandtable-source', ENTRY, ...args], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  const listeners = new Set<() => void>();
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on('data', (piece: Buffer) => void (err += piece.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  const printed = (text: string): Promise<string> => {
    const seen = new Promise<string>((resolve) => {
      const look = (): void => {
        if (out.includes(text)) resolve(out);
      };
      listeners.add(look);
      look();
    });
    return Promise.race([seen, ended.then(() => out)]);
  };
  return { process: child, printed, ended };
}

/** Runs the command to its end. */
export function sandtable(...args: string[]): Promise<Ended> {
  return start(args).ended;
}
