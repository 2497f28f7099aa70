// Receiving messages, keeping them invisible, deleting them, and moving them to dead-letter queues.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html

import type { Reconciler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { base64, fromBase64, textOf, utf8 } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { inBatch } from './batch.ts';
import { checkReadable } from './encryption.ts';
import { chosenAttributes, md5Of, md5OfAttributes, wireAttributes } from './message-digest.ts';
import { MessageGroups } from './message-groups.ts';
import { changed, expired, keyOf, messages, nextSequence, roomInFlight, stored } from './message.ts';
import type { Message } from './message.ts';
import { count, touched } from './metrics.ts';
import {
  numberOf,
  queueByArn,
  queueOf,
  queues,
  READINESS,
  redriveOf,
  remotePolls,
  wakePolls,
} from './queue.ts';
import type { Queue } from './queue.ts';
import { rememberAttempt, repeated } from './receive-attempts.ts';
import { LONGEST_INVISIBLE_MS, MOST_IN_FLIGHT } from './timings.ts';

type Receive = Input<'sqs', 'ReceiveMessage'>;
type WireMessage = NonNullable<Output<'sqs', 'ReceiveMessage'>['Messages']>[number];

const MOST_MESSAGES = 10;
const LONGEST_WAIT = 20;
const LONGEST_TIMEOUT = LONGEST_INVISIBLE_MS / 1000;

const wrongValue = (value: unknown, name: string, reason: string): Fault =>
  new Fault(
    'InvalidParameterValue',
    `Value ${String(value)} for parameter ${name} is invalid. Reason: ${reason}`,
  );

const ATTEMPT_ID = /^[!-~]{1,128}$/;

function checkReceive(
  { fifo }: Queue,
  {
    MaxNumberOfMessages: most = 1,
    WaitTimeSeconds: wait = 0,
    VisibilityTimeout: timeout = 0,
    ReceiveRequestAttemptId: attemptId,
  }: Receive,
): void {
  if (most < 1 || most > MOST_MESSAGES) {
    throw wrongValue(most, 'MaxNumberOfMessages', `Must be between 1 and ${MOST_MESSAGES}, if provided.`);
  }
  if (wait < 0 || wait > LONGEST_WAIT) {
    throw wrongValue(wait, 'WaitTimeSeconds', `Must be >= 0 and <= ${LONGEST_WAIT}, if provided.`);
  }
  checkTimeout(timeout);
  if (attemptId === undefined) return;
  if (!fifo) {
    throw wrongValue(
      attemptId,
      'ReceiveRequestAttemptId',
      'The request include parameter that is not valid for this queue type.',
    );
  }
  if (!ATTEMPT_ID.test(attemptId)) {
    throw wrongValue(
      attemptId,
      'ReceiveRequestAttemptId',
      'ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.',
    );
  }
}

/** What AttributeNames and MessageSystemAttributeNames may name. */
const SYSTEM_ATTRIBUTES: readonly string[] = [
  'All',
  'SenderId',
  'SentTimestamp',
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SequenceNumber',
  'MessageDeduplicationId',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
];

function askedAttributes({
  AttributeNames = [],
  MessageSystemAttributeNames = [],
}: Receive): readonly string[] {
  const asked: readonly string[] = [...AttributeNames, ...MessageSystemAttributeNames];
  const unknown = asked.find((name) => !SYSTEM_ATTRIBUTES.includes(name));
  if (unknown !== undefined) throw new Fault('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
  return asked;
}

function checkTimeout(seconds: number): void {
  if (seconds >= 0 && seconds <= LONGEST_TIMEOUT) return;
  throw wrongValue(seconds, 'VisibilityTimeout', `Must be between 0 and ${LONGEST_TIMEOUT}.`);
}

export const receiveOperations: Operations<'sqs'> = {
  ReceiveMessage(ctx, input) {
    const { queue, owner } = queueOf(ctx, input.QueueUrl);
    checkReceive(queue, input);
    askedAttributes(input);
    touched(owner, queue);
    const waitMs = (input.WaitTimeSeconds ?? numberOf(queue, 'ReceiveMessageWaitTimeSeconds')) * 1000;
    const received = receive(owner, queue, input, waitMs === 0);
    for (const { dataKey } of received) checkReadable(ctx, owner, queue, dataKey);
    count(owner, queue, 'NumberOfMessagesReceived', 1, received.length);
    if (received.length > 0)
      return { Messages: received.map((message) => onWire(ctx, queue, message, input)) };
    if (waitMs === 0) {
      count(owner, queue, 'NumberOfEmptyReceives');
      return {};
    }
    if (owner.scope !== ctx.scope) owner.put(remotePolls, { queue: queue.name, scope: ctx.scope });
    const next = nextVisible(owner, queue);
    if (next !== undefined) owner.wake(READINESS, queue.name, next);
    // Programs inside the world that ask over and over, such as an event source mapping, are left waiting.
    return ctx.wait(queue.arn, ctx.now + waitMs, {}, true);
  },

  DeleteMessage(ctx, { QueueUrl, ReceiptHandle }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    remove(owner, queue, ReceiptHandle);
  },

  DeleteMessageBatch(ctx, { QueueUrl, Entries }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    return inBatch(ctx, 'DeleteMessageBatch', Entries, 0, ({ Id, ReceiptHandle }) => {
      remove(owner, queue, ReceiptHandle);
      return { Id };
    });
  },

  ChangeMessageVisibility(ctx, { QueueUrl, ReceiptHandle, VisibilityTimeout }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    changeVisibility(owner, queue, ReceiptHandle, VisibilityTimeout);
  },

  ChangeMessageVisibilityBatch(ctx, { QueueUrl, Entries }) {
    const { queue, owner } = queueOf(ctx, QueueUrl);
    return inBatch(
      ctx,
      'ChangeMessageVisibilityBatch',
      Entries,
      0,
      ({ Id, ReceiptHandle, VisibilityTimeout }) => {
        if (VisibilityTimeout === undefined) {
          throw new Fault('MissingParameter', 'The request must contain the parameter VisibilityTimeout.');
        }
        changeVisibility(owner, queue, ReceiptHandle, VisibilityTimeout);
        return { Id };
      },
    );
  },
};

/** What a receive gets: the messages of the attempt that it repeats, or others. */
function receive(owner: Ctx, queue: Queue, input: Receive, short: boolean): Message[] {
  const { MaxNumberOfMessages: asked = 1, ReceiveRequestAttemptId: attemptId } = input;
  const timeoutMs = (input.VisibilityTimeout ?? numberOf(queue, 'VisibilityTimeout')) * 1000;
  const again = attemptId === undefined ? undefined : repeated(owner, queue, attemptId, timeoutMs);
  if (again) return again;
  const room = roomInFlight(owner, queue, MOST_IN_FLIGHT);
  // Only a short poll of a standard queue is told; all others get nothing.
  if (room <= 0 && short && !queue.fifo) {
    throw new Fault('OverLimit', `Too many messages in flight: the limit is ${MOST_IN_FLIGHT}.`);
  }
  const received = take(owner, queue, Math.min(asked, room), timeoutMs);
  if (attemptId !== undefined && received.length > 0) rememberAttempt(owner, queue, attemptId, received);
  return received;
}

/** Takes up to `most` messages that are visible now, and makes them invisible for a while. */
function take(owner: Ctx, queue: Queue, most: number, timeoutMs: number): Message[] {
  const found: Message[] = [];
  for (let left = most; left > 0; left = most - found.length) {
    const here = receivable(owner, queue, left).filter(({ id }) => !found.some((taken) => taken.id === id));
    const dead = here.filter((message) => moved(owner, queue, message));
    for (const message of here) {
      if (dead.includes(message)) continue;
      const receiveCount = message.receiveCount + 1;
      const firstReceivedAt = message.firstReceivedAt ?? owner.now;
      // With a timeout of 0 it stays visible, and is not taken twice by one request.
      const change = {
        visibleAt: owner.now + timeoutMs,
        receiveCount,
        firstReceivedAt,
        receivedAt: owner.now,
      };
      found.push(changed(owner, queue, message, change));
    }
    if (dead.length === 0) break;
  }
  return found;
}

/** Messages that can be received now, in the order of their visibility, or of FIFO queues' message groups. */
function receivable(owner: Ctx, queue: Queue, most: number): Message[] {
  const found: Message[] = [];
  const gone: Message[] = [];
  const groups = new MessageGroups();
  owner.kernel.store.scan(messages, owner.scope, `${queue.name}@`, (row) => {
    const message = row as Message;
    if (!message.key.startsWith(`${queue.name}@`) || found.length >= most) return false;
    if (expired(queue, message, owner.now)) gone.push(message);
    else if (queue.fifo) {
      if (groups.isSettled(most, message.sentAt)) return false;
      groups.add(message, owner.now);
    } else if (message.visibleAt > owner.now) return false;
    else found.push(message);
    return true;
  });
  for (const { key } of gone) owner.delete(messages, key);
  return queue.fifo ? groups.first(most) : found;
}

/** When the first message that is invisible now becomes visible. */
function nextVisible(owner: Ctx, queue: Queue): number | undefined {
  const prefix = `${queue.name}@`;
  // Those that are visible now stand first; they are left where too many are in flight.
  if (!queue.fifo)
    return owner.scan(messages, { prefix, after: keyOf(queue, owner.now + 1, ''), limit: 1 })[0]?.visibleAt;
  const waiting = owner.scan(messages, { prefix }).map(({ visibleAt }) => visibleAt);
  return waiting
    .filter((at) => at > owner.now)
    .reduce<number | undefined>((least, at) => Math.min(least ?? at, at), undefined);
}

/** A message that was received as often as the redrive policy allows goes to the dead-letter queue instead of a receiver. */
function moved(owner: Ctx, queue: Queue, message: Message): boolean {
  const redrive = redriveOf(queue);
  const { receiveCount, receivedBefore = 0 } = message;
  if (!redrive || receiveCount - receivedBefore < redrive.maxReceiveCount) return false;
  const target = queueByArn(owner, redrive.deadLetterTargetArn);
  if (!target) return false;
  owner.delete(messages, message.key);
  const { key: _, receivedAt: _at, firstReceivedAt: _first, ...rest } = message;
  stored(target.owner, target.queue, {
    ...rest,
    sequence: nextSequence(owner),
    // A standard queue's messages keep their age, so that they expire as if they had not moved.
    sentAt: queue.fifo ? owner.now : message.sentAt,
    visibleAt: owner.now,
    receivedBefore: receiveCount,
    movedAt: owner.now,
    deadLetterSource: queue.arn,
  });
  touched(target.owner, target.queue);
  wakePolls(target.owner, target.queue);
  return true;
}

/** A receipt handle names a message and one receipt of it. */
function handleOf({ id, receiveCount }: Message, queue: Queue): string {
  return base64(utf8(`${queue.name} ${id} ${receiveCount}`));
}

function parseHandle(handle: string, queue: Queue): { id: string; receipt: number } {
  const bytes = fromBase64(handle);
  const [name, id, receipt] = (bytes && textOf(bytes))?.split(' ') ?? [];
  if (name === queue.name && id !== undefined && receipt !== undefined)
    return { id, receipt: Number(receipt) };
  throw new Fault(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${handle}" is not a valid receipt handle.`,
  );
}

function messageOf(owner: Ctx, queue: Queue, id: string): Message | undefined {
  return owner.list(messages, 'id', id).find(({ key }) => key.startsWith(`${queue.name}@`));
}

/**
 * A standard queue deletes by any receipt of a message, although its reference warns of older ones (recorded: LocalStack's
 * test_filter_policy, test_exists_filter_policy); a FIFO queue by the latest alone.
 */
function remove(owner: Ctx, queue: Queue, handle: string): void {
  const { id, receipt } = parseHandle(handle, queue);
  const message = messageOf(owner, queue, id);
  if (!message || (queue.fifo && message.receiveCount !== receipt)) return;
  if (queue.fifo && message.visibleAt <= owner.now) {
    throw wrongValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');
  }
  owner.delete(messages, message.key);
  touched(owner, queue);
  count(owner, queue, 'NumberOfMessagesDeleted');
  if (queue.fifo) wakePolls(owner, queue); // The next message of the group can be received.
}

function changeVisibility(owner: Ctx, queue: Queue, handle: string, seconds: number): void {
  checkTimeout(seconds);
  const { id, receipt } = parseHandle(handle, queue);
  const message = messageOf(owner, queue, id);
  // Standard queues take any receipt of a message, also after its timeout, whatever the reference says of MessageNotInflight.
  if (!message || (queue.fifo && message.receiveCount !== receipt)) {
    throw wrongValue(
      handle,
      'ReceiptHandle',
      'Message does not exist or is not available for visibility timeout change.',
    );
  }
  if (queue.fifo && message.visibleAt <= owner.now) {
    throw new Fault('MessageNotInflight', `The message referred to isn't in flight.`);
  }
  const visibleAt = owner.now + seconds * 1000;
  if (visibleAt > (message.receivedAt ?? owner.now) + LONGEST_INVISIBLE_MS) {
    throw wrongValue(
      seconds,
      'VisibilityTimeout',
      `Total VisibilityTimeout for the message is beyond the limit [${LONGEST_TIMEOUT} seconds]`,
    );
  }
  changed(owner, queue, message, { visibleAt });
  touched(owner, queue);
  if (visibleAt <= owner.now) wakePolls(owner, queue);
  else owner.wake(READINESS, queue.name, visibleAt);
}

function onWire(ctx: Ctx, queue: Queue, message: Message, input: Receive): WireMessage {
  const { primitives } = ctx.kernel;
  const chosen = chosenAttributes(message.attributes, input.MessageAttributeNames ?? []);
  // An answer to another service goes into a row.
  const digest = md5OfAttributes(primitives, chosen);
  const asked = askedAttributes(input);
  const system = Object.entries(systemAttributes(queue, message)).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (asked.includes('All') || asked.includes(entry[0])),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: handleOf(message, queue),
    MD5OfBody: md5Of(primitives, message.body),
    Body: message.body,
    ...(system.length > 0 ? { Attributes: Object.fromEntries(system) } : {}),
    ...(digest !== undefined && { MD5OfMessageAttributes: digest }),
    ...(Object.keys(chosen).length > 0 ? { MessageAttributes: wireAttributes(chosen) } : {}),
  };
}

function systemAttributes(queue: Queue, message: Message): Record<string, string | undefined> {
  return {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    SequenceNumber: queue.fifo ? message.sequence : undefined,
    MessageDeduplicationId: message.deduplicationId,
    MessageGroupId: message.groupId,
    AWSTraceHeader: message.trace,
    DeadLetterQueueSourceArn: message.deadLetterSource,
  };
}

/** Wakes the long polls of a queue when a delay or a visibility timeout has run out. */
export const readiness: Reconciler<Queue, Ctx> = {
  ...READINESS,
  table: queues,
  step: (owner, queue) => wakePolls(owner, queue),
};
