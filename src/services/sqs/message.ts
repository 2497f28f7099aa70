// Messages as rows. Their key holds the instant from which they are visible, so that what can be received stands first.

import { table } from '#world/index.ts';
import type { Memo, Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Sealed } from './encryption.ts';
import { numberOf } from './queue.ts';
import type { Queue } from './queue.ts';
import { LARGEST_BATCH } from './timings.ts';

/** A message attribute; binary values in base64, since rows are JSON. */
export interface StoredAttribute {
  readonly type: string;
  readonly text?: string;
  readonly binary?: string;
}

export interface Message {
  /** Queue, instant of visibility (nothing in FIFO queues, which keep the order of sending) and order of sending. */
  key: string;
  id: string;
  /** Order of sending, 20 digits. */
  sequence: string;
  body: string;
  attributes: Readonly<Record<string, StoredAttribute>>;
  trace?: string;
  /** Where the queue had a key of KMS. */
  dataKey?: Sealed;
  senderId: string;
  sentAt: number;
  visibleAt: number;
  receiveCount: number;
  firstReceivedAt?: number;
  /** When it was last received: receipt handles and the limit on visibility timeouts refer to it. */
  receivedAt?: number;
  groupId?: string;
  deduplicationId?: string;
  /** The queue from which it was moved to this dead-letter queue. */
  deadLetterSource?: string;
  /** When it was moved, and how often it had been received until then: a dead-letter queue's own policy counts from there. */
  movedAt?: number;
  receivedBefore?: number;
}

export const messages: Table<Message> = table<Message>('sqs/messages', (row) => row.key, {
  id: (row) => row.id,
});

/** Where a message of a queue stands. */
export function keyOf({ name, fifo }: Queue, visibleAt: number, sequence: string): string {
  return `${name}@${fifo ? '' : String(visibleAt).padStart(13, '0')}@${sequence}`;
}

/** Writes a message where it belongs. */
export function stored(owner: Ctx, queue: Queue, message: Omit<Message, 'key'>): Message {
  const row = { ...message, key: keyOf(queue, message.visibleAt, message.sequence) };
  owner.put(messages, row);
  return row;
}

/** Changes a message; when it is visible is part of its key. */
export function changed(owner: Ctx, queue: Queue, message: Message, change: Partial<Message>): Message {
  const next = { ...message, ...change };
  if (keyOf(queue, next.visibleAt, next.sequence) !== message.key) owner.delete(messages, message.key);
  return stored(owner, queue, next);
}

export function nextSequence(ctx: Ctx): string {
  return String(ctx.kernel.nextSeq()).padStart(20, '0');
}

export function expired(queue: Queue, { sentAt }: Message, now: number): boolean {
  return sentAt + numberOf(queue, 'MessageRetentionPeriod') * 1000 <= now;
}

/** Forgets messages that are past the queue's retention: some of them on every visit, so that no queue grows for ever. */
export function expire(owner: Ctx, queue: Queue, limit: number): void {
  for (const message of owner.scan(messages, { prefix: `${queue.name}@`, limit })) {
    if (expired(queue, message, owner.now)) owner.delete(messages, message.key);
  }
}

/** Rows of each queue that were received before: at least as many as are in flight. By scope and queue. */
const receivedOnce: Memo<Map<string, number>, Message> = {
  table: messages,
  empty: () => new Map(),
  changed(kept, scope, before, after) {
    const place = placeOf(scope, ((after ?? before) as Message).key);
    const known = kept.get(place);
    if (known !== undefined) kept.set(place, known + received(after) - received(before));
  },
};

const received = (message: Message | undefined): number => (message?.receivedAt === undefined ? 0 : 1);
const placeOf = (scope: string, key: string): string => `${scope} ${key.slice(0, key.indexOf('@'))}`;

/** How many more messages of a queue may be in flight, of `most`. Counts them only where there could be too many. */
export function roomInFlight(owner: Ctx, queue: Queue, most: number): number {
  const kept = owner.memo(receivedOnce);
  const place = placeOf(owner.scope, `${queue.name}@`);
  let known = kept.get(place);
  if (known === undefined) {
    const rows = owner.scan(messages, { prefix: `${queue.name}@` });
    kept.set(place, (known = rows.reduce((sum, row) => sum + received(row), 0)));
  }
  return known + LARGEST_BATCH <= most ? most - known : most - countsOf(owner, queue).inFlight;
}

export interface Counts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export function countsOf(owner: Ctx, queue: Queue): Counts {
  let visible = 0;
  let inFlight = 0;
  let delayed = 0;
  for (const message of owner.scan(messages, { prefix: `${queue.name}@` })) {
    if (expired(queue, message, owner.now)) continue;
    if (message.visibleAt <= owner.now) visible += 1;
    else if (message.receivedAt === undefined) delayed += 1;
    else inFlight += 1;
  }
  return { visible, inFlight, delayed };
}
