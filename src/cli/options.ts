// Options that several commands share, and how their values are read.

import { DEFAULT_ACCOUNT } from '#cloud/authenticate.ts';
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

export const snapshotsOption: CommandOption = {
  type: 'string',
  value: 'FOLDER',
  help: 'where snapshots are (default: .sandtable/snapshots)',
};

export function portOf(values: Values): number {
  const text = values.text('port') ?? String(DEFAULT_PORT);
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UserError('bad-port', `--port is a number from 0 to 65535; it was ${JSON.stringify(text)}.`, {
    hint: 'Give a free port, or 0 for any.',
  });
}

export function accountOf(values: Values): string {
  const text = values.text('account') ?? DEFAULT_ACCOUNT;
  if (/^\d{12}$/.test(text)) return text;
  throw new UserError('bad-account', `--account has 12 digits; it was ${JSON.stringify(text)}.`, {
    hint: `Leave --account out for ${DEFAULT_ACCOUNT}.`,
  });
}

/** Where names are answered; nowhere unless given. */
export function dnsPortOf(values: Values): number | undefined {
  const text = values.text('dns-port');
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UserError(
    'bad-dns-port',
    `--dns-port is a number from 0 to 65535; it was ${JSON.stringify(text)}.`,
    { hint: 'Give a free port, or 0 for any.' },
  );
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

/** Milliseconds in 90s, 5m, 2h or 1d. */
export function timeOf(option: string, text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return Number(count) * (UNITS[unit] as number);
  throw new UserError(
    'bad-time',
    `--${option} takes a time such as 90s, 5m or 2h; it was ${JSON.stringify(text)}.`,
    { hint: 'Units are ms, s, m, h and d.' },
  );
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

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
  functions: {
    type: 'string',
    value: 'DRIVER',
    help: 'modelled, or process: really runs the code of Lambda functions on this computer (default: as --driver)',
  },
  pace: {
    type: 'string',
    value: 'RATE',
    help: 'where something really runs: virtual time for each unit of wall time',
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
  const name = driverNamed(values.text('driver') ?? 'modelled', 'the revision is');
  const functions = functionsOf(values, name);
  const rates = { paceRate: positive(values, 'pace'), requestsPerSecond: positive(values, 'requests') };
  return { name, options: { functions, ...rates } };
}

/** How the code of functions is run. */
export function functionsOf(values: Values, otherwise: Driver): Driver {
  return driverNamed(values.text('functions') ?? otherwise, 'functions are');
}

/** Whether user code runs on this computer: such runs cannot be repeated from one prepared world. */
export function runsForReal({ name, options }: DriverChoice): boolean {
  return name === 'process' || options.functions === 'process';
}

function driverNamed(name: string, what: string): Driver {
  if (name === 'modelled' || name === 'process') return name;
  throw new UserError('bad-driver', `A driver is modelled or process; it was ${JSON.stringify(name)}.`, {
    hint: `Use modelled unless ${what} to be run for real.`,
  });
}

function positive(values: Values, option: string): number {
  const text = values.text(option) ?? '';
  const number = Number(text);
  if (text !== '' && number > 0 && number <= 100_000) return number;
  throw new UserError('bad-number', `--${option} is a positive number; it was ${JSON.stringify(text)}.`, {
    hint: `Leave --${option} out for the default.`,
  });
}
