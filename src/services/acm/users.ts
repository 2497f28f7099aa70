// What serves with certificates, as load balancers know it.

import type { Ctx } from '#cloud/ctx.ts';
import { certificateUsers } from '#cloud/ports/certificates.ts';

/** ARNs of what serves with a certificate. */
export function usersOf(ctx: Ctx, arn: string): readonly string[] {
  return ctx.cloud.stands(certificateUsers) ? ctx.port(certificateUsers).usersOf(ctx, arn) : [];
}

export function isUsed(ctx: Ctx, arn: string): boolean {
  return usersOf(ctx, arn).length > 0;
}
