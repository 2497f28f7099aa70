// Whom a local server listens to. A web page that a user happens to have open must not be able to reach it, by a form, by
// fetch, or by a DNS name that resolves to loopback.

import type { IncomingHttpHeaders } from 'node:http';

/** Hosts that clients of a local AWS use: loopback, names under localhost, and AWS's own names for virtual-host style. */
const HOST =
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|(?:[\w.-]+\.)?localhost|[\w.-]+\.amazonaws\.com(?:\.cn)?)(?::\d+)?$/i;
/** Names of LocalStack's that DNS resolves to 127.0.0.1, and that many a set-up has written down. */
const LOCALSTACK_HOST = /^(?:[\w.-]+\.)?localhost\.localstack\.cloud(?::\d+)?$/i;
const LOOPBACK_ORIGIN = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

const FOREIGN = 'Requests from web pages of other origins are refused.';

const NOT_FOR_BROWSERS = 'Browsers are not answered under this name. Use 127.0.0.1.';

/** Why a request is refused, or nothing. */
export function refusal({ headers }: { headers: IncomingHttpHeaders }): string | undefined {
  const host = headers.host ?? (headers[':authority'] as string | undefined) ?? '';
  const borrowed = LOCALSTACK_HOST.test(host);
  if (!borrowed && !HOST.test(host))
    return `The Host header ${JSON.stringify(host)} is not one that this endpoint answers for. Use 127.0.0.1.`;
  // A page may ask for an image, or send its visitor to a link, without saying where it comes from; browsers say at least this.
  // https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
  if (headers['sec-fetch-site'] === 'cross-site') return FOREIGN;
  // To a name that they do not know for loopback browsers send no Sec-Fetch-Site: they are known by what they call themselves.
  if (borrowed && headers['user-agent']?.startsWith('Mozilla/')) return NOT_FOR_BROWSERS;
  const { origin } = headers;
  if (origin !== undefined && !LOOPBACK_ORIGIN.test(origin)) return FOREIGN;
  return undefined;
}
