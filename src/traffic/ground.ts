// The ground under a load balancer: applications and machines of one account and region. A settlement asks for each target, of
// which there may be a thousand, while one or two have changed since the last: what was found is kept until it changes.

import type { Memo } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { active } from '#cloud/injections.ts';
import { instances } from '#cloud/ports/instances.ts';
import type { PlanTarget } from '#cloud/ports/routing.ts';
import { applicationKey, applications } from '#workloads/application.ts';
import type { Application } from '#workloads/application.ts';

/**
 * What a connection to a target finds. `up`: an application that answers. `refused`: nobody listens. `hung`: accepted and
 * never answered. `silent`: not even refused, because the machine is gone or the network drops the packets.
 */
export type Finding = 'up' | 'refused' | 'hung' | 'silent';

/** Whether a machine runs. `lost`: its hardware is gone, so that it does not even close its connections. */
export type MachineState = 'on' | 'off' | 'lost';

/** What was found at one target. */
export interface Spot {
  /** Of its application. */
  readonly key: string;
  readonly finding: Finding;
  readonly application: Application | undefined;
  /** Equal where requests fare alike, but for errors that depend on their rate. */
  readonly behaviour: string;
  /** Nothing but the application's row can change it. */
  readonly lasting: boolean;
  /** The application's row has changed since. */
  gone: boolean;
}

/** What is kept of one account and region. */
export interface Sight {
  /** Lasting spots by key. */
  readonly spots: Map<string, Spot>;
  /** Each behaviour that was met, so that equal texts are one object. */
  readonly behaviours: Map<string, string>;
  /** Raised whenever a lasting spot goes. */
  revision: number;
}

const sights: Memo<Map<string, Sight>, Application> = {
  table: applications,
  empty: () => new Map(),
  changed(kept, scope, before, after) {
    const sight = kept.get(scope);
    const { instanceId, port } = (after ?? before) as Application;
    const spot = sight?.spots.get(applicationKey(instanceId, port));
    if (!sight || !spot) return;
    spot.gone = true;
    sight.spots.delete(spot.key);
    sight.revision += 1;
  },
};

const keys = new WeakMap<PlanTarget, string>();

/** The key of the application of a target. */
export function keyOf(target: PlanTarget): string {
  let key = keys.get(target);
  if (key === undefined) keys.set(target, (key = applicationKey(target.instanceId, target.port)));
  return key;
}

/** Applications and machines of one account and region, as they are at a settlement. */
export class Ground {
  readonly #ctx: Ctx;
  readonly #lost: ReadonlySet<string>;
  readonly #lostZones: ReadonlySet<string>;
  /** Whether any hardware is lost. */
  readonly losses: boolean;
  readonly sight: Sight;

  constructor(ctx: Ctx) {
    this.#ctx = ctx;
    this.#lost = new Set(active(ctx, 'instance-loss').map(({ instanceId }) => instanceId));
    this.#lostZones = new Set(active(ctx, 'zone-loss').map(({ zone }) => zone));
    this.losses = this.#lost.size + this.#lostZones.size > 0;
    const kept = ctx.memo(sights);
    let sight = kept.get(ctx.scope);
    if (!sight) kept.set(ctx.scope, (sight = { spots: new Map(), behaviours: new Map(), revision: 0 }));
    this.sight = sight;
  }

  application(instanceId: string, port: number): Application | undefined {
    return this.applicationAt(applicationKey(instanceId, port));
  }

  /** The application under a key as by `applicationKey`. */
  applicationAt(key: string): Application | undefined {
    return this.sight.spots.get(key)?.application ?? this.#ctx.get(applications, key);
  }

  /** Whether hardware is lost; asked of every target, so it looks no further than it must. */
  lost(instanceId: string, zone?: string): boolean {
    if (!this.losses) return false;
    if (this.#lost.has(instanceId)) return true;
    if (this.#lostZones.size === 0) return false;
    const where = zone ?? this.#ctx.port(instances).facts(this.#ctx, instanceId)?.zone;
    return where !== undefined && this.#lostZones.has(where);
  }

  machine(instanceId: string): MachineState {
    if (this.lost(instanceId)) return 'lost';
    const ec2 = this.#ctx.port(instances);
    const state = ec2.facts(this.#ctx, instanceId)?.state;
    if (state === undefined) return ec2.lent(this.#ctx, instanceId) ? 'on' : 'off';
    return state === 'terminated' || state === 'stopped' ? 'off' : 'on';
  }

  /** What a target's requests find, and the application if they reach one. */
  spot(target: PlanTarget): Spot {
    const key = keyOf(target);
    const lost = target.blocked || this.lost(target.instanceId, target.zone);
    if (lost) return this.#spotOf(key, 'silent', undefined, false);
    const { spots } = this.sight;
    const known = spots.get(key);
    if (known) return known;
    const spot = this.#look(target, key);
    if (spot.lasting) spots.set(key, spot);
    return spot;
  }

  #look({ instanceId }: PlanTarget, key: string): Spot {
    const application = this.applicationAt(key);
    if (application?.state === 'up' || application?.state === 'hung') {
      return this.#spotOf(key, application.state, application, true);
    }
    const finding = application || this.machine(instanceId) === 'on' ? 'refused' : 'silent';
    return this.#spotOf(key, finding, undefined, application !== undefined);
  }

  #spotOf(key: string, finding: Finding, application: Application | undefined, lasting: boolean): Spot {
    const text = `${finding} ${application ? behaviourOf(application) : ''} `;
    const { behaviours } = this.sight;
    let behaviour = behaviours.get(text);
    if (behaviour === undefined) behaviours.set(text, (behaviour = text));
    return { key, finding, application, behaviour, lasting, gone: false };
  }
}

function behaviourOf({ version, latency, drain }: Application): string {
  return JSON.stringify([version, drain, latency]);
}
