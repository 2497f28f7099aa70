import {
  CloudWatchClient,
  GetMetricStatisticsCommand,
  PutMetricAlarmCommand,
} from '@aws-sdk/client-cloudwatch';
import type { Datapoint } from '@aws-sdk/client-cloudwatch';
import * as sdk from '@aws-sdk/client-cloudwatch-logs';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { START } from '../../../../tests/table.ts';
import { GROUP, HOUR, MINUTE, stage } from '../test-stand.ts';
import type { LogsStand } from '../test-stand.ts';

const metric = { metricNamespace: 'Shop', metricName: 'Errors', metricValue: '1' };

function put({ logs }: LogsStand, filterPattern: string, transformation: object = {}, filterName = 'errors') {
  const metricTransformations = [{ ...metric, ...transformation }];
  const input = { logGroupName: GROUP, filterName, filterPattern, metricTransformations };
  return logs.send(new sdk.PutMetricFilterCommand(input));
}

/** Data points of the first hour: minute, samples, sum, unit. */
async function points(
  { table }: LogsStand,
  MetricName = 'Errors',
  Dimensions: Record<string, string> = {},
  Namespace = 'Shop',
) {
  const { Datapoints = [] } = await table.client(CloudWatchClient).send(
    new GetMetricStatisticsCommand({
      Namespace,
      MetricName,
      Dimensions: Object.entries(Dimensions).map(([Name, Value]) => ({ Name, Value })),
      StartTime: new Date(START - HOUR),
      EndTime: new Date(START + HOUR),
      Period: 60,
      Statistics: ['Sum', 'SampleCount', 'Maximum'],
    }),
  );
  const minuteOf = ({ Timestamp }: Datapoint): number => ((Timestamp?.getTime() ?? 0) - START) / MINUTE;
  return Datapoints.map((point) => [minuteOf(point), point.SampleCount, point.Sum, point.Unit]);
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
describe('metric filters', () => {
  it('count what matches and came after they were made, minute by minute', async () => {
    const stand = await stage();
    await stand.write(['ERROR before']);
    await put(stand, 'ERROR');
    await stand.write(['ERROR 1', 'INFO', 'ERROR 2']);
    stand.table.advance(30_000);
    await stand.write(['ERROR 3']);
    stand.table.advance(MINUTE);
    await stand.write(['INFO']);
    stand.table.advance(5 * MINUTE);
    expect(await points(stand)).toEqual([[0, 3, 3, 'None']]);
  });

  it('report their default value for minutes with events of which none matched, and nothing without events', async () => {
    const stand = await stage();
    await put(stand, 'ERROR', { defaultValue: 0, unit: 'Count' });
    await stand.write(['ERROR', 'INFO']);
    stand.table.advance(MINUTE);
    await stand.write(['INFO', 'INFO']);
    stand.table.advance(10 * MINUTE);
    expect(await points(stand)).toEqual([
      [0, 1, 1, 'Count'],
      [1, 1, 0, 'Count'],
    ]);
  });

  it('take their value and their dimensions from the event', async () => {
    const stand = await stage();
    const dimensions = { Path: '$.path' };
    await put(stand, '{ $.latency = * }', { metricName: 'Latency', metricValue: '$.latency', dimensions });
    await put(stand, '[w, ms > 100]', { metricName: 'Slow', metricValue: '$ms' }, 'slow');
    await stand.write([
      '{"latency": 20, "path": "/a"}',
      '{"latency": 30, "path": "/a"}',
      '{"latency": 40, "path": "/b"}',
      '{"latency": "fast", "path": "/a"}',
      'took 90',
      'took 250',
    ]);
    stand.table.advance(5 * MINUTE);
    expect(await points(stand, 'Latency', { Path: '/a' })).toEqual([[0, 2, 50, 'None']]);
    expect(await points(stand, 'Latency', { Path: '/b' })).toEqual([[0, 1, 40, 'None']]);
    expect(await points(stand, 'Slow')).toEqual([[0, 1, 250, 'None']]);
  });

  it('put a value into the minute of its event', async () => {
    const stand = await stage();
    await put(stand, 'ERROR');
    await stand.write([[START - 10 * MINUTE, 'ERROR late']]);
    stand.table.advance(5 * MINUTE);
    expect(await points(stand)).toEqual([[-10, 1, 1, 'None']]);
  });

  it('do nothing any more once they are deleted', async () => {
    const stand = await stage();
    await put(stand, 'ERROR');
    const remove = () =>
      stand.logs.send(new sdk.DeleteMetricFilterCommand({ logGroupName: GROUP, filterName: 'errors' }));
    await remove();
    await stand.write(['ERROR']);
    stand.table.advance(5 * MINUTE);
    expect(await points(stand)).toEqual([]);
    await expect(remove()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The specified metric filter does not exist.',
    });
  });

  // https://github.com/localstack/localstack/blob/main/tests/aws/services/logs/test_logs_metric_filters.snapshot.json
  it('are described by name and by metric', async () => {
    const stand = await stage();
    await put(stand, 'ERROR', { defaultValue: 0 });
    await put(stand, 'WARN', { metricName: 'Warnings' }, 'warnings');
    const describeFilters = async (input: sdk.DescribeMetricFiltersCommandInput) =>
      (await stand.logs.send(new sdk.DescribeMetricFiltersCommand(input))).metricFilters;
    expect(await describeFilters({ filterNamePrefix: 'err' })).toEqual([
      {
        filterName: 'errors',
        filterPattern: 'ERROR',
        metricTransformations: [{ ...metric, defaultValue: 0 }],
        creationTime: START,
        logGroupName: GROUP,
        applyOnTransformedLogs: false,
      },
    ]);
    const found = await describeFilters({ metricName: 'Warnings', metricNamespace: 'Shop' });
    expect(found?.map(({ filterName }) => filterName)).toEqual(['warnings']);
    const { logGroups } = await stand.logs.send(new sdk.DescribeLogGroupsCommand({}));
    expect(logGroups?.[0]?.metricFilterCount).toBe(2);
  });

  // Messages as in reports on hashicorp/terraform-provider-aws 28881 and 2945, and
  // aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock 632.
  it('are refused where pattern, value and dimensions do not fit', async () => {
    const stand = await stage();
    const refusal = (message: string | RegExp) => ({
      name: 'InvalidParameterException',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
    const dimensions = { Path: '$.path' };
    await expect(put(stand, '{ $.a = ')).rejects.toMatchObject(refusal('Invalid metric filter pattern'));
    await expect(put(stand, 'ERROR', { dimensions })).rejects.toMatchObject(
      refusal('The specified filter pattern does not support dimensions'),
    );
    await expect(put(stand, '{ $.a = 1 }', { dimensions, defaultValue: 0 })).rejects.toMatchObject(
      refusal(
        'Invalid metric transformation: dimensions and default value are mutually exclusive properties.',
      ),
    );
    await expect(put(stand, 'ERROR', { metricValue: '$.a' })).rejects.toMatchObject(refusal(/metricValue/));
    await expect(put(stand, '[a, b]', { metricValue: '$c' })).rejects.toMatchObject(refusal(/metricValue/));
    const cold = { logGroupName: 'cold', logGroupClass: 'INFREQUENT_ACCESS' } as const;
    await stand.logs.send(new sdk.CreateLogGroupCommand(cold));
    const input = { filterName: 'a', filterPattern: 'a', metricTransformations: [metric] };
    await expect(
      stand.logs.send(new sdk.PutMetricFilterCommand({ logGroupName: 'cold', ...input })),
    ).rejects.toMatchObject({ name: 'InvalidOperationException' });
  });

  it('have a namespace that may hold a colon, and no star', async () => {
    const stand = await stage();
    await put(stand, 'ERROR', { metricNamespace: 'A.B-c_d/1#2:shop' });
    await expect(put(stand, 'ERROR', { metricNamespace: 'shop*' })).rejects.toThrow('[^:*$]*');
  });

  it('have at most five patterns with regular expressions in a group', async () => {
    const stand = await stage();
    for (let i = 0; i < 5; i += 1) await put(stand, '%ERR%', {}, `f${i}`);
    await expect(put(stand, '%ERR%', {}, 'f5')).rejects.toMatchObject({ name: 'LimitExceededException' });
    await put(stand, '%ERROR%', {}, 'f4');
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
it('publishes how much came in, for each group and for the account', async () => {
  const stand = await stage();
  await stand.write(['four', 'four']);
  await stand.write(['four']);
  stand.table.advance(5 * MINUTE);
  const LogGroupName = GROUP;
  expect(await points(stand, 'IncomingLogEvents', { LogGroupName }, 'AWS/Logs')).toEqual([[0, 1, 3, 'None']]);
  expect(await points(stand, 'IncomingBytes', { LogGroupName }, 'AWS/Logs')).toEqual([[0, 1, 90, 'Bytes']]);
  expect(await points(stand, 'IncomingLogEvents', {}, 'AWS/Logs')).toEqual([[0, 1, 3, 'None']]);
});

describe('from a log line to a message', () => {
  it('raises an alarm within minutes and ends it when the errors end', async () => {
    const stand = await stage();
    const { table, write } = stand;
    await put(stand, '"[ERROR]"', { defaultValue: 0 });
    const sns = table.client(SNSClient);
    const sqs = table.client(SQSClient);
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'pager' }));
    const queueArn = 'arn:aws:sqs:us-east-1:000000000000:pager';
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'sns.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: queueArn,
        },
      ],
    });
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({ QueueName: 'pager', Attributes: { Policy, VisibilityTimeout: '43200' } }),
    );
    await sns.send(
      new SubscribeCommand({
        TopicArn,
        Protocol: 'sqs',
        Endpoint: queueArn,
        Attributes: { RawMessageDelivery: 'true' },
      }),
    );
    await table.client(CloudWatchClient).send(
      new PutMetricAlarmCommand({
        AlarmName: 'errors',
        Namespace: 'Shop',
        MetricName: 'Errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 3,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
        AlarmActions: [TopicArn as string],
        OKActions: [TopicArn as string],
      }),
    );
    const states = async () => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      return Messages.map(
        ({ Body }) => (JSON.parse(Body as string) as { NewStateValue: string }).NewStateValue,
      );
    };
    table.advance(5 * MINUTE);
    expect(await states()).toEqual(['OK']);
    await write(['[ERROR] a', '[ERROR] b', '[INFO] c', '[ERROR] d']);
    table.advance(5000);
    expect(await states()).toEqual([]);
    table.advance(5 * MINUTE);
    expect(await states()).toEqual(['ALARM', 'OK']);
    await write(['[ERROR] too few']);
    table.advance(HOUR);
    expect(await states()).toEqual([]);
  });

  it('goes the same way twice', async () => {
    const run = async () => {
      const stand = await stage();
      await put(stand, 'ERROR');
      await stand.write(['ERROR', 'INFO']);
      stand.table.advance(HOUR);
      return stand.table.world.hash;
    };
    expect(await run()).toEqual(await run());
  });
});
