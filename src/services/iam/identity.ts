// What the rest of the cloud asks IAM internally: which policies decide for a principal, sessions of roles for services
// and instances. `policies` and `assumeFor` are on the path of every call, so they read rows and compile nothing twice.

import { Fault } from '#contract/fault.ts';
import { formatIso } from '#contract/protocols/timestamp.ts';
import { GLOBAL } from '#cloud/ctx.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { denialMessage } from '#cloud/iam/denial.ts';
import { evaluate } from '#cloud/iam/evaluate.ts';
import type { Context } from '#cloud/iam/match.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Policy } from '#cloud/iam/policy.ts';
import type { AccessKey, Identity, PrincipalPolicies, Sessions } from '#cloud/ports/identity.ts';
import type { FederatedPrincipal, Principal, RolePrincipal } from '#cloud/principal.ts';
import { documentOf } from './documents.ts';
import { accountOfKey } from './ids.ts';
import { serviceLinkedRole } from './linked-roles.ts';
import { accessKey, assumable, openSession, roleByArn } from './sessions.ts';
import { groups, instanceProfiles, keyOf, roles, sessions, users } from './tables.ts';
import type { Holder, InstanceProfile, Role } from './tables.ts';
import { instanceCredentialsLifetime, REFRESH_BEFORE_EXPIRY_MS } from './timings.ts';

const EC2 = 'ec2.amazonaws.com';
const ASSUME = 'sts:AssumeRole';
const NOTHING: PrincipalPolicies = { identity: [] };
/** What the root user may. */
const ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
});

// ---- Policies ----

function collect(ctx: Ctx, { inline, attached }: Holder, found: Policy[]): void {
  for (const name in inline) found.push(parsePolicy(inline[name] as string, 'identity'));
  for (const arn of attached) {
    const document = documentOf(ctx, arn);
    if (document !== undefined) found.push(parsePolicy(document, 'identity'));
  }
}

function boundaryOf(ctx: Ctx, arn: string | undefined): { boundary?: Policy } {
  const document = arn === undefined ? undefined : documentOf(ctx, arn);
  return document === undefined ? {} : { boundary: parsePolicy(document, 'identity') };
}

function policies(ctx: Ctx, principal: Principal): PrincipalPolicies {
  if (principal.type === 'user') return policiesOfUser(ctx, principal.account, principal.name);
  if (principal.type === 'federated-user') return policiesOfFederated(ctx, principal);
  return principal.type === 'role' ? policiesOfSession(ctx, principal) : NOTHING;
}

function policiesOfUser(ctx: Ctx, account: string, name: string): PrincipalPolicies {
  const home = ctx.in({ account, region: GLOBAL });
  const user = home.get(users, keyOf(name));
  if (!user) return NOTHING;
  const found: Policy[] = [];
  collect(ctx, user, found);
  for (const groupName of user.groups) {
    const group = home.get(groups, keyOf(groupName));
    if (group) collect(ctx, group, found);
  }
  return { identity: found, ...boundaryOf(ctx, user.boundaryArn) };
}

function policiesOfSession(ctx: Ctx, { roleArn, roleId, sessionPolicies }: RolePrincipal): PrincipalPolicies {
  const role = roleByArn(ctx, roleArn);
  if (role?.id !== roleId) return NOTHING; // Deleted since.
  const found: Policy[] = [];
  collect(ctx, role, found);
  const session = sessionPolicies?.map((document) => parsePolicy(document, 'identity'));
  return { identity: found, ...boundaryOf(ctx, role.boundaryArn), ...(session ? { session } : {}) };
}

/** What the policies of whoever opened the session and those of the session both allow. */
function policiesOfFederated(
  ctx: Ctx,
  { account, user, sessionPolicies }: FederatedPrincipal,
): PrincipalPolicies {
  const own = user ? policiesOfUser(ctx, account, user.name) : { identity: [parsePolicy(ALL, 'identity')] };
  const session = sessionPolicies?.map((document) => parsePolicy(document, 'identity'));
  return { ...own, ...(session ? { session } : {}) };
}

// ---- Sessions of services and instances ----

