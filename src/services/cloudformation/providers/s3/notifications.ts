// Event notifications of a bucket: a template has one event in each configuration, and names functions where the API names
// ARNs of functions.

import type { Input, Output } from '#cloud/contracts.ts';
import type { Json, Properties } from '../provider.ts';
import { given, inTemplate } from './given.ts';

type Configuration = NonNullable<Properties<'AWS::S3::Bucket'>['NotificationConfiguration']>;
type Wire = Input<'s3', 'PutBucketNotificationConfiguration'>['NotificationConfiguration'];
type WireQueue = NonNullable<Wire['QueueConfigurations']>[number];
type Common = Pick<WireQueue, 'Events' | 'Filter'>;

interface Given {
  readonly Event: string;
  readonly Filter?:
    | { readonly S3Key: { readonly Rules: readonly { readonly Name: string; readonly Value: string }[] } }
    | undefined;
}

function common({ Event, Filter: filter }: Given): Common {
  const rules = filter?.S3Key.Rules;
  return {
    Events: [Event],
    ...(rules && { Filter: { Key: { FilterRules: rules } } }),
  } as Common;
}

export function wireNotifications(configuration: Configuration): Wire {
  const { LambdaConfigurations, QueueConfigurations, TopicConfigurations } = configuration;
  const bus = configuration.EventBridgeConfiguration?.EventBridgeEnabled;
  return given({
    TopicConfigurations: TopicConfigurations?.map((one) => ({ TopicArn: one.Topic, ...common(one) })),
    QueueConfigurations: QueueConfigurations?.map((one) => ({ QueueArn: one.Queue, ...common(one) })),
    LambdaFunctionConfigurations: LambdaConfigurations?.map((one) => ({
      LambdaFunctionArn: one.Function,
      ...common(one),
    })),
    EventBridgeConfiguration: bus ? {} : undefined,
  }) as Wire;
}

interface Shown {
  readonly Events?: readonly string[] | undefined;
  readonly Filter?: Common['Filter'] | undefined;
}

/** A configuration with several events, which somebody else must have made, is shown as one for each. */
function shown({ Events = [], Filter: filter }: Shown): Json[] {
  const Rules = filter?.Key?.FilterRules?.map(({ Name = '', Value = '' }) => ({ Name, Value }));
  return Events.map((Event) => ({ Event, ...(Rules && { Filter: { S3Key: { Rules } } }) }));
}

/** As a template would give them. */
export function templateNotifications(found: Output<'s3', 'GetBucketNotificationConfiguration'>): Json {
  const list = <T extends Shown>(
    all: readonly T[] | undefined,
    name: string,
    arn: (one: T) => string,
  ): Json | undefined =>
    all?.flatMap((one) => shown(one).map((each) => ({ ...Object(each), [name]: arn(one) })));
  return inTemplate({
    TopicConfigurations: list(found.TopicConfigurations, 'Topic', ({ TopicArn }) => TopicArn),
    QueueConfigurations: list(found.QueueConfigurations, 'Queue', ({ QueueArn }) => QueueArn),
    LambdaConfigurations: list(
      found.LambdaFunctionConfigurations,
      'Function',
      ({ LambdaFunctionArn }) => LambdaFunctionArn,
    ),
    EventBridgeConfiguration: found.EventBridgeConfiguration ? { EventBridgeEnabled: true } : undefined,
  });
}
