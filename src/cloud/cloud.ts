// The services of one composition, and the one path on which every operation runs, whoever calls it: authorize, refuse what
// is not modelled, run under a savepoint, tell the journal.

import { World } from '#world/index.ts';
import type { BlobShelf, Part, Primitives, Snapshot, TimerHandler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { loadContract } from '#contract/load.ts';
import { validate, validationFault } from '#contract/validate.ts';
import { authorize, decisionOn } from './authorize.ts';
import type { Caller, Outcome } from './caller.ts';
import { Ctx, GLOBAL } from './ctx.ts';
import type { Surroundings } from './ctx.ts';
import { endpoints } from './endpoint.ts';
import type { Door } from './endpoint.ts';
import { injectedFault, injections } from './injections.ts';
import { required } from './ports.ts';
import { identity } from './ports/identity.ts';
import { traffic } from './ports/traffic.ts';
import type { Port } from './port.ts';
import { principalName } from './principal.ts';
import type { Principal } from './principal.ts';
import { notModelled, refuseUnmodelled } from './refuse.ts';
import type { Service } from './service.ts';
import { timingChoices, timingUses } from './timing.ts';
import { answerOf, waitDue, Waiting, waits } from './waiting.ts';
import type { ReplyTo, Wait } from './waiting.ts';
import { deliver, waitDueHandler } from './waits.ts';

/** A part that is no AWS service: a workload driver, the traffic engine. */
export interface CloudPart extends Part<Ctx> {
  readonly provides?: Service['provides'];
}

export class Cloud implements Surroundings {
  readonly services: ReadonlyMap<string, Service>;
  /** What services answer besides their APIs. */
  readonly doors: readonly Door[];
  readonly #ports: ReadonlyMap<string, object>;
  readonly #parts: readonly Part<Ctx>[];

  constructor(services: readonly Service[], parts: readonly CloudPart[]) {
    this.services = new Map(services.map((service) => [service.contract, service]));
    this.doors = services.flatMap((service) => service.doors);
    this.#ports = portsOf([...services, ...parts]);
    this.#parts = [
      {
        name: 'cloud',
        tables: [waits, timingChoices, timingUses, injections, endpoints],
        timers: [waitDueHandler as TimerHandler<unknown, Ctx>],
      },
      ...services.map((service) => ({ ...service, name: service.contract })),
      ...parts,
    ];
  }

  /** Refuses a cloud in which something that others ask for is missing. Tests of single services do without. */
  complete(): this {
    const missing = required.filter(({ name }) => !this.#ports.has(name)).map(({ name }) => name);
    if (missing.length > 0) throw new Error(`Nothing stands behind the ports ${missing.join(', ')}.`);
    return this;
  }

  /** A new world with this cloud in it. */
  world(options: {
    seed: string;
    startAt: number;
    primitives: Primitives;
    journalTail?: number;
    blobs?: BlobShelf;
  }): World<Ctx> {
    return new World<Ctx>({ ...options, ...this.#worldOptions() });
  }

  /** A saved world, opened again. */
  open(snapshot: Snapshot, primitives: Primitives, blobs?: BlobShelf): World<Ctx> {
    const shelf = blobs ? { blobs } : {};
    return World.open<Ctx>({ primitives, ...shelf, ...this.#worldOptions() }, snapshot);
  }

  port<I extends object>(port: Port<I>): I {
    const behind = this.#ports.get(port.name);
    if (!behind) throw new Error(`Nothing stands behind the port ${port.name}.`);
    return behind as I;
  }

  stands({ name }: Port<object>): boolean {
    return this.#ports.has(name);
  }

  run(ctx: Ctx, serviceId: string, operation: string, input: unknown, as: Caller): Outcome {
    const from = ctx.kernel.store.mark();
    let principal: Principal | undefined;
    try {
      principal = this.principalOf(ctx, as);
      const output = this.#run(ctx, serviceId, operation, input as Record<string, unknown>, principal);
      return { ok: true, output };
    } catch (error) {
      ctx.kernel.store.rollback(from);
      if (!(error instanceof Fault)) throw error;
      const by = principal ? principalName(principal) : (as as { roleArn: string }).roleArn;
      ctx.note('fault', { service: serviceId, operation, by, shape: error.shape, message: error.message });
      return { ok: false, fault: error };
    }
  }

  ask(
    ctx: Ctx,
    service: string,
    operation: string,
    input: unknown,
    as: Caller,
    replyTo: ReplyTo,
  ): string | undefined {
    const outcome = this.run(ctx, service, operation, input, as);
    if (outcome.ok && outcome.output instanceof Waiting) {
      return this.park(
        ctx,
        { service, operation, input, principal: this.principalOf(ctx, as), replyTo },
        outcome.output,
      );
    }
    deliver(ctx, { id: '', replyTo }, answerOf(outcome));
    return undefined;
  }

  principalOf(ctx: Ctx, as: Caller): Principal {
    return 'roleArn' in as && !('type' in as) ? this.port(identity).assumeFor(ctx, as) : as;
  }

  allows(ctx: Ctx, serviceId: string, action: string, resource: string): boolean {
    const service = this.services.get(serviceId);
    return service !== undefined && decisionOn(ctx, service, action, resource).allowed;
  }

  problemOf(
    serviceId: string,
    operationName: string,
    input: Readonly<Record<string, unknown>>,
  ): Fault | undefined {
    const service = this.services.get(serviceId);
    if (!service) return undefined;
    const contract = loadContract(service.contract);
    const operation = contract.operation(operationName);
    const violations = (operation ? validate(contract, operation, input) : []).filter(
      (violation) => !service.tolerates?.(operationName, violation),
    );
    if (violations.length === 0) return undefined;
    return service.invalid?.(operationName, violations) ?? validationFault(contract, violations);
  }

  /** Keeps a request until what it waits for comes, or its deadline. Returns its id. */
  park(ctx: Ctx, request: Omit<Wait, 'id' | 'key' | 'deadline'>, waiting: Waiting): string {
    const { key, deadline, patient, told } = waiting;
    const id = ctx.uuid('request');
    if (told) {
      ctx.put(waits, { id, ...request, input: {}, key, deadline }); // It is never run again.
      return id;
    }
    ctx.put(waits, { id, ...request, key, deadline });
    if (!patient || request.replyTo.to === 'client') ctx.schedule(waitDue, deadline, { id });
    return id;
  }

  #run(
    ctx: Ctx,
    serviceId: string,
    operation: string,
    input: Record<string, unknown>,
    principal: Principal,
  ): unknown {
    const service = this.services.get(serviceId);
    const handler = service?.operations[operation];
    if (!service || !handler) throw notModelled(serviceId, operation);
    const account = principal.type === 'anonymous' ? ctx.account : principal.account;
    const region = service.global ? GLOBAL : ctx.region;
    const inside = new Ctx(ctx.kernel, `${account}/${region}`, this, principal);
    refuseUnmodelled(service, operation, input);
    authorize(inside, service, operation, input);
    const injected = injectedFault(inside, serviceId, operation);
    if (injected) throw injected;
    return handler(inside, input);
  }

  #worldOptions(): {
    parts: readonly Part<Ctx>[];
    enter: (kernel: Ctx['kernel'], scope: string) => Ctx;
    settle: (ctx: Ctx) => void;
  } {
    const settler = this.#ports.get(traffic.name) as { settle(ctx: Ctx): void } | undefined;
    return {
      parts: this.#parts,
      enter: (kernel, scope) => new Ctx(kernel, scope, this),
      settle: (ctx) => settler?.settle(ctx),
    };
  }
}

function portsOf(parts: readonly { provides?: Service['provides'] }[]): Map<string, object> {
  const found = new Map<string, { port: Port<object>; behind: object[] }>();
  for (const { port, behind } of parts.flatMap((part) => part.provides ?? [])) {
    const known = found.get(port.name);
    if (!known) found.set(port.name, { port, behind: [behind] });
    else if (port.together) known.behind.push(behind);
    else throw new Error(`Two parts stand behind the port ${port.name}.`);
  }
  return new Map(
    [...found].map(([name, { port, behind }]) => {
      const [first] = behind;
      return [name, (behind.length > 1 && port.together?.(behind)) || (first as object)];
    }),
  );
}
