import { expect, it } from 'vitest';
import { newTable } from '../table.ts';
import { mutated, validRequests } from './requests.ts';

/** `FUZZ=100000 npm test -- tests/fuzz` for the long run. */
const COUNT = Number(process.env['FUZZ'] ?? 10_000);

it(`answers ${COUNT} mutated requests without a 5xx of its own, and crashes on none`, async () => {
  const table = newTable({ seed: 'fuzz' });
  const seeds = await validRequests(table, 7);
  expect(seeds.length).toBeGreaterThan(10);
  for (let ordinal = 0; ordinal < COUNT; ordinal += 1) {
    const [service, wire] = seeds[ordinal % seeds.length] as (typeof seeds)[number];
    const answer = table.gateway.handle(mutated(wire, 'fuzz', ordinal));
    if ('response' in answer) continue;
    // 501 is the honest answer to what is not modelled.
    if (answer.status >= 500 && answer.status !== 501) {
      throw new Error(`${service}, ordinal ${ordinal}: ${answer.status}\n${String(table.crashes.at(-1))}`);
    }
  }
  table.check();
});
