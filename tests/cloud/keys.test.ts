// Who signs: keys that look like AWS's and are not good, in the words of each protocol. Sources: "Common errors" of each API
// reference, "Error responses" (S3 API Reference), "Error codes" (EC2 API Reference).

import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  IAMClient,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bodyBytes } from '#cloud/body.ts';
import { Gateway } from '#cloud/gateway.ts';
import { decodeCbor } from '#contract/protocols/cbor.ts';
import { isAwsChunked } from '#contract/sigv4/chunked.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import { primitives } from '#runtime/primitives.ts';
import { presign, sign, wireRequest } from '../contract/sigv4-vectors/signer.ts';
import type { Signing } from '../contract/sigv4-vectors/signer.ts';
import { newTable, START } from '../table.ts';
import type { TestTable } from '../table.ts';

const MINUTE = 60_000;
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
/** The instant of `START`, at which everything is signed. */
const TIMESTAMP = '20260105T000000Z';

interface Keys {
  accessKeyId: string;
  secret: string;
  sessionToken?: string;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A request in each protocol, by signing name. */
const REQUESTS = {
  sts: wireRequest({
    method: 'POST',
    headers: { host: 'sts.us-east-1.amazonaws.com', 'content-type': 'application/x-www-form-urlencoded' },
    body: bytes('Action=GetCallerIdentity&Version=2011-06-15'),
  }),
  dynamodb: wireRequest({
    method: 'POST',
    headers: {
      host: 'dynamodb.us-east-1.amazonaws.com',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.ListTables',
    },
    body: bytes('{}'),
  }),
  ec2: wireRequest({
    method: 'POST',
    headers: { host: 'ec2.us-east-1.amazonaws.com', 'content-type': 'application/x-www-form-urlencoded' },
    body: bytes('Action=DescribeVpcs&Version=2016-11-15'),
  }),
  lambda: wireRequest({
    path: '/2015-03-31/functions',
    headers: { host: 'lambda.us-east-1.amazonaws.com' },
  }),
  s3: wireRequest({ headers: { host: 's3.us-east-1.amazonaws.com', 'x-amz-content-sha256': EMPTY } }),
  route53: wireRequest({
    path: '/2013-04-01/hostedzone',
    headers: { host: 'route53.amazonaws.com' },
  }),
  monitoring: wireRequest({
    method: 'POST',
    path: '/service/GraniteServiceVersion20100801/operation/ListMetrics',
    headers: {
      host: 'monitoring.us-east-1.amazonaws.com',
      'content-type': 'application/cbor',
      'smithy-protocol': 'rpc-v2-cbor',
    },
    body: Uint8Array.of(0xa0),
  }),
} as const;
type Name = keyof typeof REQUESTS;
const NAMES = Object.keys(REQUESTS) as Name[];

let table: TestTable;
let good: Keys;
let inactive: Keys;
let deleted: Keys;
let session: Keys;
let now = START;

beforeEach(() => {
  now = START;
});

async function newKeys(iam: IAMClient): Promise<Keys> {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ana' }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secret: AccessKey?.SecretAccessKey ?? '' };
}

beforeAll(async () => {
  table = newTable();
  const iam = table.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'ana' }));
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  });
  await iam.send(new PutUserPolicyCommand({ UserName: 'ana', PolicyName: 'all', PolicyDocument }));
  deleted = await newKeys(iam);
  await iam.send(new DeleteAccessKeyCommand({ UserName: 'ana', AccessKeyId: deleted.accessKeyId }));
  good = await newKeys(iam);
  inactive = await newKeys(iam);
  const off = { UserName: 'ana', AccessKeyId: inactive.accessKeyId, Status: 'Inactive' } as const;
  await iam.send(new UpdateAccessKeyCommand(off));
  const credentials = { accessKeyId: good.accessKeyId, secretAccessKey: good.secret };
  const sts = table.client(STSClient, { credentials });
  const { Credentials } = await sts.send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
  session = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secret: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
});

const signingFor = (service: string, keys: Keys, region: string = 'us-east-1'): Signing => ({
  accessKeyId: keys.accessKeyId,
  secret: keys.secret,
  scope: { date: '20260105', region, service },
  timestamp: TIMESTAMP,
});

/** The request, signed; a session's token goes with it. */
function signed(name: Name, keys: Keys, scope: string = name): WireRequest {
  const wire: WireRequest = REQUESTS[name];
  const token = keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken };
  return sign({ ...wire, headers: { ...wire.headers, ...token } }, signingFor(scope, keys));
}

