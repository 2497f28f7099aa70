// What was under way outside the world when its process ended.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, expect, it } from 'vitest';
import type { Served } from '#server/serve.ts';
import { services } from '#services/index.ts';
import { packBundle } from '#workloads/bundle.ts';
import { processFunctions } from '#workloads/functions/process.ts';
import type { EffectHandler } from '#world/index.ts';
import { clientsAt } from './load.ts';
import { control, Folders } from './served.ts';

const folders = new Folders();

afterEach(async () => {
  await folders.done();
  expect(folders.crashes.splice(0)).toEqual([]);
});

it('says of every attached effect of a served world what comes of it where its process is gone', () => {
  const handlers = [...services, processFunctions].flatMap(
    ({ effects = [] }) => effects as readonly EffectHandler[],
  );
  const attached = handlers.filter(({ kind }) => kind.nature === 'attached');
  expect(attached.length).toBeGreaterThanOrEqual(3);
  expect(attached.filter(({ lost }) => !lost).map(({ kind }) => kind.name)).toEqual([]);
});

/** A function that takes a minute, asynchronously invoked, whose failures go to a queue. */
async function invoke(served: Served): Promise<void> {
  const configuration = {
    endpoint: served.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const [iam, lambda] = [new IAMClient(configuration), new LambdaClient(configuration)];
  const { sqs } = clientsAt(served.url);
  await sqs.send(new CreateQueueCommand({ QueueName: 'failed' }));
  const allow = (statement: object): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
  const trust = allow({ Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } });
  const role = { RoleName: 'slow', AssumeRolePolicyDocument: trust };
  const { Role } = await iam.send(new CreateRoleCommand(role));
  const policy = {
    RoleName: 'slow',
    PolicyName: 'send',
    PolicyDocument: allow({ Action: 'sqs:*', Resource: '*' }),
  };
  await iam.send(new PutRolePolicyCommand(policy));
  const code = 'exports.handler = () => new Promise((done) => setTimeout(done, 60000));';
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'slow',
      Role: Role?.Arn,
      Handler: 'index.handler',
      Runtime: 'nodejs22.x',
      Timeout: 120,
      Code: { ZipFile: packBundle({ 'index.js': code }) },
    }),
  );
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: 'slow',
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:failed' } },
    }),
  );
  await lambda.send(new InvokeCommand({ FunctionName: 'slow', InvocationType: 'Event' }));
}

it('ends a function that was running as one whose runtime was killed', async () => {
  const data = folders.fresh();
  const served = await folders.serve({ data, functions: 'process', clock: 1, snapshots: folders.fresh() });
  await invoke(served);
  const running = async (): Promise<boolean> =>
    String((await control(served, 'snapshots', { name: 'running' }))['message']).includes('functions/invoke');
  for (let looks = 0; looks < 100 && !(await running()); looks += 1) await sleep(100);
  expect(await running()).toBe(true);
  const again = await folders.serve({ data: folders.asKilled(data), functions: 'process', clock: 1 });
  const { sqs } = clientsAt(again.url);
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: `${again.url}/000000000000/failed`, WaitTimeSeconds: 10 }),
  );
  const { requestContext, responsePayload } = JSON.parse(Messages?.[0]?.Body ?? '{}') as {
    requestContext: { condition: string; requestId: string };
    responsePayload: object;
  };
  expect(requestContext.condition).toBe('RetriesExhausted');
  expect(responsePayload).toEqual({
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestContext.requestId} Error: Runtime exited with error: signal: killed`,
  });
}, 30_000);

it('tries a notification over HTTP once more of which nobody knows whether it arrived', async () => {
  const posts: string[] = [];
  // The first one never gets an answer.
  const listener = createServer((request, response) => {
    posts.push(String(request.headers['x-amz-sns-message-type']));
    if (posts.length > 1) response.end();
  });
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
  try {
    const data = folders.fresh();
    const served = await folders.serve({ data, clock: 1 });
    const { sns } = clientsAt(served.url);
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
    const Endpoint = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint }));
    await sns.send(new PublishCommand({ TopicArn, Message: 'hello' }));
    for (let looks = 0; looks < 100 && posts.length === 0; looks += 1) await sleep(50);
    const copy = folders.asKilled(data);
    await served.close();
    const again = await folders.serve({ data: copy });
    await control(again, 'clock', { advanceMs: 600_000 });
    expect(posts.slice(0, 2)).toEqual(['SubscriptionConfirmation', 'SubscriptionConfirmation']);
  } finally {
    listener.closeAllConnections();
    listener.close();
  }
}, 30_000);
