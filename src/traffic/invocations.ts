// What comes of a load's invocations: shared out by the weights of the alias, each version as its model says. Accounted for
// whenever weights, versions or limits are about to change, as other traffic is. An invocation counts when it begins.

import type { Ctx } from '#cloud/ctx.ts';
import { functionHost, functionRoutes } from '#cloud/ports/functions.ts';
import type { FunctionRoute, RoutedVersion } from '#cloud/ports/functions.ts';
import { duration, timingChoices } from '#cloud/timing.ts';
import { functionDuration } from '#workloads/functions/timings.ts';
import type { LatencyTable } from '#workloads/manifest.ts';
import { arrivals } from './arrivals.ts';
import { apportion, binomial, latencyAt, meanMicros, multinomial, slicesOf } from './chance.ts';
import type { Draw } from './chance.ts';
import { eachArrival } from './exact.ts';
import { invocationLoads, invocationProgress } from './invocation-load.ts';
import type { InvocationLoad, InvocationProgress } from './invocation-load.ts';
import { countInvocations } from './invocation-minutes.ts';
import { buckets } from './load.ts';
import type { Bucket } from './load.ts';
import { pick, weighted } from './routes.ts';
import { bucketsWith } from './settlement.ts';
import { Tally } from './tally.ts';
import type { Outcome } from './tally.ts';

/** A version, prepared for many invocations. */
interface Lane {
  readonly share: number;
  readonly timeoutMicros: number;
  readonly latency: LatencyTable;
  readonly hangs: boolean;
  /** Share of the invocations that end in an error. */
  readonly errors: number;
  readonly success: number;
  readonly failure: number;
  readonly timeout: number;
}

/** What a load's invocations meet. */
interface Meeting {
  readonly route: FunctionRoute;
  readonly lanes: readonly Lane[];
  readonly throttled: number;
  /** Share of the invocations that is throttled, in the long run. */
  readonly excess: number;
  readonly concurrency: number;
}

interface Account {
  readonly load: InvocationLoad;
  readonly progress: InvocationProgress;
  readonly tally: Tally;
  readonly meeting: Meeting | undefined;
}

/** Beside the settlement of requests. */
export function settleInvocations(ctx: Ctx): void {
  const world = ctx.everywhere;
  for (const progress of world.list(invocationProgress)) {
    const account = accountFor(world, progress);
    if (!account) continue;
    const { load, tally, meeting } = account;
    for (const bucket of bucketsOf(world, account)) world.put(buckets, bucket);
    if (meeting) countInvocations(world, load, meeting.route, tally, meeting.concurrency);
    world.put(invocationProgress, { ...progress, settledAt: world.now });
  }
}

/** Buckets of a load with what is not settled yet. Writes nothing. */
export function unsettledInvocations(world: Ctx, load: string): Bucket[] {
  const progress = world.get(invocationProgress, load);
  const account = progress && accountFor(world, progress);
  return account ? bucketsOf(world, account) : [];
}

function bucketsOf(world: Ctx, { load, tally, meeting }: Account): Bucket[] {
  const versions = (meeting?.route.versions ?? []).filter(({ share }) => share > 0);
  const names = versions.map(({ version }) => version).toSorted();
  return bucketsWith(world, load, tally, { serving: names.length, versions: names });
}

function accountFor(world: Ctx, progress: InvocationProgress): Account | undefined {
  const load = world.get(invocationLoads, progress.load);
  const { settledAt } = progress;
  if (!load || settledAt >= world.now || (load.endsAt ?? Infinity) <= settledAt) return undefined;
  const micros = (at: number): number => (at - load.startedAt) * 1000;
  const end = Math.min(world.now, load.endsAt ?? Infinity);
  const tally = new Tally(load, micros(settledAt), micros(end));
  const meeting = meet(world.inScope(load.scope), load, tally);
  if (!meeting) {
    const gone = tally.outcome({ version: '', status: 404, reason: 'unreachable' });
    addEvenly(tally, gone, arrivals(world, load, tally.from, tally.to), () => 0.5);
  } else if (load.resolution === 'exact') followEach(world, load, tally, meeting);
  else shareOut(world, load, tally, meeting);
  return { load, progress, tally, meeting };
}

function meet(there: Ctx, load: InvocationLoad, tally: Tally): Meeting | undefined {
  const route = there.port(functionRoutes).route(there, load.function);
  if (!route) return undefined;
  const lanes = route.versions.map((version) => laneOf(there, load, route, version, tally));
  const perSecond = load.perThousandSeconds / 1000;
  const seconds = lanes.reduce((sum, lane) => sum + lane.share * secondsOf(lane), 0);
  const wanted = perSecond * seconds;
  const front = { scope: load.scope, loadBalancer: route.functionName, group: '' };
  return {
    route,
    lanes,
    throttled: tally.outcome({ front, version: '', status: 429, reason: 'throttled' }),
    excess: wanted > route.concurrency ? 1 - route.concurrency / wanted : 0,
    concurrency: Math.ceil(Math.min(wanted, route.concurrency)),
  };
}

