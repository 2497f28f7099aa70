// Exact resolution: each request by itself, in the order of arrival. No object is made for a request and no row is written for
// one; what is under way at the end goes into one row.

import type { Ctx } from '#cloud/ctx.ts';
import { CELL_ROOM, cellMicros, inCell } from './arrivals.ts';
import { latencyAt } from './chance.ts';
import { cutOff, fateOf, timedOut } from './flights.ts';
import type { Flights, Way } from './flights.ts';
import type { Load, Pace } from './load.ts';
import { CONNECT_TIMEOUT_MICROS, idleMicrosOf, IMMEDIATE_MICROS } from './meeting.ts';
import type { Ground } from './ground.ts';
import type { Branch, GroupMeeting, Meeting, Place } from './meeting.ts';
import { inTurn, pick, targetWeights, weighted } from './routes.ts';
import type { Weighted } from './routes.ts';
import type { Front, Outcome, Tally } from './tally.ts';

/** Whose turn it is in each target group. */
export type Turns = Readonly<Record<string, number>>;

export interface ExactResult {
  readonly flights: Flights;
  readonly turns: Turns;
}

/** What one settlement of a load has to account for. */
export interface Interval {
  readonly load: Load;
  readonly branches: readonly Branch[];
  /** To which branch a request goes, asked in the order of arrival; there is only one where this is missing. */
  readonly branchOf?: (ordinal: number, at: number) => number;
  readonly groundOf: (scope: string) => Ground;
  /** Last instant at which requests arrive. */
  readonly until: number;
  readonly tally: Tally;
}

/** Accounts for all requests of a load in the interval of a tally. */
export function settleExact(
  ctx: Ctx,
  interval: Interval,
  before: Flights | undefined,
  turns: Turns,
): ExactResult {
  const aloft = new Aloft(interval.load.id);
  if (before) carryOn(interval, before, aloft);
  const senders = interval.branches.map(({ meeting }) => senderOf(ctx, interval, meeting, aloft, turns));
  const { branchOf } = interval;
  const [only] = senders;
  if (branchOf) {
    eachArrival(ctx, interval, (ordinal, at) => senders[branchOf(ordinal, at)]?.send(ordinal, at));
  } else if (only) eachArrival(ctx, interval, only.send);
  const after: Turns = Object.assign({}, ...senders.map(({ turnsNow }) => turnsNow()));
  return { flights: aloft.row(), turns: Object.keys(after).length > 0 ? after : turns };
}

/** Sends the requests of one branch. */
interface Sender {
  readonly send: (ordinal: number, at: number) => void;
  /** Whose turn it is then. */
  readonly turnsNow: () => Turns;
}

function senderOf(ctx: Ctx, interval: Interval, meeting: Meeting, aloft: Aloft, turns: Turns): Sender {
  if (meeting.kind === 'forward') return forwarder(ctx, interval, meeting, aloft, turns);
  const { tally } = interval;
  const outcome = tally.outcome(answerWithout(meeting));
  return { send: (_, at) => tally.add(outcome, Math.floor(at), 0, 1), turnsNow: () => ({}) };
}

/** How requests end that meet no target group. */
export function answerWithout(meeting: Exclude<Meeting, { kind: 'forward' }>): Outcome {
  if (meeting.kind === 'unreachable') return { version: '', status: 0, reason: 'unreachable' };
  const { scope, loadBalancer, status } = meeting;
  const front = { scope, loadBalancer, group: '' };
  return { front, version: '', status, reason: status >= 500 ? 'fixed response' : '' };
}

