// Where results go besides the terminal: JSON, JUnit, HTML, and the comparison with an earlier run.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import { figures } from '#rehearsal/figures.ts';
import { htmlReport } from '#rehearsal/report/html.ts';
import { junitReport } from '#rehearsal/report/junit.ts';
import type { RunResult } from '#rehearsal/result.ts';
import type { Flip } from '#rehearsal/sensitivity.ts';
import type { CommandOption, Values } from './command.ts';

export const outputOptions: Readonly<Record<string, CommandOption>> = {
  json: { type: 'boolean', help: 'print the results as JSON' },
  junit: { type: 'string', value: 'FILE', help: 'write the expectations as JUnit XML' },
  report: { type: 'string', value: 'FILE', help: 'write a self-contained HTML report' },
  baseline: {
    type: 'string',
    value: 'FILE',
    help: 'fail where a figure is worse than in this earlier --json output',
  },
};

export async function writeOutputs(
  values: Values,
  results: readonly RunResult[],
  flips: readonly Flip[],
): Promise<void> {
  if (values.flag('json')) console.log(JSON.stringify({ results, flips }));
  const junit = values.text('junit');
  if (junit !== undefined) await write(junit, junitReport(results));
  const report = values.text('report');
  if (report !== undefined) await write(report, htmlReport(results, flips));
}

/** The earlier run that `--baseline` names. Read it before running anything, so that a wrong name costs no time. */
export async function baselineOf(values: Values): Promise<readonly RunResult[]> {
  const file = values.text('baseline');
  return file === undefined ? [] : baseline(file);
}

/** One line for each figure that is worse than in the baseline, and for each variant that ended otherwise. */
export function regressions(before: readonly RunResult[], results: readonly RunResult[]): string[] {
  return results.flatMap((result) => {
    const name = `${result.title}${result.variant ? `: ${result.variant}` : ''}`;
    const then = before.find((one) => one.title === result.title && one.variant === result.variant);
    if (!then) return [];
    const worse = figures.flatMap(({ name: figure, value, text, better }) => {
      const [was, is] = [value(then), value(result)];
      if (was === undefined || is === undefined || (better === 'less' ? is <= was : is >= was)) return [];
      return [`regression: ${name}: ${figure} was ${text(then)}, is ${text(result)}`];
    });
    return then.ended === result.ended
      ? worse
      : [`regression: ${name}: ended as ${then.ended}, now as ${result.ended}`, ...worse];
  });
}

async function baseline(file: string): Promise<readonly RunResult[]> {
  try {
    const { results } = JSON.parse(await readFile(file, 'utf8')) as { results?: readonly RunResult[] };
    if (Array.isArray(results)) return results;
  } catch (error) {
    throw new UserError('bad-baseline', `The baseline ${file} cannot be read: ${(error as Error).message}.`, {
      hint: 'Make one with --json > FILE.',
    });
  }
  throw new UserError('bad-baseline', `The baseline ${file} holds no results.`, {
    hint: 'Make one with --json > FILE.',
  });
}

/** Writes the HTML report of `npm start` where nothing is committed from, and returns its path. */
export async function writeReport(text: string): Promise<string> {
  const folder = join(process.cwd(), '.sandtable');
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'report.html');
  await write(file, text);
  return file;
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UserError('cannot-write', `${file} cannot be written: ${(error as Error).message}.`, {
      hint: 'Choose another place.',
    });
  }
}
