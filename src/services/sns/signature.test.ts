// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html, and answers of AWS that LocalStack's tests
// recorded: test_publish_sqs_verify_signature, test_publish_lambda_verify_signature, test_message_to_fifo_sqs.

import { createVerify, X509Certificate } from 'node:crypto';
import {
  CreateTopicCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { monitoringTable } from '../../../tests/monitoring-table.ts';

type Fields = Readonly<Record<string, string>>;

const NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const CONFIRMATION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];

async function stage(name = 'news') {
  const table = monitoringTable();
  const sns = table.client(SNSClient);
  const sqs = table.client(SQSClient);
  const fifo = name.endsWith('.fifo');
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const more = fifo ? { FifoQueue: 'true' } : undefined;
  await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { Policy, ...more } }));
  const Attributes = fifo ? { FifoTopic: 'true', ContentBasedDeduplication: 'true' } : undefined;
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name, Attributes }));
  const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${name}`;
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  const received = async (): Promise<Fields> => {
    table.advance(1000);
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: `https://sqs.us-east-1.amazonaws.com/000000000000/${name}` }),
    );
    return JSON.parse(Messages?.[0]?.Body ?? '{}') as Fields;
  };
  /** The certificate that a message names, as anybody may fetch it. */
  const certificate = (message: Fields) => {
    const { host, pathname } = new URL(message['SigningCertURL'] as string);
    const request = { method: 'GET', host, path: pathname, query: '', headers: {}, body: new Uint8Array() };
    const response = table.gateway.handle(request);
    if (!('status' in response)) throw new Error('It waits.');
    return new X509Certificate(response.body as Uint8Array);
  };
  const verified = (message: Fields, fields: readonly string[], hash: string) => {
    const text = fields.filter((name) => name in message).map((name) => `${name}\n${message[name]}\n`);
    const verify = createVerify(hash).update(text.join(''));
    return verify.verify(certificate(message).publicKey, message['Signature'] as string, 'base64');
  };
  return { table, sns, TopicArn, received, certificate, verified };
}

it('signs what it sends, with SHA-1 or with SHA-256 as the topic says', async () => {
  const { sns, TopicArn, received, certificate, verified } = await stage();
  await sns.send(new PublishCommand({ TopicArn, Message: 'hello ✓', Subject: 'one' }));
  const first = await received();
  expect(certificate(first).subject).toBe('CN=sns.amazonaws.com');
  expect(first['SignatureVersion']).toBe('1');
  expect(verified(first, NOTIFICATION, 'RSA-SHA1')).toBe(true);
  expect(verified({ ...first, Message: 'another' }, NOTIFICATION, 'RSA-SHA1')).toBe(false);
  const AttributeName = 'SignatureVersion';
  await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue: '2' }));
  await sns.send(new PublishCommand({ TopicArn, Message: 'hello' }));
  const second = await received();
  expect(second['SignatureVersion']).toBe('2');
  expect(verified(second, NOTIFICATION, 'RSA-SHA256')).toBe(true);
});

it('signs the question whether an endpoint wants a topic', async () => {
  const { table, TopicArn, received, verified } = await stage();
  const other = table.client(SNSClient, {
    credentials: { accessKeyId: '111111111111', secretAccessKey: 'x' },
  });
  const { TopicArn: theirs } = await other.send(new CreateTopicCommand({ Name: 'theirs' }));
  const Endpoint = TopicArn?.replace(':sns:', ':sqs:');
  await other.send(new SubscribeCommand({ TopicArn: theirs, Protocol: 'sqs', Endpoint }));
  expect(verified(await received(), CONFIRMATION, 'RSA-SHA1')).toBe(true);
});

it('does not sign messages of FIFO topics', async () => {
  const { sns, TopicArn, received } = await stage('orders.fifo');
  await sns.send(new PublishCommand({ TopicArn, Message: 'hello', MessageGroupId: 'g' }));
  expect(Object.keys(await received())).toEqual([
    'Type',
    'MessageId',
    'SequenceNumber',
    'TopicArn',
    'Message',
    'Timestamp',
    'UnsubscribeURL',
  ]);
});
