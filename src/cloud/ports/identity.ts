// Who asks, and what they may: implemented by IAM and STS.

import type { ThroughRole } from '../caller.ts';
import type { Ctx } from '../ctx.ts';
import type { Policy } from '../iam/policy.ts';
import { port } from '../port.ts';
import type { Port } from '../port.ts';
import type { Principal, RolePrincipal } from '../principal.ts';

/** What signs for a principal. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly principal: Principal;
  /** Present for temporary credentials. */
  readonly sessionToken?: string;
  /** Virtual instant, epoch ms. */
  readonly expiresAt?: number;
  readonly active: boolean;
}

/** The policies that decide for a principal. */
export interface PrincipalPolicies {
  readonly identity: readonly Policy[];
  readonly boundary?: Policy;
  readonly session?: readonly Policy[];
}

export interface Identity {
  accessKey(ctx: Ctx, accessKeyId: string): AccessKey | undefined;
  policies(ctx: Ctx, principal: Principal): PrincipalPolicies;
  /** A session of a role for a service that the role trusts. Throws `Fault` (AccessDenied) where it does not. */
  assumeFor(ctx: Ctx, through: ThroughRole): RolePrincipal;
  /** Credentials for a session of the role in an instance profile, as the metadata service hands them out. */
  profileCredentials(ctx: Ctx, instanceProfileArn: string, instanceId: string): AccessKey | undefined;
  /** The role's ARN in an instance profile. */
  profileRole(ctx: Ctx, instanceProfileArn: string): string | undefined;
  /** Makes a service-linked role if the account lacks it, and returns its ARN. */
  serviceLinkedRole(ctx: Ctx, service: string): string;
}
export const identity: Port<Identity> = port<Identity>('identity');

/** What STS needs to know of a role that is to be assumed. */
export interface AssumableRole {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  readonly account: string;
  /** Who may assume it. */
  readonly trust: Policy;
  readonly maxSessionSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** What IAM keeps for STS. */
export interface Sessions {
  role(ctx: Ctx, roleArn: string): AssumableRole | undefined;
  /** The default version's text of a managed policy. */
  managedPolicy(ctx: Ctx, policyArn: string): string | undefined;
  /** Temporary credentials of a principal until `expiresAt` (epoch ms). */
  open(ctx: Ctx, principal: Principal, expiresAt: number): AccessKey & { readonly sessionToken: string };
  /** The account to which a key belongs, whether or not it is still there. */
  accountOf(accessKeyId: string): string | undefined;
}
export const sessions: Port<Sessions> = port<Sessions>('sessions');
