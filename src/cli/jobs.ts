// Rehearsals run in worker threads, so that they use every core and so that each may put its world's time in place of the
// runtime's. This is the side that hands out the jobs.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Progress, RunOptions } from '#rehearsal/run.ts';
import type { RunResult } from '#rehearsal/result.ts';
import { UserError } from '#cloud/user-error.ts';
import { threadEntry } from '#runtime/package.ts';
import type { DriverChoice } from './options.ts';

/** A variant to run, under other timings than the typical ones if given. */
export interface PlannedRun {
  readonly variant: string;
  readonly timings?: RunOptions['timings'];
}

/** One thread's work: a rehearsal, or some runs of its variants from one prepared world. */
export interface Job {
  /** Absolute path of the rehearsal file. */
  readonly file: string;
  readonly driver: DriverChoice;
  readonly options: Omit<RunOptions, 'progress'>;
  /** Absent: all variants, once. Threads keep the prepared world for the next job of the same rehearsal and seed. */
  readonly runs?: readonly PlannedRun[];
}

/** What a thread tells. */
export type Message =
  | { readonly kind: 'progress'; readonly progress: Omit<Progress, 'result'> }
  | { readonly kind: 'done'; readonly results: readonly RunResult[] }
  | { readonly kind: 'variants'; readonly names: readonly string[] }
  | {
      readonly kind: 'failed';
      readonly name: string;
      readonly message: string;
      /** Where in the code of Sandtable: of what caused it, where there is a cause. */
      readonly stack?: string;
      /** Where in the user's own file. */
      readonly place?: string;
      readonly hint?: string;
    };

/** What a thread is asked: to run a job, or to name a rehearsal's variants. */
export type Request =
  | { readonly kind: 'run'; readonly job: Job }
  | { readonly kind: 'variants'; readonly file: string };

/** How many threads to use at most. */
export function threadCount(): number {
  return Math.max(1, availableParallelism());
}

export class Threads {
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  readonly #waiting: ((worker: Worker) => void)[] = [];
  readonly #limit: number;

  constructor(limit: number = threadCount()) {
    this.#limit = limit;
  }

  /** Starts all threads and lets them load a rehearsal ahead of its first run. What goes wrong shows when it runs. */
  warmUp(file: string): void {
    for (let at = this.#all.size; at < this.#limit; at += 1) this.variants(file).catch(() => {});
  }

  async run(
    job: Job,
    progress: (event: Omit<Progress, 'result'>) => void = () => {},
  ): Promise<readonly RunResult[]> {
    const message = await this.#ask({ kind: 'run', job }, progress);
    return message.kind === 'done' ? message.results : [];
  }

  /** Names of a rehearsal's variants; one empty name where it has none. */
  async variants(file: string): Promise<readonly string[]> {
    const message = await this.#ask({ kind: 'variants', file }, () => {});
    return message.kind === 'variants' ? message.names : [];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  async #ask(request: Request, progress: (event: Omit<Progress, 'result'>) => void): Promise<Message> {
    const worker = await this.#take();
    worker.ref();
    try {
      return await new Promise<Message>((resolve, reject) => {
        const listen = (message: Message): void => {
          if (message.kind === 'progress') return progress(message.progress);
          worker.off('message', listen).off('error', broken).off('exit', ended);
          if (message.kind === 'failed') reject(errorOf(message));
          else resolve(message);
        };
        const broken = (error: unknown): void => {
          this.#all.delete(worker);
          reject(error);
        };
        const ended = (): void =>
          broken(
            new UserError('thread-ended', 'The thread of a rehearsal ended before the rehearsal did.', {
              hint: 'A rehearsal must not call process.exit.',
            }),
          );
        worker.on('message', listen).once('error', broken).once('exit', ended);
        worker.postMessage(request);
      });
    } finally {
      this.#release(worker);
    }
  }

  #take(): Promise<Worker> | Worker {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#all.size < this.#limit) return this.#start();
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  #release(worker: Worker): void {
    const alive = this.#all.has(worker);
    worker.unref();
    const next = this.#waiting.shift();
    if (next) next(alive ? worker : this.#start());
    else if (alive) this.#idle.push(worker);
  }

  #start(): Worker {
    const worker = new Worker(threadEntry());
    worker.unref();
    this.#all.add(worker);
    return worker;
  }
}

/** What a thread failed with. */
class ThreadFailure extends Error {
  /** Where in the user's own file. */
  readonly place: string | undefined;

  constructor({ name, message, stack, place }: Extract<Message, { kind: 'failed' }>) {
    super(message);
    this.name = name;
    this.place = place;
    if (stack !== undefined) this.stack = stack;
  }
}

function errorOf(failed: Extract<Message, { kind: 'failed' }>): Error {
  const { name, message, hint } = failed;
  return hint === undefined ? new ThreadFailure(failed) : new UserError(name, message, { hint });
}
