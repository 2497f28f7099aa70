// What the requests of a load meet: the plan of the load balancer, and on each target the application, or why nobody answers.
// Targets that behave alike form one class, so that binned resolution costs by behaviours, not by targets.

import type { Ctx } from '#cloud/ctx.ts';
import { routing } from '#cloud/ports/routing.ts';
import type { Plan, PlanGroup, PlanTarget } from '#cloud/ports/routing.ts';
import type { Application } from '#workloads/application.ts';
import type { ErrorShare } from '#workloads/manifest.ts';
import { meanMicros } from './chance.ts';
import { Ground, keyOf } from './ground.ts';
import type { Finding, Sight, Spot } from './ground.ts';
import type { Load } from './load.ts';
import { leastOutstandingShares } from './routes.ts';

/** Errors in force: each ends where its part of [0, 1) ends. */
export interface ErrorPart {
  readonly status: number;
  readonly share: number;
}
const NO_ERRORS: readonly ErrorPart[] = [];

/** One target of a group, as its requests find it. */
export interface Place {
  readonly target: PlanTarget;
  readonly spot: Spot;
  readonly finding: Finding;
  readonly application: Application | undefined;
  /** Expected share of the group's requests. */
  share: number;
  errors: readonly ErrorPart[];
}

/** Targets of a group that behave alike. */
export interface PlaceClass {
  /** What they have in common, as text. */
  readonly behaviour: string;
  readonly first: Place;
  readonly members: Place[];
  /** Keys of the members' applications. */
  readonly keys: string[];
  weight: number;
}

export interface GroupMeeting {
  readonly group: PlanGroup;
  /** Share of the load's requests. */
  readonly share: number;
  readonly places: readonly Place[];
  readonly classes: readonly PlaceClass[];
  /** No application here fails by itself, so that the classes are complete. */
  readonly sound: boolean;
}

/** What all requests of a load meet during one interval. */
export type Meeting =
  | { readonly kind: 'unreachable' }
  | {
      readonly kind: 'respond';
      readonly loadBalancer: string;
      readonly scope: string;
      readonly status: number;
    }
  | {
      readonly kind: 'forward';
      readonly loadBalancer: string;
      readonly scope: string;
      readonly idleMicros: number;
      readonly ground: Ground;
      readonly groups: readonly GroupMeeting[];
    };

/** A connection that nobody answers is given up after 10 s: load-balancer-troubleshooting.html#http-504-issues. */
export const CONNECT_TIMEOUT_MICROS = 10_000_000;
/** How long a refusal takes, and an answer of the load balancer's own. */
export const IMMEDIATE_MICROS = 1000;

/** A load, and the load balancers' names to which its requests go, with their shares. */
export interface LoadToMeet {
  readonly load: Load;
  readonly perSecond: number;
  readonly hosts: readonly { readonly host: string; readonly share: number }[];
}

/** What a share of a load's requests meets: those whose clients have been told one name. */
export interface Branch {
  readonly share: number;
  readonly meeting: Meeting;
}

/** The idle timeout of the load balancer that has a request; the default where it is no longer known. */
export function idleMicrosOf(branches: readonly Branch[], loadBalancer: string): number {
  for (const { meeting } of branches) {
    if (meeting.kind === 'forward' && meeting.loadBalancer === loadBalancer) return meeting.idleMicros;
  }
  return 60_000_000;
}

/** What the requests of these loads meet. Loads are looked at together because error shares depend on a target's whole rate. */
export function meet(ctx: Ctx, loads: readonly LoadToMeet[]): Branch[][] {
  const grounds = new Map<string, Ground>();
  const groundOf = (scope: string): Ground => {
    let ground = grounds.get(scope);
    if (!ground) grounds.set(scope, (ground = new Ground(ctx.inScope(scope))));
    return ground;
  };
  const drafts = loads.map(({ load: { scope, host: name, port, path, method }, perSecond, hosts }) => {
    const there = ctx.inScope(scope);
    return hosts.map(({ host, share }) => {
      const request = { host, port, path, method, ...(host === name ? {} : { hostHeader: name }) };
      const plan = host === '' ? undefined : there.port(routing).plan(there, request);
      return { share, meeting: draft(plan, groundOf, perSecond * share) };
    });
  });
  const rates = new Map<string, number>();
  drafts.forEach((branches, i) => {
    const { perSecond } = loads[i] as LoadToMeet;
    for (const { meeting, share } of branches) addRates(rates, meeting, perSecond * share);
  });
  return drafts.map((branches) =>
    branches.map(({ share, meeting }) => ({
      share,
      meeting: meeting.kind === 'forward' ? withErrors(meeting, rates) : meeting,
    })),
  );
}

function draft(plan: Plan | undefined, groundOf: (scope: string) => Ground, perSecond: number): Meeting {
  if (!plan || plan.kind === 'refused') return { kind: 'unreachable' };
  const { loadBalancer, scope } = plan;
  if (plan.kind === 'respond') return { kind: 'respond', loadBalancer, scope, status: plan.status };
  const ground = groundOf(scope);
  const whole = plan.groups.reduce((sum, { weight }) => sum + weight, 0);
  const groups = plan.groups.map((group) => {
    const share = whole > 0 ? group.weight / whole : 0;
    return draftGroup(ground, group, share, perSecond * share);
  });
  return { kind: 'forward', loadBalancer, scope, idleMicros: plan.idleTimeoutMs * 1000, ground, groups };
}

