// A world under simulation: typed calls straight into the cloud, as root of the default account, and time in single steps.

import { DEFAULT_ACCOUNT, DEFAULT_REGION } from '#cloud/authenticate.ts';
import type { Outcome } from '#cloud/caller.ts';
import type { Cloud } from '#cloud/cloud.ts';
import type { Input, OperationName, Output, ServiceId } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { rootOf } from '#cloud/principal.ts';
import { Waiting } from '#cloud/waiting.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import { primitives } from '#runtime/primitives.ts';
import type { Snapshot, World } from '#world/index.ts';
import type { Draw } from './draw.ts';

export const SCOPE: string = `${DEFAULT_ACCOUNT}/${DEFAULT_REGION}`;

/** Something that happens in a simulation. */
export type Disturb = (stage: Stage, draw: Draw) => void;

/** Looks at the world after each transition; throws where something is wrong. */
export interface Watch {
  look(): void;
}

export class Stage {
  readonly cloud: Cloud;
  readonly world: World<Ctx>;
  watch: Watch | undefined;
  /** Faults by their shape, for people: a simulation in which everything is refused tests nothing. */
  readonly faults = new Map<string, number>();
  calls = 0;

  constructor(cloud: Cloud, world: World<Ctx>) {
    this.cloud = cloud;
    this.world = world;
  }

  get now(): number {
    return this.world.now;
  }

  call<S extends ServiceId, O extends OperationName<S>>(
    service: S,
    operation: O,
    input: Input<S, O>,
  ): Outcome<Output<S, O>> {
    const principal = rootOf(DEFAULT_ACCOUNT);
    const global = this.cloud.services.get(service)?.global;
    const scope = `${DEFAULT_ACCOUNT}/${global ? 'global' : DEFAULT_REGION}`;
    const cause = { kind: 'input', name: `${service}:${operation}`, detail: input } as const;
    const outcome = this.world.transact(scope, cause, (ctx): Outcome => {
      const inside = ctx.inScope(SCOPE);
      const given = this.cloud.run(inside, service, operation, input, principal);
      if (!given.ok || !(given.output instanceof Waiting)) return given;
      const request = { service, operation, input, principal, replyTo: { to: 'client' } } as const;
      this.cloud.park(inside, request, given.output);
      return { ok: true, output: {} };
    });
    this.calls += 1;
    if (!outcome.ok) {
      const name = `${service}:${operation} ${outcome.fault.shape}: ${outcome.fault.message}`;
      this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
    }
    this.watch?.look();
    return outcome as Outcome<Output<S, O>>;
  }

  /** Counts the answer to a request that went through a gateway. */
  told(wire: WireRequest, { status }: WireResponse): void {
    this.calls += 1;
    if (status < 400) return;
    const operation = wire.headers['x-amz-target'] ?? `${wire.method} ${wire.headers['content-type'] ?? ''}`;
    const name = `${status} for ${operation}`;
    this.faults.set(name, (this.faults.get(name) ?? 0) + 1);
  }

  /** A call that must succeed. */
  make<S extends ServiceId, O extends OperationName<S>>(
    service: S,
    operation: O,
    input: Input<S, O>,
  ): Output<S, O> {
    const outcome = this.call(service, operation, input);
    if (!outcome.ok)
      throw new Error(`${service} ${operation}: ${outcome.fault.shape}: ${outcome.fault.message}`);
    return outcome.output;
  }

  look<Q>(what: (ctx: Ctx) => Q): Q {
    return this.world.read(SCOPE, what);
  }

  act<Q>(name: string, what: (ctx: Ctx) => Q): Q {
    const result = this.world.transact(SCOPE, { kind: 'script', name }, what);
    this.watch?.look();
    return result;
  }

  /** Moves time on by `ms`. */
  advance(ms: number): void {
    const limit = this.world.now + ms;
    while (this.step(limit));
    this.world.advance(limit);
  }

  step(limit?: number): boolean {
    const moved = this.world.step(limit);
    if (moved) this.watch?.look();
    return moved;
  }

  /** Moves time until `done`; false when that does not come about in `withinMs`. */
  until(done: () => boolean, withinMs: number): boolean {
    const limit = this.world.now + withinMs;
    while (!done()) if (!this.step(limit)) return false;
    return true;
  }

  fork(): Stage {
    return new Stage(this.cloud, this.world.fork());
  }

  /** The same world after a journey through JSON. */
  reopened(): Stage {
    const { blobs, ...rest } = this.world.save();
    const spelled = blobs.map(([hash, bytes]) => [hash, [...bytes]] as const);
    const text = JSON.stringify({ ...rest, blobs: spelled });
    const read = JSON.parse(text) as Omit<Snapshot, 'blobs'> & { blobs: [string, number[]][] };
    const snapshot: Snapshot = {
      ...read,
      blobs: read.blobs.map(([hash, bytes]) => [hash, Uint8Array.from(bytes)]),
    };
    return new Stage(this.cloud, this.cloud.open(snapshot, primitives));
  }
}
