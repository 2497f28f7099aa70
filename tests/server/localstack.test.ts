// What set-ups made for LocalStack ask for. Shapes: localstack/localstack, localstack-core/localstack/services/internal.py.

import { request } from 'node:http';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '#server/serve.ts';
import type { Served } from '#server/serve.ts';

let served: Served;
let ready = false;
const crashes: unknown[] = [];

beforeAll(async () => {
  served = await serve({
    port: 0,
    seed: 'localstack',
    clock: 'manual',
    timings: 'instant',
    version: '1.2.3',
    ready: () => ready,
    crashed: (error) => void crashes.push(error),
  });
});
afterAll(async () => {
  await served.close();
  expect(crashes).toEqual([]);
});

function get(path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: served.port, path, headers }, (response) => {
      let text = '';
      response.on('data', (piece) => (text += piece));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end();
  });
}

describe('LocalStack’s paths', () => {
  it('tell which services there are, under its names, and that this is not LocalStack', async () => {
    const { status, text } = await get('/_localstack/health');
    expect(status).toBe(200);
    // As scripts look for it with grep.
    expect(text).toMatch(
      /^\{"services": \{"acm": "available", "autoscaling": "available", .*"sqs": "available"/,
    );
    const { services, edition, version } = JSON.parse(text) as {
      services: Record<string, string>;
      edition: string;
      version: string;
    };
    expect([edition, version]).toEqual(['sandtable', '1.2.3']);
    expect(Object.keys(services)).toEqual(
      expect.arrayContaining(['cloudwatch', 'dynamodb', 'elbv2', 'elb', 's3']),
    );
    expect(new Set(Object.values(services))).toEqual(new Set(['available']));
    for (const absent of ['kafka', 'monitoring', 'codedeploy-commands'])
      expect(services).not.toHaveProperty(absent);
  });

  it('tell whether what was to be set up has been', async () => {
    const completed = async (): Promise<unknown> =>
      (JSON.parse((await get('/_localstack/init/ready')).text) as { completed: unknown }).completed;
    expect(await completed()).toBe(false);
    ready = true;
    expect(await completed()).toBe(true);
    expect((await get('/_localstack/init')).text).toBe(
      '{"completed": {"BOOT": true, "START": true, "READY": true, "SHUTDOWN": false}, "scripts": []}',
    );
  });

  it('tell that there is no licence, and nothing of what there is not', async () => {
    expect(JSON.parse((await get('/_localstack/info')).text)).toEqual({
      version: '1.2.3',
      edition: 'sandtable',
      is_license_activated: false,
    });
    expect(await get('/_localstack/diagnose')).toEqual({
      status: 404,
      text: '{"message": "Sandtable has no /_localstack/diagnose."}',
    });
  });
});

describe('LocalStack’s host names', () => {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const host = 'localhost.localstack.cloud:4566';

  it('lead to the services, in queue URLs and in those of buckets', async () => {
    // The names resolve to 127.0.0.1 in public DNS, which tests do not ask.
    const named = (name: string): { region: string; credentials: typeof credentials; endpoint: string } => ({
      region: 'us-east-1',
      credentials,
      endpoint: `${served.url}#${name}`,
    });
    const sqs = new SQSClient({ ...named('sqs'), useQueueUrlAsEndpoint: false });
    sqs.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['host'] = `sqs.us-east-1.${host}`;
        return next(args);
      },
      { step: 'build', priority: 'low' },
    );
    await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
    for (const at of [`sqs.us-east-1.${host}`, 'localhost:4566']) {
      const QueueUrl = `http://${at}/000000000000/orders`;
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: at }));
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
      expect(Messages.map(({ Body }) => Body)).toEqual([at]);
    }
    const s3 = new S3Client({ ...named('s3'), forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'files' }));
    await s3.send(new PutObjectCommand({ Bucket: 'files', Key: 'a', Body: 'x' }));
    expect((await s3.send(new ListObjectsV2Command({ Bucket: 'files' }))).KeyCount).toBe(1);
    const denied = await get('/a', { host: `files.s3.${host}` });
    expect(denied.text).toContain('<Code>AccessDenied</Code>');
    const missing = await get('/a', { host: `nothing.s3.us-east-1.${host}` });
    expect(missing.text).toContain('<BucketName>nothing</BucketName>');
  });

  it('are for programs alone: to a browser they are no loopback, and pages of others could ask there', async () => {
    const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
    const refused = await get('/_sandtable/health', { host, 'user-agent': agent });
    expect(refused).toEqual({
      status: 403,
      text: 'Browsers are not answered under this name. Use 127.0.0.1.\n',
    });
    expect((await get('/_sandtable/health', { host: '127.0.0.1', 'user-agent': agent })).status).toBe(200);
    expect((await get('/_sandtable/health', { host, 'user-agent': 'Boto3/1.43' })).status).toBe(200);
    const origin = 'http://localhost.localstack.cloud:4566';
    expect((await get('/_sandtable/health', { host, origin })).status).toBe(403);
  });

  it('are not those of others that look like them', async () => {
    for (const other of [
      'localhost.localstack.cloud.example.com',
      'xlocalhost.localstack.cloud',
      'localstack.cloud',
    ])
      expect((await get('/_sandtable/health', { host: other })).status).toBe(403);
  });
});
