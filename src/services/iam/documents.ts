// Documents of managed policies by ARN, whoever keeps them: what decisions, attachments and sessions need of them.

import { GLOBAL } from '#cloud/ctx.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { ManagedPolicyFacts } from '#cloud/iam/actions.ts';
import { loadManagedPolicies } from '#cloud/iam/load.ts';
import { invalidInput, noSuchEntity } from './entities.ts';
import { managedPolicies } from './tables.ts';
import type { ManagedPolicy } from './tables.ts';

export const AWS_POLICY = 'arn:aws:iam::aws:policy/';
const POLICY_ARN = /^arn:aws:iam::(?:aws|\d{12}):policy\/.+$/;

/** Policies of AWS's, by ARN. Read from the disk once. */
let maintained: ReadonlyMap<string, ManagedPolicyFacts> | undefined;

export function awsPolicies(): ReadonlyMap<string, ManagedPolicyFacts> {
  maintained ??= new Map([...loadManagedPolicies().values()].map((policy) => [policy.arn, policy]));
  return maintained;
}

export function isPolicyArn(arn: string): boolean {
  return POLICY_ARN.test(arn);
}

/** The account's own policy, or another's: the ARN says whose. */
export function customerPolicy(ctx: Ctx, arn: string): ManagedPolicy | undefined {
  const account = arn.split(':')[4] as string;
  return ctx.in({ account, region: GLOBAL }).get(managedPolicies, arn);
}

/** The text of the default version. */
export function documentOf(ctx: Ctx, arn: string): string | undefined {
  if (arn.startsWith(AWS_POLICY)) return awsPolicies().get(arn)?.document;
  const policy = customerPolicy(ctx, arn);
  return policy?.versions.find(({ id }) => id === policy.defaultVersionId)?.document;
}

export function policyName(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** What exists and is the account's to attach: its own policies and AWS's. */
export function isAttachable(ctx: Ctx, arn: string): boolean {
  const own = arn.startsWith(AWS_POLICY) || arn.split(':')[4] === ctx.account;
  return own && documentOf(ctx, arn) !== undefined;
}

/** What a request names as its boundary, ready for a row. */
export function boundary(ctx: Ctx, arn: string | undefined): { boundaryArn?: string } {
  if (arn === undefined) return {};
  if (!isPolicyArn(arn)) throw invalidInput(`ARN ${arn} is not valid.`);
  if (!isAttachable(ctx, arn)) throw noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`);
  return { boundaryArn: arn };
}

/** A boundary as answers show it: AWS says `Policy`, whatever its model says. */
export function boundaryFields(arn: string | undefined): {
  PermissionsBoundary?: {
    PermissionsBoundaryType: 'PermissionsBoundaryPolicy';
    PermissionsBoundaryArn: string;
  };
} {
  if (arn === undefined) return {};
  const PermissionsBoundaryType = 'Policy' as 'PermissionsBoundaryPolicy';
  return { PermissionsBoundary: { PermissionsBoundaryType, PermissionsBoundaryArn: arn } };
}
