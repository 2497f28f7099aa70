// Runs a hook script as the CodeDeploy agent does: with a time limit for the script and for its output, and with nothing of
// the developer's own environment.

import { chmod, open, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { clearTimeout, setTimeout } from 'node:timers';
import type { StepResult } from '../../codedeploy-agent/steps.ts';
import type { Script } from '../effects.ts';
import type { Machine } from './machine.ts';
import { Output } from './output.ts';
import type { Processes, Running } from './processes.ts';

/** How long a group has between its stop signal and the end (wall ms). */
const STOP_GRACE_MS = 1000;

/** `rate`: virtual milliseconds in one of wall time. */
export async function runScript(
  processes: Processes,
  machine: Machine,
  { folder, location, timeoutMs, port, environment }: Script,
  { rate, endpoint, signal }: { rate: number; endpoint: string | undefined; signal: AbortSignal },
): Promise<StepResult> {
  const file = machine.path(`${folder}/${location}`);
  const { mode } = await stat(file);
  if ((mode & 0o111) === 0) await chmod(file, mode | 0o755);
  const env = { ...(await machine.environment(port, endpoint)), ...environment };
  if (signal.aborted) return { kind: 'failed', message: 'The world has been closed.' };
  const command = machine.command(await interpreterOf(file), `${folder}/${location}`);
  return follow(processes, processes.start(machine.root, command, env), timeoutMs / rate, signal);
}

/** A file that names no interpreter and is no program is a shell's. */
async function interpreterOf(path: string): Promise<string[]> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(4) });
    const head = buffer.toString('latin1', 0, bytesRead);
    return head.startsWith('#!') || head === '\x7fELF' ? [] : ['/bin/sh'];
  } finally {
    await file.close();
  }
}

/** Waits for a script to end and to close its output, whichever comes last, within the time that it has. */
function follow(
  processes: Processes,
  child: Running,
  limitMs: number,
  signal: AbortSignal,
): Promise<StepResult> {
  const output = new Output();
  const open = new Set<'STDOUT' | 'STDERR'>(['STDOUT', 'STDERR']);
  child.stdout.on('data', (bytes: Buffer) => output.add('stdout', bytes));
  child.stderr.on('data', (bytes: Buffer) => output.add('stderr', bytes));
  let exit: number | undefined;
  let late = false;
  return new Promise((resolve) => {
    const limit = setTimeout(() => outOfTime(), limitMs);
    const settle = (result: StepResult): void => {
      clearTimeout(limit);
      signal.removeEventListener('abort', abort);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(result);
    };
    const abort = (): void => settle({ kind: 'failed', message: 'The world has been closed.' });
    const look = (): void => {
      // A script that ends at its stop signal has run out of time all the same.
      if (exit !== undefined && open.size === 0 && !late)
        settle({ kind: 'exited', exit, output: output.lines() });
    };
    const outOfTime = (): void => {
      const [stream] = open;
      // What a script leaves running is not stopped; the agent only gives up waiting for its output.
      if (exit !== undefined && stream)
        return settle({ kind: 'output-left-open', stream, output: output.lines() });
      late = true;
      void end(processes, child).then(() => settle({ kind: 'timed-out', output: output.lines() }));
    };
    child.stdout.once('close', () => (open.delete('STDOUT'), look()));
    child.stderr.once('close', () => (open.delete('STDERR'), look()));
    child.once(
      'exit',
      (code, killedBy) => ((exit = code ?? 128 + constants.signals[killedBy ?? 'SIGKILL']), look()),
    );
    child.once('error', (error) => settle({ kind: 'failed', message: error.message }));
    signal.addEventListener('abort', abort);
  });
}

/** Ends a script's whole process group: asks first, then insists. */
async function end(processes: Processes, { pid: group }: Running): Promise<void> {
  if (group === undefined || !processes.signal(group, 'SIGTERM')) return;
  const pause = STOP_GRACE_MS / 20;
  for (let waited = 0; waited < STOP_GRACE_MS && processes.signal(group, 0); waited += pause)
    await new Promise((resolve) => void setTimeout(resolve, pause));
  processes.signal(group, 'SIGKILL');
}
