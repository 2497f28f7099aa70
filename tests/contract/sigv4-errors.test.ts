// What AWS answers to a request that is not signed well. Messages: "Troubleshoot Signature Version 4 signed
// requests" (IAM User Guide), "Error responses" (S3 API Reference), and answers that users of AWS reported.

import { describe, expect, it } from 'vitest';
import { isProblem, parseAuthorization } from '../../src/contract/sigv4/authorization.ts';
import { equalSignatures, signingKeyCache } from '../../src/contract/sigv4/canonical.ts';
import { expiredToken, missingToken, unknownAccessKey } from '../../src/contract/sigv4/problems.ts';
import type { SignatureProblem, Wording } from '../../src/contract/sigv4/problems.ts';
import { parseAmzDate } from '../../src/contract/sigv4/timestamp.ts';
import { verifySignature, type VerifyOptions } from '../../src/contract/sigv4/verify.ts';
import type { WireRequest } from '../../src/contract/wire.ts';
import { presign, primitives, sign, signing, wireRequest } from './sigv4-vectors/signer.ts';

const signedAtMs = parseAmzDate(signing.timestamp) ?? 0;
const minutes = 60_000;
const s3 = { ...signing, scope: { ...signing.scope, service: 's3' } };

function check(wire: WireRequest, options: Partial<VerifyOptions> = {}): SignatureProblem | undefined {
  const parsed = parseAuthorization(wire, options.wording);
  if (parsed === undefined) throw new Error('no credentials');
  if (isProblem(parsed)) return parsed;
  return verifySignature(wire, parsed, signing.secret, { primitives, nowMs: signedAtMs, ...options });
}

function authorized(authorization: string, headers: Record<string, string> = {}): WireRequest {
  return wireRequest({ headers: { 'x-amz-date': signing.timestamp, ...headers, authorization } });
}

function s3Request(headers: Record<string, string> = {}): WireRequest {
  return wireRequest({
    headers: { host: 's3.amazonaws.com', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...headers },
  });
}

