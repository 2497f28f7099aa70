// The canonical request, the string to sign and the signing key of AWS Signature Version 4
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).

import { textOf } from '../protocols/bytes.ts';
import type { WireRequest } from '../wire.ts';

/** What this folder needs computed and may not import; the world's own primitives satisfy it. */
export interface SigningPrimitives {
  readonly sha256: (data: string | Uint8Array) => Uint8Array;
  readonly hmacSha256: (key: string | Uint8Array, data: string | Uint8Array) => Uint8Array;
}

export interface CredentialScope {
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export const ALGORITHM = 'AWS4-HMAC-SHA256';
export const TERMINATOR = 'aws4_request';
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Percent-encodes all but the unreserved characters of RFC 3986, as SigV4 does. */
function uriEncode(text: string): string {
  if (/^[\w\-.~]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Brings text that is already percent-encoded to the one form that both sides sign: unreserved characters
 * bare, all others encoded once with upper-case digits. Works without decoding, because a path or query may
 * hold bytes that are not UTF-8.
 */
function reencode(raw: string): string {
  return raw.replaceAll(/%([0-9A-Fa-f]{2})|[^\w\-.~%]+|%/g, (part, digits: string | undefined) => {
    if (digits === undefined) return uriEncode(part);
    const char = String.fromCharCode(Number.parseInt(digits, 16));
    return /[\w\-.~]/.test(char) ? char : part.toUpperCase();
  });
}

/** Removes empty and dot segments, as every service but S3 does before it signs. */
function normalizePath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const trailing = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${trailing}`;
}

/** How one service derives the canonical path. */
export interface PathRules {
  readonly normalize: boolean;
  /** The path as sent is encoded a second time. */
  readonly encodeTwice: boolean;
}

/**
 * Amazon S3 signs the path as it is and encodes it once
 * (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
 */
export function pathRules(service: string): PathRules {
  const plain = service === 's3' || service === 's3-object-lambda' || service === 's3-outposts';
  return { normalize: !plain, encodeTwice: !plain };
}

function canonicalPath(path: string, rules: PathRules): string {
  const normal = rules.normalize ? normalizePath(path) : path;
  const encode = rules.encodeTwice ? uriEncode : reencode;
  // Encoded once means decoded first, slashes too.
  const plain = rules.encodeTwice ? normal : normal.replaceAll(/%2f/gi, '/');
  const encoded = plain.split('/').map(encode).join('/');
  return encoded === '' ? '/' : encoded;
}

function byteOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Sorted by encoded name, then by encoded value. The signature of a presigned URL is not part of what it
 * signs.
 */
function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs: [name: string, value: string][] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    // A plus sign is a space here: the servers decode it so, and curl signs it so.
    const name = reencode((at < 0 ? part : part.slice(0, at)).replaceAll('+', '%20'));
    if (name === 'X-Amz-Signature') continue;
    pairs.push([name, at < 0 ? '' : reencode(part.slice(at + 1).replaceAll('+', '%20'))]);
  }
  pairs.sort((a, b) => byteOrder(a[0], b[0]) || byteOrder(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

/** Sockets hand over bytes as characters of ISO 8859-1; clients sign the text, which is UTF-8 wherever it can be. */
function asText(value: string | undefined): string | undefined {
  if (value === undefined || !/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value;
  return textOf(Uint8Array.from(value, (char) => char.charCodeAt(0))) ?? value;
}

/** The value of a header as it is signed: the Host header with its port, which `WireRequest.host` lacks. */
function signedHeaderValue(wire: WireRequest, name: string): string | undefined {
  const value = wire.headers[name] ?? (name === 'host' || name === ':authority' ? wire.host : undefined);
  return asText(value)?.trim().replaceAll(/\s+/g, ' ');
}

export function canonicalRequest(
  wire: WireRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
  rules: PathRules,
): string {
  const headers = signedHeaders.map((name) => `${name}:${signedHeaderValue(wire, name) ?? ''}\n`);
  return [
    wire.method,
    canonicalPath(wire.path, rules),
    canonicalQuery(wire.query),
    headers.join(''),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

export function scopeText(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/${TERMINATOR}`;
}

export function stringToSign(
  primitives: SigningPrimitives,
  timestamp: string,
  scope: CredentialScope,
  canonical: string,
): string {
  return `${ALGORITHM}\n${timestamp}\n${scopeText(scope)}\n${toHex(primitives.sha256(canonical))}`;
}

export function signingKey(
  primitives: SigningPrimitives,
  secret: string,
  scope: CredentialScope,
): Uint8Array {
  const { hmacSha256 } = primitives;
  const dateKey = hmacSha256(`AWS4${secret}`, scope.date);
  const serviceKey = hmacSha256(hmacSha256(dateKey, scope.region), scope.service);
  return hmacSha256(serviceKey, TERMINATOR);
}

/**
 * Derives signing keys and keeps the last `limit`: a key holds for a day, and deriving it costs four HMACs.
 */
export function signingKeyCache(
  primitives: SigningPrimitives,
  limit = 1000,
): (secret: string, scope: CredentialScope) => Uint8Array {
  const keys = new Map<string, Uint8Array>();
  return (secret, scope) => {
    const name = `${scopeText(scope)}\n${secret}`;
    const known = keys.get(name);
    if (known !== undefined) return known;
    if (keys.size >= limit) keys.clear();
    const key = signingKey(primitives, secret, scope);
    keys.set(name, key);
    return key;
  };
}

/** Compares two signatures in a time that does not tell where they differ. */
export function equalSignatures(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at += 1)
    difference |= a.charCodeAt(at) ^ b.charCodeAt(at % (b.length || 1));
  return difference === 0;
}
