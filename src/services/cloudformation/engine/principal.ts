// As whom a stack's resources are made: its role, or whoever asked for the operation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html

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
