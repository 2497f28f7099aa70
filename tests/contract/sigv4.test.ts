// Signature Version 4 against AWS's signing test suite, the examples of the S3 API reference, and what boto3
// sends.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isProblem, parseAuthorization } from '../../src/contract/sigv4/authorization.ts';
import type { ParsedAuthorization } from '../../src/contract/sigv4/authorization.ts';
import { canonicalRequest, pathRules } from '../../src/contract/sigv4/canonical.ts';
import { decodeChunked, isAwsChunked, isChunkProblem } from '../../src/contract/sigv4/chunked.ts';
import { formatIsoSeconds, parseAmzDate } from '../../src/contract/sigv4/timestamp.ts';
import { verifySignature } from '../../src/contract/sigv4/verify.ts';
import type { WireRequest } from '../../src/contract/wire.ts';
import { primitives, wireRequest } from './sigv4-vectors/signer.ts';

function vectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`sigv4-vectors/${name}.json`, import.meta.url), 'utf8'));
}

function parsed(wire: WireRequest): ParsedAuthorization {
  const result = parseAuthorization(wire);
  if (result === undefined || isProblem(result)) throw new Error(`not parsed: ${JSON.stringify(result)}`);
  return result;
}

/** Reads the text form of the suite; a line that starts with a blank continues the header before it. */
function fromText(text: string): WireRequest {
  const [head = '', ...rest] = text.split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const method = first.slice(0, first.indexOf(' '));
  const target = first.slice(method.length + 1, first.lastIndexOf(' '));
  const headers: Record<string, string> = {};
  for (const line of lines.join('\n').replaceAll(/\n +/g, ' ').split('\n')) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    const value = line.slice(line.indexOf(':') + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  const at = target.indexOf('?');
  return wireRequest({
    method,
    path: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? '' : target.slice(at + 1),
    headers,
    body: new TextEncoder().encode(rest.join('\n\n')),
  });
}

interface Suite {
  secretAccessKey: string;
  timestamp: string;
  cases: { name: string; normalize?: boolean; header: string; query: string; canonical: string }[];
}

describe("AWS's signing test suite", () => {
  const suite = vectors('aws-signing-test-suite') as Suite;
  const nowMs = parseAmzDate(suite.timestamp) ?? 0;

  it.each(suite.cases)('$name, signed by header', ({ normalize = true, header, canonical }) => {
    const wire = fromText(header);
    const authorization = parsed(wire);
    const path = { normalize, encodeTwice: true };
    const hash = canonical.slice(canonical.lastIndexOf('\n') + 1);
    expect(canonicalRequest(wire, authorization.signedHeaders, hash, path)).toBe(canonical);
    const options = { primitives, nowMs, path, service: 'service', region: 'us-east-1' };
    expect(verifySignature(wire, authorization, suite.secretAccessKey, options)).toBeUndefined();
  });

  // post-sts-header-after adds the token to the URL after signing, which only AWS IoT's device gateway
  // accepts.
  const inQuery = suite.cases.filter(({ name }) => name !== 'post-sts-header-after');

  it.each(inQuery)('$name, signed by query', ({ normalize = true, query }) => {
    const wire = fromText(query);
    const options = { primitives, nowMs, path: { normalize, encodeTwice: true } };
    expect(verifySignature(wire, parsed(wire), suite.secretAccessKey, options)).toBeUndefined();
  });
});

interface Example {
  name: string;
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: string;
}

describe('the examples of the S3 API reference', () => {
  const examples = vectors('s3-examples') as { secretAccessKey: string; single: Example[] };
  const nowMs = parseAmzDate('20130524T000000Z') ?? 0;

  it.each(examples.single)('$name', (example) => {
    const wire = wireRequest({ ...example, body: new TextEncoder().encode(example.body) });
    const options = { primitives, nowMs, service: 's3', region: 'us-east-1' };
    expect(verifySignature(wire, parsed(wire), examples.secretAccessKey, options)).toBeUndefined();
  });
});

describe('requests that boto3 made', () => {
  const recorded = vectors('boto3') as { secretAccessKey: string; requests: Example[] };

  it.each(recorded.requests)('$name', (request) => {
    const wire = wireRequest({ ...request, body: Buffer.from(request.body, 'base64') });
    const authorization = parsed(wire);
    const nowMs = authorization.signedAtMs + 60_000;
    const options = { primitives, nowMs };
    expect(verifySignature(wire, authorization, recorded.secretAccessKey, options)).toBeUndefined();
    const refused = verifySignature(wire, authorization, `${recorded.secretAccessKey}x`, options);
    expect(refused?.shape).toBe('SignatureDoesNotMatch');
    if (!isAwsChunked(wire)) return;
    const decoded = decodeChunked(wire, { primitives });
    if (isChunkProblem(decoded)) throw new Error(decoded.message);
    expect(String(decoded.body.length)).toBe(wire.headers['x-amz-decoded-content-length']);
    expect(Object.keys(decoded.trailers)).toEqual(['x-amz-checksum-crc32']);
  });

  it('carry the session token in the header, or in the query of a presigned URL', () => {
    const tokens = recorded.requests.map((request) => parsed(wireRequest({ ...request, body: undefined! })));
    const sent = tokens.map(({ kind, sessionToken }) => [kind, sessionToken]).filter(([, token]) => token);
    expect(sent).toEqual([
      ['header', 'TOKEN/+=='],
      ['header', 'TOKEN'],
      ['query', 'TOKEN/+=='],
    ]);
  });
});

describe('canonical requests', () => {
  it('encode the path of S3 once, and that of every other service twice, without dot segments', () => {
    const wire = wireRequest({ path: '/a//b/../c%3Ad%7e' });
    const lines = (service: string): string | undefined =>
      canonicalRequest(wire, ['host'], 'x', pathRules(service)).split('\n')[1];
    expect(lines('s3')).toBe('/a//b/../c%3Ad~');
    expect(lines('lambda')).toBe('/a/c%253Ad%257e');
  });

  it('take bytes that are not UTF-8 as they are', () => {
    const wire = wireRequest({ path: '/%ff%FE', query: 'a=%C3%28&%zz' });
    const text = canonicalRequest(wire, ['host'], 'x', pathRules('s3'));
    expect(text.split('\n').slice(1, 3)).toEqual(['/%FF%FE', '%25zz=&a=%C3%28']);
  });
});

describe('instants', () => {
  it('agree with Date over four centuries', () => {
    for (let year = 1890; year < 2290; year += 7) {
      const atMs = Date.UTC(year, (year * 5) % 12, 1 + (year % 28), year % 24, 59, 58);
      const iso = new Date(atMs).toISOString().replace('.000', '');
      expect(formatIsoSeconds(atMs)).toBe(iso);
      expect(parseAmzDate(iso.replaceAll(/[-:]/g, ''))).toBe(atMs);
    }
  });
});
