// One execution environment: a folder with the code, a process group that runs it, and the Runtime API between them. It takes one
// invocation at a time and stands still in between, as Lambda freezes it.

import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from 'node:timers';
import type { FunctionResult } from '#cloud/ports/functions.ts';
import { host } from '#runtime/host.ts';
import type { Processes, Running } from '../../process/host/processes.ts';
import type { Invocation } from '../effects.ts';
import { Log } from './log.ts';
import { unpackPackage } from './package.ts';
import { RuntimeApi } from './runtime-api.ts';
import type { Said } from './runtime-api.ts';
import type { Runtimes } from './runtimes.ts';
import { variablesOf } from './variables.ts';

type Outcome = FunctionResult['outcome'];

/**
 * Initialisation that lasts longer counts against the timeout.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
const FREE_INIT_MS = 10_000;
/** How often the memory of a running function is looked at (wall ms). */
const MEMORY_LOOK_MS = 100;
/** How long output is waited for after its process has ended (wall ms). */
const OUTPUT_MS = 500;
/** Turns of the event loop without output after which there is none left. */
const QUIET_TURNS = 2;

/** What an environment is started with. */
export interface Surroundings {
  readonly processes: Processes;
  readonly runtimes: Runtimes;
  readonly endpoint: string | undefined;
  readonly blob: (hash: string) => Uint8Array | undefined;
}

/** The end of a process. */
interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not even be started. */
  readonly trouble?: NodeJS.ErrnoException;
}

export class Environment {
  /** Its folder: `task` has the code, `opt` the layers, `tmp` and `home` are its own. */
  readonly root: string;
  readonly #rate: () => number;
  readonly #log = new Log();
  #processes: Processes | undefined;
  #api: RuntimeApi | undefined;
  #child: Running | undefined;
  #exit: Exit | undefined;
  /** The runtime has asked for its next invocation. */
  #ready = false;
  #said: Said | undefined;
  #ended = false;
  #peakMb = 0;
  /** Virtual time, counted from the beginning of an invocation. */
  #clock = { now: 0, wall: 0 };
  #heard = 0;
  #waiting: (() => void) | undefined;

  constructor(root: string, rate: () => number) {
    this.root = root;
    this.#rate = rate;
  }

  /** Whether it can take another invocation. */
  get usable(): boolean {
    return this.#ready && !this.#exit && !this.#ended;
  }

