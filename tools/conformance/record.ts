// Keeps the verdicts in docs/conformance.json, and writes docs/conformance.md from them.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Suite } from './suite.ts';
import type { Verdict } from './verdicts.ts';

/** All that was recorded of one suite. */
interface Recorded {
  readonly title: string;
  readonly note?: string;
  /** The suite's own commit, and when it was run. */
  readonly commit: string;
  readonly on: string;
  readonly services: readonly Verdict[];
}

const docs = join(import.meta.dirname, '..', '..', 'docs');
const file = join(docs, 'conformance.json');

/** Services that were not run keep what was recorded of them before. */
export function record({ name, title, note }: Suite, checkout: string, verdicts: readonly Verdict[]): void {
  const all = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Recorded>) : {};
  const fresh = new Set(verdicts.map(({ service }) => service));
  const kept = (all[name]?.services ?? []).filter(({ service }) => !fresh.has(service));
  const services = [...kept, ...verdicts].toSorted((left, right) => (left.service < right.service ? -1 : 1));
  const commit = execFileSync('git', ['-C', checkout, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  }).trim();
  all[name] = {
    title,
    ...(note === undefined ? {} : { note }),
    commit,
    on: new Date().toISOString().slice(0, 10),
    services,
  };
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`);
  writeFileSync(join(docs, 'conformance.md'), page(all));
}

const INTRODUCTION = `# Conformance

Other people's tests, run against \`sandtable up\` by \`npm run conformance\`. Their sources are not part of this repository; a checkout is handed to
the command. A test counts for us when it passes and against us when it fails, unless

- it was **refused**: it needs an operation or a parameter that [coverage.md](coverage.md) does not list, and got \`NotImplemented\` with its name;
- it is **excused** by hand, with a reason that stands below: it asserts the peer's own behaviour where AWS documents another, looks inside the
  peer's process, or needs something that the machine did not have;
- it was **skipped** by the suite itself, for a reason of its own.

The share is passed ÷ (passed + failed). Where a suite's set-up is **put right** before AWS would refuse it, the table says for how many of
those that passed.`;

function page(all: Readonly<Record<string, Recorded>>): string {
  const sections = Object.values(all).map(({ title, note, commit, on, services }) =>
    [
      `## ${title}`,
      '',
      `Commit ${commit}, last run on ${on}.`,
      '',
      ...(note === undefined ? [] : [note, '']),
      '| service | passed | of them put right | failed | share | refused | excused | skipped |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      ...services.map(row),
      total(services),
      '',
      ...services.flatMap(details),
    ].join('\n'),
  );
  return `${[INTRODUCTION, ...sections].join('\n\n').trimEnd()}\n`;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, one) => all + one, 0);
}

function share(passed: number, failed: number): string {
  return passed + failed === 0 ? '-' : `${((100 * passed) / (passed + failed)).toFixed(1)} %`;
}

function row({ service, passed, putRight = 0, failed, refused, excused, skipped }: Verdict): string {
  const cells = [
    service,
    passed,
    putRight,
    failed.length,
    share(passed, failed.length),
    sum(refused),
    excused.length,
    sum(skipped),
  ];
  return `| ${cells.join(' | ')} |`;
}

function total(services: readonly Verdict[]): string {
  const add = (of: (verdict: Verdict) => number): number => services.reduce((all, one) => all + of(one), 0);
  const passed = add((one) => one.passed);
  const failed = add((one) => one.failed.length);
  const cells = [
    '**all**',
    passed,
    add(({ putRight = 0 }) => putRight),
    failed,
    share(passed, failed),
    add((one) => sum(one.refused)),
    add((one) => one.excused.length),
    add((one) => sum(one.skipped)),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** What stands behind a service's numbers, folded away. */
function details({ service, failed, refused, excused, skipped }: Verdict): string[] {
  const items = [
    ...failed.map((name) => `- failed: \`${name}\``),
    ...Object.entries(refused).map(([what, times]) => `- refused, ${times} x: ${plain(what)}`),
    ...excused.map(
      ({ test, category, because }) => `- excused (${category}): \`${test}\`: ${plain(because)}`,
    ),
    ...Object.entries(skipped).map(([why, times]) => `- skipped, ${times} x: ${plain(why)}`),
  ];
  if (items.length === 0) return [];
  return [`<details><summary>${service}</summary>`, '', ...items, '', '</details>', ''];
}

/** Text of others must not become markup. */
function plain(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('|', '\\|').replaceAll('`', "'");
}
