// Who makes a request.

/** A caller whose request services pass on, with the caller's own permissions. */
interface Forwarded {
  /** The services, first to last, such as `s3.amazonaws.com`: `aws:CalledVia`. */
  readonly via?: readonly string[];
  /** When temporary credentials were handed out (epoch ms): `aws:TokenIssueTime`. */
  readonly issuedAt?: number;
}

/** The root user of an account. */
export interface RootPrincipal extends Forwarded {
  readonly type: 'root';
  readonly account: string;
  readonly arn: string;
  /** Signs with credentials of `GetSessionToken`. */
  readonly temporary?: true;
}

/** An IAM user. */
export interface UserPrincipal extends Forwarded {
  readonly type: 'user';
  readonly account: string;
  readonly arn: string;
  readonly name: string;
  readonly id: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Signs with credentials of `GetSessionToken`. */
  readonly temporary?: true;
}

/** A session of an IAM role: `arn` is the assumed-role ARN. */
export interface RolePrincipal extends Forwarded {
  readonly type: 'role';
  readonly account: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly roleId: string;
  readonly sessionName: string;
  /** Policy documents (JSON text) that narrow the session. */
  readonly sessionPolicies?: readonly string[];
  /** Tags of the role and, over them, of the session. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Those of the session's tags that sessions have too which it opens. */
  readonly transitiveTagKeys?: readonly string[];
}

/** A session of `GetFederationToken`: `arn` is the federated user's. */
export interface FederatedPrincipal extends Forwarded {
  readonly type: 'federated-user';
  readonly account: string;
  readonly arn: string;
  readonly name: string;
  /** Who opened the session: an IAM user, or the root user. */
  readonly userArn: string;
  /** The IAM user, so that another of the same name is told from it. */
  readonly user?: { readonly name: string; readonly id: string };
  /** Policy documents (JSON text) that the session is narrowed to; without any it may do nothing of itself. */
  readonly sessionPolicies?: readonly string[];
  /** Tags of the user and, over them, of the session. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** An AWS service acting for itself, for a resource of an account. */
export interface ServicePrincipal {
  readonly type: 'service';
  /** Such as `sns.amazonaws.com`. */
  readonly service: string;
  /** Account for which the service acts. */
  readonly account: string;
  /** The resource for which the service acts, as `aws:SourceArn`. */
  readonly sourceArn?: string;
}

/** Nobody: an unsigned request. */
export interface AnonymousPrincipal {
  readonly type: 'anonymous';
}

export type Principal =
  | RootPrincipal
  | UserPrincipal
  | RolePrincipal
  | FederatedPrincipal
  | ServicePrincipal
  | AnonymousPrincipal;

export function rootOf(account: string): RootPrincipal {
  return { type: 'root', account, arn: `arn:aws:iam::${account}:root` };
}

/**
 * A caller as whom a service asks another one for what the caller's request needs: S3 asks KMS for data keys so.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
 */
export function forwarded(principal: Principal, service: string): Principal {
  if (principal.type === 'service' || principal.type === 'anonymous') return principal;
  return { ...principal, via: [...(principal.via ?? []), service] };
}

/** Whether a request comes from AWS itself, which alone may write tags that begin with `aws:`. */
export function actsForAws(principal: Principal): boolean {
  if (principal.type === 'service') return true;
  if (principal.type === 'anonymous') return false;
  const linked = principal.type === 'role' && principal.roleArn.includes(':role/aws-service-role/');
  return linked || principal.via !== undefined;
}

/** The principal's name for people: an ARN or a service's host name. */
export function principalName(principal: Principal): string {
  if (principal.type === 'anonymous') return 'anonymous';
  return principal.type === 'service' ? principal.service : principal.arn;
}
