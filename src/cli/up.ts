// `sandtable up`: a local AWS until Ctrl-C.

import { DEFAULT_ACCOUNT } from '#cloud/authenticate.ts';
import { serve } from '#server/serve.ts';
import type { Served } from '#server/serve.ts';
import type { Command } from './command.ts';
import {
  accountOf,
  clockOf,
  dnsPortOf,
  functionsOf,
  portOf,
  portOption,
  profileOf,
  seedOption,
} from './options.ts';
import { version } from './version.ts';

export const command: Command = {
  name: 'up',
  summary: 'Serves a fresh local AWS on 127.0.0.1 until Ctrl-C.',
  options: {
    port: portOption,
    seed: seedOption,
    clock: {
      type: 'string',
      value: 'CLOCK',
      help: 'real, virtual, manual, or a rate such as x60',
      default: 'real',
    },
    timings: { type: 'string', value: 'PROFILE', help: 'instant or typical', default: 'instant' },
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
  },
  async run(values) {
    const dnsPort = dnsPortOf(values);
    const served = await serve({
      port: portOf(values),
      seed: values.text('seed') ?? 'sandtable',
      clock: clockOf(values.text('clock') ?? 'real'),
      timings: profileOf(values.text('timings') ?? 'instant'),
      account: accountOf(values),
      functions: functionsOf(values, 'modelled'),
      ...(dnsPort === undefined ? {} : { dnsPort }),
      version: version(),
      crashed: (error) => console.error(error),
    });
    console.log(greeting(served, portOf(values)));
    if (served.dnsPort !== undefined)
      console.log(`It answers DNS at 127.0.0.1:${served.dnsPort} (dig @127.0.0.1 -p ${served.dnsPort} NAME)`);
    console.log(exportsFor(served.url));
    await untilInterrupted(served);
    return 0;
  },
};

/** Where the endpoint is, and why not where it was asked to be. Port 0 is any. */
export function greeting({ url, port }: Served, asked: number): string {
  const moved = asked !== 0 && port !== asked ? `\n(port ${asked} was taken)` : '';
  return `Sandtable serves a local AWS at ${url}${moved}`;
}

/** What points an AWS SDK or the AWS CLI at the endpoint. */
export function exportsFor(url: string): string {
  return [
    `export AWS_ENDPOINT_URL=${url}`,
    'export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test',
    // boto3 and version 1 of the AWS CLI know the second name only.
    'export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1',
  ].join('\n');
}

export async function untilInterrupted(served: Served): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await served.close();
}
