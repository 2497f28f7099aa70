// Amazon SNS: topics, subscriptions, and fan-out with retry. Filter policies live in ./filter-policy.ts.

import type { TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { deliver, deliveries, deliveryOperations } from './delivery.ts';
import { subscriptionOperations } from './subscriptions.ts';
import { subscriptions, topics } from './tables.ts';
import { defaultPolicy, homeOf, topicOperations } from './topics.ts';

const ofTopic = (_: Ctx, { TopicArn }: { TopicArn?: string | undefined }): string => TopicArn ?? '*';
const ofTagged = (_: Ctx, { ResourceArn }: { ResourceArn: string }): string => ResourceArn;

/** The topic of a subscription: its ARN without the last part. */
const ofSubscription = (_: Ctx, { SubscriptionArn }: { SubscriptionArn: string }): string =>
  SubscriptionArn.split(':').slice(0, 6).join(':');

export const service: Service = defineService({
  contract: 'sns',
  tables: [topics, subscriptions, deliveries],
  operations: { ...topicOperations, ...subscriptionOperations, ...deliveryOperations },
  timers: [deliver as TimerHandler<unknown, Ctx>],
  authorization: {
    CreateTopic: { resources: (ctx, { Name }) => ctx.arn('sns', Name) },
    DeleteTopic: { resources: ofTopic },
    GetTopicAttributes: { resources: ofTopic },
    SetTopicAttributes: { resources: ofTopic },
    Subscribe: { resources: ofTopic },
    ListSubscriptionsByTopic: { resources: ofTopic },
    Publish: { resources: (_, { TopicArn, TargetArn }) => TopicArn ?? TargetArn ?? '*' },
    PublishBatch: { actions: ['sns:Publish'], resources: ofTopic },
    Unsubscribe: { resources: ofSubscription },
    GetSubscriptionAttributes: { resources: ofSubscription },
    SetSubscriptionAttributes: { resources: ofSubscription },
    TagResource: { resources: ofTagged },
    UntagResource: { resources: ofTagged },
    ListTagsForResource: { resources: ofTagged },
  },
  resourcePolicy(ctx, arn) {
    const topic = homeOf(ctx, arn).get(topics, arn);
    return topic && parsePolicy(topic.attributes['Policy'] ?? defaultPolicy(topic), 'resource');
  },
  refused: {
    CreateTopic: ['DataProtectionPolicy'],
    Publish: ['PhoneNumber', 'MessageDeduplicationId', 'MessageGroupId', 'MessageAttributes.*.BinaryValue'],
    PublishBatch: [
      'PublishBatchRequestEntries.MessageDeduplicationId',
      'PublishBatchRequestEntries.MessageGroupId',
      'PublishBatchRequestEntries.MessageAttributes.*.BinaryValue',
    ],
  },
  withoutEffect: {
    Subscribe: { ReturnSubscriptionArn: 'queues are confirmed at once, so the ARN is always returned' },
  },
});
