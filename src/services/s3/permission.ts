// What IAM says about a second look, in operations that touch more than they are named after.

import { decisionOn } from '#cloud/authorize.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Service } from '#cloud/service.ts';
import { accessDenied } from './faults.ts';

/** Whether the caller may do something more. */
export function permits(ctx: Ctx, action: string, resource: string): boolean {
  return decisionOn(ctx, ctx.cloud.services.get('s3') as Service, action, resource).allowed;
}

export function requirePermission(ctx: Ctx, action: string, resource: string): void {
  if (!permits(ctx, action, resource)) throw accessDenied();
}
