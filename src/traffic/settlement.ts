// Settlement: all requests up to now are accounted for, under the routing and the behaviour that held since the last settlement.
// What changes either is written only after it, so that rows still show what held.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { settleBinned } from './binned.ts';
import { settleExact } from './exact.ts';
import type { ExactResult, Turns } from './exact.ts';
import { cohorts, crews, flights } from './flights.ts';
import type { Flights } from './flights.ts';
import { addCounts } from './latency.ts';
import { bucketKey, buckets, loads } from './load.ts';
import type { Bucket, Load, Pace } from './load.ts';
import { Ground } from './ground.ts';
import { meet } from './meeting.ts';
import type { Branch, LoadToMeet } from './meeting.ts';
import { count } from './minutes.ts';
import { cohortOf } from './musters.ts';
import { caches, following, namesDue, naming } from './names.ts';
import type { Naming } from './names.ts';
import type { Squad } from './musters.ts';
import { countSamples, forgetSamples, sampler, underWay } from './sampled.ts';
import { outcomeKey, Tally } from './tally.ts';

/** How far a load has been accounted for. The row lives as long as requests may come or are under way. */
export interface Progress {
  readonly load: string;
  /** Instant up to which requests are accounted for, epoch ms. */
  readonly settledAt: number;
  /** Whose turn it is in each target group: exact resolution. */
  readonly turns: Turns;
  /** How many crews were made: binned resolution. */
  readonly crewsMade: number;
  /** Requests under way. */
  readonly inFlight: number;
  /** When the last of them ends, epoch ms. */
  readonly lastEnd: number | null;
}

export const progress: Table<Progress> = table<Progress>('traffic/progress', (row) => row.load);

/** What came of the requests of one load since its last settlement, not yet written. */
export interface Account {
  readonly load: Load;
  readonly progress: Progress;
  readonly branches: readonly Branch[];
  readonly tally: Tally;
  readonly exact?: ExactResult;
  readonly squads?: readonly Squad[];
  readonly squadsBefore?: readonly Squad[];
  /** What its clients have been told, where the host is a name of a hosted zone. */
  readonly naming?: Naming | undefined;
}

/** How often the last real requests of a load that is over are looked for. */
const SAMPLES_AGAIN_MS = 1000;

/** Behind the port `traffic`. */
export function settle(ctx: Ctx): void {
  const world = ctx.everywhere;
  for (const account of accounts(world)) write(world, account);
}

/** Accounts for all open loads up to now without writing anything. */
export function accounts(world: Ctx): Account[] {
  const open: Open[] = [];
  for (const before of world.list(progress)) {
    const load = world.get(loads, before.load);
    if (!load || before.settledAt >= world.now) continue;
    const over = load.endsAt !== undefined && load.endsAt <= before.settledAt;
    const perSecond = over ? 0 : load.perThousandSeconds / 1000;
    const named = over ? undefined : naming(world, load, before.settledAt, world.now);
    const hosts = named?.hosts.map((host, h) => ({ host, share: named.shares[h] as number }));
    open.push({ load, before, perSecond, named, hosts: hosts ?? [{ host: load.host, share: 1 }] });
  }
  if (open.length === 0) return [];
  const meetings = meet(world, open);
  return open.map((one, i) => accountFor(world, one, meetings[i] as Branch[]));
}

/** A load that is not accounted for up to now. */
interface Open extends LoadToMeet {
  readonly before: Progress;
  readonly named: Naming | undefined;
}

function accountFor(world: Ctx, { load, before, named }: Open, branches: readonly Branch[]): Account {
  const micros = (at: number): number => (at - load.startedAt) * 1000;
  const tally = new Tally(load, micros(before.settledAt), micros(world.now));
  const until = Math.min(tally.to, micros(load.endsAt ?? world.now));
  const grounds = new Map<string, Ground>();
  for (const { meeting } of branches) {
    if (meeting.kind === 'forward') grounds.set(meeting.scope, meeting.ground);
  }
  const groundOf = (scope: string): Ground => {
    let ground = grounds.get(scope);
    if (!ground) grounds.set(scope, (ground = new Ground(world.inScope(scope))));
    return ground;
  };
  const interval = { load, branches, groundOf, until, tally };
  if (load.resolution === 'exact') {
    const branchOf = named && following(world, load, named);
    const followed = branchOf ? { ...interval, branchOf } : interval;
    const exact = settleExact(world, followed, world.get(flights, load.id), before.turns);
    const { flights: aloft, turns } = exact;
    const lastEnd = instant(load, lastOf(aloft));
    const after = { ...before, settledAt: world.now, turns, inFlight: aloft.ends.length, lastEnd };
    return { load, progress: after, branches, tally, exact, naming: named };
  }
  if (load.resolution === 'sampled') {
    countSamples(world, load, tally);
    const inFlight = underWay(world, load.id);
    // Nobody knows when a real request ends: it is looked for again.
    const lastEnd = inFlight > 0 ? world.now + SAMPLES_AGAIN_MS : null;
    const after = { ...before, settledAt: world.now, inFlight, lastEnd };
    return { load, progress: after, branches, tally, naming: named };
  }
  const squadsBefore = squadsOf(world, load.id);
  const { squads, crewsMade } = settleBinned(world, interval, squadsBefore, before.crewsMade);
  const { inFlight, last } = aloftIn(squads);
  const after = { ...before, settledAt: world.now, crewsMade, inFlight, lastEnd: instant(load, last) };
  return { load, progress: after, branches, tally, squads, squadsBefore, naming: named };
}

function instant({ startedAt }: Load, micros: number | undefined): number | null {
  return micros === undefined ? null : startedAt + Math.floor(micros / 1000) + 1;
}

