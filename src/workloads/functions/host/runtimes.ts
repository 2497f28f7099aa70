// Lambda's runtimes as this computer can run them: Node.js with the node that runs us, Python with the python3 that is installed,
// and whatever brings its own bootstrap.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import { packageRoot } from '#runtime/package.ts';
import type { Invocation } from '../effects.ts';
import { NODE_RUNTIME } from './node-runtime.ts';
import { PYTHON_RUNTIME } from './python-runtime.ts';
import { NODE_RESPONSE, PYTHON_RESPONSE } from './response-modules.ts';

/** How an environment is started. */
export interface Command {
  readonly command: readonly string[];
  /** `PATH` of everything that runs in it. */
  readonly path: string;
}

/** Python packages that Lambda's own runtime brings. */
const PYTHON_PACKAGES = ['boto3', 'botocore', 's3transfer', 'jmespath', 'dateutil', 'urllib3', 'six'];

const PROBE = `
import importlib.util, json, sys
found = [importlib.util.find_spec(name) for name in sys.argv[1:]]
print(json.dumps([sys.executable, [s.origin for s in found if s and s.origin]]))
`;

/** The share of its memory that a function's JavaScript objects may take, in percent. */
const HEAP_PERCENT = 90;

/** Node.js before 24 runs on Lambda without `require` of ES modules, and without guessing which files are such. */
const STRICT: readonly string[] =
  Number(process.versions.node.split('.')[0]) < 22 ? [] : ['--no-experimental-require-module'];
const LAST_STRICT_NODE = 22;

const PATH: string = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';

export class Runtimes {
  readonly #folder: string;
  #written: Promise<void> | undefined;
  #python: Promise<string | undefined> | undefined;

  /** `folder`: where the runtimes' own files go. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws `UserError` for a runtime that this computer lacks. `clock`: see `Handed`. */
  async commandOf(
    run: Invocation,
    { task, opt }: { readonly task: string; readonly opt: string },
    inline: boolean,
    clock: string,
  ): Promise<Command> {
    const { runtime, memoryMb } = run;
    const own = join(this.#folder, 'inline');
    const given = [clock, inline ? own : '', join(packageRoot(), 'package.json')];
    if (runtime.startsWith('provided')) {
      const found = [task, opt].map((folder) => join(folder, 'bootstrap')).find((file) => existsSync(file));
      return { command: [found ?? join(task, 'bootstrap')], path: PATH };
    }
    await (this.#written ??= this.#write(own));
    if (runtime.startsWith('nodejs')) {
      const heap = `--max-old-space-size=${Math.floor((memoryMb * HEAP_PERCENT) / 100)}`;
      const strict = nodeMajor(runtime) > LAST_STRICT_NODE ? [] : STRICT;
      const path = `${dirname(process.execPath)}:${PATH}`;
      return { command: [process.execPath, heap, ...strict, this.#file('node.mjs'), ...given], path };
    }
    if (runtime.startsWith('python')) {
      const python = await (this.#python ??= this.#findPython());
      if (python === undefined) throw unrunnable(run, 'no python3 is installed on this computer');
      const packages = join(this.#folder, 'python');
      // Without `-S`, whatever the developer has installed could be imported, here and nowhere else.
      return { command: [python, '-S', '-u', this.#file('python.py'), ...given, packages], path: PATH };
    }
    throw unrunnable(run, 'only Node.js, Python and provided runtimes are run');
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  async #write(inline: string): Promise<void> {
    await mkdir(inline, { recursive: true });
    await writeFile(this.#file('node.mjs'), NODE_RUNTIME);
    await writeFile(this.#file('python.py'), PYTHON_RUNTIME);
    await writeFile(join(inline, 'cfn-response.js'), NODE_RESPONSE);
    await writeFile(join(inline, 'cfnresponse.py'), PYTHON_RESPONSE);
  }

  /** The interpreter itself, where `python3` may be a script that chooses one; the packages of Lambda's that it has are linked. */
  async #findPython(): Promise<string | undefined> {
    const said = await new Promise<string | undefined>((resolve) => {
      execFile('python3', ['-c', PROBE, ...PYTHON_PACKAGES], (error, out) =>
        resolve(error ? undefined : out),
      );
    });
    if (said === undefined) return undefined;
    const [executable, origins] = JSON.parse(said) as [string, string[]];
    const folder = join(this.#folder, 'python');
    await mkdir(folder, { recursive: true });
    for (const origin of origins) {
      const place = basename(origin) === '__init__.py' ? dirname(origin) : origin;
      if (existsSync(place)) await symlink(place, join(folder, basename(place)));
    }
    return executable;
  }
}

/** 22 of `nodejs22.x`. */
function nodeMajor(runtime: string): number {
  return Number(/^nodejs(\d+)/.exec(runtime)?.[1] ?? 0);
}

function unrunnable({ functionName, runtime }: Invocation, why: string): UserError {
  return new UserError('runtime-missing', `The function ${functionName} is for ${runtime}, and ${why}.`, {
    hint: 'Use --functions modelled, or a runtime that is there.',
  });
}
