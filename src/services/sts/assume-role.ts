// AssumeRole: a session of a role for whoever the role trusts. The trust policy is this service's resource policy, so that
// the decision is the cloud floor's.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { sessions } from '#cloud/ports/identity.ts';
import type { AccessKey, AssumableRole } from '#cloud/ports/identity.ts';
import { principalName } from '#cloud/principal.ts';
import type { RolePrincipal } from '#cloud/principal.ts';
import { mergeTags } from '#cloud/tags.ts';
import { DEFAULT_ROLE_SESSION, LONGEST_CHAINED_SESSION } from './timings.ts';

type Request = Input<'sts', 'AssumeRole'>;

/** Characters of all session policies together, and how many may be managed ones. */
const LARGEST_POLICIES = 2048;
const MOST_POLICY_ARNS = 10;

/** The ARN as given, if it is one of a role. */
export function roleArnOf({ RoleArn }: Request): string {
  const parts = RoleArn.split(':');
  const whole = parts.length >= 6 && parts[0] === 'arn' && parts[1] && parts[2] && parts.slice(5).join(':');
  if (!whole) throw new Fault('ValidationError', `${RoleArn} is invalid`);
  return RoleArn;
}

/** The root user may not assume roles whatever they say, so that no permission is looked at for it. */
export function actions({ principal }: Ctx, { Tags = [] }: Request): readonly string[] {
  if (principal.type === 'root') return [];
  return Tags.length > 0 ? ['sts:AssumeRole', 'sts:TagSession'] : ['sts:AssumeRole'];
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-sts */
export function conditions(
  _: Ctx,
  { ExternalId, RoleSessionName, Tags = [], TransitiveTagKeys = [] }: Request,
): Record<string, string | readonly string[]> {
  return {
    'sts:RoleSessionName': RoleSessionName,
    ...(ExternalId === undefined ? {} : { 'sts:ExternalId': ExternalId }),
    ...(TransitiveTagKeys.length > 0 ? { 'sts:TransitiveTagKeys': TransitiveTagKeys } : {}),
    ...tagConditions(Tags),
  };
}

export function tagConditions(
  tags: readonly { Key: string; Value: string }[],
): Record<string, string | readonly string[]> {
  return {
    ...(tags.length > 0 ? { 'aws:TagKeys': tags.map(({ Key }) => Key) } : {}),
    ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
  };
}

export function assumeRole(ctx: Ctx, request: Request): Output<'sts', 'AssumeRole'> {
  const { RoleArn, RoleSessionName } = request;
  if (ctx.principal.type === 'root')
    throw new Fault('AccessDenied', 'Roles may not be assumed by root accounts.');
  if (ctx.principal.type === 'federated-user') throw notAuthorized(ctx, RoleArn);
  const role = ctx.port(sessions).role(ctx, RoleArn);
  if (!role) throw notAuthorized(ctx, RoleArn);
  const { tags, transitiveTagKeys } = sessionTags(ctx, request);
  const seconds = durationOf(ctx, request, role);
  const policies = sessionPolicies(ctx, request, role.account);
  const arn = `arn:aws:sts::${role.account}:assumed-role/${role.name}/${RoleSessionName}`;
  const principal: RolePrincipal = {
    type: 'role',
    account: role.account,
    arn,
    roleArn: role.arn,
    roleId: role.id,
    sessionName: RoleSessionName,
    ...(policies.length > 0 ? { sessionPolicies: policies } : {}),
    ...(Object.keys(tags).length > 0 ? { tags } : {}),
    ...(transitiveTagKeys.length > 0 ? { transitiveTagKeys } : {}),
  };
  const session = ctx.port(sessions).open(ctx, principal, ctx.now + seconds * 1000);
  return {
    Credentials: wireCredentials(session),
    AssumedRoleUser: { AssumedRoleId: `${role.id}:${RoleSessionName}`, Arn: arn },
  };
}

export function wireCredentials(key: AccessKey & { readonly sessionToken: string }): {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken: string;
  Expiration: number;
} {
  const { accessKeyId, secret, sessionToken, expiresAt = 0 } = key;
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secret,
    SessionToken: sessionToken,
    Expiration: expiresAt,
  };
}

