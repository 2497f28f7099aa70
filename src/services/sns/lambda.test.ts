// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html. But for the last test Lambda is played: by a function that remembers
// its events and a policy that lets one topic in.

import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { AddPermissionCommand } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { Fault } from '#contract/fault.ts';
import { textOf } from '#contract/protocols/bytes.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { defineService } from '#cloud/service.ts';
import { functionArn, MINUTE, Stand } from '../../../tests/lambda-stand.ts';
import { monitoringTable } from '../../../tests/monitoring-table.ts';
import { START } from '../../../tests/table.ts';

const SECOND = 1000;
const TopicArn = 'arn:aws:sns:us-east-1:000000000000:news';
const FunctionArn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

async function stage(allowed = TopicArn) {
  const events: { Records: Record<string, unknown>[] }[] = [];
  let throttled = 0;
  const lambda = defineService({
    contract: 'lambda',
    tables: [],
    operations: {
      Invoke(_, { InvocationType, Payload }) {
        expect(InvocationType).toBe('Event');
        if ((throttled -= 1) >= 0) throw new Fault('TooManyRequestsException', 'Rate Exceeded.');
        events.push(JSON.parse(textOf(Payload as Uint8Array) as string) as (typeof events)[number]);
        return { StatusCode: 202 };
      },
    },
    authorization: {
      Invoke: { actions: ['lambda:InvokeFunction'], resources: (_, { FunctionName }) => FunctionName },
    },
    resourcePolicy: () => {
      const Statement = {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'lambda:InvokeFunction',
        Resource: FunctionArn,
        Condition: { ArnLike: { 'AWS:SourceArn': allowed } },
      };
      return parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: [Statement] }), 'resource');
    },
  });
  const table = monitoringTable({}, lambda);
  const sns = table.client(SNSClient);
  const sqs = table.client(SQSClient);
  await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const open = [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: open });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'dead', Attributes: { Policy } }));
  const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead';
  const Attributes = { RedrivePolicy: JSON.stringify({ deadLetterTargetArn }) };
  const subscribed = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint: FunctionArn, Attributes }),
  );
  const dead = async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body;
  const throttle = (times: number) => void (throttled = times);
  return { table, sns, events, dead, throttle, subscriptionArn: subscribed.SubscriptionArn };
}

describe('subscribed functions', () => {
  it('are invoked with a record of the notification', async () => {
    const { table, sns, events, subscriptionArn } = await stage();
    const MessageAttributes = {
      size: { DataType: 'Number', StringValue: '12' },
      blob: { DataType: 'Binary', BinaryValue: Uint8Array.of(2, 3, 4) },
    };
    const { MessageId } = await sns.send(
      new PublishCommand({ TopicArn, Message: 'hello', MessageAttributes }),
    );
    table.advance(SECOND);
    expect(events).toEqual([
      {
        Records: [
          {
            EventSource: 'aws:sns',
            EventVersion: '1.0',
            EventSubscriptionArn: subscriptionArn,
            Sns: {
              Type: 'Notification',
              MessageId,
              TopicArn,
              Subject: null,
              Message: 'hello',
              Timestamp: '2026-01-05T00:00:00.000Z',
              SignatureVersion: '1',
              Signature: expect.any(String) as unknown,
              SigningCertUrl: expect.stringContaining('/SimpleNotificationService-') as unknown,
              UnsubscribeUrl: expect.stringContaining('Action=Unsubscribe') as unknown,
              MessageAttributes: {
                size: { Type: 'Number', Value: '12' },
                blob: { Type: 'Binary', Value: 'AgME' },
              },
            },
          },
        ],
      },
    ]);
  });

  it('that do not let the topic in are not asked again: the dead-letter queue gets the envelope', async () => {
    const { table, sns, events, dead } = await stage(TopicArn.replace('news', 'other'));
    await sns.send(new PublishCommand({ TopicArn, Message: 'lost' }));
    table.advance(SECOND);
    expect(events).toEqual([]);
    expect(JSON.parse((await dead()) as string)).toMatchObject({ Type: 'Notification', Message: 'lost' });
    expect(table.world.foreground).toBe(false);
  });

  it('that are throttled are asked again: three times at once, then after a second', async () => {
    const { table, sns, events, throttle } = await stage();
    throttle(4);
    await sns.send(new PublishCommand({ TopicArn, Message: 'patience' }));
    table.advance(500);
    expect(events).toEqual([]);
    table.advance(SECOND);
    expect(events).toHaveLength(1);
  });

  it('are those of Lambda, and get what was published while they were being created', async () => {
    const stand = new Stand();
    await stand.role();
    await stand.create('f');
    const sns = stand.table.client(SNSClient);
    await sns.send(new CreateTopicCommand({ Name: 'news' }));
    const permission = {
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
      SourceArn: TopicArn,
    };
    await stand.lambda.send(
      new AddPermissionCommand({ FunctionName: 'f', StatementId: 'news', ...permission }),
    );
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint: functionArn('f') }));
    await sns.send(new PublishCommand({ TopicArn, Message: 'hello' }));
    stand.table.advance(5 * MINUTE);
    const { Datapoints } = await stand.table.client(CloudWatchClient).send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/Lambda',
        MetricName: 'Invocations',
        Dimensions: [{ Name: 'FunctionName', Value: 'f' }],
        StartTime: new Date(START),
        EndTime: new Date(START + MINUTE),
        Period: 60,
        Statistics: ['Sum'],
      }),
    );
    expect(Datapoints?.[0]?.Sum).toBe(1);
  });
});
