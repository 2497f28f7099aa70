// Temporary credentials: making them, finding them, forgetting them.

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import { GLOBAL } from '#cloud/ctx.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { AccessKey, AssumableRole } from '#cloud/ports/identity.ts';
import type { FederatedPrincipal, Principal } from '#cloud/principal.ts';
import { accessKeyId, secretKey, sessionToken } from './ids.ts';
import { keyOf, roles, sessions, userKeys, users } from './tables.ts';
import type { Role, Session } from './tables.ts';

/** For so long an expired key still answers `ExpiredToken`; after that it is unknown. */
const KEPT_EXPIRED_MS = 86_400_000;

const forgetDue: TimerKind<{ accessKeyId: string }> = timer<{ accessKeyId: string }>(
  'iam/session-forget-due',
  {
    background: true,
  },
);

export const forget: TimerHandler<{ accessKeyId: string }, Ctx> = {
  kind: forgetDue,
  live: (ctx, { accessKeyId: id }) => ctx.get(sessions, id) !== undefined,
  fire: (ctx, { accessKeyId: id }) => ctx.delete(sessions, id),
};

/** The role of an ARN; the whole ARN must be right, its path too. */
export function roleByArn(ctx: Ctx, arn: string): Role | undefined {
  const account = arn.slice(13, 25);
  const role = ctx.in({ account, region: GLOBAL }).get(roles, keyOf(arn.slice(arn.lastIndexOf('/') + 1)));
  return role?.arn === arn ? role : undefined;
}

export function assumable(ctx: Ctx, roleArn: string): AssumableRole | undefined {
  const role = roleByArn(ctx, roleArn);
  if (!role) return undefined;
  const { arn, id, name, trust, maxSessionSeconds, tags } = role;
  const account = arn.slice(13, 25);
  return { arn, id, name, account, trust: parsePolicy(trust, 'trust'), maxSessionSeconds, tags };
}

export function openSession(
  ctx: Ctx,
  principal: Principal,
  expiresAt: number,
  machine?: string,
): AccessKey & { sessionToken: string } {
  const account = principal.type === 'anonymous' ? ctx.account : principal.account;
  const named = principal.type !== 'anonymous' && principal.type !== 'service';
  const session: Session = {
    accessKeyId: accessKeyId(ctx, 'ASIA', account),
    secret: secretKey(ctx),
    sessionToken: sessionToken(ctx),
    principal: named ? { ...principal, issuedAt: ctx.now } : principal,
    expiresAt,
    ...(machine === undefined ? {} : { machine }),
  };
  const world = ctx.everywhere;
  world.put(sessions, session);
  world.schedule(forgetDue, expiresAt + KEPT_EXPIRED_MS, { accessKeyId: session.accessKeyId });
  return credentials(session, session.principal);
}

function credentials(session: Session, principal: Principal): AccessKey & { sessionToken: string } {
  const { accessKeyId: id, secret, sessionToken: token, expiresAt } = session;
  return { accessKeyId: id, secret, sessionToken: token, expiresAt, principal, active: true };
}

/** What signs with a key id, if anything does. */
export function accessKey(ctx: Ctx, id: string): AccessKey | undefined {
  const session = ctx.everywhere.get(sessions, id);
  if (session) {
    const principal = asOfNow(ctx, session.principal);
    return principal && credentials(session, principal);
  }
  const key = ctx.everywhere.get(userKeys, id);
  if (!key) return undefined;
  const principal = userPrincipal(ctx, key.account, key.userName);
  return principal && { accessKeyId: id, secret: key.secret, principal, active: key.status === 'Active' };
}

/** Whoever opened a session, as it is now; nothing if it is gone. */
function asOfNow(ctx: Ctx, principal: Principal): Principal | undefined {
  if (principal.type === 'user') {
    const user = userPrincipal(ctx, principal.account, principal.name);
    if (user?.id !== principal.id) return undefined;
    const { issuedAt } = principal;
    return { ...user, temporary: true, ...(issuedAt === undefined ? {} : { issuedAt }) };
  }
  if (principal.type === 'federated-user') return federatedAsOfNow(ctx, principal);
  if (principal.type !== 'role') return principal;
  const role = roleByArn(ctx, principal.roleArn);
  if (role?.id !== principal.roleId) return undefined;
  const tags = { ...role.tags, ...principal.tags };
  return Object.keys(tags).length > 0 ? { ...principal, tags } : principal;
}

/** A federated user goes with the user who opened the session, and has the tags of both. */
function federatedAsOfNow(ctx: Ctx, principal: FederatedPrincipal): FederatedPrincipal | undefined {
  if (!principal.user) return principal;
  const user = userPrincipal(ctx, principal.account, principal.user.name);
  if (!user || user.id !== principal.user.id) return undefined;
  const tags = { ...user.tags, ...principal.tags };
  return Object.keys(tags).length > 0 ? { ...principal, tags } : principal;
}

function userPrincipal(
  ctx: Ctx,
  account: string,
  name: string,
): Extract<Principal, { type: 'user' }> | undefined {
  const user = ctx.in({ account, region: GLOBAL }).get(users, keyOf(name));
  if (!user) return undefined;
  const { arn, id, tags } = user;
  const tagged = Object.keys(tags).length > 0 ? { tags } : {};
  return { type: 'user', account, arn, name: user.name, id, ...tagged };
}
