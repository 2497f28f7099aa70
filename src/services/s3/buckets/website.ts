// Websites: a bucket's objects as pages, with an index, an error page and redirects.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html

import { Fault } from '#contract/fault.ts';
import { percentDecoded, utf8 } from '#contract/protocols/bytes.ts';
import { s3Ids } from '#contract/protocols/rest-xml.ts';
import { formatHttpDate, parseHttpDate } from '#contract/protocols/timestamp.ts';
import { escapeXml } from '#contract/protocols/xml.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Door } from '#cloud/endpoint.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketNamed, bucketOf } from '../bucket.ts';
import type { Place } from '../bucket.ts';
import { invalidArgument, invalidRequest, malformedXml, noSuchBucket, notConfigured } from '../faults.ts';
import { encodedKey } from '../objects/listing.ts';
import { buckets } from '../tables.ts';
import type { Website } from '../tables.ts';

type Rule = NonNullable<Website['RoutingRules']>[number];

const PROTOCOLS: ReadonlySet<string> = new Set(['http', 'https']);

function checkWebsite({
  IndexDocument,
  RedirectAllRequestsTo: all,
  ErrorDocument,
  RoutingRules,
}: Website): void {
  if (all) {
    if (!IndexDocument && !ErrorDocument && !RoutingRules) return;
    const message = 'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.';
    throw invalidArgument('RedirectAllRequestsTo', 'not null', message);
  }
  if (!IndexDocument) {
    const message = 'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty';
    throw invalidArgument('IndexDocument', 'null', message);
  }
  if (IndexDocument.Suffix === '' || IndexDocument.Suffix.includes('/')) {
    const message = 'The IndexDocument Suffix is not well formed';
    throw invalidArgument('IndexDocument', IndexDocument.Suffix, message);
  }
  if (RoutingRules?.length === 0) throw malformedXml();
  for (const rule of RoutingRules ?? []) checkRule(rule);
}

/** LocalStack's test_validate_website_configuration, recorded from AWS. */
function checkRule({ Redirect: to, Condition: condition }: Rule): void {
  if (to.Protocol !== undefined && !PROTOCOLS.has(to.Protocol))
    throw invalidRequest(
      'Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.',
    );
  if (to.ReplaceKeyWith !== undefined && to.ReplaceKeyPrefixWith !== undefined)
    throw invalidRequest('You can only define ReplaceKeyPrefix or ReplaceKey but not both.');
  if (
    condition?.KeyPrefixEquals === undefined &&
    condition?.HttpErrorCodeReturnedEquals === undefined &&
    condition
  )
    throw invalidRequest(
      'Condition cannot be empty. To redirect all requests without a condition, the condition element ' +
        "shouldn't be present.",
    );
}

const noSuchWebsite = (name: string): Fault =>
  notConfigured(
    'NoSuchWebsiteConfiguration',
    'The specified bucket does not have a website configuration',
    name,
  );

export const websiteOperations: Operations<'s3'> = {
  PutBucketWebsite(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    checkWebsite(input.WebsiteConfiguration);
    at.update(buckets, bucket, { website: input.WebsiteConfiguration });
  },

  GetBucketWebsite(ctx, input) {
    const { name, website } = bucketOf(ctx, input).bucket;
    if (website) return website;
    throw noSuchWebsite(name);
  },

  DeleteBucketWebsite(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { website: _, ...rest } = bucket;
    at.put(buckets, rest);
  },
};

// ---- The endpoint: https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html ----

const HOST =
  /^(.+)\.s3-website(?:[.-]([a-z0-9-]+)\.amazonaws\.com|(?:[.-]([a-z0-9-]+))?\.localhost(?:\.localstack\.cloud)?)$/;

/** How the titles of S3's pages call them. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
};

function items(lines: Readonly<Record<string, string>>): string {
  const shown = Object.entries(lines).map(([name, value]) => `<li>${name}: ${escapeXml(value)}</li>\n`);
  return `<ul>\n${shown.join('')}</ul>\n`;
}

function told({ shape, message, fields }: Fault): Record<string, string> {
  const about = Object.entries(fields).map(([name, value]) => [name, String(value)]);
  return { Code: shape, Message: message, ...(Object.fromEntries(about) as object) };
}

/** The page of an error, and of what was wrong with the bucket's own page for it. */
function problemPage(ctx: Ctx, problem: Fault, custom?: Fault): WireResponse {
  const { status = 400, shape, message, fields } = problem;
  const ids = s3Ids(ctx.uuid('s3-website'));
  const title = `${status} ${REASONS[status] ?? 'Error'}`;
  const failed = 'An Error Occurred While Attempting to Retrieve a Custom Error Document';
  const body = [
    `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n`,
    items({ ...told(problem), RequestId: ids['x-amz-request-id'], HostId: ids['x-amz-id-2'] }),
    custom ? `<h3>${failed}</h3>\n${items(told(custom))}` : '',
    '<hr/>\n</body>\n</html>\n',
  ];
  // A key can be anything; a header cannot.
  const about = Object.entries(fields)
    .filter(([, value]) => /^[\x20-\x7e]*$/.test(String(value)))
    .map(([name, value]) => [`x-amz-error-detail-${name}`, String(value)]);
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'x-amz-error-code': shape,
    'x-amz-error-message': message,
    ...(Object.fromEntries(about) as Record<string, string>),
    ...ids,
  };
  return { status, headers, body: utf8(body.join('')) };
}

