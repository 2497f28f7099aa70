// `sandtable claims`: the claims about AWS, and what rehearsal says of each.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { passed } from '#rehearsal/result.ts';
import { moduleExtension, rehearsalFolder } from '#runtime/package.ts';
import type { Command } from './command.ts';
import { Threads } from './jobs.ts';

interface Rehearsed {
  readonly file: string;
  readonly verdict: string;
}

export const command: Command = {
  name: 'claims',
  summary: 'Lists the claims about AWS with the verdict of their rehearsals.',
  options: {
    run: { type: 'boolean', help: 'rehearse each claim now instead of listing what its rehearsal states' },
    json: { type: 'boolean', help: 'print the table as JSON' },
  },
  async run(values) {
    const folder = rehearsalFolder();
    const { claims } = (await import(pathToFileURL(join(folder, `claims${moduleExtension}`)).href)) as {
      claims: readonly { id: string; text: string }[];
    };
    const rehearsed = values.flag('run') ? await rehearseAll(folder) : await stated(folder);
    const rows = claims.map(({ id, text }) => ({
      id,
      claim: text,
      verdict: rehearsed.get(id)?.verdict ?? 'not rehearsed yet',
    }));
    if (values.flag('json')) console.log(JSON.stringify(rows));
    else for (const { id, claim, verdict } of rows) console.log(`${id}\n  ${claim}\n  → ${verdict}`);
    return rows.some(({ verdict }) => verdict.startsWith('FAILED')) ? 1 : 0;
  },
};

/** Rehearsals of the library by the claim that they are about. */
async function stated(folder: string): Promise<Map<string, Rehearsed>> {
  const found = new Map<string, Rehearsed>();
  for (const file of await rehearsalFiles(folder)) {
    const { default: rehearsal } = (await import(pathToFileURL(file).href)) as {
      default?: { claim?: { id: string; verdict: string } };
    };
    if (rehearsal?.claim) found.set(rehearsal.claim.id, { file, verdict: rehearsal.claim.verdict });
  }
  return found;
}

async function rehearseAll(folder: string): Promise<Map<string, Rehearsed>> {
  const all = await stated(folder);
  const threads = new Threads();
  try {
    await Promise.all(
      [...all].map(async ([id, { file, verdict }]) => {
        const results = await threads.run({ file, driver: { name: 'modelled', options: {} }, options: {} });
        if (!results.every(passed)) all.set(id, { file, verdict: 'FAILED: its expectations do not hold' });
        else all.set(id, { file, verdict });
      }),
    );
  } finally {
    await threads.close();
  }
  return all;
}

async function rehearsalFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith(moduleExtension) && !entry.name.endsWith('.test.ts'),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