/** Status and error code, as the gateway answers on a wall clock. */
function answer(wire: WireRequest, of: TestTable = table): string {
  const gateway = new Gateway(of.world, of.cloud, { primitives, wallNow: () => now });
  const given = gateway.handle(wire) as WireResponse;
  if (given.status < 300) return `${given.status}`;
  const body = bodyBytes(given.body, () => undefined);
  const text = new TextDecoder().decode(body);
  const document = (
    given.headers['content-type'] === 'application/cbor'
      ? decodeCbor(body)
      : text.startsWith('{')
        ? JSON.parse(text)
        : {}
  ) as { __type?: string };
  const code = given.headers['x-amzn-errortype'] ?? document.__type ?? /<Code>(\w+)/.exec(text)?.[1];
  return `${given.status} ${code?.split('#').at(-1)?.split(':')[0]}`;
}

const UNKNOWN: Record<Name, string> = {
  sts: '403 InvalidClientTokenId',
  dynamodb: '400 UnrecognizedClientException',
  ec2: '401 AuthFailure',
  lambda: '403 UnrecognizedClientException',
  s3: '403 InvalidAccessKeyId',
  route53: '403 InvalidClientTokenId',
  monitoring: '400 UnrecognizedClientException',
};
const EXPIRED: Record<Name, string> = {
  sts: '403 ExpiredToken',
  dynamodb: '400 ExpiredTokenException',
  ec2: '400 RequestExpired',
  lambda: '403 ExpiredTokenException',
  s3: '400 ExpiredToken',
  route53: '403 ExpiredToken',
  monitoring: '400 ExpiredTokenException',
};
const MISMATCH: Record<Name, string> = {
  sts: '403 SignatureDoesNotMatch',
  dynamodb: '400 InvalidSignatureException',
  ec2: '401 AuthFailure',
  lambda: '403 InvalidSignatureException',
  s3: '403 SignatureDoesNotMatch',
  route53: '403 SignatureDoesNotMatch',
  monitoring: '400 InvalidSignatureException',
};
const NOWHERE: Record<Name, string> = { ...MISMATCH, s3: '400 AuthorizationHeaderMalformed' };
const SKEWED: Record<Name, string> = {
  ...MISMATCH,
  ec2: '400 RequestExpired',
  s3: '403 RequestTimeTooSkewed',
};

