// `sandtable rehearse SCRIPT.sh`: a shell script of AWS CLI commands in a fresh world whose time moves while the script waits.

import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import type { RunResult } from '#rehearsal/result.ts';
import { runAll } from '#rehearsal/run.ts';
import { scriptRehearsal } from '#rehearsal/script.ts';
import { host } from '#runtime/host.ts';
import { composeRehearsal } from '#sandtable';
import { ScriptTime } from '#server/script-time.ts';
import type { Values } from './command.ts';
import { expectationOf } from './expect.ts';
import { driverOf } from './options.ts';
import { summary } from './rehearse-template.ts';
import { checkAwsCli, ScriptProcess } from './script-program.ts';

export interface ScriptResults {
  readonly results: readonly RunResult[];
  /** What the script asked for that is not modelled. */
  readonly unmodelled: readonly string[];
}

export async function rehearseScript(
  values: Values,
  file: string,
  args: readonly string[],
): Promise<ScriptResults> {
  const path = resolve(file);
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new UserError('no-script', `There is no script ${path}.`, {
      hint: 'Give the path of a shell script.',
    });
  }
  checkAwsCli(path);
  const { name, options } = driverOf(values);
  const expect = values.all('expect').map(expectationOf);
  // Output for people goes where the JSON does not.
  const stream = values.flag('json') ? process.stderr : process.stdout;
  const script = new ScriptProcess({ file: path, args, print: (text) => void stream.write(text) });
  const time = new ScriptTime(host, options.paceRate ?? 1, (known) => script.works(known));
  let url = '';
  const visitors = { usher: time, servedAt: (at: string): void => void (url = at) };
  const program = { title: basename(file), time, start: () => script.start(url), stop: () => script.stop() };
  const done = endWith(script);
  try {
    const results = await runAll(
      scriptRehearsal(program, expect),
      composeRehearsal(name, { ...options, visitors }),
      { seed: values.text('seed') ?? 'sandtable' },
    );
    if (!values.flag('json')) for (const result of results) console.log(`\n${summary(result)}`);
    return { results, unmodelled: [...time.unmodelled] };
  } finally {
    done();
  }
}

/** Ctrl-C ends the script and all that it started with this process. */
function endWith(script: ScriptProcess): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const end = (signal: NodeJS.Signals): void => {
    done();
    script.stop();
    process.kill(process.pid, signal);
  };
  const done = (): void => {
    for (const signal of signals) process.off(signal, end);
    script.stop();
  };
  for (const signal of signals) process.once(signal, end);
  return done;
}
