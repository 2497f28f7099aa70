// Commands of the user's that `sandtable up` runs once its endpoint answers: one that sets it up, and one after which it stops.

import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import { clientEnvironment } from './client-environment.ts';
import type { Values } from './command.ts';

/** A line for the shell, or a program with its arguments. */
export type UserCommand = string | readonly string[];

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How long a command that was told to end is given to do so (ms). */
const PARTING_MS = 10_000;

/** `--once-ready COMMAND` or `--once-ready -- COMMAND ARGUMENT…`; nothing where neither was given. */
export function onceReady(values: Values, rest: readonly string[]): UserCommand | undefined {
  const line = values.text('once-ready');
  if (line === undefined) {
    if (rest.length === 0) return undefined;
    throw new UserError('stray-arguments', `up takes no arguments; it was given ${rest.join(' ')}.`, {
      hint: `To run a command against it: sandtable up --once-ready -- ${rest.join(' ')}`,
    });
  }
  if (line !== '' && rest.length > 0) {
    throw new UserError('two-commands', `--once-ready was given ${line} and, after --, ${rest.join(' ')}.`, {
      hint: 'Give one command: a line for the shell, or a program with its arguments after --.',
    });
  }
  if (line.trim() === '' && rest.length === 0) {
    throw new UserError('no-command', '--once-ready was given no command.', {
      hint: "sandtable up --once-ready 'npm test', or sandtable up --once-ready -- npm test",
    });
  }
  return line === '' ? rest : line;
}

/**
 * Runs a command to its end in an environment that leads to the world at `url`, with everything that it started, and returns
 * its exit code: 128 and the signal's number, where one ended it. Signals that reach this process meanwhile are passed on.
 */
export async function runCommand(command: UserCommand, url: string, stdio: StdioOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sandtable-command-'));
  const region = process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || undefined;
  const env = clientEnvironment(url, folder, region);
  // A terminal tells everything in its foreground itself, and only there may a command read from it.
  const terminal = process.stdin.isTTY;
  const options = { env, stdio, detached: !terminal && process.platform !== 'win32' };
  let child: ChildProcess | undefined;
  const end = (): void => tell(child, 'SIGKILL', options.detached);
  let impatient: NodeJS.Timeout | undefined;
  const pass = (signal: NodeJS.Signals): void => {
    if (terminal && signal === 'SIGINT') return;
    tell(child, signal, options.detached);
    impatient ??= setTimeout(end, PARTING_MS);
  };
  // A command may be as quick as to send one before it is known here.
  for (const signal of SIGNALS) process.on(signal, pass);
  process.on('exit', end);
  try {
    const [file = '', ...args] = typeof command === 'string' ? [command] : command;
    child = spawn(file, args, { ...options, shell: typeof command === 'string' });
    return await exitOf(child, file);
  } finally {
    clearTimeout(impatient);
    for (const signal of SIGNALS) process.off(signal, pass);
    process.off('exit', end);
    // What it left in the background goes with it.
    if (options.detached) end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function exitOf(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new UserError('command-does-not-run', `${name} cannot be run: ${error.message}.`, {
          hint: 'Check that it is on the PATH.',
        }),
      ),
    );
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
}

/** Sends a signal to a command, and to everything that it started where it is a group of its own. */
function tell(child: ChildProcess | undefined, signal: NodeJS.Signals, grouped: boolean): void {
  const { pid } = child ?? {};
  if (pid === undefined) return;
  try {
    process.kill(grouped ? -pid : pid, signal);
  } catch {
    // It has ended already.
  }
}
