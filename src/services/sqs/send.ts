// Sending messages.

import { hex } from '#world/primitives.ts';
import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { utf8, utf8Length } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { inBatch } from './batch.ts';
import { dataKeyFor } from './encryption.ts';
import {
  ALLOWED,
  FORBIDDEN,
  md5Of,
  md5OfAttributes,
  sizeOfAttributes,
  storedAttributes,
} from './message-digest.ts';
import { expire, nextSequence, stored } from './message.ts';
import type { StoredAttribute } from './message.ts';
import { count, touched } from './metrics.ts';
import { numberOf, queueOf, READINESS, wakePolls } from './queue.ts';
import type { Queue } from './queue.ts';
import { DEDUPLICATION_MS, LARGEST_MESSAGE } from './timings.ts';

/** A message that a FIFO queue has taken and does not take again for five minutes. */
export interface Deduplication {
  /** Queue, scope of deduplication and deduplication id. */
  key: string;
  messageId: string;
  sequence: string;
  until: number;
}
export const deduplications: Table<Deduplication> = table<Deduplication>(
  'sqs/deduplications',
  (row) => row.key,
);

const deduplicationOver: TimerKind<{ key: string }> = timer<{ key: string }>('sqs/deduplication-over', {
  background: true,
});

/** Forgets a deduplication id when its five minutes are over. */
export const forget: TimerHandler<{ key: string }, Ctx> = {
  kind: deduplicationOver,
  live: (ctx, { key }) => (ctx.get(deduplications, key)?.until ?? Infinity) <= ctx.now,
  fire: (ctx, { key }) => ctx.delete(deduplications, key),
};

type Outgoing = Omit<Input<'sqs', 'SendMessage'>, 'QueueUrl'>;

const ID = /^[!-~]{1,128}$/;
const LONGEST_DELAY = 900;
const NO_DEDUPLICATION =
  'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly';

const wrongValue = (value: unknown, name: string, reason: string): Fault =>
  new Fault(
    'InvalidParameterValue',
    `Value ${String(value)} for parameter ${name} is invalid. Reason: ${reason}`,
  );

export const sendOperations: Operations<'sqs'> = {
  SendMessage(ctx, { QueueUrl, ...outgoing }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    return send(ctx, owner, queue, outgoing);
  },

  SendMessageBatch(ctx, { QueueUrl, Entries }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    if (queue.fifo) checkFifoBatch(queue, Entries);
    const size = Entries.reduce(
      (sum, entry) => sum + sizeOf(entry, storedAttributes(entry.MessageAttributes)),
      0,
    );
    return inBatch(ctx, 'SendMessageBatch', Entries, size, (entry) => ({
      Id: entry.Id,
      ...send(ctx, owner, queue, entry),
    }));
  },
};

/** One entry without group or deduplication id fails the whole of a FIFO queue's batch. */
function checkFifoBatch(
  { attributes }: Queue,
  entries: readonly Pick<Outgoing, 'MessageGroupId' | 'MessageDeduplicationId'>[],
): void {
  if (entries.some(({ MessageGroupId }) => MessageGroupId === undefined))
    throw new Fault('InvalidParameterValue', 'The request must contain the parameter MessageGroupId.');
  const byContent = attributes['ContentBasedDeduplication'] === 'true';
  if (!byContent && entries.some(({ MessageDeduplicationId }) => MessageDeduplicationId === undefined))
    throw new Fault('InvalidParameterValue', NO_DEDUPLICATION);
}

function sizeOf({ MessageBody }: Outgoing, attributes: Readonly<Record<string, StoredAttribute>>): number {
  return utf8Length(MessageBody) + sizeOfAttributes(attributes);
}

interface Sent {
  MessageId: string;
  MD5OfMessageBody: string;
  MD5OfMessageAttributes?: string | undefined;
  MD5OfMessageSystemAttributes?: string | undefined;
  SequenceNumber?: string | undefined;
}

