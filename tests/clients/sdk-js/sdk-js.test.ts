// The AWS SDK for JavaScript v3 over HTTP, by every protocol that its clients speak: JSON, query, EC2's query, REST by XML and
// by JSON. All other tests of services use it too, in process; what is tried here needs a socket.

import { connect } from 'node:http2';
import { Readable } from 'node:stream';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  waitUntilStackCreateComplete,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, paginateListMetrics, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateTableCommand,
  DynamoDBClient,
  paginateScan,
  PutItemCommand,
  ResourceNotFoundException,
  DescribeTableCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { EC2Client, paginateDescribeInstanceTypes } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  Route53Client,
  waitUntilResourceRecordSetsChanged,
} from '@aws-sdk/client-route-53';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  NoSuchKey,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  waitUntilBucketExists,
} from '@aws-sdk/client-s3';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  QueueDoesNotExist,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientEndpoint } from '../endpoint.ts';
import type { ClientEndpoint } from '../endpoint.ts';

let endpoint: ClientEndpoint;
/** What every client is made with. */
let at: {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
};
/** Waiters look again within the second that a test may take. */
const SOON = { maxWaitTime: 20, minDelay: 1, maxDelay: 1 };
const PART = 5 * 1024 * 1024;

beforeAll(async () => {
  endpoint = await clientEndpoint({ clock: 60, timings: 'instant' });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  at = { endpoint: endpoint.url, region: 'us-east-1', credentials };
});
afterAll(async () => {
  await endpoint.done();
  expect(endpoint.crashes).toEqual([]);
});

/** All that a paginator yields. */
async function all<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[] | undefined,
): Promise<Item[]> {
  const found: Item[] = [];
  for await (const page of pages) found.push(...(items(page) ?? []));
  return found;
}

