// Where GetFunction says that a deployment package can be fetched, and GetLayerVersion a layer. AWS hands out a pre-signed URL of
// an S3 bucket of its own; here they are doors of Lambda's.

import type { WireRequest, WireResponse } from '#contract/wire.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { endpointOf } from '#cloud/endpoint.ts';
import type { Door } from '#cloud/endpoint.ts';
import { layerVersionKey, layerVersions } from './layers/layer.ts';
import type { LayerVersion } from './layers/layer.ts';
import { versionKey, versions } from './rows.ts';
import type { Code, Version } from './rows.ts';

/** No bucket's name begins with a dot, so that no S3 path looks like these. */
const CODE_PATH = '/.lambda/code/';
const LAYER_PATH = '/.lambda/layers/';

/** The URL holds the hash of the code: nobody finds it who was not told. */
function location(owner: Ctx, path: string, name: string, version: string, { blob }: Code): string {
  const { account, region } = owner;
  const place = [account, region, name, encodeURIComponent(version), blob];
  return `${endpointOf(owner)}${path}${place.join('/')}`;
}

export function codeLocation(owner: Ctx, { functionName, version, configuration }: Version): string {
  return location(owner, CODE_PATH, functionName, version, configuration.code);
}

export function layerLocation(owner: Ctx, { layer, number, code }: LayerVersion): string {
  return location(owner, LAYER_PATH, layer, String(number), code);
}

function doorAt(at: string, codeOf: (owner: Ctx, name: string, version: string) => Code | undefined): Door {
  return {
    path: at,
    open(ctx: Ctx, { method, path }: WireRequest): WireResponse {
      const [account = '', region = '', name = '', version = '', blob = ''] = path
        .slice(at.length)
        .split('/')
        .map((part) => part.replaceAll('%24', '$'));
      const code = codeOf(ctx.in({ account, region }), name, version);
      if (method !== 'GET' || code?.blob !== blob)
        return { status: 403, headers: {}, body: new Uint8Array() };
      const headers = { 'content-type': 'application/zip' };
      return { status: 200, headers, body: { blob, sizeBytes: code.sizeBytes } };
    },
  };
}

export const codeDoors: readonly Door[] = [
  doorAt(
    CODE_PATH,
    (owner, name, version) => owner.get(versions, versionKey(name, version))?.configuration.code,
  ),
  doorAt(
    LAYER_PATH,
    (owner, name, version) => owner.get(layerVersions, layerVersionKey(name, Number(version)))?.code,
  ),
];
