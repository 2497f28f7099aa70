// Topics: names, attributes, policies and tags.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { effectiveTopicPolicy, shownTopicPolicy } from './delivery-policy.ts';
import { checkArn, invalid } from './faults.ts';
import { deduplications, subscriptions, topics } from './tables.ts';
import type { Topic } from './tables.ts';
import { checkAttribute } from './topic-attributes.ts';

const PAGE_SIZE = 100;
const MOST_TAGS = 50;
/** https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
const NAME = /^[A-Za-z0-9_-]{1,256}$/;
const FIFO_NAME = /^[A-Za-z0-9_-]{1,251}\.fifo$/;
const TOPIC_ARN = /^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+$/;

/** Where a topic's rows and those of its subscriptions are: other accounts may be let in by its policy. */
export function homeOf(ctx: Ctx, arn: string): Ctx {
  const [, , , region, account] = arn.split(':');
  return ctx.in({ region: region || ctx.region, account: account || ctx.account });
}

/** The topic, or SNS's own answer when there is none. A region's endpoint knows its own topics only. */
export function topicOf(ctx: Ctx, arn: string = ''): Topic {
  checkArn(arn, 'TopicArn');
  const elsewhere = arn.split(':')[3] !== ctx.region && ctx.principal.type !== 'anonymous';
  if (!TOPIC_ARN.test(arn) || elsewhere) throw invalid('TopicArn');
  const topic = homeOf(ctx, arn).get(topics, arn);
  if (!topic) throw new Fault('NotFoundException', 'Topic does not exist');
  return topic;
}

/** Without a policy of its own, a topic lets its owner's account do everything, as SNS does by default. */
function defaultPolicy(topic: Topic): string {
  const account = topic.arn.split(':')[4] as string;
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'SNS:GetTopicAttributes',
          'SNS:SetTopicAttributes',
          'SNS:AddPermission',
          'SNS:RemovePermission',
          'SNS:DeleteTopic',
          'SNS:Subscribe',
          'SNS:ListSubscriptionsByTopic',
          'SNS:Publish',
        ],
        Resource: topic.arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': account } },
      },
    ],
  });
}

export function policyOf(topic: Topic): string {
  return topic.attributes['Policy'] || defaultPolicy(topic);
}

interface WireTag {
  Key: string;
  Value: string;
}

function checkTags(tags: readonly WireTag[], known: Tags): void {
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length)
    throw invalid('Duplicated keys are not allowed.');
  if (Object.keys(mergeTags(known, tags)).length > MOST_TAGS)
    throw new Fault(
      'TagLimitExceededException',
      'Could not complete request: tag quota of per resource exceeded',
    );
}

/** Idempotent by name, unless the request disagrees with the topic. */
function checkSame(
  topic: Topic,
  attributes: Readonly<Record<string, string>>,
  tags: readonly WireTag[],
): void {
  const now = described(topic);
  if (Object.entries(attributes).some(([name, value]) => (now[name] ?? '') !== value))
    throw invalid('Attributes Reason: Topic already exists with different attributes');
  if (tags.some(({ Key, Value }) => topic.tags[Key] !== Value))
    throw invalid('Tags Reason: Topic already exists with different tags');
}

function described(topic: Topic): Record<string, string> {
  const { Policy: _, DeliveryPolicy, KmsMasterKeyId, ...set } = topic.attributes;
  return {
    Policy: policyOf(topic),
    DisplayName: '',
    ...(topic.fifo ? { FifoTopic: 'true', ContentBasedDeduplication: 'false' } : {}),
    ...set,
    ...(KmsMasterKeyId ? { KmsMasterKeyId } : {}),
    ...(DeliveryPolicy ? { DeliveryPolicy: JSON.stringify(shownTopicPolicy(DeliveryPolicy)) } : {}),
    EffectiveDeliveryPolicy: JSON.stringify(effectiveTopicPolicy(DeliveryPolicy)),
    TopicArn: topic.arn,
    Owner: topic.arn.split(':')[4] as string,
  };
}

export const topicOperations: Operations<'sns'> = {
  CreateTopic(ctx, { Name, Attributes = {}, Tags: tags = [] }) {
    const { FifoTopic = 'false', ...attributes } = Attributes;
    const fifo = FifoTopic === 'true';
    if (!(fifo ? FIFO_NAME : NAME).test(Name)) throw invalid('Topic Name');
    const wrong = (reason: string): Fault => invalid(`Attributes Reason: ${reason}`);
    for (const [name, value] of Object.entries(attributes)) checkAttribute({ fifo }, name, value, wrong);
    checkTags(tags, {});
    const arn = ctx.arn('sns', Name);
    const existing = ctx.get(topics, arn);
    if (existing) {
      checkSame(existing, attributes, tags);
      return { TopicArn: arn };
    }
    ctx.put(topics, {
      arn,
      name: Name,
      fifo,
      attributes,
      tags: mergeTags({}, tags),
      createdAt: ctx.now,
      removed: 0,
    });
    return { TopicArn: arn };
  },

  DeleteTopic(ctx, { TopicArn }) {
    checkArn(TopicArn, 'TopicArn');
    if (TopicArn.split(':')[3] !== ctx.region) throw invalid('TopicArn');
    const home = homeOf(ctx, TopicArn);
    for (const { arn } of home.list(subscriptions, 'topic', TopicArn)) home.delete(subscriptions, arn);
    for (const { key } of home.scan(deduplications, { prefix: `${TopicArn}@` }))
      home.delete(deduplications, key);
    home.delete(topics, TopicArn); // Deleting what is not there succeeds.
  },

  ListTopics(ctx, { NextToken }) {
    const { rows, next } = page(ctx, topics, { token: NextToken, limit: PAGE_SIZE });
    return { Topics: rows.map(({ arn }) => ({ TopicArn: arn })), NextToken: next };
  },

  GetTopicAttributes(ctx, { TopicArn }) {
    const topic = topicOf(ctx, TopicArn);
    const all = homeOf(ctx, topic.arn).list(subscriptions, 'topic', topic.arn);
    const pending = all.filter((subscription) => subscription.pending).length;
    const Attributes = {
      ...described(topic),
      SubscriptionsConfirmed: String(all.length - pending),
      SubscriptionsPending: String(pending),
      SubscriptionsDeleted: String(topic.removed),
    };
    return { Attributes };
  },

  SetTopicAttributes(ctx, { TopicArn, AttributeName, AttributeValue = '' }) {
    const topic = topicOf(ctx, TopicArn);
    checkAttribute(topic, AttributeName, AttributeValue, invalid);
    homeOf(ctx, topic.arn).update(topics, topic, {
      attributes: { ...topic.attributes, [AttributeName]: AttributeValue },
    });
  },

  TagResource(ctx, { ResourceArn, Tags: tags }) {
    const topic = tagged(ctx, ResourceArn);
    checkTags(tags, topic.tags);
    homeOf(ctx, topic.arn).update(topics, topic, { tags: mergeTags(topic.tags, tags) });
  },

  UntagResource(ctx, { ResourceArn, TagKeys }) {
    const topic = tagged(ctx, ResourceArn);
    homeOf(ctx, topic.arn).update(topics, topic, { tags: removeTags(topic.tags, TagKeys) });
  },

  ListTagsForResource(ctx, { ResourceArn }) {
    return { Tags: tagList(tagged(ctx, ResourceArn).tags) };
  },
};

function tagged(ctx: Ctx, arn: string): Topic {
  const topic = homeOf(ctx, arn).get(topics, arn);
  if (!topic) throw new Fault('ResourceNotFoundException', 'Resource does not exist');
  return topic;
}
