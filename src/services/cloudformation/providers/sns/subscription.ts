// AWS::SNS::Subscription.

import { documentLike, documentText } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Json, Properties, Provider } from '../provider.ts';

/** Attributes that a subscription's properties set, as the API spells them. */
function attributesOf(properties: Properties<'AWS::SNS::Subscription'>): Record<string, string> {
  const { DeliveryPolicy, FilterPolicy, FilterPolicyScope, RawMessageDelivery, RedrivePolicy } = properties;
  const documents = { DeliveryPolicy, FilterPolicy, RedrivePolicy };
  const found: Record<string, string> = {};
  // Scope first: it says how the filter policy is to be read.
  if (FilterPolicyScope !== undefined) found['FilterPolicyScope'] = FilterPolicyScope;
  for (const [name, document] of Object.entries(documents))
    if (document !== undefined) found[name] = documentText(document);
  if (RawMessageDelivery !== undefined) found['RawMessageDelivery'] = String(RawMessageDelivery);
  return found;
}

/** What an attribute becomes when a template no longer gives it. */
const WITHOUT: Readonly<Record<string, string>> = {
  DeliveryPolicy: '',
  FilterPolicy: '{}',
  FilterPolicyScope: 'MessageAttributes',
  RawMessageDelivery: 'false',
  RedrivePolicy: '',
};

export const subscription: Provider = provider({
  type: 'AWS::SNS::Subscription',
  refused: ['ReplayPolicy', 'SubscriptionRoleArn'],
  create(work) {
    const { TopicArn, Protocol, Endpoint, Region } = work.properties;
    if (Region !== undefined && Region !== work.ctx.region)
      throw handlerFailure(work, 'Sandtable does not model Region.', 'NotImplemented');
    const { SubscriptionArn = '' } = work.call('sns', 'Subscribe', {
      TopicArn,
      Protocol,
      Endpoint,
      Attributes: attributesOf(work.properties),
      ReturnSubscriptionArn: true,
    });
    return SubscriptionArn;
  },
  update(work) {
    const SubscriptionArn = work.physicalId;
    const after = attributesOf(work.properties);
    const before = work.previous ? attributesOf(work.previous) : {};
    const names = Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name]);
    // A policy for bodies may not be one for attributes: it goes before the scope narrows.
    const narrows = (after['FilterPolicyScope'] ?? 'MessageAttributes') === 'MessageAttributes';
    const rank = (name: string): number => (name === 'FilterPolicyScope' ? (narrows ? 1 : -1) : 0);
    for (const AttributeName of names.toSorted((left, right) => rank(left) - rank(right))) {
      const AttributeValue = after[AttributeName] ?? WITHOUT[AttributeName];
      work.call('sns', 'SetSubscriptionAttributes', { SubscriptionArn, AttributeName, AttributeValue });
    }
  },
  delete(work) {
    work.find('sns', 'Unsubscribe', { SubscriptionArn: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ Arn: physicalId }),
  read(work) {
    const found = work.find('sns', 'GetSubscriptionAttributes', { SubscriptionArn: work.physicalId });
    if (!found) return undefined;
    const { Attributes = {} } = found;
    const { TopicArn, Protocol, Endpoint, FilterPolicyScope } = Attributes;
    const shown: Record<string, Json | undefined> = { TopicArn, Protocol, Endpoint, FilterPolicyScope };
    for (const name of ['DeliveryPolicy', 'FilterPolicy', 'RedrivePolicy'] as const) {
      const text = Attributes[name];
      shown[name] = text === undefined ? undefined : documentLike(work.properties[name], text);
    }
    return { ...shown, RawMessageDelivery: Attributes['RawMessageDelivery'] === 'true' };
  },
});
