// What the requests of a load meet: the plan of the load balancer, and on each target the application, or why nobody answers.
// Targets that behave alike form one class, so that binned resolution costs by behaviours, not by targets.

import type { Ctx } from '#cloud/ctx.ts';
import { active } from '#cloud/injections.ts';
import { instances, routing } from '#cloud/ports.ts';
import type { Plan, PlanGroup, PlanTarget } from '#cloud/ports.ts';
import { applicationKey, applicationOn } from '#workloads/application.ts';
import type { Application } from '#workloads/application.ts';
import type { ErrorShare } from '#workloads/manifest.ts';
import { meanMicros } from './chance.ts';
import type { Load } from './load.ts';
import { leastOutstandingShares } from './routes.ts';

/**
 * What a connection to a target finds. `up`: an application that answers. `refused`: nobody listens. `hung`: accepted and
 * never answered. `silent`: not even refused, because the machine is gone or the network drops the packets.
 */
export type Finding = 'up' | 'refused' | 'hung' | 'silent';

/** Whether a machine runs. `lost`: its hardware is gone, so that it does not even close its connections. */
export type MachineState = 'on' | 'off' | 'lost';

/** Applications and machines of one account and region, each looked up once per settlement. */
export class Ground {
  readonly #ctx: Ctx;
  readonly #applications = new Map<string, Application | undefined>();
  readonly #lost: ReadonlySet<string>;
  readonly #lostZones: ReadonlySet<string>;

  constructor(ctx: Ctx) {
    this.#ctx = ctx;
    this.#lost = new Set(active(ctx, 'instance-loss').map(({ instanceId }) => instanceId));
    this.#lostZones = new Set(active(ctx, 'zone-loss').map(({ zone }) => zone));
  }

  application(instanceId: string, port: number): Application | undefined {
    const key = applicationKey(instanceId, port);
    if (!this.#applications.has(key)) {
      this.#applications.set(key, applicationOn(this.#ctx, instanceId, port));
    }
    return this.#applications.get(key);
  }

