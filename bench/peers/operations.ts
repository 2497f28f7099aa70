// What every server is asked, with stock SDK clients. The load replays the very bytes that a client signs and sends.

import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { CreateRoleCommand, DeleteRoleCommand, GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { CAPTURED, COUNTER } from './generator.ts';
import type { Step } from './generator.ts';

/** A client as far as its requests are concerned: commands are built next to the client that they are for. */
export interface Client {
  send(command: object): Promise<object>;
}

export interface Clients {
  readonly cloudformation: Client;
  readonly dynamodb: Client;
  readonly iam: Client;
  readonly s3: Client;
  readonly sns: Client;
  readonly sqs: Client;
  readonly sts: Client;
}
export type Service = keyof Clients;

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface Handler {
  handle(request: SentRequest): Promise<{ response: object }>;
}

/** Clients as a user has them, or with a handler that keeps what they send. */
export function clientsOf(port: number, key: string = 'test', requestHandler?: Handler): Clients {
  const options = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: key, secretAccessKey: key },
    maxAttempts: 1,
    ...(requestHandler ? { requestHandler: requestHandler as never } : {}),
  };
  const clients = {
    cloudformation: new CloudFormationClient(options),
    dynamodb: new DynamoDBClient(options),
    iam: new IAMClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sns: new SNSClient(options),
    sqs: new SQSClient(options),
    sts: new STSClient(options),
  };
  return clients as unknown as Clients;
}

/** What operations ask about. Made once in each server. */
export interface Ground {
  queueUrl: string;
  /** For messages that are received at once: the other one grows as fast as a server is. */
  roundQueueUrl: string;
  topicArn: string;
}

/** What a server with nothing behind it is asked about. */
export const NO_GROUND: Ground = {
  queueUrl: 'http://127.0.0.1/000000000000/peers',
  roundQueueUrl: 'http://127.0.0.1/000000000000/peers-round',
  topicArn: 'arn:aws:sns:us-east-1:000000000000:peers',
};

const SMALL = new Uint8Array(1024).fill(0x61);
const LARGE = new Uint8Array(10 * 1024 * 1024).fill(0x61);
const ASSUME = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

/** Makes what the operations of some services need. */
export async function prepare(clients: Clients, services: ReadonlySet<Service>): Promise<Ground> {
  const ground = { ...NO_GROUND };
  if (services.has('sqs')) {
    ground.queueUrl = await madeQueue(clients.sqs, 'peers');
    ground.roundQueueUrl = await madeQueue(clients.sqs, 'peers-round');
  }
  if (services.has('sns')) {
    const made = await clients.sns.send(new CreateTopicCommand({ Name: 'peers' }));
    ground.topicArn = (made as { TopicArn: string }).TopicArn;
  }
  if (services.has('s3')) {
    await clients.s3.send(new CreateBucketCommand({ Bucket: 'peers' }));
    await clients.s3.send(new PutObjectCommand({ Bucket: 'peers', Key: 'small', Body: SMALL }));
    await clients.s3.send(new PutObjectCommand({ Bucket: 'peers', Key: 'large', Body: LARGE }));
  }
  if (services.has('iam')) {
    await clients.iam.send(new CreateRoleCommand({ RoleName: 'peers', AssumeRolePolicyDocument: ASSUME }));
  }
  if (services.has('dynamodb')) await prepareTable(clients.dynamodb);
  return ground;
}

async function madeQueue(sqs: Client, QueueName: string): Promise<string> {
  const made = await sqs.send(new CreateQueueCommand({ QueueName }));
  return (made as { QueueUrl: string }).QueueUrl;
}

