import { expect, it } from 'vitest';
import { composeCloud } from '#sandtable';
import { arsenal } from './barrage.ts';
import { simulate } from './simulation.ts';

/** `SEEDS=200 npm test -- tests/simulation` for more; `npm run simulate` for the long run. */
const SEEDS = Number(process.env['SEEDS'] ?? 3);
/** CI gives its commit here, so that each commit tries seeds that none tried before. */
const PREFIX = process.env['SEED'] ?? 'smoke';

/** Seeds that set much in motion are for the long run. */
const MOST_TRANSITIONS = 5000;

it.each(Array.from({ length: SEEDS }, (_, n) => `${PREFIX}-${n}`))(
  'keeps its invariants and comes to rest, alike on every run: seed %s',
  (seed) => {
    const { transitions, calls } = simulate(composeCloud(), seed, { steps: 30, most: MOST_TRANSITIONS });
    expect(transitions).toBeGreaterThan(100);
    expect(calls).toBeGreaterThan(50);
  },
);

// Each answer is looked at as it comes: see barrage.ts.
it('keeps its invariants, alike on every run, while hostile requests of all protocols arrive', async () => {
  const all = await arsenal();
  expect(all.length).toBeGreaterThan(2000);
  const { calls } = simulate(composeCloud(), `${PREFIX}-requests`, { steps: 4, most: 1000, arsenal: all });
  expect(calls).toBeGreaterThan(50);
});

it('tells another seed apart', () => {
  const hash = (seed: string): string => simulate(composeCloud(), seed, { steps: 5, once: true }).hash;
  expect(hash('one')).toBe(hash('one'));
  expect(hash('one')).not.toBe(hash('other'));
});
