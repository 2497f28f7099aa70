// The worker thread in which rehearsals run.

import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parentPort } from 'node:worker_threads';
import type { Rehearsal } from '#rehearsal/rehearsal.ts';
import { variantsOf } from '#rehearsal/rehearsal.ts';
import { runAll } from '#rehearsal/run.ts';
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

async function run({ file, driver, options }: Job): Promise<Message> {
  const rehearsal = await load(file);
  const results = await runAll(rehearsal, composeRehearsal(driver), {
    ...options,
    progress: ({ title, variant, phase }) => post({ kind: 'progress', progress: { title, variant, phase } }),
  });
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
