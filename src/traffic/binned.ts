// Binned resolution: counts instead of requests. What arrives in an interval is shared out over groups, classes of targets,
// outcomes, and slices of the latency distribution; each slice ends where its latency puts it. Costs the same at any rate.

import type { Ctx } from '#cloud/ctx.ts';
import type { LatencyTable } from '#workloads/manifest.ts';
import { arrivals } from './arrivals.ts';
import { apportion, binomial, multinomial, slicesOf } from './chance.ts';
import type { Draw, Slice } from './chance.ts';
import { answerWithout } from './exact.ts';
import type { Interval } from './exact.ts';
import { cutOff, fateAt, timedOut } from './flights.ts';
import type { Crew, Pieces, Wait } from './flights.ts';
import type { FailureReason } from './load.ts';
import type { Ground } from './ground.ts';
import { CONNECT_TIMEOUT_MICROS, idleMicrosOf } from './meeting.ts';
import { equal, Musters } from './musters.ts';
import type { BinnedResult, Squad } from './musters.ts';
import type { GroupMeeting, Meeting, PlaceClass } from './meeting.ts';
import type { Front, Outcome, Tally } from './tally.ts';

/** Accounts for all requests of a load in the interval of a tally. */
export function settleBinned(
  ctx: Ctx,
  interval: Interval,
  before: readonly Squad[],
  crewsMade: number,
): BinnedResult {
  const { load, branches, tally, until } = interval;
  const stream = ctx.random('traffic/binned', `${load.id}/${tally.from}`);
  let ordinal = 0;
  const draw: Draw = () => stream((ordinal += 1));
  const musters = new Musters(load.id, before, crewsMade);
  for (const squad of before) carryOn(interval, squad, musters, draw);
  const count = until > tally.from ? arrivals(ctx, load, tally.from, until) : 0;
  const shares = branches.map(({ share }) => share);
  const counts = branches.length === 1 ? [count] : multinomial(count, shares, draw);
  branches.forEach(({ meeting }, b) => {
    const some = counts[b] as number;
    if (meeting.kind === 'forward') send({ ...interval, draw, musters }, meeting, some);
    else spread({ ...interval, draw }, some, tally.outcome(answerWithout(meeting)), [IMMEDIATE]);
  });
  return musters.result();
}

/** What was under way already: ends, goes on, is cut off or stalls, in proportion to what became of the crew's targets. */
function carryOn(interval: Interval, { crew, pieces }: Squad, musters: Musters, draw: Draw): void {
  const { branches, groundOf, tally } = interval;
  const ground = groundOf(crew.front.scope);
  const idle = idleMicrosOf(branches, crew.front.loadBalancer);
  const steady = branches.some(({ meeting }) => isSteady(meeting, crew));
  for (const [key, flat] of Object.entries(pieces)) {
    if (steady) {
      for (let i = 0; i < flat.length; i += 4) endPiece(interval, crew, key, pieceAt(flat, i), musters, draw);
      continue;
    }
    const { version, drain } = crew;
    const sent = { version, drain, wait: key.slice(0, key.indexOf('|')) as Wait };
    // Those whose fate differs part: what becomes of some later does not touch the requests of the others.
    const { going, stalling } = parted(ground, crew.members, sent);
    const weights = [going.length, stalling.length, crew.members.length - going.length - stalling.length];
    for (let i = 0; i < flat.length; i += 4) {
      const [from, to, micros, count] = pieceAt(flat, i);
      const all = going.length === crew.members.length;
      const [on, stalled, cut] = all
        ? [count, 0, 0]
        : (multinomial(count, weights, draw) as [number, number, number]);
      if (cut > 0) tally.add(tally.outcome(cutOff(crew.front)), tally.from, 0, cut);
      const end = tally.from + idle;
      if (stalled > 0) musters.add(musters.part(crew, stalling), STALLED, end, end + 1, idle, stalled);
      if (on > 0) endPiece(interval, musters.part(crew, going), key, [from, to, micros, on], musters, draw);
    }
  }
}

/** Whether the targets of a crew are still those of a class whose applications answer: then all goes on as it was. */
function isSteady(meeting: Meeting, { front, version, members }: Crew): boolean {
  if (meeting.kind !== 'forward' || meeting.scope !== front.scope) return false;
  return meeting.groups.some(({ classes }) =>
    classes.some(
      ({ first: { finding, application }, keys }) =>
        finding === 'up' && application?.version === version && equal(keys, members),
    ),
  );
}

