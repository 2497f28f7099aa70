// Templates and policies that are in a request, or in S3 where it says.

import type { Fault } from '#contract/fault.ts';
import { bucketOfHost } from '#contract/identify.ts';
import { jsonIn } from '#contract/json-text.ts';
import { bodyBytes } from '#cloud/body.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Principal } from '#cloud/principal.ts';
import { invalid } from './template/faults.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const LARGEST_BODY = 51_200;
const LARGEST_OBJECT = 1_048_576;

export interface TemplateSource {
  readonly TemplateBody?: string | undefined;
  readonly TemplateURL?: string | undefined;
}

/** Text of a template that is in the request or in S3. */
export function templateText(ctx: Ctx, { TemplateBody, TemplateURL }: TemplateSource, as: Principal): string {
  if (TemplateBody !== undefined && TemplateURL !== undefined)
    throw invalid('You must specify only one of TemplateBody or TemplateURL.');
  if (TemplateURL !== undefined) return objectText(ctx, TemplateURL, as);
  if (TemplateBody === undefined) throw invalid('Either Template URL or Template Body must be specified.');
  if (new TextEncoder().encode(TemplateBody).length > LARGEST_BODY) {
    throw invalid(
      `1 validation error detected: Value '${TemplateBody}' at 'templateBody' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${LARGEST_BODY}`,
    );
  }
  return TemplateBody;
}

const ERRORS_PAGE =
  'For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html';

/** Text of an object by its URL, virtual-host or path style. Only AWS::Include knows `s3://bucket/key`. */
function objectText(
  ctx: Ctx,
  url: string,
  as: Principal,
  what: 'template' | 'policy' | 'include' = 'template',
): string {
  const bucket = /^s3:\/\/([^/]+)/.exec(url)?.[1];
  if (bucket !== undefined && what !== 'include')
    throw invalid(`S3 error: Domain name specified in ${bucket} is not a valid S3 domain`);
  const place = placeOf(url);
  // Of policies moto has these words (test_set_stack_policy_with_url_pointing_to_unknown_key); AWS documents none.
  if (!place)
    throw invalid(
      what === 'policy' ? `S3 error: Access Denied\n${ERRORS_PAGE}` : 'TemplateURL must be a supported URL.',
    );
  const outcome = storedObject(ctx, place, as);
  if (!outcome.ok) throw invalid(`S3 error: ${outcome.fault.message}\n${ERRORS_PAGE}`);
  const { Body } = outcome.output;
  const bytes = Body === undefined ? new Uint8Array() : bodyBytesOf(ctx, Body);
  if (bytes.length > LARGEST_OBJECT)
    throw invalid(`Template may not exceed ${LARGEST_OBJECT} bytes in size.`);
  return new TextDecoder().decode(bytes);
}

/** Wherever the bucket is: unless the URL names a region, S3 says where. */
function storedObject(
  ctx: Ctx,
  { region, ...input }: Place,
  as: Principal,
): ReturnType<typeof ctx.call<'s3', 'GetObject'>> {
  const outcome = (region === undefined ? ctx : ctx.in({ region })).call('s3', 'GetObject', input, as);
  const elsewhere = outcome.ok || region !== undefined ? undefined : regionIn(outcome.fault);
  return elsewhere === undefined ? outcome : ctx.in({ region: elsewhere }).call('s3', 'GetObject', input, as);
}

function regionIn({ headers }: Fault): string | undefined {
  return headers['x-amz-bucket-region'];
}

type Stored = Parameters<typeof bodyBytes>[0];

function bodyBytesOf(ctx: Ctx, body: unknown): Uint8Array {
  const given = body as { bytes?: Uint8Array };
  return given.bytes ?? bodyBytes(body as Stored, (hash) => ctx.blob(hash));
}

interface Place {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
  /** If the URL names one. */
  readonly region?: string;
}

function placeOf(url: string): Place | undefined {
  const [, scheme, host = '', path = '', query = ''] =
    /^(https?|s3):\/\/([^/]+)\/([^?]*)(?:\?(.*))?$/.exec(url) ?? [];
  if (scheme === undefined) return undefined;
  const version = /(?:^|&)versionId=([^&]+)/.exec(query)?.[1];
  const region = /(?:^|\.)s3[.-]([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com$/.exec(host)?.[1];
  const at = (Bucket: string, key: string): Place | undefined =>
    Bucket === '' || key === ''
      ? undefined
      : {
          Bucket,
          Key: decoded(key),
          ...(version !== undefined && { VersionId: version }),
          ...(region !== undefined && { region }),
        };
  if (scheme === 's3') return at(host, path);
  const [name = ''] = host.split(':');
  if (/\.(?:amazonaws\.com|localhost|localhost\.localstack\.cloud)$/.test(name)) {
    const virtual = bucketOfHost(name);
    if (virtual !== undefined) return at(virtual, path);
  }
  const ours =
    /^(?:s3[.-].*amazonaws\.com|(?:s3\.)?localhost(?:\.localstack\.cloud)?|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(
      host,
    );
  const slash = path.indexOf('/');
  return ours && slash > 0 ? at(path.slice(0, slash), path.slice(slash + 1)) : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Text that AWS::Include puts in. */
export function includedText(ctx: Ctx, location: string, as: Principal): string {
  const place = placeOf(location);
  const found = place && ctx.call('s3', 'HeadBucket', { Bucket: place.Bucket }, as);
  if (place && found && !found.ok && regionIn(found.fault) === undefined)
    throw invalid(`Transform AWS::Include failed with: S3 bucket [${place.Bucket}] does not exist.`);
  return objectText(ctx, location, as, 'include');
}

/** Policy text of a request, from its body or from S3. */
export function policyText(ctx: Ctx, body: string | undefined, url: string | undefined): string | undefined {
  if (body !== undefined && url !== undefined)
    throw invalid('You cannot specify both StackPolicyURL and StackPolicyBody');
  const text = url === undefined ? body : objectText(ctx, url, ctx.principal, 'policy');
  if (text === undefined) return undefined;
  try {
    const { Statement } = jsonIn(text) as { Statement?: unknown };
    if (Statement === undefined) throw new SyntaxError('no statement');
  } catch {
    throw invalid('Error validating stack policy: Invalid stack policy');
  }
  return text;
}
