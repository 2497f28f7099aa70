// Verifies a signature that `parseAuthorization` has read. Pure: hashing and the wall-clock instant are
// handed in, because clients sign with the time of their own machine, never with the world's.

import type { ParsedAuthorization } from './authorization.ts';
import {
  canonicalRequest,
  equalSignatures,
  pathRules,
  signingKey,
  stringToSign,
  toHex,
  UNSIGNED_PAYLOAD,
  type CredentialScope,
  type PathRules,
  type SigningPrimitives,
} from './canonical.ts';
import {
  accessDenied,
  headerMalformed,
  incomplete,
  mismatch,
  queryMalformed,
  skewed,
  type SignatureProblem,
  type Wording,
} from './problems.ts';
import { hoisted } from './hoisted.ts';
import { formatIsoSeconds } from './timestamp.ts';
import type { WireRequest } from '../wire.ts';

export interface VerifyOptions {
  readonly primitives: SigningPrimitives;
  /** Wall-clock time of the edge, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly wording?: Wording;
  /** The signing name of the service that was called; another one in the scope is refused. */
  readonly service?: string;
  /** The Region of the endpoint; another one in the scope is refused. */
  readonly region?: string;
  /**
   * Default 15: what S3 documents, and what STS and ECR were seen to answer; several services allow 5 only.
   */
  readonly skewMinutes?: number;
  /** SHA-256 of the body in hexadecimal, where the edge has streamed it away. */
  readonly bodySha256?: string;
  /** Paths of the service, where they are not what its signing name says. */
  readonly path?: PathRules;
  /** A `signingKeyCache`. */
  readonly keyOf?: (secret: string, scope: CredentialScope) => Uint8Array;
}

/** `STREAMING-…`: the body is framed by aws-chunked, and `chunked.ts` verifies the frames. */
const STREAMING = new Set([
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
]);

/** Undefined when the request was signed with this secret, for this endpoint, not too long ago. */
export function verifySignature(
  wire: WireRequest,
  parsed: ParsedAuthorization,
  secret: string,
  options: VerifyOptions,
): SignatureProblem | undefined {
  const wording = options.wording ?? (parsed.scope.service === 's3' ? 's3' : 'other');
  return (
    scopeProblem(parsed, wording, options) ??
    ageProblem(parsed, wording, options) ??
    signedHeadersProblem(wire, parsed, wording) ??
    contentHeaderProblem(wire, parsed, wording) ??
    signatureProblem(whole(wire, parsed, wording), parsed, secret, wording, options) ??
    payloadProblem(wire, wording, options)
  );
}

/** What a presigned URL of S3's must be even if it is not signed with a secret of ours: in time, and with no other headers. */
export function checkPresigned(
  wire: WireRequest,
  parsed: ParsedAuthorization,
  nowMs: number,
): SignatureProblem | undefined {
  return ageProblem(parsed, 's3', { nowMs }) ?? signedHeadersProblem(wire, parsed, 's3');
}

/** Headers that are signed may stand among the parameters. */
function whole(wire: WireRequest, { kind }: ParsedAuthorization, wording: Wording): WireRequest {
  return kind === 'query' && wording === 's3' ? hoisted(wire) : wire;
}

