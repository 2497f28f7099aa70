import { gunzipSync } from 'node:zlib';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import * as sdk from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { table as tableOf } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { defineService } from '#cloud/service.ts';
import { START } from '../../../../tests/table.ts';
import { DAY, GROUP, HOUR, MINUTE, stage } from '../test-stand.ts';

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:watch';

/** A stand-in for Lambda: one function that keeps what it is invoked with. */
interface Invocation {
  id: string;
  payload: string;
}
interface Behaviour {
  id: 'watch';
  principal: string;
  fails?: 'TooManyRequestsException' | 'ResourceNotFoundException';
}
const invocations = tableOf<Invocation>('lambda/test-invocations', (row) => row.id);
const behaviours = tableOf<Behaviour>('lambda/test-behaviours', (row) => row.id);

const lambda = defineService({
  contract: 'lambda',
  tables: [invocations, behaviours],
  operations: {
    Invoke(ctx, { InvocationType, Payload }) {
      const fails = ctx.get(behaviours, 'watch')?.fails;
      if (fails) throw new Fault(fails, 'It fails.');
      if (InvocationType === 'DryRun') return { StatusCode: 204 };
      ctx.put(invocations, {
        id: ctx.id('test', 8, '0123456789'),
        payload: new TextDecoder().decode(Payload),
      });
      return { StatusCode: 202 };
    },
  },
  authorization: {
    Invoke: { actions: ['lambda:InvokeFunction'], resources: (_, { FunctionName }) => FunctionName },
  },
  resourcePolicy(ctx, arn) {
    const Service = ctx.get(behaviours, 'watch')?.principal ?? 'nobody.amazonaws.com';
    const ArnLike = { 'AWS:SourceArn': `arn:aws:logs:us-east-1:000000000000:log-group:${GROUP}:*` };
    const Statement = [
      {
        Effect: 'Allow',
        Principal: { Service },
        Action: 'lambda:InvokeFunction',
        Resource: arn,
        Condition: { ArnLike },
      },
    ];
    return parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement }), 'resource');
  },
});

interface Payload {
  messageType: string;
  owner: string;
  logGroup: string;
  logStream: string;
  subscriptionFilters: string[];
  logEvents: { id: string; timestamp: number; message: string; extractedFields?: object }[];
}

