// Which events of a bucket go where.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-enable-disable-notification-intro.html

import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { rootOf } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketOf } from '../bucket.ts';
import { invalidArgument, malformedXml } from '../faults.ts';
import { buckets } from '../tables.ts';
import type { Bucket, Notification } from '../tables.ts';
import { asBucket, handOver } from './events.ts';

type Wanted = Input<'s3', 'PutBucketNotificationConfiguration'>['NotificationConfiguration'];
type Shown = Output<'s3', 'GetBucketNotificationConfiguration'>;
type Rule = { readonly Name?: string | undefined; readonly Value?: string | undefined };

interface WireConfiguration {
  readonly Id?: string | undefined;
  readonly Events: readonly string[];
  readonly Filter?:
    | { readonly Key?: { readonly FilterRules?: readonly Rule[] | undefined } | undefined }
    | undefined;
}

/** How S3 calls the three kinds of destinations. */
const KINDS = {
  sns: { argument: 'Topic', noun: 'topic' },
  sqs: { argument: 'Queue', noun: 'queue' },
  lambda: { argument: 'CloudFunction', noun: 'Lambda' },
} as const;

function filterOf({ Filter: filter }: WireConfiguration): { prefix?: string; suffix?: string } {
  const found: { prefix?: string; suffix?: string } = {};
  for (const { Name, Value } of filter?.Key?.FilterRules ?? []) {
    if (Name === undefined || Value === undefined) throw malformedXml();
    const name = Name.toLowerCase();
    if (name !== 'prefix' && name !== 'suffix') {
      const message = 'filter rule name must be either prefix or suffix';
      throw invalidArgument('FilterRule.Name', Name, message);
    }
    if (found[name] !== undefined) {
      const message = `Cannot specify more than one ${name} rule in a filter.`;
      throw invalidArgument('FilterRule', name, message);
    }
    found[name] = Value;
  }
  return found;
}

/** What S3 says of an ARN before it looks for what it names. moto's test_put_bucket_notification_errors has the last two. */
function checkArn(at: Ctx, destination: Notification['destination'], arn: string, argument: string): void {
  const [, , , region, ...rest] = arn.split(':');
  if (rest.length < 2) throw invalidArgument(argument, arn, 'The ARN could not be parsed');
  if (!new RegExp(`^arn:aws:${destination}:[a-z0-9-]+:\\d{12}:.+$`).test(arn))
    throw invalidArgument(argument, arn, 'The ARN is not well formed');
  if (region === at.region) return;
  const message =
    'The notification destination service region is not valid for the bucket location constraint';
  throw invalidArgument(argument, arn, message);
}

function notification(
  at: Ctx,
  destination: Notification['destination'],
  arn: string,
  wire: WireConfiguration,
): Notification {
  const { argument } = KINDS[destination];
  checkArn(at, destination, arn, argument);
  return {
    id: wire.Id ?? at.uuid('s3-notification'),
    destination,
    arn,
    events: wire.Events,
    ...filterOf(wire),
  };
}

function wantedOf(at: Ctx, wanted: Wanted): Notification[] {
  const { TopicConfigurations = [], QueueConfigurations = [], LambdaFunctionConfigurations = [] } = wanted;
  return [
    ...TopicConfigurations.map((one) => notification(at, 'sns', one.TopicArn, one)),
    ...QueueConfigurations.map((one) => notification(at, 'sqs', one.QueueArn, one)),
    ...LambdaFunctionConfigurations.map((one) => notification(at, 'lambda', one.LambdaFunctionArn, one)),
  ];
}

const nested = (left: string, right: string, fits: (longer: string, shorter: string) => boolean): boolean =>
  left.length >= right.length ? fits(left, right) : fits(right, left);

/** Two configurations may not both want the same event of the same key. */
function overlap(left: Notification, right: Notification): boolean {
  const base = (event: string): string => event.replace(/\*$/, '');
  const common = left.events.some((one) =>
    right.events.some((other) =>
      nested(base(one), base(other), (longer, shorter) => {
        const wild = one === other || (shorter === base(one) ? one : other).endsWith('*');
        return wild && longer.startsWith(shorter);
      }),
    ),
  );
  return (
    common &&
    nested(left.prefix ?? '', right.prefix ?? '', (longer, shorter) => longer.startsWith(shorter)) &&
    nested(left.suffix ?? '', right.suffix ?? '', (longer, shorter) => longer.endsWith(shorter))
  );
}

function checkTogether(all: readonly Notification[]): void {
  if (new Set(all.map(({ id }) => id)).size < all.length)
    throw invalidArgument('Id', undefined, 'Same ID used for multiple configurations. IDs must be unique');
  for (const [index, one] of all.entries()) {
    if (!all.slice(index + 1).some((other) => overlap(one, other))) continue;
    const message =
      'Configurations overlap. Configurations on the same bucket cannot share a common event type.';
    throw invalidArgument('Event', undefined, message);
  }
}

