// Functions outside the world: execution environments by their ids, and the performers of the effects on them.

import { mkdtempSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FunctionResult } from '#cloud/ports/functions.ts';
import { UserError } from '#cloud/user-error.ts';
import type { Performers, Work } from '#world/index.ts';
import { BundleError } from '../../archive.ts';
import { Guardian } from '../../process/host/guardian.ts';
import { Processes } from '../../process/host/processes.ts';
import { invokeFunction, retireEnvironment } from '../effects.ts';
import type { Invocation, Retirement } from '../effects.ts';
import { Environment } from './environment.ts';
import { Runtimes } from './runtimes.ts';

export interface FunctionProcessesOptions {
  /** Virtual milliseconds in one of wall time while something really runs: 1 unless given. */
  readonly rate?: () => number;
  /**
   * Told of functions that this computer cannot run; their invocations then fail. Without it the user's error goes to whoever
   * runs the world, as it must in a rehearsal: there, a failing function would be taken for the function's own fault.
   */
  readonly refused?: (error: UserError) => void;
}

/** The functions of one world on this computer. Everything of them is gone after `close`, or when this process is. */
export class FunctionProcesses {
  /** Where functions reach AWS; they are not told of any before it is set. */
  endpoint: string | undefined;
  readonly performers: Performers;
  readonly #rate: () => number;
  readonly #refused: FunctionProcessesOptions['refused'];
  readonly #root: string;
  readonly #guardian: Guardian;
  readonly #processes: Processes;
  readonly #runtimes: Runtimes;
  readonly #environments = new Map<string, Environment>();
  #made = 0;

  constructor({ rate = () => 1, refused }: FunctionProcessesOptions = {}) {
    this.#rate = rate;
    this.#refused = refused;
    this.#root = mkdtempSync(join(realpathSync(tmpdir()), 'sandtable-functions-'));
    this.#guardian = new Guardian(this.#root);
    this.#processes = new Processes(this.#guardian);
    this.#runtimes = new Runtimes(join(this.#root, 'runtime'));
    this.performers = {
      [invokeFunction.name]: (run: Invocation, work: Work) => this.#invoke(run, work),
      [retireEnvironment.name]: async ({ environmentId }: Retirement) => {
        await this.#remove(environmentId);
        return null;
      },
    };
  }

  /** The folder of an environment on this computer, for whoever wants to look. */
  rootOf(environmentId: string): string | undefined {
    return this.#environments.get(environmentId)?.root;
  }

  /** Ends all processes and removes all folders. */
  async close(): Promise<void> {
    for (const environment of this.#environments.values()) environment.end();
    this.#environments.clear();
    await this.#guardian.close();
    await rm(this.#root, { recursive: true, force: true });
  }

  async #invoke(run: Invocation, { signal, blob }: Work): Promise<FunctionResult> {
    const environment = await this.#environment(run);
    const abort = (): void => environment.end();
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    try {
      const { endpoint } = this;
      const around = { processes: this.#processes, runtimes: this.#runtimes, endpoint, blob };
      return await environment.invoke(run, around);
    } catch (error) {
      return this.#unrunnable(error);
    } finally {
      signal.removeEventListener('abort', abort);
      if (!environment.usable && this.#environments.get(run.environmentId) === environment)
        await this.#remove(run.environmentId);
    }
  }

  /** The environment of an invocation: a new one for a cold start, and where the last invocation left none. */
  async #environment({ environmentId, cold }: Invocation): Promise<Environment> {
    const known = this.#environments.get(environmentId);
    if (known?.usable && !cold) return known;
    if (known) await this.#remove(environmentId);
    this.#made += 1;
    const fresh = new Environment(join(this.#root, 'environments', String(this.#made)), this.#rate);
    this.#environments.set(environmentId, fresh);
    return fresh;
  }

  async #remove(environmentId: string): Promise<void> {
    const environment = this.#environments.get(environmentId);
    this.#environments.delete(environmentId);
    environment?.end();
    if (environment) await rm(environment.root, { recursive: true, force: true });
  }

  #unrunnable(error: unknown): FunctionResult {
    const failed = (errorType: string, message: string): FunctionResult => ({
      outcome: { kind: 'crash', errorType, message },
      durationMs: 0,
      maxMemoryMb: 0,
      log: [],
    });
    if (error instanceof BundleError) return failed('Runtime.InvalidPackage', error.message);
    if (!(error instanceof UserError) || !this.#refused) throw error;
    this.#refused(error);
    return failed('Sandtable.RuntimeMissing', error.message);
  }
}
