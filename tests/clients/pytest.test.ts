import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '#runtime/package.ts';
import { answers, run } from './endpoint.ts';

const absent = !answers('python3', '-c', 'import boto3, pytest');

describe.skipIf(absent)(
  `the pytest fixture of the examples${absent ? ' (skipped: python3 with boto3 and pytest is not installed)' : ''}`,
  () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'sandtable-pytest-'));
      cpSync(join(packageRoot(), 'examples', 'in-tests', 'pytest'), folder, { recursive: true });
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('gives each test a fresh world, whose clock it moves', async () => {
      const node = join(packageRoot(), 'node_modules', '.bin', 'node');
      const main = join(packageRoot(), 'src', 'cli', 'main.ts');
      const { code, out } = await run('python3', ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', folder], {
        SANDTABLE: `${node} --conditions=sandtable-source ${main}`,
      });
      expect(out).toContain('2 passed');
      expect(code).toBe(0);
    });
  },
);
