// `--expect availability>=0.999`: expectations of rehearsals that are not written in TypeScript.

import { UserError } from '#cloud/user-error.ts';
import { expectation } from '#rehearsal/expectations.ts';
import type { Expectation } from '#rehearsal/expectations.ts';
import type { RunResult } from '#rehearsal/result.ts';
import type { CommandOption } from './command.ts';
import { timeOf } from './options.ts';

type Looked = Omit<RunResult, 'expectations' | 'claim'>;

interface Measured {
  readonly help: string;
  /** Nothing where the run has no such figure. */
  readonly value: (result: Looked) => number | undefined;
  /** Reads what the figure is held against; a plain number unless given. */
  readonly read?: (text: string) => number;
}

const share = (text: string): number => (text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text));
const ms = (text: string): number => (/[a-z]$/.test(text) ? timeOf('expect', text) : Number(text));

const FIGURES: Readonly<Record<string, Measured>> = {
  availability: {
    help: 'share of requests that did not fail',
    value: (r) => r.measurement?.availability,
    read: share,
  },
  'error-rate': {
    help: 'share of requests that failed',
    value: ({ measurement }) => measurement && 1 - measurement.availability,
    read: share,
  },
  failed: { help: 'requests that failed', value: (r) => r.measurement?.failed },
  p50: { help: 'latency', value: (r) => r.measurement?.p50, read: ms },
  p90: { help: 'latency', value: (r) => r.measurement?.p90, read: ms },
  p99: { help: 'latency', value: (r) => r.measurement?.p99, read: ms },
  'worst-p99': { help: 'worst p99 of ten seconds', value: (r) => r.measurement?.worstBucketP99, read: ms },
  capacity: {
    help: 'targets able to serve at the worst instant',
    value: (r) => r.measurement?.lowestServing,
  },
  took: { help: 'time of the operation', value: (r) => r.endedAt - r.startedAt, read: ms },
  'extra-instance-hours': { help: 'instances beyond those at the start', value: (r) => r.extraInstanceHours },
};

const COMPARISONS: Readonly<Record<string, (found: number, asked: number) => boolean>> = {
  '>=': (found, asked) => found >= asked,
  '<=': (found, asked) => found <= asked,
  '>': (found, asked) => found > asked,
  '<': (found, asked) => found < asked,
  '=': (found, asked) => found === asked,
};

export const expectOption: CommandOption = {
  type: 'string',
  value: 'FIGURE>=N…',
  help: `${Object.keys(FIGURES).join(', ')}, compared by >=, <=, >, < or =; ended=WORD`,
  many: /^[a-z][a-z0-9-]*(?:[<>]=?|=)/,
};

/** Whether one of the expectations is about how it ends. */
export function expectsEnding(given: readonly string[]): boolean {
  return given.some((text) => text.startsWith('ended='));
}

/** Throws `UserError` for what is no expectation. */
export function expectationOf(text: string): Expectation {
  const [, name = '', comparison = '', asked = ''] = /^([a-z][a-z0-9-]*)(>=|<=|>|<|=)(.+)$/.exec(text) ?? [];
  if (name === 'ended' && comparison === '=') {
    return expectation(`it ends as ${asked}`, ({ ended }) => ({ passed: ended === asked, found: ended }));
  }
  const figure = Object.hasOwn(FIGURES, name) ? FIGURES[name] : undefined;
  if (!figure) {
    throw new UserError('bad-expectation', `--expect takes FIGURE>=NUMBER; it was ${JSON.stringify(text)}.`, {
      hint: `Figures are ${Object.keys(FIGURES).join(', ')}; or ended=WORD.`,
    });
  }
  const number = (figure.read ?? Number)(asked);
  if (!Number.isFinite(number)) {
    throw new UserError('bad-expectation', `--expect ${name}: ${JSON.stringify(asked)} is no number.`, {
      hint: `${name} is: ${figure.help}.`,
    });
  }
  return expectation(`${name} ${comparison} ${asked}`, (result) => {
    const found = figure.value(result);
    const passed = found !== undefined && (COMPARISONS[comparison]?.(found, number) ?? false);
    return { passed, found: found === undefined ? 'no traffic was run' : String(found) };
  });
}
