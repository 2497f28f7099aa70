// Notifications that really leave by HTTP, for endpoints on this computer.

import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { performers } from '#server/http-post.ts';
import { serve } from '#server/serve.ts';
import type { Served } from '#server/serve.ts';

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, string>;
}

let served: Served;
let hook: Server;
let tell: (got: Got) => void = () => {};
const crashes: unknown[] = [];
/** The next request that the endpoint gets. */
const next = (): Promise<Got> => new Promise((resolve) => (tell = resolve));
const hookUrl = (): string => `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`;

beforeAll(async () => {
  const settings = { port: 0, seed: 'http', clock: 1, timings: 'instant', version: 'test' } as const;
  served = await serve({ ...settings, crashed: (error) => void crashes.push(error) });
  hook = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => (text += piece));
    request.on('end', () => {
      response.end();
      tell({ headers: request.headers, body: JSON.parse(text) as Record<string, string> });
    });
  });
  await new Promise<void>((resolve) => void hook.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  hook.close();
  await served.close();
  expect(crashes).toEqual([]);
});

const client = (): ConstructorParameters<typeof SNSClient>[0] & object => ({
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  endpoint: served.url,
});

describe('a served world', () => {
  it('confirms and notifies an endpoint on this computer', async () => {
    const sns = new SNSClient(client());
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
    const confirmation = next();
    const subscribe = { TopicArn, Protocol: 'http', Endpoint: hookUrl(), ReturnSubscriptionArn: true };
    const { SubscriptionArn } = await sns.send(new SubscribeCommand(subscribe));
    const { SubscribeURL = '', Type } = (await confirmation).body;
    expect([Type, SubscribeURL.startsWith(`${served.url}/?Action=ConfirmSubscription`)]).toEqual([
      'SubscriptionConfirmation',
      true,
    ]);
    expect((await fetch(SubscribeURL)).status).toBe(200);
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(Attributes?.['PendingConfirmation']).toBe('false');
    const notification = next();
    await sns.send(new PublishCommand({ TopicArn, Message: 'hello' }));
    const { headers, body } = await notification;
    expect([headers['x-amz-sns-message-type'], body['Message']]).toEqual(['Notification', 'hello']);
  });

  it('reaches no endpoint elsewhere', async () => {
    const post = performers['sns/http-post'] as (payload: object, work: object) => Promise<object>;
    const work = { signal: new AbortController().signal };
    // An address for documentation: https://www.rfc-editor.org/rfc/rfc5737
    const elsewhere = [
      'http://192.0.2.1/',
      'http://127.0.0.1.example/',
      'http://2130706433.example/',
      'http://[::ffff:192.0.2.1]/',
    ];
    for (const url of [...elsewhere, 'ftp://127.0.0.1/', 'no URL'])
      expect(await post({ url, headers: {}, body: '' }, work)).toEqual({});
  });

  // Stock clients send requests to the host of a queue's URL, whatever AWS_ENDPOINT_URL says.
  it('hands out URLs of queues that lead to itself', async () => {
    const sqs = new SQSClient(client());
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'jobs' }));
    expect(QueueUrl).toBe(`${served.url}/000000000000/jobs`);
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'jobs' }))).QueueUrl).toBe(QueueUrl);
  });
});
