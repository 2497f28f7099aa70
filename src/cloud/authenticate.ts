// Who sends a request: from its signature to a principal, an account and a region.

import { decodeChunked, isAwsChunked, isChunkProblem } from '#contract/sigv4/chunked.ts';
import { isProblem, parseAuthorization } from '#contract/sigv4/authorization.ts';
import type { ParsedAuthorization } from '#contract/sigv4/authorization.ts';
import { signingKey } from '#contract/sigv4/canonical.ts';
import { expiredToken, invalidToken, missingToken, unknownAccessKey } from '#contract/sigv4/problems.ts';
import type { SignatureProblem, Wording } from '#contract/sigv4/problems.ts';
import { hoisted } from '#contract/sigv4/hoisted.ts';
import { checkPresigned, regionProblem, verifySignature } from '#contract/sigv4/verify.ts';
import { expiryOfVersionTwo, parseVersionTwo, verifyVersionTwo } from '#contract/sigv4/version-two.ts';
import type { VersionTwo } from '#contract/sigv4/version-two.ts';
import { Fault } from '#contract/fault.ts';
import { checkPostPolicy } from '#contract/forms/post-policy.ts';
import { putRequest } from '#contract/forms/upload.ts';
import type { FormUpload } from '#contract/forms/upload.ts';
import { signedForm, verifyForm } from '#contract/sigv4/form.ts';
import { signsFor } from '#contract/identify.ts';
import type { WireRequest } from '#contract/wire.ts';
import type { Primitives, World } from '#world/index.ts';
import { GLOBAL } from './ctx.ts';
import type { Ctx } from './ctx.ts';
import { identity } from './ports/identity.ts';
import type { AccessKey } from './ports/identity.ts';
import { rootOf } from './principal.ts';
import type { Principal } from './principal.ts';

/** What the gateway needs from outside the world. */
export interface Edge {
  readonly primitives: Primitives;
  /** Wall time (epoch ms), against which the age of signatures is checked; absent in process, where none can be stale. */
  readonly wallNow?: () => number;
  /** Told of our own bugs. */
  readonly crashed?: (error: unknown) => void;
  /** The account of keys such as `test`, which name none: `DEFAULT_ACCOUNT` unless given. */
  readonly account?: string;
}

export interface Authenticated {
  readonly principal: Principal;
  readonly account: string;
  readonly region: string;
  /** The signature names no region: the request is for wherever its resource is. */
  readonly anywhere?: true;
  /** The request with its body unframed. */
  readonly wire: WireRequest;
}

export const DEFAULT_ACCOUNT = '000000000000';
export const DEFAULT_REGION = 'us-east-1';

/** Operations that AWS serves to anyone, by signing name: what they are asked for bears a proof of its own. */
const ANONYMOUS_ACTIONS: ReadonlyMap<string, RegExp> = new Map([
  ['sts', /(?:^|&)Action=(?:AssumeRoleWithSAML|AssumeRoleWithWebIdentity)(?:&|$)/],
  ['sns', /(?:^|&)Action=(?:ConfirmSubscription|Unsubscribe)(?:&|$)/],
]);