function send(ctx: Ctx, owner: Ctx, queue: Queue, outgoing: Outgoing): Sent {
  const { MessageBody: body } = outgoing;
  if (body === '') throw new Fault('MissingParameter', 'The request must contain the parameter MessageBody.');
  if (FORBIDDEN.test(body)) {
    throw new Fault(
      'InvalidMessageContents',
      `Invalid characters found. Valid unicode characters are ${ALLOWED}.`,
    );
  }
  const attributes = storedAttributes(outgoing.MessageAttributes);
  const most = Math.min(numberOf(queue, 'MaximumMessageSize'), LARGEST_MESSAGE);
  const size = sizeOf(outgoing, attributes);
  if (size > most) {
    throw new Fault(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${most} bytes.`,
    );
  }
  const { trace, traceMd5 } = traceOf(ctx, outgoing);
  const visibleAt = ctx.now + delayOf(queue, outgoing) * 1000;
  const { groupId, deduplicationId } = fifoIds(ctx, queue, outgoing);
  const { primitives } = ctx.kernel;
  const answer = {
    MD5OfMessageBody: md5Of(primitives, body),
    MD5OfMessageAttributes: md5OfAttributes(primitives, attributes),
    MD5OfMessageSystemAttributes: traceMd5,
  };
  const twin =
    deduplicationId === undefined ? undefined : alreadyTaken(owner, queue, deduplicationId, groupId ?? '');
  touched(owner, queue);
  if (twin) {
    count(owner, queue, 'NumberOfDeduplicatedSentMessages');
    return { ...answer, MessageId: twin.messageId, SequenceNumber: twin.sequence };
  }
  count(owner, queue, 'NumberOfMessagesSent');
  count(owner, queue, 'SentMessageSize', size);
  const dataKey = dataKeyFor(ctx, owner, queue);
  const id = ctx.uuid('message');
  const sequence = nextSequence(ctx);
  stored(owner, queue, {
    id,
    sequence,
    body,
    attributes,
    ...(trace === undefined ? {} : { trace }),
    ...(dataKey === undefined ? {} : { dataKey }),
    senderId: senderOf(ctx),
    sentAt: ctx.now,
    visibleAt,
    receiveCount: 0,
    ...(groupId === undefined ? {} : { groupId }),
    ...(deduplicationId === undefined ? {} : { deduplicationId }),
  });
  if (deduplicationId !== undefined)
    taken(owner, queue, deduplicationId, groupId ?? '', { messageId: id, sequence });
  expire(owner, queue, 2);
  if (visibleAt <= ctx.now) wakePolls(owner, queue);
  else owner.wake(READINESS, queue.name, visibleAt);
  return { ...answer, MessageId: id, ...(queue.fifo ? { SequenceNumber: sequence } : {}) };
}

function traceOf(
  ctx: Ctx,
  { MessageSystemAttributes = {} }: Outgoing,
): { trace?: string; traceMd5?: string } {
  const names = Object.keys(MessageSystemAttributes);
  if (names.length === 0) return {};
  const trace = MessageSystemAttributes['AWSTraceHeader']?.StringValue;
  if (names.length > 1 || trace === undefined) {
    throw new Fault('InvalidParameterValue', `Message system attribute name '${names[0]}' is invalid.`);
  }
  const traceMd5 = md5OfAttributes(ctx.kernel.primitives, {
    AWSTraceHeader: { type: 'String', text: trace },
  });
  return { trace, ...(traceMd5 === undefined ? {} : { traceMd5 }) };
}

/** Seconds. FIFO queues have one delay for all messages. */
function delayOf(queue: Queue, { DelaySeconds }: Outgoing): number {
  const own = numberOf(queue, 'DelaySeconds');
  if (DelaySeconds === undefined) return own;
  if (DelaySeconds < 0 || DelaySeconds > LONGEST_DELAY) {
    throw wrongValue(DelaySeconds, 'DelaySeconds', `DelaySeconds must be >= 0 and <= ${LONGEST_DELAY}.`);
  }
  if (!queue.fifo) return DelaySeconds;
  if (DelaySeconds === 0) return own;
  throw wrongValue(
    DelaySeconds,
    'DelaySeconds',
    'The request include parameter that is not valid for this queue type.',
  );
}

interface FifoIds {
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
}

function fifoIds(
  ctx: Ctx,
  queue: Queue,
  { MessageGroupId, MessageDeduplicationId, MessageBody }: Outgoing,
): FifoIds {
  if (MessageGroupId !== undefined && !ID.test(MessageGroupId)) {
    throw wrongValue(
      MessageGroupId,
      'MessageGroupId',
      'MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.',
    );
  }
  if (!queue.fifo) {
    if (MessageDeduplicationId === undefined) return { groupId: MessageGroupId };
    throw wrongValue(
      MessageDeduplicationId,
      'MessageDeduplicationId',
      'The request include parameter that is not valid for this queue type.',
    );
  }
  if (MessageGroupId === undefined)
    throw new Fault('MissingParameter', 'The request must contain the parameter MessageGroupId.');
  if (MessageDeduplicationId !== undefined) {
    if (ID.test(MessageDeduplicationId))
      return { groupId: MessageGroupId, deduplicationId: MessageDeduplicationId };
    throw wrongValue(
      MessageDeduplicationId,
      'MessageDeduplicationId',
      'MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.',
    );
  }
  if (queue.attributes['ContentBasedDeduplication'] !== 'true') {
    throw new Fault('InvalidParameterValue', NO_DEDUPLICATION);
  }
  return { groupId: MessageGroupId, deduplicationId: hex(ctx.kernel.primitives.sha256(utf8(MessageBody))) };
}

/** Deduplication ids are remembered for the queue, or for each message group. */
function deduplicationKey({ name, attributes }: Queue, id: string, groupId: string): string {
  return `${name}@${attributes['DeduplicationScope'] === 'messageGroup' ? groupId : ''}@${id}`;
}

function alreadyTaken(owner: Ctx, queue: Queue, id: string, groupId: string): Deduplication | undefined {
  const known = owner.get(deduplications, deduplicationKey(queue, id, groupId));
  return known && known.until > owner.now ? known : undefined;
}

function taken(
  owner: Ctx,
  queue: Queue,
  id: string,
  groupId: string,
  message: Pick<Deduplication, 'messageId' | 'sequence'>,
): void {
  const key = deduplicationKey(queue, id, groupId);
  const until = owner.now + DEDUPLICATION_MS;
  owner.put(deduplications, { key, ...message, until });
  owner.schedule(deduplicationOver, until, { key });
}

/** The sender as SQS names it: a user's or role session's unique id, or the account. */
function senderOf({ principal }: Ctx): string {
  switch (principal.type) {
    case 'user':
      return principal.id;
    case 'role':
      return `${principal.roleId}:${principal.sessionName}`;
    case 'federated-user':
      return `${principal.account}:${principal.name}`;
    case 'service':
      return principal.service;
    case 'root':
      return principal.account;
    case 'anonymous':
      return 'anonymous';
  }
}
