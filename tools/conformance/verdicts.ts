// What each test of a suite says of us. A test that passes, passes. One that fails counts against us, unless it was answered
// `NotImplemented` (it needs what we refuse, and the refusal named it) or stands, with its reason, among the excused.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './suite.ts';

/** Why a test is no measure of whether we answer as AWS does. */
const CATEGORIES = {
  invention: "asserts the peer's own behaviour where AWS's documentation says otherwise",
  internals: "looks inside the peer's process, or needs an API of its own",
  environment: 'needs something that this machine does not have',
  refused: 'needs what we refuse by name',
} as const;

type Category = keyof typeof CATEGORIES;

/** A hand-kept entry of `excused/<suite>.json`. */
interface Excuse {
  /** A service's id. */
  readonly service: string;
  /** The test's name or the beginning of it, without its parameters. */
  readonly test: string;
  readonly category: Category;
  /** One sentence, with the page of AWS's documentation where it is the peer's word against AWS's. */
  readonly because: string;
}

export interface Excused {
  readonly test: string;
  readonly category: Category;
  readonly because: string;
}

/** One service in one suite. */
export interface Verdict {
  readonly service: string;
  readonly passed: number;
  /** How many of those that passed had something of their set-up put right; missing where nothing is. */
  readonly putRight?: number;
  /** Names of the tests that count against us. */
  readonly failed: readonly string[];
  /** What was refused, and for how many tests. */
  readonly refused: Readonly<Record<string, number>>;
  readonly excused: readonly Excused[];
  /** The suite's own reasons for not running a test here, and for how many. */
  readonly skipped: Readonly<Record<string, number>>;
}

const folder = join(import.meta.dirname, 'excused');

function excuses(suite: string): Excuse[] {
  const file = join(folder, `${suite}.json`);
  if (!existsSync(file)) return [];
  const entries = JSON.parse(readFileSync(file, 'utf8')) as Excuse[];
  for (const { category, test } of entries)
    if (!(category in CATEGORIES)) throw new Error(`${file}: ${test} has the unknown category ${category}.`);
  return entries;
}

export function verdictOf(suite: string, service: string, cases: readonly Case[]): Verdict {
  const known = excuses(suite).filter((excuse) => excuse.service === service);
  const failed: string[] = [];
  const refused: Record<string, number> = {};
  const excused: Excused[] = [];
  const skipped: Record<string, number> = {};
  let passed = 0;
  let putRight = 0;
  for (const { name, ending, why, putRight: changed } of cases) {
    const excuse = known.find(({ test }) => name === test || name.startsWith(`${test}[`));
    const refusal = ending === 'failed' ? refusalIn(why) : undefined;
    if (ending === 'passed') {
      passed += 1;
      if (changed) putRight += 1;
    } else if (ending === 'skipped') count(skipped, firstLine(why));
    else if (refusal !== undefined) count(refused, refusal);
    else if (excuse) excused.push({ test: name, category: excuse.category, because: excuse.because });
    else failed.push(name);
  }
  const changed = putRight > 0 ? { putRight } : {};
  return { service, passed, ...changed, failed: failed.toSorted(), refused, excused, skipped };
}

/** Our refusals name what they refuse: `The operation sqs:X is not modelled by Sandtable.` */
function refusalIn(why: string): string | undefined {
  const named = /([^\n:'"]*(?:[a-z0-9-]+:[A-Za-z0-9]+)?[^\n:'"]*?) (?:is|are) not modelled by Sandtable/.exec(
    why,
  )?.[1];
  if (named !== undefined) return named.trim().replace(/^.*(?=The (?:operation|parameter))/, '');
  const unknown = /No AWS service was recognised in|Sandtable (?:does not|has no) [^\n.'"]*/.exec(why)?.[0];
  return unknown ?? (/\bNotImplemented\b/.test(why) ? 'something that the test does not show' : undefined);
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? 'no reason given').trim().slice(0, 160);
}

function count(into: Record<string, number>, key: string): void {
  into[key] = (into[key] ?? 0) + 1;
}
