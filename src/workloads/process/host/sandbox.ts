// A machine kept apart from this computer by Linux namespaces: it sees this computer's files and changes only its own copy of
// them, sees only its own processes, and has a network with nobody else in it. So a bundle runs as it is, on its own paths and
// ports. A relay carries connections in (from the load balancer) and out (to AWS's endpoint).

import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { mkdtemp, mkdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { packageRoot } from '#runtime/package.ts';
import type { Guardian } from './guardian.ts';

/** The first process of a machine: it lays the file system out, then takes care of processes that nobody waits for. */
const INIT = `
set -e
disk=$1/disk
mount -t tmpfs tmpfs "$disk"
mkdir "$disk/upper" "$disk/work" "$disk/machine"
mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$disk/machine"
cd "$disk/machine"
mount --rbind /dev dev
mount -t proc proc proc
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs run
chmod 1777 tmp
# What runs the programs must be seen also where it lies in a folder that every machine has of its own.
case "$2" in
  /tmp/* | /run/*)
    mkdir -p ".$2"
    mount --bind "$2" ".$2"
    mount -o remount,bind,ro ".$2"
    ;;
esac
ip link set lo up
exec chroot . /bin/sh -c 'cd /; echo ready; while :; do sleep 1000; done'
`;

/** Runs in the machine's network. To the socket, a port is said; `+` or `-` comes back, then the connection is one. */
const RELAY = `
const net = require('node:net');
const [inbound, outbound, port] = process.argv.slice(1);
const join = (a, b) => { a.pipe(b); b.pipe(a); for (const one of [a, b]) one.on('error', () => { a.destroy(); b.destroy(); }); };
net.createServer({ allowHalfOpen: true }, (outer) => {
  outer.once('data', (head) => {
    const inner = net.connect({ host: '127.0.0.1', port: Number(head.toString()), allowHalfOpen: true });
    inner.once('connect', () => { outer.write('+'); join(outer, inner); });
    inner.once('error', () => outer.destroyed || outer.end('-'));
  });
  outer.on('error', () => outer.destroy());
}).listen(inbound, () => console.log('ready'));
net.createServer({ allowHalfOpen: true }, (inner) => join(inner, net.connect({ path: outbound, allowHalfOpen: true })))
  .listen(Number(port), '127.0.0.1');
`;

/** Where programs on the machine reach AWS. */
export const ENDPOINT_PORT = 4566;

const NAMESPACES = ['--mount', '--pid', '--net'];

export class Sandbox {
  /** The first process, as this computer counts. */
  readonly #init: number;
  readonly #socket: string;
  readonly #crew: Crew;

  private constructor(init: number, socket: string, crew: Crew) {
    this.#init = init;
    this.#socket = socket;
    this.#crew = crew;
  }

  /** Sets a machine up in a folder. Rejects where this computer does not allow it. */
  static async create(folder: string, outbound: string, guardian: Guardian): Promise<Sandbox> {
    const crew = new Crew(guardian);
    try {
      await mkdir(join(folder, 'disk'), { recursive: true });
      const namespaces = [...NAMESPACES, '--fork', '--kill-child=KILL', '--propagation', 'private'];
      const parent = await crew.start('unshare', [
        ...namespaces,
        '/bin/sh',
        '-c',
        INIT,
        'init',
        folder,
        packageRoot(),
      ]);
      const init = await childOf(parent);
      const socket = join(folder, 'relay.sock');
      const relay = [process.execPath, '-e', RELAY, socket, outbound, String(ENDPOINT_PORT)];
      await crew.start('nsenter', ['--target', String(init), '--net', '--', ...relay]);
      return new Sandbox(init, socket, crew);
    } catch (error) {
      crew.end();
      throw error;
    }
  }

  /** A path of the machine as a path of this computer. */
  path(path: string): string {
    return within(`/proc/${this.#init}/root`, path);
  }

  /** The command that runs a command on the machine. */
  enter(command: readonly string[]): string[] {
    const where = ['--target', String(this.#init), ...NAMESPACES, '--root', '--wd=/'];
    return ['nsenter', ...where, '--', ...command];
  }

  /** A connection to the relay; what to say first and what it answers is the caller's. */
  connect(): Socket {
    return connect({ path: this.#socket });
  }

  /** The machine is gone, with its disk and whatever ran on it. */
  async close(): Promise<void> {
    this.#crew.end();
    await rm(this.#socket, { force: true });
  }
}

/** The processes that a machine consists of. */
class Crew {
  readonly #guardian: Guardian;
  readonly #groups: number[] = [];

  constructor(guardian: Guardian) {
    this.#guardian = guardian;
  }

  /** Starts a program and waits until it says that it is ready. Returns its process. */
  async start(program: string, args: readonly string[]): Promise<number> {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH } });
    const { pid } = child;
    if (pid !== undefined) {
      this.#groups.push(pid);
      this.#guardian.add(pid);
    }
    await ready(child);
    child.unref();
    child.stdout.destroy();
    child.stderr.destroy();
    if (pid === undefined) throw new Error(`${program} has no process.`);
    return pid;
  }

  end(): void {
    for (const group of this.#groups.splice(0)) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
      this.#guardian.remove(group);
    }
  }
}

/** A bound on links that lead to links, as the kernel's. */
const MOST_LINKS = 40;

/**
 * A path under another root. Links on the way are followed here, because the kernel would take absolute ones to lead to this
 * computer's own files; the last segment is left as it is.
 */
function within(root: string, path: string): string {
  const ahead = path.split('/').filter((segment) => segment !== '');
  const done: string[] = [];
  let links = 0;
  for (let segment = ahead.shift(); segment !== undefined; segment = ahead.shift()) {
    if (segment === '.') continue;
    if (segment === '..') {
      done.pop();
      continue;
    }
    const target = ahead.length > 0 ? linkAt([root, ...done, segment].join('/')) : undefined;
    if (target === undefined) {
      done.push(segment);
      continue;
    }
    if ((links += 1) > MOST_LINKS) throw new Error(`Too many links in ${path}.`);
    if (target.startsWith('/')) done.length = 0;
    ahead.unshift(...target.split('/').filter((one) => one !== ''));
  }
  return [root, ...done].join('/');
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // No link, or nothing there yet.
  }
}

const PATH: string = process.env['PATH'] ?? '/usr/bin:/bin:/usr/sbin:/sbin';

let possible: Promise<boolean> | undefined;

/** Whether this computer lets us keep machines apart: tried once. */
export function sandboxesWork(guardian: Guardian): Promise<boolean> {
  possible ??= attempt(guardian);
  return possible;
}

async function attempt(guardian: Guardian): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const folder = await mkdtemp(join(tmpdir(), 'sandtable-probe-'));
  try {
    const sandbox = await Sandbox.create(folder, join(folder, 'aws.sock'), guardian);
    const [file = '', ...args] = sandbox.enter(['/bin/sh', '-c', 'echo > /probe']);
    const works = await new Promise<boolean>((resolve) => {
      execFile(file, args, { env: { PATH } }, (error) => resolve(error === null));
    });
    await sandbox.close();
    return works;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SETUP_MS = 10_000;

/** Waits for the first thing that a program says; rejects where it ends before that. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let trouble = '';
    const limit = setTimeout(() => reject(new Error('It took too long.')), SETUP_MS);
    child.stderr?.on('data', (bytes: Buffer) => (trouble += bytes.toString()));
    child.stdout?.once('data', () => (clearTimeout(limit), resolve()));
    child.once('error', reject);
    child.once(
      'exit',
      (code) => (clearTimeout(limit), reject(new Error(`It ended with ${code}: ${trouble}`))),
    );
  });
}

async function childOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const child = Number(children.trim().split(' ')[0]);
  if (!(child > 0)) throw new Error(`Process ${pid} has no child.`);
  return child;
}
