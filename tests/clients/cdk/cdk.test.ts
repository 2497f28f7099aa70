// The AWS CDK as its users run it: bootstrap, deploy a two-stack app with a nested stack and a custom resource, look for
// differences, destroy. It runs where SANDTABLE_CDK names a folder in which aws-cdk and aws-cdk-lib are installed.

import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '#runtime/package.ts';
import { serve } from '#server/serve.ts';
import type { Served } from '#server/serve.ts';
import { run } from '../endpoint.ts';
import type { Ended } from '../endpoint.ts';

const home = process.env['SANDTABLE_CDK'] ?? '';
const absent = home === '' || !existsSync(join(home, 'node_modules', 'aws-cdk', 'bin', 'cdk'));
const PATIENCE_MS = 240_000;

let served: Served;
let app: string;
const crashes: unknown[] = [];

function cdk(...args: string[]): Promise<Ended> {
  const bin = join(app, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  return run(
    process.execPath,
    [bin, '--app', `node ${join(app, 'app.mjs')}`, '--output', join(app, 'cdk.out'), ...args],
    {
      AWS_ENDPOINT_URL: served.url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      CI: 'true',
    },
  );
}

/** The CDK tells people on either stream, depending on where it runs. */
const said = ({ out, err }: Ended): string => `${out}${err}`;

const why = absent ? ' (skipped: SANDTABLE_CDK names no folder with aws-cdk and aws-cdk-lib)' : '';

describe.skipIf(absent)(`the AWS CDK${why}`, () => {
  beforeAll(async () => {
    const settings = { port: 0, seed: 'cdk', clock: 1, timings: 'instant', version: 'test' } as const;
    served = await serve({ ...settings, functions: 'process', crashed: (error) => void crashes.push(error) });
    app = await mkdtemp(join(tmpdir(), 'sandtable-cdk-'));
    await cp(join(packageRoot(), 'examples', 'cdk'), app, { recursive: true });
    await symlink(join(home, 'node_modules'), join(app, 'node_modules'));
  });
  afterAll(async () => {
    await served.close();
    await rm(app, { recursive: true, force: true });
  });

  it(
    'bootstraps, deploys, finds no differences and destroys',
    async () => {
      const bootstrapped = await cdk('bootstrap', 'aws://000000000000/us-east-1');
      expect(said(bootstrapped)).toContain('bootstrapped');
      const deployed = await cdk('deploy', '--all', '--require-approval', 'never');
      expect(said(deployed)).toContain('Shop.Answer = hello world');
      const compared = await cdk('diff');
      expect(said(compared)).toContain('Number of stacks with differences: 0');
      const destroyed = await cdk('destroy', '--all', '--force');
      expect(destroyed.code).toBe(0);
      expect(crashes).toEqual([]);
    },
    PATIENCE_MS,
  );
});
