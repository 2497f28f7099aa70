// A shell script of the user's as a program of its own: in its own process group, with an environment in which every AWS client
// finds the rehearsed world, and nothing of the user's own AWS configuration.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import type { ProgramEnd } from '#rehearsal/script.ts';
import { clientEnvironment } from './client-environment.ts';
import { ScriptProcesses } from './script-processes.ts';
import { ADDRESS, writeShims } from './script-shims.ts';

/** Characters of output that the report keeps: the last ones. */
const MOST_OUTPUT = 200_000;

/**
 * The first versions of the AWS CLI that know AWS_ENDPOINT_URL.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
const FIRST_MINORS: Readonly<Record<string, number>> = { 1: 29, 2: 13 };

export interface ScriptOptions {
  readonly file: string;
  readonly args: readonly string[];
  /** Told of each piece of output as it comes. */
  readonly print: (text: string) => void;
}

export class ScriptProcess {
  readonly #options: ScriptOptions;
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'sandtable-script-'));
  readonly #processes: ScriptProcesses = new ScriptProcesses();
  #child: ChildProcess | undefined;

  constructor(options: ScriptOptions) {
    this.#options = options;
  }

  /** Runs the script to its end against the world at `url`. */
  start(url: string): Promise<ProgramEnd> {
    const { file, args, print } = this.#options;
    const [command = 'sh', ...first] = interpreter(file);
    const child = spawn(command, [...first, file, ...args], {
      env: this.#environment(url),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that everything it starts can be ended with it.
      detached: true,
    });
    this.#child = child;
    let output = '';
    const keep = (piece: string): void => {
      print(piece);
      output = (output + piece).slice(-MOST_OUTPUT);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
    return new Promise((resolve, reject) => {
      child.once('error', (error) =>
        reject(
          new UserError('script-does-not-run', `${file} cannot be run: ${error.message}.`, {
            hint: 'Correct its first line, such as #!/bin/bash.',
          }),
        ),
      );
      // Background processes may hold its output for ever: the script has ended all the same.
      child.once('exit', (code, signal) => {
        const exitCode = code ?? (signal === null ? 1 : 128);
        setImmediate(() => resolve({ exitCode, output }));
      });
    });
  }

  /** Whether a process of the script works, besides those that are known. */
  works(known: ReadonlySet<string>): boolean {
    const { pid } = this.#child ?? {};
    return pid !== undefined && this.#processes.work(pid, known);
  }

  /** Ends everything that the script started, and removes what was made for it. */
  stop(): void {
    const { pid } = this.#child ?? {};
    if (pid !== undefined) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // All of it has ended already.
      }
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #environment(url: string): NodeJS.ProcessEnv {
    const { commands, python } = writeShims(this.#folder, awsCli());
    const { PATH = '', PYTHONPATH } = process.env;
    return {
      ...clientEnvironment(url, this.#folder),
      PATH: [commands, PATH].join(delimiter),
      PYTHONPATH: [python, ...(PYTHONPATH ? [PYTHONPATH] : [])].join(delimiter),
      [ADDRESS]: new URL(url).host,
      AWS_PAGER: '',
    };
  }
}

/** What a script's first line says runs it; `sh` where it says nothing. */
function interpreter(file: string): string[] {
  const [, line] = /^#!\s*([^\n]+)/.exec(readFileSync(file, 'utf8')) ?? [];
  return line?.trim().split(/\s+/) ?? ['sh'];
}

/** Where the AWS CLI lies. */
function awsCli(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return places.map((folder) => resolve(folder, 'aws')).find((path) => existsSync(path));
}

/** A script that calls the AWS CLI needs one, which knows AWS_ENDPOINT_URL: an older one would go to AWS itself. */
export function checkAwsCli(file: string): void {
  if (!/(^|[\s;&|($`])aws\s/m.test(readFileSync(file, 'utf8').replaceAll(/^\s*#.*$/gm, ''))) return;
  const { status, stdout, stderr } = spawnSync('aws', ['--version'], { encoding: 'utf8' });
  const hint = 'Install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html';
  if (status !== 0) {
    throw new UserError('no-aws-cli', `${file} calls the AWS CLI, and there is no aws on the PATH.`, {
      hint,
    });
  }
  const [said = '', major = '', minor = '0'] = /aws-cli\/(\d+)\.(\d+)\S*/.exec(`${stdout}${stderr}`) ?? [];
  const first = FIRST_MINORS[major];
  if (first !== undefined && Number(minor) < first) {
    throw new UserError('old-aws-cli', `${said} does not know AWS_ENDPOINT_URL and would call AWS itself.`, {
      hint,
    });
  }
}