function scopeProblem(
  parsed: ParsedAuthorization,
  wording: Wording,
  { service, region }: VerifyOptions,
): SignatureProblem | undefined {
  const { scope, timestamp } = parsed;
  if (wording === 's3') return s3ScopeProblem(parsed, service, region);
  const complaints: string[] = [];
  if (region !== undefined && scope.region !== region) {
    complaints.push(`Credential should be scoped to a valid region, not '${scope.region}'. `);
  }
  if (service !== undefined && scope.service !== service) {
    complaints.push(`Credential should be scoped to correct service: '${service}'. `);
  }
  if (scope.date !== timestamp.slice(0, 8)) {
    complaints.push(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ` +
        `'${scope.date}' != ` +
        `'${timestamp.slice(0, 8)}', from '${timestamp}'.`,
    );
  }
  return complaints.length === 0
    ? undefined
    : { shape: 'SignatureDoesNotMatch', message: complaints.join('') };
}

/** A scope must name a region before anything is asked of it: no endpoint has none. */
export function regionProblem(
  { kind, scope }: ParsedAuthorization,
  wording: Wording,
): SignatureProblem | undefined {
  if (scope.region !== '') return undefined;
  if (wording !== 's3')
    return { shape: 'SignatureDoesNotMatch', message: 'Credential should be scoped to a valid region. ' };
  return malformedFor(kind)("the region '' is wrong");
}

function s3ScopeProblem(
  { kind, scope, timestamp }: ParsedAuthorization,
  service: string | undefined,
  region: string | undefined,
): SignatureProblem | undefined {
  const malformed = malformedFor(kind);
  if (!/^\d{8}$/.test(scope.date)) {
    return malformed(
      `incorrect date format "${scope.date}". This date in the credential must be in the format "yyyyMMdd".`,
    );
  }
  if (service !== undefined && scope.service !== service) {
    return malformed(`incorrect service "${scope.service}". This endpoint belongs to "${service}".`);
  }
  if (region !== undefined && scope.region !== region) {
    return malformed(`the region '${scope.region}' is wrong; expecting '${region}'`, { Region: region });
  }
  if (scope.date !== timestamp.slice(0, 8)) {
    return malformed(
      `Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: ` +
        `"${timestamp.slice(0, 8)}".`,
    );
  }
  return undefined;
}

function ageProblem(
  { kind, expiresSeconds, signedAtMs, timestamp }: ParsedAuthorization,
  wording: Wording,
  { nowMs, skewMinutes = 15 }: Pick<VerifyOptions, 'nowMs' | 'skewMinutes'>,
): SignatureProblem | undefined {
  const skewMs = skewMinutes * 60_000;
  if (kind === 'header' || expiresSeconds === undefined) {
    if (Math.abs(nowMs - signedAtMs) <= skewMs) return undefined;
    return skewed(wording, timestamp, signedAtMs, nowMs, skewMinutes);
  }
  if (signedAtMs - nowMs > skewMs) {
    if (wording !== 's3') return skewed(wording, timestamp, signedAtMs, nowMs, skewMinutes);
    return accessDenied('Request is not valid yet', {
      'X-Amz-Expires': String(expiresSeconds),
      ServerTime: formatIsoSeconds(nowMs),
    });
  }
  const endMs = signedAtMs + expiresSeconds * 1000;
  if (nowMs < endMs) return undefined;
  if (wording !== 's3') return skewed(wording, timestamp, signedAtMs, nowMs, expiresSeconds / 60);
  return accessDenied('Request has expired', {
    'X-Amz-Expires': String(expiresSeconds),
    Expires: formatIsoSeconds(endMs),
    ServerTime: formatIsoSeconds(nowMs),
  });
}

/** What must be covered by the signature: the host always, and for S3 every `x-amz-` header that was sent. */
function signedHeadersProblem(
  wire: WireRequest,
  parsed: ParsedAuthorization,
  wording: Wording,
): SignatureProblem | undefined {
  const signed = new Set(parsed.signedHeaders);
  const host = signed.has('host') || signed.has(':authority');
  if (wording !== 's3') {
    if (host) return undefined;
    return incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const free = parsed.kind === 'query' ? 'x-amz-content-sha256' : undefined;
  const unsigned = Object.keys(wire.headers).filter(
    (name) => name.startsWith('x-amz-') && !signed.has(name) && name !== free,
  );
  if (!host) unsigned.unshift('host');
  if (unsigned.length === 0) return undefined;
  return accessDenied('There were headers present in the request which were not signed', {
    HeadersNotSigned: unsigned.join(', '),
  });
}

/** S3 wants to be told what the payload is before it looks at anything else. */
function contentHeaderProblem(
  wire: WireRequest,
  { kind }: ParsedAuthorization,
  wording: Wording,
): SignatureProblem | undefined {
  if (wording !== 's3') return undefined;
  const declared = wire.headers['x-amz-content-sha256'];
  if (declared === undefined) {
    if (kind === 'query') return undefined;
    const message = 'Missing required header for this request: x-amz-content-sha256';
    return { shape: 'InvalidRequest', message, status: 400 };
  }
  if (declared === UNSIGNED_PAYLOAD || STREAMING.has(declared) || /^[0-9a-f]{64}$/.test(declared))
    return undefined;
  if (declared.startsWith('STREAMING-AWS4-ECDSA')) {
    return { shape: 'NotImplemented', message: `${declared} is not modelled.`, status: 501 };
  }
  return {
    shape: 'InvalidArgument',
    message:
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, ' +
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid ' +
      'sha256 value.',
    status: 400,
    fields: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: declared },
  };
}

function payloadHashOf(
  wire: WireRequest,
  parsed: ParsedAuthorization,
  wording: Wording,
  options: VerifyOptions,
): string {
  const declared = wire.headers['x-amz-content-sha256'];
  if (wording === 's3') return declared ?? UNSIGNED_PAYLOAD;
  // Operations that the model marks as `unsignedPayload` say so; all others are held to the bytes that
  // arrived.
  if (declared === UNSIGNED_PAYLOAD || (declared !== undefined && STREAMING.has(declared))) return declared;
  if (parsed.kind === 'query' && wire.query.includes(`X-Amz-Content-Sha256=${UNSIGNED_PAYLOAD}`)) {
    return UNSIGNED_PAYLOAD;
  }
  return options.bodySha256 ?? toHex(options.primitives.sha256(wire.body));
}

function signatureProblem(
  wire: WireRequest,
  parsed: ParsedAuthorization,
  secret: string,
  wording: Wording,
  options: VerifyOptions,
): SignatureProblem | undefined {
  const { primitives } = options;
  const rules = options.path ?? pathRules(parsed.scope.service);
  const hash = payloadHashOf(wire, parsed, wording, options);
  const canonical = canonicalRequest(wire, parsed.signedHeaders, hash, rules);
  const text = stringToSign(primitives, parsed.timestamp, parsed.scope, canonical);
  const key = options.keyOf?.(secret, parsed.scope) ?? signingKey(primitives, secret, parsed.scope);
  if (equalSignatures(toHex(primitives.hmacSha256(key, text)), parsed.signature)) return undefined;
  return mismatch(wording, {
    accessKeyId: parsed.accessKeyId,
    stringToSign: text,
    signature: parsed.signature,
    canonicalRequest: canonical,
  });
}

/** S3 compares the declared hash with the bytes only after the signature over the declaration has held. */
function payloadProblem(
  wire: WireRequest,
  wording: Wording,
  { primitives, bodySha256 }: VerifyOptions,
): SignatureProblem | undefined {
  const declared = wire.headers['x-amz-content-sha256'];
  if (wording !== 's3' || declared === undefined || !/^[0-9a-f]{64}$/.test(declared)) return undefined;
  const computed = bodySha256 ?? toHex(primitives.sha256(wire.body));
  if (computed === declared) return undefined;
  return {
    shape: 'XAmzContentSHA256Mismatch',
    message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
    status: 400,
    fields: { ClientComputedContentSHA256: declared, S3ComputedContentSHA256: computed },
  };
}

/** How S3 words what is wrong in a header or in a query string. */
function malformedFor(kind: ParsedAuthorization['kind']): typeof headerMalformed {
  if (kind === 'header') return headerMalformed;
  return (detail, fields) =>
    queryMalformed(`Error parsing the X-Amz-Credential parameter; ${detail}`, fields);
}
