// Whether IAM lets a principal run an operation: gathers the policies and the request's context, and asks the evaluation.

import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from './ctx.ts';
import { denialMessage } from './iam/denial.ts';
import { evaluate } from './iam/evaluate.ts';
import { contextOf } from './iam/match.ts';
import type { Context, ContextValue } from './iam/match.ts';
import type { Decision } from './iam/evaluate.ts';
import { identity } from './ports/identity.ts';
import type { PrincipalPolicies } from './ports/identity.ts';
import type { Principal } from './principal.ts';
import type { Service } from './service.ts';

const NO_POLICIES: PrincipalPolicies = { identity: [] };

/** Throws AccessDenied in AWS's words unless the principal of `ctx` may run the operation on what it touches. */
export function authorize(
  ctx: Ctx,
  service: Service,
  operation: string,
  input: Record<string, unknown>,
): void {
  const rule = service.authorization[operation] ?? {};
  const actions =
    typeof rule.actions === 'function'
      ? rule.actions(ctx, input)
      : (rule.actions ?? [`${service.actionPrefix}:${operation}`]);
  const { principal } = ctx;
  // Without a resource policy nothing can stop the root user of an account.
  if (principal.type === 'root' && !service.resourcePolicy) return;
  const resources = rule.resources?.(ctx, input) ?? '*';
  const policies = policiesOf(ctx, principal);
  const extra = { ...tagConditions(input), ...rule.conditions?.(ctx, input) };
  const request = { ctx, service, policies, input, extra };
  for (const resource of typeof resources === 'string' ? [resources] : resources) {
    for (const action of actions) check(request, action, resource);
  }
  for (const { action, resource, conditions } of rule.further?.(ctx, input) ?? []) {
    check({ ...request, extra: { ...request.extra, ...conditions } }, action, resource);
  }
  for (const { roleArn, service: passedTo } of rule.passes?.(ctx, input) ?? []) {
    check({ ...request, extra: { 'iam:PassedToService': passedTo } }, 'iam:PassRole', roleArn);
  }
}

/**
 * What a request writes of tags, in any of the spellings that services have: policies that deny because of a tag must find it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
 */
function tagConditions(input: Readonly<Record<string, unknown>>): Request['extra'] {
  const { TagKeys, tagKeys = TagKeys, Tags, tags = Tags } = input;
  if (Array.isArray(tagKeys)) return { 'aws:TagKeys': tagKeys.map(String) };
  if (typeof tags !== 'object' || tags === null) return {};
  const pairs = Array.isArray(tags) ? tags.map(pairOf) : Object.entries(tags);
  const given = pairs.filter(([key]) => key !== undefined);
  if (given.length === 0) return {};
  return {
    ...Object.fromEntries(
      given.map(([key, value]) => [`aws:RequestTag/${String(key)}`, String(value ?? '')]),
    ),
    'aws:TagKeys': given.map(([key]) => String(key)),
  };
}

function pairOf(tag: unknown): [unknown, unknown] {
  if (typeof tag === 'string') return [tag, undefined];
  const {
    Key,
    key = Key,
    TagKey = key,
    Value,
    value = Value,
    TagValue = value,
  } = (tag ?? {}) as Record<string, unknown>;
  return [TagKey, TagValue];
}

interface Request {
  readonly ctx: Ctx;
  readonly service: Service;
  readonly policies: PrincipalPolicies;
  readonly input: Readonly<Record<string, unknown>>;
  readonly extra: Readonly<Record<string, ContextValue>>;
}

function check(request: Request, action: string, resource: string): void {
  const { ctx, service } = request;
  const decision = decide(request, action, resource);
  if (decision.allowed) return;
  const message = denialMessage(ctx.principal, action, resource, decision);
  throw service.denied?.(ctx, { action, resource, decision, message }) ?? new Fault('AccessDenied', message);
}

/** What IAM says to the principal of `ctx` about one more action, for operations that look at several things. */
export function decisionOn(
  ctx: Ctx,
  service: Service,
  action: string,
  resource: string,
  conditions: Request['extra'] = {},
): Decision {
  return decide(
    { ctx, service, policies: policiesOf(ctx, ctx.principal), input: {}, extra: conditions },
    action,
    resource,
  );
}

/** Within its own account nothing limits the root user but a resource's policy. */
const ROOT: Decision = { allowed: true, by: 'root user', explicit: false, reason: '' };

