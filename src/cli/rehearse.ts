// `sandtable rehearse`: runs rehearsals and holds them against their expectations. A rehearsal is a TypeScript file, a change
// of a template, or a shell script.

import { resolve } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import { timeText } from '#rehearsal/figures.ts';
import { passed } from '#rehearsal/result.ts';
import type { RunResult } from '#rehearsal/result.ts';
import type { Command, ExitCode, Values } from './command.ts';
import { expectOption } from './expect.ts';
import { Threads } from './jobs.ts';
import { driverOf, driverOptions, seedOption } from './options.ts';
import { baselineOf, outputOptions, regressions, writeOutputs } from './outputs.ts';
import { templateOptions } from './templates.ts';

export const command: Command = {
  name: 'rehearse',
  summary: [
    'Runs rehearsal files and holds each against its expectations. Instead of files:',
    '  --template OLD --change NEW   rehearses the change of a CloudFormation template under traffic',
    '  SCRIPT.sh [-- ARGUMENTS]      runs a shell script of AWS CLI commands in a fresh world, whose time moves while the',
    '                                script waits; the script really runs on this computer, as you and with your rights',
  ].join('\n'),
  positionals: 'FILE… | SCRIPT.sh [-- ARGUMENTS]',
  options: {
    template: { type: 'string', value: 'OLD', help: 'the template that stands first' },
    change: { type: 'string', value: 'NEW', help: 'the template that it is changed to' },
    'stack-name': { type: 'string', value: 'NAME', help: 'name of its stack (default: after its file)' },
    ...templateOptions,
    'change-parameters': {
      type: 'string',
      value: 'K=V…',
      help: 'parameters of the change (the others stay as they were)',
      ...(templateOptions['parameters']?.many ? { many: templateOptions['parameters'].many } : {}),
    },
    traffic: {
      type: 'string',
      value: 'TARGET=RATE…',
      help: 'requests a second to an output, a load balancer’s logical id or a host name; the first is measured',
      many: /^[^-=][^=]*=\d/,
    },
    for: { type: 'string', value: 'TIME', help: 'measure for at least this long from the change on' },
    expect: expectOption,
    seed: seedOption,
    ...driverOptions,
    ...outputOptions,
  },
  async run(values, files) {
    const before = await baselineOf(values);
    if (values.text('template') !== undefined || values.text('change') !== undefined) {
      if (files.length > 0) throw tooMuch(files);
      const { rehearseTemplate } = await import('./rehearse-template.ts');
      return verdictOn(values, before, await rehearseTemplate(values));
    }
    const [first, ...rest] = files;
    if (first === undefined) {
      throw new UserError('no-file', 'rehearse needs at least one rehearsal file.', {
        hint: 'sandtable rehearse FILE…',
      });
    }
    refuseTemplateOptions(values, first);
    if (first.endsWith('.sh')) {
      const { rehearseScript } = await import('./rehearse-script.ts');
      const { results, unmodelled } = await rehearseScript(values, first, rest);
      const code = await verdictOn(values, before, results);
      if (code === 0 || unmodelled.length === 0) return code;
      for (const what of unmodelled) console.error(what);
      return 3;
    }
    return rehearseFiles(values, before, files);
  },
};

async function rehearseFiles(
  values: Values,
  before: readonly RunResult[],
  files: readonly string[],
): Promise<ExitCode> {
  const driver = driverOf(values);
  const threads = new Threads();
  try {
    const options = { seed: values.text('seed') ?? 'sandtable' };
    const runs = await Promise.allSettled(
      files.map((file) => threads.run({ file: resolve(file), driver, options })),
    );
    const results = runs.flatMap((run) => (run.status === 'fulfilled' ? run.value : []));
    const code = await verdictOn(values, before, results);
    // What did not get to its end does not take the results of the others with it.
    const failures = runs.flatMap((run) => (run.status === 'rejected' ? [run.reason as unknown] : []));
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
    return code;
  } finally {
    await threads.close();
  }
}

/** Prints and writes what came of it. */
async function verdictOn(
  values: Values,
  before: readonly RunResult[],
  results: readonly RunResult[],
): Promise<ExitCode> {
  if (!values.flag('json')) for (const result of results) console.log(verdict(result));
  await writeOutputs(values, results, []);
  const worse = regressions(before, results);
  for (const line of worse) console.error(line);
  return results.every(passed) && worse.length === 0 ? 0 : 1;
}

/** Options that say nothing of a file of its own are not passed over. */
function refuseTemplateOptions(values: Values, file: string): void {
  const scriptTakes = file.endsWith('.sh') ? ['expect'] : [];
  const many = ['parameters', 'change-parameters', 'tags', 'capabilities', 'traffic', 'expect'];
  const given =
    many.find((name) => values.all(name).length > 0 && !scriptTakes.includes(name)) ??
    ['stack-name', 'for'].find((name) => values.text(name) !== undefined) ??
    (values.flag('change-set') ? 'change-set' : undefined);
  if (given === undefined) return;
  const hint =
    given === 'traffic'
      ? 'A script starts traffic itself: sandtable-traffic HOST=RATE.'
      : 'A rehearsal file or script says such things itself.';
  throw new UserError(
    'option-of-templates',
    `--${given} goes with --template and --change, not with ${file}.`,
    {
      hint,
    },
  );
}

function tooMuch(files: readonly string[]): UserError {
  return new UserError(
    'files-and-template',
    `--template and files do not go together: ${files.join(', ')}.`,
    {
      hint: 'Run sandtable rehearse once for each.',
    },
  );
}

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
