// Which world is served: a fresh one, the one in a data folder, or one that was saved as a snapshot.

import type { Cloud } from '#cloud/cloud.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { timingChoices } from '#cloud/timing.ts';
import type { TimingProfile } from '#cloud/timing.ts';
import { UserError } from '#cloud/user-error.ts';
import { withdrawClients } from '#cloud/waits.ts';
import { primitives } from '#runtime/primitives.ts';
import type { Driver } from '#sandtable';
import { SnapshotError } from '#world/index.ts';
import type { BlobShelf, ClockMode, Snapshot, World } from '#world/index.ts';
import { newer } from './disk/refusals.ts';
import type { About } from './disk/database.ts';

/** A world that was kept, and where. */
export interface Source {
  readonly place: string;
  readonly snapshot: Snapshot;
  readonly about: About;
}

/** What a world is to be like; what is not given is as it was, or as usual. */
export interface WorldChoices {
  readonly seed?: string;
  readonly timings?: TimingProfile;
  readonly functions?: Driver;
}

const USUAL_SEED = 'sandtable';

/** How the code of functions is run in a world: nobody's code runs because a file says so. Throws `UserError`. */
export function driverFor({ functions = 'modelled' }: WorldChoices, source: Source | undefined): Driver {
  if (!source || source.about.functions === functions) return functions;
  const said = { modelled: 'modelled', process: 'run for real' };
  const before = source.about.functions as Driver;
  throw new UserError(
    'data-other-functions',
    `The world in ${source.place} has its functions ${said[before]}.`,
    {
      hint: `It goes on with --functions ${before}.`,
    },
  );
}

/** A fresh world on the wall clock's present. */
export function freshWorld(
  cloud: Cloud,
  { seed = USUAL_SEED, timings = 'instant' }: WorldChoices,
  blobs?: BlobShelf,
): World<Ctx> {
  const shelf = blobs ? { blobs } : {};
  const world = cloud.world({ seed, startAt: Date.now(), primitives, ...shelf });
  choose(world, timings);
  return world;
}

/** A world as it was kept. Throws `UserError`. */
export function keptWorld(
  cloud: Cloud,
  { place, snapshot }: Source,
  { seed }: WorldChoices,
  blobs?: BlobShelf,
): World<Ctx> {
  if (seed !== undefined && seed !== snapshot.seed)
    throw new UserError(
      'data-other-seed',
      `The world in ${place} has the seed ${JSON.stringify(snapshot.seed)}; it cannot go on with ${JSON.stringify(seed)}.`,
      { hint: 'Leave --seed out.' },
    );
  try {
    return cloud.open(snapshot, primitives, blobs);
  } catch (error) {
    throw error instanceof SnapshotError ? newer(place, error.message.replace(/\.$/, '')) : error;
  }
}

/** Goes on with a world whose process is gone: its clients are, and so is what it had running. */
export function takeUp(world: World<Ctx>, { timings }: WorldChoices): void {
  withdrawClients(world);
  world.loseAttached();
  if (timings !== undefined) choose(world, timings);
}

/**
 * Where the clock followed the wall clock and does so again, time has passed meanwhile: what fell due happens now, in order.
 * Returns a crash of ours on the way, which must not keep the world from being looked at.
 */
export function caughtUp(
  world: World<Ctx>,
  { about }: Source,
  clock: ClockMode,
): { readonly error: unknown } | undefined {
  if (about.ahead === undefined || clock !== 1) return undefined;
  try {
    world.advance(Math.max(world.now, Date.now() + about.ahead));
    return undefined;
  } catch (error) {
    return { error };
  }
}

export function aboutOf(functions: Driver, { ahead }: { readonly ahead: number | undefined }): About {
  return { functions, ...(ahead === undefined ? {} : { ahead }) };
}

/** Whether rows were lifted to a later version as they were read. */
export function outdated(world: World<Ctx>, { snapshot }: Source): boolean {
  const versions = new Map(world.tables.map(({ name, version }) => [name, version]));
  return snapshot.tables.some(({ name, version }) => version !== versions.get(name));
}

export function occupied(folder: string): UserError {
  return new UserError(
    'data-occupied',
    `There is a world in ${folder} already; a snapshot would take its place.`,
    {
      hint: 'Leave --snapshot out to go on with it, or give a new folder with --data.',
    },
  );
}

function choose(world: World<Ctx>, profile: TimingProfile): void {
  const before = world.read('', (ctx) => ctx.get(timingChoices, 'timings'));
  if (before?.profile === profile) return;
  world.transact('', { kind: 'script', name: 'timings' }, (ctx) => {
    const { factors = {}, values = {} } = before ?? {};
    ctx.put(timingChoices, { id: 'timings', profile, factors, values });
  });
}
