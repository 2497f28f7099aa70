// The processes of a rehearsed script, as Linux tells of them: whether one of them works that nobody knows of yet, such as an
// AWS CLI that is just being started in the background. Elsewhere nothing is seen, and such a race is not noticed.

import { existsSync, readdirSync, readFileSync } from 'node:fs';

interface Process {
  readonly pid: string;
  readonly parent: string;
  /** Running, or waiting for a disk. */
  readonly works: boolean;
  /** Clock ticks of CPU time so far. */
  readonly ticks: number;
}

export class ScriptProcesses {
  #before: ReadonlyMap<string, number> = new Map();

  /**
   * Whether a process of the group works, apart from the `known` ones and from those that only wait for their children. One that
   * sleeps, and has not used any CPU time since the last look, does not: `tee` waits so for what it is to write.
   */
  work(group: number, known: ReadonlySet<string>): boolean {
    const all = processesOf(String(group));
    const parents = new Set(all.map(({ parent }) => parent));
    const leaves = all.filter(({ pid }) => !parents.has(pid) && !known.has(pid));
    const before = this.#before;
    this.#before = new Map(leaves.map(({ pid, ticks }) => [pid, ticks]));
    return leaves.some(({ pid, works, ticks }) => works || before.get(pid) !== ticks);
  }
}

function processesOf(group: string): Process[] {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc').flatMap((pid): Process[] => {
    if (!/^\d+$/.test(pid)) return [];
    let text: string;
    try {
      text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    } catch {
      return []; // It has just ended.
    }
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name may hold blanks and brackets.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state = '', parent = '', ofGroup = ''] = fields;
    if (ofGroup !== group || state === 'Z') return [];
    const ticks = Number(fields[11]) + Number(fields[12]);
    return [{ pid, parent, works: state === 'R' || state === 'D', ticks }];
  });
}
