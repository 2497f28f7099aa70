// The Principal and NotPrincipal elements
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html and
// reference_policies_elements_notprincipal.html).

/**
 * Who makes a request, as far as policies can tell. `Principal` of `src/cloud/principal.ts` is one of these.
 */
export type PolicyPrincipal =
  | RootUser
  | IamUser
  | RoleSession
  | FederatedUser
  | WebIdentity
  | AwsService
  | { readonly type: 'anonymous' };

interface Member {
  readonly account: string;
  /** The ARN that error messages show. */
  readonly arn: string;
  /** S3 bucket policies may name an account so. */
  readonly canonicalId?: string;
}

interface RootUser extends Member {
  readonly type: 'root';
}

interface IamUser extends Member {
  readonly type: 'user';
  /** `AIDA…`: IAM stores it in place of the ARN, so that a new user of the same name inherits nothing. */
  readonly id?: string;
}

/** `arn` is the assumed-role ARN. */
interface RoleSession extends Member {
  readonly type: 'role';
  readonly roleArn: string;
  /** `AROA…` */
  readonly roleId?: string;
}

/** A session of `sts:GetFederationToken`; `userArn` is who federated it. */
interface FederatedUser extends Member {
  readonly type: 'federated-user';
  readonly userArn: string;
}

/** A user of an identity provider who is about to assume a role with SAML or a web identity. */
interface WebIdentity {
  readonly type: 'federated';
  /** The ARN of the provider, or the host name of a public one. */
  readonly provider: string;
}

interface AwsService {
  readonly type: 'service';
  /** Such as `codedeploy.amazonaws.com`. */
  readonly service: string;
}

/**
 * How closely a resource-based policy names a principal, which decides what it can bypass (the table in
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html).
 */
export const Grade = {
  none: 0,
  /** Its account: the account's own policies still decide. */
  account: 1,
  /** Its role: boundary and session policies still limit. */
  role: 2,
  /** Itself: nothing but an explicit deny limits. */
  itself: 3,
} as const;
export type Grade = (typeof Grade)[keyof typeof Grade];

export type PrincipalType = 'AWS' | 'Service' | 'Federated' | 'CanonicalUser';

export interface NamedPrincipal {
  readonly type: PrincipalType;
  readonly value: string;
}

export type PrincipalMatcher = (principal: PolicyPrincipal) => Grade;

interface Names {
  /** `*`, which stands for everyone, services and anonymous callers included. */
  readonly everyone: boolean;
  readonly accounts: ReadonlySet<string>;
  /** ARNs and unique ids. */
  readonly aws: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
  readonly federated: ReadonlySet<string>;
  readonly canonical: ReadonlySet<string>;
}

/** The account in `123456789012` or `arn:aws:iam::123456789012:root`. */
function accountOf(value: string): string | undefined {
  return /^(?:arn:[^:]+:iam::)?(\d{12})(?::root)?$/.exec(value)?.[1];
}

function collect(named: readonly NamedPrincipal[]): Names {
  const of = (type: PrincipalType): string[] =>
    named.filter((one) => one.type === type).map((one) => one.value);
  const aws = of('AWS');
  return {
    everyone: aws.includes('*'),
    accounts: new Set(aws.map(accountOf).filter((account) => account !== undefined)),
    aws: new Set(aws),
    services: new Set(of('Service')),
    federated: new Set(of('Federated')),
    canonical: new Set(of('CanonicalUser')),
  };
}

export function compilePrincipal(named: readonly NamedPrincipal[]): PrincipalMatcher {
  const names = collect(named);
  return (principal) => gradeOf(names, principal);
}

function gradeOf(names: Names, principal: PolicyPrincipal): Grade {
  const { type } = principal;
  if (type === 'anonymous') return names.everyone ? Grade.itself : Grade.none;
  if (type === 'service') {
    return names.everyone || names.services.has(principal.service) || names.services.has('*')
      ? Grade.itself
      : Grade.none;
  }
  if (type === 'federated') {
    return names.everyone || names.federated.has(principal.provider) || names.federated.has('*')
      ? Grade.itself
      : Grade.none;
  }
  const { account, arn, canonicalId } = principal;
  if (names.aws.has(arn)) return Grade.itself;
  const inAccount =
    names.accounts.has(account) || (canonicalId !== undefined && names.canonical.has(canonicalId));
  if (type === 'root') return names.everyone || inAccount ? Grade.itself : Grade.none;
  if (type === 'user') {
    if (names.everyone || (principal.id !== undefined && names.aws.has(principal.id))) return Grade.itself;
  } else if (type === 'role') {
    // "*" with aws:PrincipalArn counts as naming the role, so "*" alone cannot count for more.
    const byId = principal.roleId !== undefined && names.aws.has(principal.roleId);
    if (names.everyone || byId || names.aws.has(principal.roleArn)) return Grade.role;
  } else if (names.everyone || names.aws.has(principal.userArn)) return Grade.role;
  return inAccount ? Grade.account : Grade.none;
}

/** Whether a NotPrincipal element exempts a principal, so that its Deny does not apply. */
export type ExemptionTest = (principal: PolicyPrincipal, hasBoundary: boolean) => boolean;

/**
 * All of a principal's identities must be listed: the account, the role and the session, or the account and
 * the user. A principal with a permissions boundary is never exempt. Both as the NotPrincipal page says.
 */
export function compileNotPrincipal(named: readonly NamedPrincipal[]): ExemptionTest {
  const names = collect(named);
  return (principal, hasBoundary) => {
    if (hasBoundary) return false;
    const { type } = principal;
    if (type === 'anonymous' || type === 'service' || type === 'federated' || type === 'root') {
      return gradeOf(names, principal) === Grade.itself;
    }
    const listed = (arn: string, id?: string): boolean =>
      names.aws.has(arn) || (id !== undefined && names.aws.has(id));
    if (!names.accounts.has(principal.account)) return false;
    if (type === 'user') return listed(principal.arn, principal.id);
    if (type === 'federated-user') return listed(principal.arn) && listed(principal.userArn);
    return listed(principal.arn) && listed(principal.roleArn, principal.roleId);
  };
}

/** The account whose policies decide for a principal; undefined for those that belong to none. */
export function accountOfPrincipal(principal: PolicyPrincipal): string | undefined {
  const { type } = principal;
  return type === 'anonymous' || type === 'service' || type === 'federated' ? undefined : principal.account;
}

/** How AWS's error messages name a principal. */
export function principalText(principal: PolicyPrincipal): string {
  if (principal.type === 'anonymous') return 'anonymous';
  if (principal.type === 'service') return principal.service;
  return principal.type === 'federated' ? principal.provider : principal.arn;
}
