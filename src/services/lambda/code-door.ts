// Where GetFunction says that a deployment package can be fetched. AWS hands out a pre-signed URL of an S3 bucket of its own;
// here it is a door of Lambda's.

import type { WireRequest, WireResponse } from '#contract/wire.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { endpointOf } from '#cloud/endpoint.ts';
import type { Door } from '#cloud/endpoint.ts';
import { versionKey, versions } from './rows.ts';
import type { Version } from './rows.ts';

/** No bucket's name begins with a dot, so that no S3 path looks like this. */
const PATH = '/.lambda/code/';

/** The URL holds the hash of the code: nobody finds it who was not told. */
export function codeLocation(owner: Ctx, { functionName, version, configuration }: Version): string {
  const { account, region } = owner;
  const place = [account, region, functionName, encodeURIComponent(version), configuration.code.blob];
  return `${endpointOf(owner)}${PATH}${place.join('/')}`;
}

export const codeDoor: Door = {
  path: PATH,
  open(ctx: Ctx, { method, path }: WireRequest): WireResponse {
    const [account = '', region = '', name = '', version = '', blob = ''] = path
      .slice(PATH.length)
      .split('/')
      .map((part) => part.replaceAll('%24', '$'));
    const code = ctx.in({ account, region }).get(versions, versionKey(name, version))?.configuration.code;
    if (method !== 'GET' || code?.blob !== blob) return { status: 403, headers: {}, body: new Uint8Array() };
    const headers = { 'content-type': 'application/zip' };
    return { status: 200, headers, body: { blob, sizeBytes: code.sizeBytes } };
  },
};
