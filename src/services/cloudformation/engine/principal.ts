// As whom a stack's resources are made: its role, or whoever asked for the operation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { forwarded } from '#cloud/principal.ts';
import type { Principal } from '#cloud/principal.ts';
import type { Stack } from '../rows.ts';

export const SERVICE = 'cloudformation.amazonaws.com';

/** Throws `Fault` where the stack's role cannot be assumed. */
export function asStack(ctx: Ctx, { roleArn, caller }: Pick<Stack, 'roleArn' | 'caller'>): Principal {
  if (roleArn === undefined) return forwarded(caller, SERVICE);
  const through = { roleArn, service: SERVICE, sessionName: 'AWSCloudFormation' };
  return forwarded(ctx.principalOf(through), SERVICE);
}

/** The same for what goes on without: nothing where the role cannot be assumed. */
export function asStackIfPossible(ctx: Ctx, stack: Pick<Stack, 'roleArn' | 'caller'>): Principal | undefined {
  try {
    return asStack(ctx, stack);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** Throws AWS's answer to an operation on a stack whose role cannot be assumed. */
export function checkRole(ctx: Ctx, roleArn: string | undefined): void {
  if (roleArn === undefined || asStackIfPossible(ctx, { roleArn, caller: ctx.principal })) return;
  throw new Fault('ValidationError', unassumable(roleArn));
}

export function unassumable(roleArn: string): string {
  return `Role ${roleArn} is invalid or cannot be assumed`;
}
