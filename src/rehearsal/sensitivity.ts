// Whether a ranking survives what is only assumed: each assumed timing is halved and doubled, the variants run again, and a
// figure whose order of variants changes is marked.

import { figures } from './figures.ts';
import type { Figure } from './figures.ts';
import type { RunResult, TimingReport } from './result.ts';

/** One run of all variants with one assumed timing changed. */
export interface Perturbation {
  readonly timing: string;
  readonly factor: number;
}

/** A ranking that does not hold: these two variants change places. */
export interface Flip extends Perturbation {
  readonly figure: string;
  readonly group: string;
  readonly better: string;
  readonly worse: string;
}

/** What has to be run again: each assumed timing that any variant drew on, halved and doubled. */
export function perturbations(results: readonly RunResult[]): Perturbation[] {
  const assumed = new Map<string, TimingReport>();
  for (const { timings } of results) {
    for (const timing of timings) if (timing.evidence === 'assumed') assumed.set(timing.name, timing);
  }
  return [...assumed.keys()].toSorted().flatMap((timing) => [
    { timing, factor: 0.5 },
    { timing, factor: 2 },
  ]);
}

/** Pairs of variants whose order in some figure is reversed by a perturbation. Equal values have no order. */
export function flips(
  before: readonly RunResult[],
  after: readonly RunResult[],
  perturbation: Perturbation,
): Flip[] {
  const found: Flip[] = [];
  for (const figure of figures) {
    for (const [one, other] of pairs(before)) {
      const order = compare(figure, one, other);
      const again = compare(figure, twin(after, one), twin(after, other));
      if (order * again >= 0) continue;
      const [better, worse] = order < 0 ? [one, other] : [other, one];
      found.push({
        ...perturbation,
        figure: figure.name,
        group: one.group ?? '',
        better: better.variant,
        worse: worse.variant,
      });
    }
  }
  return found;
}

function* pairs(results: readonly RunResult[]): Generator<[RunResult, RunResult]> {
  for (const [at, one] of results.entries()) {
    for (const other of results.slice(at + 1)) if (one.group === other.group) yield [one, other];
  }
}

function twin(results: readonly RunResult[], { variant }: RunResult): RunResult | undefined {
  return results.find((result) => result.variant === variant);
}

/** Negative where the first is better. */
function compare(
  { value, better }: Figure,
  one: RunResult | undefined,
  other: RunResult | undefined,
): number {
  const [left, right] = [one && value(one), other && value(other)];
  if (left === undefined || right === undefined) return 0;
  return better === 'less' ? left - right : right - left;
}
