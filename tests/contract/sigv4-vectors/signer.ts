// A signer for tests only: what a client does, built from the canonical forms that the verifier checks.

import { createHash, createHmac } from 'node:crypto';
import {
  canonicalRequest,
  pathRules,
  scopeText,
  signingKey,
  stringToSign,
  toHex,
  type CredentialScope,
  type SigningPrimitives,
} from '../../../src/contract/sigv4/canonical.ts';
import type { WireRequest } from '../../../src/contract/wire.ts';

export const primitives: SigningPrimitives = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
};

export function wireRequest(parts: Partial<WireRequest> = {}): WireRequest {
  const headers: Record<string, string> = { host: 'sts.us-east-1.amazonaws.com', ...parts.headers };
  const host = (headers['host'] ?? '').split(':')[0] ?? '';
  return { method: 'GET', path: '/', query: '', body: new Uint8Array(0), host, ...parts, headers };
}

export interface Signing {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly scope: CredentialScope;
  readonly timestamp: string;
}

export const signing: Signing = {
  accessKeyId: 'AKIDEXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  scope: { date: '20150830', region: 'us-east-1', service: 'sts' },
  timestamp: '20150830T123600Z',
};

/** Adds X-Amz-Date and Authorization; signs every header that is there. */
export function sign(unsigned: WireRequest, by: Signing = signing): WireRequest {
  const headers: Record<string, string> = { ...unsigned.headers, 'x-amz-date': by.timestamp };
  const wire = { ...unsigned, headers };
  const names = Object.keys(headers).toSorted();
  const hash = headers['x-amz-content-sha256'] ?? toHex(primitives.sha256(wire.body));
  const signature = signatureOf(wire, names, hash, by);
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${by.accessKeyId}/${scopeText(by.scope)}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...wire, headers: { ...headers, authorization } };
}

/** A presigned request; `hash` is what S3 clients leave unsigned and all others take from the body. */
export function presign(
  wire: WireRequest,
  expires: string,
  hash: string,
  by: Signing = signing,
): WireRequest {
  const credential = encodeURIComponent(`${by.accessKeyId}/${scopeText(by.scope)}`);
  const parameters = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${credential}`,
    `X-Amz-Date=${by.timestamp}`,
    `X-Amz-Expires=${expires}`,
    'X-Amz-SignedHeaders=host',
  ];
  const query = [wire.query, ...parameters].filter((part) => part !== '').join('&');
  const signature = signatureOf({ ...wire, query }, ['host'], hash, by);
  return { ...wire, query: `${query}&X-Amz-Signature=${signature}` };
}

function signatureOf(wire: WireRequest, names: readonly string[], hash: string, by: Signing): string {
  const canonical = canonicalRequest(wire, names, hash, pathRules(by.scope.service));
  const text = stringToSign(primitives, by.timestamp, by.scope, canonical);
  return toHex(primitives.hmacSha256(signingKey(primitives, by.secret, by.scope), text));
}