/** The last draft of a group, to begin the next one from: one or two of a thousand targets have changed. */
interface Kept {
  readonly targets: PlanGroup['targets'];
  readonly revision: number;
  readonly places: readonly Place[];
  readonly classes: readonly PlaceClass[];
}

/** By what is kept of an account and region, then by target group. */
const drafts = new WeakMap<Sight, Map<string, Kept>>();

function draftGroup(ground: Ground, group: PlanGroup, share: number, perSecond: number): GroupMeeting {
  const { targets, algorithm, targetGroupArn } = group;
  const { sight, losses } = ground;
  let ofSight = drafts.get(sight);
  if (!ofSight) drafts.set(sight, (ofSight = new Map()));
  const kept = losses ? undefined : ofSight.get(targetGroupArn);
  if (kept?.targets === targets && kept.revision === sight.revision) {
    return { group, share, places: kept.places, classes: kept.classes, sound: true };
  }
  const places = placesOf(ground, targets, kept?.places ?? []);
  const sound = places.every(({ application }) => !application || application.errors.length === 0);
  if (algorithm === 'least_outstanding_requests' && places.length > 0) {
    shareByOutstanding(places, perSecond);
    return { group, share, places, classes: [], sound: false };
  }
  if (!sound) return { group, share, places, classes: [], sound };
  const classes = classesOf(places);
  if (!losses && places.every(({ spot }) => spot.lasting)) {
    ofSight.set(targetGroupArn, { targets, revision: sight.revision, places, classes });
  }
  return { group, share, places, classes, sound };
}

/** Places that are known stay; both lists are in key order. */
function placesOf(ground: Ground, targets: PlanGroup['targets'], last: readonly Place[]): Place[] {
  let whole = 0;
  for (const { weight } of targets) whole += weight;
  let at = 0;
  return targets.map((target) => {
    const share = whole > 0 ? target.weight / whole : 0;
    if (last[at]?.target !== target) {
      const key = keyOf(target);
      while (at < last.length && (last[at] as Place).spot.key < key) at += 1;
    }
    const known = last[at];
    if (known?.target === target) {
      at += 1;
      if (!known.spot.gone) {
        known.share = share;
        known.errors = NO_ERRORS;
        return known;
      }
    }
    const spot = ground.spot(target);
    const { finding, application } = spot;
    return { target, spot, finding, application, share, errors: NO_ERRORS };
  });
}

function shareByOutstanding(places: readonly Place[], perSecond: number): void {
  const classes = classesOf(places);
  const members = classes.map((one) => one.members.length);
  const shares = leastOutstandingShares(members, classes.map(secondsOf), perSecond);
  classes.forEach((one, i) => {
    for (const place of one.members) place.share = (shares[i] as number) / one.members.length;
  });
}

/** How long a request keeps a place of a class busy, on average. */
function secondsOf({ first: { finding, application } }: PlaceClass): number {
  if (finding === 'silent') return CONNECT_TIMEOUT_MICROS / 1_000_000;
  if (finding === 'hung') return 60;
  return Math.max(IMMEDIATE_MICROS, application ? meanMicros(application.latency) : 0) / 1_000_000;
}

function addRates(rates: Map<string, number>, meeting: Meeting, perSecond: number): void {
  if (meeting.kind !== 'forward') return;
  for (const { share, places, sound } of meeting.groups) {
    if (sound) continue;
    for (const { application, spot, share: part } of places) {
      if (!application || application.errors.length === 0) continue;
      const key = `${meeting.scope} ${spot.key}`;
      rates.set(key, (rates.get(key) ?? 0) + perSecond * share * part);
    }
  }
}

type ForwardMeeting = Extract<Meeting, { kind: 'forward' }>;

function withErrors(meeting: ForwardMeeting, rates: ReadonlyMap<string, number>): ForwardMeeting {
  const groups = meeting.groups.map((one) => {
    if (one.sound) return one;
    for (const place of one.places) {
      const errors = place.application?.errors ?? [];
      if (place.finding !== 'up' || errors.length === 0) continue;
      place.errors = inForce(errors, rates.get(`${meeting.scope} ${place.spot.key}`) ?? 0);
    }
    return { ...one, classes: classesOf(one.places) };
  });
  return { ...meeting, groups };
}

/** Shares of requests that fail at a rate; together no more than all. */
function inForce(errors: readonly ErrorShare[], perSecond: number): ErrorPart[] {
  const found: ErrorPart[] = [];
  let upTo = 0;
  for (const { status, perMillion, abovePerSecond } of errors) {
    if (perSecond <= abovePerSecond) continue;
    const share = Math.min(perMillion / 1_000_000, 1 - upTo);
    upTo += share;
    found.push({ status, share });
  }
  return found;
}

/** Targets by behaviour, in the order in which the first of each stands. */
function classesOf(places: readonly Place[]): PlaceClass[] {
  const found: PlaceClass[] = [];
  let known: PlaceClass | undefined;
  for (const place of places) {
    if (!known || !alike(known.first, place)) {
      known = found.find(({ first }) => alike(first, place));
      if (!known) {
        const behaviour = place.spot.behaviour + describe(place.errors);
        found.push((known = { behaviour, first: place, members: [], keys: [], weight: 0 }));
      }
    }
    known.members.push(place);
    known.keys.push(place.spot.key);
    known.weight += place.share;
  }
  return found;
}

function alike(one: Place, other: Place): boolean {
  if (one.spot.behaviour !== other.spot.behaviour) return false;
  return one.errors === other.errors || describe(one.errors) === describe(other.errors);
}

function describe(errors: readonly ErrorPart[]): string {
  return errors.length === 0 ? '' : JSON.stringify(errors);
}