/** Throws `Fault` with AWS's own words where a request proves no identity. */
export function authenticate(
  world: World<Ctx>,
  wire: WireRequest,
  signingName: string,
  edge: Edge,
): Authenticated {
  const wording: Wording = signingName === 's3' ? 's3' : signingName === 'ec2' ? 'ec2' : 'other';
  const home = edge.account ?? DEFAULT_ACCOUNT;
  const old = signingName === 's3' ? parseVersionTwo(wire) : undefined;
  if (old) return byVersionTwo(world, wire, old, edge);
  const parsed = parseAuthorization(wire, wording);
  if (!parsed) return anonymous(wire, signingName, home);
  if (isProblem(parsed)) throw faultOf(parsed);
  const nowhere = regionProblem(parsed, wording);
  if (nowhere) throw faultOf(nowhere);
  const region = regionOf(parsed);
  const account = localAccount(parsed.accessKeyId, home);
  const presigned = wording === 's3' && parsed.kind === 'query';
  const whole = presigned ? hoisted(wire) : wire;
  if (account !== undefined) {
    const nowMs = edge.wallNow?.() ?? parsed.signedAtMs;
    const problem = presigned ? checkPresigned(wire, parsed, nowMs) : undefined;
    if (problem) throw faultOf(problem);
    return { principal: rootOf(account), account, region, wire: unframed(whole, parsed, undefined, edge) };
  }
  const key = keyOf(world, parsed, wording);
  const nowMs = edge.wallNow?.() ?? parsed.signedAtMs;
  const { service } = parsed.scope;
  // A URL that was signed for one service must not be good for another, whatever headers it comes with.
  const options = {
    primitives: edge.primitives,
    wording,
    nowMs,
    service: signsFor(service, signingName) ? service : signingName,
  };
  const problem = verifySignature(wire, parsed, key.secret, options);
  if (problem) throw faultOf(problem);
  return {
    principal: key.principal,
    account: ownerOf(key, home),
    region,
    wire: unframed(whole, parsed, key.secret, edge),
  };
}

/** Signature Version 2, which only S3 takes. It names no region. */
function byVersionTwo(
  world: World<Ctx>,
  wire: WireRequest,
  parsed: VersionTwo | SignatureProblem,
  edge: Edge,
): Authenticated {
  if ('shape' in parsed) throw faultOf(parsed);
  const home = edge.account ?? DEFAULT_ACCOUNT;
  const nowMs = edge.wallNow?.();
  const expired = nowMs === undefined ? undefined : expiryOfVersionTwo(parsed, nowMs);
  if (expired) throw faultOf(expired);
  const answer = {
    region: DEFAULT_REGION,
    anywhere: true as const,
    wire: parsed.kind === 'query' ? hoisted(wire) : wire,
  };
  const account = localAccount(parsed.accessKeyId, home);
  if (account !== undefined) {
    const plain = unframed(answer.wire, undefined, undefined, edge);
    return { principal: rootOf(account), account, ...answer, wire: plain };
  }
  const key = keyOf(world, parsed, 's3');
  const problem = verifyVersionTwo(wire, parsed, key.secret, edge.primitives);
  if (problem) throw faultOf(problem);
  return { principal: key.principal, account: ownerOf(key, home), ...answer };
}

/** Who sends a form: whoever signed its policy, or nobody in particular. The request that it stands for goes on. */
export function authenticateForm(world: World<Ctx>, upload: FormUpload, edge: Edge): Authenticated {
  const home = edge.account ?? DEFAULT_ACCOUNT;
  const answer = { region: DEFAULT_REGION, wire: putRequest(upload) };
  const form = signedForm(upload);
  if (!form) return { principal: { type: 'anonymous' }, account: home, ...answer };
  if (form instanceof Fault) throw form;
  if ('shape' in form) throw faultOf(form);
  const region = form.scope?.region ?? DEFAULT_REGION;
  const account = localAccount(form.accessKeyId, home);
  const key = account === undefined ? keyOf(world, form, 's3') : undefined;
  const problem = key && verifyForm(form, key.secret, edge.primitives);
  if (problem) throw faultOf(problem);
  const { bucket, fields, bytes } = upload;
  checkPostPolicy(form.policy, { bucket, fields, sizeBytes: bytes.length }, edge.wallNow?.());
  const { wire } = answer;
  if (key) return { principal: key.principal, account: ownerOf(key, home), region, wire };
  const owner = account as string;
  return { principal: rootOf(owner), account: owner, region, wire };
}

function keyOf(world: World<Ctx>, signed: Signed, wording: Wording): AccessKey {
  const key = world.read(`${DEFAULT_ACCOUNT}/${GLOBAL}`, (ctx) =>
    ctx.port(identity).accessKey(ctx, signed.accessKeyId),
  );
  checkKey(key, signed, wording, world.now);
  return key;
}

