// Concurrent writers of several services, through stock SDK clients, and the readers that check what is left of their writes.

import { createHash } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateTopicCommand, GetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { Draw } from '../simulation/draw.ts';
import type { Ledger } from './ledger.ts';

const BUCKET = 'ledger';
const TABLE = 'ledger';
/** Bytes: some objects are rows of the database, some have files of their own. */
const SIZES = [0, 100, 5_000, 60_000, 70_000, 400_000, 3_000_000];

type Kind = 'send' | 'later' | 'take' | 'object' | 'no object' | 'item' | 'parameter' | 'topic';

export interface Clients {
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
  readonly sns: SNSClient;
  readonly ssm: SSMClient;
}

export function clientsAt(endpoint: string): Clients {
  const configuration = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  return {
    sqs: new SQSClient(configuration),
    s3: new S3Client({ ...configuration, forcePathStyle: true }),
    dynamodb: new DynamoDBClient(configuration),
    sns: new SNSClient(configuration),
    ssm: new SSMClient(configuration),
  };
}

export function close(clients: Clients): void {
  for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy();
}

/** What writers write to; as it is where it stands already. */
export async function prepare({ s3, dynamodb }: Clients): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await dynamodb
    .send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    )
    .catch((error: Error) => {
      if (error.name !== 'ResourceInUseException') throw error;
    });
}

/** A queue of a round, so that all its messages can be taken. */
export async function queueOf({ sqs }: Clients, round: number): Promise<string> {
  const Attributes = { VisibilityTimeout: '600' };
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `round-${round}`, Attributes }));
  return QueueUrl as string;
}

/** Writes one thing after the other until the endpoint is gone. Writers of different numbers share no names but the queue. */
export async function write(
  clients: Clients,
  ledger: Ledger,
  { seed, round, writer, queueUrl }: { seed: string; round: number; writer: number; queueUrl: string },
): Promise<void> {
  const { sqs, s3, dynamodb, sns, ssm } = clients;
  const draw = new Draw(seed, `${round}/${writer}`);
  for (let n = 0; ; n += 1) {
    const unique = `${round}-${writer}-${n}`;
    const slot = `${writer}-${draw.whole(0, 4)}`;
    const kind = draw.weighted<Kind>([
      ['send', 4],
      ['later', 2],
      ['take', 1],
      ['object', 4],
      ['no object', 1],
      ['item', 4],
      ['parameter', 1],
      ['topic', 1],
    ]);
    const send = (delay: number): Promise<boolean> =>
      ledger.write(`message/${round}/${unique}`, 'there', () =>
        sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: unique, DelaySeconds: delay })),
      );
    const wrote = async (): Promise<boolean> => {
      switch (kind) {
        case 'send':
          return send(0);
        case 'later':
          return send(draw.whole(1, 2));
        case 'take':
          return take(clients, ledger, round, queueUrl);
        case 'object': {
          const Body = bytesOf(unique, draw.pick(SIZES));
          return ledger.write(`object/${slot}`, hashOf(Body), () =>
            s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: slot, Body })),
          );
        }
        case 'no object':
          return ledger.write(`object/${slot}`, undefined, () =>
            s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: slot })),
          );
        case 'item': {
          const Item = { id: { S: slot }, value: { S: unique } };
          return ledger.write(`item/${slot}`, unique, () =>
            dynamodb.send(new PutItemCommand({ TableName: TABLE, Item })),
          );
        }
        case 'parameter':
          return ledger.write(`parameter/${slot}`, unique, () =>
            ssm.send(new PutParameterCommand({ Name: slot, Value: unique, Type: 'String', Overwrite: true })),
          );
        case 'topic':
          return ledger.write(`topic/${unique}`, 'there', () =>
            sns.send(new CreateTopicCommand({ Name: unique })),
          );
      }
    };
    if (!(await wrote())) return;
  }
}

/** Takes a message off the queue for good. */
async function take({ sqs }: Clients, ledger: Ledger, round: number, QueueUrl: string): Promise<boolean> {
  try {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 1 }));
    const [message] = Messages;
    if (!message) return true;
    const { Body = '', ReceiptHandle } = message;
    // Whoever sent it may not have heard of that yet.
    if (!ledger.promised(`message/${round}/${Body}`)) return true;
    return await ledger.write(`message/${round}/${Body}`, undefined, () =>
      sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })),
    );
  } catch {
    return false;
  }
}

/** Reads everything that was written and throws where it is not as it was acknowledged. */
export async function verify(
  clients: Clients,
  ledger: Ledger,
  { round, queueUrl }: { round: number; queueUrl: string | undefined },
): Promise<void> {
  const { s3, dynamodb, sns, ssm } = clients;
  const after = (prefix: string, name: string): string => name.slice(prefix.length);
  for (const name of ledger.names('object/')) {
    const found = await s3
      .send(new GetObjectCommand({ Bucket: BUCKET, Key: after('object/', name) }))
      .catch(absent('NoSuchKey'));
    ledger.check(name, found?.Body ? hashOf(await found.Body.transformToByteArray()) : undefined);
  }
  for (const name of ledger.names('item/')) {
    const Key = { id: { S: after('item/', name) } };
    const { Item } = await dynamodb.send(new GetItemCommand({ TableName: TABLE, Key }));
    ledger.check(name, Item?.['value']?.S);
  }
  for (const name of ledger.names('parameter/')) {
    const found = await ssm
      .send(new GetParameterCommand({ Name: after('parameter/', name) }))
      .catch(absent('ParameterNotFound'));
    ledger.check(name, found?.Parameter?.Value);
  }
  for (const name of ledger.names('topic/')) {
    const TopicArn = `arn:aws:sns:us-east-1:000000000000:${after('topic/', name)}`;
    const found = await sns
      .send(new GetTopicAttributesCommand({ TopicArn }))
      .catch(absent('NotFoundException'));
    ledger.check(name, found ? 'there' : undefined);
    ledger.forget(name);
  }
  if (queueUrl !== undefined) await verifyQueue(clients, ledger, round, queueUrl);
}

/** Takes messages until all that were promised have come; each comes once. Those sent with a delay come after it. */
async function verifyQueue({ sqs }: Clients, ledger: Ledger, round: number, QueueUrl: string): Promise<void> {
  const prefix = `message/${round}/`;
  const waited = new Set(ledger.names(prefix).filter((name) => ledger.promised(name)));
  const ids = new Set<string>();
  const until = Date.now() + 20_000;
  for (;;) {
    const request = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: waited.size > 0 ? 3 : 0 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(request));
    for (const { Body, MessageId = '' } of Messages) {
      if (ids.has(MessageId)) throw new Error(`Two messages have the id ${MessageId}, or one came twice.`);
      ids.add(MessageId);
      ledger.check(prefix + Body, 'there');
      waited.delete(prefix + Body);
    }
    if (waited.size === 0 && Messages.length === 0) break;
    if (Date.now() > until) throw new Error(`Messages are missing: ${[...waited].slice(0, 5).join(', ')}.`);
  }
  for (const name of ledger.names(prefix)) ledger.forget(name);
}

function absent(name: string): (error: Error) => undefined {
  return (error) => {
    if (error.name !== name) throw error;
    return undefined;
  };
}

function bytesOf(text: string, size: number): Uint8Array {
  return Buffer.alloc(size, `${text}.`);
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
