// The package as its users get it: packed, unpacked beside an SDK, and used by the examples for tests.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '#runtime/package.ts';

const root = packageRoot();
const bin = join(root, 'node_modules', '.bin');
let folder: string;
let tarball: string;

beforeAll(() => {
  expect(existsSync(join(root, 'dist', 'index.js')), 'dist/ is built by: npm run build').toBe(true);
  folder = mkdtempSync(join(tmpdir(), 'sandtable-package-'));
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  tarball = join(
    folder,
    execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1) ?? '',
  );
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'sandtable'), { recursive: true });
  execFileSync('tar', ['xzf', tarball, '--strip-components=1', '-C', join(modules, 'sandtable')]);
  for (const name of ['@aws-sdk', '@smithy', '@types', 'vitest'])
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  cpSync(join(root, 'examples', 'in-tests'), folder, { recursive: true });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a tool in an example, without what this test's own runner has put into the environment. */
function run(example: string, command: string, ...args: string[]): { code: number | null; out: string } {
  const env = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_|TEST)/.test(name));
  const options = { cwd: join(folder, example), encoding: 'utf8', env: Object.fromEntries(env) } as const;
  const { status, stdout, stderr } = spawnSync(join(bin, command), args, options);
  return { code: status, out: stdout + stderr };
}

it('is no larger than two megabytes', () => {
  expect(statSync(tarball).size).toBeLessThan(2 * 1024 * 1024);
});

it('leads nowhere that it does not contain', () => {
  const { exports, bin, types } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: { '.': Record<string, string> };
    bin: Record<string, string>;
    types: string;
  };
  // The source is for this repository alone: no tool knows that condition by itself.
  const { 'sandtable-source': _, ...offered } = exports['.'];
  expect(Object.keys(offered)).toEqual(['types', 'default']);
  for (const path of [...Object.values(offered), ...Object.values(bin), types])
    expect(existsSync(join(folder, 'node_modules', 'sandtable', path)), path).toBe(true);
});

it('has types that a strict compiler takes, of libraries too', () => {
  for (const options of [[], ['--module', 'esnext', '--moduleResolution', 'bundler']]) {
    const { code, out } = run('vitest', 'tsc', '--skipLibCheck', 'false', ...options);
    // Declarations of others are theirs.
    expect(out.split('\n').filter((line) => line.includes('sandtable') || /^\w/.test(line))).toEqual([]);
    expect(code).toBe(0);
  }
});

it('serves tests under Vitest', () => {
  const { code, out } = run('vitest', 'vitest', 'run', '--root', '.', '--reporter', 'tap-flat');
  expect(out).toContain('1..5');
  expect(code).toBe(0);
}, 60_000);

it('serves tests under node --test', () => {
  const { code, out } = run('node-test', 'node', '--test', '--test-reporter', 'tap');
  expect(out).toContain('# pass 2');
  expect(code).toBe(0);
});
