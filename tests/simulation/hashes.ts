// Prints journal hashes as JSON, for comparison between runtimes: a seed of the simulation and one variant of a rehearsal.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import strategies from '../../rehearsals/deploy/strategies.ts';
import { composeCloud, composeRehearsal } from '#sandtable';
import { prepare, runVariant } from '#rehearsal/run.ts';
import { variantsOf } from '#rehearsal/rehearsal.ts';
import { World } from '#world/index.ts';
import { simulate } from './simulation.ts';

const [seed = 'runtimes', variant = 'one at a time', trace] = process.argv.slice(2);

/** With a path as third argument, every journal entry of the simulation goes there: `diff` then shows where two runs part. */
const lines: string[] = [];
if (trace !== undefined) {
  const { observe } = World.prototype;
  World.prototype.observe = function traced(observer) {
    observe.call(this, (entry) => {
      const digest = createHash('sha256').update(JSON.stringify(entry)).digest('hex').slice(0, 16);
      lines.push(`${entry.position} ${entry.at} ${entry.cause.kind} ${entry.cause.name} ${digest}`);
    });
    return observe.call(this, observer);
  };
}

const simulation = simulate(composeCloud(), seed, { steps: 30, once: true });
const composition = composeRehearsal();
const prepared = await prepare(strategies, composition);
const chosen = variantsOf(strategies).find(([name]) => name === variant);
if (!chosen) throw new Error(`There is no variant ${variant}.`);
const rehearsed = await runVariant(strategies, chosen, prepared, composition);
if (trace !== undefined) writeFileSync(trace, `${lines.join('\n')}\n`);
console.log(
  JSON.stringify({
    simulation: { transitions: simulation.transitions, hash: simulation.hash },
    prepared: prepared.world.hash(),
    rehearsed: rehearsed.hash,
  }),
);
