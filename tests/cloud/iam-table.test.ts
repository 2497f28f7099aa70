// The table of permissions: policies and requests, and what AWS's documentation says of them. Rows name the page.

import { describe, expect, it } from 'vitest';
import { PAGES } from './iam-table/pages.ts';
import { answerOf, decide } from './iam-table/row.ts';

const rows = PAGES.flatMap(({ situations }) => situations.flatMap((situation) => situation.rows));

describe.each(PAGES)('$page', ({ situations }) => {
  it.each(situations)('$that', (situation) => {
    const said = situation.rows.map(([, request]) => [answerOf(decide(situation, request)), request ?? {}]);
    expect(said).toEqual(situation.rows.map(([expected, request = {}]) => [expected, request]));
  });
});

it('has a row for more than three hundred cases, and as many denials as permissions', () => {
  const allowed = rows.filter(([expected]) => expected === 'allow').length;
  expect(rows.length).toBeGreaterThan(300);
  expect(rows.length - allowed).toBeGreaterThan(allowed);
});
