// `sandtable compare`: the variants of a rehearsal side by side.

import { resolve } from 'node:path';
import { comparisonTable } from '#rehearsal/report/table.ts';
import { passed } from '#rehearsal/result.ts';
import type { Command } from './command.ts';
import { assess, runVariants } from './comparison.ts';
import { Threads } from './jobs.ts';
import { driverOf, driverOptions, runsForReal, seedOption } from './options.ts';
import { baselineOf, outputOptions, regressions, writeOutputs } from './outputs.ts';
import { UserError } from '#cloud/user-error.ts';

export const command: Command = {
  name: 'compare',
  summary: 'Runs all variants of a rehearsal from the same start and sets them side by side.',
  positionals: 'FILE',
  options: {
    seed: seedOption,
    ...driverOptions,
    'no-sensitivity': {
      type: 'boolean',
      help: 'do not run again with each assumed timing halved and doubled',
    },
    ...outputOptions,
  },
  async run(values, [file]) {
    if (file === undefined)
      throw new UserError('no-file', 'compare needs a rehearsal file.', { hint: 'sandtable compare FILE' });
    const before = await baselineOf(values);
    const threads = new Threads();
    try {
      const options = {
        file: resolve(file),
        driver: driverOf(values),
        seed: values.text('seed') ?? 'sandtable',
      };
      const results = await runVariants(threads, {
        ...options,
        progress: (name) => console.error(`running ${name}`),
      });
      const flips =
        values.flag('no-sensitivity') || runsForReal(options.driver)
          ? []
          : await assess(threads, options, results);
      if (!values.flag('json')) console.log(comparisonTable(results, flips));
      await writeOutputs(values, results, flips);
      const worse = regressions(before, results);
      for (const line of worse) console.error(line);
      return results.every(passed) && worse.length === 0 ? 0 : 1;
    } finally {
      await threads.close();
    }
  },
};
