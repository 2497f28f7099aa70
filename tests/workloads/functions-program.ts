// A program that runs functions in a worker thread until somebody ends it: for functions.test.ts.

import { Worker, isMainThread } from 'node:worker_threads';
import { rootOf } from '#cloud/principal.ts';
import { FunctionProcesses } from '#workloads/functions/host/functions.ts';
import { invokeFunction } from '#workloads/functions/effects.ts';
import type { Invocation } from '#workloads/functions/effects.ts';
import { packBundle } from '#workloads/bundle.ts';

/** One function stands still after its invocation; another never ends and has left a process of its own session behind. */
async function run(): Promise<void> {
  const code = packBundle({
    'index.js': `const { spawn } = require('node:child_process');
    exports.handler = async (event) => {
      spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).unref();
      if (event.hang) await new Promise((done) => setTimeout(done, 1e6));
    };`,
  });
  const { performers } = new FunctionProcesses();
  const invoke = performers[invokeFunction.name] as (run: Invocation, work: object) => Promise<unknown>;
  const work = { signal: new AbortController().signal, blob: () => code };
  const invocation: Invocation = {
    requestId: 'r-1',
    environmentId: 'e-1',
    cold: true,
    invokedArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
    functionName: 'f',
    version: '$LATEST',
    codeBlob: 'code',
    handler: 'index.handler',
    runtime: 'nodejs22.x',
    memoryMb: 128,
    timeoutMs: 600_000,
    environment: {},
    credentials: { accessKeyId: 'test', secret: 'test', principal: rootOf('000000000000'), active: true },
    logGroup: 'g',
    logStream: 's',
    event: '{}',
    traceId: 't',
    region: 'us-east-1',
    startedAt: 0,
  };
  await invoke(invocation, work);
  await invoke({ ...invocation, requestId: 'r-2', environmentId: 'e-2', event: '{"hang":true}' }, work);
}

if (isMainThread) new Worker(new URL(import.meta.url));
else await run();