function lastOf({ ends }: Flights): number | undefined {
  let last = -1;
  for (const end of ends) if (end > last) last = end;
  return last < 0 ? undefined : last;
}

function aloftIn(squads: readonly Squad[]): { inFlight: number; last: number | undefined } {
  let [inFlight, last] = [0, -1];
  for (const { pieces } of squads) {
    for (const key in pieces) {
      const flat = pieces[key] as readonly number[];
      for (let i = 0; i < flat.length; i += 4) {
        inFlight += flat[i + 3] as number;
        last = Math.max(last, flat[i + 1] as number);
      }
    }
  }
  return { inFlight, last: last < 0 ? undefined : last };
}

function squadsOf(world: Ctx, load: string): Squad[] {
  return world
    .list(crews, 'load', load)
    .map((crew) => ({ crew, pieces: world.get(cohorts, crew.id)?.pieces ?? {} }));
}

function write(world: Ctx, account: Account): void {
  const { load, progress: after, tally, branches, exact, squads = [], squadsBefore = [] } = account;
  for (const bucket of bucketsAfter(world, account)) world.put(buckets, bucket);
  count(world, tally, branches);
  if (account.naming) keepNames(world, load, account.naming);
  if (exact) {
    if (exact.flights.ends.length > 0) world.put(flights, exact.flights);
    else world.delete(flights, load.id);
  }
  if (load.resolution === 'sampled') forgetSamples(world, load.id);
  const kept = new Set(squads.map(({ crew }) => crew.id));
  for (const { crew } of squadsBefore) {
    if (kept.has(crew.id)) continue;
    world.delete(crews, crew.id);
    world.delete(cohorts, crew.id);
  }
  for (const squad of squads) {
    if (!kept.has(squad.crew.id)) continue;
    if (!squadsBefore.some(({ crew }) => crew === squad.crew)) world.put(crews, squad.crew);
    const cohort = cohortOf(squad);
    if (cohort) world.put(cohorts, cohort);
    else world.delete(cohorts, squad.crew.id);
  }
  world.put(progress, after);
  if (load.endsAt !== undefined && load.endsAt <= world.now && after.inFlight === 0) close(world, load.id);
}

function keepNames(world: Ctx, { id, resolution, startedAt, bucketMs }: Load, { after }: Naming): void {
  const known = world.get(caches, id);
  if (after !== known) world.put(caches, after);
  if (known || resolution !== 'binned') return;
  const bucket = Math.floor((world.now - startedAt) / bucketMs) + 1;
  world.schedule(namesDue, startedAt + bucket * bucketMs, { load: id });
}

/** A load has ended, and none of its requests is under way. */
export function close(world: Ctx, load: string): void {
  for (const { id } of world.list(crews, 'load', load)) world.delete(crews, id);
  if (world.get(sampler, load)) world.delete(sampler, load);
  if (world.get(caches, load)) world.delete(caches, load);
  world.delete(progress, load);
}

/** The load's buckets that the interval touches, as they are after it. */
export function bucketsAfter(world: Ctx, { load, branches, tally }: Account): Bucket[] {
  return bucketsWith(world, load, tally, able(branches));
}

/** Who is able to serve: how many, and which versions. */
interface Able {
  readonly serving: number;
  readonly versions: readonly string[];
}

/** Buckets with what a tally has counted. */
export function bucketsWith(world: Ctx, load: Pace, tally: Tally, { serving, versions }: Able): Bucket[] {
  const endsAt = load.endsAt ?? Infinity;
  return tally.latencies.map((latencies, b) => {
    const at = load.startedAt + (tally.first + b) * load.bucketMs;
    const known = world.get(buckets, bucketKey(load.id, at));
    const outcomes: Record<string, number> = { ...known?.outcomes };
    tally.outcomes.forEach((outcome, o) => {
      const more = tally.counts[o]?.[b] ?? 0;
      if (more > 0) outcomes[outcomeKey(outcome)] = (outcomes[outcomeKey(outcome)] ?? 0) + more;
    });
    const before = known?.latencies ?? [];
    const bins = latencies ? addCounts(before, latencies, tally.marks) : before;
    const served: Record<string, number> = { ...known?.served };
    const from = Math.max(at, load.startedAt + tally.from / 1000);
    const ms = Math.min(at + load.bucketMs, world.now, endsAt) - from;
    // After the load's end only requests that were under way are left, and nobody asks who could serve.
    if (ms > 0) for (const version of versions) served[version] = (served[version] ?? 0) + ms;
    const lowest = ms > 0 || !known ? Math.min(known?.serving ?? serving, serving) : known.serving;
    return { load: load.id, at, outcomes, latencies: bins, serving: lowest, served };
  });
}

/** How many targets are able to serve, and which versions run on them. */
function able(branches: readonly Branch[]): Able {
  const groups = branches.flatMap(({ share, meeting }) =>
    share > 0 && meeting.kind === 'forward' ? meeting.groups : [],
  );
  const up = groups
    .filter(({ share }) => share > 0)
    .map(({ classes }) => classes.filter(({ first }) => first.finding === 'up'));
  const versions = new Set(up.flat().map(({ first }) => first.application?.version ?? ''));
  const busy = up.filter((classes) => classes.length > 0);
  // A target may be in several groups; within one it stands once.
  const serving =
    busy.length === 1
      ? (busy[0] ?? []).reduce((sum, { members }) => sum + members.length, 0)
      : new Set(busy.flat().flatMap(({ keys }) => keys)).size;
  return { serving, versions: [...versions].toSorted() };
}