/** AWS does not tell a role that does not exist from one that does not trust. */
function notAuthorized({ principal }: Ctx, roleArn: string): Fault {
  const who = principalName(principal);
  return new Fault(
    'AccessDenied',
    `User: ${who} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
  );
}

/**
 * Tags of the request, and those that the calling session hands on. Keys are the same in any case.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
 */
function sessionTags(
  { principal }: Ctx,
  { Tags = [], TransitiveTagKeys = [] }: Request,
): { tags: Record<string, string>; transitiveTagKeys: readonly string[] } {
  checkTags(Tags);
  const given = new Map(Tags.map(({ Key }) => [Key.toLowerCase(), Key]));
  const own = TransitiveTagKeys.map((key) => given.get(key.toLowerCase()));
  if (own.includes(undefined))
    throw new Fault(
      'InvalidParameterValue',
      'The specified transitive tag key must be included in the requested tags.',
    );
  const inherited = (principal.type === 'role' && principal.transitiveTagKeys) || [];
  if (inherited.some((key) => given.has(key.toLowerCase())))
    throw new Fault(
      'InvalidParameterValue',
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    );
  const before = principal.type === 'role' ? (principal.tags ?? {}) : {};
  const handedOn = Object.fromEntries(inherited.map((key) => [key, before[key] ?? '']));
  return {
    tags: { ...handedOn, ...mergeTags({}, Tags) },
    transitiveTagKeys: [...inherited, ...(own as string[])],
  };
}

export function checkTags(tags: readonly { Key: string }[]): void {
  const keys = new Set(tags.map(({ Key }) => Key.toLowerCase()));
  if (keys.size === tags.length) return;
  throw new Fault(
    'InvalidParameterValue',
    'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
  );
}

function durationOf({ principal }: Ctx, { DurationSeconds }: Request, role: AssumableRole): number {
  if (DurationSeconds === undefined) return DEFAULT_ROLE_SESSION;
  if (principal.type === 'role' && DurationSeconds > LONGEST_CHAINED_SESSION) {
    throw new Fault(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
  if (DurationSeconds > role.maxSessionSeconds) {
    throw new Fault(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  return DurationSeconds;
}

/** Documents that narrow the session: the one in the request and those it names. */
export function sessionPolicies(
  ctx: Ctx,
  { Policy, PolicyArns = [] }: Pick<Request, 'Policy' | 'PolicyArns'>,
  account: string,
): readonly string[] {
  const arns = PolicyArns.map(({ arn = '' }) => arn);
  if (arns.length > MOST_POLICY_ARNS) {
    throw new Fault(
      'ValidationError',
      `1 validation error detected: Value at 'policyArns' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${MOST_POLICY_ARNS}`,
    );
  }
  const size = (Policy ?? '').length + arns.reduce((sum, arn) => sum + arn.length, 0);
  if (size > LARGEST_POLICIES) {
    const percent = Math.ceil((size * 100) / LARGEST_POLICIES);
    throw new Fault(
      'PackedPolicyTooLargeException',
      `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
    );
  }
  if (Policy !== undefined) parsePolicy(Policy, 'identity', 'MalformedPolicyDocumentException');
  const managed = arns.map((arn) => managedPolicy(ctx, arn, account));
  return Policy === undefined ? managed : [Policy, ...managed];
}

/** AWS's or the role's own account's. */
function managedPolicy(ctx: Ctx, arn: string, account: string): string {
  const owner = arn.split(':')[4];
  const usable = owner === 'aws' || owner === account;
  const document = usable ? ctx.port(sessions).managedPolicy(ctx, arn) : undefined;
  if (document !== undefined) return document;
  throw new Fault('InvalidParameterValue', `The policy ${arn} does not exist or is not attachable.`);
}
