import { connect } from 'node:net';
import { request } from 'node:http';
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { CreateTopicCommand, ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '#server/serve.ts';
import type { Served } from '#server/serve.ts';

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
});
