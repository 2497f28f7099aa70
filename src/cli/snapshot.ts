// `sandtable snapshot`: saves the world of a running endpoint under a name, and opens, lists and deletes what was saved.

import { SnapshotFolder } from '#server/disk/snapshot-folder.ts';
import type { Listed } from '#server/disk/snapshot-folder.ts';
import { UserError } from '#cloud/user-error.ts';
import type { Command, ExitCode, Values } from './command.ts';
import { DEFAULT_PORT, snapshotsOption } from './options.ts';

export const command: Command = {
  name: 'snapshot',
  summary:
    'Saves the world of a running endpoint under a name; lists and deletes what was saved. A saved world is served again by\n' +
    'sandtable up --snapshot NAME.',
  positionals: 'save NAME | list | delete NAME',
  options: {
    url: {
      type: 'string',
      value: 'URL',
      help: `save: the endpoint (default: http://127.0.0.1:${DEFAULT_PORT})`,
    },
    snapshots: snapshotsOption,
  },
  async run(values, [action, name, ...more]) {
    const wants = action === 'list' ? 0 : 1;
    const act = action !== undefined && Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!act || more.length > 0 || (name === undefined ? 0 : 1) !== wants)
      throw new UserError('bad-snapshot-action', 'snapshot takes an action, and save and delete a name.', {
        hint: 'sandtable snapshot save NAME | list | delete NAME',
      });
    return act(values, name ?? '');
  },
};

const ACTIONS: Readonly<Record<string, (values: Values, name: string) => Promise<ExitCode>>> = {
  save,
  async list(values) {
    const folder = new SnapshotFolder(values.text('snapshots'));
    const listed = folder.list();
    if (listed.length === 0) console.log(`There are no snapshots in ${folder.path}.`);
    const width = Math.max(...listed.map(({ name }) => name.length));
    for (const one of listed) console.log(`${one.name.padEnd(width)}  ${lineOf(one)}`);
    return 0;
  },
  async delete(values, name) {
    new SnapshotFolder(values.text('snapshots')).delete(name);
    return 0;
  },
};

function lineOf({ header, sizeBytes, problem }: Listed): string {
  if (!header) return problem ?? '';
  return `world at ${header.now}, saved ${header.savedAt}, ${sizeBytes} bytes, by Sandtable ${header.release}`;
}

async function save(values: Values, name: string): Promise<ExitCode> {
  if (values.text('snapshots') !== undefined)
    throw new UserError('bad-option', 'The endpoint saves where it was told to when it was started.', {
      hint: 'Give --snapshots to sandtable up.',
    });
  const url = values.text('url') ?? `http://127.0.0.1:${DEFAULT_PORT}`;
  const response = await reach(url, name);
  const answer = (await response.json().catch(() => undefined)) as
    | { file?: string; message?: string; hint?: string }
    | undefined;
  if (response.ok && answer?.file !== undefined) {
    console.log(`Saved ${name}: ${answer.file}`);
    return 0;
  }
  if (answer?.message !== undefined)
    throw new UserError('snapshot-refused', answer.message, {
      hint: answer.hint ?? 'See sandtable snapshot --help.',
    });
  throw new UserError('no-endpoint', `What answers at ${url} is not Sandtable.`, {
    hint: 'Give the address that sandtable up prints with --url.',
  });
}

async function reach(url: string, name: string): Promise<Response> {
  try {
    return await fetch(`${url}/_sandtable/snapshots`, { method: 'POST', body: JSON.stringify({ name }) });
  } catch {
    throw new UserError('no-endpoint', `Nothing answers at ${url}.`, { hint: 'Start it with: sandtable up' });
  }
}
