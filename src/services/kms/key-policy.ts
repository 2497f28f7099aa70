// Key policies: kept, checked and brought into IAM's decisions.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { Grade } from '#cloud/iam/principals.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Policy } from '#cloud/iam/policy.ts';
import type { Operations } from '#cloud/service.ts';
import { invalid, notFound } from './faults.ts';
import { keyById, keyOfArn } from './key.ts';
import { keys } from './tables.ts';

/** The only name that a key policy has. */
const NAME = 'default';

/** What a key's policy is unless one is given: the account's IAM policies decide. The text is AWS's, blanks included. */
export function defaultPolicy(account: string): string {
  return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${account}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`;
}

/** Throws for a policy that is none, or that shuts out whoever sets it, unless that is meant. */
export function checkPolicy(ctx: Ctx, text: string, bypass: boolean = false): void {
  const policy = parsePolicy(text, 'resource');
  const mayMend = policy.statements.some(
    ({ effect, matchesAction, grade }) =>
      effect === 'Allow' &&
      matchesAction('kms', 'putkeypolicy') &&
      grade(ctx.principal, false) !== Grade.none,
  );
  if (mayMend || bypass) return;
  throw new Fault(
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  );
}

/** What a key's policy says; aliases have none. */
export function policyFor(ctx: Ctx, arn: string): Policy | undefined {
  const key = arn.includes(':key/') ? keyOfArn(ctx, arn) : undefined;
  return key && parsePolicy(key.policy, 'resource');
}

export const policyOperations: Operations<'kms'> = {
  GetKeyPolicy(ctx, { KeyId, PolicyName = NAME }) {
    const { key } = keyById(ctx, KeyId);
    if (PolicyName !== NAME) throw notFound(`No such policy exists`);
    return { Policy: key.policy, PolicyName };
  },

  ListKeyPolicies(ctx, { KeyId }) {
    keyById(ctx, KeyId);
    return { PolicyNames: [NAME], Truncated: false };
  },

  PutKeyPolicy(ctx, { KeyId, PolicyName = NAME, Policy: policy, BypassPolicyLockoutSafetyCheck }) {
    const { at, key } = keyById(ctx, KeyId);
    if (PolicyName !== NAME) throw invalid(`Policy name must be ${NAME}`);
    checkPolicy(ctx, policy, BypassPolicyLockoutSafetyCheck);
    at.update(keys, key, { policy });
  },
};
