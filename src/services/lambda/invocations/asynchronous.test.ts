import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  AddPermissionCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetFunctionEventInvokeConfigCommand,
  ListFunctionEventInvokeConfigsCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import type { PutFunctionEventInvokeConfigCommandInput } from '@aws-sdk/client-lambda';
import {
  CreateTopicCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { functionArn, MINUTE, queueArn, queueUrl, SECOND, stand } from '../../../../tests/lambda-stand.ts';
import type { Stand } from '../../../../tests/lambda-stand.ts';
import { START } from '../../../../tests/table.ts';
import { queuedEvents } from './asynchronous.ts';

const FunctionName = 'f';
const ARN = functionArn('f');
const FAILING = 'function: { errors: 100%, error: { type: Broken, message: sorry }, duration: 100ms }';

const configure = (made: Stand, more: Partial<PutFunctionEventInvokeConfigCommandInput>) =>
  made.lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, ...more }));

interface Outcome {
  requestContext: { requestId: string; condition: string; approximateInvokeCount: number };
  requestPayload: unknown;
  responseContext?: object;
  responsePayload?: unknown;
}
const outcomes = async (made: Stand, queue: string): Promise<Outcome[]> =>
  (await made.bodies(queue)).map((body) => JSON.parse(body) as Outcome);

async function invocations(made: Stand): Promise<number> {
  const { Datapoints = [] } = await made.table.client(CloudWatchClient).send(
    new GetMetricStatisticsCommand({
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Dimensions: [{ Name: 'FunctionName', Value: FunctionName }],
      StartTime: new Date(START),
      EndTime: new Date(START + 1000 * MINUTE),
      Period: 86_400,
      Statistics: ['Sum'],
    }),
  );
  return Datapoints[0]?.Sum ?? 0;
}

// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
describe('an event', () => {
  it('is accepted at once and run a moment later', async () => {
    const made = await stand('sqs:SendMessage');
    await made.queue('done');
    await made.active('f', 'function: { answers: { got: "${event.a}" } }');
    await configure(made, { DestinationConfig: { OnSuccess: { Destination: queueArn('done') } } });
    expect(await made.send('f', { a: 1 })).toBe(202);
    made.table.advance(SECOND);
    const [outcome] = await outcomes(made, 'done');
    expect(outcome).toEqual({
      version: '1.0',
      timestamp: expect.stringMatching(/^2026-01-05T00:00:1\d\.\d{3}Z$/) as string,
      requestContext: {
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        functionArn: `${ARN}:$LATEST`,
        condition: 'Success',
        approximateInvokeCount: 1,
      },
      requestPayload: { a: 1 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST' },
      responsePayload: { got: 1 },
    });
  });

  it('whose function fails is tried twice more, after one and two minutes', async () => {
    const made = await stand('sqs:SendMessage');
    await made.queue('failed');
    await made.active('f', FAILING);
    await configure(made, { DestinationConfig: { OnFailure: { Destination: queueArn('failed') } } });
    await made.send('f', { a: 1 });
    const attempts = () => made.table.read((ctx) => ctx.list(queuedEvents).map((event) => event.attempts));
    made.table.advance(30 * SECOND);
    expect(attempts()).toEqual([1]);
    made.table.advance(MINUTE);
    expect(attempts()).toEqual([2]);
    made.table.advance(80 * SECOND);
    expect(await outcomes(made, 'failed')).toEqual([]);
    made.table.advance(30 * SECOND);
    const [outcome] = await outcomes(made, 'failed');
    expect(outcome).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorType: 'Broken', errorMessage: 'sorry' },
    });
    expect(made.table.world.foreground).toBe(false);
  });

  it('is tried no more when it has become too old', async () => {
    const made = await stand('sqs:SendMessage');
    await made.queue('failed');
    await made.active('f', FAILING);
    const OnFailure = { Destination: queueArn('failed') };
    await configure(made, { MaximumEventAgeInSeconds: 60, DestinationConfig: { OnFailure } });
    await made.send('f');
    made.table.advance(5 * MINUTE);
    const [outcome] = await outcomes(made, 'failed');
    expect(outcome?.requestContext).toMatchObject({
      condition: 'EventAgeExceeded',
      approximateInvokeCount: 1,
    });
  });

  it('that is throttled waits its turn for up to six hours', async () => {
    const made = await stand();
    await made.active('f', 'function: { duration: 1s }');
    await made.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 }),
    );
    for (let times = 0; times < 5; times += 1) await made.send('f');
    made.table.advance(10 * MINUTE);
    expect(await invocations(made)).toBe(5);
    expect(made.table.read((ctx) => ctx.list(queuedEvents))).toEqual([]);
  });

  // Recorded: a function whose concurrency is 0 fails its events at once.
  it('for a function without any concurrency fails unseen', async () => {
    const made = await stand('sqs:SendMessage');
    await made.queue('failed');
    await made.active('f');
    await made.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }),
    );
    await configure(made, { DestinationConfig: { OnFailure: { Destination: queueArn('failed') } } });
    await made.send('f');
    made.table.advance(SECOND);
    const [outcome] = await outcomes(made, 'failed');
    expect(outcome?.requestContext).toMatchObject({
      condition: 'ZeroReservedConcurrency',
      approximateInvokeCount: 0,
    });
    expect(outcome?.responseContext).toBeUndefined();
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
describe('outcomes', () => {
  it('go to dead letters as the event itself, with attributes', async () => {
    const made = await stand('sqs:SendMessage');
    await made.queue('dead');
    await made.active('f', FAILING, { DeadLetterConfig: { TargetArn: queueArn('dead') } });
    await configure(made, { MaximumRetryAttempts: 0 });
    await made.send('f', { a: 1 });
    made.table.advance(SECOND);
    const { Messages } = await made.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl('dead'), MessageAttributeNames: ['All'] }),
    );
    expect(Messages?.[0]).toMatchObject({
      Body: '{"a":1}',
      MessageAttributes: {
        ErrorCode: { DataType: 'Number', StringValue: '200' },
        ErrorMessage: { DataType: 'String', StringValue: 'sorry' },
      },
    });
  });

  it('go to other functions and to topics', async () => {
    const made = await stand('lambda:InvokeFunction', 'sns:Publish', 'sqs:SendMessage');
    const sns = made.table.client(SNSClient);
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
    await made.queue('heard');
    await openTo(made, 'heard', 'sns.amazonaws.com');
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('heard') }));
    await made.active('f', 'function: { answers: hello }');
    await made.active(
      'next',
      `function: { calls: [{ service: sqs, operation: SendMessage,
        input: { QueueUrl: '${queueUrl('heard')}', MessageBody: 'next got \${event.responsePayload}' } }] }`,
    );
    await configure(made, { DestinationConfig: { OnSuccess: { Destination: functionArn('next') } } });
    await made.send('f');
    made.table.advance(5 * SECOND);
    expect(await made.bodies('heard')).toEqual(['next got hello']);
    await configure(made, { DestinationConfig: { OnSuccess: { Destination: TopicArn } } });
    await made.send('f');
    made.table.advance(5 * SECOND);
    const [body] = await made.bodies('heard');
    const { Message } = JSON.parse(body as string) as { Message: string };
    expect(JSON.parse(Message)).toMatchObject({ responsePayload: 'hello' });
    await sns.send(
      new SetTopicAttributesCommand({ TopicArn, AttributeName: 'DisplayName', AttributeValue: 'n' }),
    );
  });
});

// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html; messages as recorded
describe('event invoke configurations', () => {
  it('are put, changed, listed and deleted for a function, a version or an alias', async () => {
    const made = await stand();
    await made.active('f');
    await made.publish('f');
    expect(await configure(made, { MaximumRetryAttempts: 1 })).toMatchObject({
      FunctionArn: `${ARN}:$LATEST`,
      MaximumRetryAttempts: 1,
      DestinationConfig: { OnFailure: {}, OnSuccess: {} },
    });
    await configure(made, { Qualifier: '1', MaximumEventAgeInSeconds: 120 });
    const update = { FunctionName, MaximumEventAgeInSeconds: 60 };
    const updated = await made.lambda.send(new UpdateFunctionEventInvokeConfigCommand(update));
    expect(updated).toMatchObject({ MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 60 });
    const list = new ListFunctionEventInvokeConfigsCommand({ FunctionName });
    const { FunctionEventInvokeConfigs } = await made.lambda.send(list);
    expect(FunctionEventInvokeConfigs?.map((one) => one.FunctionArn)).toEqual([`${ARN}:$LATEST`, `${ARN}:1`]);
    await made.lambda.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName }));
    await expect(made.lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }))).rejects.toThrow(
      `The function ${ARN}:$LATEST doesn't have an EventInvokeConfig`,
    );
  });

  it('are checked', async () => {
    const made = await stand();
    await made.active('f');
    const on = (Destination: string) => ({ DestinationConfig: { OnSuccess: { Destination } } });
    await expect(configure(made, {})).rejects.toThrow(
      'at least one of error handling or destination setting',
    );
    await expect(configure(made, on(ARN))).rejects.toThrow(
      "You can't specify the function as a destination for itself.",
    );
    await expect(configure(made, on(functionArn('none')))).rejects.toThrow(
      `The destination ARN ${functionArn('none')} is invalid.`,
    );
    await expect(configure(made, on(queueArn('q')))).rejects.toThrow(
      'The provided execution role does not have permissions to call SendMessage on SQS',
    );
    await expect(configure(made, on('arn:aws:iam::000000000000:role/x'))).rejects.toThrow('is invalid.');
    await expect(configure(made, { FunctionName: 'none', MaximumRetryAttempts: 0 })).rejects.toThrow(
      "The function doesn't exist.",
    );
  });
});

it('invokes for a service that the function lets in, and for no other', async () => {
  const made = await stand();
  await made.active('f');
  const by = (service: string) =>
    made.table.act((ctx) =>
      ctx.call(
        'lambda',
        'Invoke',
        { FunctionName: ARN, InvocationType: 'Event' },
        { type: 'service', service, account: ctx.account, sourceArn: 'arn:aws:s3:::bucket' },
      ),
    );
  expect(by('s3.amazonaws.com').ok).toBe(false);
  const permission = { FunctionName, StatementId: 's', Action: 'lambda:InvokeFunction' };
  const SourceArn = 'arn:aws:s3:::bucket';
  await made.lambda.send(
    new AddPermissionCommand({ ...permission, Principal: 's3.amazonaws.com', SourceArn }),
  );
  expect(by('s3.amazonaws.com').ok).toBe(true);
  expect(by('sns.amazonaws.com').ok).toBe(false);
});

async function openTo(made: Stand, name: string, Service: string): Promise<void> {
  const Statement = [
    { Effect: 'Allow', Principal: { Service }, Action: 'sqs:SendMessage', Resource: queueArn(name) },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await made.sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl(name), Attributes: { Policy } }));
}
