// The context of everything that happens in the cloud: a transition that knows accounts, regions, services and principals.

import { Transition } from '#world/index.ts';
import type { Fault } from '#contract/fault.ts';
import type { Kernel, TimerKind } from '#world/index.ts';
import type { Caller, Outcome } from './caller.ts';
import type { Input, OperationName, Output, ServiceId } from './contracts.ts';
import type { Port } from './port.ts';
import { rootOf } from './principal.ts';
import type { Principal } from './principal.ts';
import { duration, timingChoices, timingUses } from './timing.ts';
import type { Timing } from './timing.ts';
import { Waiting, waits, waitDue } from './waiting.ts';
import type { ReplyTo } from './waiting.ts';

/** The cloud around a context: what stands behind its calls. */
export interface Surroundings {
  /** What stands behind a port. */
  port<I extends object>(port: Port<I>): I;
  /** Whether anything stands behind a port: not every cloud has all parts. */
  stands(port: Port<object>): boolean;
  /** Runs an operation on behalf of a caller. Never throws a `Fault`: it is the outcome. */
  run(ctx: Ctx, service: string, operation: string, input: unknown, as: Caller): Outcome;
  /** Runs an operation that may wait, for a reply that may come later. Returns the parked request's id if it waits. */
  ask(
    ctx: Ctx,
    service: string,
    operation: string,
    input: unknown,
    as: Caller,
    replyTo: ReplyTo,
  ): string | undefined;
  /**
   * What an operation would answer to an input that breaks the constraints of its contract, if it does. The gateway asks for
   * every request of a client; whoever passes on to `run` what users wrote asks for that.
   */
  problemOf(service: string, operation: string, input: Readonly<Record<string, unknown>>): Fault | undefined;
  /** Who a caller is to IAM. Throws `Fault` where a role cannot be assumed. */
  principalOf(ctx: Ctx, as: Caller): Principal;
  /** Whether IAM would let the principal of `ctx` do something more, which decides how some errors are worded. */
  allows(ctx: Ctx, service: string, action: string, resource: string): boolean;
}

/** Region of the rows of account-wide services. */
export const GLOBAL = 'global';

export class Ctx extends Transition {
  readonly cloud: Surroundings;
  readonly account: string;
  readonly region: string;
  /** Who made the request that is being served; root where none is. */
  readonly principal: Principal;

  constructor(kernel: Kernel, scope: string, cloud: Surroundings, principal?: Principal) {
    super(kernel, scope);
    const slash = scope.indexOf('/');
    this.cloud = cloud;
    this.account = slash < 0 ? '' : scope.slice(0, slash);
    this.region = slash < 0 ? '' : scope.slice(slash + 1);
    this.principal = principal ?? rootOf(this.account);
  }

  /** The same instant in another scope. */
  inScope(scope: string): Ctx {
    return scope === this.scope ? this : new Ctx(this.kernel, scope, this.cloud, this.principal);
  }

  /** The same instant on behalf of somebody else. */
  as(principal: Principal): Ctx {
    return new Ctx(this.kernel, this.scope, this.cloud, principal);
  }

  /** The same instant in another account or region. */
  in({ account = this.account, region = this.region }: { account?: string; region?: string }): Ctx {
    return this.inScope(`${account}/${region}`);
  }

  /** Rows that belong to the world and to no account: injections, load, names that are unique everywhere. */
  get everywhere(): Ctx {
    return this.inScope('');
  }

  /** An ARN in this account and region: `ctx.arn('sns', topicName)`. */
  arn(service: string, resource: string): string {
    const region = this.region === GLOBAL ? '' : this.region;
    return `arn:aws:${service}:${region}:${this.account}:${resource}`;
  }

  /** What stands behind a port. */
  port<I extends object>(port: Port<I>): I {
    return this.cloud.port(port);
  }

  /** How long something takes (ms). `key` is its logical identity, such as a group and an ordinal. */
  duration(timing: Timing, key: string, ordinal: number = 0): number {
    const world = this.everywhere;
    if (!world.get(timingUses, timing.name)) {
      const { name, evidence, source, typical } = timing;
      world.put(timingUses, { name, evidence, source, typical });
    }
    return duration(timing, world.get(timingChoices, 'timings'), this.random(timing.name, key)(ordinal));
  }

  /**
   * Calls an operation of another service, as AWS does behind the scenes. IAM decides as for any request. A fault of the
   * callee undoes what the callee did, and only that. Operations that wait cannot be called; `ask` them.
   */
  call<S extends ServiceId, O extends OperationName<S>>(
    service: S,
    operation: O,
    input: Input<S, O>,
    as: Caller,
  ): Outcome<Output<S, O>> {
    const outcome = this.cloud.run(this, service, operation, input, as);
    if (outcome.ok && outcome.output instanceof Waiting)
      throw new Error(`${service} ${operation} waits: ask it, do not call it.`);
    return outcome as Outcome<Output<S, O>>;
  }

  /**
   * Asks an operation that may wait. Its answer arrives as the payload member `answer` (`Answer`) of a timer of the kind
   * `then`, in a transition of its own. Returns the id of the parked request, or nothing where it was answered at once.
   */
  ask<S extends ServiceId, O extends OperationName<S>, P extends object>(
    service: S,
    operation: O,
    input: Input<S, O>,
    as: Caller,
    then: { kind: TimerKind<P & { answer: unknown }>; payload: P },
  ): string | undefined {
    const replyTo = { to: 'timer', kind: then.kind.name, scope: this.scope, payload: then.payload } as const;
    return this.cloud.ask(this, service, operation, input, as, replyTo);
  }

  /** For operations: answer later, when `key` is woken or at `deadline` (epoch ms) at the latest. */
  wait(key: string, deadline: number, otherwise?: object, patient?: boolean): Waiting {
    return new Waiting(key, deadline, otherwise, patient);
  }

  /** For operations: answer with what `answerWaits` hands in for `key`. Whoever promises this keeps the promise. */
  waitForAnswer(key: string): Waiting {
    return new Waiting(key, Number.MAX_SAFE_INTEGER, undefined, true, true);
  }

  /** Makes the requests that wait for `key` look again, in the order in which they came. */
  wakeWaiting(key: string): void {
    for (const { id } of this.list(waits, 'key', key)) this.schedule(waitDue, this.now, { id });
  }

  /** Withdraws a parked request whose asker is gone. */
  stopWaiting(id: string): void {
    if (this.get(waits, id)) this.delete(waits, id);
  }

  /** Who a caller is to IAM. Throws `Fault` where a role cannot be assumed. */
  principalOf(as: Caller): Principal {
    return this.cloud.principalOf(this, as);
  }
}
