// Topics: names, attributes, policies and tags.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { subscriptions, topics } from './tables.ts';
import type { Topic } from './tables.ts';

/** Attributes that a topic may be given here. SNS knows more; those are refused by name. */
const SETTABLE = new Set(['DisplayName', 'Policy', 'SignatureVersion', 'TracingConfig']);
const PAGE_SIZE = 100;
/** https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
const NAME = /^[A-Za-z0-9_-]{1,256}$/;

/** Where a topic's rows and those of its subscriptions are: other accounts may be let in by its policy. */
export function homeOf(ctx: Ctx, arn: string): Ctx {
  const [, , , region, account] = arn.split(':');
  return ctx.in({ region: region || ctx.region, account: account || ctx.account });
}

/** The topic, or SNS's own answer when there is none. */
export function topicOf(ctx: Ctx, arn: string | undefined): Topic {
  if (!arn || !/^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+$/.test(arn)) {
    throw new Fault('InvalidParameterException', 'Invalid parameter: TopicArn');
  }
  const topic = homeOf(ctx, arn).get(topics, arn);
  if (!topic) throw new Fault('NotFoundException', 'Topic does not exist');
  return topic;
}

/** Without a policy of its own, a topic lets its owner's account do everything, as SNS does by default. */
export function defaultPolicy(topic: Topic): string {
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

function checkAttributes(attributes: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!SETTABLE.has(name))
      throw new Fault('NotImplemented', `The topic attribute ${name} is not modelled by Sandtable.`);
    if (name === 'Policy') parsePolicy(value, 'resource');
    if (name === 'SignatureVersion' && value !== '1' && value !== '2') {
      throw new Fault(
        'InvalidParameterException',
        'Invalid parameter: Attributes Reason: SignatureVersion must be 1 or 2',
      );
    }
  }
}

export const topicOperations: Operations<'sns'> = {
  CreateTopic(ctx, { Name, Attributes = {}, Tags = [] }) {
    if (!NAME.test(Name)) throw new Fault('InvalidParameterException', 'Invalid parameter: Topic Name');
    checkAttributes(Attributes);
    const arn = ctx.arn('sns', Name);
    const existing = ctx.get(topics, arn);
    if (existing) {
      // Idempotent by name, unless the request disagrees with the topic.
      if (Object.entries(Attributes).some(([name, value]) => existing.attributes[name] !== value)) {
        throw new Fault(
          'InvalidParameterException',
          'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
        );
      }
      return { TopicArn: arn };
    }
    ctx.put(topics, {
      arn,
      name: Name,
      attributes: Attributes,
      tags: mergeTags({}, Tags),
      createdAt: ctx.now,
    });
    return { TopicArn: arn };
  },

  DeleteTopic(ctx, { TopicArn }) {
    const home = homeOf(ctx, TopicArn);
    for (const { arn } of home.list(subscriptions, 'topic', TopicArn)) home.delete(subscriptions, arn);
    home.delete(topics, TopicArn); // Deleting what is not there succeeds.
  },

  ListTopics(ctx, { NextToken }) {
    const { rows, next } = page(ctx, topics, { token: NextToken, limit: PAGE_SIZE });
    return { Topics: rows.map(({ arn }) => ({ TopicArn: arn })), NextToken: next };
  },

  GetTopicAttributes(ctx, { TopicArn }) {
    const topic = topicOf(ctx, TopicArn);
    const confirmed = homeOf(ctx, topic.arn).list(subscriptions, 'topic', topic.arn).length;
    const Attributes = {
      Policy: defaultPolicy(topic),
      DisplayName: '',
      ...topic.attributes,
      TopicArn: topic.arn,
      Owner: topic.arn.split(':')[4] as string,
      SubscriptionsConfirmed: String(confirmed),
      SubscriptionsPending: '0',
      SubscriptionsDeleted: '0',
    };
    return { Attributes };
  },

  SetTopicAttributes(ctx, { TopicArn, AttributeName, AttributeValue = '' }) {
    const topic = topicOf(ctx, TopicArn);
    checkAttributes({ [AttributeName]: AttributeValue });
    homeOf(ctx, topic.arn).update(topics, topic, {
      attributes: { ...topic.attributes, [AttributeName]: AttributeValue },
    });
  },

  TagResource(ctx, { ResourceArn, Tags }) {
    const topic = tagged(ctx, ResourceArn);
    homeOf(ctx, topic.arn).update(topics, topic, { tags: mergeTags(topic.tags, Tags) });
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