describe('the AWS SDK for JavaScript v3', () => {
  it('streams objects in and out, and pages through them (REST by XML)', async () => {
    // S3 takes chunks of 8 KiB and more, to which the SDK gathers smaller ones.
    const s3 = new S3Client({ ...at, requestStreamBufferSize: 65_536 });
    const Bucket = 'streams';
    await s3.send(new CreateBucketCommand({ Bucket }));
    await waitUntilBucketExists({ client: s3, ...SOON }, { Bucket });
    // A stream of unknown length is sent in chunks, each signed or with a checksum behind the last.
    const pieces = ['one\n', 'two\n', 'three\n'].map((piece) => Buffer.from(piece));
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const Body = Readable.from(pieces);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'lines', Body, ContentLength: length }));
    const read = await s3.send(new GetObjectCommand({ Bucket, Key: 'lines' }));
    let text = '';
    for await (const piece of read.Body as Readable) text += String(piece);
    expect(text).toBe('one\ntwo\nthree\n');
    const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'lines', Range: 'bytes=4-6' }));
    expect([part.ContentRange, await part.Body?.transformToString()]).toEqual(['bytes 4-6/14', 'two']);
    for (const Key of ['a', 'b'])
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key, Metadata: { release: 'v1' } }));
    const pages = paginateListObjectsV2({ client: s3, pageSize: 1 }, { Bucket });
    expect(await all(pages, (page) => page.Contents?.map(({ Key }) => Key))).toEqual(['a', 'b', 'lines']);
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'missing' }))).rejects.toBeInstanceOf(NoSuchKey);
  });

  it('uploads in parts', async () => {
    const s3 = new S3Client(at);
    const target = { Bucket: 'parts', Key: 'large' };
    await s3.send(new CreateBucketCommand({ Bucket: 'parts' }));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const bodies = [Buffer.alloc(PART, 'a'), Buffer.from('end')];
    const Parts = await Promise.all(
      bodies.map(async (Body, index) => {
        const PartNumber = index + 1;
        const { ETag } = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }));
        return { ETag, PartNumber };
      }),
    );
    const done = await s3.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
    );
    expect(done.ETag).toMatch(/-2"$/);
    const { Body } = await s3.send(new GetObjectCommand({ ...target, Range: 'bytes=-4' }));
    expect(await Body?.transformToString()).toBe('aend');
  });

  it('changes records and waits for them (REST by XML, another namespace)', async () => {
    const route53 = new Route53Client(at);
    const zone = await route53.send(
      new CreateHostedZoneCommand({ Name: 'shop.example', CallerReference: 'once' }),
    );
    const record = {
      Name: 'www.shop.example',
      Type: 'A' as const,
      TTL: 60,
      ResourceRecords: [{ Value: '192.0.2.1' }],
    };
    const changed = await route53.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone.HostedZone?.Id,
        ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet: record }] },
      }),
    );
    const waited = await waitUntilResourceRecordSetsChanged(
      { client: route53, ...SOON },
      { Id: changed.ChangeInfo?.Id },
    );
    expect(waited.state).toBe('SUCCESS');
  });

  it('waits for a table and scans it by pages (JSON 1.0)', async () => {
    const dynamodb = new DynamoDBClient(at);
    const TableName = 'orders';
    await expect(dynamodb.send(new DescribeTableCommand({ TableName }))).rejects.toBeInstanceOf(
      ResourceNotFoundException,
    );
    await dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'N' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
    await waitUntilTableExists({ client: dynamodb, ...SOON }, { TableName });
    const bytes = new Uint8Array([0, 255]);
    for (const id of ['1', '2', '3'])
      await dynamodb.send(new PutItemCommand({ TableName, Item: { id: { N: id }, bytes: { B: bytes } } }));
    const found = await all(
      paginateScan({ client: dynamodb, pageSize: 2 }, { TableName }),
      (page) => page.Items,
    );
    expect(found.map((item) => item['bytes']?.B)).toEqual([bytes, bytes, bytes]);
  });

  it('publishes (query) what a queue receives (JSON 1.0)', async () => {
    const [sns, sqs] = [new SNSClient(at), new SQSClient(at)];
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'inbox' }));
    const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:inbox';
    const allow = {
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: Endpoint,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allow] });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
    const Attributes = { RawMessageDelivery: 'true' };
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
    await sns.send(new PublishCommand({ TopicArn, Message: 'good & <new> ☂' }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(['good & <new> ☂']);
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'missing' }))).rejects.toBeInstanceOf(
      QueueDoesNotExist,
    );
  });

  it('invokes a function once it is active (REST by JSON)', async () => {
    const lambda = new LambdaClient(at);
    const trust = {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
    const { Role } = await new IAMClient(at).send(
      new CreateRoleCommand({ RoleName: 'function', AssumeRolePolicyDocument }),
    );
    const FunctionName = 'hello';
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: Role?.Arn,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile: zipSync({ 'index.mjs': Buffer.from('export const handler = async () => 1;\n') }) },
      }),
    );
    await waitUntilFunctionActiveV2({ client: lambda, ...SOON }, { FunctionName });
    const { StatusCode } = await lambda.send(new InvokeCommand({ FunctionName, Payload: Buffer.from('{}') }));
    expect(StatusCode).toBe(200);
  });

  it('waits for a stack to come and to go (query)', async () => {
    const client = new CloudFormationClient(at);
    const TemplateBody = JSON.stringify({ Resources: { Inbox: { Type: 'AWS::SQS::Queue' } } });
    const StackName = 'stack';
    await client.send(new CreateStackCommand({ StackName, TemplateBody }));
    expect((await waitUntilStackCreateComplete({ client, ...SOON }, { StackName })).state).toBe('SUCCESS');
    await client.send(new DeleteStackCommand({ StackName }));
    expect((await waitUntilStackDeleteComplete({ client, ...SOON }, { StackName })).state).toBe('SUCCESS');
  });

  it("pages through instance types (EC2's query)", async () => {
    const client = new EC2Client(at);
    const pages = paginateDescribeInstanceTypes({ client, pageSize: 50 }, {});
    const types = await all(pages, (page) => page.InstanceTypes?.map(({ InstanceType }) => InstanceType));
    expect(new Set(types).size).toBe(types.length);
    expect(types).toContain('t3.micro');
  });

  it('puts metrics and lists them', async () => {
    const client = new CloudWatchClient(at);
    const MetricData = ['a', 'b'].map((MetricName) => ({ MetricName, Value: 1, Timestamp: new Date() }));
    await client.send(new PutMetricDataCommand({ Namespace: 'shop', MetricData }));
    const pages = paginateListMetrics({ client }, { Namespace: 'shop' });
    expect(await all(pages, (page) => page.Metrics?.map(({ MetricName }) => MetricName))).toEqual(['a', 'b']);
  });

  it('is one account with any 12 digits for an access key', async () => {
    const sts = new STSClient({ ...at, credentials: { accessKeyId: '111122223333', secretAccessKey: 'x' } });
    expect((await sts.send(new GetCallerIdentityCommand({}))).Account).toBe('111122223333');
  });
});

describe('HTTP/2 by prior knowledge', () => {
  it('carries operations as HTTP/1.1 does', async () => {
    const session = connect(endpoint.url);
    const answer = await new Promise<string>((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({
        ':method': 'POST',
        ':path': '/',
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-date': '20260101T000000Z',
        'x-amz-target': 'DynamoDB_20120810.ListTables',
        authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
      });
      let text = '';
      stream.on('data', (piece: Buffer) => (text += piece.toString()));
      stream.on('end', () => session.close(() => resolve(text)));
      stream.end('{}');
    });
    expect(JSON.parse(answer)).toHaveProperty('TableNames');
  });
});