function decide(
  { ctx, service, policies, input, extra }: Request,
  action: string,
  resource: string,
): Decision {
  const { principal } = ctx;
  const resourcePolicy = resource === '*' ? undefined : service.resourcePolicy?.(ctx, resource);
  const accountOfResource = ownerOf(ctx, service, resource);
  if (principal.type === 'root' && !resourcePolicy && principal.account === accountOfResource) return ROOT;
  const decision = evaluate({
    principal,
    action,
    resource,
    context: contextFor(ctx, principal, { ...service.resourceConditions?.(ctx, resource), ...extra }),
    accountOfResource,
    identityPolicies: policies.identity,
    boundary: policies.boundary,
    sessionPolicies: policies.session,
    resourcePolicy,
    // The owner's own permissions do not suffice to assume a role: it must trust the caller.
    resourcePolicyAlone:
      resourcePolicy !== undefined &&
      (resourcePolicy.kind === 'trust' || service.resourcePolicyAlone === true),
  });
  if (decision.allowed || decision.explicit) return decision;
  const granted = service.granted?.(ctx, { action, resource, conditions: extra, input }) ?? false;
  return granted ? { allowed: true, by: 'grant', explicit: false, reason: '' } : decision;
}

function policiesOf(ctx: Ctx, principal: Principal): PrincipalPolicies {
  const { type } = principal;
  if (type === 'root' || type === 'service' || type === 'anonymous') return NO_POLICIES;
  return ctx.port(identity).policies(ctx, principal);
}

function ownerOf(ctx: Ctx, service: Service, resource: string): string {
  const named = resource === '*' ? '' : (resource.split(':')[4] ?? '');
  return /^\d{12}$/.test(named) ? named : (service.ownerOf?.(ctx, resource) ?? ctx.account);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
function contextFor(ctx: Ctx, principal: Principal, extra: Request['extra']): Context {
  const values: Record<string, ContextValue | undefined> = {
    'aws:CurrentTime': formatIso(ctx.now),
    'aws:EpochTime': String(Math.floor(ctx.now / 1000)),
    'aws:RequestedRegion': ctx.region,
    'aws:SecureTransport': 'true',
    ...ofPrincipal(principal),
    ...ofCredentials(principal),
    ...ofChain(principal),
    ...extra,
  };
  return contextOf(values);
}

/**
 * Services that do not say for whom they publish, so that the default policy of a topic does not let them in.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
 */
const WITHOUT_SOURCE_OWNER: ReadonlySet<string> = new Set(['events.amazonaws.com', 's3.amazonaws.com']);

function ofPrincipal(principal: Principal): Record<string, ContextValue | undefined> {
  switch (principal.type) {
    case 'anonymous':
      return { 'aws:PrincipalType': 'Anonymous', 'aws:userid': 'anonymous' };
    case 'service':
      return {
        'aws:PrincipalIsAWSService': 'true',
        'aws:PrincipalServiceName': principal.service,
        'aws:SourceArn': principal.sourceArn,
        'aws:SourceAccount': principal.account,
        ...(WITHOUT_SOURCE_OWNER.has(principal.service) ? {} : { 'aws:SourceOwner': principal.account }),
      };
    case 'root':
      return { ...ofAccount(principal), 'aws:PrincipalType': 'Account', 'aws:userid': principal.account };
    case 'user':
      return {
        ...ofAccount(principal),
        'aws:PrincipalType': 'User',
        'aws:username': principal.name,
        'aws:userid': principal.id,
        ...tagsOf(principal),
      };
    case 'role':
      return {
        ...ofAccount(principal),
        'aws:PrincipalArn': principal.roleArn,
        'aws:PrincipalType': 'AssumedRole',
        'aws:userid': `${principal.roleId}:${principal.sessionName}`,
        ...tagsOf(principal),
      };
    case 'federated-user':
      return {
        ...ofAccount(principal),
        'aws:PrincipalType': 'FederatedUser',
        'aws:userid': `${principal.account}:${principal.name}`,
        ...tagsOf(principal),
      };
  }
}

/** Keys that only requests with temporary credentials have. Nobody here has shown an MFA device. */
function ofCredentials(principal: Principal): Record<string, ContextValue> {
  if (principal.type === 'service' || principal.type === 'anonymous') return {};
  if ((principal.type === 'user' || principal.type === 'root') && !principal.temporary) return {};
  const { issuedAt } = principal;
  return {
    'aws:MultiFactorAuthPresent': 'false',
    ...(issuedAt === undefined ? {} : { 'aws:TokenIssueTime': formatIso(issuedAt) }),
  };
}

/** Services between the principal and the request. */
function ofChain(principal: Principal): Record<string, ContextValue> {
  const via = 'via' in principal ? principal.via : undefined;
  const [first, last] = [via?.[0], via?.at(-1)];
  if (!via || first === undefined || last === undefined) return { 'aws:ViaAWSService': 'false' };
  return {
    'aws:ViaAWSService': 'true',
    'aws:CalledVia': via,
    'aws:CalledViaFirst': first,
    'aws:CalledViaLast': last,
  };
}

function tagsOf({ tags = {} }: { tags?: Readonly<Record<string, string>> }): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([key, tag]) => [`aws:PrincipalTag/${key}`, tag]));
}

function ofAccount({ account, arn }: { account: string; arn: string }): Record<string, string> {
  return {
    'aws:PrincipalAccount': account,
    'aws:PrincipalArn': arn,
    'aws:PrincipalIsAWSService': 'false',
  };
}
