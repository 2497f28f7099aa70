// From a line in a log to a message: a metric filter counts it, an alarm watches the count, and SNS tells.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html

import {
  CloudWatchClient,
  DescribeAlarmHistoryCommand,
  PutMetricAlarmCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  PutMetricFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expectation, fact, rehearsal } from 'sandtable';
import type { Ending, Scene } from 'sandtable';
import { openDesk } from '../cfn/custom-resources.ts';
import type { Desk } from '../cfn/custom-resources.ts';

const MINUTE = 60_000;
const logGroupName = 'shop';
const logStreamName = 'web';
const metric = { metricNamespace: 'Shop', metricName: 'Failures' } as const;

async function prepare(scene: Scene): Promise<Desk> {
  const desk = await openDesk(scene);
  const logs = scene.aws.client(CloudWatchLogsClient);
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  await logs.send(
    new PutMetricFilterCommand({
      logGroupName,
      filterName: 'failures',
      filterPattern: '{ $.level = "error" }',
      metricTransformations: [{ ...metric, metricValue: '1', defaultValue: 0 }],
    }),
  );
  await scene.aws.client(CloudWatchClient).send(
    new PutMetricAlarmCommand({
      AlarmName: 'failures',
      Namespace: metric.metricNamespace,
      MetricName: metric.metricName,
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 3,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: [desk.topicArn],
    }),
  );
  return desk;
}

async function write(scene: Scene, level: string, count: number): Promise<void> {
  const logEvents = Array.from({ length: count }, (_, n) => ({
    timestamp: scene.clock.now + n,
    message: JSON.stringify({ level, order: n }),
  }));
  await scene.aws
    .client(CloudWatchLogsClient)
    .send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
}

/** When the queue has a message, or nothing within five minutes. */
async function message(scene: Scene, { queueUrl }: Desk): Promise<Record<string, string> | undefined> {
  const until = scene.clock.now + 5 * MINUTE;
  while (scene.clock.now < until) {
    const { Messages: [found] = [] } = await scene.aws
      .client(SQSClient)
      .send(new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 20 }));
    const { Message = '{}' } = JSON.parse(found?.Body ?? '{}') as { Message?: string };
    if (found) return JSON.parse(Message) as Record<string, string>;
  }
  return undefined;
}

async function run(scene: Scene, desk: Desk): Promise<Ending> {
  await write(scene, 'info', 50);
  await write(scene, 'error', 2);
  const quiet = await message(scene, desk);
  const brokeAt = scene.clock.now;
  await write(scene, 'error', 4);
  const told = await message(scene, desk);
  const toldAt = scene.clock.now;
  const { AlarmHistoryItems = [] } = await scene.aws
    .client(CloudWatchClient)
    .send(new DescribeAlarmHistoryCommand({ AlarmName: 'failures', HistoryItemType: 'StateUpdate' }));
  return {
    ended: told?.['NewStateValue'] ?? 'silence',
    startedAt: brokeAt,
    endedAt: toldAt,
    facts: {
      quiet: quiet === undefined,
      alarm: told?.['AlarmName'],
      transitions: AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary).toReversed(),
    },
  };
}

export default rehearsal<Desk>({
  title: 'An alarm on what a log says',
  claim: { id: 'logs/alarm', verdict: 'holds' },
  prepare,
  run,
  expect: [
    fact('quiet', true),
    fact('alarm', 'failures'),
    fact('transitions', ['Alarm updated from INSUFFICIENT_DATA to OK', 'Alarm updated from OK to ALARM']),
    expectation('the message comes within three minutes', ({ startedAt, endedAt }) => ({
      passed: endedAt - startedAt <= 3 * MINUTE,
      found: `${(endedAt - startedAt) / 1000} s`,
    })),
  ],
});
