// `sandtable rehearse --template OLD --change NEW`: what a change of a template does to those who use the stack.

import { basename } from 'node:path';
import { UserError } from '#cloud/user-error.ts';
import { figures } from '#rehearsal/figures.ts';
import type { RunResult } from '#rehearsal/result.ts';
import { chronicle } from '#rehearsal/report/chronicle.ts';
import { runAll } from '#rehearsal/run.ts';
import { templateChange, updated } from '#rehearsal/template-change.ts';
import type { TrafficTarget } from '#rehearsal/template-change.ts';
import { composeRehearsal } from '#sandtable';
import type { Values } from './command.ts';
import { expectationOf, expectsEnding } from './expect.ts';
import { driverOf, timeOf } from './options.ts';
import { stackOf, stackOptions } from './templates.ts';

export async function rehearseTemplate(values: Values): Promise<readonly RunResult[]> {
  const [template, change] = [values.text('template'), values.text('change')];
  if (template === undefined || change === undefined) {
    const missing = template === undefined ? '--template' : '--change';
    throw new UserError('one-template', `A change has two templates: ${missing} is missing.`, {
      hint: 'sandtable rehearse --template old.yaml --change new.yaml --traffic OUTPUT=100',
    });
  }
  const before = stackOf(template, values.text('stack-name'), { ...stackOptions(values), changeSet: false });
  const options = stackOptions(values);
  const changed = stackOptions(values, 'change-parameters').parameters;
  const after = stackOf(change, before.name, {
    ...options,
    parameters: { ...options.parameters, ...changed },
  });
  const expected = values.all('expect');
  const { name, options: driver } = driverOf(values);
  const rehearsal = templateChange({
    title: `${basename(template)} becomes ${basename(change)}`,
    before,
    after: { ...after, parameters: forTemplate(after.parameters, after.templateBody, changed) },
    traffic: values.all('traffic').map(trafficOf),
    forMs: timeOf('for', values.text('for') ?? '0s'),
    expect: [...(expectsEnding(expected) ? [] : [updated]), ...expected.map(expectationOf)],
  });
  const results = await runAll(rehearsal, composeRehearsal(name, driver), {
    seed: values.text('seed') ?? 'sandtable',
  });
  if (!values.flag('json')) for (const result of results) console.log(summary(result));
  return results;
}

/** Parameters that only the first template has do not go to the second; those given for it do, so that CloudFormation speaks. */
function forTemplate(
  parameters: Readonly<Record<string, string>>,
  templateBody: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const named = (key: string): boolean => new RegExp(`(^|[\\s"'{,])${key}["']?\\s*:`, 'm').test(templateBody);
  return Object.fromEntries(
    Object.entries(parameters).filter(([key]) => Object.hasOwn(given, key) || named(key)),
  );
}

function trafficOf(text: string): TrafficTarget {
  const [, target = '', rate = ''] = /^(.+?)=(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text) ?? [];
  const ratePerSecond = Number(rate);
  if (target !== '' && ratePerSecond >= 0.001 && ratePerSecond <= 10_000_000)
    return { target, ratePerSecond };
  throw new UserError(
    'bad-traffic',
    `--traffic takes TARGET=RATE, in requests a second; it was ${JSON.stringify(text)}.`,
    {
      hint: 'Try --traffic Url=100, where Url is an output of the stack.',
    },
  );
}

/** The figures and what happened, for the terminal. */
export function summary(result: RunResult): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const rows = figures
    .map(({ name, text }) => [name, text(result)] as const)
    .filter(([, text]) => text !== '-')
    .map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
  const series = result.measurement?.series ?? [];
  const names = Object.keys(result.measurement?.byVersion ?? {}).toSorted();
  // Answers to requests that began before count when they end: the last bucket that got any tells who serves in the end.
  const last = Object.keys(series.findLast(({ requests }) => requests > 0)?.byVersion ?? {}).toSorted();
  const served =
    names.length > 0
      ? [`  ${'versions'.padEnd(width)}  ${names.join(', ')}; in the end ${last.join(', ') || 'none'}`]
      : [];
  return [...happenings(result), '', ...rows, ...served, ''].join('\n');
}

/** `+9:23  what happened`, counted from the beginning of the operation. */
function happenings(result: RunResult): string[] {
  return chronicle(result).map(({ at, text }) => {
    const seconds = Math.round(Math.abs(at - result.startedAt) / 1000);
    const sign = at < result.startedAt ? '-' : '+';
    const time = `${sign}${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    return `  ${time.padStart(7)}  ${text}`;
  });
}
