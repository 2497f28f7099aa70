// `sandtable clock`: shows or moves the clock of a running endpoint.

import { UserError } from '#cloud/user-error.ts';
import type { Command } from './command.ts';
import { clockOf, DEFAULT_PORT, timeOf } from './options.ts';

export const command: Command = {
  name: 'clock',
  summary: 'Shows the clock of a running endpoint; moves it with --advance, changes how it runs with --mode.',
  options: {
    url: { type: 'string', value: 'URL', help: 'the endpoint', default: `http://127.0.0.1:${DEFAULT_PORT}` },
    advance: { type: 'string', value: 'TIME', help: 'move on by this much: 90s, 5m, 2h, 1d' },
    mode: { type: 'string', value: 'CLOCK', help: 'real, virtual, manual, or a rate such as x60' },
  },
  async run(values) {
    const url = values.text('url') ?? '';
    const advance = values.text('advance');
    const mode = values.text('mode');
    const wish = {
      ...(advance === undefined ? {} : { advanceMs: timeOf('advance', advance) }),
      ...(mode === undefined ? {} : { mode: clockOf(mode) }),
    };
    const moves = Object.keys(wish).length > 0;
    const response = await reach(url, moves ? { method: 'POST', body: JSON.stringify(wish) } : {});
    const answer = await answerOf(response, url);
    if (!response.ok)
      throw new UserError('clock-refused', answer.message ?? 'The endpoint refused.', {
        hint: 'See sandtable clock --help.',
      });
    console.log(`${answer.now}  ${answer.why.join('; ') || 'runs freely'}`);
    return 0;
  },
};

interface Answer {
  readonly now: string;
  readonly why: readonly string[];
  readonly message?: string;
}

async function answerOf(response: Response, url: string): Promise<Answer> {
  const answer = (await response.json().catch(() => undefined)) as Partial<Answer> | undefined;
  if (answer?.message !== undefined || (answer?.now !== undefined && answer.why)) return answer as Answer;
  throw new UserError('no-endpoint', `What answers at ${url} is not Sandtable.`, {
    hint: 'Give the address that sandtable up prints with --url.',
  });
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`${url}/_sandtable/clock`, init);
  } catch {
    throw new UserError('no-endpoint', `Nothing answers at ${url}.`, { hint: 'Start it with: sandtable up' });
  }
}
