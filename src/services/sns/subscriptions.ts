// Subscriptions to topics: of queues and functions, which are confirmed at once where the subscriber owns them, of HTTP(S)
// endpoints and mailboxes, which are confirmed by token.
// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Principal } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { write } from './confirmation.ts';
import { checkArn, invalid, notModelled } from './faults.ts';
import { agrees, checkAttribute, described, settled } from './subscription-attributes.ts';
import { subscriptions, topics } from './tables.ts';
import type { Subscription, Topic } from './tables.ts';
import { homeOf, topicOf } from './topics.ts';

const PROTOCOLS = ['http', 'https', 'email', 'email-json', 'sms', 'sqs', 'application', 'lambda', 'firehose'];
const REFUSED: readonly string[] = ['sms', 'application', 'firehose'];
const PAGE_SIZE = 100;
const QUEUE = /^arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+$/;
const FUNCTION = /^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(?::[A-Za-z0-9$_-]+)?$/;
const MAILBOX = /^[^\s@]+@[^\s@]+$/;
const SUBSCRIPTION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function subscriptionOf(ctx: Ctx, arn: string): Subscription {
  checkArn(arn, 'SubscriptionArn');
  const found = homeOf(ctx, arn).get(subscriptions, arn);
  if (!found) throw new Fault('NotFoundException', 'Subscription does not exist');
  return found;
}

function checkEndpoint(topic: Topic, protocol: string, endpoint: string): void {
  if (!PROTOCOLS.includes(protocol))
    throw invalid(`Amazon SNS does not support this protocol string: ${protocol}`);
  if (REFUSED.includes(protocol)) throw notModelled(`Subscriptions by ${protocol} are`);
  if (protocol === 'sqs' && !QUEUE.test(endpoint)) throw invalid('SQS endpoint ARN');
  if (protocol === 'lambda' && !FUNCTION.test(endpoint)) throw invalid('Lambda endpoint ARN');
  if (protocol.startsWith('http') && !isUrl(endpoint, protocol))
    throw invalid('Endpoint must match the specified protocol');
  if (protocol.startsWith('email') && !MAILBOX.test(endpoint)) throw invalid('Email address');
  // https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html
  if (topic.fifo && protocol !== 'sqs')
    throw invalid('Invalid parameter: Endpoint Reason: Please use FIFO SQS queue');
  if (!topic.fifo && protocol === 'sqs' && endpoint.endsWith('.fifo')) {
    throw invalid(
      'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
    );
  }
}

function isUrl(endpoint: string, protocol: string): boolean {
  return endpoint.startsWith(`${protocol}://`) && URL.canParse(endpoint);
}

/** Queues and functions of the subscriber are; all others must say that they want it. */
function isConfirmed(ctx: Ctx, protocol: string, endpoint: string): boolean {
  if (protocol !== 'sqs' && protocol !== 'lambda') return false;
  if (endpoint.split(':')[4] === ctx.account) return true;
  if (protocol === 'lambda') throw notModelled("Subscriptions of another account's function are");
  return false;
}

function subscriberOf(principal: Principal): string {
  if (principal.type === 'role') return principal.roleArn;
  if (principal.type === 'service') return principal.service;
  return principal.type === 'anonymous' ? '' : principal.arn;
}

function listed({ arn, owner, protocol, endpoint, topicArn, pending }: Subscription): Record<string, string> {
  const SubscriptionArn = pending ? 'PendingConfirmation' : arn;
  return { SubscriptionArn, Owner: owner, Protocol: protocol, Endpoint: endpoint, TopicArn: topicArn };
}

