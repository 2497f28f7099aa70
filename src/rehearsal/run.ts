// Runs a rehearsal: prepares a world once, runs each variant on a fork of it, measures, and holds the result against what is
// expected.

import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '#cloud/authenticate.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { UserError } from '#cloud/user-error.ts';
import { timingChoices, timingUses } from '#cloud/timing.ts';
import type { TimingChoice } from '#cloud/timing.ts';
import { randomStream } from '#world/index.ts';
import type { World } from '#world/index.ts';
import { alarmReports } from './alarms.ts';
import { deploymentReports } from './deployments.ts';
import { useVirtualTime } from './globals.ts';
import { variantsOf } from './rehearsal.ts';
import type { Ending, Rehearsal, Variant } from './rehearsal.ts';
import type { RunResult, TimingReport } from './result.ts';
import { Scene } from './scene.ts';
import type { Composition } from './scene.ts';
import { DEFAULT_LIMIT_MS } from './script-clock.ts';

/** 2026-01-05T09:00:00Z, a Monday morning: where rehearsals begin. */
const REHEARSAL_START = 1_767_603_600_000;

export interface RunOptions {
  readonly seed?: string;
  /** Factors and values of timings that stand in for the typical ones. */
  readonly timings?: Partial<Pick<TimingChoice, 'factors' | 'values'>>;
  /** Only these variants. */
  readonly variants?: readonly string[];
  readonly progress?: (event: Progress) => void;
}

/** What a rehearsal tells while it runs. */
export interface Progress {
  readonly title: string;
  readonly variant: string;
  readonly phase: 'preparing' | 'running' | 'ended';
  readonly result?: RunResult;
}

/** A world that is prepared and can be forked for each variant. */
export interface Prepared<P> {
  readonly world: World<Ctx>;
  readonly value: P;
  readonly seed: string;
}

/** Builds the world of a rehearsal up to the point from which its variants differ. */
export async function prepare<P>(
  rehearsal: Rehearsal<P>,
  composition: Composition,
  { seed = rehearsal.seed ?? 'sandtable', timings = {} }: RunOptions = {},
): Promise<Prepared<P>> {
  const world = newWorld(composition, seed, timings);
  const value = await onStage(
    world,
    composition,
    rehearsal,
    async (scene) => rehearsal.prepare?.(scene) as P,
  );
  return { world, value, seed };
}

function newWorld(
  { cloud, primitives }: Composition,
  seed: string,
  timings: NonNullable<RunOptions['timings']>,
): World<Ctx> {
  const world = cloud.world({ seed, startAt: REHEARSAL_START, primitives });
  chooseTimings(world, timings);
  return world;
}

function chooseTimings(world: World<Ctx>, timings: NonNullable<RunOptions['timings']>): void {
  world.transact('', { kind: 'script', name: 'timings' }, (ctx) => {
    ctx.put(timingChoices, { id: 'timings', profile: 'typical', factors: {}, values: {}, ...timings });
  });
}

/** A result rests on what its own run drew on; the preparation is not measured. */
function forgetTimings(world: World<Ctx>): void {
  world.transact('', { kind: 'script', name: 'timings' }, (ctx) => {
    for (const { name } of ctx.list(timingUses)) ctx.delete(timingUses, name);
  });
}

/** Runs one variant on a fork of a prepared world. */
export async function runVariant<P>(
  rehearsal: Rehearsal<P>,
  [name, variant]: [string, Variant<P>],
  prepared: Prepared<P>,
  composition: Composition,
  timings?: RunOptions['timings'],
): Promise<RunResult> {
  const wallFrom = composition.host.wall();
  const world = prepared.world.fork();
  forgetTimings(world);
  if (timings) chooseTimings(world, timings);
  return onStage(world, composition, rehearsal, async (scene) => {
    const begin = { seed: prepared.seed, value: prepared.value, perMs: instanceRate(scene), wallFrom };
    return play(rehearsal, [name, variant], scene, composition, begin);
  });
}

/** Prepares a world and runs one variant in it: for machines whose processes cannot be forked. */
export async function replayVariant<P>(
  rehearsal: Rehearsal<P>,
  variant: [string, Variant<P>],
  composition: Composition,
  { seed = rehearsal.seed ?? 'sandtable', timings = {} }: RunOptions = {},
): Promise<RunResult> {
  const wallFrom = composition.host.wall();
  const world = newWorld(composition, seed, timings);
  return onStage(world, composition, rehearsal, async (scene) => {
    const value = (await rehearsal.prepare?.(scene)) as P;
    scene.prepared();
    const before = scene.instanceMs;
    await scene.clock.sleep(1);
    const perMs = scene.instanceMs - before;
    return play(rehearsal, variant, scene, composition, { seed, value, perMs, wallFrom });
  });
}

/** Where a variant begins. */
interface Beginning<P> {
  readonly seed: string;
  readonly value: P;
  /** Running time of instances in each millisecond of the prepared world. */
  readonly perMs: number;
  readonly wallFrom: number;
}

