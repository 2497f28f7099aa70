// Options that several commands share, and how their values are read.

import { UserError } from '#cloud/user-error.ts';
import type { TimingProfile } from '#cloud/timing.ts';
import type { Driver, ProcessOptions } from '#sandtable';
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
  if (/^\d+$/.test(text) && port <= 65_535) return port;
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

export const driverOptions: Readonly<Record<string, CommandOption>> = {
  driver: {
    type: 'string',
    value: 'DRIVER',
    help: 'modelled, or process: really runs the revision on this computer',
    default: 'modelled',
  },
  pace: {
    type: 'string',
    value: 'RATE',
    help: 'driver process: virtual time for each unit of wall time',
    default: '1',
  },
  requests: {
    type: 'string',
    value: 'COUNT',
    help: 'driver process: real requests a second at most',
    default: '20',
  },
};

/** A driver, and how fast it goes where it runs things for real. */
export interface DriverChoice {
  readonly name: Driver;
  readonly options: ProcessOptions;
}

export function driverOf(values: Values): DriverChoice {
  const name = values.text('driver') ?? 'modelled';
  if (name !== 'modelled' && name !== 'process') {
    throw new UserError('bad-driver', `A driver is modelled or process; it was ${JSON.stringify(name)}.`, {
      hint: 'Use modelled unless the revision is to be run for real.',
    });
  }
  const options = { paceRate: positive(values, 'pace'), requestsPerSecond: positive(values, 'requests') };
  return { name, options };
}

function positive(values: Values, option: string): number {
  const text = values.text(option) ?? '';
  const number = Number(text);
  if (text !== '' && number > 0 && number <= 100_000) return number;
  throw new UserError('bad-number', `--${option} is a positive number; it was ${JSON.stringify(text)}.`, {
    hint: `Leave --${option} out for the default.`,
  });
}
