// The worker thread in which rehearsals run.

import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parentPort } from 'node:worker_threads';
import type { Rehearsal } from '#rehearsal/rehearsal.ts';
import { variantsOf } from '#rehearsal/rehearsal.ts';
import type { RunResult } from '#rehearsal/result.ts';
import { prepare, replayVariant, runAll, runVariant } from '#rehearsal/run.ts';
import type { Prepared, Progress } from '#rehearsal/run.ts';
import { UserError } from '#cloud/user-error.ts';
import { composeRehearsal } from '#sandtable';
import type { Job, Message, Request } from './jobs.ts';

async function load(file: string): Promise<Rehearsal> {
  if (!existsSync(file)) {
    throw new UserError('rehearsal-not-found', `There is no rehearsal file ${file}.`, {
      hint: 'Give the path of a .ts or .js file.',
    });
  }
  const module = (await import(pathToFileURL(file).href)) as { default?: Rehearsal };
  const { default: found } = module;
  if (!found || typeof found.title !== 'string' || (!found.run && !found.variants)) {
    throw new UserError('not-a-rehearsal', `${file} does not export a rehearsal as its default.`, {
      hint: "Write: export default rehearsal({ title: '…', run: async (scene) => … })",
    });
  }
  return found;
}

/** The world that was prepared last: a comparison comes back to it again and again. */
let kept: { readonly key: string; readonly prepared: Prepared<unknown> } | undefined;

async function run({ file, driver, options, runs }: Job): Promise<Message> {
  const rehearsal = await load(file);
  const composition = composeRehearsal(driver);
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
  const { name = 'Error', message = String(error), stack } = error as Error;
  return { kind: 'failed', name, message, ...(stack === undefined ? {} : { stack }) };
}

parentPort?.on('message', (request: Request) => {
  const answer =
    request.kind === 'run'
      ? run(request.job)
      : load(request.file).then((rehearsal): Message => ({
          kind: 'variants',
          names: variantsOf(rehearsal).map(([name]) => name),
        }));
  answer.then(post, (error: unknown) => post(failure(error)));
});
