// What endpoints get: envelopes around messages, events for functions, and what SNS itself has to say.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html

import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { servedUrl } from '#cloud/endpoint.ts';
import { shownAttributes } from './message-attributes.ts';
import { certificateUrl, signatureOf } from './signature.ts';
import { topics } from './tables.ts';
import type { Delivery, Letter, Subscription } from './tables.ts';

/** A URL that works without a signature. */
function actionUrl(home: Ctx, action: string, parameters: Readonly<Record<string, string>>): string {
  const host = servedUrl(home) ?? `https://sns.${home.region}.amazonaws.com`;
  const rest = Object.entries(parameters).map(([name, value]) => `&${name}=${value}`);
  return `${host}/?Action=${action}${rest.join('')}`;
}

const unsubscribeUrl = (home: Ctx, { arn }: Subscription): string =>
  actionUrl(home, 'Unsubscribe', { SubscriptionArn: arn });

function signatureVersionOf(home: Ctx, { topicArn }: Subscription): string {
  return home.get(topics, topicArn)?.attributes['SignatureVersion'] ?? '1';
}

/** Messages of FIFO topics bear no signature (recorded: test_message_to_fifo_sqs). */
function signed(
  home: Ctx,
  to: Subscription,
  message: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (message['SequenceNumber'] !== undefined) return message;
  const SignatureVersion = signatureVersionOf(home, to);
  const Signature = signatureOf(home, SignatureVersion, message);
  return { ...message, SignatureVersion, Signature, SigningCertURL: certificateUrl(home) };
}

export function isRaw({ attributes }: Subscription): boolean {
  return attributes['RawMessageDelivery'] === 'true';
}

/** The body for a queue or an HTTP(S) endpoint. */
export function bodyFor(home: Ctx, subscription: Subscription, delivery: Delivery): string {
  const { letter, messageId, message, subject, attributes, publishedAt, sequence } = delivery;
  if (letter) return letterBody(home, subscription, delivery, letter);
  if (isRaw(subscription)) return message;
  const notification = {
    Type: 'Notification',
    MessageId: messageId,
    ...(sequence === undefined ? {} : { SequenceNumber: sequence }),
    TopicArn: subscription.topicArn,
    ...(subject === undefined ? {} : { Subject: subject }),
    Message: message,
    Timestamp: formatIso(publishedAt),
  };
  return JSON.stringify({
    ...signed(home, subscription, notification),
    UnsubscribeURL: unsubscribeUrl(home, subscription),
    ...(Object.keys(attributes).length > 0 ? { MessageAttributes: shownAttributes(attributes) } : {}),
  });
}

const TEXTS: Readonly<Record<Letter['type'], (to: Subscription) => string>> = {
  SubscriptionConfirmation: ({ topicArn }) =>
    `You have chosen to subscribe to the topic ${topicArn}.\n` +
    'To confirm the subscription, visit the SubscribeURL included in this message.',
  UnsubscribeConfirmation: ({ arn }) =>
    `You have chosen to deactivate subscription ${arn}.\n` +
    'To cancel this operation and restore the subscription, visit the SubscribeURL included in this message.',
};

function letterBody(
  home: Ctx,
  to: Subscription,
  { messageId, publishedAt }: Delivery,
  { type, token }: Letter,
): string {
  const letter = {
    Type: type,
    MessageId: messageId,
    Token: token,
    TopicArn: to.topicArn,
    Message: TEXTS[type](to),
    SubscribeURL: actionUrl(home, 'ConfirmSubscription', { TopicArn: to.topicArn, Token: token }),
    Timestamp: formatIso(publishedAt),
  };
  return JSON.stringify(signed(home, to, letter));
}

/**
 * The event for a function. https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
 * It says version 1 whatever the signature is (recorded: test_publish_lambda_verify_signature).
 */
export function eventFor(home: Ctx, subscription: Subscription, delivery: Delivery): string {
  const { messageId, message, subject = null, attributes, publishedAt } = delivery;
  const notification = {
    Type: 'Notification',
    MessageId: messageId,
    TopicArn: subscription.topicArn,
    Subject: subject,
    Message: message,
    Timestamp: formatIso(publishedAt),
  };
  const Sns = {
    ...notification,
    SignatureVersion: '1',
    Signature: signatureOf(home, signatureVersionOf(home, subscription), notification),
    SigningCertUrl: certificateUrl(home),
    UnsubscribeUrl: unsubscribeUrl(home, subscription),
    MessageAttributes: shownAttributes(attributes),
  };
  const record = { EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn: subscription.arn, Sns };
  return JSON.stringify({ Records: [record] });
}

/** The headers of a POST. https://docs.aws.amazon.com/sns/latest/dg/http-header.html */
export function headersFor(
  subscription: Subscription,
  { letter, messageId }: Delivery,
  contentType: string,
): Record<string, string> {
  const known = letter?.type !== 'SubscriptionConfirmation';
  return {
    'content-type': letter ? 'text/plain; charset=UTF-8' : contentType,
    'user-agent': 'Amazon Simple Notification Service Agent',
    'x-amz-sns-message-type': letter?.type ?? 'Notification',
    'x-amz-sns-message-id': messageId,
    'x-amz-sns-topic-arn': subscription.topicArn,
    ...(known ? { 'x-amz-sns-subscription-arn': subscription.arn } : {}),
    ...(!letter && isRaw(subscription) ? { 'x-amz-sns-rawdelivery': 'true' } : {}),
  };
}
