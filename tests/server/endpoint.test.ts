import { connect } from 'node:net';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '#server/serve.ts';
import type { Served } from '#server/serve.ts';
import { timer } from '#world/index.ts';

let served: Served;
const crashes: unknown[] = [];

beforeAll(async () => {
  served = await serve({
    port: 0,
    seed: 'endpoint',
    clock: 1,
    timings: 'instant',
    version: 'test',
    crashed: (error) => void crashes.push(error),
  });
});
afterAll(async () => {
  await served.close();
  expect(crashes).toEqual([]);
});

const client = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};

/** A bare HTTP request, for headers that clients do not let one set. */
function raw(
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port: served.port, path, method: body ? 'POST' : 'GET', headers },
      (response) => {
        let text = '';
        response.on('data', (piece) => (text += piece));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

describe('the endpoint', () => {
  it('answers stock SDK clients over HTTP/1.1', async () => {
    const sns = new SNSClient({ ...client, endpoint: served.url });
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'over-http' }));
    const { Topics } = await sns.send(new ListTopicsCommand({}));
    expect(Topics).toContainEqual({ TopicArn });
  });

  it('answers clients that speak HTTP/2 by prior knowledge, as the Kinesis client does', async () => {
    const kinesis = new KinesisClient({ ...client, endpoint: served.url });
    await expect(kinesis.send(new ListStreamsCommand({}))).rejects.toThrow(
      /kinesis:ListStreams is not modelled/,
    );
    kinesis.destroy();
  });

  it('takes in bodies that come in many pieces, with and without their length', async () => {
    const s3 = new S3Client({ ...client, endpoint: served.url, forcePathStyle: true });
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 7919) % 251);
    await s3.send(new CreateBucketCommand({ Bucket: 'pieces' }));
    const streamed = Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)]);
    await s3.send(new PutObjectCommand({ Bucket: 'pieces', Key: 'whole', Body: bytes }));
    await s3.send(
      new PutObjectCommand({
        Bucket: 'pieces',
        Key: 'streamed',
        Body: streamed,
        ContentLength: bytes.length,
      }),
    );
    for (const Key of ['whole', 'streamed']) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'pieces', Key }));
      expect(Buffer.compare((await Body?.transformToByteArray()) ?? new Uint8Array(), bytes)).toBe(0);
    }
  });

  it('keeps worlds of different accounts apart', async () => {
    const other = { ...client, credentials: { accessKeyId: '111122223333', secretAccessKey: 'x' } };
    const sns = new SNSClient({ ...other, endpoint: served.url });
    await sns.send(new CreateTopicCommand({ Name: 'elsewhere' }));
    const { Topics } = await sns.send(new ListTopicsCommand({}));
    expect(Topics).toEqual([{ TopicArn: 'arn:aws:sns:us-east-1:111122223333:elsewhere' }]);
  });

  it('refuses hosts that a DNS name could be rebound to', async () => {
    expect((await raw('/', { host: 'evil.example' })).status).toBe(403);
    expect((await raw('/_sandtable/health', { host: `localhost:${served.port}` })).status).toBe(200);
  });

  it('refuses requests from web pages of other origins', async () => {
    expect((await raw('/_sandtable/health', { origin: 'https://evil.example' })).status).toBe(403);
    // A sandboxed frame has no origin to tell; an image and a link do not tell it.
    expect((await raw('/', { origin: 'null' })).status).toBe(403);
    const image = '/?Action=DeleteTopic&TopicArn=arn:aws:sns:us-east-1:000000000000:t';
    expect((await raw(image, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await raw('/_sandtable/health', { 'sec-fetch-site': 'none' })).status).toBe(200);
    expect((await raw('/_sandtable/health', { origin: 'http://localhost:3000' })).status).toBe(200);
  });

  it('answers an unsigned request with the error of AWS', async () => {
    const { status, text } = await raw(
      '/',
      { host: `sns.us-east-1.amazonaws.com` },
      'Action=ListTopics&Version=2010-03-31',
    );
    expect(status).toBe(403);
    expect(text).toContain('MissingAuthenticationToken');
  });

  it('moves its clock on request, and says why time stands', async () => {
    const before = JSON.parse((await raw('/_sandtable/clock', {})).text) as { now: string };
    const after = JSON.parse((await raw('/_sandtable/clock', {}, '{"advanceMs":3600000}')).text) as {
      now: string;
      why: string[];
    };
    expect(Date.parse(after.now) - Date.parse(before.now)).toBeGreaterThanOrEqual(3_600_000);
    expect(after.why).toEqual(['follows wall time at 1x']);
    expect((await raw('/_sandtable/clock', {}, '{"advanceMs":"soon"}')).status).toBe(400);
  });

  it('withdraws a long poll whose client has gone, so that the message goes to the next one', async () => {
    const sqs = new SQSClient({ ...client, endpoint: served.url });
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'polled' }));
    const gone = new AbortController();
    const polled = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
      abortSignal: gone.signal,
    });
    setTimeout(() => gone.abort(), 100);
    await expect(polled).rejects.toThrow(/abort/i);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept' }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    expect(Messages).toMatchObject([{ Body: 'kept' }]);
  });

  it('survives bytes that are no HTTP', async () => {
    for (const bytes of ['\0\0\0', 'PRI', 'GET', 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n garbage', '\r\n\r\n']) {
      await new Promise<void>((resolve) => {
        const socket = connect(served.port, '127.0.0.1', () => socket.end(bytes));
        socket.on('error', () => resolve());
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
    expect((await raw('/_sandtable/health', {})).status).toBe(200);
  });

  it('grants a wish for its clock as a whole or not at all', async () => {
    const { mode } = JSON.parse((await raw('/_sandtable/clock', {})).text) as { mode: unknown };
    const { status } = await raw('/_sandtable/clock', {}, '{"mode":"manual","advanceMs":-1}');
    expect(status).toBe(400);
    expect(JSON.parse((await raw('/_sandtable/clock', {})).text)).toMatchObject({ mode });
  });

  it('survives clients that go away in the middle of a body', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(served.port, '127.0.0.1', () => {
        socket.write('PUT /bucket/key HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nhalf');
        setTimeout(() => socket.destroy(), 20);
      });
      socket.on('close', () => resolve());
    });
    expect((await raw('/_sandtable/health', {})).status).toBe(200);
  });

  it('keeps endpoints of one process apart over HTTP/2 too', async () => {
    const other = await serve({
      port: 0,
      seed: 'other',
      clock: 'manual',
      timings: 'instant',
      version: 'other',
      crashed: (error) => void crashes.push(error),
    });
    try {
      expect(await health2(served.url)).toMatchObject({ version: 'test' });
      expect(await health2(other.url)).toMatchObject({ version: 'other' });
    } finally {
      await other.close();
    }
  });
});