function ownerOf({ principal }: AccessKey, home: string): string {
  return principal.type === 'anonymous' ? home : principal.account;
}

/**
 * Regions of China, of governments and of Europe's own cloud.
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
 */
const OTHER_PARTITIONS = /^(?:cn|us-gov|us-iso[a-z]?|eu-isoe|eusc)-/;

/** Throws for what is outside the partition `aws`: every ARN there begins otherwise than ours do. */
function regionOf({ scope: { region } }: ParsedAuthorization): string {
  if (OTHER_PARTITIONS.test(region)) {
    const message = `The Region ${region}, which is outside the partition aws, is not modelled by Sandtable.`;
    throw new Fault('NotImplemented', message);
  }
  return region === 'aws-global' ? DEFAULT_REGION : region;
}

/**
 * Keys that do not look like AWS's (`test`, `local`, a 12-digit account number) are an account's root, so that nothing
 * needs set-up; their signatures are not checked, because nobody was given a secret for them.
 */
function localAccount(accessKeyId: string, home: string): string | undefined {
  if (/^\d{12}$/.test(accessKeyId)) return accessKeyId;
  return /^A(?:KIA|SIA|[A-Z]{3}[A-Z0-9]{12,}$)/.test(accessKeyId) ? undefined : home;
}

type Signed = Pick<ParsedAuthorization, 'accessKeyId' | 'sessionToken'>;

function checkKey(
  key: AccessKey | undefined,
  parsed: Signed,
  wording: Wording,
  now: number,
): asserts key is AccessKey {
  if (!key?.active) throw faultOf(unknownAccessKey(wording, parsed.accessKeyId));
  if (key.sessionToken !== parsed.sessionToken) {
    const given = parsed.sessionToken !== undefined;
    throw faultOf(given ? invalidToken(wording) : unknownAccessKey(wording, parsed.accessKeyId));
  }
  if (key.expiresAt !== undefined && key.expiresAt <= now) throw faultOf(expiredToken(wording));
}

/** Only S3 and a few operations of STS and SNS are open to requests without a signature; policies decide on the former. */
function anonymous(wire: WireRequest, signingName: string, account: string): Authenticated {
  const text = wire.body.length < 4096 ? new TextDecoder().decode(wire.body) : '';
  const open = ANONYMOUS_ACTIONS.get(signingName);
  if (signingName !== 's3' && !open?.test(text) && !open?.test(wire.query))
    throw faultOf(missingToken(signingName === 'ec2' ? 'ec2' : 'other'));
  return { principal: { type: 'anonymous' }, account, region: DEFAULT_REGION, wire };
}

/** Without a secret the frames are taken apart and their signatures left unread. */
function unframed(
  wire: WireRequest,
  parsed: ParsedAuthorization | undefined,
  secret: string | undefined,
  edge: Edge,
): WireRequest {
  if (!isAwsChunked(wire)) return wire;
  const { primitives } = edge;
  const signed =
    secret === undefined || !parsed ? {} : { parsed, key: signingKey(primitives, secret, parsed.scope) };
  const decoded = decodeChunked(secret === undefined ? trusting(wire) : wire, { primitives, ...signed });
  if (isChunkProblem(decoded)) throw faultOf(decoded);
  return { ...wire, body: decoded.body, headers: { ...wire.headers, ...decoded.trailers } };
}

/** The same frames, declared unsigned. */
function trusting(wire: WireRequest): WireRequest {
  const kind =
    wire.headers['x-amz-trailer'] === undefined
      ? 'STREAMING-UNSIGNED-PAYLOAD'
      : 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  return { ...wire, headers: { ...wire.headers, 'x-amz-content-sha256': kind } };
}

function faultOf({ shape, message, status, fields }: SignatureProblem): Fault {
  return new Fault(shape, message, { status, fields });
}
