// What Lambda does and checks as a function's execution role.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html

import { Fault } from '#contract/fault.ts';
import { Ctx } from '#cloud/ctx.ts';
import type { ThroughRole } from '#cloud/caller.ts';
import { identity } from '#cloud/ports/identity.ts';
import type { RolePrincipal } from '#cloud/principal.ts';
import { invalid } from '../names.ts';
import { PRINCIPAL } from '../rows.ts';

/** Lambda as the role of a function: its session bears the function's name, as `aws:userid` shows. */
export function asRole(role: string, functionName: string): ThroughRole {
  return { roleArn: role, service: PRINCIPAL, sessionName: functionName };
}

/** A session of the role, if it still trusts Lambda. */
export function sessionOf(ctx: Ctx, role: string, functionName: string): RolePrincipal | undefined {
  try {
    return ctx.port(identity).assumeFor(ctx, asRole(role, functionName));
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

export function checkTrust(ctx: Ctx, role: string, functionName: string): void {
  if (role.split(':')[4] !== ctx.account) {
    throw new Fault('AccessDeniedException', 'Cross-account pass role is not allowed.');
  }
  if (!sessionOf(ctx, role, functionName)) {
    throw invalid('The role defined for the function cannot be assumed by Lambda.');
  }
}

/** Whether IAM would let the role do something. */
export function roleMay(
  ctx: Ctx,
  { role, functionName }: { role: string; functionName: string },
  service: string,
  action: string,
  resource: string,
): boolean {
  const session = sessionOf(ctx, role, functionName);
  if (!session) return false;
  const inside = new Ctx(ctx.kernel, ctx.scope, ctx.cloud, session);
  return ctx.cloud.allows(inside, service, `${service}:${action}`, resource);
}
