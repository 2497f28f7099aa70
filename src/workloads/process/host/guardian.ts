// Sees to it that nothing is left running or lying about, however this process ends: a small shell that waits on a pipe. The
// pipe breaks when we are gone, be it by Ctrl-C, a crash or `kill -9`; then it ends all process groups and removes the folder.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * `+ GROUP` and `- GROUP` come in; processes that have left their group are found by their environment, where there is /proc. Some
 * shells take groups only after `kill -s`.
 */
const WATCH = `
trap '' INT TERM HUP
root=$1
groups=
while read -r sign group; do
  if [ "$sign" = + ]; then groups="$groups $group"; continue; fi
  kept=
  for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done
  groups=$kept
done
finish() {
  for one in $groups; do kill -s KILL -- "-$one" 2>/dev/null; done
  for file in $(grep -lsz -- "^SANDTABLE_MACHINE=$root/" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}
    kill -KILL "\${pid%/environ}" 2>/dev/null
  done
}
finish
sleep 0.05
finish
rm -rf -- "$root"
`;

export class Guardian {
  readonly #shell: ChildProcess;
  #closed = false;

  /** Watches over processes whose `$SANDTABLE_MACHINE` lies in `root`, and over that folder. */
  constructor(root: string) {
    // Its own session: a terminal's Ctrl-C does not reach it.
    this.#shell = spawn('/bin/sh', ['-c', WATCH, 'sandtable-guardian', root], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    });
    this.#shell.unref();
    this.#shell.stdin?.on('error', () => {});
    (this.#shell.stdin as unknown as { unref?: () => void }).unref?.();
  }

  /** Watches over a process group. One that comes too late, while everything is being ended, is ended at once. */
  add(group: number): void {
    if (this.#closed) return killGroup(group);
    this.#shell.stdin?.write(`+ ${group}\n`);
  }

  remove(group: number): void {
    this.#shell.stdin?.write(`- ${group}\n`);
  }

  /** Ends everything now. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#shell.exitCode !== null) return;
    const gone = once(this.#shell, 'exit');
    this.#shell.ref();
    this.#shell.stdin?.end();
    await gone;
  }
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
