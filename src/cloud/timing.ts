// How long things take, as data with evidence. Profiles choose between what AWS typically takes and no time at all;
// overrides replace single values, for users who know better and for asking what a ranking depends on.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';

/** `documented`: AWS says so. `observed`: seen in public captures. `assumed`: nobody says; reports name these. */
export type Evidence = 'documented' | 'observed' | 'assumed';

/** One duration of AWS's, as data. */
export interface Timing {
  /** `<service>/<what takes time>`. */
  readonly name: string;
  /** Milliseconds, or the bounds of a uniform spread. */
  readonly typical: number | readonly [fromMs: number, toMs: number];
  /** Milliseconds in the profile `instant`: 0 unless some order would be lost. */
  readonly instant: number;
  readonly evidence: Evidence;
  /** Page or capture behind the value. */
  readonly source: string;
}

/** Declares a timing. */
export function timing(
  name: string,
  typical: Timing['typical'],
  evidence: Evidence,
  source: string,
  instant: number = 0,
): Timing {
  return { name, typical, instant, evidence, source };
}

export type TimingProfile = 'typical' | 'instant';

/** How this world takes its time. One row, in the world's own scope. */
export interface TimingChoice {
  readonly id: 'timings';
  readonly profile: TimingProfile;
  /** Factors on single timings by name; 1 where absent. */
  readonly factors: Readonly<Record<string, number>>;
  /** Fixed milliseconds of single timings by name; wins over profile and factor. */
  readonly values: Readonly<Record<string, number>>;
}

/** @internal */
export const timingChoices: Table<TimingChoice> = table<TimingChoice>(
  'cloud/timing-choices',
  (row) => row.id,
);

/** Which timings a world has drawn on so far, so that a report can say what it rests on. */
export interface TimingUse {
  readonly name: string;
  readonly evidence: Evidence;
  readonly source: string;
  readonly typical: Timing['typical'];
}

/** @internal */
export const timingUses: Table<TimingUse> = table<TimingUse>('cloud/timing-uses', (row) => row.name);

/** Milliseconds that `timing` takes under a choice; `draw` is uniform in [0, 1). */
export function duration(timing: Timing, choice: TimingChoice | undefined, draw: number): number {
  const fixed = choice?.values[timing.name];
  if (fixed !== undefined) return fixed;
  const factor = choice?.factors[timing.name] ?? 1;
  if (choice?.profile === 'instant') return Math.round(timing.instant * factor);
  const { typical } = timing;
  const base = typeof typical === 'number' ? typical : typical[0] + (typical[1] - typical[0]) * draw;
  return Math.round(base * factor);
}
