// Options that several commands share, and how their values are read.

import { UserError } from '#cloud/user-error.ts';
import type { TimingProfile } from '#cloud/timing.ts';
import type { Driver } from '#sandtable';
import type { ClockMode } from '#world/index.ts';
import type { CommandOption, Values } from './command.ts';

export const DEFAULT_PORT = 4566;

export const portOption: CommandOption = {
  type: 'string',
  value: 'PORT',
  help: 'first port to try on 127.0.0.1',
  default: String(DEFAULT_PORT),
};

export const seedOption: CommandOption = {
  type: 'string',
  value: 'SEED',
  help: 'equal seeds give equal worlds',
  default: 'sandtable',
};

export function portOf(values: Values): number {
  const text = values.text('port') ?? String(DEFAULT_PORT);
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UserError('bad-port', `--port is a number from 0 to 65535; it was ${JSON.stringify(text)}.`, {
    hint: 'Give a free port, or 0 for any.',
  });
}

/** `real`, `virtual`, `manual`, or a rate such as `x60`. */
export function clockOf(text: string): ClockMode {
  if (text === 'virtual' || text === 'manual') return text;
  if (text === 'real') return 1;
  const rate = /^x(\d+(?:\.\d+)?)$/.exec(text)?.[1];
  if (rate !== undefined && Number(rate) > 0) return Number(rate);
  throw new UserError(
    'bad-clock',
    `A clock is real, virtual, manual or a rate such as x60; it was ${JSON.stringify(text)}.`,
    {
      hint: 'Try --clock real.',
    },
  );
}

export function profileOf(text: string): TimingProfile {
  if (text === 'instant' || text === 'typical') return text;
  throw new UserError('bad-timings', `Timings are instant or typical; they were ${JSON.stringify(text)}.`, {
    hint: 'Use instant for development, typical to see how long AWS takes.',
  });
}

export const driverOption: CommandOption = {
  type: 'string',
  value: 'DRIVER',
  help: 'modelled, or process: really runs the revision on this computer',
  default: 'modelled',
};

export function driverOf(values: Values): Driver {
  const text = values.text('driver') ?? 'modelled';
  if (text === 'modelled' || text === 'process') return text;
  throw new UserError('bad-driver', `A driver is modelled or process; it was ${JSON.stringify(text)}.`, {
    hint: 'Use modelled unless the revision is to be run for real.',
  });
}