/** Calls `visit` with ordinal and instant of each request of the interval, in their order. */
export function eachArrival(
  ctx: Ctx,
  { load, tally: { from }, until }: { load: Pace; tally: { from: number }; until: number },
  visit: (ordinal: number, at: number) => void,
): void {
  if (until <= from) return;
  const cell = cellMicros(load);
  const number = ctx.random('traffic/cells', load.id);
  const instant = ctx.random('traffic/instants', load.id);
  const at = new Float64Array(CELL_ROOM);
  // One cell more on both sides, because an instant may be rounded into its neighbour.
  const last = Math.floor(until / cell) + 1;
  for (let c = Math.max(0, Math.floor(from / cell) - 1); c <= last; c += 1) {
    const count = inCell(number(c));
    for (let k = 0; k < count; k += 1) {
      const one = (c + instant(c * CELL_ROOM + k)) * cell;
      let place = k;
      for (; place > 0 && (at[place - 1] as number) > one; place -= 1) at[place] = at[place - 1] as number;
      at[place] = one;
    }
    for (let k = 0; k < count; k += 1) {
      const one = at[k] as number;
      if (one >= from && one < until) visit(c * CELL_ROOM + k, one);
    }
  }
}

/** What was under way already: ends, goes on, is cut off or stalls. */
function carryOn({ branches, groundOf, tally }: Interval, before: Flights, aloft: Aloft): void {
  const fates = before.ways.map((way) => fateOf(groundOf(way.front.scope), way));
  const ends = before.ways.map((way) => tally.outcome(outcomeOf(way)));
  for (let i = 0; i < before.ends.length; i += 1) {
    const index = before.way[i] as number;
    const way = before.ways[index] as Way;
    const [end, micros] = [before.ends[i] as number, before.micros[i] as number];
    if (fates[index] === 'cut off') tally.add(tally.outcome(cutOff(way.front)), tally.from, 0, 1);
    else if (fates[index] === 'stalls') {
      const { status, reason } = timedOut(way.front);
      const idle = idleMicrosOf(branches, way.front.loadBalancer);
      aloft.put({ ...way, wait: 'hang', status, reason }, tally.from + idle, idle);
    } else if (end < tally.to) tally.add(ends[index] as number, end, micros, 1);
    else aloft.put(way, end, micros);
  }
}

function outcomeOf({ wait, front, version, status, reason }: Way): Outcome {
  if (wait === 'answer') return { front, version, status, reason };
  return { front, version: '', status, reason, ...(wait === 'connect' ? { unconnected: true } : {}) };
}

/** Requests under way at the end of the interval. */
class Aloft {
  readonly #load: string;
  readonly #ways: Way[] = [];
  readonly #known = new Map<string, number>();
  readonly #way: number[] = [];
  readonly #ends: number[] = [];
  readonly #micros: number[] = [];

  constructor(load: string) {
    this.#load = load;
  }

  put(way: Way, end: number, micros: number): void {
    this.push(this.way(way), end, micros);
  }

  way(way: Way): number {
    const { front, wait, instanceId, port, version, status, reason } = way;
    const key = `${front.scope} ${front.group} ${wait} ${instanceId}:${port} ${version}|${status}|${reason}`;
    let index = this.#known.get(key);
    if (index === undefined) {
      this.#known.set(key, (index = this.#ways.length));
      this.#ways.push(way);
    }
    return index;
  }

  push(way: number, end: number, micros: number): void {
    this.#way.push(way);
    this.#ends.push(end);
    this.#micros.push(micros);
  }

