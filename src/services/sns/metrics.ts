// What SNS tells CloudWatch: counts by topic, as things happen.
// https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html

import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';

const MINUTE = 60_000;

type Count =
  | 'NumberOfMessagesPublished'
  | 'NumberOfNotificationsDelivered'
  | 'NumberOfNotificationsFailed'
  | 'NumberOfNotificationsFilteredOut'
  | 'NumberOfNotificationsFilteredOut-MessageAttributes'
  | 'NumberOfNotificationsFilteredOut-NoMessageAttributes'
  | 'NumberOfNotificationsFilteredOut-InvalidAttributes'
  | 'NumberOfNotificationsFilteredOut-MessageBody'
  | 'NumberOfNotificationsFilteredOut-InvalidMessageBody'
  | 'NumberOfNotificationsRedrivenToDlq'
  | 'NumberOfNotificationsFailedToRedriveToDlq';

/** Counts one more in the minute that runs. `home`: the account and region of the topic. */
export function count(home: Ctx, topicArn: string, name: Count): void {
  sample(home, topicArn, name, 'Count', 1);
}

export function countPublished(home: Ctx, topicArn: string, sizeBytes: number): void {
  count(home, topicArn, 'NumberOfMessagesPublished');
  sample(home, topicArn, 'PublishSize', 'Bytes', sizeBytes);
}

function sample(home: Ctx, topicArn: string, name: string, unit: string, value: number): void {
  const metric = { namespace: 'AWS/SNS', name, dimensions: { TopicName: topicArn.split(':')[5] ?? '' } };
  const at = home.now - (home.now % MINUTE);
  home.port(metrics).publish(home, metric, { at, unit, values: [value], counts: [1] });
}