function redirect(location: string, status: number): WireResponse {
  return { status, headers: { location }, body: new Uint8Array(0) };
}

type Found = Output<'s3', 'GetObject'>;

/** An object as a page, or what it redirects to. */
function page(found: Found, status: number): WireResponse {
  if (found.WebsiteRedirectLocation !== undefined) return redirect(found.WebsiteRedirectLocation, 301);
  const headers: Record<string, string> = {};
  const given = {
    'content-type': found.ContentType,
    'cache-control': found.CacheControl,
    'content-encoding': found.ContentEncoding,
    'content-language': found.ContentLanguage,
    'content-disposition': found.ContentDisposition,
    etag: found.ETag,
    'last-modified': found.LastModified === undefined ? undefined : formatHttpDate(found.LastModified),
  };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) headers[name] = value;
  const body = found.Body ?? { bytes: new Uint8Array(0) };
  return { status, headers, body: 'bytes' in body ? body.bytes : body };
}

function ruleFor(site: Website, key: string, status: number | undefined): Rule | undefined {
  return site.RoutingRules?.find(({ Condition: condition = {} }) => {
    const { HttpErrorCodeReturnedEquals: error, KeyPrefixEquals: prefix } = condition;
    if (prefix !== undefined && !key.startsWith(prefix)) return false;
    return error === undefined ? status === undefined : Number(error) === status;
  });
}

function redirected(
  host: string,
  key: string,
  { Condition: condition = {}, Redirect: to }: Rule,
): WireResponse {
  const prefix = condition.KeyPrefixEquals ?? '';
  const kept =
    to.ReplaceKeyPrefixWith === undefined ? key : to.ReplaceKeyPrefixWith + key.slice(prefix.length);
  const target = encodedKey(to.ReplaceKeyWith ?? kept).replaceAll('+', '%20');
  const location = `${to.Protocol ?? 'http'}://${to.HostName ?? host}/${target}`;
  return redirect(location, Number(to.HttpRedirectCode ?? 301));
}

type Held = Pick<Input<'s3', 'GetObject'>, 'IfNoneMatch' | 'IfModifiedSince'>;

/** What a browser says that it has of a page already. */
function heldBy({ headers }: WireRequest): Held {
  const IfNoneMatch = headers['if-none-match'];
  const IfModifiedSince = parseHttpDate(headers['if-modified-since'] ?? '');
  return {
    ...(IfNoneMatch === undefined ? {} : { IfNoneMatch }),
    ...(IfModifiedSince === undefined ? {} : { IfModifiedSince }),
  };
}

/** Websites are for everybody: objects are read as nobody in particular. */
function read({ at, bucket }: Place, Key: string, held: Held = {}): Found | Fault {
  const outcome = at.call('s3', 'GetObject', { Bucket: bucket.name, Key, ...held }, { type: 'anonymous' });
  return outcome.ok ? outcome.output : outcome.fault;
}

function failed(found: Place, site: Website, host: string, key: string, problem: Fault): WireResponse {
  const { status = 400 } = problem;
  const rule = ruleFor(site, key, status);
  if (rule) return redirected(host, key, rule);
  const errorPage = site.ErrorDocument && read(found, site.ErrorDocument.Key);
  if (!errorPage) return problemPage(found.at, problem);
  return errorPage instanceof Fault ? problemPage(found.at, problem, errorPage) : page(errorPage, status);
}

function served(found: Place, site: Website, wire: WireRequest): WireResponse {
  const path = percentDecoded(wire.path, false);
  // As it was asked for, with its port.
  const host = wire.headers['host'] ?? wire.host;
  const { RedirectAllRequestsTo: all, IndexDocument: index } = site;
  if (all) return redirect(`${all.Protocol ?? 'http'}://${all.HostName}${wire.path}`, 301);
  const key = path?.slice(1);
  if (key === undefined)
    return problemPage(found.at, new Fault('InvalidURI', 'The URI is not valid.', { status: 400 }));
  const early = ruleFor(site, key, undefined);
  if (early) return redirected(host, key, early);
  const suffix = index?.Suffix ?? '';
  const folder = key === '' || key.endsWith('/');
  const object = read(found, folder ? key + suffix : key, heldBy(wire));
  if (!(object instanceof Fault)) return page(object, 200);
  const { status, headers } = object;
  if (status === 304) return { status, headers, body: new Uint8Array(0) };
  // A folder that was asked for without its slash.
  if (!folder && !(read(found, `${key}/${suffix}`) instanceof Fault)) return redirect(`${wire.path}/`, 302);
  return failed(found, site, host, key, object);
}

export const websiteDoor: Door = {
  path: 's3-website',
  claims: ({ host }) => HOST.test(host),
  open(ctx: Ctx, wire) {
    const [, name = '', there, here = there] = HOST.exec(wire.host) ?? [];
    const found = bucketNamed(ctx, name);
    if (!found || (here !== undefined && found.bucket.region !== here))
      return problemPage(ctx, noSuchBucket(name));
    const { website } = found.bucket;
    if (!website) return problemPage(ctx, noSuchWebsite(name));
    const { method: Method } = wire;
    if (Method !== 'GET' && Method !== 'HEAD') {
      const message = 'The specified method is not allowed against this resource.';
      const fields = { Method, ResourceType: 'OBJECT' };
      return problemPage(ctx, new Fault('MethodNotAllowed', message, { status: 405, fields }));
    }
    const answer = served(found, website, wire);
    return wire.method === 'HEAD' ? { ...answer, body: new Uint8Array(0) } : answer;
  },
};