function pieceAt(flat: Pieces, i: number): [number, number, number, number] {
  return [flat[i], flat[i + 1], flat[i + 2], flat[i + 3]] as [number, number, number, number];
}

/** The members of a crew whose requests go on, and those whose requests stall; the requests of the others are cut off. */
function parted(
  ground: Ground,
  members: Crew['members'],
  sent: Parameters<typeof fateAt>[2],
): { going: Crew['members']; stalling: Crew['members'] } {
  let going: string[] | undefined;
  const stalling: string[] = [];
  for (let m = 0; m < members.length; m += 1) {
    const member = members[m] as string;
    const fate = fateAt(ground, member, sent);
    if (fate === 'continues') going?.push(member);
    else going ??= members.slice(0, m);
    if (fate === 'stalls') stalling.push(member);
  }
  return { going: going ?? members, stalling };
}

/** Requests of a piece that end in the interval are counted; the rest goes on. */
function endPiece(
  { tally }: Interval,
  crew: Crew,
  key: string,
  [from, to, micros, count]: readonly [number, number, number, number],
  musters: Musters,
  draw: Draw,
): void {
  if (from >= tally.to) return musters.add(crew, key, from, to, micros, count);
  const outcome = tally.outcome(outcomeOf(crew.front, key));
  const offset = draw();
  const width = Math.max(1, to - from);
  let given = 0;
  for (let bucket = 0; bucket < tally.latencies.length && given < count; bucket += 1) {
    const end = Math.min(tally.to, (tally.first + bucket + 1) * tally.bucketMicros);
    const part = Math.max(0, Math.min(1, (end - from) / width));
    const upTo = part >= 1 ? count : Math.min(count, Math.floor(count * part + offset));
    if (upTo <= given) continue;
    tally.addTo(outcome, bucket, micros, upTo - given);
    given = upTo;
  }
  musters.add(crew, key, Math.max(from, tally.to), to, micros, count - given);
}

function keyOf(wait: Wait, { version, status, reason }: Outcome): string {
  return `${wait}|${version}|${status}|${reason}`;
}

const STALLED = 'hang||504|timeout';

function outcomeOf(front: Front, key: string): Outcome {
  const parts = key.split('|');
  const [wait, status, reason] = [parts[0], Number(parts.at(-2)), parts.at(-1) as FailureReason | ''];
  const version = parts.slice(1, -2).join('|');
  return { front, version, status, reason, ...(wait === 'connect' ? { unconnected: true } : {}) };
}

interface Sending extends Interval {
  readonly draw: Draw;
  readonly musters: Musters;
}

/** Shares `count` new requests out. */
function send(sending: Sending, meeting: Extract<Meeting, { kind: 'forward' }>, count: number): void {
  const { tally, draw } = sending;
  const { scope, loadBalancer } = meeting;
  const shares = meeting.groups.map(({ share }) => share);
  const anyGroup = shares.some((share) => share > 0);
  const noTarget: Outcome = {
    front: { scope, loadBalancer, group: '' },
    version: '',
    status: 503,
    reason: 'no target',
  };
  if (!anyGroup) return spread(sending, count, tally.outcome(noTarget), [IMMEDIATE]);
  const counts = shares.length === 1 ? [count] : multinomial(count, shares, draw);
  meeting.groups.forEach((one, g) => {
    if (one.classes.length === 0)
      return spread(sending, counts[g] as number, tally.outcome(noTarget), [IMMEDIATE]);
    sendToGroup(
      sending,
      { scope, loadBalancer, group: one.group.dimension },
      one,
      meeting.idleMicros,
      counts[g] as number,
    );
  });
}

function sendToGroup(
  sending: Sending,
  front: Front,
  { group, classes }: GroupMeeting,
  idleMicros: number,
  count: number,
): void {
  const { draw } = sending;
  const weights = classes.map(({ weight }) => weight);
  const counts =
    group.algorithm === 'weighted_random'
      ? multinomial(count, weights, draw)
      : apportion(count, weights, draw);
  classes.forEach((one, c) => sendToClass(sending, front, one, idleMicros, counts[c] as number));
}

const IMMEDIATE: Slice = { share: 1, micros: 0, quarters: [0, 0, 0, 0] };

function fixed(micros: number): readonly Slice[] {
  return [{ share: 1, micros, quarters: [micros, micros, micros, micros] }];
}