describe.each(NAMES)('a request of %s', (name) => {
  it('is answered where its key is good, and its session', () => {
    expect(answer(signed(name, good))).toBe('200');
    expect(answer(signed(name, session))).toBe('200');
  });

  it('is refused with a key that nobody issued, that was deleted, or that is inactive', () => {
    const unknown = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secret: good.secret };
    const cutOff = { accessKeyId: 'AKIAIOSFODNN', secret: good.secret };
    for (const keys of [unknown, cutOff, deleted, inactive])
      expect(answer(signed(name, keys))).toBe(UNKNOWN[name]);
  });

  it('is refused without the token of its session, or with that of another', () => {
    const { accessKeyId, secret } = session;
    const malformed = name === 's3' ? '400 InvalidToken' : UNKNOWN[name];
    expect(answer(signed(name, { accessKeyId, secret }))).toBe(UNKNOWN[name]);
    expect(answer(signed(name, { ...session, sessionToken: `${session.sessionToken}x` }))).toBe(malformed);
    expect(answer(signed(name, { ...good, sessionToken: session.sessionToken ?? '' }))).toBe(malformed);
  });

  it('is refused after its session is over', () => {
    const later = table.fork();
    later.advance(16 * MINUTE);
    expect(answer(signed(name, session), later)).toBe(EXPIRED[name]);
    expect(answer(signed(name, good), later)).toBe('200');
  });

  it('is refused with another secret', () => {
    expect(answer(signed(name, { ...good, secret: `${good.secret}x` }))).toBe(MISMATCH[name]);
  });

  it('is refused a quarter of an hour after it was signed, or before', () => {
    for (const minutes of [16, -16]) {
      now = START + minutes * MINUTE;
      expect(answer(signed(name, good))).toBe(SKEWED[name]);
    }
    now = START + 14 * MINUTE;
    expect(answer(signed(name, good))).toBe('200');
  });

  it('is refused with a signature for no region, whosever the key is', () => {
    for (const keys of [good, { accessKeyId: 'test', secret: 'test' }]) {
      const wire = sign(REQUESTS[name], signingFor(name, keys, ''));
      expect(answer(wire)).toBe(NOWHERE[name]);
    }
  });

  it('is refused with a signature for another service', () => {
    const wire = signed(name, good, 'kms');
    // Without a target or a path of its own, a request is for whom it was signed.
    if (name === 'dynamodb') expect(answer(wire)).toBe('400 InvalidSignatureException');
    else expect(answer(wire)).not.toBe('200');
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
describe('a presigned URL', () => {
  const bare = wireRequest({ headers: { host: 's3.us-east-1.amazonaws.com' } });
  const url = (expires: string, keys: Keys = good): WireRequest =>
    presign(bare, expires, 'UNSIGNED-PAYLOAD', signingFor('s3', keys));

  it('holds until it expires, a week at most', () => {
    expect(answer(url('60'))).toBe('200');
    now = START + 61_000;
    expect(answer(url('60'))).toBe('403 AccessDenied');
    now = START - 16 * MINUTE;
    expect(answer(url('60'))).toBe('403 AccessDenied');
    now = START;
    expect(answer(url('604801'))).toBe('400 AuthorizationQueryParametersError');
  });

  it('is of no use for another path, method, or with further headers of S3', () => {
    const given = url('60');
    expect(answer({ ...given, path: '/bucket' })).toBe('403 SignatureDoesNotMatch');
    expect(answer({ ...given, method: 'PUT', path: '/bucket' })).toBe('403 SignatureDoesNotMatch');
    const headers = { ...given.headers, 'x-amz-acl': 'public-read' };
    expect(answer({ ...given, headers })).toBe('403 AccessDenied');
  });

  it('is of no use for another service, whatever headers come with it', () => {
    const declared = { ...bare, query: 'X-Amz-Content-Sha256=UNSIGNED-PAYLOAD' };
    const given = presign(declared, '60', 'UNSIGNED-PAYLOAD', signingFor('s3', good));
    expect(answer(given)).toBe('200');
    const headers = {
      ...given.headers,
      'x-amz-target': 'DynamoDB_20120810.ListTables',
      'content-type': 'application/x-amz-json-1.0',
    };
    expect(answer({ ...given, headers, body: bytes('{}') })).toBe('400 InvalidSignatureException');
  });

  it('ends with the key that signed it', () => {
    expect(answer(url('60', inactive))).toBe('403 InvalidAccessKeyId');
  });
});

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
describe('a body', () => {
  const put = (body: string, more: Record<string, string>): WireRequest =>
    sign(
      wireRequest({
        method: 'PUT',
        path: '/bodies/k',
        headers: { host: 's3.us-east-1.amazonaws.com', ...more },
        body: bytes(body),
      }),
      signingFor('s3', good),
    );

  it('must have the hash that S3 was told', () => {
    const wrong = put('x', { 'x-amz-content-sha256': EMPTY });
    expect(answer(wrong)).toBe('400 XAmzContentSHA256Mismatch');
  });

  it('may not change after it was signed', () => {
    const wire = signed('sts', good);
    const body = bytes('Action=GetCallerIdentity&Version=2011-06-15&x=y');
    expect(answer({ ...wire, body })).toBe('403 SignatureDoesNotMatch');
  });

  it('in chunks must end as its headers say, trailers too', () => {
    const chunked = (body: string, trailer?: string): WireRequest =>
      put(body, {
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '1',
        ...(trailer === undefined ? {} : { 'x-amz-trailer': trailer }),
      });
    const wire = chunked('1\r\nx\r\n0\r\n\r\n', 'x-amz-checksum-crc32');
    expect(isAwsChunked(wire)).toBe(true);
    expect(answer(wire)).toBe('400 MalformedTrailerError');
    expect(answer(chunked('1\r\nx\r\n0\r\nx-amz-acl:public-read\r\n\r\n', 'x-amz-checksum-crc32'))).toBe(
      '400 MalformedTrailerError',
    );
    expect(answer(chunked('1\r\nx\r\n', 'x-amz-checksum-crc32'))).toBe('400 IncompleteBody');
    expect(answer(chunked('2\r\nxy\r\n0\r\n\r\n', 'x-amz-checksum-crc32'))).toBe('400 IncompleteBody');
  });
});

describe('a request without a signature', () => {
  it.each(['sts', 'dynamodb', 'ec2', 'lambda', 'route53', 'monitoring'] as const)(
    'is refused by %s',
    (name) => {
      expect(answer(REQUESTS[name])).toContain('MissingAuthenticationToken');
      // What STS and SNS answer to anyone opens no other service.
      expect(answer({ ...REQUESTS[name], query: 'Action=Unsubscribe' })).toContain(
        'MissingAuthenticationToken',
      );
    },
  );
});
