// Event notifications to queues and topics.

import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { NotificationConfiguration } from '@aws-sdk/client-s3';
import {
  CreateTopicCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AddPermissionCommand, PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda';
import { expect, it } from 'vitest';
import { functionArn, queueArn, stand as lambdaStand } from '../../../../tests/lambda-stand.ts';
import { Bucket, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

const DAY = 86_400_000;
const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const url = (name: string): string => `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`;

const policy = (Action: string, Resource: string, service: string, source: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action,
        Resource,
        Condition: { ArnLike: { 'aws:SourceArn': source } },
      },
    ],
  });

interface Notified extends Stand {
  readonly sqs: SQSClient;
  readonly configure: (
    NotificationConfiguration: NotificationConfiguration,
    SkipDestinationValidation?: boolean,
  ) => Promise<unknown>;
  /** Takes all messages out of a queue. */
  readonly bodies: (name?: string) => Promise<Record<string, unknown>[]>;
}

async function notified(versioning?: 'Enabled'): Promise<Notified> {
  const stood = await stand(versioning);
  const sqs = stood.table.client(SQSClient);
  const Policy = policy('sqs:SendMessage', arn('events'), 's3.amazonaws.com', `arn:aws:s3:::${Bucket}`);
  await sqs.send(new CreateQueueCommand({ QueueName: 'events', Attributes: { Policy } }));
  return {
    ...stood,
    sqs,
    configure: (NotificationConfiguration, SkipDestinationValidation) =>
      stood.s3.send(
        new PutBucketNotificationConfigurationCommand({
          Bucket,
          NotificationConfiguration,
          SkipDestinationValidation,
        }),
      ),
    async bodies(name = 'events') {
      stood.table.advance(5000);
      const request = { QueueUrl: url(name), MaxNumberOfMessages: 10 };
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(request));
      for (const { ReceiptHandle } of Messages)
        await sqs.send(new DeleteMessageCommand({ QueueUrl: url(name), ReceiptHandle }));
      return Messages.map(({ Body = '' }) => JSON.parse(Body) as Record<string, unknown>);
    },
  };
}

interface Record21 {
  eventName: string;
  eventVersion: string;
  s3: { configurationId: string; object: Record<string, unknown> };
}
const records = (bodies: Record<string, unknown>[]): Record21[] =>
  bodies.flatMap(({ Records }) => Records as Record21[]);

