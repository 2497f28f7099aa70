// Whether IAM lets a principal run an operation: gathers the policies and the request's context, and asks the evaluation.

import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from './ctx.ts';
import { denialMessage } from './iam/denial.ts';
import { evaluate } from './iam/evaluate.ts';
import { contextOf } from './iam/match.ts';
import type { Context, ContextValue } from './iam/match.ts';
import { identity } from './ports.ts';
import type { PrincipalPolicies } from './ports.ts';
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
  const request = { ctx, service, policies, extra: rule.conditions?.(ctx, input) ?? {} };
  for (const resource of typeof resources === 'string' ? [resources] : resources) {
    for (const action of actions) check(request, action, resource);
  }
  for (const { roleArn, service: passedTo } of rule.passes?.(ctx, input) ?? []) {
    check({ ...request, extra: { 'iam:PassedToService': passedTo } }, 'iam:PassRole', roleArn);
  }
}

interface Request {
  readonly ctx: Ctx;
  readonly service: Service;
  readonly policies: PrincipalPolicies;
  readonly extra: Readonly<Record<string, ContextValue>>;
}

function check({ ctx, service, policies, extra }: Request, action: string, resource: string): void {
  const { principal } = ctx;
  const owner = ownerOf(ctx, service, resource);
  const resourcePolicy = resource === '*' ? undefined : service.resourcePolicy?.(ctx, resource);
  const decision = evaluate({
    principal,
    action,
    resource,
    context: contextFor(ctx, principal, extra),
    accountOfResource: owner,
    identityPolicies: policies.identity,
    boundary: policies.boundary,
    sessionPolicies: policies.session,
    resourcePolicy,
  });
  if (!decision.allowed)
    throw new Fault('AccessDenied', denialMessage(principal, action, resource, decision));
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
    ...extra,
  };
  return contextOf(values);
}

function ofPrincipal(principal: Principal): Record<string, ContextValue | undefined> {
  switch (principal.type) {
    case 'anonymous':
      return { 'aws:PrincipalType': 'Anonymous' };
    case 'service':
      return {
        'aws:PrincipalIsAWSService': 'true',
        'aws:PrincipalServiceName': principal.service,
        'aws:SourceArn': principal.sourceArn,
        'aws:SourceAccount': principal.account,
        'aws:SourceOwner': principal.account,
      };
    case 'root':
      return { ...ofAccount(principal), 'aws:PrincipalType': 'Account', 'aws:userid': principal.account };
    case 'user':
      return {
        ...ofAccount(principal),
        'aws:PrincipalType': 'User',
        'aws:username': principal.name,
        'aws:userid': principal.id,
      };
    case 'role':
      return {
        ...ofAccount(principal),
        'aws:PrincipalArn': principal.roleArn,
        'aws:PrincipalType': 'AssumedRole',
        'aws:userid': `${principal.roleId}:${principal.sessionName}`,
        ...Object.fromEntries(
          Object.entries(principal.tags ?? {}).map(([key, tag]) => [`aws:PrincipalTag/${key}`, tag]),
        ),
      };
  }
}

function ofAccount({ account, arn }: { account: string; arn: string }): Record<string, string> {
  return {
    'aws:PrincipalAccount': account,
    'aws:PrincipalArn': arn,
    'aws:SourceOwner': account,
    'aws:PrincipalIsAWSService': 'false',
  };
}
