// Signature Version 2 of Amazon S3, which it still takes in us-east-1 and which boto3 presigns URLs with there
// (docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html). That buckets of today take it is recorded: LocalStack's
// tests of presigned URLs were validated against AWS with both versions in February 2026.

import { bucketOfHost } from '../identify.ts';
import { base64, utf8 } from '../protocols/bytes.ts';
import { equalSignatures } from './canonical.ts';
import { hoisted, queryPairs } from './hoisted.ts';
import { accessDenied, mismatch } from './problems.ts';
import type { SignatureProblem } from './problems.ts';
import { formatIsoSeconds } from './timestamp.ts';
import type { WireRequest } from '../wire.ts';

export interface HmacSha1 {
  readonly hmac: (hash: 'sha1', key: Uint8Array, data: Uint8Array) => Uint8Array;
}

export interface VersionTwo {
  readonly kind: 'header' | 'query';
  readonly accessKeyId: string;
  readonly signature: string;
  readonly sessionToken?: string;
  /** Seconds since 1970, in a presigned URL. */
  readonly expires?: string;
}

const incomplete = (): SignatureProblem =>
  accessDenied('Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters');

/** Undefined where a request does not bear such a signature. */
export function parseVersionTwo(wire: WireRequest): VersionTwo | SignatureProblem | undefined {
  const [, keyInHeader, inHeader] = /^AWS ([^:]+):(.+)$/.exec(wire.headers['authorization'] ?? '') ?? [];
  if (keyInHeader !== undefined && inHeader !== undefined) {
    const sessionToken = wire.headers['x-amz-security-token'];
    const token = sessionToken === undefined ? {} : { sessionToken };
    return { kind: 'header', accessKeyId: keyInHeader, signature: inHeader, ...token };
  }
  if (wire.headers['authorization'] !== undefined || !wire.query.includes('AWSAccessKeyId')) return undefined;
  const query = new Map(queryPairs(wire.query));
  const accessKeyId = query.get('AWSAccessKeyId');
  const signature = query.get('Signature');
  const expires = query.get('Expires');
  if (!accessKeyId || !signature || !expires) return incomplete();
  const sessionToken = query.get('x-amz-security-token');
  return { kind: 'query', accessKeyId, signature, expires, ...(sessionToken ? { sessionToken } : {}) };
}

/** The parameters that are part of the resource that is signed. */
const NAMES = [
  'accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle location logging',
  'metrics notification object-lock partNumber policy replication requestPayment',
  'response-cache-control response-content-disposition response-content-encoding',
  'response-content-language response-content-type response-expires restore select select-type',
  'storageClass tagging torrent uploadId uploads versionId versioning versions website',
];
const SUBRESOURCES: ReadonlySet<string> = new Set(NAMES.flatMap((some) => some.split(' ')));

function resource(wire: WireRequest): string {
  const bucket = bucketOfHost(wire.host);
  const path = bucket === undefined ? wire.path : `/${bucket}${wire.path}`;
  const signed = queryPairs(wire.query)
    .filter(([name]) => SUBRESOURCES.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => (value === undefined ? name : `${name}=${value}`));
  return signed.length === 0 ? path : `${path}?${signed.join('&')}`;
}

/** What both sides sign. */
function stringToSign(wire: WireRequest, { kind, expires = '' }: VersionTwo): string {
  const { headers } = kind === 'query' ? hoisted(wire) : wire;
  const amz = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-amz-'))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  const date = headers['x-amz-date'] === undefined ? (headers['date'] ?? '') : '';
  return [
    wire.method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    kind === 'query' ? expires : date,
    amz.join('') + resource(wire),
  ].join('\n');
}

/** What is wrong with a presigned URL whatever its secret: `nowMs` is the wall clock of the edge. */
export function expiryOfVersionTwo({ expires }: VersionTwo, nowMs: number): SignatureProblem | undefined {
  if (expires === undefined) return undefined;
  if (!/^\d{1,11}$/.test(expires)) {
    return accessDenied('Invalid date (should be seconds since epoch): ' + expires);
  }
  const endMs = Number(expires) * 1000;
  if (nowMs <= endMs) return undefined;
  return accessDenied('Request has expired', {
    Expires: formatIsoSeconds(endMs),
    ServerTime: formatIsoSeconds(nowMs),
  });
}

/** Undefined where the request was signed with this secret. */
export function verifyVersionTwo(
  wire: WireRequest,
  parsed: VersionTwo,
  secret: string,
  { hmac }: HmacSha1,
): SignatureProblem | undefined {
  return verifyText(stringToSign(wire, parsed), parsed, secret, { hmac });
}

/** The same for a text of its own, such as the policy of a form. */
export function verifyText(
  text: string,
  { accessKeyId, signature }: Pick<VersionTwo, 'accessKeyId' | 'signature'>,
  secret: string,
  { hmac }: HmacSha1,
): SignatureProblem | undefined {
  if (equalSignatures(base64(hmac('sha1', utf8(secret), utf8(text))), signature)) return undefined;
  return mismatch('s3', { accessKeyId, stringToSign: text, signature });
}
