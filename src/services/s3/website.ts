// Websites: a bucket's objects as pages, with an index, an error page and redirects.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html

import { percentDecoded, utf8 } from '#contract/protocols/bytes.ts';
import { formatHttpDate } from '#contract/protocols/timestamp.ts';
import type { WireRequest, WireResponse } from '#contract/wire.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Door } from '#cloud/endpoint.ts';
import type { Operations } from '#cloud/service.ts';
import { bucketNamed, bucketOf } from './bucket.ts';
import type { Place } from './bucket.ts';
import { invalidArgument, notConfigured } from './faults.ts';
import { encodedKey } from './listing.ts';
import { buckets } from './tables.ts';
import type { Website } from './tables.ts';

function checkWebsite({
  IndexDocument,
  RedirectAllRequestsTo: all,
  ErrorDocument,
  RoutingRules,
}: Website): void {
  if (all) {
    if (!IndexDocument && !ErrorDocument && !RoutingRules) return;
    const message = 'RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.';
    throw invalidArgument('RedirectAllRequestsTo', undefined, message);
  }
  if (!IndexDocument) {
    const message = 'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty';
    throw invalidArgument('IndexDocument', 'null', message);
  }
  if (IndexDocument.Suffix === '' || IndexDocument.Suffix.includes('/')) {
    const message = 'The IndexDocument Suffix is not well formed';
    throw invalidArgument('IndexDocument', IndexDocument.Suffix, message);
  }
  for (const { Redirect: to } of RoutingRules ?? []) {
    if (to.ReplaceKeyWith === undefined || to.ReplaceKeyPrefixWith === undefined) continue;
    const message = 'You can only define ReplaceKeyPrefix or ReplaceKey but not both.';
    throw invalidArgument('ReplaceKeyWith', undefined, message);
  }
}

export const websiteOperations: Operations<'s3'> = {
  PutBucketWebsite(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    checkWebsite(input.WebsiteConfiguration);
    at.update(buckets, bucket, { website: input.WebsiteConfiguration });
  },

  GetBucketWebsite(ctx, input) {
    const { name, website } = bucketOf(ctx, input).bucket;
    if (website) return website;
    const message = 'The specified bucket does not have a website configuration';
    throw notConfigured('NoSuchWebsiteConfiguration', message, name);
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

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

function problemPage({ status, code, message }: Problem): WireResponse {
  const items = `<ul>\n<li>Code: ${code}</li>\n<li>Message: ${message}</li>\n</ul>`;
  const title = `${status} ${status === 404 ? 'Not Found' : status === 403 ? 'Forbidden' : 'Error'}`;
  const page = `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n${items}\n</body>\n</html>\n`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: utf8(page) };
}

function redirect(location: string, status: number): WireResponse {
  return { status, headers: { location }, body: new Uint8Array(0) };
}

type Found = Output<'s3', 'GetObject'>;

/** An object as a page. */
function page(found: Found, status: number): WireResponse {
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

type Rule = NonNullable<Website['RoutingRules']>[number];

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

/** Websites are for everybody: objects are read as nobody in particular. */
function read({ at, bucket }: Place, Key: string): Found | Problem {
  const outcome = at.call('s3', 'GetObject', { Bucket: bucket.name, Key }, { type: 'anonymous' });
  if (outcome.ok) return outcome.output;
  const { shape, message, status = 400 } = outcome.fault;
  return { status, code: shape, message };
}

function failed(found: Place, site: Website, host: string, key: string, problem: Problem): WireResponse {
  const rule = ruleFor(site, key, problem.status);
  if (rule) return redirected(host, key, rule);
  const errorPage = site.ErrorDocument && read(found, site.ErrorDocument.Key);
  if (!errorPage || 'status' in errorPage) return problemPage(problem);
  return page(errorPage, problem.status);
}

function served(found: Place, site: Website, wire: WireRequest): WireResponse {
  const path = percentDecoded(wire.path, false);
  const { host } = wire;
  const { RedirectAllRequestsTo: all, IndexDocument: index } = site;
  if (all) return redirect(`${all.Protocol ?? 'http'}://${all.HostName}${wire.path}`, 301);
  const key = path?.slice(1);
  if (key === undefined)
    return problemPage({ status: 400, code: 'InvalidURI', message: 'The URI is not valid.' });
  const early = ruleFor(site, key, undefined);
  if (early) return redirected(host, key, early);
  const suffix = index?.Suffix ?? '';
  const folder = key === '' || key.endsWith('/');
  const object = read(found, folder ? key + suffix : key);
  if (!('status' in object)) return page(object, 200);
  // A folder that was asked for without its slash.
  if (!folder && !('status' in read(found, `${key}/${suffix}`))) return redirect(`${wire.path}/`, 302);
  return failed(found, site, host, key, object);
}

export const websiteDoor: Door = {
  path: 's3-website',
  claims: ({ host }) => HOST.test(host),
  open(ctx: Ctx, wire) {
    const [, name = '', there, here = there] = HOST.exec(wire.host) ?? [];
    const found = bucketNamed(ctx, name);
    if (!found || (here !== undefined && found.bucket.region !== here)) {
      const message = 'The specified bucket does not exist';
      return problemPage({ status: 404, code: 'NoSuchBucket', message });
    }
    const { website } = found.bucket;
    if (!website) {
      const message = 'The specified bucket does not have a website configuration';
      return problemPage({ status: 404, code: 'NoSuchWebsiteConfiguration', message });
    }
    if (wire.method !== 'GET' && wire.method !== 'HEAD') {
      const message = 'The specified method is not allowed against this resource.';
      return problemPage({ status: 405, code: 'MethodNotAllowed', message });
    }
    const answer = served(found, website, wire);
    return wire.method === 'HEAD' ? { ...answer, body: new Uint8Array(0) } : answer;
  },
};
