// `sandtable up`: a local AWS until Ctrl-C, or until the end of a command.

import { DEFAULT_ACCOUNT } from '#cloud/authenticate.ts';
import { UserError } from '#cloud/user-error.ts';
import { serve } from '#server/serve.ts';
import type { ServeOptions, Served } from '#server/serve.ts';
import type { Source } from '#server/worlds.ts';
import type { Command, Values } from './command.ts';
import { onceReady, runCommand } from './once-ready.ts';
import {
  accountOf,
  clockOf,
  dnsPortOf,
  functionsOf,
  portOf,
  portOption,
  profileOf,
  snapshotsOption,
} from './options.ts';
import { version } from './version.ts';

export const command: Command = {
  name: 'up',
  summary:
    'Serves a local AWS on 127.0.0.1, fresh or as it was kept, until Ctrl-C; with --once-ready until the end of a command, whose exit\n' +
    'code it takes.',
  positionals: '[--once-ready -- COMMAND ARGUMENT…]',
  options: {
    port: portOption,
    data: {
      type: 'string',
      value: 'FOLDER',
      help: 'keep everything in this folder, and go on with what is there (default: in memory)',
    },
    snapshot: { type: 'string', value: 'NAME', help: 'begin with the world of this snapshot' },
    snapshots: snapshotsOption,
    // What is not given is as it was in a world that was kept.
    seed: {
      type: 'string',
      value: 'SEED',
      help: 'equal seeds give equal worlds (default: sandtable; a kept world has its own)',
    },
    clock: {
      type: 'string',
      value: 'CLOCK',
      help: 'real, virtual, manual, or a rate such as x60',
      default: 'real',
    },
    timings: {
      type: 'string',
      value: 'PROFILE',
      help: 'instant or typical (default: instant; a kept world has its own)',
    },
    account: {
      type: 'string',
      value: 'ACCOUNT',
      help: 'the account of keys such as test, which name none',
      default: DEFAULT_ACCOUNT,
    },
    'dns-port': {
      type: 'string',
      value: 'PORT',
      help: 'answer DNS queries for hosted zones and load balancers on this port of 127.0.0.1 too; 0 is any (default: no)',
    },
    functions: {
      type: 'string',
      value: 'DRIVER',
      help: 'modelled, or process: runs the code of Lambda functions on this computer, as you and with your rights',
      default: 'modelled',
    },
    init: {
      type: 'string',
      value: 'COMMAND',
      help: 'run this line in the shell once the endpoint answers, and say that it is ready when that has succeeded',
    },
    'once-ready': {
      type: 'string',
      value: 'COMMAND',
      help: 'run this line in the shell (or what follows --), then stop and exit with its exit code',
      words: true,
    },
    json: {
      type: 'boolean',
      help: 'say where it serves in one line of JSON on stdout, for programs that start it',
    },
  },
  async run(values, rest) {
    const command = onceReady(values, rest);
    const init = initOf(values);
    if (command !== undefined && values.flag('json')) {
      throw new UserError(
        'two-outputs',
        'With --once-ready the output is that of the command: --json has no place in it.',
        {
          hint: 'The command finds the address in AWS_ENDPOINT_URL.',
        },
      );
    }
    let ready = false;
    const served = await serve({
      ...(await choicesOf(values)),
      version: version(),
      ready: () => ready,
      crashed: (error) => console.error(error),
    });
    try {
      // Output for people goes where that of programs does not.
      const say = command === undefined && !values.flag('json') ? console.log : console.error;
      say(greeting(served, portOf(values)));
      if (served.data) say(keptIn(served.data));
      const failed = init === undefined ? 0 : await runCommand(init, served.url, ['ignore', 2, 2]);
      if (failed !== 0) return failed;
      ready = true;
      if (command !== undefined) return await runCommand(command, served.url, 'inherit');
      if (values.flag('json')) console.log(JSON.stringify(announcement(served)));
      else say(`${dnsAt(served)}${exportsFor(served.url)}`);
      await interrupted(served);
      return 0;
    } finally {
      await served.close();
    }
  },
};

function initOf(values: Values): string | undefined {
  const init = values.text('init');
  if (init === undefined || init.trim() !== '') return init;
  throw new UserError('no-command', '--init was given no command.', {
    hint: "sandtable up --init 'sh seed.sh'",
  });
}

/** What a program that starts this one needs to know. */
function announcement({ url, port, dnsPort }: Served): object {
  return {
    url,
    port,
    ...(dnsPort === undefined ? {} : { dnsPort }),
    pid: process.pid,
    environment: environmentFor(url),
  };
}

function dnsAt({ dnsPort }: Served): string {
  if (dnsPort === undefined) return '';
  return `It answers DNS at 127.0.0.1:${dnsPort} (dig @127.0.0.1 -p ${dnsPort} NAME)\n`;
}

/** Only who opens a snapshot loads what reads them. */
async function saved(name: string, snapshots: string | undefined): Promise<Source> {
  const { SnapshotFolder } = await import('#server/disk/snapshot-folder.ts');
  return new SnapshotFolder(snapshots).read(name);
}

async function choicesOf(values: Values): Promise<Omit<ServeOptions, 'version' | 'ready' | 'crashed'>> {
  const { seed, timings, data, snapshots, snapshot } = Object.fromEntries(
    ['seed', 'timings', 'data', 'snapshots', 'snapshot'].map((name) => [name, values.text(name)]),
  );
  const dnsPort = dnsPortOf(values);
  return {
    port: portOf(values),
    clock: clockOf(values.text('clock') ?? 'real'),
    account: accountOf(values),
    functions: functionsOf(values, 'modelled'),
    ...(seed === undefined ? {} : { seed }),
    ...(timings === undefined ? {} : { timings: profileOf(timings) }),
    ...(dnsPort === undefined ? {} : { dnsPort }),
    ...(data === undefined ? {} : { data }),
    ...(snapshots === undefined ? {} : { snapshots }),
    ...(snapshot === undefined ? {} : { snapshot: await saved(snapshot, snapshots) }),
  };
}

function keptIn({ found, folder }: NonNullable<Served['data']>): string {
  return `It ${found ? 'goes on with the world' : 'keeps its world'} in ${folder}`;
}

/** Where the endpoint is, and why not where it was asked to be. Port 0 is any. */
export function greeting({ url, port }: Served, asked: number): string {
  const moved = asked !== 0 && port !== asked ? `\n(port ${asked} was taken)` : '';
  return `Sandtable serves a local AWS at ${url}${moved}`;
}

/** What points an AWS SDK or the AWS CLI at the endpoint. boto3 and version 1 of the AWS CLI know the last name only. */
function environmentFor(url: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
  };
}

/** The same for a shell. */
export function exportsFor(url: string): string {
  const [endpoint, key, secret, ...regions] = Object.entries(environmentFor(url)).map((pair) =>
    pair.join('='),
  );
  return [`export ${endpoint}`, `export ${key} ${secret}`, `export ${regions.join(' ')}`].join('\n');
}

/** Serves until Ctrl-C, then no more. */
export async function untilInterrupted(served: Served): Promise<void> {
  try {
    await interrupted(served);
  } finally {
    await served.close();
  }
}

/** Rejects where the disk does not take the world any more. */
function interrupted({ data }: Served): Promise<void> {
  const told = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve());
  });
  return data ? Promise.race([told, data.broken]) : told;
}
