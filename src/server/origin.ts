// Whom a local server listens to. A web page that a user happens to have open must not be able to reach it, by a form, by
// fetch, or by a DNS name that resolves to loopback.

import type { IncomingHttpHeaders } from 'node:http';

/** Hosts that clients of a local AWS use: loopback, names under localhost, and AWS's own names for virtual-host style. */
const HOST =
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|(?:[\w.-]+\.)?localhost|[\w.-]+\.amazonaws\.com(?:\.cn)?)(?::\d+)?$/i;
const LOOPBACK_ORIGIN = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

const FOREIGN = 'Requests from web pages of other origins are refused.';

/** Why a request is refused, or nothing. */
export function refusal({ headers }: { headers: IncomingHttpHeaders }): string | undefined {
  const host = headers.host ?? (headers[':authority'] as string | undefined) ?? '';
  if (!HOST.test(host))
    return `The Host header ${JSON.stringify(host)} is not one that this endpoint answers for. Use 127.0.0.1.`;
  // A page may ask for an image, or send its visitor to a link, without saying where it comes from; browsers say at least this.
  // https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
  if (headers['sec-fetch-site'] === 'cross-site') return FOREIGN;
  const { origin } = headers;
  if (origin !== undefined && !LOOPBACK_ORIGIN.test(origin)) return FOREIGN;
  return undefined;
}
