// Clients that mean harm to the endpoint itself: slow ones, such as ask for too much, say two things at once, or would like a web
// page to speak for them.

import { connect as connectHttp2, constants } from 'node:http2';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '#server/endpoint.ts';
import type { Endpoint } from '#server/endpoint.ts';
import { newTable } from '../table.ts';

const crashes: unknown[] = [];
let endpoint: Endpoint;
let impatient: Endpoint;

beforeAll(async () => {
  const table = newTable();
  const s3 = table.client(S3Client);
  const Bucket = 'site';
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const Statement = {
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${Bucket}/*`,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const page = { Bucket, Body: '<script>fetch("/")</script>', ContentType: 'text/html' };
  for (const Key of ['index.html', 'page.html']) await s3.send(new PutObjectCommand({ ...page, Key }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'text.txt', Body: 'x', ContentType: 'text/plain' }));
  const Redirect = { HostName: 'localhost\r\nset-cookie: a=b' };
  const RoutingRules = [{ Condition: { KeyPrefixEquals: 'away' }, Redirect }];
  const WebsiteConfiguration = { IndexDocument: { Suffix: 'index.html' }, RoutingRules };
  await s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));
  const clock = {
    mode: 'manual',
    why: () => [],
    setMode: () => {},
    advance: async () => {},
    catchUp: () => {},
    poke: () => {},
  } as const;
  const options = {
    gateway: table.gateway,
    controlled: { world: table.world, clock, version: 'test' } as never,
    crashed: (error: unknown) => void crashes.push(error),
    port: 0,
  };
  endpoint = await listen(options);
  impatient = await listen({ ...options, patience: { silenceMs: 60, headersMs: 60 } });
});
afterAll(async () => {
  await endpoint.close();
  await impatient.close();
  expect(crashes).toEqual([]);
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: endpoint.port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (piece) => (text += piece));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers }),
      );
    });
    call.on('error', reject);
    call.end();
  });
}

/** Sends bytes, now and later, and returns what comes back until the connection ends. */
function converse(to: Endpoint, ...pieces: string[]): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(to.port, '127.0.0.1', () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on('data', (piece) => (said += piece.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(said));
  });
}

const healthy = async (to: Endpoint = endpoint): Promise<void> => {
  const answer = await fetch(`${to.url}/_sandtable/health`);
  expect(answer.status).toBe(200);
};

describe('a client that takes its time', () => {
  it('is left where it says nothing at all', async () => {
    expect(await converse(impatient)).toBe('');
  });

  it('is left where its headers do not come to an end', async () => {
    expect(await converse(impatient, 'GET / HTTP/1.1\r\nhost: localhost\r\nx-a: ')).toMatch(
      /^$|HTTP\/1.1 408/,
    );
  });

  it('is left where its body does not go on', async () => {
    const half = 'PUT /site/k HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nhalf';
    expect(await converse(impatient, half)).toBe('');
  });

  it('is left where its session has no streams', async () => {
    const session = connectHttp2(impatient.url);
    await new Promise<void>((resolve) => void session.on('close', () => resolve()));
    await healthy(impatient);
  });
});

describe('a request of which two readers could think differently', () => {
  const head = 'POST / HTTP/1.1\r\nhost: localhost\r\n';
  it.each([
    [
      'a length and chunks',
      `${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n`,
    ],
    ['two lengths', `${head}content-length: 4\r\ncontent-length: 5\r\n\r\nabcde`],
    ['a length that is no number', `${head}content-length: +4\r\n\r\nabcd`],
    ['chunks that are not last', `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['a blank before the colon', `${head}content-length : 4\r\n\r\nabcd`],
    ['a folded line', `${head}x-a: b\r\n c: d\r\n\r\n`],
    ['a line that ends bare', 'GET / HTTP/1.1\nhost: localhost\n\n'],
    [
      'two hosts',
      'GET /_sandtable/health HTTP/1.1\r\nconnection: close\r\nhost: localhost\r\nhost: evil.example\r\n\r\n',
    ],
  ])('is refused: %s', async (_, bytes) => {
    const said = await converse(endpoint, bytes, '');
    expect(said).toMatch(/^HTTP\/1.1 4\d\d/);
    expect(said.match(/HTTP\/1.1/g)).toHaveLength(1);
  });

  it.each(['http://evil.example/', 'http://127.0.0.1/_sandtable/health', '*'])(
    'names a path, not %s',
    async (target) => {
      const said = await converse(
        endpoint,
        `OPTIONS ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
      );
      expect(said).toMatch(/^HTTP\/1.1 400/);
    },
  );
});

describe('a request that is too large', () => {
  it.each([
    ['headers', `x-a: ${'a'.repeat(20_000)}\r\n`, '/'],
    ['many headers', 'x-a: b\r\n'.repeat(4000), '/'],
    ['a path', '', `/${'a'.repeat(20_000)}`],
  ])('is refused: %s', async (_, headers, path) => {
    const said = await converse(endpoint, `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`);
    expect(said).toMatch(/^HTTP\/1.1 431/);
    await healthy();
  });
});

describe('HTTP/2', () => {
  it('has room for 256 streams and 64 KiB of headers at once', async () => {
    const session = connectHttp2(endpoint.url);
    const settings = await new Promise((resolve) => void session.on('remoteSettings', resolve));
    expect(settings).toMatchObject({ maxConcurrentStreams: 256, maxHeaderListSize: 65_536 });
    session.destroy();
  });

  it('ends sessions that open streams only to reset them, and serves others', async () => {
    const session = connectHttp2(endpoint.url);
    session.on('error', () => {});
    await new Promise<void>((resolve) => void session.on('connect', () => resolve()));
    let sent = 0;
    for (; sent < 4000 && !session.destroyed; sent += 1) {
      const stream = session.request({ ':path': '/_sandtable/health' });
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      if (sent % 100 === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
    expect(session.destroyed).toBe(true);
    await healthy();
  });

  it('may not name one host to the browser and another to us', async () => {
    const session = connectHttp2(endpoint.url);
    const status = (headers: Record<string, string>): Promise<number> =>
      new Promise((resolve) => {
        const stream = session.request({ ':path': '/_sandtable/health', ...headers });
        stream.on('response', (answer) => resolve(Number(answer[':status'])));
        stream.on('error', () => resolve(0));
        stream.end();
      });
    expect(await status({})).toBe(200);
    expect(await status({ ':authority': 'evil.example' })).toBe(403);
    expect(await status({ ':authority': 'evil.example', host: 'localhost' })).toBe(403);
    expect(await status({ ':authority': 'localhost', host: 'evil.example' })).toBe(403);
    expect(await status({ origin: 'https://evil.example' })).toBe(403);
    session.destroy();
  });
});

describe('the host', () => {
  it.each([
    'localhost',
    'LOCALHOST:4566',
    '127.0.0.1:1',
    '127.1.2.3',
    '[::1]:4566',
    'site.s3.localhost:4566',
    'SQS.us-east-1.AmazonAWS.com',
  ])('%s is one of ours', async (host) => {
    expect((await ask('/_sandtable/health', { host })).status).toBe(200);
  });

  it.each([
    'evil.example',
    'localhost.',
    'localhost.evil.example',
    'evil-localhost',
    '127.0.0.1.evil.example',
    '0.0.0.0',
    '[::ffff:127.0.0.1]',
    '::1',
    'amazonaws.com.evil.example',
    'localhost:80@evil.example',
    'localhost evil',
  ])('%j is not', async (host) => {
    expect((await ask('/_sandtable/health', { host })).status).toBe(403);
    expect((await ask('/site/page.html', { host })).status).toBe(403);
  });

  it.each([
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'http://site.s3.localhost:4566',
    'file://',
  ])('is not asked by pages of %s', async (origin) => {
    for (const path of ['/_sandtable/health', '/site/page.html', '/?Action=ListTopics'])
      expect((await ask(path, { origin })).status).toBe(403);
  });
});

describe('pages that S3 serves', () => {
  const website = 'site.s3-website-us-east-1.localhost';
  const fromPage = { host: website, 'sec-fetch-site': 'same-origin' };

  it('are websites under names of their own, and may read what is theirs', async () => {
    expect((await ask('/index.html', { host: website })).status).toBe(200);
    expect((await ask('/index.html', fromPage)).status).toBe(200);
  });

  it('may not ask the APIs from there', async () => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0';
    for (const host of [website, 'site.s3.localhost', 'site.localhost']) {
      const headers = { ...fromPage, host };
      expect((await ask('/?Action=ListUsers&Version=2010-05-08', { ...headers, authorization })).status).toBe(
        403,
      );
      expect((await ask('/?X-Amz-Credential=test&X-Amz-Algorithm=x', headers)).status).toBe(403);
      expect((await ask('/?a=b&Action=ListUsers', headers)).status).toBe(403);
    }
  });

  it('run their scripts as nobody where they are shown under the host of the APIs', async () => {
    const shown = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' };
    const page = await ask('/site/page.html', shown);
    expect(page.headers['content-security-policy']).toBe('sandbox allow-scripts');
    expect(
      (await ask('/site/page.html', { accept: 'text/html,*/*' })).headers['content-security-policy'],
    ).toBeDefined();
    expect((await ask('/site/text.txt', shown)).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
    });
    // Programs are told nothing of the kind.
    expect((await ask('/site/page.html')).headers['content-security-policy']).toBeUndefined();
  });

  it('cannot write headers of their own into a redirect', async () => {
    const { status, headers } = await ask('/away', { host: website });
    expect(status).toBe(301);
    expect(headers['set-cookie']).toBeUndefined();
    expect(headers.location).toMatch(/^http:\/\/localhostset-cookie: a=b\//);
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
it('takes no headers for an answer from a URL that could not stand in one', async () => {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=test/20260105/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0';
  const headers = { authorization, 'x-amz-date': '20260105T000000Z' };
  const as = (value: string): Promise<Answer> =>
    ask(`/site/text.txt?response-content-disposition=${encodeURIComponent(value)}`, headers);
  expect((await as('attachment')).headers['content-disposition']).toBe('attachment');
  for (const value of ['a\r\nset-cookie: a=b', 'a\nb', 'a\0', 'übermäßig ✓']) {
    const { status, text, headers: sent } = await as(value);
    expect([status, sent['set-cookie']]).toEqual([400, undefined]);
    expect(text).toContain('Header value cannot be represented using ISO-8859-1.');
  }
});
