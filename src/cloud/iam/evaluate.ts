// Whether IAM lets a request through: the evaluation logic of
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
// (one account) and …/reference_policies_evaluation-logic-cross-account.html (two). Pure; all policies are
// compiled.

import type { Context } from './match.ts';
import { conditionsHold, type Policy, type Statement } from './policy.ts';
import { accountOfPrincipal, Grade, type PolicyPrincipal } from './principals.ts';

export interface Evaluation {
  readonly principal: PolicyPrincipal;
  /** `s3:GetObject`. */
  readonly action: string;
  /** An ARN, or `*` for an action without resource-level permissions. */
  readonly resource: string;
  readonly context: Context;
  /** The account that owns the resource, or the caller's where the resource is `*`. */
  readonly accountOfResource: string;
  /** Inline and managed policies of the user, its groups, or the role. */
  readonly identityPolicies: readonly Policy[];
  readonly boundary?: Policy | undefined;
  /** Of an assumed-role or federated session; none at all means that the session is not narrowed. */
  readonly sessionPolicies?: readonly Policy[] | undefined;
  /**
   * Service control policies of the caller's account: one list per level, root, units, account. Every level
   * must allow. Leave out for the management account and for service-linked roles, which they do not bind.
   */
  readonly scps?: readonly (readonly Policy[])[] | undefined;
  /** Resource control policies of the resource's account, likewise. */
  readonly rcps?: readonly (readonly Policy[])[] | undefined;
  readonly endpointPolicy?: Policy | undefined;
  readonly resourcePolicy?: Policy | undefined;
  /**
   * The owner's identity policies do not suffice without the resource policy: role trust policies and KMS key
   * policies.
   */
  readonly resourcePolicyAlone?: boolean | undefined;
}

export type PolicyType =
  | 'identity-based policy'
  | 'resource-based policy'
  | 'role trust policy'
  | 'permissions boundary'
  | 'session policy'
  | 'service control policy'
  | 'resource control policy'
  | 'VPC endpoint policy';

export interface Decision {
  readonly allowed: boolean;
  /** The policy type that decided; `root user` needs no policy, and a `grant` is none. */
  readonly by: PolicyType | 'root user' | 'grant';
  /** A Deny statement decided, not the absence of an Allow. */
  readonly explicit: boolean;
  /**
   * The clause of AWS's message: "because no … allows the … action", "with an explicit deny in …". Empty when
   * allowed.
   */
  readonly reason: string;
  /** What decided, for diagnosis: the statement that allows or denies, and its policy. */
  readonly policy?: Policy;
  readonly statement?: Statement;
}

/** What one policy, or several of one type, say about a request. */
interface Finding {
  grade: Grade;
  policy: Policy | undefined;
  statement: Statement | undefined;
}

interface Request {
  readonly evaluation: Evaluation;
  readonly service: string;
  readonly name: string;
}

/**
 * Decides. Explicit denies win over everything; then each type that limits must allow; then one that grants
 * must.
 */
export function evaluate(evaluation: Evaluation): Decision {
  const action = evaluation.action.toLowerCase();
  const colon = action.indexOf(':');
  const request = { evaluation, service: action.slice(0, colon), name: action.slice(colon + 1) };
  return explicitDeny(request) ?? ceilingOfAccounts(request) ?? grant(request);
}

function applies(statement: Statement, { evaluation, service, name }: Request): Grade {
  if (!statement.matchesAction(service, name)) return Grade.none;
  const { boundary, context, principal, resource } = evaluation;
  const grade = statement.grade(principal, boundary !== undefined);
  if (grade === Grade.none || !statement.matchesResource(resource, context)) return Grade.none;
  return conditionsHold(statement, context) ? grade : Grade.none;
}

function denial(policy: Policy, request: Request): Statement | undefined {
  for (const statement of policy.statements) {
    if (statement.effect === 'Deny' && applies(statement, request) !== Grade.none) return statement;
  }
  return undefined;
}

/** The Allow statement that names the principal most closely. */
function allowance(policies: readonly Policy[], request: Request): Finding {
  const found: Finding = { grade: Grade.none, policy: undefined, statement: undefined };
  for (const policy of policies) {
    for (const statement of policy.statements) {
      if (statement.effect !== 'Allow') continue;
      const grade = applies(statement, request);
      if (grade <= found.grade) continue;
      found.grade = grade;
      found.policy = policy;
      found.statement = statement;
      if (grade === Grade.itself) return found;
    }
  }
  return found;
}

const WITH_ARTICLE: Readonly<Record<PolicyType, string>> = {
  'identity-based policy': 'an identity-based policy',
  'resource-based policy': 'a resource-based policy',
  'role trust policy': 'the role trust policy',
  'permissions boundary': 'a permissions boundary',
  'session policy': 'a session policy',
  'service control policy': 'a service control policy',
  'resource control policy': 'a resource control policy',
  'VPC endpoint policy': 'a VPC endpoint policy',
};

function resourcePolicyType({ resourcePolicy }: Evaluation): PolicyType {
  return resourcePolicy?.kind === 'trust' ? 'role trust policy' : 'resource-based policy';
}

/**
 * Where several types deny, AWS names one; which one is not documented, so the order is that of its flow
 * chart.
 */
