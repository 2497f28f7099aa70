// Reads who signed a request and how, from the Authorization header or from the query of a presigned URL.
// Nothing is verified here: the gateway routes by the scope first, and only then knows whose secret to ask
// for.

import { ALGORITHM, TERMINATOR, type CredentialScope } from './canonical.ts';
import {
  accessDenied,
  asymmetric,
  headerMalformed,
  incomplete,
  queryMalformed,
  versionTwo,
  type SignatureProblem,
  type Wording,
} from './problems.ts';
import { parseHttpDate } from '../protocols/timestamp.ts';
import { formatAmzDate, parseAmzDate } from './timestamp.ts';
import type { WireRequest } from '../wire.ts';

export interface ParsedAuthorization {
  readonly kind: 'header' | 'query';
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  /** Lower case, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string;
  readonly signedAtMs: number;
  /** Only in a presigned URL: how long it is good for. */
  readonly expiresSeconds?: number;
  readonly sessionToken?: string;
}

const WEEK_SECONDS = 604_800;
const MALFORMED_CREDENTIAL =
  'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".';

export function isProblem(value: ParsedAuthorization | SignatureProblem): value is SignatureProblem {
  return 'shape' in value;
}

/**
 * Undefined when the request carries no credentials at all. `wording` is the caller's guess from host and
 * path.
 */
export function parseAuthorization(
  wire: WireRequest,
  wording: Wording = 'other',
): ParsedAuthorization | SignatureProblem | undefined {
  const header = wire.headers['authorization'];
  const query = queryParameters(wire.query);
  const presigned = query.has('X-Amz-Algorithm') || query.has('X-Amz-Credential');
  if (header !== undefined && header !== '') {
    if (presigned && wording === 's3') return twoMechanisms(header);
    return parseHeader(wire, header, wording);
  }
  if (presigned) return parseQuery(query, wording);
  const oldStyle = query.get('SignatureVersion') === '2' || query.has('AWSAccessKeyId');
  return oldStyle && query.has('Signature') ? versionTwo(wording) : undefined;
}

function twoMechanisms(header: string): SignatureProblem {
  const message =
    'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query ' +
    'string parameter or ' +
    'the Authorization header should be specified';
  const fields = { ArgumentName: 'Authorization', ArgumentValue: header };
  return { shape: 'InvalidArgument', message, status: 400, fields };
}

/** Percent-decodes; text that cannot be decoded stays as it is, and will not match anything. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The first value of each parameter. */
function queryParameters(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  // Most requests have no query, or none that could hold credentials.
  if (!/X-Amz-|Signature/.test(query)) return parameters;
  for (const part of query.split('&')) {
    const at = part.indexOf('=');
    const name = decode(at < 0 ? part : part.slice(0, at));
    if (!parameters.has(name)) parameters.set(name, at < 0 ? '' : decode(part.slice(at + 1)));
  }
  return parameters;
}

interface Credential {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly terminator: string;
}

export function splitCredential(text: string): Credential | undefined {
  const parts = text.split('/');
  const [date = '', region = '', service = '', terminator = ''] = parts.slice(-4);
  const accessKeyId = parts.slice(0, -4).join('/');
  if (parts.length < 5 || accessKeyId === '') return undefined;
  return { accessKeyId, scope: { date, region, service }, terminator };
}

function parseHeader(
  wire: WireRequest,
  header: string,
  wording: Wording,
): ParsedAuthorization | SignatureProblem {
  const s3 = wording === 's3';
  const space = header.indexOf(' ');
  const scheme = space < 0 ? header : header.slice(0, space);
  if (scheme === 'AWS4-ECDSA-P256-SHA256') return asymmetric();
  if (scheme === 'AWS') return versionTwo(wording);
  if (s3 && scheme !== ALGORITHM) {
    const fields = { ArgumentName: 'Authorization', ArgumentValue: header };
    return { shape: 'InvalidArgument', message: 'Unsupported Authorization Type', status: 400, fields };
  }
  const components = new Map<string, string>();
  for (const component of header.slice(scheme.length).split(',')) {
    const text = component.trim();
    const at = text.indexOf('=');
    if (text === '') continue;
    if (at < 0 && s3) return headerMalformed(`the authorization component "${text}" is malformed.`);
    if (at < 0 && scheme === ALGORITHM) return incomplete(missingEqualSign(text, header));
    components.set(text.slice(0, at), text.slice(at + 1));
  }
  return fromComponents(wire, header, components, wording);
}

function missingEqualSign(component: string, header: string): string {
  return (
    `'${component}' not a valid key=value pair (missing equal-sign) in Authorization header: ` +
    `'${header}'.`
  );
}

