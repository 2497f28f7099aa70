// `sandtable rehearse`: runs rehearsals and holds them against their expectations.

import { resolve } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import { timeText } from '#rehearsal/figures.ts';
import { passed } from '#rehearsal/result.ts';
import type { RunResult } from '#rehearsal/result.ts';
import type { Command } from './command.ts';
import { Threads } from './jobs.ts';
import { driverOf, driverOption, seedOption } from './options.ts';
import { outputOptions, regressions, writeOutputs } from './outputs.ts';

export const command: Command = {
  name: 'rehearse',
  summary: 'Runs rehearsal files and holds each against its expectations.',
  positionals: 'FILE…',
  options: { seed: seedOption, driver: driverOption, ...outputOptions },
  async run(values, files) {
    if (files.length === 0) {
      throw new UserError('no-file', 'rehearse needs at least one rehearsal file.', {
        hint: 'sandtable rehearse FILE…',
      });
    }
    const threads = new Threads();
    try {
      const driver = driverOf(values);
      const options = { seed: values.text('seed') ?? 'sandtable' };
      const found = await Promise.all(
        files.map((file) => threads.run({ file: resolve(file), driver, options })),
      );
      const results = found.flat();
      if (!values.flag('json')) for (const result of results) console.log(verdict(result));
      await writeOutputs(values, results, []);
      const worse = await regressions(values, results);
      for (const line of worse) console.error(line);
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
