// `npm start`: serves a local AWS and rehearses the release of the example application with every strategy.

import { join } from 'node:path';
import { timeText } from '#rehearsal/figures.ts';
import { htmlReport } from '#rehearsal/report/html.ts';
import { comparisonTable } from '#rehearsal/report/table.ts';
import { passed } from '#rehearsal/result.ts';
import type { RunResult } from '#rehearsal/result.ts';
import { moduleExtension, rehearsalFolder } from '#runtime/package.ts';
import { serve } from '#server/serve.ts';
import type { Served } from '#server/serve.ts';
import type { Command, ExitCode, Values } from './command.ts';
import { assess, runVariants } from './comparison.ts';
import { Threads } from './jobs.ts';
import { driverOf, driverOptions, portOf, portOption, runsForReal, seedOption } from './options.ts';
import { writeReport } from './outputs.ts';
import { exportsFor, greeting, untilInterrupted } from './up.ts';
import { version } from './version.ts';

/** The rehearsal of the example release. */
const STRATEGIES: string = join(rehearsalFolder(), 'deploy', `strategies${moduleExtension}`);

export const command: Command = {
  name: 'start',
  summary: 'Serves a local AWS and rehearses the release of the example application with every strategy.',
  options: {
    port: portOption,
    seed: seedOption,
    ...driverOptions,
    once: { type: 'boolean', help: 'exit after the comparison instead of serving on' },
    json: { type: 'boolean', help: 'print the comparison as JSON' },
    'no-sensitivity': {
      type: 'boolean',
      help: 'do not run again with each assumed timing halved and doubled',
    },
  },
  async run(values) {
    const threads = new Threads();
    threads.warmUp(STRATEGIES);
    const served = await serve({
      port: portOf(values),
      seed: values.text('seed') ?? 'sandtable',
      clock: 1,
      timings: 'instant',
      version: version(),
      crashed: (error) => console.error(error),
    });
    try {
      return await compareAndServe(values, threads, served);
    } finally {
      await threads.close();
      await served.close();
    }
  },
};

async function compareAndServe(values: Values, threads: Threads, served: Served): Promise<ExitCode> {
  const json = values.flag('json');
  const say = json ? (): void => {} : (text: string): void => console.log(text);
  say(greeting(served, portOf(values)));
  const from = performance.now();
  const options = {
    file: STRATEGIES,
    driver: driverOf(values),
    seed: values.text('seed') ?? 'sandtable',
  };
  const results = await runVariants(threads, { ...options, progress: progressLine(json, 'rehearsing') });
  const wallMs = performance.now() - from;
  const sure = values.flag('no-sensitivity') || runsForReal(options.driver);
  const takeBack = sure ? (): void => {} : preview(json, comparisonTable(results));
  const progress = progressLine(json, 'asking what the rankings rest on:');
  const flips = sure ? [] : await assess(threads, { ...options, progress }, results);
  takeBack();
  const report = await writeReport(htmlReport(results, flips));
  if (json) console.log(JSON.stringify({ results, flips, report, wallMs: Math.round(wallMs) }));
  say(`\n${comparisonTable(results, flips)}\n`);
  say(
    `${timeText(virtualMs(results))} of AWS in ${(wallMs / 1000).toFixed(1)} s. Why each variant ended as it did: ${report}\n`,
  );
  say(exportsFor(served.url));
  const code = results.every(passed) ? 0 : 1;
  if (values.flag('once')) return code;
  say('\nThe endpoint stays up until Ctrl-C.');
  await untilInterrupted(served);
  return code;
}

function virtualMs(results: readonly RunResult[]): number {
  return results.reduce((sum, result) => sum + result.virtualMs, 0);
}

/** One line that is written over while rehearsals run; nothing where nobody looks. */
function progressLine(quiet: boolean, doing: string): (variant: string) => void {
  if (quiet || !process.stdout.isTTY) return () => {};
  return (variant) => void process.stdout.write(`\r\u001b[K${doing} ${variant} …\r`);
}

/** Shows the table while the rankings are still being questioned. The returned function takes it back. */
function preview(quiet: boolean, table: string): () => void {
  if (quiet || !process.stdout.isTTY) return () => {};
  console.log(`\u001b[K\n${table}\n`);
  const width = process.stdout.columns || 80;
  const rows = table.split('\n').map((line) => Math.max(1, Math.ceil(line.length / width)));
  const lines = rows.reduce((sum, row) => sum + row, 2);
  return () => void process.stdout.write(`\r\u001b[${lines}A\u001b[J`);
}
