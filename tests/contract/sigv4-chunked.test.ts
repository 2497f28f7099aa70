// aws-chunked bodies: the two examples of the S3 API reference, whole and in pieces, and what S3 refuses.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isProblem, parseAuthorization } from '../../src/contract/sigv4/authorization.ts';
import { signingKey } from '../../src/contract/sigv4/canonical.ts';
import {
  chunkedDecoder,
  decodeChunked,
  isChunkProblem,
  type ChunkedOptions,
} from '../../src/contract/sigv4/chunked.ts';
import type { SignatureProblem } from '../../src/contract/sigv4/problems.ts';
import { verifySignature } from '../../src/contract/sigv4/verify.ts';
import type { WireRequest } from '../../src/contract/wire.ts';
import { primitives, wireRequest } from './sigv4-vectors/signer.ts';

interface Example {
  name: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  chunks: [sizeBytes: number, signature: string][];
  trailer: string;
}

const { secretAccessKey, chunked } = JSON.parse(
  readFileSync(new URL('sigv4-vectors/s3-examples.json', import.meta.url), 'utf8'),
) as { secretAccessKey: string; chunked: Example[] };

function request(example: Example, change = (text: string): string => text): WireRequest {
  const framed = example.chunks.map(([size, signature]) => {
    const end = size === 0 && example.trailer !== '' ? '' : '\r\n';
    return `${size.toString(16)};chunk-signature=${signature}\r\n${'a'.repeat(size)}${end}`;
  });
  const text = `${framed.join('')}${example.trailer === '' ? '' : `${example.trailer}\r\n`}`;
  return wireRequest({ ...example, body: new TextEncoder().encode(change(text)) });
}

function options(wire: WireRequest): Required<ChunkedOptions> {
  const parsed = parseAuthorization(wire);
  if (parsed === undefined || isProblem(parsed)) throw new Error('not parsed');
  const problem = verifySignature(wire, parsed, secretAccessKey, { primitives, nowMs: parsed.signedAtMs });
  expect(problem).toBeUndefined();
  return { primitives, parsed, key: signingKey(primitives, secretAccessKey, parsed.scope) };
}

function unsigned(body: string, headers: Record<string, string>): ReturnType<typeof decodeChunked> {
  const wire = wireRequest({
    headers: { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', ...headers },
    body: new TextEncoder().encode(body),
  });
  return decodeChunked(wire, { primitives });
}

describe.each(chunked)('$name', (example) => {
  it('decodes to the object, every signature verified', () => {
    const wire = request(example);
    const decoded = decodeChunked(wire, options(wire));
    if (isChunkProblem(decoded)) throw new Error(decoded.message);
    expect(decoded.body).toEqual(new TextEncoder().encode('a'.repeat(66_560)));
    expect(decoded.trailers).toEqual(example.trailer === '' ? {} : { 'x-amz-checksum-crc32c': 'sOO8/Q==' });
  });

  it.each([1, 7, 4096, 65_537])('decodes in pieces of %i bytes', (size) => {
    const wire = request(example);
    const decoder = chunkedDecoder(wire, options(wire));
    if (isChunkProblem(decoder)) throw new Error(decoder.message);
    let received = 0;
    for (let at = 0; at < wire.body.length; at += size) {
      const pieces = decoder.push(wire.body.subarray(at, at + size));
      if (isChunkProblem(pieces)) throw new Error(pieces.message);
      for (const piece of pieces) received += piece.length;
    }
    expect(received).toBe(66_560);
    expect(isChunkProblem(decoder.end())).toBe(false);
  });

  it.each<[string, (text: string) => string, string]>([
    ['changed data', (text) => text.replace('aaaa', 'aaab'), 'SignatureDoesNotMatch'],
    ['a changed signature', (text) => text.replace(/signature=./, 'signature=0'), 'SignatureDoesNotMatch'],
    ['a missing end', (text) => text.slice(0, -2), 'IncompleteBody'],
    ['more after the end', (text) => `${text}x`, 'IncompleteBody'],
    ['a chunk without its line end', (text) => text.replace('a\r\n', 'ab\n'), 'IncompleteBody'],
    ['no framing', () => 'aaaa\r\n', 'SignatureDoesNotMatch'],
    ['words for a size', () => 'many\r\n', 'IncompleteBody'],
  ])('refuses %s', (_, change, shape) => {
    const wire = request(example, change);
    const decoded = decodeChunked(wire, options(wire)) as SignatureProblem;
    expect(['IncompleteBody', shape]).toContain(decoded.shape);
  });

  it('refuses a change of the trailer', () => {
    if (example.trailer === '') return;
    const wire = request({ ...example, trailer: example.trailer.replace('sOO8', 'sOO9') });
    expect(decodeChunked(wire, options(wire))).toMatchObject({ shape: 'SignatureDoesNotMatch' });
  });
});

describe('unsigned chunks', () => {
  const headers = { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' };
  const body = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';

  it('decode with their trailer', () => {
    const decoded = unsigned(body, headers);
    if (isChunkProblem(decoded)) throw new Error(decoded.message);
    expect(new TextDecoder().decode(decoded.body)).toBe('hello');
    expect(decoded.trailers).toEqual({ 'x-amz-checksum-crc32': 'NhCmhg==' });
  });

  it.each([
    ['a length that is not announced', body, {}, 'MissingContentLength'],
    [
      'more bytes than announced',
      body,
      { ...headers, 'x-amz-decoded-content-length': '4' },
      'IncompleteBody',
    ],
    [
      'fewer bytes than announced',
      body,
      { ...headers, 'x-amz-decoded-content-length': '6' },
      'IncompleteBody',
    ],
    ['a trailer that is not announced', body, { ...headers, 'x-amz-trailer': '' }, 'MalformedTrailerError'],
    ['an announced trailer that does not come', '5\r\nhello\r\n0\r\n\r\n', headers, 'MalformedTrailerError'],
    ['a trailer without a colon', '5\r\nhello\r\n0\r\nx\r\n\r\n', headers, 'MalformedTrailerError'],
    ['small chunks before the last', '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n', headers, 'InvalidChunkSizeError'],
  ])('are refused for %s', (_, text, sent, shape) => {
    expect(unsigned(text, sent)).toMatchObject({ shape });
  });
});
