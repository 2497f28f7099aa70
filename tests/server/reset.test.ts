import { CreateTopicCommand, ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '#server/serve.ts';
import type { Served } from '#server/serve.ts';

let served: Served;

beforeAll(async () => {
  served = await serve({
    port: 0,
    seed: 'reset',
    clock: 1,
    timings: 'instant',
    account: '123456789012',
    version: 'test',
    crashed: (error) => expect.unreachable(String(error)),
  });
});
afterAll(() => served.close());

const client = () => ({
  endpoint: served.url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});

const post = (path: string): Promise<Response> => fetch(served.url + path, { method: 'POST' });

describe('a reset of the endpoint', () => {
  it.each(['/_sandtable/reset', '/moto-api/reset', '/_localstack/state/reset'])(
    'puts a fresh world in the place of the old one: %s',
    async (path) => {
      const sns = new SNSClient(client());
      const { TopicArn: first } = await sns.send(new CreateTopicCommand({ Name: 'before' }));
      expect((await post(path)).status).toBe(200);
      expect((await sns.send(new ListTopicsCommand({}))).Topics ?? []).toEqual([]);
      expect((await sns.send(new CreateTopicCommand({ Name: 'before' }))).TopicArn).toBe(first);
    },
  );

  it('answers requests that wait in the world that ends', async () => {
    const sqs = new SQSClient(client());
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'jobs' }));
    const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    const heard = expect(waiting).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    await sqs.send(new CreateQueueCommand({ QueueName: 'others' }));
    await post('/_sandtable/reset');
    await heard;
  });

  it('keeps the account that keys without one belong to', async () => {
    await post('/_sandtable/reset');
    const { Account } = await new STSClient(client()).send(new GetCallerIdentityCommand({}));
    expect(Account).toBe('123456789012');
  });
});
