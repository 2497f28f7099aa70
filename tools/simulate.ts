// Simulates seeds: `npm run simulate -- --seeds 100`, or one of them again: `npm run simulate -- --seed 17`. Prints a line for
// each; a failure comes with the line that reproduces it. With `--requests` valid, mutated and hostile requests of all protocols
// are fired at the gateway among the disturbances.

import { parseArgs } from 'node:util';
import { composeCloud } from '#sandtable';
import { arsenal } from '../tests/simulation/barrage.ts';
import { simulate, SimulationFailure } from '../tests/simulation/simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    steps: { type: 'string' },
    faults: { type: 'boolean', default: false },
    requests: { type: 'boolean', default: false },
  },
});

const first = Number(values.from);
const seeds = values.seed
  ? [values.seed]
  : Array.from({ length: Number(values.seeds) }, (_, n) => String(first + n));
const options = {
  ...(values.steps === undefined ? {} : { steps: Number(values.steps) }),
  ...(values.requests ? { arsenal: await arsenal() } : {}),
};
const cloud = composeCloud();
let failed = 0;
for (const seed of seeds) {
  const from = performance.now();
  try {
    const { transitions, calls, virtualMs, hash, faults } = simulate(cloud, seed, options);
    const hours = (virtualMs / 3_600_000).toFixed(1);
    const ms = Math.round(performance.now() - from);
    console.log(
      `seed ${seed}: ${transitions} transitions, ${calls} calls, ${hours} h in ${ms} ms, ${hash.slice(0, 12)}`,
    );
    if (values.faults) for (const [name, count] of faults) console.log(`  ${count} x ${name}`);
  } catch (error) {
    failed += 1;
    console.log(error instanceof SimulationFailure ? error.message : error);
    if (values.seed && error instanceof Error) console.log(error.cause ?? error);
  }
}
console.log(`${seeds.length - failed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
