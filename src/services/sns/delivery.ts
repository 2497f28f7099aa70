// Delivering messages to subscriptions: attempts, retries, order within message groups, dead-letter queues.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html

import { table, timer } from '#world/index.ts';
import type { EffectHandler, Table, TimerHandler, TimerKind } from '#world/index.ts';
import type { Fault } from '#contract/fault.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import type { Caller } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { isPerformed } from '#cloud/endpoint.ts';
import { retryAfterMs } from './delivery-policy.ts';
import { httpPost, isDelivered } from './http.ts';
import type { HttpAnswer, HttpPost } from './http.ts';
import { wireAttributes } from './message-attributes.ts';
import { count } from './metrics.ts';
import { bodyFor, eventFor, headersFor, isRaw } from './notification.ts';
import { policyFor } from './subscription-attributes.ts';
import { deliveries, subscriptions, topics } from './tables.ts';
import type { Delivery, Subscription } from './tables.ts';
import { retryDelayMs, RETRIES } from './timings.ts';

interface Attempt {
  id: string;
  failures: number;
  /** Has waited for its turn under a throttle policy. */
  admitted?: boolean;
}
const attemptDue: TimerKind<Attempt> = timer<Attempt>('sns/attempt-due');

/** When the next message may go to an endpoint whose owner asked not to get too many a second. */
export interface Throttle {
  subscriptionArn: string;
  nextAt: number;
}
export const throttles: Table<Throttle> = table<Throttle>('sns/throttles', (row) => row.subscriptionArn);

const PRINCIPAL = 'sns.amazonaws.com';

/** What AWS would call the server's error: it may go away. All others are the client's and are not retried. */
const TRANSIENT =
  /Throttl|TooManyRequests|RequestLimitExceeded|Unavailable|Internal|ServiceException|ServiceFault|OverLimit|Timeout|ResourceConflict|NotReady/;

/** How an attempt went. `pending`: the answer comes later. */
type Attempted = 'delivered' | 'retry' | 'hopeless' | 'pending';

/** Takes a delivery on its way; within a message group it waits until those before it are done. */
export function dispatch(home: Ctx, delivery: Delivery, delayMs: number): void {
  const waits = delivery.lane !== undefined && home.list(deliveries, 'lane', delivery.lane).length > 0;
  home.put(deliveries, delivery);
  if (!waits) home.schedule(attemptDue, home.now + delayMs, { id: delivery.id, failures: 0 });
}

export const deliver: TimerHandler<Attempt, Ctx> = {
  kind: attemptDue,
  live: (ctx, { id, failures }) => ctx.get(deliveries, id)?.failures === failures,
  fire(ctx, { id, failures, admitted = false }) {
    const delivery = ctx.get(deliveries, id) as Delivery;
    const subscription = delivery.letter?.to ?? ctx.get(subscriptions, delivery.subscriptionArn);
    if (!subscription) return done(ctx, delivery); // Unsubscribed meanwhile.
    const turn = admitted ? ctx.now : turnOf(ctx, subscription);
    if (turn > ctx.now) return ctx.schedule(attemptDue, turn, { id, failures, admitted: true });
    settle(ctx, subscription, delivery, attempt(ctx, subscription, delivery));
  },
};

/** What an HTTP(S) endpoint answered. */
export const posted: EffectHandler<HttpPost, HttpAnswer, Ctx> = {
  kind: httpPost,
  // Nobody knows whether it arrived; SNS delivers at least once.
  lost: () => ({}),
  done(ctx, answer, { id, failures }) {
    const delivery = ctx.get(deliveries, id);
    if (delivery?.failures !== failures) return;
    const subscription = delivery.letter?.to ?? ctx.get(subscriptions, delivery.subscriptionArn);
    if (!subscription) return done(ctx, delivery);
    settle(ctx, subscription, delivery, isDelivered(answer) ? 'delivered' : 'retry');
  },
};

/** When a message may go: now, or in its turn. Takes the turn. */
function turnOf(ctx: Ctx, subscription: Subscription): number {
  if (!subscription.protocol.startsWith('http')) return ctx.now;
  const { throttlePolicy } = policyFor(subscription, ctx.get(topics, subscription.topicArn));
  if (!throttlePolicy) return ctx.now;
  const turn = Math.max(ctx.now, ctx.get(throttles, subscription.arn)?.nextAt ?? 0);
  const nextAt = turn + Math.ceil(1000 / throttlePolicy.maxReceivesPerSecond);
  ctx.put(throttles, { subscriptionArn: subscription.arn, nextAt });
  return turn;
}

function attempt(ctx: Ctx, subscription: Subscription, delivery: Delivery): Attempted {
  switch (subscription.protocol) {
    case 'sqs':
      return outcomeOf(sendTo(ctx, subscription, subscription.endpoint, delivery));
    case 'lambda':
      return outcomeOf(invoke(ctx, subscription, delivery));
    default:
      return post(ctx, subscription, delivery);
  }
}