function sendToClass(
  sending: Sending,
  front: Front,
  one: PlaceClass,
  idleMicros: number,
  count: number,
): void {
  const { tally, draw, musters } = sending;
  const crew = musters.crewOf(front, one);
  const { finding, application, errors } = one.first;
  const pass = (wait: Wait, outcome: Outcome, slices: readonly Slice[], n: number): void => {
    spread(sending, n, tally.outcome(outcome), slices, { crew, key: keyOf(wait, outcome), musters });
  };
  if (finding === 'refused') {
    return pass(
      'connect',
      { front, version: '', status: 502, reason: 'refused', unconnected: true },
      [IMMEDIATE],
      count,
    );
  }
  if (finding === 'silent') {
    return pass('connect', { ...timedOut(front), unconnected: true }, fixed(CONNECT_TIMEOUT_MICROS), count);
  }
  if (finding === 'hung' || !application) return pass('hang', timedOut(front), fixed(idleMicros), count);
  const { version, latency } = application;
  const { slices, late } = inTime(latency, idleMicros);
  const tooLate = binomial(count, late, draw);
  if (tooLate > 0) pass('hang', timedOut(front), fixed(idleMicros), tooLate);
  const answered = count - tooLate;
  const rest = 1 - errors.reduce((sum, { share }) => sum + share, 0);
  const counts =
    errors.length === 0
      ? [answered]
      : multinomial(answered, [rest, ...errors.map(({ share }) => share)], draw);
  pass('answer', { front, version, status: 200, reason: '' }, slices, counts[0] as number);
  errors.forEach(({ status }, e) => {
    const reason = status >= 500 ? 'application' : '';
    pass('answer', { front, version, status, reason }, slices, counts[e + 1] as number);
  });
}

/** Slices of a distribution that end before the idle timeout, and the share of requests that does not. */
function inTime(latency: LatencyTable, idleMicros: number): { slices: readonly Slice[]; late: number } {
  const all = slicesOf(latency);
  if ((all.at(-1)?.micros ?? 0) < idleMicros) return { slices: all, late: 0 };
  const kept = all.filter(({ micros }) => micros < idleMicros);
  const share = kept.reduce((sum, one) => sum + one.share, 0);
  return { slices: kept.map((one) => ({ ...one, share: one.share / share })), late: 1 - share };
}

/**
 * Ends `count` requests that arrive evenly in the interval where their latencies put them: in a bucket, or under way at the end.
 * Every part is its expectation rounded up or down at random; together they are `count`.
 */
function spread(
  { tally, until, draw }: Interval & { draw: Draw },
  count: number,
  outcome: number,
  slices: readonly Slice[],
  later?: { crew: Crew; key: string; musters: Musters },
): void {
  if (count <= 0) return;
  const { from, to, bucketMicros, first } = tally;
  const offset = draw();
  const width = until - from;
  let [expected, given] = [0, 0];
  const take = (share: number): number => {
    expected += count * share;
    const upTo = Math.min(count, Math.floor(expected + offset));
    const taken = upTo - given;
    given = upTo;
    return taken;
  };
  for (const { share, micros, quarters } of slices) {
    for (let bucket = 0; bucket < tally.latencies.length; bucket += 1) {
      const start = Math.max(from, (first + bucket) * bucketMicros);
      const end = Math.min(to, (first + bucket + 1) * bucketMicros);
      const overlap = Math.min(until, end - micros) - Math.max(from, start - micros);
      if (overlap > 0) addQuarters(tally, outcome, bucket, quarters, take((share * overlap) / width), given);
    }
    const since = Math.max(from, to - micros);
    if (until <= since || !later) continue;
    later.musters.add(
      later.crew,
      later.key,
      since + micros,
      until + micros,
      micros,
      take((share * (until - since)) / width),
    );
  }
  if (given >= count) return;
  // What rounding of fractions has left: one request at most.
  const last = slices.at(-1) as Slice;
  if (later && until + last.micros > to) {
    later.musters.add(
      later.crew,
      later.key,
      Math.max(to, from + last.micros),
      until + last.micros,
      last.micros,
      count - given,
    );
  } else tally.addTo(outcome, tally.latencies.length - 1, last.micros, count - given);
}

/** Counts the requests of a slice at the latencies of its quarters; the odd ones go round. */
function addQuarters(
  tally: Tally,
  outcome: number,
  bucket: number,
  quarters: readonly number[],
  count: number,
  turn: number,
): void {
  const each = Math.floor(count / 4);
  const odd = count % 4;
  for (let q = 0; q < 4 && count > 0; q += 1) {
    const more = each + ((turn + q) % 4 < odd ? 1 : 0);
    if (more > 0) tally.addTo(outcome, bucket, quarters[q] as number, more);
  }
}
