import {
  GetLogEventsCommand,
  CloudWatchLogsClient,
  DescribeLogStreamsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateAliasCommand,
  DeleteFunctionCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND, settled, stand } from '../../../../tests/lambda-stand.ts';
import type { Stand } from '../../../../tests/lambda-stand.ts';
import { START } from '../../../../tests/table.ts';
import { environments } from '../functions/environments.ts';

const FunctionName = 'f';

// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
describe('an invocation', () => {
  it('returns what the function answers, the version that answered, and the end of its log', async () => {
    const made = await stand();
    await made.active(
      'f',
      'function: { answers: { sum: "${event.a}" }, log: ["got ${event.a}"], memory: 70 }',
    );
    const first = await made.invoke('f', { a: 2 });
    expect(first).toMatchObject({ payload: { sum: 2 }, error: undefined, version: '$LATEST' });
    const [started, said, ended, report] = first.log.split('\n');
    expect(started).toMatch(/^START RequestId: [0-9a-f-]{36} Version: \$LATEST$/);
    expect(said).toBe('got 2');
    expect(ended).toMatch(/^END RequestId: /);
    expect(report).toMatch(
      /^REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\tInit Duration: [\d.]+ ms\t$/,
    );
    expect((await made.invoke('f', {})).log).not.toContain('Init Duration');
  });

  it('reports the error of the function beside status 200', async () => {
    const made = await stand();
    await made.active(
      'f',
      'function: { errors: 100%, error: { type: Broken, message: "no ${event.what}" } }',
    );
    expect(await made.invoke('f', { what: 'bread' })).toMatchObject({
      error: 'Unhandled',
      payload: { errorType: 'Broken', errorMessage: 'no bread' },
    });
  });

  // Recorded: Sandbox.Timedout and Runtime.ExitError.
  it('is cut off at the timeout, and its environment is not used again', async () => {
    const made = await stand();
    await made.active('f', 'function: { hangs: true }');
    const { payload, log } = await made.invoke('f');
    expect(payload).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(
        /^RequestId: \S+ Error: Task timed out after 3.00 seconds$/,
      ) as string,
    });
    expect(log).toContain('Status: timeout');
    expect(made.table.read((ctx) => ctx.list(environments))).toEqual([]);
    await made.update('f', 'function: { crashes: true }');
    expect((await made.invoke('f')).payload).toMatchObject({ errorType: 'Runtime.ExitError' });
  });

  it('is refused with a payload that is no JSON or too large', async () => {
    const made = await stand();
    await made.active('f');
    const invoke = (Payload: string, InvocationType: 'Event' | 'RequestResponse') =>
      made.lambda.send(new InvokeCommand({ FunctionName, Payload, InvocationType }));
    await expect(invoke('{', 'Event')).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
    await expect(invoke(`"${'x'.repeat(1_048_577)}"`, 'Event')).rejects.toMatchObject({
      name: 'RequestEntityTooLargeException',
      message: '1048579 byte payload is too large for the Event invocation type (limit 1048576 bytes)',
    });
    await expect(
      made.lambda.send(new InvokeCommand({ FunctionName, ClientContext: 'no JSON' })),
    ).rejects.toThrow('Client context must be a valid Base64-encoded JSON object.');
    const dry = await made.lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'DryRun' }));
    expect(dry.StatusCode).toBe(204);
  });

  it('is answered although the function is deleted meanwhile', async () => {
    const made = await stand();
    await made.active('f', 'function: { duration: 2s, answers: done }');
    const asked = made.lambda.send(new InvokeCommand({ FunctionName }));
    await settled();
    await made.lambda.send(new DeleteFunctionCommand({ FunctionName }));
    made.table.advance(MINUTE);
    expect(new TextDecoder().decode((await asked).Payload)).toBe('"done"');
    expect(made.table.read((ctx) => ctx.list(environments))).toEqual([]);
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
describe('an execution environment', () => {
  const count = ({ table }: Stand): number => table.read((ctx) => ctx.list(environments).length);

  it('takes one invocation at a time, is used again, and goes when nobody needs it', async () => {
    const made = await stand();
    await made.active('f', 'function: { duration: 1s }');
    const both = [1, 2].map(() => made.lambda.send(new InvokeCommand({ FunctionName })));
    await settled();
    made.table.advance(500);
    expect(count(made)).toBe(2);
    made.table.advance(5 * SECOND);
    await Promise.all(both);
    await made.invoke('f', {}, {}, 5 * SECOND);
    expect(count(made)).toBe(2);
    made.table.advance(10 * MINUTE);
    expect(count(made)).toBe(0);
    expect(made.table.world.foreground).toBe(false);
  });

  it('of an earlier configuration is not used again', async () => {
    const made = await stand();
    await made.active('f');
    await made.invoke('f', {}, {}, SECOND);
    await made.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, MemorySize: 256 }));
    made.table.advance(5 * SECOND);
    expect(count(made)).toBe(0);
    expect((await made.invoke('f')).log).toContain('Init Duration');
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
describe('concurrency', () => {
  it('beyond what is reserved is throttled, with the reason, and counted', async () => {
    const made = await stand();
    await made.active('f', 'function: { duration: 1s }');
    const reserve = (ReservedConcurrentExecutions: number) =>
      made.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
    await reserve(1);
    const first = made.lambda.send(new InvokeCommand({ FunctionName }));
    const second = made.lambda.send(new InvokeCommand({ FunctionName }));
    const refused = expect(second).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      message: 'Rate Exceeded.',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    });
    await settled();
    made.table.advance(5 * SECOND);
    await refused;
    expect((await first).StatusCode).toBe(200);
    made.table.advance(5 * MINUTE); // CloudWatch shows them with a delay.
    expect(await sumOf(made, 'Throttles', { FunctionName })).toBe(1);
    expect(await sumOf(made, 'Invocations', { FunctionName })).toBe(1);
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
describe('logs', () => {
  it('go to a stream of each environment, in a group that Lambda makes if the role may', async () => {
    const made = await stand('logs:*');
    await made.active('f', 'function: { log: [one] }');
    await made.invoke('f', {}, {}, SECOND);
    await made.invoke('f', {}, {}, SECOND);
    const logs = made.table.client(CloudWatchLogsClient);
    const logGroupName = '/aws/lambda/f';
    const { logStreams = [] } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
    expect(logStreams.map(({ logStreamName }) => logStreamName)).toEqual([
      expect.stringMatching(/^2026\/01\/05\/\[\$LATEST\][0-9a-f]{32}$/),
    ]);
    const logStreamName = logStreams[0]?.logStreamName as string;
    const { events = [] } = await logs.send(
      new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true }),
    );
    expect(events.map(({ message = '' }) => message.split(/[ \n]/)[0])).toEqual([
      'START',
      'one',
      'END',
      'REPORT',
      'START',
      'one',
      'END',
      'REPORT',
    ]);
  });

  it('are lost without a word where the role may not write them', async () => {
    const made = await stand();
    await made.active('f', 'function: { answers: fine }');
    expect((await made.invoke('f')).payload).toBe('fine');
    const logs = made.table.client(CloudWatchLogsClient);
    await expect(
      logs.send(new DescribeLogStreamsCommand({ logGroupName: '/aws/lambda/f' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
  it('in JSON are events of the platform and of the function, by their levels', async () => {
    const made = await stand();
    await made.active(
      'f',
      `function: { log: [plain, '{"level":"DEBUG","message":"quiet"}', '{"level":"ERROR","message":"loud"}'] }`,
      { LoggingConfig: { LogFormat: 'JSON' } },
    );
    const { log } = await made.invoke('f');
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type?: string; message?: string });
    expect(lines.map(({ type, message }) => type ?? message)).toEqual([
      'platform.start',
      'plain',
      'loud',
      'platform.report',
    ]);
  });
});

// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
it('publishes metrics of the function, of the alias, and of each version behind the alias', async () => {
  const made = await stand();
  await made.active('f', 'function: { duration: 100ms }');
  await made.publish('f');
  await made.update('f', 'function: { errors: 100% }');
  await made.publish('f');
  const RoutingConfig = { AdditionalVersionWeights: { 2: 0.5 } };
  await made.lambda.send(
    new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1', RoutingConfig }),
  );
  let failed = 0;
  for (let times = 0; times < 10; times += 1) {
    if ((await made.invoke('f:live', {}, {}, SECOND)).error) failed += 1;
  }
  made.table.advance(5 * MINUTE);
  expect(failed).toBeGreaterThan(0);
  const Resource = 'f:live';
  expect(await sumOf(made, 'Errors', { FunctionName })).toBe(failed);
  expect(await sumOf(made, 'Errors', { FunctionName, Resource, ExecutedVersion: '2' })).toBe(failed);
  expect(await sumOf(made, 'Errors', { FunctionName, Resource, ExecutedVersion: '1' })).toBe(0);
  expect(await sumOf(made, 'Invocations', { FunctionName, Resource })).toBe(10);
  expect(await sumOf(made, 'Invocations', {})).toBe(10);
  expect(await sumOf(made, 'Duration', { FunctionName, Resource, ExecutedVersion: '1' })).toBe(
    (10 - failed) * 100,
  );
});

async function sumOf(made: Stand, MetricName: string, dimensions: Record<string, string>): Promise<number> {
  const { Datapoints = [] } = await made.table.client(CloudWatchClient).send(
    new GetMetricStatisticsCommand({
      Namespace: 'AWS/Lambda',
      MetricName,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      StartTime: new Date(START),
      EndTime: new Date(START + 60 * MINUTE),
      Period: 3600,
      Statistics: ['Sum'],
    }),
  );
  return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
}
