// Checks of subscription attributes, and how they are shown.
// https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html

import type { Fault } from '#contract/fault.ts';
import { effectivePolicy, problemOfSubscriptionPolicy, shownSubscriptionPolicy } from './delivery-policy.ts';
import { invalid, notModelled } from './faults.ts';
import { problemOfFilterPolicy } from './filter-policy.ts';
import type { Subscription, Topic } from './tables.ts';

type Attributes = Readonly<Record<string, string>>;

/** What an attribute is held against. */
export interface Setting {
  readonly topic: Topic;
  readonly protocol: string;
  readonly endpoint: string;
  /** All attributes as they would be. */
  readonly attributes: Attributes;
}

const REFUSED: readonly string[] = ['ReplayPolicy', 'ReplayStatus', 'SubscriptionRoleArn'];
const RAW_PROTOCOLS: readonly string[] = ['http', 'https', 'sqs'];
const SCOPES: readonly string[] = ['MessageAttributes', 'MessageBody'];
const QUEUE_ARN = /^arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+$/;

const isHttp = (protocol: string): boolean => protocol === 'http' || protocol === 'https';

/** Throws SNS's error for an attribute that the subscription cannot have. `wrong` words it for the request. */
export function checkAttribute(
  setting: Setting,
  name: string,
  value: string,
  wrong: (reason: string) => Fault,
): void {
  if (REFUSED.includes(name)) throw notModelled(`The subscription attribute ${name} is`);
  const problem = problemOf(setting, name, value);
  if (problem === 'unknown') throw invalid('AttributeName');
  if (problem !== undefined) throw wrong(problem);
}

function problemOf(setting: Setting, name: string, value: string): string | undefined {
  switch (name) {
    case 'RawMessageDelivery':
      if (!/^(?:true|false)$/i.test(value))
        return `RawMessageDelivery: Invalid value [${value}]. Must be true or false.`;
      return value.toLowerCase() === 'false' || RAW_PROTOCOLS.includes(setting.protocol)
        ? undefined
        : `Delivery protocol [${setting.protocol}] does not support raw message delivery.`;
    case 'FilterPolicyScope':
      if (!SCOPES.includes(value))
        return `FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`;
      return problemOfFilter(setting.attributes['FilterPolicy'], value);
    case 'FilterPolicy':
      return problemOfFilter(value, setting.attributes['FilterPolicyScope']);
    case 'RedrivePolicy':
      return value === '' ? undefined : problemOfRedrive(setting, value);
    case 'DeliveryPolicy': {
      if (value === '') return undefined;
      if (!isHttp(setting.protocol)) return 'DeliveryPolicy: Only HTTP/S subscriptions may have one';
      const problem = problemOfSubscriptionPolicy(value);
      return problem === undefined ? undefined : `DeliveryPolicy: ${problem}`;
    }
    default:
      return 'unknown';
  }
}

function problemOfFilter(policy: string = '', scope: string = 'MessageAttributes'): string | undefined {
  return policy === '' ? undefined : problemOfFilterPolicy(policy, scope);
}

function problemOfRedrive({ topic, endpoint }: Setting, value: string): string | undefined {
  let target: unknown;
  try {
    target = (JSON.parse(value) as { deadLetterTargetArn?: unknown } | null)?.deadLetterTargetArn;
  } catch {
    return 'RedrivePolicy: failed to parse JSON.';
  }
  if (typeof target !== 'string' || !QUEUE_ARN.test(target))
    return 'RedrivePolicy: deadLetterTargetArn is an invalid arn';
  const inOrder = topic.fifo && endpoint.endsWith('.fifo');
  if (inOrder && !target.endsWith('.fifo'))
    return 'RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.';
  return undefined;
}

/** Attributes as they are kept: an empty one is none, and `{}` takes a filter policy away. */
export function settled(attributes: Attributes): Attributes {
  const kept = Object.entries(attributes).filter(
    ([name, value]) => value !== '' && !(name === 'FilterPolicy' && /^\s*\{\s*\}\s*$/.test(value)),
  );
  // Its truth value is taken in any case (recorded: test_create_subscriptions_with_attributes).
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name === 'RawMessageDelivery' ? value.toLowerCase() : value]),
  );
}

/** Whether a repeated Subscribe asks for what is there already, defaults included. */
export function agrees({ attributes }: Subscription, asked: Attributes): boolean {
  const kept: Attributes = {
    RawMessageDelivery: 'false',
    FilterPolicyScope: 'MessageAttributes',
    ...attributes,
  };
  return Object.entries(settled(asked)).every(([name, value]) => kept[name] === value);
}

export function described(subscription: Subscription, topic: Topic): Record<string, string> {
  const { FilterPolicyScope = 'MessageAttributes', DeliveryPolicy, ...set } = subscription.attributes;
  const http = isHttp(subscription.protocol);
  return {
    RawMessageDelivery: 'false',
    ...set,
    ...(set['FilterPolicy'] ? { FilterPolicyScope } : {}),
    ...(DeliveryPolicy ? { DeliveryPolicy: JSON.stringify(shownSubscriptionPolicy(DeliveryPolicy)) } : {}),
    ...(http ? { EffectiveDeliveryPolicy: JSON.stringify(policyFor(subscription, topic)) } : {}),
    SubscriptionArn: subscription.arn,
    Owner: subscription.owner,
    SubscriptionPrincipal: subscription.principal,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    TopicArn: subscription.topicArn,
    PendingConfirmation: String(subscription.pending),
    ConfirmationWasAuthenticated: String(subscription.authenticated),
  };
}

/** How an HTTP(S) subscription is delivered to. */
export function policyFor(
  { attributes }: Subscription,
  topic: Topic | undefined,
): ReturnType<typeof effectivePolicy> {
  return effectivePolicy(topic?.attributes['DeliveryPolicy'], attributes['DeliveryPolicy']);
}
