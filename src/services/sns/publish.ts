// Publishing: what SNS takes, deduplication and order of FIFO topics, and fan-out to the subscriptions that want the message.

import { hex } from '#world/primitives.ts';
import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { utf8, utf8Length } from '#contract/protocols/bytes.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { isObject, parsed, parsedObject } from '#cloud/json.ts';
import type { Json } from '#cloud/json.ts';
import type { Operations } from '#cloud/service.ts';
import { dispatch } from './delivery.ts';
import { checkEncrypts } from './encryption.ts';
import { invalid } from './faults.ts';
import { attributesPass, bodyPasses } from './filter-policy.ts';
import { filterable, sizeOfAttributes, storedAttributes } from './message-attributes.ts';
import type { WireAttributes } from './message-attributes.ts';
import { count, countPublished } from './metrics.ts';
import { deduplications, subscriptions } from './tables.ts';
import type { StoredAttributes, Subscription, Topic } from './tables.ts';
import { DEDUPLICATION_MS, deliveryDelay, LARGEST_BATCH, LARGEST_MESSAGE } from './timings.ts';
import { homeOf, topicOf } from './topics.ts';

const deduplicationOver: TimerKind<{ key: string }> = timer<{ key: string }>('sns/deduplication-over', {
  background: true,
});

/** Forgets a deduplication id when its five minutes are over. */
export const forget: TimerHandler<{ key: string }, Ctx> = {
  kind: deduplicationOver,
  live: (ctx, { key }) => (ctx.get(deduplications, key)?.until ?? Infinity) <= ctx.now,
  fire: (ctx, { key }) => ctx.delete(deduplications, key),
};

interface Outgoing {
  Message: string;
  Subject?: string | undefined;
  MessageStructure?: string | undefined;
  MessageAttributes?: WireAttributes | undefined;
  MessageDeduplicationId?: string | undefined;
  MessageGroupId?: string | undefined;
}

/** A message that was found good. */
interface Checked {
  readonly outgoing: Outgoing;
  /** One text per protocol, with `MessageStructure` json. */
  readonly texts: Readonly<Record<string, Json>>;
  readonly attributes: StoredAttributes;
  readonly sizeBytes: number;
  readonly deduplicationId: string | undefined;
}

interface Published {
  MessageId: string;
  SequenceNumber?: string;
}

/** https://docs.aws.amazon.com/sns/latest/dg/fifo-message-grouping.html */
const ID = /^[!-~]{1,128}$/;
const ENTRY_ID = /^[A-Za-z0-9_-]*$/;
const LONGEST_ENTRY_ID = 80;

export const publishOperations: Operations<'sns'> = {
  Publish(ctx, { TopicArn, TargetArn, ...outgoing }) {
    const arn = TopicArn ?? TargetArn;
    if (arn?.split(':')[5]?.startsWith('endpoint/'))
      throw invalid('TargetArn Reason: No endpoint found for the target arn specified');
    const topic = topicOf(ctx, arn);
    const checked = check(ctx, topic, outgoing);
    checkEncrypts(ctx, topic);
    return publish(ctx, topic, checked);
  },

  PublishBatch(ctx, { TopicArn, PublishBatchRequestEntries: entries }) {
    const topic = topicOf(ctx, TopicArn);
    checkIds(entries.map(({ Id }) => Id));
    const checked = entries.map((entry) => check(ctx, topic, entry));
    if (checked.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > LARGEST_MESSAGE) {
      throw new Fault(
        'BatchRequestTooLongException',
        'The length of all the messages put together is more than the limit.',
      );
    }
    checkEncrypts(ctx, topic);
    const Successful = entries.map(({ Id }, n) => ({ Id, ...publish(ctx, topic, checked[n] as Checked) }));
    return { Successful, Failed: [] };
  },
};

function checkIds(ids: readonly string[]): void {
  if (ids.length === 0)
    throw new Fault('EmptyBatchRequestException', "The batch request doesn't contain any entries.");
  if (ids.length > LARGEST_BATCH) {
    throw new Fault(
      'TooManyEntriesInBatchRequestException',
      'The batch request contains more entries than permissible.',
    );
  }
  const long = ids.find((id) => id.length > LONGEST_ENTRY_ID);
  const odd = ids.find((id) => !ENTRY_ID.test(id));
  if (long !== undefined || odd !== undefined) {
    const what = long === undefined ? 'contains an impermissible character' : 'is too long';
    throw new Fault(
      'InvalidBatchEntryIdException',
      `The Id of a batch entry in the batch request ${what}: ${long ?? odd ?? ''}`,
    );
  }
  if (new Set(ids).size < ids.length) {
    throw new Fault(
      'BatchEntryIdsNotDistinctException',
      'Two or more batch entries in the request have the same Id.',
    );
  }
}

function check(ctx: Ctx, topic: Topic, outgoing: Outgoing): Checked {
  const { Message, Subject, MessageStructure } = outgoing;
  const attributes = storedAttributes(outgoing.MessageAttributes);
  if (Message === '') throw invalid('Empty message');
  const sizeBytes = utf8Length(Message) + sizeOfAttributes(attributes);
  if (sizeBytes > LARGEST_MESSAGE) throw invalid('Message too long');
  if (Subject !== undefined && !/^[ -~]{1,100}$/.test(Subject)) throw invalid('Subject');
  if (MessageStructure !== undefined && MessageStructure !== 'json') throw invalid('MessageStructure');
  const texts = MessageStructure === 'json' ? textsOf(Message) : { default: Message };
  const deduplicationId = deduplicationIdOf(ctx, topic, outgoing);
  return { outgoing, texts, attributes, sizeBytes, deduplicationId };
}

