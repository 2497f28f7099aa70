// The processes of machines, in groups: each script leads a group, and what it starts belongs to it.

import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Guardian } from './guardian.ts';

export type Running = ChildProcessByStdio<null, Readable, Readable>;

export class Processes {
  readonly #guardian: Guardian;
  /** Groups by the root folder of their machine. */
  readonly #groups = new Map<string, Set<number>>();

  constructor(guardian: Guardian) {
    this.#guardian = guardian;
  }

  /** Starts a program on the machine whose root folder this is. Its environment is this and nothing else. */
  start(
    root: string,
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    cwd: string = root,
  ): Running {
    const [file = '', ...args] = command;
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    const child = spawn(file, args, { cwd, env: { ...env }, detached: true, stdio });
    const group = child.pid;
    if (group === undefined) return child;
    this.#guardian.add(group);
    const groups = this.#groups.get(root) ?? new Set();
    this.#groups.set(root, groups.add(group));
    child.once('exit', () => this.#prune(root));
    return child;
  }

  /** Sends a signal to a group. False when nothing of it is left. */
  signal(group: number, signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-group, signal);
    } catch {
      return false;
    }
  }

  /** Sends a signal to every process of a machine, also to those that have left their groups. */
  signalAll(root: string, signal: NodeJS.Signals): void {
    for (const group of this.#groups.get(root) ?? []) this.signal(group, signal);
    for (const pid of strays(root)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended by itself.
      }
    }
    this.#prune(root);
  }

  /** Groups that are empty are forgotten: the number may be given to somebody else's processes. */
  #prune(root: string): void {
    const groups = this.#groups.get(root);
    for (const group of groups ?? []) {
      if (this.signal(group, 0)) continue;
      groups?.delete(group);
      this.#guardian.remove(group);
    }
  }
}

/** Processes that say in their environment that they belong to a machine. Only Linux tells. */
function strays(root: string): number[] {
  if (process.platform !== 'linux') return [];
  const mark = `\0SANDTABLE_MACHINE=${root}\0`;
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return `\0${readFileSync(`/proc/${name}/environ`, 'latin1')}`.includes(mark) ? [Number(name)] : [];
    } catch {
      return []; // It has ended, or belongs to somebody else.
    }
  });
}
