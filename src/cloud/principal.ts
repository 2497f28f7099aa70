// Who makes a request.

/** The root user of an account. */
export interface RootPrincipal {
  readonly type: 'root';
  readonly account: string;
  readonly arn: string;
  /** Signs with credentials of `GetSessionToken`. */
  readonly temporary?: true;
}

/** An IAM user. */
export interface UserPrincipal {
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
export interface RolePrincipal {
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

export type Principal = RootPrincipal | UserPrincipal | RolePrincipal | ServicePrincipal | AnonymousPrincipal;

export function rootOf(account: string): RootPrincipal {
  return { type: 'root', account, arn: `arn:aws:iam::${account}:root` };
}

/** The principal's name for people: an ARN or a service's host name. */
export function principalName(principal: Principal): string {
  if (principal.type === 'anonymous') return 'anonymous';
  return principal.type === 'service' ? principal.service : principal.arn;
}
