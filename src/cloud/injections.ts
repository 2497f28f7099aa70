// The catalogue of failures that a rehearsal may inject. Each is a row with a beginning and an end; gateway, services and
// workloads look at the rows and behave accordingly.

import { event, table } from '#world/index.ts';
import type { EventKind, Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from './ctx.ts';

/** What can be made to fail. */
export type Injection =
  /** The hardware under one instance is gone: no process runs, no packet answers, status checks fail. */
  | { readonly kind: 'instance-loss'; readonly instanceId: string }
  /** Everything in one Availability Zone is gone, and launches there fail, until the injection ends. */
  | { readonly kind: 'zone-loss'; readonly zone: string }
  /** Launches in a zone answer `InsufficientInstanceCapacity`. */
  | { readonly kind: 'capacity-shortage'; readonly zone: string }
  /** A share of the calls of an operation answers an error. */
  | {
      readonly kind: 'api-error';
      readonly service: string;
      readonly operation: string;
      readonly shape: string;
      readonly message: string;
      /** Calls in a thousand. */
      readonly perMille: number;
    }
  /** The CodeDeploy agent on an instance stops and does not come back. */
  | { readonly kind: 'agent-death'; readonly instanceId: string }
  /** A share of the clients of loads keeps the DNS answers that it has, whatever their TTL. */
  | {
      readonly kind: 'stale-dns';
      /** Clients in a thousand. */
      readonly perMille: number;
    };

export interface ActiveInjection {
  readonly id: string;
  readonly injection: Injection;
  readonly startedAt: number;
}

/**
 * Injections in force. Rows of the world, not of an account.
 * @internal
 */
export const injections: Table<ActiveInjection> = table<ActiveInjection>(
  'cloud/injections',
  (row) => row.id,
  { kind: (row) => row.injection.kind },
  { settles: true },
);

/**
 * An injection began or ended. Emitted in the scope of the account and region that it is for.
 * @internal
 */
export const injectionChanged: EventKind<{ injection: Injection; active: boolean }> =
  event('cloud/injection-changed');

/**
 * Injections of one kind that are in force.
 * @internal
 */
export function active<K extends Injection['kind']>(ctx: Ctx, kind: K): Extract<Injection, { kind: K }>[] {
  const found = ctx.everywhere.list(injections, 'kind', kind);
  return found.map((row) => row.injection as Extract<Injection, { kind: K }>);
}

/**
 * The error that an injection makes this call answer, if any.
 * @internal
 */
export function injectedFault(ctx: Ctx, service: string, operation: string): Fault | undefined {
  for (const injection of active(ctx, 'api-error')) {
    if (injection.service !== service || (injection.operation !== operation && injection.operation !== '*'))
      continue;
    const draw = ctx.random(
      'injection/api-error',
      `${service}:${operation}:${ctx.now}`,
    )(ctx.kernel.store.mark());
    if (draw * 1000 < injection.perMille) return new Fault(injection.shape, injection.message);
  }
  return undefined;
}