export const subscriptionOperations: Operations<'sns'> = {
  Subscribe(ctx, { TopicArn, Protocol, Endpoint = '', Attributes = {}, ReturnSubscriptionArn = false }) {
    const topic = topicOf(ctx, TopicArn);
    checkEndpoint(topic, Protocol, Endpoint);
    const wrong = (reason: string): Fault => invalid(`Attributes Reason: ${reason}`);
    const setting = { topic, protocol: Protocol, endpoint: Endpoint, attributes: Attributes };
    for (const [name, value] of Object.entries(Attributes)) checkAttribute(setting, name, value, wrong);
    const home = homeOf(ctx, topic.arn);
    const existing = home
      .list(subscriptions, 'topic', topic.arn)
      .find((row) => row.protocol === Protocol && row.endpoint === Endpoint);
    if (existing && !agrees(existing, Attributes))
      throw invalid('Attributes Reason: Subscription already exists with different attributes');
    const subscription = existing ?? {
      arn: `${topic.arn}:${ctx.uuid('subscription')}`,
      topicArn: topic.arn,
      protocol: Protocol,
      endpoint: Endpoint,
      owner: ctx.account,
      principal: subscriberOf(ctx.principal),
      attributes: settled(Attributes),
      pending: !isConfirmed(ctx, Protocol, Endpoint),
      authenticated: isConfirmed(ctx, Protocol, Endpoint),
      guarded: false,
    };
    if (!existing) home.put(subscriptions, subscription);
    const { arn, pending } = subscription;
    // Subscribing again asks again.
    if (pending) write(home, 'SubscriptionConfirmation', subscription);
    return { SubscriptionArn: pending && !ReturnSubscriptionArn ? 'pending confirmation' : arn };
  },

  Unsubscribe(ctx, { SubscriptionArn: arn }) {
    if (arn === '') throw invalid('SubscriptionArn Reason: no value for required parameter');
    checkArn(arn, 'SubscriptionArn');
    if (!SUBSCRIPTION_ID.test(arn.split(':')[6] ?? '')) throw invalid('SubscriptionId');
    const home = homeOf(ctx, arn);
    const subscription = home.get(subscriptions, arn);
    if (!subscription) return;
    if (subscription.guarded && ctx.principal.type === 'anonymous')
      throw new Fault(
        'AuthorizationErrorException',
        'This subscription can only be ended by a signed request',
      );
    home.delete(subscriptions, arn);
    const topic = home.get(topics, subscription.topicArn);
    if (topic) home.update(topics, topic, { removed: topic.removed + 1 });
    // An endpoint learns of it and may take it back.
    if (subscription.protocol.startsWith('http') && !subscription.pending)
      write(home, 'UnsubscribeConfirmation', subscription);
  },

  ListSubscriptions(ctx, { NextToken }) {
    const { rows, next } = page(ctx, subscriptions, { token: NextToken, limit: PAGE_SIZE });
    return { Subscriptions: rows.map(listed), NextToken: next };
  },

  ListSubscriptionsByTopic(ctx, { TopicArn, NextToken }) {
    topicOf(ctx, TopicArn);
    // A subscription's ARN begins with its topic's.
    const { rows, next } = page(homeOf(ctx, TopicArn), subscriptions, {
      token: NextToken,
      limit: PAGE_SIZE,
      prefix: `${TopicArn}:`,
    });
    return { Subscriptions: rows.map(listed), NextToken: next };
  },

  GetSubscriptionAttributes(ctx, { SubscriptionArn }) {
    const row = subscriptionOf(ctx, SubscriptionArn);
    const topic = homeOf(ctx, SubscriptionArn).get(topics, row.topicArn) as Topic;
    return { Attributes: described(row, topic) };
  },

  SetSubscriptionAttributes(ctx, { SubscriptionArn, AttributeName, AttributeValue = '' }) {
    const row = subscriptionOf(ctx, SubscriptionArn);
    const home = homeOf(ctx, SubscriptionArn);
    const topic = home.get(topics, row.topicArn) as Topic;
    const attributes = { ...row.attributes, [AttributeName]: AttributeValue };
    const { protocol, endpoint } = row;
    checkAttribute({ topic, protocol, endpoint, attributes }, AttributeName, AttributeValue, invalid);
    home.update(subscriptions, row, { attributes: settled(attributes) });
  },
};
