// What the stock AWS SDK for JavaScript signs, verified as it leaves the client; nothing is sent.

import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { isProblem, parseAuthorization } from '../../src/contract/sigv4/authorization.ts';
import { signingKey } from '../../src/contract/sigv4/canonical.ts';
import { decodeChunked, isAwsChunked, isChunkProblem } from '../../src/contract/sigv4/chunked.ts';
import { verifySignature } from '../../src/contract/sigv4/verify.ts';
import type { WireRequest } from '../../src/contract/wire.ts';
import { primitives, wireRequest } from './sigv4-vectors/signer.ts';

const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

interface Sent {
  method: string;
  path: string;
  query: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: string | Uint8Array | Readable;
}

async function bytesOf(body: Sent['body']): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array(0);
  if (body instanceof Readable) return Buffer.concat(await body.map((part) => Buffer.from(part)).toArray());
  return Buffer.from(body);
}

/** Writes the query as the SDK's own HTTP handler does. */
function queryText(query: Sent['query']): string {
  const encode = (text: string): string =>
    encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((one) => [name, one] as const))
    .map(([name, value]) => (value === null ? encode(name) : `${encode(name)}=${encode(value)}`))
    .join('&');
}

/** A client configuration that keeps the request and answers with nothing. */
function recorder(
  region = 'us-east-1',
  extra: object = {},
): { config: object; sent: () => Promise<WireRequest> } {
  let kept: Sent | undefined;
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey, ...extra };
  const requestHandler = {
    handle(request: Sent): never {
      kept = request;
      throw Object.assign(new Error('kept'), { name: 'Kept' });
    },
  };
  const nothing = (): void => undefined;
  const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  return {
    config: { region, credentials, requestHandler, logger, maxAttempts: 1 },
    async sent() {
      if (kept === undefined) throw new Error('no request');
      const headers = Object.fromEntries(
        Object.entries(kept.headers).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const { method, path } = kept;
      return wireRequest({
        method,
        path,
        query: queryText(kept.query),
        headers,
        body: await bytesOf(kept.body),
      });
    },
  };
}

function verified(wire: WireRequest): WireRequest {
  const parsed = parseAuthorization(wire);
  if (parsed === undefined || isProblem(parsed)) throw new Error(`not parsed: ${JSON.stringify(parsed)}`);
  const nowMs = parsed.signedAtMs;
  expect(verifySignature(wire, parsed, secretAccessKey, { primitives, nowMs })).toBeUndefined();
  expect(verifySignature(wire, parsed, 'other', { primitives, nowMs })?.shape).toBe('SignatureDoesNotMatch');
  return wire;
}

describe('the AWS SDK for JavaScript', () => {
  it('signs S3 requests with difficult keys and queries', async () => {
    const { config, sent } = recorder();
    const s3 = new S3Client(config);
    for (const Key of ['a b/ü+(1)~$.txt', '//x/../y', "'!*"]) {
      await s3.send(new GetObjectCommand({ Bucket: 'my-bucket', Key })).catch(() => undefined);
      verified(await sent());
    }
    const list = new ListObjectsV2Command({ Bucket: 'b.c', Prefix: 'a b/+ü*', Delimiter: '/' });
    await s3.send(list).catch(() => undefined);
    verified(await sent());
  });

  it('signs a body that it holds with its hash', async () => {
    const { config, sent } = recorder('eu-west-1', { sessionToken: 'TOKEN/+==' });
    const put = new PutObjectCommand({
      Bucket: 'my-bucket',
      Key: 'k',
      Body: 'hello',
      Metadata: { Who: 'me' },
    });
    await new S3Client(config).send(put).catch(() => undefined);
    const wire = verified(await sent());
    expect(wire.headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('sends a stream in unsigned chunks with a trailing checksum', async () => {
    const { config, sent } = recorder();
    const Body = Readable.from([Buffer.alloc(20_000, 'x'), Buffer.alloc(9000, 'y')]);
    const put = new PutObjectCommand({ Bucket: 'my-bucket', Key: 'k', Body, ContentLength: 29_000 });
    await new S3Client(config).send(put).catch(() => undefined);
    const wire = verified(await sent());
    expect(isAwsChunked(wire)).toBe(true);
    const key = signingKey(primitives, secretAccessKey, { date: '', region: '', service: '' });
    const decoded = decodeChunked(wire, { primitives, key });
    if (isChunkProblem(decoded)) throw new Error(decoded.message);
    expect(decoded.body.length).toBe(29_000);
    expect(Object.keys(decoded.trailers)).toEqual(['x-amz-checksum-crc32']);
  });

  it('signs the other protocols, and paths that hold an ARN', async () => {
    const { config, sent } = recorder();
    await new STSClient(config).send(new GetCallerIdentityCommand({})).catch(() => undefined);
    verified(await sent());
    const FunctionName = 'arn:aws:lambda:us-east-1:123456789012:function:my-fn';
    await new LambdaClient(config).send(new GetFunctionCommand({ FunctionName })).catch(() => undefined);
    const wire = verified(await sent());
    expect(wire.path).toContain('%3A');
  });
});