function laneOf(
  there: Ctx,
  { scope }: InvocationLoad,
  { functionName }: FunctionRoute,
  version: RoutedVersion,
  tally: Tally,
): Lane {
  const model = there.port(functionHost).model?.(there, version);
  const { errorsPerMillion = 0, ends = 'answers' } = model ?? {};
  const front = { scope, loadBalancer: functionName, group: version.version };
  // Invoke answers 200 where the function fails, too, and says so beside it.
  const outcome = (reason: Outcome['reason']): number =>
    tally.outcome({ front, version: version.version, status: 200, reason });
  return {
    share: version.share,
    timeoutMicros: version.timeoutMs * 1000,
    latency: model?.duration ?? assumedDuration(there),
    hangs: ends === 'hangs',
    errors: ends === 'crashes' ? 1 : errorsPerMillion / 1_000_000,
    success: outcome(''),
    failure: outcome('application'),
    timeout: outcome('timeout'),
  };
}

/** Of functions whose package says nothing. */
function assumedDuration(there: Ctx): LatencyTable {
  const choice = there.everywhere.get(timingChoices, 'timings');
  const [least, most] = [0, 1].map((draw) => duration(functionDuration, choice, draw) * 1000);
  return [
    [0, least as number],
    [1_000_000, most as number],
  ];
}

function secondsOf({ latency, timeoutMicros, hangs }: Lane): number {
  return Math.min(hangs ? timeoutMicros : meanMicros(latency), timeoutMicros) / 1_000_000;
}

/** Exact: each invocation by itself. */
function followEach(world: Ctx, load: InvocationLoad, tally: Tally, meeting: Meeting): void {
  const { lanes, throttled, excess } = meeting;
  const choice = weighted(lanes.map(({ share }) => share));
  const draws = (what: string): ((ordinal: number) => number) =>
    world.random(`traffic/invocation-${what}`, load.id);
  const [limit, version, latency, error] = ['limits', 'versions', 'durations', 'errors'].map(draws) as [
    (ordinal: number) => number,
    (ordinal: number) => number,
    (ordinal: number) => number,
    (ordinal: number) => number,
  ];
  eachArrival(world, { load, tally, until: tally.to }, (ordinal, at) => {
    if (excess > 0 && limit(ordinal) < excess) return tally.add(throttled, Math.floor(at), 0, 1);
    const lane = lanes[pick(choice, version(ordinal))] as Lane;
    const micros = lane.hangs ? Infinity : latencyAt(lane.latency, latency(ordinal));
    if (micros > lane.timeoutMicros) return tally.add(lane.timeout, Math.floor(at), lane.timeoutMicros, 1);
    const outcome = error(ordinal) < lane.errors ? lane.failure : lane.success;
    tally.add(outcome, Math.floor(at), Math.round(micros), 1);
  });
}

/** Binned: counts instead of invocations. */
function shareOut(world: Ctx, load: InvocationLoad, tally: Tally, meeting: Meeting): void {
  const { lanes, throttled, excess } = meeting;
  const stream = world.random('traffic/invocations', `${load.id}/${tally.from}`);
  let ordinal = 0;
  const draw: Draw = () => stream((ordinal += 1));
  const all = arrivals(world, load, tally.from, tally.to);
  const refused = binomial(all, excess, draw);
  addEvenly(tally, throttled, refused, draw);
  const counts = multinomial(
    all - refused,
    lanes.map(({ share }) => share),
    draw,
  );
  lanes.forEach((lane, l) => {
    const count = counts[l] as number;
    const slices = lane.hangs
      ? []
      : slicesOf(lane.latency).filter(({ micros }) => micros <= lane.timeoutMicros);
    const inTime = slices.reduce((sum, { share }) => sum + share, 0);
    const late = inTime > 1 - 1e-9 ? 0 : binomial(count, 1 - inTime, draw);
    addEvenly(tally, lane.timeout, late, draw, [{ share: 1, micros: lane.timeoutMicros }]);
    const failed = binomial(count - late, lane.errors, draw);
    addEvenly(tally, lane.failure, failed, draw, slices);
    addEvenly(tally, lane.success, count - late - failed, draw, slices);
  });
}

const AT_ONCE = [{ share: 1, micros: 0 }];

/** Spreads invocations over the interval, and over slices of the durations. */
function addEvenly(
  tally: Tally,
  outcome: number,
  count: number,
  draw: Draw,
  slices: readonly { readonly share: number; readonly micros: number }[] = AT_ONCE,
): void {
  if (count <= 0) return;
  const { from, to, first, bucketMicros } = tally;
  const widths = tally.latencies.map((_, bucket) => {
    const start = Math.max(from, (first + bucket) * bucketMicros);
    return Math.min(to, (first + bucket + 1) * bucketMicros) - start;
  });
  const weights = slices.map(({ share }) => share);
  apportion(count, widths, draw).forEach((inBucket, bucket) => {
    if (inBucket === 0) return;
    apportion(inBucket, weights, draw).forEach((n, s) => {
      if (n > 0) tally.addTo(outcome, bucket, slices[s]?.micros ?? 0, n);
    });
  });
}
