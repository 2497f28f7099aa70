// What a worker thread does: runs rehearsals, one job after the other.

import { parentPort } from 'node:worker_threads';
import { variantsOf } from '#rehearsal/rehearsal.ts';
import type { RunResult } from '#rehearsal/result.ts';
import { prepare, replayVariant, runAll, runVariant } from '#rehearsal/run.ts';
import type { Prepared, Progress } from '#rehearsal/run.ts';
import { UserError } from '#cloud/user-error.ts';
import { composeRehearsal } from '#sandtable';
import type { Job, Message, Request } from './jobs.ts';
import { loadRehearsal, placeOf } from './load.ts';

/** The world that was prepared last: a comparison comes back to it again and again. */
let kept: { readonly key: string; readonly prepared: Prepared<unknown> } | undefined;

async function run({ file, driver, options, runs }: Job): Promise<Message> {
  const rehearsal = await loadRehearsal(file);
  const composition = composeRehearsal(driver.name, driver.options);
  const progress = ({ title, variant, phase }: Progress): void =>
    post({ kind: 'progress', progress: { title, variant, phase } });
  if (!runs) return { kind: 'done', results: await runAll(rehearsal, composition, { ...options, progress }) };
  const results: RunResult[] = [];
  for (const { variant: name, timings } of runs) {
    const found = variantsOf(rehearsal).find(([one]) => one === name);
    if (!found) continue;
    progress({ title: rehearsal.title, variant: name, phase: 'running' });
    if (composition.outside) {
      results.push(await replayVariant(rehearsal, found, composition, options));
    } else {
      const key = JSON.stringify([file, driver, options]);
      if (kept?.key !== key) kept = { key, prepared: await prepare(rehearsal, composition, options) };
      results.push(await runVariant(rehearsal, found, kept.prepared, composition, timings));
    }
  }
  return { kind: 'done', results };
}

function post(message: Message): void {
  parentPort?.postMessage(message);
}

function failure(error: unknown): Message {
  if (error instanceof UserError)
    return { kind: 'failed', name: error.code, message: error.message, hint: error.hint };
  const { name = 'Error', message = String(error), stack: own, cause } = error as Error;
  const place = placeOf(error);
  // Of our own bugs, the stack is where they happened, not where the world noticed.
  const stack = cause instanceof Error ? cause.stack : own;
  return {
    kind: 'failed',
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(place === undefined ? {} : { place }),
  };
}

parentPort?.on('message', (request: Request) => {
  const answer =
    request.kind === 'run'
      ? run(request.job)
      : loadRehearsal(request.file).then((rehearsal): Message => ({
          kind: 'variants',
          names: variantsOf(rehearsal).map(([name]) => name),
        }));
  answer.then(post, (error: unknown) => post(failure(error)));
});
