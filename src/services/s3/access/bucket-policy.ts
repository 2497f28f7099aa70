// Bucket policies: kept, checked and brought into IAM's decisions.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html

import { jsonIn } from '#contract/json-text.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Policy } from '#cloud/iam/policy.ts';
import { principalName } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { accountOfUser, bucketNamed, bucketOf } from '../bucket.ts';
import { notConfigured } from '../faults.ts';
import { currentObject } from '../objects/versions.ts';
import { buckets } from '../tables.ts';
import type { Bucket } from '../tables.ts';
import { aclStatements } from './acl.ts';
import type { Listed } from './acl.ts';
import { isPublic } from './public-access.ts';

const PREFIX = 'arn:aws:s3:::';
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html */
const LARGEST_POLICY = 20_480;

const malformed = (message: string): Fault => new Fault('MalformedPolicy', message, { status: 400 });

interface RawStatement {
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** A bucket's policy is about S3 and about this bucket. */
function checkPolicy(text: string, { name }: Bucket): void {
  if (!text.startsWith('{') || !isJson(text))
    throw malformed("Policies must be valid JSON and the first byte must be '{'");
  if (text.length > LARGEST_POLICY)
    throw malformed(`Policies must not be larger than ${LARGEST_POLICY} bytes`);
  const { Statement: statements } = jsonIn(text) as { Statement?: unknown };
  if (statements === undefined) throw malformed('Missing required field Statement');
  parsePolicy(text, 'bucket', 'MalformedPolicy');
  const arn = PREFIX + name;
  for (const statement of listOf(statements) as readonly RawStatement[]) {
    const actions = listOf(statement.Action ?? statement.NotAction);
    if (!actions.every((action) => /^(?:\*|s3:.+)$/i.test(String(action))))
      throw malformed('Policy has invalid action');
    const resource = statement.Resource ?? statement.NotResource;
    if (resource === undefined) throw malformed('Missing required field Resource');
    const about = (one: unknown): boolean =>
      one === arn || String(one).startsWith(`${arn}/`) || wild(one, arn);
    if (!listOf(resource).every(about)) throw malformed('Policy has invalid resource');
  }
}

/** A pattern whose fixed beginning still leads to the bucket. */
function wild(resource: unknown, arn: string): boolean {
  const [start = '', ...rest] = String(resource).split(/[*?]|\$\{/);
  return (
    rest.length > 0 && start.startsWith(PREFIX) && (arn.startsWith(start) || start.startsWith(`${arn}/`))
  );
}

/** Principals of a policy with the accounts of canonical users in place of their ids, by which IAM does not know them. */
function withAccounts(ctx: Ctx, principal: unknown): unknown {
  if (typeof principal !== 'object' || principal === null || !('CanonicalUser' in principal))
    return principal;
  const { CanonicalUser: ids, AWS = [], ...rest } = principal as Readonly<Record<string, unknown>>;
  const accounts = listOf(ids).map((id) => accountOfUser(ctx, String(id)));
  if (accounts.includes(undefined)) throw malformed('Invalid principal in policy');
  return { ...rest, AWS: [...listOf(AWS), ...accounts] };
}

/** A policy as IAM reads it. Throws for canonical users that no account is. */
function readable(ctx: Ctx, text: string): string {
  if (!text.includes('CanonicalUser')) return text;
  const { Statement, ...policy } = jsonIn(text) as { Statement: unknown };
  const statements = (listOf(Statement) as readonly Readonly<Record<string, unknown>>[]).map((statement) => {
    const named = Object.entries(statement).map(([element, value]) => [
      element,
      element.endsWith('Principal') ? withAccounts(ctx, value) : value,
    ]);
    return Object.fromEntries(named) as object;
  });
  return JSON.stringify({ ...policy, Statement: statements });
}

function isJson(text: string): boolean {
  try {
    return typeof jsonIn(text) === 'object';
  } catch {
    return false;
  }
}

function policyOf({ name, policy }: Bucket): string {
  if (policy === undefined)
    throw notConfigured('NoSuchBucketPolicy', 'The bucket policy does not exist', name);
  return policy;
}

export function bucketOfArn(ctx: Ctx, arn: string): Bucket | undefined {
  if (!arn.startsWith(PREFIX)) return undefined;
  return bucketNamed(ctx, arn.slice(PREFIX.length).split('/')[0] ?? '')?.bucket;
}

/** What a bucket's policy and lists say to whoever asks. While public buckets are restricted, strangers are told nothing. */
export function policyFor(ctx: Ctx, arn: string): Policy | undefined {
  const bucket = bucketOfArn(ctx, arn);
  if (!bucket) return undefined;
  const policy = policyOfBucket(ctx, bucket);
  const listed = bucket.ownerEnforced ? [] : aclStatements(ctx, bucket, listedObject(ctx, bucket, arn));
  if (listed.length === 0) return policy;
  const statements = [...(policy?.statements ?? []), ...listed];
  return { kind: 'bucket', id: policy?.id, statements };
}

function policyOfBucket(ctx: Ctx, { account, policy, publicAccessBlock }: Bucket): Policy | undefined {
  if (policy === undefined) return undefined;
  const { principal } = ctx;
  const stranger =
    principal.type === 'anonymous' || (principal.type !== 'service' && principal.account !== account);
  if (stranger && publicAccessBlock?.restrictPublicBuckets && isPublic(policy)) return undefined;
  return parsePolicy(readable(ctx, policy), 'bucket', 'MalformedPolicy');
}

/**
 * The list of the object that an ARN names: that of its current version. Whoever a list lets see which keys there are may
 * learn that one is missing (LocalStack's test_website_hosting_404, recorded from AWS).
 */
function listedObject(ctx: Ctx, { name, region, account, acl }: Bucket, arn: string): Listed | undefined {
  const key = arn.slice(PREFIX.length + name.length + 1);
  if (key === '') return undefined;
  const object = currentObject(ctx.in({ region, account }), name, key);
  const list = object ? object.acl : acl;
  return list === undefined ? undefined : { arn, acl: list, missing: object === undefined };
}

export const policyOperations: Operations<'s3'> = {
  GetBucketPolicy(ctx, input) {
    return { Policy: policyOf(bucketOf(ctx, input).bucket) };
  },

  GetBucketPolicyStatus(ctx, input) {
    return { PolicyStatus: { IsPublic: isPublic(policyOf(bucketOf(ctx, input).bucket)) } };
  },

  PutBucketPolicy(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    // Nothing is no policy either.
    const text = (input.Policy as string | undefined) ?? '';
    checkPolicy(text, bucket);
    readable(ctx, text);
    if (bucket.publicAccessBlock?.blockPublicPolicy && isPublic(text)) {
      const message =
        `User: ${principalName(ctx.principal)} is not authorized to perform: s3:PutBucketPolicy on resource: ` +
        `"${PREFIX}${bucket.name}" because public policies are prevented by the BlockPublicPolicy setting in S3 ` +
        'Block Public Access.';
      throw new Fault('AccessDenied', message, { status: 403 });
    }
    at.update(buckets, bucket, { policy: text });
  },

  DeleteBucketPolicy(ctx, input) {
    const { at, bucket } = bucketOf(ctx, input);
    const { policy: _, ...rest } = bucket;
    at.put(buckets, rest);
  },
};
