// Runs all variants of a rehearsal on all threads, and once more for each assumption.

import { flips, perturbations } from '#rehearsal/sensitivity.ts';
import type { Flip, Perturbation } from '#rehearsal/sensitivity.ts';
import type { RunResult } from '#rehearsal/result.ts';
import type { Driver } from '#sandtable';
import { threadCount } from './jobs.ts';
import type { Job, Threads } from './jobs.ts';

export interface ComparisonOptions {
  readonly file: string;
  readonly driver: Driver;
  readonly seed?: string;
  /** Told of each variant as it begins. */
  readonly progress?: (variant: string) => void;
}

/** Runs every variant once. Each thread prepares the world for itself, which costs less than sending it. */
export async function runVariants(
  threads: Threads,
  options: ComparisonOptions,
  timings?: Perturbation,
): Promise<RunResult[]> {
  const { file, driver, seed, progress } = options;
  const names = await threads.variants(file);
  const shares = Math.min(threadCount(), names.length);
  const jobs = Array.from({ length: shares }, (_, share): Job => ({
    file,
    driver,
    options: {
      variants: names.filter((_, at) => at % shares === share),
      ...(seed === undefined ? {} : { seed }),
      ...(timings ? { timings: { factors: { [timings.timing]: timings.factor } } } : {}),
    },
  }));
  const found = await Promise.all(
    jobs.map((job) => threads.run(job, ({ phase, variant }) => phase === 'running' && progress?.(variant))),
  );
  const results = found.flat();
  return names.flatMap((name) => results.find((result) => result.variant === name) ?? []);
}

/** Runs the variants again with each assumed timing halved and doubled, and says which rankings change. */
export async function assess(
  threads: Threads,
  options: ComparisonOptions,
  results: readonly RunResult[],
): Promise<Flip[]> {
  const found: Flip[] = [];
  for (const perturbation of perturbations(results)) {
    found.push(...flips(results, await runVariants(threads, options, perturbation), perturbation));
  }
  return found;
}
