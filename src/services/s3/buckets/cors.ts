// Cross-origin resource sharing: the rules of a bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html

import { writeFault } from '#contract/codec.ts';
import { Fault } from '#contract/fault.ts';
import { pathStyle } from '#contract/identify.ts';
import { loadContract } from '#contract/load.ts';
import { s3Ids } from '#contract/protocols/rest-xml.ts';
import type { WireRequest } from '#contract/wire.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Door } from '#cloud/endpoint.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketNamed, bucketOf } from '../bucket.ts';
import { invalidRequest, malformedXml, notConfigured } from '../faults.ts';
import { buckets } from '../tables.ts';
import type { Bucket, CorsRule } from '../tables.ts';

const MOST_RULES = 100;
const METHODS = new Set(['GET', 'PUT', 'HEAD', 'POST', 'DELETE']);

function checkRule({
  AllowedMethods,
  AllowedOrigins,
  AllowedHeaders = [],
  ExposeHeaders = [],
}: CorsRule): void {
  const wrong = AllowedMethods.find((method) => !METHODS.has(method));
  if (wrong !== undefined) {
    throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${wrong}`);
  }
  for (const [name, values] of [
    ['AllowedOrigin', AllowedOrigins],
    ['AllowedHeader', AllowedHeaders],
  ] as const) {
    const bad = values.find((value) => value.split('*').length > 2);
    if (bad !== undefined) throw invalidRequest(`${name} "${bad}" can not have more than one wildcard.`);
  }
  const bad = ExposeHeaders.find((header) => header.includes('*'));
  if (bad !== undefined)
    throw invalidRequest(
      `ExposeHeader "${bad}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
    );
}

// ---- In answers to web pages ----

/** Whether a pattern with one `*` at most fits. */
function fits(pattern: string, text: string): boolean {
  const [start = '', end] = pattern.split('*');
  if (end === undefined) return pattern === text;
  return text.length >= start.length + end.length && text.startsWith(start) && text.endsWith(end);
}

function ruleFor(
  { cors = [] }: Bucket,
  origin: string,
  method: string,
  headers: readonly string[],
): CorsRule | undefined {
  return cors.find(
    ({ AllowedOrigins, AllowedMethods, AllowedHeaders = [] }) =>
      AllowedOrigins.some((one) => fits(one, origin)) &&
      AllowedMethods.includes(method) &&
      headers.every((header) => AllowedHeaders.some((one) => fits(one.toLowerCase(), header))),
  );
}

function allowed(rule: CorsRule, origin: string): Record<string, string> {
  const { AllowedOrigins, AllowedMethods, ExposeHeaders = [], MaxAgeSeconds } = rule;
  const everybody = AllowedOrigins.includes('*');
  return {
    'access-control-allow-origin': everybody ? '*' : origin,
    'access-control-allow-methods': AllowedMethods.join(', '),
    ...(everybody ? {} : { 'access-control-allow-credentials': 'true' }),
    ...(ExposeHeaders.length === 0 ? {} : { 'access-control-expose-headers': ExposeHeaders.join(', ') }),
    ...(MaxAgeSeconds === undefined ? {} : { 'access-control-max-age': String(MaxAgeSeconds) }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  };
}

function bucketOfPath(ctx: Ctx, { path }: WireRequest): Bucket | undefined {
  return bucketNamed(ctx, path.split('/')[1] ?? '')?.bucket;
}

/** The headers that a page wants to send, in lower case. */
function askedHeaders({ headers }: WireRequest): string[] {
  return (headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((header) => header.trim().toLowerCase())
    .filter((header) => header !== '');
}

/**
 * Headers for the answer to a page of another origin: none unless a rule lets it in. S3 looks at what only preflight requests
 * should say, too (LocalStack's test_cors_match_methods and test_cors_match_headers, recorded from AWS).
 */
export function crossOrigin(ctx: Ctx, wire: WireRequest): Record<string, string> {
  const { origin = '', 'access-control-request-method': method = wire.method } = wire.headers;
  const bucket = bucketOfPath(ctx, wire);
  const rule = bucket && ruleFor(bucket, origin, method, askedHeaders(wire));
  return rule ? allowed(rule, origin) : {};
}

const NOT_ALLOWED =
  'This CORS request is not allowed. This is usually because the evalution of Origin, request method / ' +
  "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";

/** What a preflight request gets, or S3's errors; LocalStack's tests/aws/services/s3/test_s3_cors.py, recorded from AWS. */
function preflight(ctx: Ctx, wire: WireRequest): Record<string, string> {
  const { origin, 'access-control-request-method': method } = wire.headers;
  if (origin === undefined) {
    const message = 'Insufficient information. Origin request header needed.';
    throw new Fault('BadRequest', message, { status: 400 });
  }
  const forbidden = (message: string, ResourceType: string): Fault => {
    const fields = { Method: method ?? wire.method, ResourceType };
    return new Fault('AccessForbidden', `CORSResponse: ${message}`, { status: 403, fields });
  };
  const bucket = bucketOfPath(ctx, wire);
  if (!bucket) throw forbidden('Bucket not found', 'BUCKET');
  if (!bucket.cors) throw forbidden('CORS is not enabled for this bucket.', 'BUCKET');
  const headers = askedHeaders(wire);
  const rule = ruleFor(bucket, origin, method ?? '', headers);
  if (!rule) throw forbidden(NOT_ALLOWED, /^\/[^/]+\/./.test(wire.path) ? 'OBJECT' : 'BUCKET');
  const named = headers.length === 0 ? {} : { 'access-control-allow-headers': headers.join(', ') };
  return { ...allowed(rule, origin), ...named };
}

/** What browsers ask before they send what a plain form could not. */
export const preflightDoor: Door = {
  path: 's3-preflight',
  claims: ({ method }) => method === 'OPTIONS',
  open(ctx, wire) {
    const requestId = ctx.uuid('s3-preflight');
    try {
      const headers = { ...preflight(ctx, pathStyle(wire)), ...s3Ids(requestId) };
      return { status: 200, headers, body: new Uint8Array(0) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return writeFault({ contract: loadContract('s3'), protocol: 'rest-xml', requestId }, error);
    }
  },
};

export const corsOperations: Operations<'s3'> = {
  PutBucketCors(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { CORSRules } = input.CORSConfiguration;
    if (CORSRules.length === 0 || CORSRules.length > MOST_RULES) throw malformedXml();
    for (const rule of CORSRules) checkRule(rule);
    at.update(buckets, bucket, { cors: CORSRules });
  },

  GetBucketCors(ctx, input) {
    const { name, cors } = bucketOf(ctx, input).bucket;
    if (!cors) throw notConfigured('NoSuchCORSConfiguration', 'The CORS configuration does not exist', name);
    return { CORSRules: cors };
  },

  DeleteBucketCors(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { cors: _, ...rest } = bucket;
    at.put(buckets, rest);
  },
};
