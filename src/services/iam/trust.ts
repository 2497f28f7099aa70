// Trust policies: who may assume a role. IAM keeps principals by their unique ids: whoever is renamed stays trusted, and a
// new user or role of an old name is not.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

import { Fault } from '#contract/fault.ts';
import { GLOBAL } from '#cloud/ctx.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { NamedPrincipal } from '#cloud/iam/principals.ts';
import { invalidPrincipal } from '#cloud/iam/validate.ts';
import { named } from './entities.ts';
import { quotaExceeded, QUOTAS, sizeOf } from './quotas.ts';
import { roles, users } from './tables.ts';

const MALFORMED = 'MalformedPolicyDocumentException';

/** Throws AWS's error for a document that may not be a trust policy. */
export function checkTrust(ctx: Ctx, text: string): void {
  const quota = QUOTAS.AssumeRolePolicySizeQuota;
  const { statements } = parsePolicy(text, 'trust', MALFORMED);
  for (const principal of statements.flatMap((statement) => statement.principals)) {
    if (!exists(ctx, principal)) throw new Fault(MALFORMED, invalidPrincipal(principal));
  }
  if (sizeOf(text) > quota) throw quotaExceeded('ACLSizePerRole', quota);
}

/** Every account exists here, and so does every service of AWS. Identity providers are not modelled and not looked for. */
function exists(ctx: Ctx, { type, value }: NamedPrincipal): boolean {
  if (type === 'Service') return /\.amazon(?:aws)?\.com$/.test(value);
  if (type !== 'AWS') return true;
  if (/^A(?:IDA|ROA)/.test(value)) return hasId(ctx, value);
  const [, account, kind = '', resource = ''] =
    /^arn:aws:(?:iam|sts)::(\d{12}):([a-z-]+)\/(.+)$/.exec(value) ?? [];
  if (account === undefined) return true;
  const there = ctx.in({ account, region: GLOBAL });
  if (kind === 'assumed-role') return named(there, roles, resource.split('/')[0] as string) !== undefined;
  if (kind !== 'user' && kind !== 'role') return true;
  const name = resource.slice(resource.lastIndexOf('/') + 1);
  return (kind === 'user' ? named(there, users, name) : named(there, roles, name))?.arn === value;
}

function hasId(ctx: Ctx, id: string): boolean {
  const rows = id.startsWith('AIDA') ? ctx.list(users) : ctx.list(roles);
  return rows.some((row) => row.id === id);
}

/** Writes another name for a principal into the account's trust policies: its new ARN, or its id once it is deleted. */
export function renamePrincipal(ctx: Ctx, from: string, to: string): void {
  const quoted = JSON.stringify(from);
  for (const role of ctx.list(roles)) {
    if (!role.trust.includes(quoted)) continue;
    ctx.update(roles, role, { trust: role.trust.replaceAll(quoted, JSON.stringify(to)) });
  }
}
