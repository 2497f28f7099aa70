// Asynchronous events: a queue of Lambda's own, from which each event is tried until it succeeds, is tried no more, or is too
// old.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { asRole } from '../functions/execution-role.ts';
import { named, targetOf } from '../names.ts';
import type { Target } from '../names.ts';
import { LATEST } from '../rows.ts';
import type { Configuration } from '../rows.ts';
import { eventDispatch, firstRetry, secondRetry, throttleRetryMs } from '../timings.ts';
import { buried, sent } from './destinations.ts';
import type { Condition, Outcome } from './destinations.ts';
import { configOf } from './event-invoke-configs.ts';
import { begin } from './invocations.ts';
import type { Conclusion } from './invocations.ts';

/** An event in the queue. Its id is the request's. */
export interface QueuedEvent {
  id: string;
  functionName: string;
  qualifier?: string;
  /** JSON text. */
  event: string;
  acceptedAt: number;
  /** Invocations so far. */
  attempts: number;
  throttles: number;
  last?: NonNullable<Outcome['last']>;
}
export const queuedEvents: Table<QueuedEvent> = table<QueuedEvent>('lambda/queued-events', (row) => row.id, {
  function: (row) => row.functionName,
});

const attemptDue: TimerKind<{ id: string; tries: number }> = timer<{ id: string; tries: number }>(
  'lambda/event-attempt-due',
);

const triesOf = ({ attempts, throttles }: QueuedEvent): number => attempts + throttles;

interface Accepted {
  readonly requestId: string;
  readonly functionName: string;
  readonly qualifier?: string | undefined;
  readonly event: string;
}

/** Takes an event in. */
export function accepted(owner: Ctx, given: Accepted): void {
  const { requestId: id, functionName, qualifier, event } = given;
  owner.put(queuedEvents, {
    id,
    functionName,
    ...(qualifier === undefined ? {} : { qualifier }),
    event,
    acceptedAt: owner.now,
    attempts: 0,
    throttles: 0,
  });
  const after = owner.duration(eventDispatch, functionName, owner.now);
  owner.schedule(attemptDue, owner.now + after, { id, tries: 0 });
}

/** The function is gone, and its events with it. */
export function forgetEvents(owner: Ctx, functionName: string): void {
  for (const { id } of owner.list(queuedEvents, 'function', functionName)) owner.delete(queuedEvents, id);
}

export const attempt: TimerHandler<{ id: string; tries: number }, Ctx> = {
  kind: attemptDue,
  live(ctx, { id, tries }) {
    const event = ctx.get(queuedEvents, id);
    return event !== undefined && triesOf(event) === tries;
  },
  fire(ctx, { id }) {
    const event = ctx.get(queuedEvents, id) as QueuedEvent;
    const target = targetFor(ctx, event);
    if (!target) return ctx.delete(queuedEvents, id); // Its alias or version is gone.
    const { configuration } = target.version;
    if (triesOf(event) > 0 && ctx.now >= expiryOf(ctx, event)) {
      return concluded(ctx, event, 'EventAgeExceeded', configuration);
    }
    if (target.fn.reservedConcurrency === 0) {
      return concluded(ctx, event, 'ZeroReservedConcurrency', configuration);
    }
    if (throttled(ctx, event, target)) {
      const next = ctx.update(queuedEvents, event, { throttles: event.throttles + 1 });
      tryAgain(ctx, next, throttleRetryMs(event.throttles));
    }
  },
};

function throttled(ctx: Ctx, event: QueuedEvent, target: Target): boolean {
  const { id, qualifier } = event;
  const ask = { requestId: id, target, qualifier, event: event.event };
  try {
    return ctx.savepoint(() => begin(ctx, { ...ask, asker: { kind: 'event', id } })) !== undefined;
  } catch (error) {
    if (error instanceof Fault) return true; // The role cannot be assumed now; it may be, later.
    throw error;
  }
}

function targetFor(ctx: Ctx, { functionName, qualifier }: QueuedEvent): Target | undefined {
  try {
    return targetOf(named(ctx, functionName, qualifier));
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

function expiryOf(ctx: Ctx, { functionName, qualifier, acceptedAt }: QueuedEvent): number {
  return acceptedAt + configOf(ctx, functionName, qualifier).ageMs;
}

/** Tries again after a pause, or finds then that the event has become too old. */
function tryAgain(ctx: Ctx, event: QueuedEvent, pauseMs: number): void {
  const due = Math.min(ctx.now + pauseMs, expiryOf(ctx, event));
  ctx.schedule(attemptDue, due, { id: event.id, tries: triesOf(event) });
}

/** An attempt has ended. */
export function attempted(ctx: Ctx, id: string, conclusion: Conclusion): void {
  const before = ctx.get(queuedEvents, id);
  if (!before) return; // The function was deleted meanwhile.
  const { payload, functionError, executedVersion, configuration } = conclusion;
  const last = { payload, executedVersion, ...(functionError ? { functionError } : {}) };
  const event = ctx.update(queuedEvents, before, { attempts: before.attempts + 1, last });
  if (!functionError) return concluded(ctx, event, 'Success', configuration);
  const { retries } = configOf(ctx, event.functionName, event.qualifier);
  if (event.attempts > retries) return concluded(ctx, event, 'RetriesExhausted', configuration);
  const pause = event.attempts === 1 ? firstRetry : secondRetry;
  tryAgain(ctx, event, ctx.duration(pause, event.functionName));
}

/** The event is done with: its outcome goes where it should, under the role with which the function ran. */
function concluded(ctx: Ctx, queued: QueuedEvent, condition: Condition, configuration: Configuration): void {
  const { id, functionName, qualifier = LATEST, event, attempts, last } = queued;
  ctx.delete(queuedEvents, id);
  const { onSuccess, onFailure } = configOf(ctx, functionName, qualifier);
  const as = asRole(configuration.role, functionName);
  const outcome: Outcome = {
    requestId: id,
    functionName,
    functionArn: `${ctx.arn('lambda', `function:${functionName}`)}:${qualifier}`,
    condition,
    attempts,
    event,
    ...(last ? { last } : {}),
  };
  const destination = condition === 'Success' ? onSuccess : onFailure;
  if (destination !== undefined) sent(ctx, destination, outcome, as);
  if (condition === 'Success' || configuration.deadLetterArn === undefined) return;
  buried(ctx, configuration.deadLetterArn, outcome, as);
}