  /** Whether hardware is lost; asked of every target, so it looks no further than it must. */
  lost(instanceId: string, zone?: string): boolean {
    if (this.#lost.has(instanceId)) return true;
    if (this.#lostZones.size === 0) return false;
    const where = zone ?? this.#ctx.port(instances).facts(this.#ctx, instanceId)?.zone;
    return where !== undefined && this.#lostZones.has(where);
  }

  machine(instanceId: string): MachineState {
    if (this.lost(instanceId)) return 'lost';
    const state = this.#ctx.port(instances).facts(this.#ctx, instanceId)?.state;
    return state === undefined || state === 'terminated' || state === 'stopped' ? 'off' : 'on';
  }

  finding({ instanceId, port, zone, blocked }: PlanTarget): Finding {
    if (blocked || this.lost(instanceId, zone)) return 'silent';
    const application = this.application(instanceId, port);
    if (application?.state === 'up') return 'up';
    if (application?.state === 'hung') return 'hung';
    return application || this.machine(instanceId) === 'on' ? 'refused' : 'silent';
  }
}

/** Errors in force: each ends where its part of [0, 1) ends. */
export interface ErrorPart {
  readonly status: number;
  readonly share: number;
}

/** One target of a group, as its requests find it. */
export interface Place {
  readonly target: PlanTarget;
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
  weight: number;
}

export interface GroupMeeting {
  readonly group: PlanGroup;
  /** Share of the load's requests. */
  readonly share: number;
  readonly places: readonly Place[];
  readonly classes: readonly PlaceClass[];
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

/** What the requests of these loads meet. Loads are looked at together because error shares depend on a target's whole rate. */
export function meet(ctx: Ctx, loads: readonly { load: Load; perSecond: number }[]): Meeting[] {
  const grounds = new Map<string, Ground>();
  const groundOf = (scope: string): Ground => {
    let ground = grounds.get(scope);
    if (!ground) grounds.set(scope, (ground = new Ground(ctx.inScope(scope))));
    return ground;
  };
  const drafts = loads.map(({ load: { scope, host, port, path, method }, perSecond }) => {
    const there = ctx.inScope(scope);
    const plan = there.port(routing).plan(there, { host, port, path, method });
    return draft(plan, groundOf, perSecond);
  });
  const rates = new Map<string, number>();
  drafts.forEach((meeting, i) => addRates(rates, meeting, (loads[i] as { perSecond: number }).perSecond));
  return drafts.map((meeting) => (meeting.kind === 'forward' ? withErrors(meeting, rates) : meeting));
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

function draftGroup(ground: Ground, group: PlanGroup, share: number, perSecond: number): GroupMeeting {
  let whole = 0;
  for (const { weight } of group.targets) whole += weight;
  const places = group.targets.map((target): Place => {
    const finding = ground.finding(target);
    const application =
      finding === 'up' || finding === 'hung' ? ground.application(target.instanceId, target.port) : undefined;
    return { target, finding, application, share: whole > 0 ? target.weight / whole : 0, errors: [] };
  });
  if (group.algorithm === 'least_outstanding_requests' && places.length > 0) {
    const classes = classesOf(places);
    const members = classes.map((one) => one.members.length);
    const shares = leastOutstandingShares(members, classes.map(secondsOf), perSecond);
    classes.forEach((one, i) => {
      for (const place of one.members) place.share = (shares[i] as number) / one.members.length;
    });
  }
  return { group, share, places, classes: [] };
}

/** How long a request keeps a place of a class busy, on average. */
function secondsOf({ first: { finding, application } }: PlaceClass): number {
  if (finding === 'silent') return CONNECT_TIMEOUT_MICROS / 1_000_000;
  if (finding === 'hung') return 60;
  return Math.max(IMMEDIATE_MICROS, application ? meanMicros(application.latency) : 0) / 1_000_000;
}

function addRates(rates: Map<string, number>, meeting: Meeting, perSecond: number): void {
  if (meeting.kind !== 'forward') return;
  for (const { share, places } of meeting.groups) {
    for (const { application, target, share: part } of places) {
      if (!application || application.errors.length === 0) continue;
      const key = `${meeting.scope} ${applicationKey(target.instanceId, target.port)}`;
      rates.set(key, (rates.get(key) ?? 0) + perSecond * share * part);
    }
  }
}

type ForwardMeeting = Extract<Meeting, { kind: 'forward' }>;

function withErrors(meeting: ForwardMeeting, rates: ReadonlyMap<string, number>): ForwardMeeting {
  const groups = meeting.groups.map((one) => {
    for (const place of one.places) {
      const errors = place.application?.errors ?? [];
      if (place.finding !== 'up' || errors.length === 0) continue;
      const { instanceId, port } = place.target;
      place.errors = inForce(errors, rates.get(`${meeting.scope} ${applicationKey(instanceId, port)}`) ?? 0);
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

const behaviours = new WeakMap<Application, string>();

function behaviourOf(application: Application): string {
  let text = behaviours.get(application);
  if (text === undefined) {
    const { version, latency, drain } = application;
    behaviours.set(application, (text = JSON.stringify([version, drain, latency])));
  }
  return text;
}

/** Targets by behaviour, in the order in which the first of each stands. */
function classesOf(places: readonly Place[]): PlaceClass[] {
  const found = new Map<string, PlaceClass>();
  for (const place of places) {
    const { finding, application, errors } = place;
    const rest = errors.length === 0 ? '' : JSON.stringify(errors);
    const behaviour = `${finding} ${application ? behaviourOf(application) : ''} ${rest}`;
    const known = found.get(behaviour);
    if (!known) found.set(behaviour, { behaviour, first: place, members: [place], weight: place.share });
    else {
      known.members.push(place);
      known.weight += place.share;
    }
  }
  return [...found.values()];
}
