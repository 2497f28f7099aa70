// Runs all variants of a rehearsal on all threads, and again what an assumption may have decided.

import { flips, perturbations } from '#rehearsal/sensitivity.ts';
import type { Flip } from '#rehearsal/sensitivity.ts';
import type { RunResult } from '#rehearsal/result.ts';
import { threadCount } from './jobs.ts';
import type { Job, PlannedRun, Threads } from './jobs.ts';
import type { DriverChoice } from './options.ts';

export interface ComparisonOptions {
  readonly file: string;
  readonly driver: DriverChoice;
  readonly seed?: string;
  /** Told of each run as it begins. */
  readonly progress?: (variant: string) => void;
}

/** Runs every variant once. Each thread prepares the world for itself, which costs less than sending it. */
export async function runVariants(
  threads: Threads,
  options: ComparisonOptions,
): Promise<readonly RunResult[]> {
  const names = await threads.variants(options.file);
  return runPlanned(
    threads,
    options,
    names.map((variant) => ({ variant })),
  );
}

/**
 * Says which rankings change when an assumed timing is halved or doubled. Only variants that drew on a timing run again with it;
 * the others cannot come out differently.
 */
export async function assess(
  threads: Threads,
  options: ComparisonOptions,
  results: readonly RunResult[],
): Promise<Flip[]> {
  const plan = perturbations(results).flatMap((perturbation) =>
    results
      .filter(({ timings }) => timings.some(({ name }) => name === perturbation.timing))
      .map(({ variant }) => ({ perturbation, variant })),
  );
  const runs = plan.map(({ perturbation: { timing, factor }, variant }): PlannedRun => ({
    variant,
    timings: { factors: { [timing]: factor } },
  }));
  const again = await runPlanned(threads, options, runs);
  return perturbations(results).flatMap((perturbation) => {
    const { timing, factor } = perturbation;
    const changed = new Map<string, RunResult>();
    for (const [at, { perturbation: one, variant }] of plan.entries()) {
      if (one.timing === timing && one.factor === factor) changed.set(variant, again[at] as RunResult);
    }
    const after = results.map((result) => changed.get(result.variant) ?? result);
    return flips(results, after, perturbation);
  });
}

/** Deals runs out to the threads like cards, and returns their results in the order of the plan. */
async function runPlanned(
  threads: Threads,
  { file, driver, seed, progress }: ComparisonOptions,
  runs: readonly PlannedRun[],
): Promise<readonly RunResult[]> {
  const shares = Math.min(threadCount(), runs.length);
  const found = await Promise.all(
    Array.from({ length: shares }, (_, share) => {
      const own = runs.filter((_, at) => at % shares === share);
      const job: Job = { file, driver, options: seed === undefined ? {} : { seed }, runs: own };
      return threads.run(job, ({ phase, variant }) => phase === 'running' && progress?.(variant));
    }),
  );
  return runs.map((_, at) => found[at % shares]?.[Math.floor(at / shares)] as RunResult);
}
