import { once } from 'node:events';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, describe, expect, it } from 'vitest';
import { embed } from '#rehearsal/embedded/world.ts';
import { composeRehearsal } from '#sandtable';
import { packBundle } from '#workloads/bundle.ts';
import { createWorld } from 'sandtable';
import type { EmbeddedWorld, WorldOptions } from 'sandtable';

const opened: EmbeddedWorld[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

async function newWorld(options?: WorldOptions): Promise<EmbeddedWorld> {
  const world = await createWorld(options);
  opened.push(world);
  return world;
}

async function newQueue(sqs: SQSClient, QueueName: string = 'orders'): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName }));
  return QueueUrl;
}

async function received(sqs: SQSClient, QueueUrl: string, WaitTimeSeconds = 0): Promise<string[]> {
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds }));
  return Messages.map(({ Body = '' }) => Body);
}

function trusting(Service: string): string {
  const statement = { Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

describe('a world inside a test', () => {
  it("answers clients whose configuration is the test's own but for the request handler", async () => {
    const world = await newWorld();
    const credentials = { accessKeyId: '111122223333', secretAccessKey: 'test' };
    const sts = new STSClient({ region: 'eu-west-1', credentials, requestHandler: world.requestHandler() });
    expect((await sts.send(new GetCallerIdentityCommand({}))).Account).toBe('111122223333');
  });

  it('answers stock clients of any account and region', async () => {
    const world = await newWorld();
    const [here, there] = [world.client(SQSClient), new SQSClient(world.config({ region: 'eu-west-1' }))];
    await newQueue(here);
    expect((await here.send(new ListQueuesCommand({}))).QueueUrls).toHaveLength(1);
    expect((await there.send(new ListQueuesCommand({}))).QueueUrls).toBeUndefined();
    const sts = world.client(STSClient, { account: '111122223333' });
    expect((await sts.send(new GetCallerIdentityCommand({}))).Arn).toBe('arn:aws:iam::111122223333:root');
  });

  it('lets IAM decide on keys that it issued', async () => {
    const world = await newWorld();
    const iam = world.client(IAMClient);
    await iam.send(new CreateUserCommand({ UserName: 'reader' }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'reader' }));
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
    const sqs = world.client(SQSClient, { credentials: { accessKeyId, secretAccessKey } });
    await expect(sqs.send(new ListQueuesCommand({}))).rejects.toThrow(/is not authorized to perform/);
  });

  it('does at once what takes no time', async () => {
    const world = await newWorld();
    const [sns, sqs] = [world.client(SNSClient), world.client(SQSClient)];
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
    const QueueUrl = await newQueue(sqs);
    const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:orders';
    const statement = { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: Endpoint };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const Attributes = { RawMessageDelivery: 'true' };
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
    await sns.send(new PublishCommand({ TopicArn, Message: 'hello' }));
    expect(await received(sqs, QueueUrl)).toEqual(['hello']);
  });

  it('refuses what is not modelled, by name', async () => {
    const world = await newWorld();
    const kinesis = world.client(KinesisClient);
    await expect(kinesis.send(new ListStreamsCommand({}))).rejects.toThrow(
      /kinesis:ListStreams is not modelled by Sandtable/,
    );
  });
});

describe('its clock', () => {
  it('stands until it is advanced', async () => {
    const world = await newWorld();
    const sqs = world.client(SQSClient);
    const QueueUrl = await newQueue(sqs);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' }));
    const from = world.clock.now;
    expect(new Date(from).toISOString()).toBe('2026-01-05T09:00:00.000Z');
    expect(await received(sqs, QueueUrl)).toEqual(['a']);
    await world.clock.advance(29_999);
    expect(await received(sqs, QueueUrl)).toEqual([]);
    await world.clock.advance(1);
    // The default visibility timeout is 30 seconds.
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
    expect(await received(sqs, QueueUrl)).toEqual(['a']);
    expect(world.clock.now - from).toBe(30_000);
  });

  it('moves until a condition holds, and fails when it does not by its deadline', async () => {
    const world = await newWorld();
    const cloudwatch = world.client(CloudWatchClient);
    const metric = { Namespace: 'shop', MetricName: 'errors' };
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        ...metric,
        AlarmName: 'errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 10,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    );
    const state = async (): Promise<string | undefined> =>
      (await cloudwatch.send(new DescribeAlarmsCommand({}))).MetricAlarms?.[0]?.StateValue;
    await cloudwatch.send(
      new PutMetricDataCommand({ Namespace: 'shop', MetricData: [{ MetricName: 'errors', Value: 11 }] }),
    );
    const found = await world.clock.until(async () => (await state()) === 'ALARM', { within: 180_000 });
    expect(found).toBe(true);
    const from = world.clock.now;
    await expect(world.clock.until(() => false, { within: 60_000, what: 'peace' })).rejects.toThrow(
      'peace did not come about within 60 s of virtual time.',
    );
    expect(world.clock.now - from).toBe(60_000);
  });

  it('stops for whoever it brings an answer, at that instant', async () => {
    const world = await newWorld();
    const sqs = world.client(SQSClient);
    const QueueUrl = await newQueue(sqs);
    const seen: [at: number, body: string | undefined][] = [];
    const from = world.clock.now;
    const stop = new AbortController();
    const consume = async (): Promise<void> => {
      for (;;) {
        const { Messages: [message] = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }),
          { abortSignal: stop.signal },
        );
        seen.push([world.clock.now - from, message?.Body]);
        const { ReceiptHandle } = message ?? {};
        if (ReceiptHandle) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    };
    const consuming = consume();
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'late', DelaySeconds: 50 }));
    await world.clock.advance(75_000);
    expect(seen).toEqual([
      [20_000, undefined],
      [40_000, undefined],
      [50_000, 'late'],
      [70_000, undefined],
    ]);
    stop.abort();
    await expect(consuming).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });

  it('is moved by several at once', async () => {
    const world = await newWorld();
    const from = world.clock.now;
    const at = async (ms: number): Promise<number> => {
      await world.clock.advance(ms);
      return world.clock.now - from;
    };
    expect(await Promise.all([at(1000), at(90_000), at(5000)])).toEqual([90_000, 90_000, 5000]);
  });

  it('takes no time of the test for waiters, long polls and pauses within run', async () => {
    const world = await newWorld({ timings: 'typical' });
    const [dynamodb, sqs] = [world.client(DynamoDBClient), world.client(SQSClient)];
    const QueueUrl = await newQueue(sqs);
    const { Date: realDate, setTimeout: realSetTimeout } = globalThis;
    const wall = performance.now();
    const from = world.clock.now;
    const marks = await world.clock.run(async () => {
      const marks: number[] = [];
      await dynamodb.send(
        new CreateTableCommand({
          TableName: 'orders',
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        }),
      );
      await waitUntilTableExists({ client: dynamodb, maxWaitTime: 600 }, { TableName: 'orders' });
      marks.push(Date.now() - from);
      expect(await received(sqs, QueueUrl, 20)).toEqual([]);
      marks.push(Date.now() - from);
      await new Promise((resolve) => void setTimeout(resolve, 3_600_000));
      marks.push(Date.now() - from);
      return marks;
    });
    const [table = 0, poll = 0, pause = 0] = marks;
    expect(table).toBeGreaterThan(1000);
    expect([poll - table, pause - poll]).toEqual([20_000, 3_600_000]);
    expect(performance.now() - wall).toBeLessThan(5000);
    expect([globalThis.Date, globalThis.setTimeout]).toEqual([realDate, realSetTimeout]);
  });

  it('gives up a task that has not ended in time', async () => {
    const world = await newWorld();
    const sqs = world.client(SQSClient);
    const QueueUrl = await newQueue(sqs);
    const forever = async (): Promise<void> => {
      for (;;) await received(sqs, QueueUrl, 20);
    };
    await expect(world.clock.run(forever, { within: 60_000 })).rejects.toThrow(
      'The task did not end within 60 s of virtual time.',
    );
    await expect(world.clock.run(async () => received(sqs, QueueUrl, 20))).resolves.toEqual([]);
  });

  it('belongs to one world at a time', async () => {
    const [one, other] = [await newWorld(), await newWorld()];
    await one.clock.run(async () => {
      await expect(other.clock.run(async () => {})).rejects.toThrow(
        expect.objectContaining({ name: 'UserError', code: 'time-in-use' }),
      );
      await one.clock.run(() => one.clock.advance(1000));
    });
  });

  it.each([-1, Number.NaN, Infinity])('is not advanced by %d ms', async (ms) => {
    const world = await newWorld();
    await expect(world.clock.advance(ms)).rejects.toThrow(expect.objectContaining({ code: 'bad-time' }));
  });
});

