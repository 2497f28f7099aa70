// An endpoint for real clients in processes of their own, on a clock that they move through the control API unless the test says
// otherwise.

import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packRevision } from '#runtime/revision-folder.ts';
import { serve } from '#server/serve.ts';
import type { Served, ServeOptions } from '#server/serve.ts';

export interface ClientEndpoint extends Served {
  /** A folder with `v1.zip`, the example application's first revision. */
  readonly bundles: string;
  /** Our own bugs that clients got `InternalFailure` for. */
  readonly crashes: readonly unknown[];
  readonly done: () => Promise<void>;
}

export async function clientEndpoint(options: Partial<ServeOptions> = {}): Promise<ClientEndpoint> {
  const crashes: unknown[] = [];
  const served = await serve({
    port: 0,
    seed: 'clients',
    clock: 'manual',
    timings: 'typical',
    version: 'test',
    ...options,
    crashed: (error) => void crashes.push(error),
  });
  const bundles = await mkdtemp(join(tmpdir(), 'sandtable-clients-'));
  await writeFile(join(bundles, 'v1.zip'), await packRevision('examples/web/v1'));
  // Version 1 of the CLI presigns with Signature Version 2 unless told otherwise, which newer Regions do not take.
  await writeFile(join(bundles, 'config'), '[default]\ns3 =\n  signature_version = s3v4\n');
  const done = async (): Promise<void> => {
    await served.close();
    await rm(bundles, { recursive: true, force: true });
  };
  return { ...served, bundles, crashes, done };
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a client to its end. Nothing of the tester's own AWS configuration reaches it. */
export function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  const env = {
    PATH,
    HOME,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    ...environment,
  };
  return new Promise((resolve) => {
    execFile(command, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
    });
  });
}

/** Whether a client is there: what it needs is probed by running it. */
export function answers(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
