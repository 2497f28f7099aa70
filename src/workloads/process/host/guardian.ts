// Sees to it that nothing is left running or lying about, however this process ends: a small shell that waits on a pipe. The
// pipe breaks when we are gone, be it by Ctrl-C, a crash or `kill -9`; then it ends all process groups and removes the folder.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** `+ GROUP` and `- GROUP` come in; processes that have left their group are found by their environment, where there is /proc. */
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
  for one in $groups; do kill -KILL -- "-$one" 2>/dev/null; done
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

  add(group: number): void {
    this.#shell.stdin?.write(`+ ${group}\n`);
  }

  remove(group: number): void {
    this.#shell.stdin?.write(`- ${group}\n`);
  }

  /** Ends everything now. */
  async close(): Promise<void> {
    if (this.#shell.exitCode !== null) return;
    const gone = once(this.#shell, 'exit');
    this.#shell.ref();
    this.#shell.stdin?.end();
    await gone;
  }
}