describe('its forks', () => {
  it('share the past and nothing else', async () => {
    const world = await newWorld();
    const sqs = world.client(SQSClient);
    const QueueUrl = await newQueue(sqs);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' }));
    const [left, right] = [world.fork(), world.fork()];
    expect(left.hash()).toBe(world.hash());
    expect(await received(left.client(SQSClient), QueueUrl)).toEqual(['a']);
    expect(await received(right.client(SQSClient), QueueUrl)).toEqual(['a']);
    expect(left.hash()).toBe(right.hash());
    await left.clock.advance(60_000);
    expect(left.clock.now - world.clock.now).toBe(60_000);
    expect(await received(sqs, QueueUrl)).toEqual(['a']);
  });

  it('leave requests that wait to the world in which they were made', async () => {
    const world = await newWorld();
    const sqs = world.client(SQSClient);
    const QueueUrl = await newQueue(sqs);
    const waiting = received(sqs, QueueUrl, 20);
    await sqs.send(new ListQueuesCommand({}));
    const fork = world.fork();
    const there = fork.client(SQSClient);
    await there.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' }));
    expect(await received(there, QueueUrl)).toEqual(['a']);
    await world.clock.advance(20_000);
    expect(await waiting).toEqual([]);
  });
});

describe('determinism', () => {
  const play = async (seed: string): Promise<[hash: string, id: string | undefined]> => {
    const world = await newWorld({ seed });
    const sqs = world.client(SQSClient);
    const QueueUrl = await newQueue(sqs);
    const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' }));
    await world.clock.advance(60_000);
    return [world.hash(), MessageId];
  };

  it('gives equal seeds equal ids and hashes, and others others', async () => {
    const [one, same, other] = [await play('one'), await play('one'), await play('other')];
    expect(one).toEqual(same);
    expect(one[0]).not.toBe(other[0]);
    expect(one[1]).not.toBe(other[1]);
  });

  it('tells in the journal what was asked, by whom', async () => {
    const world = await newWorld();
    const QueueUrl = await newQueue(world.client(SQSClient));
    const asked = world.journal().filter(({ kind }) => kind === 'input');
    expect(asked).toMatchObject([
      {
        name: 'sqs:CreateQueue',
        scope: '000000000000/us-east-1',
        detail: { input: { QueueName: 'orders' } },
      },
    ]);
    expect(QueueUrl).toContain('/000000000000/orders');
  });
});