async function subscribed({ principal = 'logs.amazonaws.com', pattern = '' } = {}) {
  const stand = await stage({}, lambda);
  const behave = (change: Partial<Behaviour>) =>
    stand.table.act((ctx) => ctx.put(behaviours, { id: 'watch', principal, ...change }));
  behave({});
  const subscribe = (input: Partial<sdk.PutSubscriptionFilterCommandInput> = {}) =>
    stand.logs.send(
      new sdk.PutSubscriptionFilterCommand({
        logGroupName: GROUP,
        filterName: 'all',
        filterPattern: pattern,
        destinationArn: functionArn,
        ...input,
      }),
    );
  const delivered = (): Payload[] =>
    stand.table.read((ctx) =>
      ctx.list(invocations).map(({ payload }) => {
        const { awslogs } = JSON.parse(payload) as { awslogs: { data: string } };
        return JSON.parse(gunzipSync(Buffer.from(awslogs.data, 'base64')).toString()) as Payload;
      }),
    );
  const messages = (): string[] =>
    delivered().flatMap(({ logEvents }) => logEvents.map(({ message }) => message));
  return { ...stand, behave, subscribe, delivered, messages };
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
describe('subscription filters', () => {
  it('hand matching events to a function, as base64 of gzip of JSON', async () => {
    const { table, write, subscribe, delivered } = await subscribed();
    await subscribe({ filterPattern: '-DEBUG' });
    await write(['first', 'DEBUG', 'sécond']);
    expect(delivered()).toEqual([]);
    table.advance(MINUTE);
    const id = expect.stringMatching(/^\d{56}$/);
    expect(delivered()).toEqual([
      {
        messageType: 'DATA_MESSAGE',
        owner: '000000000000',
        logGroup: GROUP,
        logStream: 'one',
        subscriptionFilters: ['all'],
        logEvents: [
          { id, timestamp: START, message: 'first' },
          { id, timestamp: START, message: 'sécond' },
        ],
      },
    ]);
  });

  it('give the fields of space-delimited patterns along', async () => {
    const { table, write, subscribe, delivered } = await subscribed();
    await subscribe({ filterPattern: '[level, ms > 100]' });
    await write(['slow 250', 'fast 3']);
    table.advance(MINUTE);
    expect(delivered()[0]?.logEvents).toEqual([
      expect.objectContaining({ message: 'slow 250', extractedFields: { level: 'slow', ms: '250' } }),
    ]);
  });

  it('split what is large', async () => {
    const { table, write, subscribe, delivered, messages } = await subscribed();
    await subscribe();
    await write(Array.from({ length: 10 }, (_, i) => `${i}${'x'.repeat(50_000)}`));
    table.advance(MINUTE);
    expect(delivered().length).toBeGreaterThan(1);
    expect(
      messages()
        .map((message) => message[0])
        .toSorted()
        .join(''),
    ).toBe('0123456789');
  });

  it('are described as AWS describes them, changed by name, and deleted', async () => {
    const { table, logs, write, subscribe, messages } = await subscribed();
    await subscribe();
    table.advance(1000);
    await subscribe({ filterPattern: 'ERROR' });
    const { subscriptionFilters } = await logs.send(
      new sdk.DescribeSubscriptionFiltersCommand({ logGroupName: GROUP }),
    );
    expect(subscriptionFilters).toEqual([
      {
        filterName: 'all',
        logGroupName: GROUP,
        filterPattern: 'ERROR',
        destinationArn: functionArn,
        distribution: 'ByLogStream',
        applyOnTransformedLogs: false,
        creationTime: START,
      },
    ]);
    const remove = () =>
      logs.send(new sdk.DeleteSubscriptionFilterCommand({ logGroupName: GROUP, filterName: 'all' }));
    await write(['ERROR on its way']);
    await remove();
    await write(['ERROR later']);
    table.advance(MINUTE);
    expect(messages()).toEqual([]);
    await expect(remove()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The specified subscription filter does not exist.',
    });
  });

  it('are two for each group', async () => {
    const { subscribe } = await subscribed();
    await subscribe();
    await subscribe({ filterName: 'second' });
    await expect(subscribe({ filterName: 'third' })).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Resource limit exceeded.',
    });
  });

  // Both principals are in AWS's documentation and in recorded permissions.
  it.each(['logs.amazonaws.com', 'logs.us-east-1.amazonaws.com'])('are let in as %s', async (principal) => {
    const { table, write, subscribe, messages } = await subscribed({ principal });
    await subscribe();
    await write(['hello']);
    table.advance(MINUTE);
    expect(messages()).toEqual(['hello']);
  });

  it('ask whether the function may be invoked', async () => {
    const { subscribe, messages } = await subscribed({ principal: 'sns.amazonaws.com' });
    await expect(subscribe()).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message:
        'Could not execute the lambda function. ' +
        'Make sure you have given CloudWatch Logs permission to execute your function.',
    });
    expect(messages()).toEqual([]);
  });

  // https://github.com/localstack/localstack/blob/main/tests/aws/services/logs/test_logs_subscription_filters.snapshot.json
  it('take no function of another account, no stream without a role, and nothing else', async () => {
    const { subscribe } = await subscribed();
    const elsewhere = functionArn.replace('000000000000', '111111111111');
    await expect(subscribe({ destinationArn: elsewhere })).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message:
        'Cross-account lambda invocation passing is not allowed. ' +
        'You must use DestinationPolicies to create cross account lambda triggers.',
    });
    const destinationArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
    await expect(subscribe({ destinationArn })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'destinationArn for vendor kinesis cannot be used without roleArn',
    });
    const roleArn = 'arn:aws:iam::000000000000:role/r';
    await expect(subscribe({ destinationArn, roleArn })).rejects.toMatchObject({ name: 'NotImplemented' });
    await expect(subscribe({ logGroupName: 'none' })).rejects.toMatchObject({
      message: 'The specified log group does not exist.',
    });
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html
describe('forwarding', () => {
  it('goes on for 24 hours where the destination is throttled', async () => {
    const { table, write, behave, subscribe, messages } = await subscribed();
    await subscribe();
    behave({ fails: 'TooManyRequestsException' });
    await write(['patient']);
    table.advance(23 * HOUR);
    behave({});
    table.advance(2 * MINUTE);
    expect(messages()).toEqual(['patient']);
    behave({ fails: 'TooManyRequestsException' });
    await write(['lost']);
    table.advance(DAY + HOUR);
    behave({});
    table.advance(HOUR);
    expect(messages()).toEqual(['patient']);
  });

  it('rests for ten minutes after a refusal and skips what comes in meanwhile', async () => {
    const { table, write, behave, subscribe, messages } = await subscribed();
    await subscribe();
    behave({ principal: 'sns.amazonaws.com' });
    await write(['refused']);
    table.advance(MINUTE);
    behave({});
    await write(['skipped']);
    table.advance(10 * MINUTE);
    await write(['delivered']);
    table.advance(MINUTE);
    expect(messages()).toEqual(['delivered']);
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
  it('is counted', async () => {
    const { table, write, behave, subscribe } = await subscribed();
    await subscribe();
    await write(['a', 'b']);
    table.advance(MINUTE);
    behave({ fails: 'ResourceNotFoundException' });
    await write(['c']);
    table.advance(5 * MINUTE);
    const sum = async (MetricName: string) => {
      const { Datapoints = [] } = await table.client(CloudWatchClient).send(
        new GetMetricStatisticsCommand({
          Namespace: 'AWS/Logs',
          MetricName,
          Dimensions: [
            { Name: 'LogGroupName', Value: GROUP },
            { Name: 'DestinationType', Value: 'Lambda' },
            { Name: 'FilterName', Value: 'all' },
          ],
          StartTime: new Date(START),
          EndTime: new Date(START + HOUR),
          Period: 3600,
          Statistics: ['Sum'],
        }),
      );
      return Datapoints[0]?.Sum;
    };
    expect(await sum('ForwardedLogEvents')).toBe(2);
    expect(await sum('DeliveryErrors')).toBe(1);
  });
});
