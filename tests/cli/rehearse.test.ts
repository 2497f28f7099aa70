import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '#rehearsal/result.ts';
import { fixture, sandtable, start } from './sandtable.ts';
import type { Ended } from './sandtable.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandtable-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Whether every element is closed in its order, and every ampersand is an entity's: enough for what is written here. */
function wellFormed(xml: string): boolean {
  const open: string[] = [];
  for (const [, end, name = '', empty] of xml.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (end) {
      if (open.pop() !== name) return false;
    } else if (!empty) open.push(name);
  }
  return open.length === 0 && !/&(?!(?:amp|lt|gt|quot|apos);)/.test(xml);
}

describe('a rehearsal with an expectation that does not hold', () => {
  let ended: Ended;
  let results: RunResult[];
  const file = (name: string): string => join(folder, name);
  beforeAll(async () => {
    const outputs = ['--junit', file('junit.xml'), '--report', file('report.html')];
    ended = await sandtable('rehearse', fixture('release.ts'), fixture('topic.ts'), '--json', ...outputs);
    ({ results } = JSON.parse(ended.out) as { results: RunResult[] });
  }, 60_000);

  it('exits with 1', () => {
    expect(ended.err).toBe('');
    expect(ended.code).toBe(1);
  });

  it('prints all results as JSON', async () => {
    expect(results.map(({ title, variant, ended: how }) => [title, variant, how])).toEqual([
      ['A small release & its <report>', 'one at a time', 'Succeeded'],
      ['A small release & its <report>', 'all at once', 'Succeeded'],
      ['A topic is made', '', 'made'],
    ]);
    const [, release, topic] = results as [RunResult, RunResult, RunResult];
    expect(release.expectations.map(({ passed }) => passed)).toEqual([true, false]);
    expect(release.deployments[0]?.targets).toHaveLength(2);
    expect(release.measurement?.failed).toBeGreaterThan(0);
    expect(release.hash).toMatch(/^[0-9a-f]{16,}$/);
    expect(release.timings.length).toBeGreaterThan(3);
    expect(topic).toMatchObject({
      seed: 'sandtable',
      virtualMs: 60_000,
      deployments: [],
      alarms: [],
      facts: {},
      claim: { id: 'deploy/boot-time', verdict: 'holds' },
    });
    expect(topic).not.toHaveProperty('measurement');
  });

  it('writes JUnit XML with the failure in it', async () => {
    const xml = await readFile(file('junit.xml'), 'utf8');
    expect(xml).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites>/);
    expect(wellFormed(xml)).toBe(true);
    expect(xml).toContain(
      '<testsuite name="A small release &amp; its &lt;report&gt;: all at once" tests="2" failures="1"',
    );
    expect(xml).toMatch(/<failure message="found: 0\.\d+"\/>/);
  });

  it('writes a report that loads nothing', async () => {
    const html = await readFile(file('report.html'), 'utf8');
    expect(html).toContain('<h1>A small release &amp; its &lt;report&gt;</h1>');
    expect(html).not.toMatch(/<(?:script|link|img|iframe)\b|@import|url\(|\bsrc=/);
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
    expect(html).toContain('1 of 3 did not meet their expectations.');
  });

  it('is a regression against a run that was better', async () => {
    const topic = results.at(-1) as RunResult;
    const better = { ...topic, ended: 'made at once', endedAt: topic.endedAt - 30_000 };
    await writeFile(file('baseline.json'), JSON.stringify({ results: [better] }));
    const { code, err } = await sandtable(
      'rehearse',
      fixture('topic.ts'),
      '--baseline',
      file('baseline.json'),
    );
    expect(code).toBe(1);
    expect(err.trim().split('\n')).toEqual([
      'regression: A topic is made: ended as made at once, now as made',
      'regression: A topic is made: took was 30 s, is 1 min',
    ]);
  });
});

