// The rows of the table of permissions that can be brought about for real: users, roles, sessions and resources with these
// policies, asked by stock clients with keys of their own.

import { beforeAll, describe, expect, it } from 'vitest';
import { ask, askable, prepare } from './iam-table/front-door.ts';
import type { Ground } from './iam-table/front-door.ts';
import { PAGES } from './iam-table/pages.ts';
import type { Situation } from './iam-table/row.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await prepare();
});

const rowsOf = (situation: Situation): Situation['rows'] =>
  situation.rows.filter(([, request]) => askable(situation, request));
const SITUATIONS = PAGES.flatMap(({ situations }) => situations).filter((one) => rowsOf(one).length > 0);

describe('through the front door', () => {
  it.each(SITUATIONS)('$that', async (situation) => {
    for (const [expected, request] of rowsOf(situation)) {
      const answer = await ask(ground, situation, request);
      // Not every service says why.
      const said = answer === 'deny' && expected === 'explicit deny' ? 'explicit deny' : answer;
      expect([said, request]).toEqual([expected, request]);
    }
  });
});

it('asks for more than two hundred rows', () => {
  expect(SITUATIONS.flatMap(rowsOf).length).toBeGreaterThan(200);
});
