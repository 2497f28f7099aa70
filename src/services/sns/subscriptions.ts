// Subscriptions to topics. Only SQS queues can subscribe so far; other protocols are refused by name.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { checkFilterPolicy } from './filter-policy.ts';
import { subscriptions } from './tables.ts';
import type { Subscription } from './tables.ts';
import { homeOf, topicOf } from './topics.ts';

const SETTABLE = new Set(['FilterPolicy', 'FilterPolicyScope', 'RawMessageDelivery', 'RedrivePolicy']);
const PROTOCOLS = ['http', 'https', 'email', 'email-json', 'sms', 'sqs', 'application', 'lambda', 'firehose'];
const PAGE_SIZE = 100;

function subscriptionOf(ctx: Ctx, arn: string): Subscription {
  const found = homeOf(ctx, arn).get(subscriptions, arn);
  if (!found) throw new Fault('NotFoundException', 'Subscription does not exist');
  return found;
}

function checkAttribute(name: string, value: string): void {
  if (!SETTABLE.has(name)) {
    throw new Fault('NotImplemented', `The subscription attribute ${name} is not modelled by Sandtable.`);
  }
  if (name === 'FilterPolicy' && value !== '') checkFilterPolicy(value);
  if (name === 'RawMessageDelivery' && value !== 'true' && value !== 'false') {
    throw new Fault(
      'InvalidParameterException',
      'Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value.',
    );
  }
  if (name === 'FilterPolicyScope' && value !== 'MessageAttributes' && value !== 'MessageBody') {
    throw new Fault(
      'InvalidParameterException',
      'Invalid parameter: Attributes Reason: FilterPolicyScope: Invalid value.',
    );
  }
}

function describe({ arn, owner, protocol, endpoint, topicArn }: Subscription): Record<string, string> {
  return { SubscriptionArn: arn, Owner: owner, Protocol: protocol, Endpoint: endpoint, TopicArn: topicArn };
}

export const subscriptionOperations: Operations<'sns'> = {
  Subscribe(ctx, { TopicArn, Protocol, Endpoint = '', Attributes = {} }) {
    const topic = topicOf(ctx, TopicArn);
    if (!PROTOCOLS.includes(Protocol)) {
      throw new Fault(
        'InvalidParameterException',
        `Invalid parameter: Does not support this protocol string: ${Protocol}`,
      );
    }
    if (Protocol !== 'sqs')
      throw new Fault('NotImplemented', `Subscriptions by ${Protocol} are not modelled by Sandtable.`);
    if (!Endpoint.startsWith('arn:aws:sqs:'))
      throw new Fault('InvalidParameterException', 'Invalid parameter: SQS endpoint ARN');
    for (const [name, value] of Object.entries(Attributes)) checkAttribute(name, value);
    const existing = homeOf(ctx, topic.arn)
      .list(subscriptions, 'topic', topic.arn)
      .find((row) => row.endpoint === Endpoint);
    if (existing) {
      if (JSON.stringify(existing.attributes) === JSON.stringify(Attributes))
        return { SubscriptionArn: existing.arn };
      throw new Fault(
        'InvalidParameterException',
        'Invalid parameter: Attributes Reason: Subscription already exists with different attributes',
      );
    }
    const arn = `${topic.arn}:${ctx.uuid('subscription')}`;
    const row = {
      arn,
      topicArn: topic.arn,
      protocol: Protocol,
      endpoint: Endpoint,
      owner: ctx.account,
      attributes: Attributes,
    };
    homeOf(ctx, topic.arn).put(subscriptions, row);
    return { SubscriptionArn: arn }; // Queues are confirmed at once.
  },

  Unsubscribe(ctx, { SubscriptionArn }) {
    homeOf(ctx, SubscriptionArn).delete(subscriptions, SubscriptionArn);
  },

  ListSubscriptions(ctx, { NextToken }) {
    const { rows, next } = page(ctx, subscriptions, { token: NextToken, limit: PAGE_SIZE });
    return { Subscriptions: rows.map(describe), NextToken: next };
  },

  ListSubscriptionsByTopic(ctx, { TopicArn, NextToken }) {
    topicOf(ctx, TopicArn);
    // A subscription's ARN begins with its topic's.
    const { rows, next } = page(homeOf(ctx, TopicArn), subscriptions, {
      token: NextToken,
      limit: PAGE_SIZE,
      prefix: `${TopicArn}:`,
    });
    return { Subscriptions: rows.map(describe), NextToken: next };
  },

  GetSubscriptionAttributes(ctx, { SubscriptionArn }) {
    const row = subscriptionOf(ctx, SubscriptionArn);
    const Attributes = {
      RawMessageDelivery: 'false',
      ...row.attributes,
      ...describe(row),
      PendingConfirmation: 'false',
      ConfirmationWasAuthenticated: 'true',
    };
    return { Attributes };
  },

  SetSubscriptionAttributes(ctx, { SubscriptionArn, AttributeName, AttributeValue = '' }) {
    const row = subscriptionOf(ctx, SubscriptionArn);
    checkAttribute(AttributeName, AttributeValue);
    homeOf(ctx, SubscriptionArn).update(subscriptions, row, {
      attributes: { ...row.attributes, [AttributeName]: AttributeValue },
    });
  },
};
