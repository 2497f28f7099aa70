import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '#rehearsal/result.ts';
import { sandtable } from './sandtable.ts';
import type { Ended } from './sandtable.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandtable-change-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const V1 = 'examples/templates/web-v1.yaml';
const V2 = 'examples/templates/web-v2.yaml';

async function changed(name: string, edit: (text: string) => string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, edit(await readFile(V2, 'utf8')));
  return path;
}

function rehearse(change: string, ...more: string[]): Promise<Ended> {
  return sandtable('rehearse', '--template', V1, '--change', change, '--stack-name', 'web', ...more);
}

function resultOf({ out }: Ended): RunResult {
  return (JSON.parse(out) as { results: [RunResult] }).results[0];
}

describe('a rolling update of the web stack', () => {
  let ended: Ended;
  let result: RunResult;
  beforeAll(async () => {
    const expected = ['--expect', 'availability>=1', 'capacity>=3', 'took<10m'];
    const files = ['--json', '--report', join(folder, 'report.html')];
    ended = await rehearse(V2, '--traffic', 'Url=100', 'Balancer=1', ...expected, ...files);
    result = resultOf(ended);
  }, 60_000);

  it('meets its expectations, and tells which versions answered', () => {
    expect([ended.code, ended.err]).toEqual([0, '']);
    expect(result.ended).toBe('UPDATE_COMPLETE');
    expect(result.facts).toMatchObject({ versions: ['v1', 'v2'], versionsAfter: ['v2'], reasons: [] });
    expect(result.measurement?.requests).toBeGreaterThan(50_000);
    expect(result.expectations.map(({ passed }) => passed)).toEqual([true, true, true, true]);
  });

  it('counts from the first event of the update to its last', () => {
    const stack = (result.stackEvents ?? []).filter(({ logicalId }) => logicalId === 'web');
    expect(stack.map(({ status }) => status)).toEqual([
      'UPDATE_IN_PROGRESS',
      'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'UPDATE_COMPLETE',
    ]);
    expect([result.startedAt, result.endedAt]).toEqual([stack[0]?.at, stack.at(-1)?.at]);
  });

  it('has the events of the stack in its report', async () => {
    const html = await readFile(join(folder, 'report.html'), 'utf8');
    expect(html).toContain(
      'Servers of stack web: Rolling update initiated. Terminating 3 obsolete instance(s)',
    );
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('is the same again with the same seed', async () => {
    const again = await rehearse(V2, '--traffic', 'Url=100', 'Balancer=1', '--json');
    expect(resultOf(again).hash).toBe(result.hash);
  });

  it('is a regression against a run without failures', async () => {
    const before = join(folder, 'before.json');
    await writeFile(
      before,
      JSON.stringify({ results: [{ ...result, startedAt: result.startedAt + 60_000 }] }),
    );
    const { code, err } = await rehearse(V2, '--traffic', 'Url=100', 'Balancer=1', '--baseline', before);
    expect(code).toBe(1);
    expect(err).toMatch(/^regression: web-v1\.yaml becomes web-v2\.yaml: took was \d+ min \d+ s, is /);
  });
});

describe('a change that does not go well', () => {
  it('rolls back, fails for that, and says why', async () => {
    const bad = await changed('bad.yaml', (text) =>
      text.replace('Port: 8080\n      HealthCheckPath: /health', 'Port: 8080\n      HealthCheckPath: health'),
    );
    const ended = await rehearse(bad, '--change-set', '--json');
    expect(ended.code).toBe(1);
    const result = resultOf(ended);
    expect(result.ended).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(result.facts['reasons']).toEqual([expect.stringMatching(/^Targets .*[Hh]ealth check path/)]);
    const wanted = await rehearse(bad, '--expect', 'ended=UPDATE_ROLLBACK_COMPLETE');
    expect([wanted.code, wanted.err]).toEqual([0, '']);
  });

  it('has no verdict where the change is not modelled', async () => {
    const lake = await changed('lake.yaml', (text) =>
      text.replace('Resources:\n', 'Resources:\n  Lake: { Type: "AWS::LakeFormation::Resource" }\n'),
    );
    const { code, out, err } = await rehearse(lake);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('Sandtable does not model the resource type AWS::LakeFormation::Resource.');
  });

  it('is nothing where both templates are the same', async () => {
    const ended = await sandtable('rehearse', '--template', V1, '--change', V1, '--json');
    expect([ended.code, resultOf(ended).ended]).toEqual([1, 'no change']);
  });
});

it.each([
  [['--template', V1], 'A change has two templates: --change is missing.'],
  [['--template', V1, '--change', V2, 'x.ts'], '--template and files do not go together: x.ts.'],
  [['--template', V1, '--change', '/none.yaml'], '/none.yaml cannot be read'],
  [['--template', V1, '--change', V2, '--traffic', 'Url'], '--traffic takes TARGET=RATE'],
  [
    ['--template', V1, '--change', V2, '--traffic', 'Nothing=5'],
    'has neither an output nor a load balancer of that name',
  ],
  [
    ['--template', V1, '--change', V2, '--expect', 'speed>=3'],
    '--expect takes FIGURE>=NUMBER; it was "speed>=3".',
  ],
  [['--template', V1, '--change', V2, '--expect', 'availability>=much'], '"much" is no number'],
  [['--template', V1, '--change', V2, '--for', 'long'], '--for takes a time such as 90s'],
  [['x.ts', '--traffic', 'Url=5'], '--traffic goes with --template and --change, not with x.ts.'],
])('rehearse %j is told and exits with 2', async (args, message) => {
  const { code, out, err } = await sandtable('rehearse', ...args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(message);
  expect(err).not.toMatch(/\n\s+at /);
});
