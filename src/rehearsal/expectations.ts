// What a rehearsal may expect of its result. An expectation is a name and a look at the result.

import type { RunResult } from './result.ts';

export interface Finding {
  readonly passed: boolean;
  readonly found: string;
}

export interface Expectation {
  readonly name: string;
  readonly check: (result: Omit<RunResult, 'expectations' | 'claim'>) => Finding;
}

/** An expectation in the rehearsal's own words. */
export function expectation(name: string, check: Expectation['check']): Expectation {
  return { name, check };
}

/** A fact that the script reported has this value. */
export function fact(name: string, expected: unknown): Expectation {
  return expectation(`${name} is ${JSON.stringify(expected)}`, ({ facts }) => {
    const found = JSON.stringify(facts[name]);
    return { passed: found === JSON.stringify(expected), found: found ?? 'nothing' };
  });
}

const ended = {
  /** The script's own word for how it ended. */
  endedAs: (word: string): Expectation =>
    expectation(`it ends as ${word}`, (result) => ({ passed: result.ended === word, found: result.ended })),
  /** Virtual time from start to end. */
  takesAtMost: (ms: number): Expectation =>
    expectation(`it takes at most ${ms / 1000} s`, ({ startedAt, endedAt }) => ({
      passed: endedAt - startedAt <= ms,
      found: `${(endedAt - startedAt) / 1000} s`,
    })),
  takesAtLeast: (ms: number): Expectation =>
    expectation(`it takes at least ${ms / 1000} s`, ({ startedAt, endedAt }) => ({
      passed: endedAt - startedAt >= ms,
      found: `${(endedAt - startedAt) / 1000} s`,
    })),
} as const;
export const deployment: typeof ended = ended;

const available = {
  /** Share of requests that were answered without a server error, 0 to 1. */
  atLeast: (share: number): Expectation =>
    expectation(`availability is at least ${share}`, ({ measurement }) => ({
      passed: (measurement?.availability ?? 0) >= share,
      found: measurement ? String(measurement.availability) : 'no traffic was run',
    })),
  below: (share: number): Expectation =>
    expectation(`availability is below ${share}`, ({ measurement }) => ({
      passed: (measurement?.availability ?? 1) < share,
      found: measurement ? String(measurement.availability) : 'no traffic was run',
    })),
} as const;
export const availability: typeof available = available;

const serving = {
  /** Targets able to serve, at the worst instant. */
  atLeast: (targets: number): Expectation =>
    expectation(`at least ${targets} targets are able to serve throughout`, ({ measurement }) => ({
      passed: (measurement?.lowestServing ?? -1) >= targets,
      found: measurement ? String(measurement.lowestServing) : 'no traffic was run',
    })),
  exactly: (targets: number): Expectation =>
    expectation(`${targets} targets are able to serve at the worst instant`, ({ measurement }) => ({
      passed: measurement?.lowestServing === targets,
      found: measurement ? String(measurement.lowestServing) : 'no traffic was run',
    })),
} as const;
export const capacity: typeof serving = serving;
