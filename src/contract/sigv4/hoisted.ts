// Headers that presigned URLs carry as parameters, as SDKs write them there when they presign
// (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html).

import { percentDecoded } from '../protocols/bytes.ts';
import type { WireRequest } from '../wire.ts';

/** Names and values as sent, decoded; what cannot be decoded stays as it is. A name alone has no value. */
export function queryPairs(query: string): [name: string, value: string | undefined][] {
  const decoded = (text: string): string => percentDecoded(text, true) ?? text;
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [decoded(part), undefined] : [decoded(part.slice(0, at)), decoded(part.slice(at + 1))];
    });
}

/** The signature's own parameters. */
const OF_SIGNATURE = /^x-amz-(?:algorithm|credential|date|expires|signedheaders|signature|content-sha256)$/;
/** Neither does S3 take checksums of bodies for headers: SDKs presign those of an empty body (LocalStack's recorded answers). */
const OF_BODY = /^x-amz-(?:checksum-|sdk-checksum-algorithm$)/;
const CONDITIONS = new Set(['if-match', 'if-none-match']);
/** Where Signature Version 2 covers them. */
const CONTENT = new Set(['content-type', 'content-md5']);

function isHeader(name: string, old: boolean): boolean {
  if (name.startsWith('x-amz-')) return !OF_SIGNATURE.test(name) && !OF_BODY.test(name);
  return CONDITIONS.has(name) || (old && CONTENT.has(name));
}

/** A presigned request with those of its parameters that are headers among its headers; what is sent as one outweighs them. */
export function hoisted(wire: WireRequest): WireRequest {
  if (!/(?:x-amz-|if-|content-)/i.test(wire.query)) return wire;
  const old = wire.query.includes('AWSAccessKeyId');
  const headers: Record<string, string> = {};
  for (const [given, value = ''] of queryPairs(wire.query)) {
    const name = given.toLowerCase();
    if (isHeader(name, old)) headers[name] = value;
  }
  return { ...wire, headers: { ...headers, ...wire.headers } };
}
