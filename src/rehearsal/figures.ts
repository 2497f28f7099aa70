// The figures by which variants are compared: each is a name, a look at a result, and which way is better.

import type { RunResult } from './result.ts';

export interface Figure {
  readonly name: string;
  /** The number that ranks; nothing where the variant has none. */
  readonly value: (result: RunResult) => number | undefined;
  /** How people read it. */
  readonly text: (result: RunResult) => string;
  readonly better: 'less' | 'more';
}

/** 4530000 is `1 h 15 min 30 s`. */
export function timeText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return shown.length > 0 ? shown.join(' ') : '0 s';
}

const percent = (share: number): string => `${(Math.floor(share * 100_000) / 1000).toFixed(3)} %`;

/** How long the operation itself took. */
function operationMs({ startedAt, endedAt }: RunResult): number {
  return endedAt - startedAt;
}

/** Virtual time in which the bad version answered requests. */
function badMs({ measurement, badVersion }: RunResult): number | undefined {
  return badVersion === undefined ? undefined : (measurement?.servedBy[badVersion] ?? 0);
}

export const figures: readonly Figure[] = [
  { name: 'took', value: operationMs, text: (result) => timeText(operationMs(result)), better: 'less' },
  {
    name: 'failed requests',
    value: ({ measurement }) => measurement?.failed,
    text: ({ measurement }) => String(measurement?.failed ?? '-'),
    better: 'less',
  },
  {
    name: 'availability',
    value: ({ measurement }) => measurement?.availability,
    text: ({ measurement }) => (measurement ? percent(measurement.availability) : '-'),
    better: 'more',
  },
  {
    name: 'worst p99',
    value: ({ measurement }) => measurement?.worstBucketP99,
    text: ({ measurement }) => (measurement ? `${Math.round(measurement.worstBucketP99)} ms` : '-'),
    better: 'less',
  },
  {
    name: 'lowest capacity',
    value: ({ measurement }) => measurement?.lowestServing,
    text: ({ measurement }) => String(measurement?.lowestServing ?? '-'),
    better: 'more',
  },
  {
    name: 'extra instance-hours',
    value: ({ extraInstanceHours }) => extraInstanceHours,
    text: ({ extraInstanceHours }) => extraInstanceHours.toFixed(2),
    better: 'less',
  },
  {
    name: 'bad version served',
    value: badMs,
    text: (result) => {
      const ms = badMs(result);
      return ms === undefined ? '-' : timeText(ms);
    },
    better: 'less',
  },
];
