// What IAM says about a second look, in operations that touch more than they are named after.

import type { Ctx } from '#cloud/ctx.ts';
import { accessDenied } from './faults.ts';

/** Whether the caller may do something more. */
export function permits(ctx: Ctx, action: string, resource: string): boolean {
  return ctx.cloud.allows(ctx, 's3', action, resource);
}

export function requirePermission(ctx: Ctx, action: string, resource: string): void {
  if (!permits(ctx, action, resource)) throw accessDenied();
}