function explicitDeny(request: Request): Decision | undefined {
  const { evaluation } = request;
  const { boundary, endpointPolicy, resourcePolicy } = evaluation;
  return (
    levelsDeny(evaluation.rcps, 'resource control policy', request) ??
    levelsDeny(scpsOf(evaluation), 'service control policy', request) ??
    (endpointPolicy && denied([endpointPolicy], 'VPC endpoint policy', request)) ??
    (resourcePolicy && denied([resourcePolicy], resourcePolicyType(evaluation), request)) ??
    denied(evaluation.identityPolicies, 'identity-based policy', request) ??
    (boundary && denied([boundary], 'permissions boundary', request)) ??
    (evaluation.sessionPolicies && denied(evaluation.sessionPolicies, 'session policy', request))
  );
}

/** They bind the principals of an account, and neither services nor whoever is nobody. */
function scpsOf({ principal, scps = [] }: Evaluation): readonly (readonly Policy[])[] {
  return accountOfPrincipal(principal) === undefined ? [] : scps;
}

function levelsDeny(
  levels: readonly (readonly Policy[])[] | undefined,
  by: PolicyType,
  request: Request,
): Decision | undefined {
  if (levels === undefined) return undefined;
  for (const level of levels) {
    const decision = denied(level, by, request);
    if (decision !== undefined) return decision;
  }
  return undefined;
}

function denied(policies: readonly Policy[], by: PolicyType, request: Request): Decision | undefined {
  for (const policy of policies) {
    const statement = denial(policy, request);
    if (statement === undefined) continue;
    const reason = `with an explicit deny in ${WITH_ARTICLE[by]}`;
    return { allowed: false, by, explicit: true, reason, policy, statement };
  }
  return undefined;
}

function implicit(by: PolicyType, { evaluation }: Request): Decision {
  const reason = `because no ${by} allows the ${evaluation.action} action`;
  return { allowed: false, by, explicit: false, reason };
}

function allowed(by: Decision['by'], { policy, statement }: Partial<Finding>): Decision {
  return {
    allowed: true,
    by,
    explicit: false,
    reason: '',
    ...(policy !== undefined && { policy }),
    ...(statement !== undefined && { statement }),
  };
}

/** What limits whole accounts and networks. */
function ceilingOfAccounts(request: Request): Decision | undefined {
  const { endpointPolicy, rcps = [] } = request.evaluation;
  const scps = scpsOf(request.evaluation);
  const silent = (level: readonly Policy[]): boolean => allowance(level, request).grade === Grade.none;
  if (rcps.some(silent)) return implicit('resource control policy', request);
  if (scps.some(silent)) return implicit('service control policy', request);
  return endpointPolicy !== undefined && silent([endpointPolicy])
    ? implicit('VPC endpoint policy', request)
    : undefined;
}

/** What limits one principal, whatever grants. */
function ceilingOfPrincipal(request: Request): Decision | undefined {
  const { boundary, principal, sessionPolicies = [] } = request.evaluation;
  if (principal.type === 'root') return undefined;
  if (boundary !== undefined && allowance([boundary], request).grade === Grade.none) {
    return implicit('permissions boundary', request);
  }
  // A federated user without a session policy may do nothing
  // (docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html).
  const narrowed = principal.type === 'federated-user' || sessionPolicies.length > 0;
  return narrowed && allowance(sessionPolicies, request).grade === Grade.none
    ? implicit('session policy', request)
    : undefined;
}

function grant(request: Request): Decision {
  const { evaluation } = request;
  const { accountOfResource, principal, resourcePolicy } = evaluation;
  const byResource = resourcePolicy && allowance([resourcePolicy], request);
  const account = accountOfPrincipal(principal);
  if (account === undefined) {
    const granted = byResource !== undefined && byResource.grade !== Grade.none;
    const by = resourcePolicyType(evaluation);
    return granted ? allowed(by, byResource) : implicit(by, request);
  }
  return account === accountOfResource
    ? grantWithinAccount(request, byResource)
    : grantAcrossAccounts(request, byResource);
}

function byIdentity(request: Request): Decision | undefined {
  const { identityPolicies, principal } = request.evaluation;
  if (principal.type === 'root') return allowed('root user', {});
  const found = allowance(identityPolicies, request);
  return found.grade === Grade.none ? undefined : allowed('identity-based policy', found);
}

/**
 * Either side grants; a resource policy that names the very user or session is limited by explicit denies
 * only.
 */
function grantWithinAccount(request: Request, byResource: Finding | undefined): Decision {
  const { evaluation } = request;
  const type = resourcePolicyType(evaluation);
  const grade = byResource?.grade ?? Grade.none;
  if (evaluation.resourcePolicyAlone === true && grade === Grade.none) return implicit(type, request);
  if (grade === Grade.itself) return allowed(type, byResource ?? {});
  const granted = grade === Grade.role ? allowed(type, byResource ?? {}) : byIdentity(request);
  if (granted === undefined) return implicit('identity-based policy', request);
  return ceilingOfPrincipal(request) ?? granted;
}

/** Both sides must grant, and the caller's account limits its own principals as always. */
function grantAcrossAccounts(request: Request, byResource: Finding | undefined): Decision {
  const granted = byIdentity(request);
  if (granted === undefined) return implicit('identity-based policy', request);
  const limited = ceilingOfPrincipal(request);
  if (limited !== undefined) return limited;
  if (byResource === undefined || byResource.grade === Grade.none) {
    return implicit(resourcePolicyType(request.evaluation), request);
  }
  return granted;
}
