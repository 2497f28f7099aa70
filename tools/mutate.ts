// Breaks the behaviour behind each claim, one line at a time, and checks that the claim's rehearsal sees it. Each file under
// mutations/ is named by the claim and lists changes to the source; each is made in a copy of the tree of its own. A change that
// no longer applies, a claim without one, and a rehearsal that fails on the unchanged tree count as failures.
//
//   npm run mutate              all claims
//   npm run mutate -- asg/      only those whose id contains this

import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Rehearsal } from '../src/rehearsal/rehearsal.ts';
import type { RunResult } from '../src/rehearsal/result.ts';

/** One change: a text that occurs once in a file, and what takes its place. */
interface Change {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What is no longer as in AWS. */
  readonly breaks: string;
}

interface Mutation extends Change {
  readonly claim: string;
}

/** How a claim's rehearsal came out. */
interface Outcome {
  readonly kind: 'holds' | 'fails' | 'crashes';
  /** The first expectation that failed, or the error. */
  readonly why: string;
}

const root = join(import.meta.dirname, '..');
const COPIED = ['src', 'rehearsals', 'tools', 'package.json'];
const LINKED = ['node_modules', 'contracts', '.generated', 'examples', 'docs'];
/** Longest that one rehearsal may take (ms of wall time): a change may make it go round for ever. */
const PATIENCE_MS = 120_000;
const REHEARSE = '--rehearse';

/** In the child process: rehearses one claim and prints how that came out. */
async function rehearse(claim: string): Promise<void> {
  const { runAll } = await import('../src/rehearsal/run.ts');
  const { composeRehearsal } = await import('../src/sandtable.ts');
  const file = pathToFileURL(join(root, 'rehearsals', `${claim}.ts`)).href;
  const { default: found } = (await import(file)) as { default: Rehearsal };
  const outcome = await runAll(found, composeRehearsal()).then(judge, (error: Error): Outcome => {
    // What a script waits for not coming about is a finding; other errors say that the change broke something else.
    const kind = error.name === 'OutOfTime' ? 'fails' : 'crashes';
    return { kind, why: `${error.name}: ${error.message.split('\n')[0] ?? ''}` };
  });
  console.log(JSON.stringify(outcome));
}

function judge(results: readonly RunResult[]): Outcome {
  for (const { variant, expectations } of results) {
    const failed = expectations.find((one) => !one.passed);
    if (failed)
      return {
        kind: 'fails',
        why: `${variant && `${variant}: `}${failed.expectation}; found ${failed.found}`,
      };
  }
  return { kind: 'holds', why: 'every expectation holds' };
}

/** Rehearses a claim in a tree, in a process of its own. */
function rehearseIn(tree: string, claim: string): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const child = spawn(
    process.execPath,
    ['--conditions=sandtable-source', join(tree, 'tools', 'mutate.ts'), REHEARSE, claim],
    { cwd: tree, timeout: PATIENCE_MS },
  );
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (errors += chunk.toString()));
  child.on('close', (code, signal) => {
    const last = output.trim().split('\n').at(-1) ?? '';
    if (code === 0 && last.startsWith('{')) return resolve(JSON.parse(last) as Outcome);
    const why =
      signal === null
        ? errors.trim().split('\n').slice(0, 8).join(' ')
        : `still running after ${PATIENCE_MS} ms`;
    resolve({ kind: 'crashes', why });
  });
  return promise;
}

/** Copies the tree, makes the change there, and returns what the rehearsal makes of it. */
async function seen({ claim, file, find, replace }: Mutation): Promise<Outcome> {
  const before = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '';
  const times = before.split(find).length - 1;
  if (times !== 1)
    return { kind: 'crashes', why: `the change does not apply: its text occurs ${times} times in ${file}` };
  const tree = mkdtempSync(join(tmpdir(), 'sandtable-mutation-'));
  try {
    for (const name of COPIED) cpSync(join(root, name), join(tree, name), { recursive: true });
    for (const name of LINKED) symlinkSync(join(root, name), join(tree, name));
    writeFileSync(
      join(tree, file),
      before.replace(find, () => replace),
    );
    return await rehearseIn(tree, claim);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function mutationsFor(filter: string): Mutation[] {
  const folder = join(root, 'mutations');
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name.endsWith('.json'),
  );
  return found
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .flatMap((path) => {
      const claim = relative(folder, path).slice(0, -'.json'.length).replaceAll('\\', '/');
      return (JSON.parse(readFileSync(path, 'utf8')) as Change[]).map((change) => ({ claim, ...change }));
    })
    .filter(({ claim }) => claim.includes(filter));
}

/** Claims that have a rehearsal. */
function rehearsed(filter: string): string[] {
  const folder = join(root, 'rehearsals');
  const named = readFileSync(join(folder, 'claims.ts'), 'utf8').matchAll(/id: '([^']+)'/g);
  return [...named]
    .map(([, id = '']) => id)
    .filter((id) => id.includes(filter) && existsSync(join(folder, `${id}.ts`)));
}

/** Does `work` for every item, a few at a time; results in the items' order. */
async function each<T, Q>(items: readonly T[], work: (item: T) => Promise<Q>): Promise<Q[]> {
  const results: Q[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next; at < items.length; at = next) {
      next += 1;
      results[at] = await work(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 8) }, worker));
  return results;
}

async function main(filter: string): Promise<number> {
  const claims = rehearsed(filter);
  const mutations = mutationsFor(filter);
  let failures = 0;
  const complain = (line: string): void => {
    failures += 1;
    console.log(line);
  };
  for (const claim of claims) {
    if (!mutations.some((one) => one.claim === claim))
      complain(`missing   ${claim}: nothing under mutations/ breaks it`);
  }
  const sound = await each(claims, (claim) => rehearseIn(root, claim));
  for (const [at, { kind, why }] of sound.entries()) {
    if (kind !== 'holds') complain(`unsound   ${claims[at]}: fails without any change: ${why}`);
  }
  // A rehearsal that fails anyway sees nothing.
  const trusted = mutations.filter((one) => sound[claims.indexOf(one.claim)]?.kind === 'holds');
  const outcomes = await each(trusted, seen);
  for (const [at, { kind, why }] of outcomes.entries()) {
    const { claim, breaks } = trusted[at] as Mutation;
    const line = `${claim}: ${breaks}\n          ${why}`;
    if (kind === 'fails') console.log(`seen      ${line}`);
    else complain(`${kind === 'holds' ? 'not seen' : 'broken  '}  ${line}`);
  }
  const count = outcomes.filter(({ kind }) => kind === 'fails').length;
  console.log(`${count} of ${mutations.length} mutations were seen`);
  return failures === 0 && mutations.length > 0 && count === mutations.length ? 0 : 1;
}

const [mode, claim] = process.argv.slice(2);
if (mode === REHEARSE && claim !== undefined) await rehearse(claim);
else process.exitCode = await main(mode ?? '');