  /** Runs one invocation to its end; the first one after `start`. */
  async invoke(run: Invocation, around: Surroundings): Promise<FunctionResult> {
    this.#clock = { now: run.startedAt, wall: host.wall() };
    const looks = setInterval(() => this.#watchMemory(run.memoryMb), MEMORY_LOOK_MS);
    try {
      const cold = this.#child === undefined;
      const timeoutMs = run.timeoutMs / this.#rate();
      if (cold) await this.#start(run, around);
      const free = FREE_INIT_MS / this.#rate();
      if (cold) await this.#until(() => this.#ready || this.#over, free + timeoutMs);
      const initMs = cold ? host.wall() - this.#clock.wall : 0;
      const begun = host.wall() - Math.max(0, initMs - free);
      const handed = this.usable;
      const outcome = await this.#answer(run, begun + timeoutMs);
      // Lambda initialises once more within the invocation where the first time failed.
      const tookMs = handed ? host.wall() - begun : initMs;
      const log = await this.#written();
      if (this.usable) this.#signal('SIGSTOP');
      return {
        outcome,
        ...(cold ? { initMs: hundredths(initMs * this.#rate()) } : {}),
        durationMs: outcome.kind === 'timeout' ? run.timeoutMs : hundredths(tookMs * this.#rate()),
        maxMemoryMb: this.#peakMb,
        log,
      };
    } finally {
      clearInterval(looks);
    }
  }

  /** Its processes end and its Runtime API closes. The folder is the caller's to remove. */
  end(): void {
    this.#ended = true;
    if (this.#child) this.#processes?.signalAll(this.root, 'SIGKILL');
    this.#api?.close();
    this.#look();
  }

  /** Nothing more is to be expected before the runtime asks for an invocation. */
  get #over(): boolean {
    return this.#exit !== undefined || this.#said !== undefined || this.#ended;
  }

  async #start(run: Invocation, { processes, runtimes, endpoint, blob }: Surroundings): Promise<void> {
    const zip = (hash: string): Uint8Array => {
      const bytes = blob(hash);
      if (bytes) return bytes;
      throw new Error(`No blob ${hash}.`);
    };
    const [task, opt] = [join(this.root, 'task'), join(this.root, 'opt')];
    const { inline } = await unpackPackage([zip(run.codeBlob)], task);
    if (run.layerBlobs) await unpackPackage(run.layerBlobs.map(zip), opt);
    for (const folder of ['tmp', 'home']) await mkdir(join(this.root, folder), { recursive: true });
    this.#clock = { now: run.startedAt, wall: host.wall() };
    const { command, path } = await runtimes.commandOf(run, { task, opt }, inline, this.#clockText());
    this.#api = await RuntimeApi.open({
      asked: () => {
        this.#ready = true;
        this.#watchMemory(Infinity);
        this.#look();
      },
      said: (said) => ((this.#said ??= said), this.#look()),
    });
    if (this.#ended) return this.#api.close();
    this.#processes = processes;
    const variables = variablesOf(run, {
      root: this.root,
      task,
      opt,
      path,
      endpoint,
      api: this.#api.address,
    });
    this.#child = processes.start(this.root, command, variables, task);
    this.#listen(this.#child);
  }

  #listen(child: Running): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (bytes: Buffer) => {
        this.#heard += 1;
        this.#log.add(stream, bytes, this.#now());
      });
      child[stream].on('error', () => {});
    }
    const ended = (exit: Exit): void => {
      this.#exit ??= exit;
      this.#look();
    };
    child.once('error', (trouble) => ended({ code: null, signal: null, trouble }));
    child.once('exit', (code, signal) => ended({ code, signal }));
  }

  /** Hands the invocation to the runtime, if it got that far, and waits for what comes of it. `deadline`: wall time. */
  async #answer(run: Invocation, deadline: number): Promise<Outcome> {
    if (this.#ready && !this.#over) {
      this.#ready = false;
      this.#said = undefined;
      this.#signal('SIGCONT');
      const { requestId, invokedArn, traceId, event, clientContext } = run;
      const context = clientContext === undefined ? {} : { clientContext };
      const handed = { requestId, invokedArn, traceId, event, deadline: Math.round(deadline), ...context };
      this.#api?.hand({ ...handed, clock: this.#clockText() });
      await this.#until(() => this.#over, deadline - host.wall());
      // The environment is free when the runtime asks again; one that never does is of no use any more.
      if (this.#said)
        await this.#until(() => this.#ready || this.#exit !== undefined, deadline - host.wall());
    }
    const said = this.#said;
    this.#said = undefined;
    this.#watchMemory(Infinity);
    const retired = this.#ended;
    if (!this.#ready) this.end();
    if (said?.about === 'response') return { kind: 'answered', payload: said.payload };
    if (said?.about === 'error') return { kind: 'error', payload: said.payload };
    if (said) return initError(said.payload);
    if (this.#exit) return crash(run.requestId, this.#exit);
    return retired ? crash(run.requestId, { code: null, signal: 'SIGKILL' }) : { kind: 'timeout' };
  }

  /** What is in the pipes when the runtime is done was written before. */
  async #written(): Promise<FunctionResult['log']> {
    const end = host.wall() + OUTPUT_MS;
    const open = (): boolean => !(this.#child?.stdout.destroyed && this.#child.stderr.destroyed);
    for (let quiet = 0; host.wall() < end;) {
      const heard = this.#heard;
      await new Promise((resolve) => void setImmediate(resolve));
      quiet = heard === this.#heard ? quiet + 1 : 0;
      // A process that has ended closes its pipes; one that goes on does not.
      if (this.#exit && this.#child?.pid !== undefined ? !open() : quiet >= QUIET_TURNS) break;
    }
    return this.#log.take(this.#now());
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child?.pid !== undefined) this.#processes?.signal(this.#child.pid, signal);
  }

  #now(): number {
    return Math.floor(this.#clock.now + (host.wall() - this.#clock.wall) * this.#rate());
  }

  #clockText(): string {
    return `${this.#clock.now}/${this.#clock.wall}/${this.#rate()}`;
  }

  /** Lambda ends a function that takes more memory than it has. Files that are mapped are shared here, and do not count. */
  #watchMemory(mostMb: number): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#exit || process.platform !== 'linux') return;
    let status: string;
    try {
      status = readFileSync(`/proc/${pid}/status`, 'latin1');
    } catch {
      return; // It has just ended.
    }
    const mb = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
    this.#peakMb = Math.max(this.#peakMb, Math.ceil(mb('VmHWM')));
    if (mb('RssAnon') + mb('RssShmem') > mostMb) this.#signal('SIGKILL');
  }

  /** Waits until a condition holds, at most so long (wall ms). */
  #until(condition: () => boolean, withinMs: number): Promise<void> {
    if (condition() || withinMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(limit);
        this.#waiting = undefined;
        resolve();
      };
      const limit = setTimeout(done, Math.min(withinMs, 2 ** 31 - 1));
      this.#waiting = () => condition() && done();
    });
  }

  #look(): void {
    this.#waiting?.();
  }
}

function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** The runtime could not load the code: its process says why, and ends. */
function initError(payload: string): Outcome {
  let told: { errorType?: unknown; errorMessage?: unknown } = {};
  try {
    told = (JSON.parse(payload) ?? {}) as typeof told;
  } catch {
    // A runtime of the user's own may say anything.
  }
  const { errorType = 'Runtime.Unknown', errorMessage = '' } = told;
  return { kind: 'crash', errorType: String(errorType), message: String(errorMessage), payload };
}

/** Names of signals as Lambda, which is written in Go, has them. */
const SIGNALS: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGHUP: 'hangup',
  SIGILL: 'illegal instruction',
  SIGINT: 'interrupt',
  SIGKILL: 'killed',
  SIGPIPE: 'broken pipe',
  SIGQUIT: 'quit',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
  SIGTRAP: 'trace/breakpoint trap',
};

const START_TROUBLE: Readonly<Record<string, string>> = {
  EACCES: 'fork/exec /var/task/bootstrap: permission denied',
  ENOEXEC: 'fork/exec /var/task/bootstrap: exec format error',
  ENOENT: "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
};

function crash(requestId: string, { code, signal, trouble }: Exit): Outcome {
  const error = (errorType: string, message: string): Outcome => ({
    kind: 'crash',
    errorType,
    message,
    payload: JSON.stringify({ errorType, errorMessage: `RequestId: ${requestId} Error: ${message}` }),
  });
  if (trouble)
    return error('Runtime.InvalidEntrypoint', START_TROUBLE[trouble.code ?? ''] ?? trouble.message);
  if (signal !== null) {
    const name = SIGNALS[signal] ?? `signal ${constants.signals[signal]}`;
    return error('Runtime.ExitError', `Runtime exited with error: signal: ${name}`);
  }
  if (code === 0) return error('Runtime.ExitError', 'Runtime exited without providing a reason');
  return error('Runtime.ExitError', `Runtime exited with error: exit status ${code}`);
}