// Recorded: localstack tests/aws/services/s3/test_s3_notifications_sqs.snapshot.json, test_object_created_put and others.
it('tell a queue what happened to objects, after a test message', async () => {
  const { configure, bodies, put, s3 } = await notified();
  await configure({
    QueueConfigurations: [
      { Id: 'all', QueueArn: arn('events'), Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] },
    ],
  });
  expect(await bodies()).toMatchObject([{ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket }]);
  await put('a@b', 'something');
  const [body] = await bodies();
  expect(body).toEqual({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'us-east-1',
        eventTime: expect.stringMatching(/^2026-01-05T00:00:05\.\d{3}Z$/),
        eventName: 'ObjectCreated:Put',
        userIdentity: { principalId: 'AWS:000000000000' },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: { 'x-amz-request-id': expect.any(String), 'x-amz-id-2': expect.any(String) },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'all',
          bucket: {
            name: Bucket,
            ownerIdentity: { principalId: expect.any(String) },
            arn: `arn:aws:s3:::${Bucket}`,
          },
          object: {
            key: 'a%40b',
            size: 9,
            eTag: '437b930db84b8079c2dd804a71936b5f',
            sequencer: expect.stringMatching(/^[0-9A-F]{16,}$/),
          },
        },
      },
    ],
  });
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/a%40b` }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'copy' }));
  const later = records(await bodies());
  expect(later.map(({ eventName }) => eventName).toSorted()).toEqual([
    'ObjectCreated:Copy',
    'ObjectRemoved:Delete',
  ]);
  const order = later.map(({ eventName, s3: { object } }) => [object['sequencer'] as string, eventName]);
  expect(order.toSorted().map(([, name]) => name)).toEqual(['ObjectCreated:Copy', 'ObjectRemoved:Delete']);
});

it('name versions, and tell of delete markers', async () => {
  const { configure, bodies, put, s3 } = await notified('Enabled');
  await configure({
    QueueConfigurations: [{ QueueArn: arn('events'), Events: ['s3:ObjectRemoved:DeleteMarkerCreated'] }],
  });
  await bodies();
  await put('k');
  const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  expect(records(await bodies())).toMatchObject([
    { eventName: 'ObjectRemoved:DeleteMarkerCreated', s3: { object: { key: 'k', versionId: VersionId } } },
  ]);
});

it('are filtered by the beginning and the end of keys', async () => {
  const { configure, bodies, put, s3 } = await notified();
  const FilterRules = [
    { Name: 'prefix' as const, Value: 'in/' },
    { Name: 'suffix' as const, Value: '.txt' },
  ];
  await configure({
    QueueConfigurations: [
      { QueueArn: arn('events'), Events: ['s3:ObjectCreated:Put'], Filter: { Key: { FilterRules } } },
      { QueueArn: arn('events'), Events: ['s3:ObjectTagging:*'] },
    ],
  });
  await bodies();
  await put('in/a.txt');
  await put('in/a.png');
  await put('out/a.txt');
  expect(records(await bodies()).map(({ s3: { object } }) => object['key'])).toEqual(['in/a.txt']);
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'in/a.png', Tagging: { TagSet: [] } }));
  expect(records(await bodies())).toMatchObject([{ eventName: 'ObjectTagging:Put', eventVersion: '2.3' }]);
  const shown = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
  expect(shown.QueueConfigurations?.[0]).toMatchObject({
    Events: ['s3:ObjectCreated:Put'],
    Filter: {
      Key: {
        FilterRules: [
          { Name: 'Prefix', Value: 'in/' },
          { Name: 'Suffix', Value: '.txt' },
        ],
      },
    },
  });
});

it('go to topics that let S3 publish', async () => {
  const { table, sqs, configure, bodies, put } = await notified();
  const sns = table.client(SNSClient);
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const TopicConfigurations = [{ TopicArn, Events: ['s3:ObjectCreated:*' as const] }];
  await expect(configure({ TopicConfigurations })).rejects.toMatchObject({
    name: 'InvalidArgument',
    ArgumentValue1:
      'Permissions on the destination topic do not allow S3 to publish notifications from this bucket',
  });
  const AttributeValue = policy('sns:Publish', TopicArn, 's3.amazonaws.com', `arn:aws:s3:::${Bucket}`);
  await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Policy', AttributeValue }));
  const Policy = policy('sqs:SendMessage', arn('inbox'), 'sns.amazonaws.com', TopicArn);
  await sqs.send(new CreateQueueCommand({ QueueName: 'inbox', Attributes: { Policy } }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn('inbox') }));
  await configure({ TopicConfigurations });
  await bodies('inbox');
  await put('k');
  const [body] = await bodies('inbox');
  expect(body).toMatchObject({ Subject: 'Amazon S3 Notification' });
  const { Records } = JSON.parse(body?.['Message'] as string) as { Records: Record21[] };
  expect(Records).toMatchObject([{ eventName: 'ObjectCreated:Put' }]);
});

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
it('invoke functions that let S3 in', async () => {
  const made = await lambdaStand('sqs:SendMessage');
  await made.queue('done');
  await made.active('f', 'function: { answers: { seen: true } }');
  const s3 = made.table.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket }));
  const LambdaFunctionArn = functionArn('f');
  const LambdaFunctionConfigurations = [{ LambdaFunctionArn, Events: ['s3:ObjectCreated:*' as const] }];
  const NotificationConfiguration = { LambdaFunctionConfigurations };
  const configure = () =>
    s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  await expect(configure()).rejects.toMatchObject({
    name: 'InvalidArgument',
    ArgumentValue1: `Not authorized to invoke function [${LambdaFunctionArn}]`,
  });
  await made.lambda.send(
    new AddPermissionCommand({
      FunctionName: 'f',
      StatementId: 's3',
      Action: 'lambda:InvokeFunction',
      Principal: 's3.amazonaws.com',
      SourceArn: `arn:aws:s3:::${Bucket}`,
    }),
  );
  await configure();
  const DestinationConfig = { OnSuccess: { Destination: queueArn('done') } };
  await made.lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: 'f', DestinationConfig }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'new.txt', Body: 'x' }));
  made.table.advance(10_000);
  const [outcome = '{}'] = await made.bodies('done');
  expect(JSON.parse(outcome)).toMatchObject({
    requestPayload: { Records: [{ eventName: 'ObjectCreated:Put', s3: { object: { key: 'new.txt' } } }] },
    responsePayload: { seen: true },
  });
});

it('tell what lifecycle rules did', async () => {
  const { table, configure, bodies, put, s3 } = await notified();
  await configure({
    QueueConfigurations: [{ QueueArn: arn('events'), Events: ['s3:LifecycleExpiration:*'] }],
  });
  await bodies();
  const Rules = [{ Status: 'Enabled' as const, Filter: {}, Expiration: { Days: 1 } }];
  const LifecycleConfiguration = { Rules };
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
  await put('k');
  table.advance(3 * DAY);
  expect(records(await bodies())).toMatchObject([
    { eventName: 'LifecycleExpiration:Delete', s3: { object: { key: 'k' } } },
  ]);
});

// Recorded: test_invalid_sqs_arn, test_bucket_notification_with_invalid_filter_rules.
it('have destinations that exist and let S3 in, unless that is not to be checked', async () => {
  const { configure } = await notified();
  const to = (QueueArn: string) => ({
    QueueConfigurations: [{ QueueArn, Events: ['s3:ObjectCreated:*' as const] }],
  });
  await expect(configure(to('invalid-queue'))).rejects.toMatchObject({
    name: 'InvalidArgument',
    message: 'The ARN could not be parsed',
    ArgumentName: 'Queue',
    ArgumentValue: 'invalid-queue',
  });
  await expect(configure(to(arn('none')))).rejects.toMatchObject({
    message: 'Unable to validate the following destination configurations',
    ArgumentName1: arn('none'),
    ArgumentValue1: 'The destination queue does not exist',
  });
  await configure(to(arn('none')), true);
});

it('may not overlap', async () => {
  const { configure } = await notified();
  const one = (Events: ('s3:ObjectCreated:*' | 's3:ObjectCreated:Put' | 's3:ObjectRemoved:*')[]) => ({
    QueueArn: arn('events'),
    Events,
  });
  await expect(
    configure({ QueueConfigurations: [one(['s3:ObjectCreated:*']), one(['s3:ObjectCreated:Put'])] }),
  ).rejects.toThrow('Configurations overlap.');
  await configure({ QueueConfigurations: [one(['s3:ObjectCreated:*']), one(['s3:ObjectRemoved:*'])] });
});
