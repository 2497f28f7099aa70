// Cross-origin resource sharing: the rules of a bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html

import { pathStyle } from '#contract/identify.ts';
import { utf8 } from '#contract/protocols/bytes.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Door } from '#cloud/endpoint.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketNamed, bucketOf } from './bucket.ts';
import { invalidRequest, malformedXml, notConfigured } from './faults.ts';
import { buckets } from './tables.ts';
import type { Bucket, CorsRule } from './tables.ts';

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

/** Headers for the answer to a page of another origin: none unless a rule lets it in. */
export function crossOrigin(ctx: Ctx, wire: WireRequest): Record<string, string> {
  const origin = wire.headers['origin'] ?? '';
  const bucket = bucketOfPath(ctx, wire);
  const rule = bucket && ruleFor(bucket, origin, wire.method, []);
  return rule ? allowed(rule, origin) : {};
}

function forbidden(message: string): WireResponse {
  const text = `<Error><Code>AccessForbidden</Code><Message>CORSResponse: ${message}</Message></Error>`;
  const body = utf8(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`);
  return { status: 403, headers: { 'content-type': 'application/xml' }, body };
}

/** What browsers ask before they send what a plain form could not. */
export const preflightDoor: Door = {
  path: 's3-preflight',
  claims: ({ method, headers }) =>
    method === 'OPTIONS' && 'origin' in headers && 'access-control-request-method' in headers,
  open(ctx, wire) {
    const bucket = bucketOfPath(ctx, pathStyle(wire));
    if (!bucket?.cors) return forbidden('CORS is not enabled for this bucket.');
    const { origin = '', 'access-control-request-method': method = '' } = wire.headers;
    const asked = wire.headers['access-control-request-headers'] ?? '';
    const headers = asked
      .split(',')
      .map((header) => header.trim().toLowerCase())
      .filter((header) => header !== '');
    const rule = ruleFor(bucket, origin, method, headers);
    if (!rule) {
      return forbidden(
        'This CORS request is not allowed. This is usually because the evalution of Origin, request method / ' +
          "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      );
    }
    const named = headers.length === 0 ? {} : { 'access-control-allow-headers': headers.join(', ') };
    return { status: 200, headers: { ...allowed(rule, origin), ...named }, body: new Uint8Array(0) };
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