async function play<P>(
  rehearsal: Rehearsal<P>,
  [name, variant]: [string, Variant<P>],
  scene: Scene,
  composition: Composition,
  { seed, value, perMs, wallFrom }: Beginning<P>,
): Promise<RunResult> {
  const { world, instanceMs } = scene;
  const from = world.now;
  const ending = await variant.run(scene, value);
  if (typeof ending?.ended !== 'string') {
    throw new UserError('no-ending', `The script of ${name || rehearsal.title} does not say how it ended.`, {
      hint: "Let run return at least { ended: 'Succeeded' }, or another word.",
    });
  }
  const grown = scene.instanceMs - instanceMs - perMs * (world.now - from);
  const figures = {
    title: rehearsal.title,
    variant: name,
    ...(variant.group === undefined ? {} : { group: variant.group }),
    seed,
    extraInstanceHours: Math.round(grown / 36_000) / 100,
    virtualMs: world.now - from,
    ...(scene.samples ? { sampled: true as const } : {}),
  };
  return result(rehearsal, variant, scene, ending, figures, composition.host.wall() - wallFrom);
}

/** Runs all of a rehearsal's variants, one after the other. */
export async function runAll<P>(
  rehearsal: Rehearsal<P>,
  composition: Composition,
  options: RunOptions = {},
): Promise<RunResult[]> {
  const { title } = rehearsal;
  const replays = composition.outside !== undefined;
  if (!replays) options.progress?.({ title, variant: '', phase: 'preparing' });
  const prepared = replays ? undefined : await prepare(rehearsal, composition, options);
  const results: RunResult[] = [];
  for (const [name, variant] of variantsOf(rehearsal)) {
    if (options.variants && !options.variants.includes(name)) continue;
    options.progress?.({ title, variant: name, phase: 'running' });
    const found = prepared
      ? await runVariant(rehearsal, [name, variant], prepared, composition)
      : await replayVariant(rehearsal, [name, variant], composition, options);
    options.progress?.({ title, variant: name, phase: 'ended', result: found });
    results.push(found);
  }
  return results;
}

async function onStage<P, Q>(
  world: World<Ctx>,
  composition: Composition,
  { limitMs = DEFAULT_LIMIT_MS }: Rehearsal<P>,
  script: (scene: Scene) => Promise<Q>,
): Promise<Q> {
  const scene = new Scene(world, composition, await composition.outside?.());
  const restore = useVirtualTime(
    scene.clock,
    randomStream(world.seed, 'rehearsal/script', String(world.position)),
    scene.fetch,
  );
  try {
    await scene.open();
    return await scene.clock.drive(() => script(scene), limitMs);
  } finally {
    restore();
    await scene.close();
    // Our own bug comes before whatever the script made of the `InternalFailure` that it got for it.
    // oxlint-disable-next-line no-unsafe-finally
    if (scene.crashes.length > 0) throw scene.crashes[0];
  }
}

/** Instances that run at the start: what the prepared fleet costs for each unit of time. */
function instanceRate(scene: Scene): number {
  const before = scene.instanceMs;
  const fork = scene.world.fork();
  fork.advance(fork.now + 1);
  const scope = `${DEFAULT_ACCOUNT}/${DEFAULT_REGION}`;
  return fork.read(scope, (ctx) => scene.runningMs(ctx)) - before;
}

function result<P>(
  rehearsal: Rehearsal<P>,
  variant: Variant<P>,
  scene: Scene,
  ending: Ending,
  figures: Pick<RunResult, 'title' | 'variant' | 'seed' | 'extraInstanceHours' | 'virtualMs' | 'sampled'>,
  wallMs: number,
): RunResult {
  const { world, firstLoad } = scene;
  const found: Omit<RunResult, 'expectations' | 'claim'> = {
    ...figures,
    ended: ending.ended,
    startedAt: ending.startedAt ?? world.now - figures.virtualMs,
    endedAt: ending.endedAt ?? world.now,
    ...(firstLoad === undefined ? {} : { measurement: scene.traffic.measured(firstLoad) }),
    ...(ending.badVersion === undefined ? {} : { badVersion: ending.badVersion }),
    deployments: deploymentReports(scene, ending.deploymentIds ?? []),
    alarms: alarmReports(scene, world.now - figures.virtualMs),
    ...(ending.stackEvents ? { stackEvents: ending.stackEvents } : {}),
    ...(ending.output === undefined ? {} : { output: ending.output }),
    timings: timingsOf(world),
    facts: ending.facts ?? {},
    hash: world.hash(),
    wallMs: Math.round(wallMs),
  };
  const expectations = [...(rehearsal.expect ?? []), ...(variant.expect ?? [])].map(({ name, check }) => ({
    expectation: name,
    ...check(found),
  }));
  return { ...found, expectations, ...(rehearsal.claim ? { claim: rehearsal.claim } : {}) };
}

function timingsOf(world: World<Ctx>): TimingReport[] {
  return world.read('', (ctx) =>
    ctx.list(timingUses).map(({ name, evidence, typical, source }) => ({ name, evidence, typical, source })),
  );
}