  /** Each request under way, as the target where it is and when it ends. */
  each(visit: (way: Way, end: number) => void): void {
    for (let i = 0; i < this.#ends.length; i += 1) {
      visit(this.#ways[this.#way[i] as number] as Way, this.#ends[i] as number);
    }
  }

  row(): Flights {
    return { load: this.#load, ways: this.#ways, way: this.#way, ends: this.#ends, micros: this.#micros };
  }
}

/** A way that a request to a place may end: how it is counted, and how it is kept while it is under way. */
interface Ending {
  readonly outcome: number;
  readonly way: Way;
  /** In `Aloft`, once a request has needed it. */
  aloft: number;
}

/** A place, prepared for many requests. */
interface Lane {
  readonly finding: Place['finding'];
  readonly latency: readonly (readonly [number, number])[];
  readonly success: Ending;
  readonly errors: readonly { upTo: number; ending: Ending }[];
  readonly stalled: Ending;
}

/** A target group, prepared for many requests. */
interface Fork {
  readonly lanes: readonly Lane[];
  readonly choice: Weighted;
  readonly algorithm: 'round_robin' | 'least_outstanding_requests' | 'weighted_random';
  readonly outstanding: Int32Array;
  turn: number;
}

function laneOf(tally: Tally, front: Front, { target, finding, application, errors }: Place): Lane {
  const { instanceId, port } = target;
  const { version = '', drain = false, latency = [] } = application ?? {};
  const ending = (wait: Way['wait'], status: number, reason: Way['reason']): Ending => {
    const way = { wait, front, instanceId, port, version, drain, status, reason };
    return { way, outcome: tally.outcome(outcomeOf(way)), aloft: -1 };
  };
  let upTo = 0;
  return {
    finding,
    latency,
    success: finding === 'refused' ? ending('connect', 502, 'refused') : ending('answer', 200, ''),
    errors: errors.map(({ status, share }) => ({
      upTo: (upTo += share),
      ending: ending('answer', status, status >= 500 ? 'application' : ''),
    })),
    stalled: ending(finding === 'silent' ? 'connect' : 'hang', 504, 'timeout'),
  };
}

function forkOf(tally: Tally, front: Front, { group, places }: GroupMeeting, turn: number): Fork {
  return {
    lanes: places.map((place) => laneOf(tally, front, place)),
    choice: weighted(targetWeights(group)),
    algorithm: group.algorithm,
    outstanding: new Int32Array(places.length),
    turn,
  };
}

/** Sends requests to the targets of a load balancer. */
function forwarder(
  ctx: Ctx,
  interval: Interval,
  meeting: Extract<Meeting, { kind: 'forward' }>,
  aloft: Aloft,
  turns: Turns,
): Sender {
  const { load, tally } = interval;
  const { scope, loadBalancer, idleMicros } = meeting;
  const groupDraw = ctx.random('traffic/groups', load.id);
  const targetDraw = ctx.random('traffic/targets', load.id);
  const latencyDraw = ctx.random('traffic/latencies', load.id);
  const errorDraw = ctx.random('traffic/errors', load.id);
  const noTarget = tally.outcome({
    front: { scope, loadBalancer, group: '' },
    version: '',
    status: 503,
    reason: 'no target',
  });
  const forks = meeting.groups.map((one, g) => {
    const front = { scope, loadBalancer, group: one.group.dimension };
    const turn = turns[front.group] ?? Math.floor(ctx.random('traffic/turns', load.id)(g) * 1_000_000);
    return forkOf(tally, front, one, turn);
  });
  const groupChoice = weighted(meeting.groups.map(({ share }) => share));
  const anyGroup = meeting.groups.some(({ share }) => share > 0);
  const queue = outstandingIn(meeting, forks, aloft);

  const send = (ordinal: number, at: number): void => {
    const g = forks.length === 1 ? 0 : pick(groupChoice, groupDraw(ordinal));
    const fork = anyGroup ? forks[g] : undefined;
    if (!fork || fork.lanes.length === 0) return tally.add(noTarget, Math.floor(at), 0, 1);
    const l = queue ? queue.choose(g, fork, at, targetDraw, ordinal) : laneFor(fork, targetDraw, ordinal);
    const lane = fork.lanes[l] as Lane;
    if (lane.finding === 'refused') {
      queue?.began(g, l, at + IMMEDIATE_MICROS);
      return tally.add(lane.success.outcome, Math.floor(at), 0, 1);
    }
    let ending = lane.stalled;
    let micros = lane.finding === 'silent' ? CONNECT_TIMEOUT_MICROS : idleMicros;
    if (lane.finding === 'up') {
      const latency = latencyAt(lane.latency, latencyDraw(ordinal));
      if (latency < idleMicros) {
        micros = latency;
        ending = lane.errors.length === 0 ? lane.success : endingFor(lane, errorDraw(ordinal));
      }
    }
    const end = Math.floor(at + micros);
    queue?.began(g, l, end);
    if (end < tally.to) return tally.add(ending.outcome, end, micros, 1);
    if (ending.aloft < 0) ending.aloft = aloft.way(ending.way);
    aloft.push(ending.aloft, end, Math.floor(micros));
  };
  const turnsNow = (): Turns =>
    Object.fromEntries(meeting.groups.map(({ group }, g) => [group.dimension, (forks[g] as Fork).turn]));
  return { send, turnsNow };
}

function laneFor(fork: Fork, draw: (ordinal: number) => number, ordinal: number): number {
  if (fork.algorithm === 'weighted_random') return pick(fork.choice, draw(ordinal));
  fork.turn += 1;
  return inTurn(fork.choice, fork.turn);
}

function endingFor(lane: Lane, draw: number): Ending {
  for (const { upTo, ending } of lane.errors) if (draw < upTo) return ending;
  return lane.success;
}

/** What is outstanding at each target, where a group chooses by that. */
function outstandingIn(
  meeting: Extract<Meeting, { kind: 'forward' }>,
  forks: readonly Fork[],
  aloft: Aloft,
): Outstanding | undefined {
  if (forks.every(({ algorithm }) => algorithm !== 'least_outstanding_requests')) return undefined;
  const queue = new Outstanding(forks);
  const laneAt = new Map<string, readonly [number, number]>();
  meeting.groups.forEach(({ group, places }, g) =>
    places.forEach(({ target }, l) =>
      laneAt.set(`${group.dimension} ${target.instanceId}:${target.port}`, [g, l]),
    ),
  );
  aloft.each(({ front, instanceId, port }, end) => {
    const found = laneAt.get(`${front.group} ${instanceId}:${port}`);
    if (found) queue.began(found[0], found[1], end);
  });
  return queue;
}

/** Requests under way in the order in which they end: a binary heap. */
class Outstanding {
  readonly #forks: readonly Fork[];
  readonly #ends: number[] = [];
  /** Lane and fork of each, as one number. */
  readonly #at: number[] = [];

  constructor(forks: readonly Fork[]) {
    this.#forks = forks;
  }

  choose(g: number, fork: Fork, now: number, draw: (ordinal: number) => number, ordinal: number): number {
    while (this.#ends.length > 0 && (this.#ends[0] as number) <= now) this.#pop();
    if (fork.algorithm !== 'least_outstanding_requests') return laneFor(fork, draw, ordinal);
    const { outstanding } = this.#forks[g] as Fork;
    // Among equals it goes round.
    fork.turn += 1;
    let best = fork.turn % outstanding.length;
    for (let i = 1; i < outstanding.length && (outstanding[best] as number) > 0; i += 1) {
      const l = (fork.turn + i) % outstanding.length;
      if ((outstanding[l] as number) < (outstanding[best] as number)) best = l;
    }
    return best;
  }

  began(g: number, l: number, end: number): void {
    const { outstanding } = this.#forks[g] as Fork;
    outstanding[l] = (outstanding[l] as number) + 1;
    const [ends, at] = [this.#ends, this.#at];
    let place = ends.length;
    ends.push(end);
    at.push(l * this.#forks.length + g);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if ((ends[parent] as number) <= end) break;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #pop(): void {
    const [ends, at] = [this.#ends, this.#at];
    const forks = this.#forks.length;
    const top = at[0] as number;
    const { outstanding } = this.#forks[top % forks] as Fork;
    const l = Math.floor(top / forks);
    outstanding[l] = (outstanding[l] as number) - 1;
    this.#swap(0, ends.length - 1);
    ends.pop();
    at.pop();
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= ends.length) return;
      if (child + 1 < ends.length && (ends[child + 1] as number) < (ends[child] as number)) child += 1;
      if ((ends[place] as number) <= (ends[child] as number)) return;
      this.#swap(place, child);
      place = child;
    }
  }

  #swap(i: number, k: number): void {
    const [ends, at] = [this.#ends, this.#at];
    [ends[i], ends[k]] = [ends[k] as number, ends[i] as number];
    [at[i], at[k]] = [at[k] as number, at[i] as number];
  }
}
