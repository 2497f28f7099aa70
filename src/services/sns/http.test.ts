// https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html; messages and headers follow answers of AWS
// that LocalStack's tests recorded (test_sns.snapshot.json). The endpoint outside the world is played by the test.

import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { servedAt } from '#cloud/endpoint.ts';
import { monitoringTable } from '../../../tests/monitoring-table.ts';
import { httpPost } from './http.ts';
import type { HttpPost } from './http.ts';
import { deliveries } from './tables.ts';

const SECOND = 1000;
const TopicArn = 'arn:aws:sns:us-east-1:000000000000:news';
const Endpoint = 'http://localhost:8080/hook';
const ENDPOINT = 'http://127.0.0.1:4566';

async function stage({ served = true } = {}) {
  const table = monitoringTable();
  if (served) table.act((ctx) => servedAt(ctx, ENDPOINT, [httpPost.name]));
  const sns = table.client(SNSClient);
  const sqs = table.client(SQSClient);
  await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await sqs.send(new CreateQueueCommand({ QueueName: 'dead', Attributes: { Policy } }));
  const subscribe = async (Attributes: Record<string, string> = {}) => {
    const input = { TopicArn, Protocol: 'http', Endpoint, Attributes, ReturnSubscriptionArn: true };
    return (await sns.send(new SubscribeCommand(input))).SubscriptionArn as string;
  };
  const publish = (Message: string) => sns.send(new PublishCommand({ TopicArn, Message }));
  /** The request that is on its way, answered with a status or not at all. */
  const answer = (status?: number): HttpPost => {
    const [pending, ...others] = table.world.pendingEffects();
    expect(others).toEqual([]);
    if (!pending) throw new Error('No request is on its way.');
    table.world.complete(pending.scope, pending.id, status === undefined ? {} : { status });
    return pending.payload as HttpPost;
  };
  /** A request without a signature, as a browser would send it. */
  const visit = (url: string) => {
    const { host, pathname, search } = new URL(url);
    const wire = {
      method: 'GET',
      path: pathname,
      query: search.slice(1),
      headers: {},
      body: new Uint8Array(),
    };
    const response = table.gateway.handle({ ...wire, host: host.replace(/:\d+$/, '') });
    if (!('status' in response)) throw new Error('It waits.');
    return { status: response.status, text: response.body as string };
  };
  const confirmed = async (Attributes: Record<string, string> = {}) => {
    const arn = await subscribe(Attributes);
    table.advance(SECOND);
    visit((JSON.parse(answer(200).body) as { SubscribeURL: string }).SubscribeURL);
    return arn;
  };
  const described = async (SubscriptionArn: string) =>
    (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes;
  const dead = async () => {
    const QueueUrl = `${ENDPOINT}/000000000000/dead`;
    return (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body;
  };
  return { table, sns, subscribe, publish, answer, visit, confirmed, described, dead };
}

describe('HTTP subscriptions', () => {
  it('are confirmed through the URL that their endpoint is sent', async () => {
    const { table, sns, subscribe, publish, answer, visit, described } = await stage();
    const arn = await subscribe();
    await publish('too early');
    table.advance(SECOND);
    const { url, headers, body } = answer(200);
    const sent = JSON.parse(body) as Record<string, string>;
    expect([url, Object.keys(sent)]).toEqual([
      Endpoint,
      [
        'Type',
        'MessageId',
        'Token',
        'TopicArn',
        'Message',
        'SubscribeURL',
        'Timestamp',
        'SignatureVersion',
        'Signature',
        'SigningCertURL',
      ],
    ]);
    expect(sent['Message']).toBe(
      `You have chosen to subscribe to the topic ${TopicArn}.\n` +
        'To confirm the subscription, visit the SubscribeURL included in this message.',
    );
    expect(headers).toEqual({
      'content-type': 'text/plain; charset=UTF-8',
      'user-agent': 'Amazon Simple Notification Service Agent',
      'x-amz-sns-message-type': 'SubscriptionConfirmation',
      'x-amz-sns-message-id': sent['MessageId'],
      'x-amz-sns-topic-arn': TopicArn,
    });
    const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    expect(Subscriptions?.[0]?.SubscriptionArn).toBe('PendingConfirmation');
    const { status, text } = visit(sent['SubscribeURL'] as string);
    expect([status, text.includes(`<SubscriptionArn>${arn}</SubscriptionArn>`)]).toEqual([200, true]);
    expect(await described(arn)).toMatchObject({
      PendingConfirmation: 'false',
      ConfirmationWasAuthenticated: 'false',
    });
    expect(table.read((ctx) => ctx.list(deliveries))).toEqual([]);
  });

  it('are confirmed by token too, once and for all', async () => {
    const { table, sns, subscribe, answer, described } = await stage();
    const arn = await subscribe();
    table.advance(SECOND);
    const { Token } = JSON.parse(answer(200).body) as { Token: string };
    const confirm = (token: string, topic = TopicArn) =>
      sns.send(
        new ConfirmSubscriptionCommand({ TopicArn: topic, Token: token, AuthenticateOnUnsubscribe: 'true' }),
      );
    await expect(confirm('randomtoken')).rejects.toThrow('Invalid token');
    await expect(confirm('0'.repeat(288))).rejects.toThrow('Invalid parameter: Token');
    await expect(confirm(Token, TopicArn.replace('news', 'other'))).rejects.toThrow(
      'Invalid parameter: Topic',
    );
    expect((await confirm(Token)).SubscriptionArn).toBe(arn);
    expect((await confirm(Token)).SubscriptionArn).toBe(arn);
    expect(await described(arn)).toMatchObject({ ConfirmationWasAuthenticated: 'true' });
  });

  it('get notifications with headers that say what they are', async () => {
    const { table, publish, answer, confirmed } = await stage();
    const arn = await confirmed();
    const { MessageId } = await publish('hello');
    table.advance(SECOND);
    const { headers, body } = answer(204);
    expect(JSON.parse(body)).toMatchObject({ Type: 'Notification', Message: 'hello', MessageId });
    expect(headers).toEqual({
      'content-type': 'text/plain; charset=UTF-8',
      'user-agent': 'Amazon Simple Notification Service Agent',
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-message-id': MessageId,
      'x-amz-sns-topic-arn': TopicArn,
      'x-amz-sns-subscription-arn': arn,
    });
  });

  it('get the bare message where that is asked for, in the type that is asked for', async () => {
    const { table, publish, answer, confirmed } = await stage();
    const DeliveryPolicy = JSON.stringify({ requestPolicy: { headerContentType: 'text/csv' } });
    await confirmed({ RawMessageDelivery: 'true', DeliveryPolicy });
    await publish('a,b');
    table.advance(SECOND);
    const { headers, body } = answer(200);
    expect([body, headers['content-type'], headers['x-amz-sns-rawdelivery']]).toEqual([
      'a,b',
      'text/csv',
      'true',
    ]);
  });

  it('are tried three more times, 20 seconds apart, and then their dead-letter queue has it', async () => {
    const { table, publish, answer, confirmed, dead } = await stage();
    const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead';
    await confirmed({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn }) });
    await publish('lost');
    table.advance(SECOND);
    for (const status of [500, undefined, 503]) {
      answer(status);
      table.advance(19 * SECOND);
      expect(table.world.pendingEffects()).toEqual([]);
      table.advance(SECOND);
    }
    expect(await dead()).toBeUndefined();
    answer(500);
    expect(JSON.parse((await dead()) as string)).toMatchObject({ Message: 'lost' });
    expect(table.world.foreground).toBe(false);
  });

  it('take any answer below 500 for a success', async () => {
    const { table, publish, answer, confirmed } = await stage();
    await confirmed();
    await publish('whatever');
    table.advance(SECOND);
    answer(404);
    expect(table.read((ctx) => ctx.list(deliveries))).toEqual([]);
  });

  it('get no more messages a second than they want', async () => {
    const { table, sns, publish, answer, confirmed } = await stage();
    const SubscriptionArn = await confirmed();
    const AttributeValue = JSON.stringify({ throttlePolicy: { maxReceivesPerSecond: 1 } });
    const AttributeName = 'DeliveryPolicy';
    await sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
    for (const message of ['1', '2', '3']) await publish(message);
    table.advance(100);
    answer(200);
    table.advance(800);
    expect(table.world.pendingEffects()).toEqual([]);
    table.advance(200);
    answer(200);
    table.advance(SECOND);
    answer(200);
    expect(table.read((ctx) => ctx.list(deliveries))).toEqual([]);
  });

  it('are told when they end, and can take that back', async () => {
    const { table, sns, answer, visit, confirmed, described } = await stage();
    const SubscriptionArn = await confirmed();
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    await expect(described(SubscriptionArn)).rejects.toThrow('Subscription does not exist');
    table.advance(SECOND);
    const { headers, body } = answer(200);
    expect(headers).toMatchObject({
      'x-amz-sns-message-type': 'UnsubscribeConfirmation',
      'x-amz-sns-subscription-arn': SubscriptionArn,
    });
    visit((JSON.parse(body) as { SubscribeURL: string }).SubscribeURL);
    expect(await described(SubscriptionArn)).toMatchObject({ PendingConfirmation: 'false' });
  });

  it('are ended through the URL in a notification, unless that takes a signature', async () => {
    const { table, publish, answer, visit, confirmed, described } = await stage();
    const arn = await confirmed();
    await publish('enough');
    table.advance(SECOND);
    const { UnsubscribeURL } = JSON.parse(answer(200).body) as { UnsubscribeURL: string };
    expect(visit(UnsubscribeURL).status).toBe(200);
    await expect(described(arn)).rejects.toThrow('Subscription does not exist');
    const other = `${ENDPOINT}/?Action=DeleteTopic&TopicArn=${TopicArn}&Version=2010-03-31`;
    expect(visit(other).status).toBe(403);
  });

  it('stay unconfirmed where nothing outside the world is reached', async () => {
    const { table, subscribe, described } = await stage({ served: false });
    const arn = await subscribe();
    table.advance(61 * SECOND);
    expect(table.world.pendingEffects()).toEqual([]);
    expect(table.read((ctx) => ctx.list(deliveries))).toEqual([]);
    expect(await described(arn)).toMatchObject({ PendingConfirmation: 'true' });
  });
});
