// `sandtable rehearse`: runs rehearsals and holds them against their expectations.

import { resolve } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import { timeText } from '#rehearsal/figures.ts';
import { passed } from '#rehearsal/result.ts';
import type { RunResult } from '#rehearsal/result.ts';
import type { Command } from './command.ts';
import { Threads } from './jobs.ts';
import { driverOf, driverOptions, seedOption } from './options.ts';
import { baselineOf, outputOptions, regressions, writeOutputs } from './outputs.ts';

export const command: Command = {
  name: 'rehearse',
  summary: 'Runs rehearsal files and holds each against its expectations.',
  positionals: 'FILE…',
  options: { seed: seedOption, ...driverOptions, ...outputOptions },
  async run(values, files) {
    if (files.length === 0) {
      throw new UserError('no-file', 'rehearse needs at least one rehearsal file.', {
        hint: 'sandtable rehearse FILE…',
      });
    }
    const driver = driverOf(values);
    const before = await baselineOf(values);
    const threads = new Threads();
    try {
      const options = { seed: values.text('seed') ?? 'sandtable' };
      const runs = await Promise.allSettled(
        files.map((file) => threads.run({ file: resolve(file), driver, options })),
      );
      const results = runs.flatMap((run) => (run.status === 'fulfilled' ? run.value : []));
      if (!values.flag('json')) for (const result of results) console.log(verdict(result));
      await writeOutputs(values, results, []);
      const worse = regressions(before, results);
      for (const line of worse) console.error(line);
      // What did not get to its end does not take the results of the others with it.
      const failures = runs.flatMap((run) => (run.status === 'rejected' ? [run.reason as unknown] : []));
      if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
      return results.every(passed) && worse.length === 0 ? 0 : 1;
    } finally {
      await threads.close();
    }
  },
};

/** One result in a few lines. */
function verdict(result: RunResult): string {
  const { title, variant, ended, claim, expectations, virtualMs, wallMs } = result;
  const name = variant ? `${title}: ${variant}` : title;
  const head = `${passed(result) ? 'passed' : 'FAILED'}  ${name}  (${ended}; ${timeText(virtualMs)} of AWS in ${wallMs} ms)`;
  const checks = expectations.map(
    (one) => `  ${one.passed ? '✓' : '✗'} ${one.expectation}${one.passed ? '' : ` (found: ${one.found})`}`,
  );
  const claimed = claim
    ? [`  claim ${claim.id}: ${passed(result) ? claim.verdict : 'not shown by this run'}`]
    : [];
  return [head, ...checks, ...claimed].join('\n');
}