describe('an Authorization header that cannot be read', () => {
  const complete = 'Credential=AKID/20150830/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0';

  it.each([
    [
      'Bearer abc',
      "Authorization header requires 'Credential' parameter. Authorization header requires " +
        "'Signature' parameter. " +
        "Authorization header requires 'SignedHeaders' parameter. Authorization=Bearer abc",
    ],
    [
      'AWS4-HMAC-SHA256 Credential',
      "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: " +
        "'AWS4-HMAC-SHA256 Credential'.",
    ],
    [
      'AWS4-HMAC-SHA256 Credential=AKID/sts, SignedHeaders=host, Signature=0',
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got ' +
        "'AKID/sts'",
    ],
  ])('%s is incomplete', (header, message) => {
    expect(check(authorized(header))).toEqual({ shape: 'IncompleteSignature', message });
  });

  it('needs a date', () => {
    const problem = check(wireRequest({ headers: { authorization: `AWS4-HMAC-SHA256 ${complete}` } }));
    expect(problem?.message).toContain(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
        'Authorization=AWS4',
    );
  });

  it.each([
    ['AWS4-HMAC-SHA256 Signature=1', 'the authorization header requires three components'],
    ['AWS4-HMAC-SHA256 Credential', 'the authorization component "Credential" is malformed.'],
    [
      'AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=0',
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    ],
  ])('%s is malformed to S3', (header, detail) => {
    const problem = check(authorized(header), { wording: 's3' });
    expect(problem?.shape).toBe('AuthorizationHeaderMalformed');
    expect(problem?.message).toContain(`The authorization header is malformed; ${detail}`);
  });

  it('of an unknown type is unsupported by S3', () => {
    expect(check(authorized('Bearer abc'), { wording: 's3' })).toMatchObject({
      shape: 'InvalidArgument',
      message: 'Unsupported Authorization Type',
      fields: { ArgumentName: 'Authorization', ArgumentValue: 'Bearer abc' },
    });
  });

  it('of Signature Version 2 or 4A is refused by name', () => {
    expect(check(authorized('AWS AKID:c2ln'), { wording: 's3' })).toMatchObject({
      shape: 'InvalidRequest',
      message: 'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    });
    expect(
      check(wireRequest({ query: 'AWSAccessKeyId=A&SignatureVersion=2&Signature=x' }))?.message,
    ).toContain('Please use AWS4-HMAC-SHA256');
    expect(check(authorized('AWS4-ECDSA-P256-SHA256 Credential=A/20150830/s3/aws4_request'))).toMatchObject({
      shape: 'NotImplemented',
      status: 501,
    });
  });

  it('beside a presigned query is one mechanism too many for S3', () => {
    const wire = { ...authorized(`AWS4-HMAC-SHA256 ${complete}`), query: 'X-Amz-Algorithm=AWS4-HMAC-SHA256' };
    expect(check(wire, { wording: 's3' })?.message).toContain('Only one auth mechanism allowed');
  });
});

describe('a request without credentials', () => {
  it('is not parsed at all', () => {
    expect(parseAuthorization(wireRequest({ query: 'list-type=2' }))).toBeUndefined();
  });

  it.each<[Wording, string, string, string]>([
    ['other', 'MissingAuthenticationToken', 'InvalidClientTokenId', 'ExpiredToken'],
    ['ec2', 'MissingAuthenticationToken', 'InvalidClientTokenId', 'ExpiredToken'],
    ['s3', 'AccessDenied', 'InvalidAccessKeyId', 'ExpiredToken'],
  ])('has errors of its own in the wording of %s', (wording, missing, unknown, expired) => {
    expect(missingToken(wording).shape).toBe(missing);
    expect(unknownAccessKey(wording, 'AKIAX').shape).toBe(unknown);
    expect(expiredToken(wording).shape).toBe(expired);
  });
});

describe('the credential scope', () => {
  it('must name the Region and the service of the endpoint', () => {
    const problem = check(sign(wireRequest()), { service: 'iam', region: 'eu-west-1' });
    expect(problem).toEqual({
      shape: 'SignatureDoesNotMatch',
      message:
        "Credential should be scoped to a valid region, not 'us-east-1'. " +
        "Credential should be scoped to correct service: 'iam'. ",
    });
  });

  it('must be of the day of the request', () => {
    const wire = sign(wireRequest(), { ...signing, scope: { ...signing.scope, date: '20150829' } });
    expect(check(wire)?.message).toBe(
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        "'20150829' != '20150830', from '20150830T123600Z'.",
    );
  });

  it('must end in aws4_request', () => {
    const header = 'AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/sts/v4, SignedHeaders=host, Signature=0';
    expect(check(authorized(header))?.message).toBe(
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'v4'. ",
    );
  });

  it('tells a client of S3 the Region to use', () => {
    expect(check(sign(s3Request(), s3), { region: 'eu-west-1' })).toEqual({
      shape: 'AuthorizationHeaderMalformed',
      message:
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
      status: 400,
      fields: { Region: 'eu-west-1' },
    });
  });
});

describe('the age of a signature', () => {
  const nowMs = signedAtMs + 16 * minutes;

  it('is 15 minutes at most, in the words of most services', () => {
    const wire = sign(wireRequest());
    expect(check(wire, { nowMs: signedAtMs + 15 * minutes })).toBeUndefined();
    expect(check(wire, { nowMs })).toEqual({
      shape: 'RequestExpired',
      message:
        'Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T125200Z ' +
        '- 15 min.)',
    });
    expect(check(wire, { nowMs: signedAtMs - 6 * minutes, skewMinutes: 5 })?.message).toBe(
      'Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z ' +
        '(20150830T123000Z + 5 min.)',
    );
  });

  it('is told by S3 with both times', () => {
    expect(check(sign(s3Request(), s3), { nowMs })).toEqual({
      shape: 'RequestTimeTooSkewed',
      message: 'The difference between the request time and the current time is too large.',
      status: 403,
      fields: {
        RequestTime: '20150830T123600Z',
        ServerTime: '2015-08-30T12:52:00Z',
        MaxAllowedSkewMilliseconds: '900000',
      },
    });
  });
});

describe('a signature that does not match', () => {
  it('shows what should have been signed', () => {
    const wire = { ...sign(wireRequest()), query: 'a=b' };
    const problem = check(wire);
    expect(problem?.shape).toBe('SignatureDoesNotMatch');
    expect(problem?.message).toContain(
      'The request signature we calculated does not match the signature you provided. Check your AWS ' +
        'Secret Access ' +
        'Key and signing method. Consult the service documentation for details.',
    );
    expect(problem?.message).toContain(
      "The Canonical String for this request should have been\n'GET\n/\na=b\n",
    );
  });

  it('comes from S3 with the canonical request as fields', () => {
    const problem = check({ ...sign(s3Request(), s3), path: '/other' });
    expect(problem?.message).toBe(
      'The request signature we calculated does not match the signature you provided. Check your key ' +
        'and signing method.',
    );
    expect(problem?.fields).toMatchObject({ AWSAccessKeyId: 'AKIDEXAMPLE' });
    expect(problem?.fields?.['CanonicalRequest']).toContain('GET\n/other\n');
  });

  it('is what any change to a signed header, the path, the method or the body leads to', () => {
    const wire = sign(wireRequest({ method: 'POST', body: new TextEncoder().encode('a') }));
    expect(check(wire)).toBeUndefined();
    const changed: Partial<WireRequest>[] = [
      { headers: { ...wire.headers, host: 'other' } },
      { path: '/x' },
      { method: 'PUT' },
      { body: new TextEncoder().encode('b') },
    ];
    for (const part of changed) expect(check({ ...wire, ...part })?.shape).toBe('SignatureDoesNotMatch');
  });

  it('is found without looking at where the two differ', () => {
    expect(equalSignatures('abc', 'abc')).toBe(true);
    for (const other of ['abd', 'ab', 'abcd', '']) expect(equalSignatures('abc', other)).toBe(false);
    expect(equalSignatures('', 'abc')).toBe(false);
  });
});

describe('what must be signed', () => {
  it('is the host', () => {
    const header =
      'AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/sts/aws4_request, SignedHeaders=x, Signature=0';
    expect(check(authorized(header))?.message).toBe(
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
  });

  it('is, for S3, every x-amz- header', () => {
    const wire = sign(s3Request(), s3);
    const added = { ...wire, headers: { ...wire.headers, 'x-amz-acl': 'public-read' } };
    expect(check(added)).toMatchObject({
      shape: 'AccessDenied',
      message: 'There were headers present in the request which were not signed',
      fields: { HeadersNotSigned: 'x-amz-acl' },
    });
  });

  it('is, for S3, the hash of the payload, and the payload must have it', () => {
    const bare = sign(wireRequest({ headers: { host: 's3.amazonaws.com' } }), s3);
    expect(check(bare)?.message).toBe('Missing required header for this request: x-amz-content-sha256');
    const wrong = sign(s3Request({ 'x-amz-content-sha256': '0'.repeat(64) }), s3);
    expect(check(wrong)).toMatchObject({
      shape: 'XAmzContentSHA256Mismatch',
      fields: { ClientComputedContentSHA256: '0'.repeat(64) },
    });
    expect(check(sign(s3Request({ 'x-amz-content-sha256': 'abc' }), s3))?.shape).toBe('InvalidArgument');
  });

  it('may be computed by the edge, which has streamed the body away', () => {
    const wire = sign(wireRequest({ method: 'POST', body: new TextEncoder().encode('a') }));
    const bodySha256 = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb';
    const keyOf = signingKeyCache(primitives, 1);
    const streamed = { ...wire, body: new Uint8Array(0) };
    expect(check(streamed, { bodySha256, keyOf })).toBeUndefined();
    expect(check(streamed, { bodySha256, keyOf })).toBeUndefined();
    expect(check(streamed)?.shape).toBe('SignatureDoesNotMatch');
  });
});

describe('a presigned URL', () => {
  const presigned = (expires: string): WireRequest =>
    presign(wireRequest({ headers: { host: 's3.amazonaws.com' } }), expires, 'UNSIGNED-PAYLOAD', s3);

  it('holds until it expires', () => {
    expect(check(presigned('604800'), { nowMs: signedAtMs + 604_799_000 })).toBeUndefined();
    expect(check(presigned('60'), { nowMs: signedAtMs + 60_000 })).toEqual({
      shape: 'AccessDenied',
      message: 'Request has expired',
      status: 403,
      fields: { 'X-Amz-Expires': '60', Expires: '2015-08-30T12:37:00Z', ServerTime: '2015-08-30T12:37:00Z' },
    });
    expect(check(presigned('60'), { nowMs: signedAtMs - 16 * minutes })?.message).toBe(
      'Request is not valid yet',
    );
  });

  it.each([
    [
      '604801',
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be ' +
        'less than ' +
        '604800 seconds',
    ],
    ['-1', 'X-Amz-Expires must be non-negative'],
    ['x', 'X-Amz-Expires should be a number'],
  ])('cannot expire in %s seconds', (expires, message) => {
    expect(check(presigned(expires), { wording: 's3' })).toEqual({
      shape: 'AuthorizationQueryParametersError',
      message,
      status: 400,
    });
  });

  it('needs all its parameters', () => {
    const wire = wireRequest({ query: 'X-Amz-Algorithm=AWS4-HMAC-SHA256' });
    expect(check(wire, { wording: 's3' })?.message).toContain(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, ' +
        'X-Amz-Signature, ',
    );
    expect(check(wire)?.shape).toBe('IncompleteSignature');
  });

  it('says which part of the credential is wrong', () => {
    const query = presigned('60').query;
    const change = (from: string, to: string): string | undefined =>
      check(wireRequest({ headers: { host: 's3.amazonaws.com' }, query: query.replace(from, to) }), {
        wording: 's3',
        region: 'us-east-1',
        service: 's3',
      })?.message;
    const prefix = 'Error parsing the X-Amz-Credential parameter; ';
    expect(change('us-east-1', 'eu-west-1')).toBe(
      `${prefix}the region 'eu-west-1' is wrong; expecting 'us-east-1'`,
    );
    expect(change('%2Fs3%2F', '%2Fec2%2F')).toBe(
      `${prefix}incorrect service "ec2". This endpoint belongs to "s3".`,
    );
    expect(change('aws4_request', 'v4')).toBe(
      `${prefix}incorrect terminal "v4". This endpoint uses "aws4_request".`,
    );
    expect(change('20150830T123600Z', 'today')).toContain('X-Amz-Date must be in the ISO8601 Long Format');
    expect(change('AWS4-HMAC-SHA256', 'MD5')).toContain('X-Amz-Algorithm only supports');
  });
});
