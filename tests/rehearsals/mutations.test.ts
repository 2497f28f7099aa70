// Changes to the source that `npm run mutate` makes. They are not made here: this only sees that each still can be.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

interface Change {
  readonly file: string;
  readonly find: string;
  readonly breaks: string;
}

const text = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');

it('finds the text that each mutation changes once in its file', () => {
  const files = readdirSync(join(ROOT, 'mutations'), { recursive: true, encoding: 'utf8' });
  const changes = files
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => JSON.parse(text('mutations', file)) as Change[]);
  expect(changes.length).toBeGreaterThan(0);
  const stale = changes.filter(({ file, find }) => text(file).split(find).length !== 2);
  expect(stale.map(({ breaks }) => breaks)).toEqual([]);
});