function fromComponents(
  wire: WireRequest,
  header: string,
  components: ReadonlyMap<string, string>,
  wording: Wording,
): ParsedAuthorization | SignatureProblem {
  const s3 = wording === 's3';
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !components.get(name));
  if (s3 && missing.length > 0) {
    return headerMalformed(
      'the authorization header requires three components: Credential, SignedHeaders, and Signature.',
    );
  }
  const timestamp = headerTimestamp(wire);
  if (missing.length > 0 || (timestamp === undefined && !s3)) {
    const complaints = missing.map((name) => `Authorization header requires '${name}' parameter.`);
    if (timestamp === undefined) {
      complaints.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    }
    return incomplete(`${complaints.join(' ')} Authorization=${header}`);
  }
  if (timestamp === undefined)
    return accessDenied('AWS authentication requires a valid Date or x-amz-date header');
  const text = components.get('Credential') ?? '';
  const credential = splitCredential(text);
  if (credential === undefined) return s3 ? headerMalformed(MALFORMED_CREDENTIAL) : notFiveElements(text);
  if (credential.terminator !== TERMINATOR) {
    return s3
      ? headerMalformed(`incorrect terminal "${credential.terminator}". This endpoint uses "${TERMINATOR}".`)
      : wrongTerminator(credential.terminator);
  }
  const sessionToken = wire.headers['x-amz-security-token'];
  return {
    kind: 'header',
    accessKeyId: credential.accessKeyId,
    scope: credential.scope,
    signedHeaders: (components.get('SignedHeaders') ?? '').toLowerCase().split(';'),
    signature: components.get('Signature') ?? '',
    ...timestamp,
    ...(sessionToken !== undefined && { sessionToken }),
  };
}

function notFiveElements(credential: string): SignatureProblem {
  return incomplete(
    `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, ` +
      `got '${credential}'`,
  );
}

function wrongTerminator(terminator: string): SignatureProblem {
  return {
    shape: 'SignatureDoesNotMatch',
    message: `Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${terminator}'. `,
  };
}

function headerTimestamp(
  wire: WireRequest,
): Pick<ParsedAuthorization, 'timestamp' | 'signedAtMs'> | undefined {
  const text = wire.headers['x-amz-date'] ?? wire.headers['date'] ?? '';
  const signedAtMs = parseAmzDate(text);
  if (signedAtMs !== undefined) return { timestamp: text, signedAtMs };
  const dated = parseHttpDate(text);
  return dated === undefined ? undefined : { timestamp: formatAmzDate(dated), signedAtMs: dated };
}

const REQUIRED = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-Date',
  'X-Amz-SignedHeaders',
];

function parseQuery(
  query: ReadonlyMap<string, string>,
  wording: Wording,
): ParsedAuthorization | SignatureProblem {
  const s3 = wording === 's3';
  if (query.get('X-Amz-Algorithm') === 'AWS4-ECDSA-P256-SHA256') return asymmetric();
  const required = s3 ? [...REQUIRED, 'X-Amz-Expires'] : REQUIRED;
  const missing = required.filter((name) => !query.get(name));
  if (missing.length > 0) {
    if (!s3) {
      return incomplete(
        missing.map((name) => `AWS query-string parameters must include '${name}'.`).join(' '),
      );
    }
    return queryMalformed(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, ' +
        'X-Amz-Signature, ' +
        'X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  }
  if (query.get('X-Amz-Algorithm') !== ALGORITHM) {
    return s3
      ? queryMalformed('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"')
      : incomplete(`Unsupported AWS 'algorithm': '${query.get('X-Amz-Algorithm')}'.`);
  }
  const text = query.get('X-Amz-Credential') ?? '';
  const credential = splitCredential(text);
  if (credential === undefined) {
    return s3
      ? queryMalformed(`Error parsing the X-Amz-Credential parameter; ${MALFORMED_CREDENTIAL}`)
      : notFiveElements(text);
  }
  if (credential.terminator !== TERMINATOR) {
    const detail = `incorrect terminal "${credential.terminator}". This endpoint uses "${TERMINATOR}".`;
    return s3
      ? queryMalformed(`Error parsing the X-Amz-Credential parameter; ${detail}`)
      : wrongTerminator(credential.terminator);
  }
  return presignedBy(credential, query, wording);
}

function presignedBy(
  { accessKeyId, scope }: Credential,
  query: ReadonlyMap<string, string>,
  wording: Wording,
): ParsedAuthorization | SignatureProblem {
  const timestamp = query.get('X-Amz-Date') ?? '';
  const signedAtMs = parseAmzDate(timestamp);
  if (signedAtMs === undefined) {
    const message = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"";
    return wording === 's3' ? queryMalformed(message) : incomplete(message);
  }
  const expires = query.get('X-Amz-Expires');
  const problem = expires === undefined ? undefined : expiryProblem(expires);
  if (problem !== undefined) return wording === 's3' ? queryMalformed(problem) : incomplete(problem);
  const sessionToken = query.get('X-Amz-Security-Token');
  return {
    kind: 'query',
    accessKeyId,
    scope,
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').toLowerCase().split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    timestamp,
    signedAtMs,
    ...(expires !== undefined && { expiresSeconds: Number(expires) }),
    ...(sessionToken !== undefined && { sessionToken }),
  };
}

function expiryProblem(expires: string): string | undefined {
  if (!/^-?\d+$/.test(expires)) return 'X-Amz-Expires should be a number';
  if (expires.startsWith('-')) return 'X-Amz-Expires must be non-negative';
  if (Number(expires) <= WEEK_SECONDS) return undefined;
  return (
    'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be ' +
    'less than ' +
    `${WEEK_SECONDS} seconds`
  );
}
