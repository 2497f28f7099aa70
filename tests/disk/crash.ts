// Kills a served world over and over, in the middle of everything, and looks each time whether all that it had acknowledged is
// still so.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Draw } from '../simulation/draw.ts';
import { Ledger } from './ledger.ts';
import { clientsAt, close, prepare, queueOf, verify, write } from './load.ts';
import type { Clients } from './load.ts';

export interface CrashOptions {
  readonly seed: string;
  readonly kills: number;
  readonly folder: string;
  /** What starts the server: a program and its arguments, to which those of `up` are added. */
  readonly command: readonly [string, ...string[]];
  readonly writers?: number;
  readonly progress?: (line: string) => void;
}

/** How often it was killed when, and what had been acknowledged by then. */
export interface CrashFigures {
  opening: number;
  checkpoint: number;
  load: number;
  acknowledged: number;
  /** Slowest opening after a kill (ms), process start included. */
  slowestOpeningMs: number;
}

/** How long after the first write the last kill comes (ms). */
const LONGEST_LOAD_MS = 800;
const LONGEST_START_MS = 30_000;

interface Server {
  readonly process: ChildProcess;
  readonly url: Promise<string>;
  readonly ended: Promise<void>;
}

/** Throws where something that was acknowledged is not so. */
export async function crash(options: CrashOptions): Promise<CrashFigures> {
  const { seed, kills, folder, writers = 12, progress = () => {} } = options;
  const draw = new Draw(seed, 'kills');
  const ledger = new Ledger();
  const figures: CrashFigures = { opening: 0, checkpoint: 0, load: 0, acknowledged: 0, slowestOpeningMs: 0 };
  let last: { round: number; queueUrl: string | undefined } = { round: -1, queueUrl: undefined };
  let usualMs = 1000;
  for (let round = 0; ; round += 1) {
    const killed = figures.opening + figures.checkpoint + figures.load;
    if (killed < kills && round > 0 && draw.chance(0.25)) {
      await killSoon(start(options), draw.number() * usualMs * 1.1);
      figures.opening += 1;
      continue;
    }
    const from = performance.now();
    const server = start(options);
    const url = await server.url;
    usualMs = performance.now() - from;
    figures.slowestOpeningMs = Math.max(figures.slowestOpeningMs, usualMs);
    const clients = clientsAt(url);
    try {
      await verify(clients, ledger, last);
      figures.acknowledged = ledger.acknowledged;
      if (killed >= kills) {
        await end(server, 'SIGTERM');
        return figures;
      }
      await prepare(clients);
      last = { round, queueUrl: await queueOf(clients, round) };
      const writing = writeAll(clients, ledger, { seed, round, writers, queueUrl: last.queueUrl as string });
      const inCheckpoint = await moment(folder, draw);
      figures[inCheckpoint ? 'checkpoint' : 'load'] += 1;
      await end(server, 'SIGKILL');
      await writing;
    } catch (error) {
      await end(server, 'SIGKILL');
      throw new Error(`seed ${seed}, round ${round}: ${(error as Error).message}`, { cause: error });
    } finally {
      close(clients);
    }
    progress(`${killed + 1} kills, ${ledger.acknowledged} writes acknowledged`);
  }
}

async function writeAll(
  clients: Clients,
  ledger: Ledger,
  { writers, ...of }: { seed: string; round: number; writers: number; queueUrl: string },
): Promise<void> {
  await Promise.all(
    Array.from({ length: writers }, (_, writer) => write(clients, ledger, { ...of, writer })),
  );
}

/** Waits for the moment to kill: some time or other, or right when the log is being put into the database. True for that. */
async function moment(folder: string, draw: Draw): Promise<boolean> {
  const [forCheckpoint, restMs] = [draw.chance(0.3), draw.number() * LONGEST_LOAD_MS];
  if (!forCheckpoint) {
    await sleep(restMs);
    return false;
  }
  const file = join(folder, 'world.db');
  const before = statSync(file).mtimeMs;
  const until = Date.now() + 4 * LONGEST_LOAD_MS;
  while (Date.now() < until) {
    // Nothing else writes the database itself.
    if (statSync(file).mtimeMs !== before) return true;
    await sleep(1);
  }
  return false;
}

function start({ folder, command: [program, ...args] }: CrashOptions): Server {
  const child = spawn(program, [...args, 'up', '--port', '0', '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (piece: Buffer) => {
      out += piece.toString();
      const [, found] = /a local AWS at (\S+)\n/.exec(out) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.stderr.on('data', (piece: Buffer) => void (err += piece.toString()));
    void ended.then(() => reject(new Error(`It does not open:\n${err}${out}`)));
    const late = setTimeout(() => reject(new Error('It does not open in time.')), LONGEST_START_MS);
    void ended.then(() => clearTimeout(late));
    late.unref();
  });
  url.catch(() => {});
  return { process: child, url, ended };
}

async function killSoon(server: Server, ms: number): Promise<void> {
  await Promise.race([sleep(ms), server.ended]);
  await end(server, 'SIGKILL');
}

async function end(server: Server, signal: NodeJS.Signals): Promise<void> {
  server.process.kill(signal);
  await server.ended;
}
