// `sandtable stage`: puts up stacks from templates through CloudFormation's own operations, and serves them.

import { FrontDoor } from '#rehearsal/front-door.ts';
import { putUp, StackFailed, stands } from '#rehearsal/stacks.ts';
import type { StackEnd, StackRequest } from '#rehearsal/stacks.ts';
import type { StackEventReport } from '#rehearsal/result.ts';
import { UserError } from '#cloud/user-error.ts';
import type { ClockMode } from '#world/index.ts';
import { serve } from '#server/serve.ts';
import { BOOTSTRAP_PARAMETER, BOOTSTRAP_VERSION } from './cdk-assembly.ts';
import type { Command, Values } from './command.ts';
import { clockOf, functionsOf, portOf, portOption, profileOf, seedOption } from './options.ts';
import { templateOptions, templatesAt } from './templates.ts';
import type { Staged } from './templates.ts';
import { exportsFor, greeting, untilInterrupted } from './up.ts';
import { version } from './version.ts';

export const command: Command = {
  name: 'stage',
  summary:
    'Puts up CloudFormation templates as stacks in a fresh local AWS, or in a running one, and serves them until Ctrl-C.\n' +
    'A folder’s templates are put up in the order of their names; a cdk.out folder’s stacks in that of their dependencies.',
  positionals: 'TEMPLATE|FOLDER',
  options: {
    'stack-name': { type: 'string', value: 'NAME', help: 'name of the stack (default: after its file)' },
    ...templateOptions,
    endpoint: {
      type: 'string',
      value: 'URL',
      help: 'put up in the running Sandtable at this address, and end when it stands',
    },
    port: portOption,
    seed: seedOption,
    clock: {
      type: 'string',
      value: 'CLOCK',
      help: 'once the stack stands: real, virtual, manual, or a rate such as x60 (default: real; that of --endpoint stays)',
    },
    timings: { type: 'string', value: 'PROFILE', help: 'instant or typical', default: 'instant' },
    functions: {
      type: 'string',
      value: 'DRIVER',
      help: 'modelled, or process: runs the code of Lambda functions on this computer, as you and with your rights',
      default: 'modelled',
    },
  },
  async run(values, paths) {
    const [path, ...more] = paths;
    if (path === undefined || more.length > 0) {
      throw new UserError(
        'no-template',
        `stage takes one template or folder; it was given ${paths.length}.`,
        {
          hint: 'sandtable stage TEMPLATE|FOLDER',
        },
      );
    }
    const asked = values.text('clock');
    const clock = asked === undefined ? undefined : clockOf(asked);
    const staged = templatesAt(path, values);
    const endpoint = values.text('endpoint');
    if (endpoint !== undefined) {
      await stageInto(endpoint.replace(/\/+$/, ''), staged, clock);
      return 0;
    }
    return stageAnew(values, staged, clock ?? 1);
  },
};

async function stageAnew(values: Values, staged: Staged, clock: ClockMode): Promise<0> {
  const served = await serve({
    port: portOf(values),
    seed: values.text('seed') ?? 'sandtable',
    clock: 'manual',
    timings: profileOf(values.text('timings') ?? 'instant'),
    functions: functionsOf(values, 'modelled'),
    version: version(),
    crashed: (error) => console.error(error),
  });
  try {
    console.log(greeting(served, portOf(values)));
    await stageInto(served.url, staged, clock);
    console.log(exportsFor(served.url));
    console.log('\nThe endpoint stays up until Ctrl-C.');
    await untilInterrupted(served);
    return 0;
  } finally {
    await served.close();
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Puts everything up, one stack after the other, with time moved on as they need it. Throws `StackFailed`. */
async function stageInto(
  url: string,
  { stacks, assets }: Staged,
  clock: ClockMode | undefined,
): Promise<void> {
  const before = await control(url, {});
  const door = doorAt(url);
  const restore = (): Promise<unknown> => control(url, { mode: clock ?? before.mode }).catch(() => {});
  // Ctrl-C does not leave somebody else's clock standing.
  const interrupted = (signal: NodeJS.Signals): void =>
    void restore().finally(() => process.kill(process.pid, signal));
  for (const signal of SIGNALS) process.once(signal, interrupted);
  await control(url, { mode: 'manual' });
  try {
    for (const bucket of new Set(assets.map((asset) => asset.bucket))) await door.createBucket(bucket);
    for (const asset of assets) await door.putObject(asset.bucket, asset.key, await asset.bytes());
    if (stacks.some(({ templateBody }) => templateBody.includes(BOOTSTRAP_PARAMETER)))
      await door.putParameter(BOOTSTRAP_PARAMETER, BOOTSTRAP_VERSION);
    for (const stack of stacks) {
      const end = await put(door, url, stack);
      if (!stands(end)) throw new StackFailed(end);
      console.log(standing(end));
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupted);
    await restore();
  }
}

function put(door: FrontDoor, url: string, stack: StackRequest): Promise<StackEnd> {
  return putUp(stack, {
    door,
    pause: async (ms) => void (await control(url, { advanceMs: ms })),
    happened: (event) => console.log(eventLine(event)),
    planned: (lines) => console.log(lines.map((line) => `  ${line}`).join('\n')),
  });
}

function eventLine({ at, status, type, logicalId, reason }: StackEventReport): string {
  const time = new Date(at).toISOString().slice(11, 19);
  return `${time}  ${status.padEnd(28)}  ${logicalId} (${type})${reason === undefined ? '' : `: ${reason}`}`;
}

function standing({ name, status, unchanged, outputs }: StackEnd): string {
  const rows = Object.entries(outputs).map(([key, value]) => `  ${key} = ${value}`);
  const head = unchanged ? `Stack ${name}: no changes, ${status}` : `Stack ${name}: ${status}`;
  return [head, ...rows, ''].join('\n');
}

function doorAt(url: string): FrontDoor {
  return new FrontDoor(async ({ method, path, headers, body }) => {
    // The address says where it goes, and the scope for which service it is.
    const { host: _, ...rest } = headers;
    const content = body.length > 0 ? { body: Buffer.from(body) } : {};
    const response = await reach(`${url}${path}`, { method, headers: rest, ...content });
    return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
  });
}

/** Looks at the clock, or moves it. Throws `UserError` for what is no Sandtable. */
async function control(
  url: string,
  wish: { advanceMs?: number; mode?: ClockMode },
): Promise<{ mode: ClockMode }> {
  const moves = Object.keys(wish).length > 0;
  const init = moves ? { method: 'POST', body: JSON.stringify(wish) } : {};
  const response = await reach(`${url}/_sandtable/clock`, init);
  const answer = (await response.json().catch(() => undefined)) as
    | { mode?: ClockMode; message?: string }
    | undefined;
  if (response.ok && answer?.mode !== undefined) return { mode: answer.mode };
  throw new UserError('no-endpoint', answer?.message ?? `What answers at ${url} is not Sandtable.`, {
    hint: 'Give the address that sandtable up prints with --endpoint.',
  });
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw new UserError('no-endpoint', `Nothing answers at ${url.replace(/\/_sandtable.*/, '')}.`, {
      hint: 'Start it with: sandtable up',
    });
  }
}
