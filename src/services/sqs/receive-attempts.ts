// Receives that are repeated because their answer was lost: for five minutes a FIFO queue gives the same messages and receipt
// handles to the same ReceiveRequestAttemptId.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { changed, messages } from './message.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';
import { RECEIVE_ATTEMPT_MS } from './timings.ts';

/** What a receive has given to whom. */
export interface ReceiveAttempt {
  /** Queue and ReceiveRequestAttemptId. */
  key: string;
  given: readonly { readonly id: string; readonly receipt: number; readonly visibleAt: number }[];
  until: number;
}
export const receiveAttempts: Table<ReceiveAttempt> = table<ReceiveAttempt>(
  'sqs/receive-attempts',
  (row) => row.key,
);

const attemptOver: TimerKind<{ key: string }> = timer<{ key: string }>('sqs/receive-attempt-over', {
  background: true,
});

/** Forgets an attempt when its five minutes are over. */
export const forgetAttempt: TimerHandler<{ key: string }, Ctx> = {
  kind: attemptOver,
  live: (ctx, { key }) => (ctx.get(receiveAttempts, key)?.until ?? Infinity) <= ctx.now,
  fire: (ctx, { key }) => ctx.delete(receiveAttempts, key),
};

const keyOf = ({ name }: Queue, attemptId: string): string => `${name}@${attemptId}`;

export function rememberAttempt(
  owner: Ctx,
  queue: Queue,
  attemptId: string,
  received: readonly Message[],
): void {
  const key = keyOf(queue, attemptId);
  const until = owner.now + RECEIVE_ATTEMPT_MS;
  const given = received.map(({ id, receiveCount, visibleAt }) => ({ id, receipt: receiveCount, visibleAt }));
  owner.put(receiveAttempts, { key, given, until });
  owner.schedule(attemptOver, until, { key });
}

/** The messages of an earlier attempt, unless one of them was changed, deleted or became visible; their timeout begins again. */
export function repeated(
  owner: Ctx,
  queue: Queue,
  attemptId: string,
  timeoutMs: number,
): Message[] | undefined {
  const attempt = owner.get(receiveAttempts, keyOf(queue, attemptId));
  if (!attempt || attempt.until <= owner.now) return undefined;
  const found: Message[] = [];
  for (const { id, receipt, visibleAt } of attempt.given) {
    const message = owner
      .list(messages, 'id', id)
      .find(({ key, receiveCount }) => key.startsWith(`${queue.name}@`) && receiveCount === receipt);
    if (!message || message.visibleAt !== visibleAt || visibleAt <= owner.now) return undefined;
    found.push(message);
  }
  const again = found.map((message) =>
    changed(owner, queue, message, { visibleAt: owner.now + timeoutMs, receivedAt: owner.now }),
  );
  rememberAttempt(owner, queue, attemptId, again);
  return again;
}

/** Forgets all attempts of a queue that goes. */
export function forgetAttempts(owner: Ctx, { name }: Queue): void {
  for (const { key } of owner.scan(receiveAttempts, { prefix: `${name}@` }))
    owner.delete(receiveAttempts, key);
}