function textsOf(message: string): Readonly<Record<string, Json>> {
  const texts = parsed(message);
  if (texts === undefined) throw invalid('Message Structure - JSON message body failed to parse');
  if (!isObject(texts) || typeof texts['default'] !== 'string')
    throw invalid('Message Structure - No default entry in JSON message body');
  return texts;
}

/** The deduplication id of a message to a FIFO topic, given or made of its content. */
function deduplicationIdOf(ctx: Ctx, topic: Topic, outgoing: Outgoing): string | undefined {
  const { MessageGroupId: groupId, MessageDeduplicationId: id, Message } = outgoing;
  if (groupId !== undefined && !ID.test(groupId)) {
    throw invalid(
      'MessageGroupId Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length',
    );
  }
  if (!topic.fifo) {
    if (id === undefined) return undefined;
    throw invalid(
      'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    );
  }
  if (groupId === undefined) throw invalid('The MessageGroupId parameter is required for FIFO topics');
  if (id !== undefined) {
    if (ID.test(id)) return id;
    throw invalid(
      'MessageDeduplicationId Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length',
    );
  }
  if (topic.attributes['ContentBasedDeduplication'] !== 'true') {
    throw invalid(
      'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  return hex(ctx.kernel.primitives.sha256(utf8(Message)));
}

function publish(ctx: Ctx, topic: Topic, checked: Checked): Published {
  const home = homeOf(ctx, topic.arn);
  countPublished(home, topic.arn, checked.sizeBytes);
  const { deduplicationId } = checked;
  if (deduplicationId === undefined) {
    const messageId = home.uuid('message');
    fanOut(home, topic, checked, messageId);
    return { MessageId: messageId };
  }
  const key = deduplicationKey(topic, deduplicationId, checked.outgoing.MessageGroupId ?? '');
  const known = home.get(deduplications, key);
  if (known && known.until > home.now) return { MessageId: known.messageId, SequenceNumber: known.sequence };
  const messageId = home.uuid('message');
  // Twenty digits that only ever grow.
  const sequence = `1${String(home.kernel.nextSeq()).padStart(19, '0')}`;
  const until = home.now + DEDUPLICATION_MS;
  home.put(deduplications, { key, messageId, sequence, until });
  home.schedule(deduplicationOver, until, { key });
  fanOut(home, topic, checked, messageId, sequence);
  return { MessageId: messageId, SequenceNumber: sequence };
}

/** Deduplication ids are remembered for the topic, or for each message group. */
function deduplicationKey({ arn, attributes }: Topic, id: string, groupId: string): string {
  return `${arn}@${attributes['FifoThroughputScope'] === 'MessageGroup' ? groupId : ''}@${id}`;
}

function fanOut(home: Ctx, topic: Topic, checked: Checked, messageId: string, sequence?: string): void {
  const { outgoing, texts, attributes, deduplicationId } = checked;
  const { Subject: subject, MessageGroupId: groupId } = outgoing;
  for (const subscription of home.list(subscriptions, 'topic', topic.arn)) {
    if (subscription.pending) continue;
    const own = texts[subscription.protocol];
    const message = typeof own === 'string' ? own : (texts['default'] as string);
    if (!wanted(home, subscription, message, attributes)) continue;
    const id = home.id('delivery');
    const row = {
      // Of one message group, the row that was published first stands first.
      id: sequence === undefined ? id : `${sequence} ${id}`,
      subscriptionArn: subscription.arn,
      messageId,
      message,
      ...(subject === undefined ? {} : { subject }),
      attributes,
      publishedAt: home.now,
      failures: 0,
      ...(groupId === undefined ? {} : { groupId }),
      ...(deduplicationId === undefined ? {} : { deduplicationId }),
      ...(sequence === undefined ? {} : { sequence, lane: `${subscription.arn} ${groupId ?? ''}` }),
    };
    dispatch(home, row, home.duration(deliveryDelay, id));
  }
}

/** Whether a message passes a subscription's filter policy; if not, that is counted. */
function wanted(
  home: Ctx,
  subscription: Subscription,
  message: string,
  attributes: StoredAttributes,
): boolean {
  const { FilterPolicy: policy, FilterPolicyScope: scope } = subscription.attributes;
  if (!policy) return true;
  const why =
    scope === 'MessageBody' ? unwantedBody(policy, message) : unwantedAttributes(policy, attributes);
  if (why === undefined) return true;
  count(home, subscription.topicArn, 'NumberOfNotificationsFilteredOut');
  count(home, subscription.topicArn, `NumberOfNotificationsFilteredOut-${why}`);
  return false;
}

function unwantedAttributes(
  policy: string,
  attributes: StoredAttributes,
): 'MessageAttributes' | 'NoMessageAttributes' | 'InvalidAttributes' | undefined {
  const content = filterable(attributes);
  if (!content) return 'InvalidAttributes';
  if (attributesPass(policy, content)) return undefined;
  return Object.keys(attributes).length === 0 ? 'NoMessageAttributes' : 'MessageAttributes';
}

function unwantedBody(policy: string, message: string): 'MessageBody' | 'InvalidMessageBody' | undefined {
  const body = parsedObject(message);
  if (!body) return 'InvalidMessageBody';
  return bodyPasses(policy, body) ? undefined : 'MessageBody';
}