/** The endpoint's health, asked over HTTP/2 by prior knowledge. */
function health2(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(url).on('error', reject);
    let text = '';
    session
      .request({ ':path': '/_sandtable/health' })
      .on('data', (piece: Buffer) => (text += piece.toString()))
      .on('end', () => session.close(() => resolve(JSON.parse(text))))
      .end();
  });
}

describe('an endpoint whose world crashes', () => {
  it('goes on answering, with its clock standing still', async () => {
    const seen: unknown[] = [];
    const broken = await serve({
      port: 0,
      seed: 'broken',
      clock: 1000,
      timings: 'instant',
      version: 'test',
      crashed: (error) => void seen.push(error),
    });
    try {
      const { world } = broken.clock;
      world.transact('000000000000/us-east-1', { kind: 'script', name: 'nonsense' }, (ctx) => {
        ctx.schedule(timer('nobody/handles-this'), ctx.now + 1000, {});
      });
      broken.clock.poke();
      while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      const answer = await fetch(`${broken.url}/_sandtable/clock`);
      expect(await answer.json()).toMatchObject({ mode: 'manual' });
      expect(String(seen[0])).toMatch(/nobody\/handles-this.*--seed broken/s);
      expect(seen).toHaveLength(1);
    } finally {
      await broken.close();
    }
  });
});
