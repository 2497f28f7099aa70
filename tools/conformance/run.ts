// Runs other people's tests against a fresh endpoint, service by service, and records what came of it:
//   npm run conformance -- --suite moto --path CHECKOUT [--services sqs,sns] [--port 5000] [--dry] [--why]
// Nothing of a checkout is kept but the names of tests and the reasons they gave. `--dry` only prints; `--why` prints failures
// whole; `--only` is pytest's -k.

import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { serve } from '#server/serve.ts';
import { administrator, roles } from './account.ts';
import { floci } from './floci.ts';
import { localstack } from './localstack.ts';
import { moto } from './moto.ts';
import { junitCases } from './reports.ts';
import { record } from './record.ts';
import type { Case, Credentials, Run, Suite } from './suite.ts';
import { verdictOf } from './verdicts.ts';
import type { Verdict } from './verdicts.ts';

const suites: readonly Suite[] = [...floci, moto, localstack];

/** Keys that name no account are the root user's of the suite's. */
const ROOT: Credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

/** One service's tests take this long at most (ms). */
const LONGEST_RUN = 1_800_000;

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    path: { type: 'string' },
    services: { type: 'string' },
    port: { type: 'string', default: '0' },
    only: { type: 'string' },
    dry: { type: 'boolean', default: false },
    why: { type: 'boolean', default: false },
  },
});

const suite = suites.find(({ name }) => name === values.suite);
if (!suite || values.path === undefined || !existsSync(values.path)) {
  const known = suites.map(({ name }) => name).join(', ');
  console.error(
    `Usage: npm run conformance -- --suite NAME --path CHECKOUT [--services …]\nSuites: ${known}`,
  );
  process.exit(2);
}
const wanted = values.services?.split(',') ?? Object.keys(suite.parts);
for (const service of wanted) {
  if (suite.parts[service]) continue;
  console.error(`${suite.name} has no tests for ${service}. It has: ${Object.keys(suite.parts).join(', ')}.`);
  process.exit(2);
}

const verdicts: Verdict[] = [];
for (const service of wanted) {
  const cases = await casesOf(suite, resolve(values.path), service);
  const verdict = verdictOf(suite.name, service, cases);
  verdicts.push(verdict);
  print(verdict, cases);
}
if (!values.dry) record(suite, resolve(values.path), verdicts);

/** Runs one service's tests against an endpoint of their own. */
async function casesOf(from: Suite, checkout: string, service: string): Promise<Case[]> {
  const reports = mkdtempSync(join(tmpdir(), 'conformance-'));
  const served = await serve({
    port: Number(values.port),
    seed: 'conformance',
    clock: 1,
    timings: 'instant',
    account: from.account,
    functions: from.functions,
    version: 'conformance',
    crashed: (error) => console.error(error),
  });
  try {
    const url = `http://localhost:${served.port}`;
    const credentials = from.caller === 'root' ? ROOT : await administrator(url, from.account);
    await roles(url, from.account, from.roles ?? []);
    const run = from.run({ checkout, url, credentials, reports }, service, from.parts[service] ?? []);
    const printed = await finished(run, join(reports, 'printed.txt'));
    const cases = existsSync(run.report) ? junitCases(readFileSync(run.report, 'utf8')) : [];
    if (cases.length > 0) return cases;
    throw new Error(
      `${from.name} reported no test for ${service}:\n${readFileSync(printed, 'utf8').slice(-2000)}`,
    );
  } finally {
    await served.close();
    rmSync(reports, { recursive: true, force: true });
  }
}

/** Runs a program to its end, whatever it ends with, and returns where its output is. */
async function finished({ command, cwd, env }: Run, printed: string): Promise<string> {
  const [program, ...args] = command;
  const only = values.only !== undefined && program === 'python3' ? ['-k', values.only] : [];
  const child = spawn(program, [...args, ...only], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_RUN,
  });
  const file = createWriteStream(printed);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  await new Promise<void>((done, failed) => {
    child.once('close', () => done());
    child.once('error', failed);
  });
  await new Promise<void>((done) => file.end(done));
  return printed;
}

function print(
  { service, passed, failed, refused, excused, skipped }: Verdict,
  cases: readonly Case[],
): void {
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((all, one) => all + one, 0);
  console.log(
    `${service}: ${passed} passed, ${failed.length} failed, ${sum(refused)} refused, ${excused.length} excused, ${sum(skipped)} skipped by the suite`,
  );
  for (const [what, times] of Object.entries(refused)) console.log(`  refused ${times} x ${what}`);
  for (const name of failed) {
    const why = cases.find((one) => one.name === name)?.why.trim() ?? '';
    console.log(`  failed ${name}`);
    console.log(values.why ? why.replaceAll(/^/gm, '      ') : `      ${why.split('\n')[0]?.slice(0, 200)}`);
  }
}
