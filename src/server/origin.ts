// Whom a local server listens to. A web page that a user happens to have open must not be able to reach it, by a form, by
// fetch, or by a DNS name that resolves to loopback.

import type { IncomingHttpHeaders } from 'node:http';

/** Hosts that clients of a local AWS use: loopback, names under localhost, and AWS's own names for virtual-host style. */
const HOST =
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|(?:[\w.-]+\.)?localhost|[\w.-]+\.amazonaws\.com(?:\.cn)?)(?::\d+)?$/i;
/** Names of LocalStack's that DNS resolves to 127.0.0.1, and that many a set-up has written down. */
const LOCALSTACK_HOST = /^(?:[\w.-]+\.)?localhost\.localstack\.cloud(?::\d+)?$/i;
const LOOPBACK_ORIGIN = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
/** A request of an API that needs no body and no header but that of its signature. */
const ASKS = /[?&](?:Action|X-Amz-Algorithm|X-Amz-Credential)=/i;

const FOREIGN = 'Requests from web pages of other origins are refused.';
const NOT_FOR_BROWSERS = 'Browsers are not answered under this name. Use 127.0.0.1.';

/** What is looked at of a request. */
interface Arrival {
  readonly headers: IncomingHttpHeaders;
  readonly url?: string | undefined;
  /** The headers of HTTP/1.1, each with all its values. */
  readonly headersDistinct?: NodeJS.Dict<string[]>;
}

/** Why a request is refused, or nothing. */
export function refusal({ headers, url = '/', headersDistinct = {} }: Arrival): string | undefined {
  if ((headersDistinct['host']?.length ?? 1) > 1) return 'A request names one host.';
  const authority = headers[':authority'] as string | undefined;
  const host = headers.host ?? authority ?? '';
  // HTTP/2 can name the host twice, and one of them is not the one that a browser vouches for.
  const names = [host, authority ?? host];
  const borrowed = names.some((name) => LOCALSTACK_HOST.test(name));
  for (const name of names) {
    if (HOST.test(name) || LOCALSTACK_HOST.test(name)) continue;
    return `The Host header ${JSON.stringify(name)} is not one that this endpoint answers for. Use 127.0.0.1.`;
  }
  // A page may ask for an image, or send its visitor to a link, without saying where it comes from; browsers say at least this.
  // https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site') return FOREIGN;
  // To a name that they do not know for loopback browsers send no Sec-Fetch-Site: they are known by what they call themselves.
  if (borrowed && headers['user-agent']?.startsWith('Mozilla/')) return NOT_FOR_BROWSERS;
  const { origin } = headers;
  if (origin !== undefined && !LOOPBACK_ORIGIN.test(origin)) return FOREIGN;
  // Pages that S3 serves under names of their own read objects, and ask no API: they say no origin to their own host.
  const page = site !== undefined && site !== 'none' && !LOOPBACK_HOST.test(host);
  return page && (headers.authorization !== undefined || ASKS.test(url)) ? FOREIGN : undefined;
}

/** Kinds of content with which a browser runs scripts. */
const ACTIVE = /html|xml|svg/i;

/**
 * What a browser is told about a document under the host of the APIs: it is a page of S3's, whoever wrote it, and its scripts
 * must not ask the APIs as one of them. Websites have names of their own.
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy/sandbox
 */
export function caution({ headers }: Arrival, contentType: string | undefined): Record<string, string> {
  const shown = headers['sec-fetch-dest'] ?? 'document';
  const asked = headers['sec-fetch-mode'] === 'navigate' || headers.accept?.includes('text/html') === true;
  const host = headers.host ?? (headers[':authority'] as string | undefined) ?? '';
  if (!asked || shown === 'empty' || !LOOPBACK_HOST.test(host)) return {};
  // A browser makes up its own mind about what has no type.
  return contentType === undefined || ACTIVE.test(contentType)
    ? { 'content-security-policy': 'sandbox allow-scripts', 'x-content-type-options': 'nosniff' }
    : { 'x-content-type-options': 'nosniff' };
}
