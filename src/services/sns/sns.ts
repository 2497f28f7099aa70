// Amazon SNS: topics (./topics.ts), subscriptions (./subscriptions.ts, ./confirmation.ts), publishing and fan-out (./publish.ts),
// delivery with retry (./delivery.ts).

import type { EffectHandler, TimerHandler } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { validationMessage } from '#contract/validate.ts';
import type { Violation } from '#contract/validate.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { confirmationOperations, expire } from './confirmation.ts';
import { deliver, posted, throttles } from './delivery.ts';
import { invalid } from './faults.ts';
import { permissionOperations } from './permissions.ts';
import { forget, publishOperations } from './publish.ts';
import { certificateDoor } from './signature.ts';
import { subscriptionOperations } from './subscriptions.ts';
import { deduplications, deliveries, subscriptions, tokens, topics } from './tables.ts';
import { homeOf, policyOf, topicOperations } from './topics.ts';

const ofTopic = (_: Ctx, { TopicArn }: { TopicArn?: string | undefined }): string => TopicArn ?? '*';
const ofTagged = (_: Ctx, { ResourceArn }: { ResourceArn: string }): string => ResourceArn;

/** The topic of a subscription: its ARN without the last part. */
const ofSubscription = (_: Ctx, { SubscriptionArn }: { SubscriptionArn: string }): string =>
  SubscriptionArn.split(':').slice(0, 6).join(':');

/** What is no subscription's ARN is found out by the operation. */
const isSubscription = (arn: string): boolean => arn.split(':').length > 6;

const unlessAnonymous =
  (action: string) =>
  ({ principal }: Ctx): readonly string[] =>
    principal.type === 'anonymous' ? [] : [action];

export const service: Service = defineService({
  contract: 'sns',
  tables: [topics, subscriptions, tokens, deliveries, deduplications, throttles],
  operations: {
    ...topicOperations,
    ...permissionOperations,
    ...subscriptionOperations,
    ...confirmationOperations,
    ...publishOperations,
  },
  timers: [deliver, forget, expire] as TimerHandler<unknown, Ctx>[],
  effects: [posted as EffectHandler<unknown, unknown, Ctx>],
  doors: [certificateDoor],
  authorization: {
    AddPermission: { resources: ofTopic },
    RemovePermission: { resources: ofTopic },
    // Whoever has the token, or the URL in a notification, needs no permission and no signature.
    ConfirmSubscription: { actions: unlessAnonymous('sns:ConfirmSubscription'), resources: ofTopic },
    CreateTopic: { resources: (ctx, { Name }) => ctx.arn('sns', Name) },
    DeleteTopic: { resources: ofTopic },
    GetTopicAttributes: { resources: ofTopic },
    SetTopicAttributes: { resources: ofTopic },
    Subscribe: {
      resources: ofTopic,
      conditions: (_, { Protocol, Endpoint = '' }) => ({
        'sns:Protocol': Protocol,
        'sns:Endpoint': Endpoint,
      }),
    },
    ListSubscriptionsByTopic: { resources: ofTopic },
    Publish: { resources: (_, { TopicArn, TargetArn }) => TopicArn ?? TargetArn ?? '*' },
    PublishBatch: { actions: ['sns:Publish'], resources: ofTopic },
    Unsubscribe: {
      actions: (ctx, { SubscriptionArn }) =>
        isSubscription(SubscriptionArn) ? unlessAnonymous('sns:Unsubscribe')(ctx) : [],
      resources: ofSubscription,
    },
    GetSubscriptionAttributes: { resources: ofSubscription },
    SetSubscriptionAttributes: { resources: ofSubscription },
    TagResource: { resources: ofTagged },
    UntagResource: { resources: ofTagged },
    ListTagsForResource: { resources: ofTagged },
  },
  resourcePolicy(ctx, arn) {
    const topic = homeOf(ctx, arn).get(topics, arn);
    return topic && parsePolicy(policyOf(topic), 'resource');
  },
  resourceConditions(ctx, arn) {
    const tags = homeOf(ctx, arn).get(topics, arn)?.tags ?? {};
    return Object.fromEntries(Object.entries(tags).map(([key, tag]) => [`aws:ResourceTag/${key}`, tag]));
  },
  // In SNS's own words, as LocalStack's tests recorded them: test_unsubscribe_wrong_arn_format,
  // test_empty_or_wrong_message_attributes.
  invalid: (_, violations) => {
    const { constraint, members } = violations[0] as Violation;
    return constraint === 'required' && members.length === 1
      ? invalid(`${members[0]} Reason: no value for required parameter`)
      : new Fault('ValidationError', validationMessage(violations));
  },
  refused: {
    CreateTopic: ['DataProtectionPolicy'],
    Publish: ['PhoneNumber'],
  },
});