/** What a trust policy may ask about a service. */
function contextOf(ctx: Ctx, { service, sessionName, sourceArn }: ThroughRole): Context {
  return {
    get(key) {
      switch (key) {
        case 'aws:sourceaccount':
          return ctx.account;
        case 'aws:sourcearn':
          return sourceArn;
        case 'aws:principalisawsservice':
          return 'true';
        case 'aws:principalservicename':
          return service;
        case 'sts:rolesessionname':
          return sessionName;
        case 'aws:currenttime':
          return formatIso(ctx.now);
        case 'aws:requestedregion':
          return ctx.region;
        default:
          return undefined;
      }
    },
  };
}

/** A role's session for a service, if the role trusts it. */
function sessionFor(ctx: Ctx, role: Role, through: ThroughRole): RolePrincipal | string {
  const { service, sessionName } = through;
  const account = role.arn.slice(13, 25);
  const principal = { type: 'service', service } as const;
  const decision = evaluate({
    principal,
    action: ASSUME,
    resource: role.arn,
    context: contextOf(ctx, through),
    accountOfResource: account,
    identityPolicies: [],
    resourcePolicy: parsePolicy(role.trust, 'trust'),
    resourcePolicyAlone: true,
  });
  if (!decision.allowed) return denialMessage(principal, ASSUME, role.arn, decision, { withoutReason: true });
  return {
    type: 'role',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`,
    roleArn: role.arn,
    roleId: role.id,
    sessionName,
    issuedAt: ctx.now,
    ...(Object.keys(role.tags).length > 0 ? { tags: role.tags } : {}),
  };
}

function assumeFor(ctx: Ctx, through: ThroughRole): RolePrincipal {
  const { roleArn, service } = through;
  const role = roleByArn(ctx, roleArn);
  const session = role ? sessionFor(ctx, role, through) : notAuthorized(service, roleArn);
  if (typeof session === 'string') throw new Fault('AccessDenied', session);
  return session;
}

/** AWS does not tell a role that does not exist from one that does not trust. */
function notAuthorized(service: string, roleArn: string): string {
  return `User: ${service} is not authorized to perform: ${ASSUME} on resource: ${roleArn}`;
}

function profileByArn(ctx: Ctx, arn: string): InstanceProfile | undefined {
  const account = arn.split(':')[4] ?? '';
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  const profile = ctx.in({ account, region: GLOBAL }).get(instanceProfiles, keyOf(name));
  return profile?.arn === arn ? profile : undefined;
}

function profileRole(ctx: Ctx, instanceProfileArn: string): string | undefined {
  return roleOfProfile(ctx, instanceProfileArn)?.arn;
}

function roleOfProfile(ctx: Ctx, arn: string): Role | undefined {
  const profile = profileByArn(ctx, arn);
  if (profile?.roleName === undefined) return undefined;
  return ctx.in({ account: arn.split(':')[4] as string, region: GLOBAL }).get(roles, keyOf(profile.roleName));
}

/** The same credentials until shortly before they expire, as the metadata service hands them out. */
function profileCredentials(ctx: Ctx, instanceProfileArn: string, instanceId: string): AccessKey | undefined {
  const role = roleOfProfile(ctx, instanceProfileArn);
  if (!role) return undefined;
  const through = { roleArn: role.arn, service: EC2, sessionName: instanceId };
  const principal = sessionFor(ctx, role, through);
  if (typeof principal === 'string') return undefined;
  const machine = `${instanceProfileArn} ${instanceId}`;
  const current = ctx.everywhere
    .list(sessions, 'machine', machine)
    .find((one) => one.expiresAt > ctx.now + REFRESH_BEFORE_EXPIRY_MS);
  const known = current && accessKey(ctx, current.accessKeyId);
  if (known && known.principal.type === 'role' && known.principal.roleArn === role.arn) return known;
  const lifetimeMs = ctx.duration(instanceCredentialsLifetime, machine);
  return openSession(ctx, principal, ctx.now + lifetimeMs, machine);
}

export const identityOfIam: Identity = {
  accessKey,
  policies,
  assumeFor,
  profileCredentials,
  profileRole,
  serviceLinkedRole,
};

export const sessionsOfIam: Sessions = {
  role: assumable,
  managedPolicy: documentOf,
  open: openSession,
  accountOf: accountOfKey,
};
