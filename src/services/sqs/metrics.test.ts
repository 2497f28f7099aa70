// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html

import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { monitoringTable } from '../../../tests/monitoring-table.ts';
import { START } from '../../../tests/table.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/jobs';

async function stage() {
  const table = monitoringTable({ profile: 'instant' });
  const sqs = table.client(SQSClient);
  const cloudwatch = table.client(CloudWatchClient);
  await sqs.send(new CreateQueueCommand({ QueueName: 'jobs' }));
  const send = (MessageBody: string, DelaySeconds = 0) =>
    sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));
  const receive = async (VisibilityTimeout = 30) =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout }))).Messages?.[0]?.ReceiptHandle;
  /** One value for each minute from the start; nothing where there is no data point. */
  const minutes = async (MetricName: string, statistic: 'Sum' | 'Maximum', upTo: number) => {
    const { Datapoints = [] } = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/SQS',
        MetricName,
        Dimensions: [{ Name: 'QueueName', Value: 'jobs' }],
        StartTime: new Date(START),
        EndTime: new Date(START + upTo * MINUTE),
        Period: 60,
        Statistics: [statistic],
      }),
    );
    const at = (n: number) => Datapoints.find(({ Timestamp }) => Number(Timestamp) === START + n * MINUTE);
    return Array.from({ length: upTo }, (_, n) => at(n)?.[statistic]);
  };
  return { table, sqs, send, receive, minutes };
}

describe('metrics', () => {
  it('count messages in and out, and their sizes', async () => {
    const { table, sqs, send, receive, minutes } = await stage();
    await send('four');
    await send('sixsix');
    const ReceiptHandle = await receive();
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    table.advance(MINUTE);
    await receive();
    await receive();
    table.advance(2 * MINUTE);
    expect(await minutes('NumberOfMessagesSent', 'Sum', 2)).toEqual([2, undefined]);
    expect(await minutes('SentMessageSize', 'Maximum', 2)).toEqual([6, undefined]);
    expect(await minutes('NumberOfMessagesReceived', 'Sum', 2)).toEqual([1, 1]);
    expect(await minutes('NumberOfMessagesDeleted', 'Sum', 2)).toEqual([1, undefined]);
    expect(await minutes('NumberOfEmptyReceives', 'Sum', 2)).toEqual([undefined, 1]);
  });

  it('tell how many messages stand where, also when that changes by itself', async () => {
    const { table, send, receive, minutes } = await stage();
    await send('now');
    await send('now');
    await send('later', 90);
    await receive(150);
    table.advance(5 * MINUTE);
    expect(await minutes('ApproximateNumberOfMessagesVisible', 'Maximum', 4)).toEqual([1, 2, 3, 3]);
    expect(await minutes('ApproximateNumberOfMessagesNotVisible', 'Maximum', 4)).toEqual([1, 1, 0, 0]);
    expect(await minutes('ApproximateNumberOfMessagesDelayed', 'Maximum', 4)).toEqual([1, 0, 0, 0]);
  });

  it('tell the age of the oldest message, which grows, in steps of at most a twentieth', async () => {
    const { table, send, minutes } = await stage();
    await send('old');
    table.advance(5 * HOUR);
    const ages = await minutes('ApproximateAgeOfOldestMessage', 'Maximum', 298);
    expect(ages.slice(0, 3)).toEqual([59, 119, 179]);
    const wrong = ages.filter((age, n) => {
      const real = (n + 1) * 60 - 1;
      return age === undefined || age > real || age < real - Math.max(60, real / 20) - 60;
    });
    expect(wrong).toEqual([]);
  });

  it('cost nothing while nothing happens, and end six hours after the last request to an empty queue', async () => {
    const { table, sqs, send, receive, minutes } = await stage();
    await send('only');
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: await receive() }));
    const before = table.world.position;
    table.advance(10 * HOUR);
    expect(table.world.position - before).toBeLessThan(5);
    const visible = await minutes('ApproximateNumberOfMessagesVisible', 'Maximum', 600);
    expect([visible[0], visible[300], visible[400], visible[590]]).toEqual([0, 0, undefined, undefined]);
  });
});
