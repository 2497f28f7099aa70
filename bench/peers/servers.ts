// The servers that are measured: how their users start them, on the loopback interface, and how they are found.
//
//   bare, sandtable      this tree (dist/ is built)
//   moto                 `moto_server` on PATH
//   ministack            MINISTACK_HOME: a checkout of ministackorg/ministack; MINISTACK_PYTHON: a Python that has what it needs
//   dynalite, s3rver     on PATH (npm install dynalite s3rver, anywhere)
//   floci, fakecloud, localstack
//                        FLOCI, FAKECLOUD, LOCALSTACK: the command, with {port} where its port goes. It must listen on
//                        127.0.0.1 only: for Floci
//                        `java -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port={port} -jar …`, for fakecloud
//                        `fakecloud --addr 127.0.0.1:{port}`.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Service } from './operations.ts';

const root = join(import.meta.dirname, '..', '..');

export interface Found {
  readonly command: readonly string[];
  readonly version: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Why there is none. */
type Absent = string;

export interface Server {
  readonly id: string;
  readonly title: string;
  readonly services: readonly Service[];
  readonly port: number;
  /** Key and secret, where `test` will not do. */
  readonly key?: string;
  /** False where answers bear nothing that later requests could use. */
  readonly answers: boolean;
  readonly find: (port: number, scratch: string) => Found | Absent;
}

const ALL: readonly Service[] = ['cloudformation', 'dynamodb', 'iam', 's3', 'sns', 'sqs', 'sts'];

const peer = { services: ALL, answers: true } as const;

export const servers: readonly Server[] = [
  {
    id: 'bare',
    title: 'bare node:http',
    services: ALL,
    port: 45_700,
    answers: false,
    find: (port) => ({
      command: [process.execPath, join(import.meta.dirname, 'bare.mjs'), String(port)],
      version: process.version,
    }),
  },
  {
    ...peer,
    id: 'sandtable',
    title: 'Sandtable',
    port: 45_710,
    find: (port) => ({
      command: [process.execPath, join(root, 'dist/sandtable.js'), 'up', '--port', String(port)],
      version: `${packageVersion(root)} ${output('git', ['-C', root, 'rev-parse', '--short', 'HEAD'])}`,
    }),
  },
  { ...peer, id: 'moto', title: 'moto server', port: 45_720, find: moto },
  { ...peer, id: 'ministack', title: 'MiniStack', port: 45_730, find: ministack },
  {
    ...peer,
    id: 'dynalite',
    title: 'dynalite',
    services: ['dynamodb'],
    port: 45_740,
    find: (port) =>
      nodeProgram('dynalite', ['--host', '127.0.0.1', '--port', String(port), '--createTableMs', '0']),
  },
  {
    ...peer,
    id: 's3rver',
    title: 's3rver',
    services: ['s3'],
    port: 45_750,
    key: 'S3RVER',
    find: (port, scratch) =>
      nodeProgram('s3rver', [
        '-d',
        scratch,
        '-a',
        '127.0.0.1',
        '-p',
        String(port),
        '-s',
        '--allow-mismatched-signatures',
      ]),
  },
  {
    ...peer,
    id: 'floci',
    title: 'Floci',
    port: 45_760,
    find: given(
      'FLOCI',
      'a Java program without a published file that was in reach; its build needs Maven Central',
    ),
  },
  {
    ...peer,
    id: 'fakecloud',
    title: 'fakecloud',
    port: 45_770,
    find: given('FAKECLOUD', 'a Rust program; its build needs crates.io, its installation GitHub'),
  },
  {
    ...peer,
    id: 'localstack',
    title: 'LocalStack',
    port: 45_780,
    find: given(
      'LOCALSTACK',
      'runs in Docker, which is not on this machine; its Python packages were out of reach',
    ),
  },
];

function given(variable: string, absent: Absent): Server['find'] {
  return (port) => {
    const command = process.env[variable];
    if (command === undefined) return absent;
    return { command: command.replaceAll('{port}', String(port)).split(' '), version: 'as given' };
  };
}

function moto(port: number): Found | Absent {
  const shim = onPath('moto_server');
  if (shim === undefined) return 'no moto_server on PATH';
  // What pyenv puts on PATH is a shell script that looks for the program; users of a virtual environment have the program itself.
  const program = shim.includes('/shims/') ? output('pyenv', ['which', 'moto_server']) : shim;
  const python = /^#!(\S+)/.exec(readFileSync(program, 'utf8'))?.[1] ?? 'python3';
  const version = output(python, [
    '-c',
    'import moto, platform; print(moto.__version__, "Python", platform.python_version())',
  ]);
  return { command: [program, '-H', '127.0.0.1', '-p', String(port)], version };
}

/** It asks for hypercorn 0.18; which one it got says more about small answers than its own version. */
const MINISTACK_STANDS_ON =
  'import importlib.metadata as m, platform; print("Python", platform.python_version(), "hypercorn", m.version("hypercorn"))';

function ministack(port: number): Found | Absent {
  const { MINISTACK_HOME: home, MINISTACK_PYTHON: python = '/usr/bin/python3' } = process.env;
  if (home === undefined) return 'MINISTACK_HOME names no checkout of it';
  const version = /^version = "(.*)"/m.exec(readFileSync(join(home, 'pyproject.toml'), 'utf8'))?.[1] ?? '';
  return {
    command: [python, '-m', 'ministack'],
    cwd: home,
    // Without its MQTT listener, which would listen on every interface.
    env: { GATEWAY_PORT: String(port), BIND_HOST: '127.0.0.1', IOT_MTLS_ENABLED: '0' },
    version: `${version} ${output(python, ['-c', MINISTACK_STANDS_ON])}`,
  };
}

function nodeProgram(name: string, args: readonly string[]): Found | Absent {
  const program = onPath(name);
  if (program === undefined) return `no ${name} on PATH`;
  const file = realpathSync(program);
  let folder = dirname(file);
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return { command: [process.execPath, file, ...args], version: packageVersion(folder) };
}

function packageVersion(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

function onPath(name: string): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  return places.find((place) => existsSync(place));
}

function output(program: string, args: readonly string[]): string {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout.trim();
}

export interface Running {
  /** From the start of the process to its first answer. */
  readonly firstAnswerMs: number;
  readonly rssMb: () => number;
  readonly stop: () => Promise<void>;
}

/** A server that does not answer within this is given up (ms). */
const LONGEST_START_MS = 60_000;

/** Starts a server and waits until `answers`. */
export async function start(server: Server, answers: () => Promise<unknown>): Promise<Running> {
  const scratch = mkdtempSync(join(tmpdir(), 'peers-'));
  const found = server.find(server.port, scratch);
  if (typeof found === 'string') throw new Error(`${server.title} is not to be had: ${found}`);
  const [program = '', ...args] = found.command;
  const env = { ...process.env, ...found.env };
  const from = performance.now();
  const child = spawn(program, args, { stdio: 'ignore', cwd: found.cwd ?? scratch, env });
  let failure: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      failure = error;
      resolve();
    });
    child.once('exit', () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(patience);
    rmSync(scratch, { recursive: true, force: true });
  };
  for (;;) {
    const answered = await answers().then(
      () => true,
      () => false,
    );
    if (answered) break;
    if (failure ?? (child.exitCode !== null || performance.now() - from > LONGEST_START_MS)) {
      await stop();
      throw failure ?? new Error(`${server.title} gives no answer`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return { firstAnswerMs: performance.now() - from, rssMb: () => residentMb(child.pid ?? 0), stop };
}

/** Of a process and those that it started (Linux). */
function residentMb(pid: number): number {
  const own = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === ''
    ? own
    : children.split(' ').reduce((sum, child) => sum + residentMb(Number(child)), own);
}
