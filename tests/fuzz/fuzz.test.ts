import { expect, it } from 'vitest';
import { newTable } from '../table.ts';
import { mutated, validRequests } from './requests.ts';

/** `FUZZ=100000 npx vitest run tests/fuzz` for the long run. */
const COUNT = Number(process.env['FUZZ'] ?? 10_000);
/** Distinct crashes to show before giving up. */
const MOST_CRASHES = 8;

it(`answers ${COUNT} mutated requests without a 5xx of its own, and crashes on none`, async () => {
  const table = newTable({ seed: 'fuzz' });
  const seeds = await validRequests(table, 7);
  expect(seeds.length).toBeGreaterThan(400);
  const found = new Map<string, string>();
  for (let ordinal = 0; ordinal < COUNT && found.size < MOST_CRASHES; ordinal += 1) {
    const [service, wire] = seeds[ordinal % seeds.length] as (typeof seeds)[number];
    const answer = table.gateway.handle(mutated(wire, 'fuzz', ordinal));
    // 501 is the honest answer to what is not modelled.
    if ('response' in answer || answer.status < 500 || answer.status === 501) continue;
    const crash = table.crashes.at(-1) as Error | undefined;
    const cause = crash?.cause as Error | undefined;
    found.set(
      cause?.stack ?? crash?.message ?? `${answer.status}`,
      `${service}, ordinal ${ordinal}: ${answer.status}`,
    );
  }
  expect(Object.fromEntries(found)).toEqual({});
});