describe('what else it has', () => {
  it('injects errors, which the SDK retries', async () => {
    const world = await newWorld();
    const sqs = world.client(SQSClient);
    const end = world.inject.begin({
      kind: 'api-error',
      service: 'sqs',
      operation: 'ListQueues',
      shape: 'RequestThrottled',
      message: 'Slow down.',
      perMille: 1000,
    });
    await world.clock.run(async () => {
      await expect(sqs.send(new ListQueuesCommand({}))).rejects.toThrow('Slow down.');
    });
    const tries = world.journal().filter(({ name }) => name === 'sqs:ListQueues');
    expect(tries).toHaveLength(3);
    end();
    await sqs.send(new ListQueuesCommand({}));
  });

  it('streams objects, and finds its own at URLs of AWS', async () => {
    const world = await newWorld();
    const s3 = world.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: 'files' }));
    await s3.send(new PutObjectCommand({ Bucket: 'files', Key: 'a.txt', Body: 'hello' }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'files', Key: 'a.txt' }));
    expect(await Body?.transformToString()).toBe('hello');
    const response = await world.fetch('https://files.s3.us-east-1.amazonaws.com/a.txt');
    expect(response.status).toBe(403);
  });

  it('is over when it is closed', async () => {
    let sqs: SQSClient;
    {
      await using world = await createWorld();
      sqs = world.client(SQSClient);
      await newQueue(sqs);
    }
    await expect(sqs.send(new ListQueuesCommand({}))).rejects.toThrow(
      expect.objectContaining({ name: 'UserError', code: 'world-closed' }),
    );
  });

  it('is told of an account that is none', async () => {
    const world = await newWorld();
    expect(() => world.config({ account: '12' })).toThrow('An account has 12 digits; it was "12".');
  });

  it('warns where a request waits for time that stands', async () => {
    const composition = composeRehearsal();
    const { host } = composition;
    // Nobody has the patience here.
    const hasty = { ...host, after: (ms: number, run: () => void) => host.after(Math.min(ms, 1), run) };
    const world = await embed({ ...composition, host: hasty }, {});
    opened.push(world);
    const QueueUrl = await newQueue(world.client(SQSClient));
    const warned = once(process, 'warning');
    const waiting = received(world.client(SQSClient), QueueUrl, 20);
    const [warning] = (await warned) as [Error];
    expect(warning.message).toContain(
      'A request to sqs.us-east-1.amazonaws.com waits for virtual time, which stands',
    );
    expect(await world.clock.run(() => waiting)).toEqual([]);
  });

  it('really runs functions where it is asked to, and leaves nothing behind', async () => {
    const world = await newWorld({ functions: 'process' });
    const Code = {
      ZipFile: packBundle({
        'index.mjs': 'export const handler = async ({ a }) => ({ pid: process.pid, a: a + 1 });',
      }),
    };
    const [iam, lambda] = [world.client(IAMClient), world.client(LambdaClient)];
    const { Role: role } = await iam.send(
      new CreateRoleCommand({ RoleName: 'runs', AssumeRolePolicyDocument: trusting('lambda.amazonaws.com') }),
    );
    const answer = await world.clock.run(async () => {
      const FunctionName = 'adds';
      const Role = role?.Arn;
      await lambda.send(
        new CreateFunctionCommand({
          FunctionName,
          Role,
          Runtime: 'nodejs22.x',
          Handler: 'index.handler',
          Code,
        }),
      );
      await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 60 }, { FunctionName });
      const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, Payload: '{"a":1}' }));
      return JSON.parse(Payload?.transformToString() ?? '') as { pid: number; a: number };
    });
    expect(answer.a).toBe(2);
    expect(answer.pid).not.toBe(process.pid);
    process.kill(answer.pid, 0);
    expect(() => world.fork()).toThrow(expect.objectContaining({ code: 'not-forkable' }));
    await world.close();
    expect(() => process.kill(answer.pid, 0)).toThrow('ESRCH');
  });
});
