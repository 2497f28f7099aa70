// Messages as rows. Their key holds the instant from which they are visible, so that what can be received stands first.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { numberOf } from './queue.ts';
import type { Queue } from './queue.ts';

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
}

export const messages: Table<Message> = table<Message>('sqs/messages', (row) => row.key, {
  id: (row) => row.id,
});

function keyOf({ name, fifo }: Queue, visibleAt: number, sequence: string): string {
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