describe('the exit code', () => {
  it('is 0 where all expectations hold', async () => {
    const { code, out, err } = await sandtable('rehearse', fixture('topic.ts'));
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^passed {2}A topic is made {2}\(made; 1 min of AWS in \d+ ms\)\n {2}✓ it ends as made\n/,
    );
    expect(out).toContain('claim deploy/boot-time: holds');
  });

  it('is 3 where the rehearsal calls what is not modelled, and says what and where', async () => {
    const { code, err } = await sandtable('rehearse', fixture('not-modelled.ts'));
    expect(code).toBe(3);
    expect(err).toContain('kinesis:ListStreams is not modelled by Sandtable.');
    expect(err).toMatch(/ {2}at \S*not-modelled\.ts:\d+:\d+/);
  });

  it('is 2 for files that are no rehearsal, each named with its place and a remedy', async () => {
    const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
    await write('none.ts', 'export const nothing = 1;\n');
    await write('syntax.ts', "export default {\n  title: 'x'\n  run: 1,\n};\n");
    await write('syntax.mjs', "export default {\n  title: 'x'\n  run: 1,\n};\n");
    await write('enum.ts', 'enum Colour { Red }\nexport default Colour;\n');
    await write('import.ts', "import 'nowhere-to-be-found';\nexport default {};\n");
    await write('loading.ts', 'const missing: any = undefined;\nmissing.call();\nexport default {};\n');
    await write('silent.ts', "export default { title: 'silent', async run() {} };\n");
    await write('exits.ts', "export default { title: 'exits', async run() { process.exit(0); } };\n");
    const names = ['none', 'syntax', 'enum', 'import', 'loading', 'silent', 'exits', 'absent'].map(
      (name) => `${name}.ts`,
    );
    const { code, err, out } = await start(['rehearse', ...names, 'syntax.mjs'], folder).ended;
    expect(code).toBe(2);
    expect(out).toBe('');
    const at = (name: string): string => join(folder, name);
    expect(err.split('\n')).toEqual([
      `${at('none.ts')} does not export a rehearsal as its default.`,
      "Write: export default rehearsal({ title: '…', run: async (scene) => … })",
      expect.stringContaining(`${at('syntax.ts')}:3: SyntaxError: `),
      'Correct the syntax there.',
      expect.stringContaining(`${at('enum.ts')}:1: SyntaxError: `),
      'Types are erased, not compiled: use no enum, namespace or parameter property.',
      expect.stringContaining(`${at('import.ts')}: Error: Cannot find package 'nowhere-to-be-found'`),
      'Install what the file imports, or correct the path; relative imports need the ending .ts or .js.',
      expect.stringContaining(`${at('loading.ts')}:2:9: TypeError: `),
      'Correct what the file does while it is loaded.',
      'The script of silent does not say how it ended.',
      "Let run return at least { ended: 'Succeeded' }, or another word.",
      'The thread of a rehearsal ended before the rehearsal did.',
      'A rehearsal must not call process.exit.',
      `There is no rehearsal file ${at('absent.ts')}.`,
      'Give the path of a .ts or .js file.',
      expect.stringContaining(`${at('syntax.mjs')}:3: SyntaxError: `),
      'Correct the syntax there.',
      '',
    ]);
  });

  it('is 2 for a broken manifest or a missing revision, before anything is deployed', async () => {
    const manifest = 'version: v9\napplication:\n  port: eighty\n';
    const script = (revision: string): string =>
      `export default { title: 'x', async run(scene) { await scene.revision(${revision}); return { ended: 'x' }; } };\n`;
    await writeFile(
      join(folder, 'manifest.mjs'),
      script(`'examples/web/v1', { 'sandtable.yml': ${JSON.stringify(manifest)} }`),
    );
    await writeFile(join(folder, 'revision.mjs'), script(`'examples/web/v77'`));
    const { code, err } = await start(['rehearse', 'manifest.mjs', 'revision.mjs'], folder).ended;
    expect(code).toBe(2);
    expect(err).toMatch(/sandtable\.yml:3: .*"eighty".*\n.+\n/);
    expect(err).toContain('There is no folder examples/web/v77.\nLooked at ');
  });

  it('is 1 for a crash of the world, which tells its seed and how to get there again', async () => {
    const { code, err } = await sandtable('rehearse', fixture('crash.ts'), '--seed', 'tuesday');
    expect(code).toBe(1);
    expect(err).toContain('This is a bug of Sandtable: ');
    expect(err).toMatch(
      /nobody\/handles-this.*\n {2}in timer .* at \d+ ms, after journal entry \d+; reproduce .*--seed tuesday/,
    );
    expect(err).toMatch(/sandtable rehearse \S*crash\.ts --seed tuesday\n$/);
  });
});

it('ends at once on Ctrl-C in the middle of a rehearsal', async () => {
  const running = start(['rehearse', fixture('endless.ts')]);
  await running.printed('endless has begun');
  const from = performance.now();
  running.process.kill('SIGINT');
  const { signal, code } = await running.ended;
  expect([signal, code]).toEqual(['SIGINT', null]);
  expect(performance.now() - from).toBeLessThan(2000);
});
