// Publishing: fan-out to subscriptions, filters, retry and dead-letter queues.

import { table, timer } from '#world/index.ts';
import type { Table, TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { passes } from './filter-policy.ts';
import type { FilterAttributes } from './filter-policy.ts';
import { subscriptions } from './tables.ts';
import type { Subscription } from './tables.ts';
import { deliveryDelay, retryDelayMs, RETRIES } from './timings.ts';
import { homeOf, topicOf } from './topics.ts';

type MessageAttributes = NonNullable<Input<'sns', 'Publish'>['MessageAttributes']>;

/** A message on its way to one subscription. */
export interface Delivery {
  id: string;
  subscriptionArn: string;
  messageId: string;
  message: string;
  subject?: string;
  attributes: MessageAttributes;
  publishedAt: number;
  /** Attempts that failed so far. */
  failures: number;
}

export const deliveries: Table<Delivery> = table<Delivery>('sns/deliveries', (row) => row.id, {
  subscription: (row) => row.subscriptionArn,
});

const attemptDue: TimerKind<{ id: string; failures: number }> = timer<{ id: string; failures: number }>(
  'sns/attempt-due',
);

/** Bytes; https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const LARGEST_MESSAGE = 262_144;
const LARGEST_BATCH = 10;
const PRINCIPAL = 'sns.amazonaws.com';

export const deliveryOperations: Operations<'sns'> = {
  Publish(ctx, { TopicArn, TargetArn, Message, Subject, MessageStructure, MessageAttributes = {} }) {
    const topic = topicOf(ctx, TopicArn ?? TargetArn);
    const messageId = publish(ctx, topic.arn, { Message, Subject, MessageStructure, MessageAttributes });
    return { MessageId: messageId };
  },

  PublishBatch(ctx, { TopicArn, PublishBatchRequestEntries: entries }) {
    const topic = topicOf(ctx, TopicArn);
    if (entries.length === 0)
      throw new Fault('EmptyBatchRequestException', "The batch request doesn't contain any entries.");
    if (entries.length > LARGEST_BATCH) {
      throw new Fault(
        'TooManyEntriesInBatchRequestException',
        'The batch request contains more entries than permissible.',
      );
    }
    if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
      throw new Fault(
        'BatchEntryIdsNotDistinctException',
        'Two or more batch entries in the request have the same Id.',
      );
    }
    const successful: { Id: string; MessageId: string }[] = [];
    const failed: { Id: string; Code: string; Message: string; SenderFault: boolean }[] = [];
    for (const entry of entries) {
      try {
        successful.push({ Id: entry.Id, MessageId: ctx.savepoint(() => publish(ctx, topic.arn, entry)) });
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        failed.push({ Id: entry.Id, Code: 'InvalidParameter', Message: error.message, SenderFault: true });
      }
    }
    return { Successful: successful, Failed: failed };
  },
};

interface Outgoing {
  Message: string;
  Subject?: string | undefined;
  MessageStructure?: string | undefined;
  MessageAttributes?: MessageAttributes | undefined;
}

function publish(ctx: Ctx, topicArn: string, outgoing: Outgoing): string {
  const { Message, Subject, MessageStructure, MessageAttributes: attributes = {} } = outgoing;
  if (Message === '') throw new Fault('InvalidParameterException', 'Invalid parameter: Empty message');
  if (new TextEncoder().encode(Message).length > LARGEST_MESSAGE) {
    throw new Fault('InvalidParameterException', 'Invalid parameter: Message too long');
  }
  if (Subject !== undefined && !/^[ -~]{1,100}$/.test(Subject)) {
    throw new Fault('InvalidParameterException', 'Invalid parameter: Subject');
  }
  const message = MessageStructure === 'json' ? forQueues(Message) : Message;
  const home = homeOf(ctx, topicArn);
  const messageId = home.uuid('message');
  for (const subscription of home.list(subscriptions, 'topic', topicArn)) {
    if (!wanted(subscription, message, attributes)) continue;
    const id = home.id('delivery');
    const subject = Subject === undefined ? {} : { subject: Subject };
    const head = { id, subscriptionArn: subscription.arn, messageId, message, ...subject };
    home.put(deliveries, { ...head, attributes, publishedAt: ctx.now, failures: 0 });
    home.schedule(attemptDue, ctx.now + home.duration(deliveryDelay, id), { id, failures: 0 });
  }
  return messageId;
}

/** With `MessageStructure` json the message holds one text per protocol. */
function forQueues(message: string): string {
  let texts: Record<string, unknown>;
  try {
    texts = JSON.parse(message) as Record<string, unknown>;
  } catch {
    throw new Fault(
      'InvalidParameterException',
      'Invalid parameter: Message Structure - JSON message body failed to parse',
    );
  }
  const text = texts['sqs'] ?? texts['default'];
  if (typeof texts['default'] !== 'string') {
    throw new Fault(
      'InvalidParameterException',
      'Invalid parameter: Message Structure - No default entry in JSON message body',
    );
  }
  return String(text);
}

function wanted(
  { attributes: chosen }: Subscription,
  message: string,
  attributes: MessageAttributes,
): boolean {
  const policy = chosen['FilterPolicy'];
  if (!policy) return true;
  if (chosen['FilterPolicyScope'] !== 'MessageBody') return passes(policy, filterable(attributes));
  try {
    return passes(policy, JSON.parse(message) as FilterAttributes);
  } catch (error) {
    if (error instanceof SyntaxError) return false; // A body that is no JSON matches no body filter.
    throw error;
  }
}

function filterable(attributes: MessageAttributes): FilterAttributes {
  const found: Record<string, FilterAttributes[string]> = {};
  for (const [name, { DataType, StringValue = '' }] of Object.entries(attributes)) {
    if (DataType === 'Number') found[name] = Number(StringValue);
    else if (DataType === 'String.Array') found[name] = JSON.parse(StringValue) as FilterAttributes[string];
    else found[name] = StringValue;
  }
  return found;
}

export const deliver: TimerHandler<{ id: string; failures: number }, Ctx> = {
  kind: attemptDue,
  live: (ctx, { id, failures }) => ctx.get(deliveries, id)?.failures === failures,
  fire(ctx, { id, failures }) {
    const delivery = ctx.get(deliveries, id) as Delivery;
    const subscription = ctx.get(subscriptions, delivery.subscriptionArn);
    if (!subscription) return ctx.delete(deliveries, id); // Unsubscribed meanwhile.
    const fault = send(
      ctx,
      subscription,
      subscription.endpoint,
      body(subscription, delivery),
      delivery.attributes,
    );
    if (!fault) return ctx.delete(deliveries, id);
    // A queue that is gone or that refuses SNS is the client's error: not retried.
    const hopeless = fault.shape === 'QueueDoesNotExist' || fault.shape.startsWith('AccessDenied');
    if (hopeless || failures >= RETRIES) return giveUp(ctx, subscription, delivery);
    ctx.update(deliveries, delivery, { failures: failures + 1 });
    ctx.schedule(attemptDue, ctx.now + retryDelayMs(failures), { id, failures: failures + 1 });
  },
};

/** Hands a message to a queue as SNS itself; the queue's policy decides. Returns what went wrong. */
function send(
  ctx: Ctx,
  subscription: Subscription,
  queueArn: string,
  text: string,
  attributes: MessageAttributes,
): Fault | undefined {
  const [, , , region = ctx.region, account = '', name = ''] = queueArn.split(':');
  const raw =
    subscription.attributes['RawMessageDelivery'] === 'true' ? { MessageAttributes: attributes } : {};
  const QueueUrl = `https://sqs.${region}.amazonaws.com/${account}/${name}`;
  // The topic's account is what a queue's policy sees as aws:SourceAccount.
  const as = {
    type: 'service',
    service: PRINCIPAL,
    account: ctx.account,
    sourceArn: subscription.topicArn,
  } as const;
  const sent = ctx.in({ region }).call('sqs', 'SendMessage', { QueueUrl, MessageBody: text, ...raw }, as);
  return sent.ok ? undefined : sent.fault;
}

/** What the queue gets: the message as it is, or SNS's envelope around it. */
function body(subscription: Subscription, delivery: Delivery): string {
  if (subscription.attributes['RawMessageDelivery'] === 'true') return delivery.message;
  const { messageId, message, subject, attributes, publishedAt } = delivery;
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue }]) => [
      name,
      { Type: DataType, Value: StringValue },
    ]),
  );
  return JSON.stringify({
    Type: 'Notification',
    MessageId: messageId,
    TopicArn: subscription.topicArn,
    ...(subject === undefined ? {} : { Subject: subject }),
    Message: message,
    Timestamp: formatIso(publishedAt),
    ...(Object.keys(attributes).length > 0 ? { MessageAttributes } : {}),
  });
}

function giveUp(ctx: Ctx, subscription: Subscription, delivery: Delivery): void {
  ctx.delete(deliveries, delivery.id);
  const redrive = subscription.attributes['RedrivePolicy'];
  if (!redrive) return;
  const { deadLetterTargetArn } = JSON.parse(redrive) as { deadLetterTargetArn: string };
  send(ctx, subscription, deadLetterTargetArn, body(subscription, delivery), delivery.attributes);
}
