// Requests under way from one settlement to the next, and what becomes of them when the application or the machine under them
// changes. Instants are microseconds since the load began.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { applicationKey } from '#workloads/application.ts';
import type { Ground } from './ground.ts';
import type { FailureReason } from './load.ts';
import type { Front, Outcome } from './tally.ts';

/**
 * What a request under way waits for: an `answer` of an application, the idle timeout of one that will not answer (`hang`),
 * or the timeout of a connection that does not come about (`connect`).
 */
export type Wait = 'answer' | 'hang' | 'connect';

/** Requests to one target that will end alike, unless something changes. */
export interface Way {
  readonly wait: Wait;
  readonly front: Front;
  readonly instanceId: string;
  readonly port: number;
  /** The application that has the request. */
  readonly version: string;
  readonly drain: boolean;
  readonly status: number;
  readonly reason: FailureReason | '';
}

/** All requests of a load in exact resolution that are under way: request `i` goes `ways[way[i]]` and ends at `ends[i]`. */
export interface Flights {
  readonly load: string;
  readonly ways: readonly Way[];
  readonly way: readonly number[];
  readonly ends: readonly number[];
  /** Latencies. */
  readonly micros: readonly number[];
}

export const flights: Table<Flights> = table<Flights>('traffic/flights', (row) => row.load);

/** Targets that behave alike, as they were when requests were sent to them. */
export interface Crew {
  readonly id: string;
  readonly load: string;
  readonly behaviour: string;
  readonly front: Front;
  readonly version: string;
  readonly drain: boolean;
  /** Keys of their applications, as by `applicationKey`. */
  readonly members: readonly string[];
}

export const crews: Table<Crew> = table<Crew>('traffic/crews', (row) => row.id, { load: (row) => row.load });

/** Requests that end at even pace between two instants: flat list of from, to, latency, count. */
export type Pieces = readonly number[];

/** Requests of a load in binned resolution that are under way at a crew, by `wait|version|status|reason`. */
export interface Cohort {
  readonly crew: string;
  readonly load: string;
  readonly pieces: Readonly<Record<string, Pieces>>;
}

export const cohorts: Table<Cohort> = table<Cohort>('traffic/cohorts', (row) => row.crew, {
  load: (row) => row.load,
});

/** What becomes of a request under way. `stalls`: nothing will answer it any more, and nothing closes the connection. */
export type Fate = 'continues' | 'stalls' | 'cut off';

/** What the fate of requests depends on, besides what holds at the target. */
type Sent = Pick<Way, 'version' | 'drain' | 'wait'>;

/** The fate of requests at a target under what holds now. */
export function fateOf(
  ground: Ground,
  { instanceId, port, ...sent }: Sent & Pick<Way, 'instanceId' | 'port'>,
): Fate {
  return fateAt(ground, applicationKey(instanceId, port), sent);
}

/** The same at a target that is named by the key of its application. */
export function fateAt(ground: Ground, key: string, { version, drain, wait }: Sent): Fate {
  if (wait === 'connect') return 'continues';
  if (ground.losses && ground.lost(instanceOf(key))) return wait === 'hang' ? 'continues' : 'stalls';
  const application = ground.applicationAt(key);
  if (application?.version === version && application.state !== 'starting') {
    return application.state === 'hung' && wait === 'answer' ? 'stalls' : 'continues';
  }
  // The process that had the request is gone.
  return drain && wait === 'answer' && ground.machine(instanceOf(key)) === 'on' ? 'continues' : 'cut off';
}

function instanceOf(key: string): string {
  return key.slice(0, key.lastIndexOf(':'));
}

/** How requests end that are cut off, at the load balancer's 502. */
export function cutOff(front: Front): Outcome {
  return { front, version: '', status: 502, reason: 'cut off' };
}

/** How requests end that nobody answers, at the load balancer's 504. */
export function timedOut(front: Front): Outcome {
  return { front, version: '', status: 504, reason: 'timeout' };
}