/** Whether a destination is there at all, as its owner would see it. */
function exists(at: Ctx, { destination, arn }: Notification): boolean {
  const [, , , region = '', account = '', name = ''] = arn.split(':');
  const there = at.in({ region });
  const owner = rootOf(account);
  if (destination === 'sqs') return there.call('sqs', 'GetQueueUrl', { QueueName: name }, owner).ok;
  if (destination === 'sns') return there.call('sns', 'GetTopicAttributes', { TopicArn: arn }, owner).ok;
  return there.call('lambda', 'GetFunctionConfiguration', { FunctionName: arn }, owner).ok;
}

/** Says of a destination why it will not do, in S3's words. */
function problemOf(at: Ctx, one: Notification): string {
  const { destination, arn } = one;
  const { noun } = KINDS[destination];
  if (arn.endsWith('.fifo')) return `FIFO ${noun}s are not supported`;
  if (!exists(at, one)) return `The destination ${noun} does not exist`;
  if (destination === 'lambda') return `Not authorized to invoke function [${arn}]`;
  return `Permissions on the destination ${noun} do not allow S3 to publish notifications from this bucket`;
}

function testMessage(at: Ctx, { name }: Bucket): string {
  return JSON.stringify({
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: formatIso(at.now),
    Bucket: name,
    RequestId: at.id('s3-request', 16, 'ABCDEFGHJKMNPQRSTVWXYZ0123456789'),
    HostId: at.id('s3-host', 32),
  });
}

/** Sends the test message to queues and topics; functions are only asked whether they would run. */
function tried(at: Ctx, bucket: Bucket, one: Notification): Fault | undefined {
  if (one.arn.endsWith('.fifo')) return new Fault('InvalidArgument', 'FIFO');
  if (one.destination !== 'lambda') {
    const sent = handOver(at, bucket, one, testMessage(at, bucket));
    return sent.ok ? undefined : sent.fault;
  }
  const request = { FunctionName: one.arn, InvocationType: 'DryRun' } as const;
  const asked = at.call('lambda', 'Invoke', request, asBucket(bucket));
  return asked.ok ? undefined : asked.fault;
}

function checkDestinations(at: Ctx, bucket: Bucket, all: readonly Notification[]): void {
  const fields: Record<string, string> = {};
  let failures = 0;
  for (const one of all) {
    const fault = tried(at, bucket, one);
    if (!fault) continue;
    if (fault.shape === 'NotImplemented') throw fault;
    failures += 1;
    fields[`ArgumentName${failures}`] = one.arn;
    fields[`ArgumentValue${failures}`] = problemOf(at, one);
  }
  if (failures === 0) return;
  const message = 'Unable to validate the following destination configurations';
  throw new Fault('InvalidArgument', message, { status: 400, fields });
}

function shown({ id, events, prefix, suffix }: Notification): Required<Pick<WireConfiguration, 'Events'>> & {
  Id: string;
  Events: NonNullable<Shown['QueueConfigurations']>[number]['Events'];
} {
  const FilterRules = [
    ...(prefix === undefined ? [] : [{ Name: 'Prefix' as 'prefix', Value: prefix }]),
    ...(suffix === undefined ? [] : [{ Name: 'Suffix' as 'suffix', Value: suffix }]),
  ];
  return {
    Id: id,
    Events: events as NonNullable<Shown['QueueConfigurations']>[number]['Events'],
    ...(FilterRules.length === 0 ? {} : { Filter: { Key: { FilterRules } } }),
  };
}

export const notificationOperations: Operations<'s3'> = {
  PutBucketNotificationConfiguration(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const notifications = wantedOf(at, input.NotificationConfiguration);
    checkTogether(notifications);
    if (!input.SkipDestinationValidation) checkDestinations(at, bucket, notifications);
    const { notifications: _, eventBridge: __, ...rest } = bucket;
    const all = input.NotificationConfiguration.EventBridgeConfiguration && { eventBridge: true as const };
    at.put(buckets, { ...rest, ...(notifications.length === 0 ? {} : { notifications }), ...all });
  },

  GetBucketNotificationConfiguration(ctx, input) {
    const { notifications = [], eventBridge } = bucketOf(ctx, input).bucket;
    const of = (kind: Notification['destination']): readonly Notification[] =>
      notifications.filter(({ destination }) => destination === kind);
    const [topics, queues, functions] = [of('sns'), of('sqs'), of('lambda')];
    return {
      ...(topics.length === 0
        ? {}
        : { TopicConfigurations: topics.map((one) => ({ ...shown(one), TopicArn: one.arn })) }),
      ...(queues.length === 0
        ? {}
        : { QueueConfigurations: queues.map((one) => ({ ...shown(one), QueueArn: one.arn })) }),
      ...(functions.length === 0
        ? {}
        : {
            LambdaFunctionConfigurations: functions.map((one) => ({
              ...shown(one),
              LambdaFunctionArn: one.arn,
            })),
          }),
      ...(eventBridge ? { EventBridgeConfiguration: {} } : {}),
    };
  },
};
