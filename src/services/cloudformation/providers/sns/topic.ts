// AWS::SNS::Topic.

import { handlerFailure, provider } from '../provider.ts';
import type { Properties, Provider, Work } from '../provider.ts';
import { retag } from '../tagging.ts';

type Topic = Properties<'AWS::SNS::Topic'>;

const LONGEST = 256;

/** Attributes that a topic's properties set, as the API spells them. */
function attributesOf(properties: Topic): Record<string, string> {
  const { DisplayName, FifoTopic, ContentBasedDeduplication, KmsMasterKeyId, SignatureVersion } = properties;
  const { TracingConfig, FifoThroughputScope } = properties;
  const given = {
    DisplayName,
    FifoTopic,
    ContentBasedDeduplication,
    KmsMasterKeyId,
    SignatureVersion,
    TracingConfig,
    FifoThroughputScope,
  };
  const set = Object.entries(given).filter((entry) => entry[1] !== undefined);
  return Object.fromEntries(set.map(([name, value]) => [name, String(value)]));
}

const DEFAULTS: Readonly<Record<string, string>> = {
  DisplayName: '',
  ContentBasedDeduplication: 'false',
  KmsMasterKeyId: '',
  SignatureVersion: '1',
  TracingConfig: 'PassThrough',
  FifoThroughputScope: 'Topic',
};

function subscribe(work: Work<'AWS::SNS::Topic'>, TopicArn: string): void {
  for (const { Endpoint, Protocol } of work.properties.Subscription ?? [])
    work.call('sns', 'Subscribe', { TopicArn, Endpoint, Protocol });
}

export const topic: Provider = provider({
  type: 'AWS::SNS::Topic',
  refused: ['ArchivePolicy', 'DataProtectionPolicy', 'DeliveryStatusLogging', 'MaximumMessageSize'],
  create(work) {
    const { TopicName, FifoTopic, Tags } = work.properties;
    const Name = TopicName ?? work.name({ longest: LONGEST, suffix: FifoTopic ? '.fifo' : '' });
    // CreateTopic would hand out a topic that is there already. What cannot be a name, it has its own words for.
    const nameable = /^[A-Za-z0-9_.-]+$/.test(Name);
    if (nameable && work.find('sns', 'GetTopicAttributes', { TopicArn: work.ctx.arn('sns', Name) })) {
      throw handlerFailure(
        work,
        `Resource of type 'AWS::SNS::Topic' with identifier '${Name}' already exists.`,
        'AlreadyExists',
      );
    }
    const { TopicArn = '' } = work.call('sns', 'CreateTopic', {
      Name,
      Attributes: attributesOf(work.properties),
      Tags: work.tags(Tags),
    });
    subscribe(work, TopicArn);
    return TopicArn;
  },
  update(work) {
    const [after, before] = [attributesOf(work.properties), attributesOf(work.previous ?? {})];
    for (const AttributeName of Object.keys({ ...before, ...after })) {
      const AttributeValue = after[AttributeName] ?? DEFAULTS[AttributeName];
      if (AttributeValue !== before[AttributeName])
        work.call('sns', 'SetTopicAttributes', { TopicArn: work.physicalId, AttributeName, AttributeValue });
    }
    if (work.changed('Subscription')) {
      const kept = new Set(work.properties.Subscription?.map(({ Endpoint }) => Endpoint));
      const { Subscriptions = [] } = work.call('sns', 'ListSubscriptionsByTopic', {
        TopicArn: work.physicalId,
      });
      for (const { Endpoint = '', SubscriptionArn = '' } of Subscriptions) {
        const ours = work.previous?.Subscription?.some((one) => one.Endpoint === Endpoint);
        if (ours && !kept.has(Endpoint)) work.call('sns', 'Unsubscribe', { SubscriptionArn });
      }
      subscribe(work, work.physicalId);
    }
    retag(work, 'sns', work.physicalId);
  },
  delete(work) {
    work.find('sns', 'DeleteTopic', { TopicArn: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ TopicArn: physicalId, TopicName: physicalId.split(':').at(-1) ?? '' }),
  read(work) {
    const found = work.find('sns', 'GetTopicAttributes', { TopicArn: work.physicalId });
    const { DisplayName = '', KmsMasterKeyId } = found?.Attributes ?? {};
    return found && { DisplayName, ...(KmsMasterKeyId ? { KmsMasterKeyId } : {}) };
  },
});
