// One seed of the simulation: a cloud, disturbed step by step, watched after every transition, then left alone until it is
// calm. The same seed again, a copy saved and opened in the middle, and a fork of the middle must all end alike.

import { timingChoices } from '#cloud/timing.ts';
import type { Cloud } from '#cloud/cloud.ts';
import { primitives } from '#runtime/primitives.ts';
import type { Cause } from '#world/index.ts';
import { behaviourOf } from './behaviour.ts';
import { barrageOf, fire } from './barrage.ts';
import type { Arsenal, Barrage } from './barrage.ts';
import { calm } from './calm.ts';
import { DISTURBANCES, heal } from './disturbances.ts';
import { Draw } from './draw.ts';
import { build } from './fleet.ts';
import { Stage } from './stage.ts';
import type { Watch } from './stage.ts';
import { swarmOf } from './swarm.ts';
import type { Swarm } from './swarm.ts';
import { furnish } from './target.ts';
import { Safety } from './watch.ts';

/** 2026-01-05T00:00:00Z, a Monday. */
const START = 1_767_571_200_000;
export const STEPS = 60;
/** Past so many transitions a seed that goes round in circles, such as launches that fail at once, is left alone. */
const MOST_TRANSITIONS = 40_000;

/** A seed that failed, and where. */
export class SimulationFailure extends Error {
  readonly seed: string;
  readonly step: string;
  constructor(seed: string, steps: number, step: string, cause: unknown) {
    const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const again = `npm run simulate -- --seed ${seed}${steps === STEPS ? '' : ` --steps ${steps}`}`;
    super(`seed ${seed}, ${step}: ${what}\n  reproduce: ${again}`, { cause });
    this.name = 'SimulationFailure';
    this.seed = seed;
    this.step = step;
  }
}

export interface Simulated {
  readonly seed: string;
  readonly swarm: Swarm;
  readonly hash: string;
  readonly transitions: number;
  readonly calls: number;
  /** Faults by operation, shape and message. */
  readonly faults: ReadonlyMap<string, number>;
  readonly virtualMs: number;
}

/** How time moves between two steps: by a few transitions, or by a span. */
function move(stage: Stage, draw: Draw): void {
  const how = draw.number();
  if (how < 0.25)
    for (let left = draw.whole(1, 30); left > 0 && stage.step(stage.now + 3_600_000); left -= 1);
  else if (how < 0.5) stage.advance(draw.whole(0, 5000));
  else if (how < 0.8) stage.advance(draw.whole(5, 180) * 1000);
  else if (how < 0.96) stage.advance(draw.whole(3, 20) * 60_000);
  else stage.advance(draw.whole(20, 120) * 60_000);
}

/** A step depends on seed, ordinal and world alone. */
function step(stage: Stage, ordinal: number, { seed, swarm, most, barrage }: Course): void {
  if (barrage) fire(stage, seed, ordinal, barrage);
  if (stage.world.position > most) return;
  const draw = new Draw(seed, `step ${ordinal}`);
  const entries = Object.keys(DISTURBANCES).map((name) => [name, swarm.weights[name] ?? 0] as const);
  if (entries.some(([, weight]) => weight > 0)) {
    for (let count = draw.whole(1, 3); count > 0; count -= 1)
      DISTURBANCES[draw.weighted(entries)]?.(stage, draw);
  }
  if (draw.chance(0.25)) heal(stage, draw);
  move(stage, draw);
}

interface Course {
  readonly seed: string;
  readonly steps: number;
  readonly swarm: Swarm;
  /** Transitions after which nothing is disturbed any more. */
  readonly most: number;
  readonly barrage: Barrage | undefined;
}

function raise(cloud: Cloud, { seed, swarm }: Course): Stage {
  const world = cloud.world({ seed, startAt: START, primitives });
  const timings: Cause = { kind: 'script', name: 'timings' };
  world.transact('', timings, (ctx) =>
    ctx.put(timingChoices, { id: 'timings', profile: swarm.profile, factors: {}, values: {} }),
  );
  return new Stage(cloud, world);
}

function prepare(stage: Stage, { swarm, barrage }: Course): void {
  build(stage, swarm);
  if (barrage) furnish(stage);
}

/** Runs steps `from` to `to`; a failure says at which. */
function run(stage: Stage, course: Course, from: number, to: number): void {
  for (let ordinal = from; ordinal < to; ordinal += 1)
    at(course, `step ${ordinal}`, () => step(stage, ordinal, course));
}

function at(course: Course, where: string, what: () => void): void {
  try {
    what();
  } catch (error) {
    throw new SimulationFailure(course.seed, course.steps, where, error);
  }
}

function same(course: Course, what: string, found: string, expected: string): void {
  if (found === expected) return;
  at(course, what, () => {
    throw new Error(`the journal's hash is ${found.slice(0, 12)}…, not ${expected.slice(0, 12)}…`);
  });
}

export interface Options {
  readonly steps?: number;
  /** Transitions after which nothing is disturbed any more. */
  readonly most?: number;
  /** Runs only once and compares nothing: for the hash alone. */
  readonly once?: boolean;
  /** Fires some of these at the gateway at every step. */
  readonly arsenal?: Arsenal;
}

/** Simulates a seed. Throws `SimulationFailure`. */
export function simulate(
  cloud: Cloud,
  seed: string,
  { steps = STEPS, most = MOST_TRANSITIONS, once = false, arsenal }: Options = {},
): Simulated {
  const swarm = swarmOf(seed, Object.keys(DISTURBANCES));
  const barrage = arsenal && barrageOf(seed, arsenal);
  const course: Course = { seed, steps, swarm, most, barrage };
  const middle = Math.floor(steps / 2);
  const stage = raise(cloud, course);
  const watch: Watch & { audit(): void } = new Safety(stage, behaviourOf(cloud));
  at(course, 'building', () => prepare(stage, course));
  run(stage, course, 0, middle);
  const copies: [what: string, Stage][] = [];
  if (!once)
    at(course, 'copying', () => copies.push(['fork', stage.fork()], ['saved and opened', stage.reopened()]));
  run(stage, course, middle, steps);
  const hash = stage.world.hash();
  for (const [what, copy] of copies) {
    run(copy, course, middle, steps);
    same(course, what, copy.world.hash(), hash);
  }
  if (!once) {
    const again = raise(cloud, course);
    at(course, 'building again', () => prepare(again, course));
    run(again, course, 0, steps);
    same(course, 'run again', again.world.hash(), hash);
  }
  at(course, 'audit', () => watch.audit());
  at(course, 'calm', () => calm(stage));
  at(course, 'last audit', () => watch.audit());
  const { calls, faults, world } = stage;
  return { seed, swarm, hash, transitions: world.position, calls, faults, virtualMs: world.now - START };
}
