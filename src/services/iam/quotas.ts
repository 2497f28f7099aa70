// How much IAM allows. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

import { Fault } from '#contract/fault.ts';

/** Quotas as `GetAccountSummary` names them. Sizes are characters without white space. */
export const QUOTAS = {
  AccessKeysPerUserQuota: 2,
  AssumeRolePolicySizeQuota: 2048,
  AttachedPoliciesPerGroupQuota: 10,
  AttachedPoliciesPerRoleQuota: 10,
  AttachedPoliciesPerUserQuota: 10,
  GroupPolicySizeQuota: 5120,
  GroupsPerUserQuota: 10,
  GroupsQuota: 300,
  InstanceProfilesQuota: 1000,
  PoliciesQuota: 1500,
  PolicySizeQuota: 6144,
  PolicyVersionsInUseQuota: 10_000,
  RolePolicySizeQuota: 10_240,
  RolesQuota: 1000,
  UserPolicySizeQuota: 2048,
  UsersQuota: 5000,
  VersionsPerPolicyQuota: 5,
} as const;

export const TAGS_QUOTA = 50;

export function quotaExceeded(what: string, quota: number): Fault {
  return new Fault('LimitExceededException', `Cannot exceed quota for ${what}: ${quota}`);
}

/** White space is not counted. */
export function sizeOf(document: string): number {
  return document.replaceAll(/\s/g, '').length;
}