function outcomeOf(fault: Fault | undefined): Attempted {
  if (!fault) return 'delivered';
  return TRANSIENT.test(fault.shape) || (fault.status ?? 0) >= 500 ? 'retry' : 'hopeless';
}

function post(ctx: Ctx, subscription: Subscription, delivery: Delivery): Attempted {
  if (!isPerformed(ctx, httpPost)) return 'retry';
  const { requestPolicy } = policyFor(subscription, ctx.get(topics, subscription.topicArn));
  ctx.perform(httpPost, {
    id: delivery.id,
    failures: delivery.failures,
    url: subscription.endpoint,
    headers: headersFor(subscription, delivery, requestPolicy.headerContentType),
    body: bodyFor(ctx, subscription, delivery),
  });
  return 'pending';
}

/** SNS itself, for the topic. Its account is what a policy of the receiver sees as aws:SourceAccount. */
function asTopic(ctx: Ctx, { topicArn }: Subscription): Caller {
  return { type: 'service', service: PRINCIPAL, account: ctx.account, sourceArn: topicArn };
}

/** Hands a message to a queue; the queue's policy decides. Returns what went wrong. */
function sendTo(
  ctx: Ctx,
  subscription: Subscription,
  queueArn: string,
  delivery: Delivery,
): Fault | undefined {
  const [, , , region = ctx.region, account = '', name = ''] = queueArn.split(':');
  const { groupId, deduplicationId, attributes } = delivery;
  const raw = !delivery.letter && isRaw(subscription);
  // A message group goes on from a FIFO topic to a FIFO queue, and from a standard topic to a standard one.
  const grouped = name.endsWith('.fifo') === (deduplicationId !== undefined);
  const input = {
    QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
    MessageBody: bodyFor(ctx, subscription, delivery),
    ...(raw ? { MessageAttributes: wireAttributes(attributes) } : {}),
    ...(grouped && groupId !== undefined ? { MessageGroupId: groupId } : {}),
    ...(grouped && deduplicationId !== undefined ? { MessageDeduplicationId: deduplicationId } : {}),
  };
  const sent = ctx.in({ region }).call('sqs', 'SendMessage', input, asTopic(ctx, subscription));
  return sent.ok ? undefined : sent.fault;
}

/** Hands an event to a function; the function's permissions decide. */
function invoke(ctx: Ctx, subscription: Subscription, delivery: Delivery): Fault | undefined {
  const region = subscription.endpoint.split(':')[3] || ctx.region;
  const input = {
    FunctionName: subscription.endpoint,
    InvocationType: 'Event',
    Payload: utf8(eventFor(ctx, subscription, delivery)),
  } as const;
  const invoked = ctx.in({ region }).call('lambda', 'Invoke', input, asTopic(ctx, subscription));
  return invoked.ok ? undefined : invoked.fault;
}

function settle(ctx: Ctx, subscription: Subscription, delivery: Delivery, attempted: Attempted): void {
  if (attempted === 'pending') return;
  if (attempted === 'delivered') {
    if (!delivery.letter) count(ctx, subscription.topicArn, 'NumberOfNotificationsDelivered');
    return done(ctx, delivery);
  }
  const pause = attempted === 'retry' ? pauseAfter(ctx, subscription, delivery.failures) : undefined;
  if (pause === undefined) return giveUp(ctx, subscription, delivery);
  const failures = delivery.failures + 1;
  ctx.update(deliveries, delivery, { failures });
  ctx.schedule(attemptDue, ctx.now + pause, { id: delivery.id, failures });
}

/** Milliseconds until the next attempt; nothing where there is none. */
function pauseAfter(ctx: Ctx, subscription: Subscription, failures: number): number | undefined {
  if (!subscription.protocol.startsWith('http'))
    return failures < RETRIES ? retryDelayMs(failures) : undefined;
  const { healthyRetryPolicy } = policyFor(subscription, ctx.get(topics, subscription.topicArn));
  return retryAfterMs(healthyRetryPolicy, failures + 1);
}

/** Ends a delivery and lets the next of its message group go. */
function done(ctx: Ctx, { id, lane }: Delivery): void {
  ctx.delete(deliveries, id);
  if (lane === undefined) return;
  const next = ctx.list(deliveries, 'lane', lane)[0];
  if (next) ctx.schedule(attemptDue, ctx.now, { id: next.id, failures: next.failures });
}

function giveUp(ctx: Ctx, subscription: Subscription, delivery: Delivery): void {
  done(ctx, delivery);
  if (delivery.letter) return;
  const { topicArn, attributes } = subscription;
  count(ctx, topicArn, 'NumberOfNotificationsFailed');
  const redrive = attributes['RedrivePolicy'];
  if (!redrive) return;
  const { deadLetterTargetArn } = JSON.parse(redrive) as { deadLetterTargetArn: string };
  const fault = sendTo(ctx, subscription, deadLetterTargetArn, delivery);
  count(
    ctx,
    topicArn,
    fault ? 'NumberOfNotificationsFailedToRedriveToDlq' : 'NumberOfNotificationsRedrivenToDlq',
  );
}