async function prepareTable(dynamodb: Client): Promise<void> {
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'peers',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  for (let look = 0; look < 100; look += 1) {
    const found = await dynamodb.send(new DescribeTableCommand({ TableName: 'peers' }));
    if ((found as { Table?: { TableStatus?: string } }).Table?.TableStatus === 'ACTIVE') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await dynamodb.send(new PutItemCommand({ TableName: 'peers', Item: item('one') }));
}

const item = (id: string): Record<string, { S: string }> => ({ id: { S: id }, text: { S: 'a'.repeat(100) } });

/** One request of an operation. `number` differs from call to call. */
interface Request {
  readonly command: (ground: Ground, number: string, captured: string) => object;
  /** What a later request of the same round needs from the answer: in its text, and in the client's output. */
  readonly capture?: { readonly pattern: string; readonly member: (output: object) => string };
}

export interface Operation {
  readonly id: string;
  readonly title: string;
  readonly service: Service;
  readonly requests: readonly Request[];
  /** Connections of the second load, where many large bodies at once would measure memory only. */
  readonly connections?: number;
}

const one = (command: Request['command']): readonly Request[] => [{ command }];

export const operations: readonly Operation[] = [
  {
    id: 'sts-get-caller-identity',
    title: 'STS GetCallerIdentity',
    service: 'sts',
    requests: one(() => new GetCallerIdentityCommand({})),
  },
  {
    id: 'sqs-send',
    title: 'SQS SendMessage',
    service: 'sqs',
    requests: one(
      ({ queueUrl }) => new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'a'.repeat(100) }),
    ),
  },
  {
    id: 'sqs-round',
    title: 'SQS send, receive, delete in turn',
    service: 'sqs',
    requests: [
      {
        command: ({ roundQueueUrl }) =>
          new SendMessageCommand({ QueueUrl: roundQueueUrl, MessageBody: 'a'.repeat(100) }),
      },
      {
        command: ({ roundQueueUrl }) => new ReceiveMessageCommand({ QueueUrl: roundQueueUrl }),
        capture: {
          pattern: '"ReceiptHandle": *"([^"]+)"',
          member: (output) =>
            (output as { Messages?: { ReceiptHandle: string }[] }).Messages?.[0]?.ReceiptHandle ?? '',
        },
      },
      {
        command: ({ roundQueueUrl }, _, captured) =>
          new DeleteMessageCommand({ QueueUrl: roundQueueUrl, ReceiptHandle: captured }),
      },
    ],
  },
  {
    id: 'sns-publish',
    title: 'SNS Publish, no subscriber',
    service: 'sns',
    requests: one(({ topicArn }) => new PublishCommand({ TopicArn: topicArn, Message: 'a'.repeat(100) })),
  },
  {
    id: 'iam-get-role',
    title: 'IAM GetRole',
    service: 'iam',
    requests: one(() => new GetRoleCommand({ RoleName: 'peers' })),
  },
  {
    id: 'iam-create-role',
    title: 'IAM CreateRole, DeleteRole in turn',
    service: 'iam',
    // An account may have 1,000 roles.
    requests: [
      {
        command: (_, number) =>
          new CreateRoleCommand({ RoleName: `peers-${number}`, AssumeRolePolicyDocument: ASSUME }),
        capture: {
          pattern: '<RoleName>([^<]+)<',
          member: (output) => (output as { Role: { RoleName: string } }).Role.RoleName,
        },
      },
      { command: (_, __, captured) => new DeleteRoleCommand({ RoleName: captured }) },
    ],
  },
  {
    id: 'dynamodb-put',
    title: 'DynamoDB PutItem',
    service: 'dynamodb',
    requests: one((_, number) => new PutItemCommand({ TableName: 'peers', Item: item(number) })),
  },
  {
    id: 'dynamodb-get',
    title: 'DynamoDB GetItem',
    service: 'dynamodb',
    requests: one(() => new GetItemCommand({ TableName: 'peers', Key: { id: { S: 'one' } } })),
  },
  {
    id: 's3-put-small',
    title: 'S3 PutObject, 1 KB',
    service: 's3',
    requests: one(() => new PutObjectCommand({ Bucket: 'peers', Key: 'small', Body: SMALL })),
  },
  {
    id: 's3-get-small',
    title: 'S3 GetObject, 1 KB',
    service: 's3',
    requests: one(() => new GetObjectCommand({ Bucket: 'peers', Key: 'small' })),
  },
  {
    id: 's3-put-large',
    title: 'S3 PutObject, 10 MB',
    service: 's3',
    connections: 4,
    requests: one(() => new PutObjectCommand({ Bucket: 'peers', Key: 'large', Body: LARGE })),
  },
  {
    id: 's3-get-large',
    title: 'S3 GetObject, 10 MB',
    service: 's3',
    connections: 4,
    requests: one(() => new GetObjectCommand({ Bucket: 'peers', Key: 'large' })),
  },
];

/** The bytes that a client sends for an operation. Nothing is sent. */
export async function stepsOf(
  { service, requests }: Operation,
  ground: Ground,
  { port, key, answers }: { readonly port: number; readonly key?: string; readonly answers: boolean },
): Promise<Step[]> {
  const steps: Step[] = [];
  for (const { command, capture } of requests) {
    const request = await sent(port, key, service, command(ground, COUNTER, CAPTURED));
    const pattern = answers && capture ? { capture: capture.pattern } : {};
    steps.push({ request: bytesOf(request, port).toString('base64'), ...pattern });
  }
  return steps;
}

async function sent(
  port: number,
  key: string | undefined,
  service: Service,
  command: object,
): Promise<SentRequest> {
  let kept: SentRequest | undefined;
  const keeping: Handler = {
    handle(request) {
      kept = request;
      return Promise.reject(new Error('kept'));
    },
  };
  const client = clientsOf(port, key, keeping)[service];
  const failure = await client.send(command).catch((error: unknown) => error);
  if (!kept) throw failure;
  return kept;
}

function bytesOf({ method, path, query = {}, headers, body = '' }: SentRequest, port: number): Buffer {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) text.append(name, String(value ?? ''));
  const target = text.size === 0 ? path : `${path}?${text.toString()}`;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const all = {
    connection: 'keep-alive',
    ...headers,
    host: `127.0.0.1:${port}`,
    'content-length': bytes.length,
  };
  const lines = Object.entries(all)
    .filter(([name]) => name !== 'expect')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`), bytes]);
}

/** Calls an operation with the stock client, one call after another, for `ms`. The median of a call (ms). */
export async function clientMs(
  operation: Operation,
  clients: Clients,
  ground: Ground,
  ms: number,
): Promise<number> {
  const client = clients[operation.service];
  const times: number[] = [];
  let number = 50_000_000 + (Math.floor(performance.now()) % 10_000_000);
  for (const until = performance.now() + ms; performance.now() < until;) {
    let captured = '';
    number += 1;
    for (const { command, capture } of operation.requests) {
      const from = performance.now();
      const output = await client.send(command(ground, String(number), captured));
      // The client hands out the body of an object before it is there.
      await (
        output as { Body?: { transformToByteArray(): Promise<Uint8Array> } }
      ).Body?.transformToByteArray();
      times.push(performance.now() - from);
      if (capture) captured = capture.member(output);
    }
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
}
