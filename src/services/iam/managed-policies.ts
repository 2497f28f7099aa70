// Managed policies, AWS's and the customer's, and their versions.

import { Fault } from '#contract/fault.ts';
import { parseIso } from '#contract/protocols/timestamp.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { ManagedPolicyFacts } from '#cloud/iam/actions.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags, tagList } from '#cloud/tags.ts';
import { policyUses } from './attachments.ts';
import type { PolicyUse } from './attachments.ts';
import { AWS_POLICY, awsPolicies, customerPolicy, policyName } from './documents.ts';
import {
  deleteConflict,
  encodeDocument,
  noSuchEntity,
  pageOfList,
  pageOfTags,
  withTags,
} from './entities.ts';
import { awsPolicyId, uniqueId } from './ids.ts';
import { quotaExceeded, QUOTAS, sizeOf } from './quotas.ts';
import { keyOf, managedPolicies } from './tables.ts';
import type { ManagedPolicy } from './tables.ts';

type Described = NonNullable<Output<'iam', 'GetPolicy'>['Policy']>;
type DescribedVersion = NonNullable<Output<'iam', 'GetPolicyVersion'>['PolicyVersion']>;

const notFound = (arn: string): Fault => noSuchEntity(`Policy ${arn} was not found.`);
const noVersion = (arn: string, version: string): Fault =>
  noSuchEntity(`Policy ${arn} version ${version} does not exist or is not attachable.`);

/** A policy that the caller's account may change. */
function ownPolicy(ctx: Ctx, arn: string, missing: Fault = notFound(arn)): ManagedPolicy {
  if (arn.startsWith(AWS_POLICY)) throw new Fault('AccessDenied', 'Policy is outside your own account.');
  const policy = ctx.get(managedPolicies, arn);
  if (!policy) throw missing;
  return policy;
}

function checkDocument(document: string): void {
  parsePolicy(document, 'managed', 'MalformedPolicyDocumentException');
  const quota = QUOTAS.PolicySizeQuota;
  if (sizeOf(document) > quota) throw quotaExceeded('PolicySize', quota);
}

/** Only the account's own use counts, for AWS's policies too. */
function counted(
  arn: string,
  uses: readonly PolicyUse[],
): { AttachmentCount: number; PermissionsBoundaryUsageCount: number } {
  const ofIt = uses.filter((use) => use.arn === arn);
  const attached = ofIt.filter(({ usage }) => usage === 'PermissionsPolicy').length;
  return { AttachmentCount: attached, PermissionsBoundaryUsageCount: ofIt.length - attached };
}

function describe(policy: ManagedPolicy, uses: readonly PolicyUse[]): Described {
  const { name, id, arn, path, defaultVersionId, createdAt, updatedAt } = policy;
  return {
    PolicyName: name,
    PolicyId: id,
    Arn: arn,
    Path: path,
    DefaultVersionId: defaultVersionId,
    ...counted(arn, uses),
    IsAttachable: true,
    CreateDate: createdAt,
    UpdateDate: updatedAt,
  };
}

function describeAws(ctx: Ctx, policy: ManagedPolicyFacts, uses: readonly PolicyUse[]): Described {
  const { arn, path, versionId, createdAt, updatedAt } = policy;
  const name = policyName(arn);
  return {
    PolicyName: name,
    PolicyId: awsPolicyId(ctx, name),
    Arn: arn,
    Path: path,
    DefaultVersionId: versionId,
    ...counted(arn, uses),
    IsAttachable: true,
    CreateDate: parseIso(createdAt),
    UpdateDate: parseIso(updatedAt),
  };
}

/** AWS's policies are known as they stand today, so their earlier versions are refused by name. */
function awsVersion(arn: string, version?: string): DescribedVersion & { Document: string } {
  const policy = awsPolicies().get(arn);
  if (!policy) throw version === undefined ? notFound(arn) : noVersion(arn, version);
  const current = Number(policy.versionId.slice(1));
  if (version !== undefined && version !== policy.versionId) {
    if (Number(version.slice(1)) > current) throw noVersion(arn, version);
    throw new Fault(
      'NotImplemented',
      `Of ${arn}, Sandtable knows only the default version ${policy.versionId}.`,
    );
  }
  return {
    Document: encodeDocument(policy.document),
    VersionId: policy.versionId,
    IsDefaultVersion: true,
    CreateDate: parseIso(policy.updatedAt),
  };
}

function describeVersion(
  policy: ManagedPolicy,
  { id, createdAt }: ManagedPolicy['versions'][number],
): DescribedVersion {
  return { VersionId: id, IsDefaultVersion: id === policy.defaultVersionId, CreateDate: createdAt };
}

function versionOf(policy: ManagedPolicy, id: string): ManagedPolicy['versions'][number] {
  const version = policy.versions.find((one) => one.id === id);
  if (!version) throw noVersion(policy.arn, id);
  return version;
}

const policyOperations: Operations<'iam'> = {
  CreatePolicy(ctx, { PolicyName, PolicyDocument, Path = '/', Description, Tags }) {
    if (ctx.list(managedPolicies, 'name', keyOf(PolicyName)).length > 0) {
      throw new Fault(
        'EntityAlreadyExistsException',
        `A policy called ${PolicyName} already exists. Duplicate names are not allowed.`,
      );
    }
    checkDocument(PolicyDocument);
    if (ctx.list(managedPolicies).length >= QUOTAS.PoliciesQuota)
      throw quotaExceeded('PoliciesPerAccount', QUOTAS.PoliciesQuota);
    const policy: ManagedPolicy = {
      name: PolicyName,
      id: uniqueId(ctx, 'ANPA'),
      path: Path,
      arn: ctx.arn('iam', `policy${Path}${PolicyName}`),
      createdAt: ctx.now,
      updatedAt: ctx.now,
      ...(Description === undefined ? {} : { description: Description }),
      defaultVersionId: 'v1',
      versions: [{ id: 'v1', document: PolicyDocument, createdAt: ctx.now }],
      versionsMade: 1,
      tags: withTags({}, Tags, true),
    };
    ctx.put(managedPolicies, policy);
    return { Policy: { ...describe(policy, []), ...(Tags && Tags.length > 0 ? { Tags } : {}) } };
  },

  GetPolicy(ctx, { PolicyArn }) {
    const maintained = awsPolicies().get(PolicyArn);
    if (maintained) return { Policy: { ...describeAws(ctx, maintained, policyUses(ctx)), Tags: [] } };
    const policy = customerPolicy(ctx, PolicyArn);
    if (!policy) throw notFound(PolicyArn);
    const description = policy.description === undefined ? {} : { Description: policy.description };
    return { Policy: { ...describe(policy, policyUses(ctx)), ...description, Tags: tagList(policy.tags) } };
  },

  ListPolicies(ctx, { Scope = 'All', OnlyAttached = false, PathPrefix = '/', PolicyUsageFilter, ...input }) {
    const uses = policyUses(ctx);
    const local = Scope === 'AWS' ? [] : ctx.list(managedPolicies);
    const aws = Scope === 'Local' ? [] : [...awsPolicies().values()];
    const all = [
      ...local.map((policy) => describe(policy, uses)),
      ...aws.map((policy) => describeAws(ctx, policy, uses)),
    ];
    const boundaries = PolicyUsageFilter === 'PermissionsBoundary';
    const wanted = all.filter(({ Path = '/', ...policy }) => {
      const count = boundaries ? policy.PermissionsBoundaryUsageCount : policy.AttachmentCount;
      // A filter by usage names what is in use.
      const used = (count ?? 0) > 0 || (!OnlyAttached && PolicyUsageFilter === undefined);
      return used && Path.startsWith(PathPrefix);
    });
    const [shown, rest] = pageOfList(wanted, ({ Arn = '' }) => Arn, input);
    return { Policies: shown, ...rest };
  },

  DeletePolicy(ctx, { PolicyArn }) {
    const policy = ownPolicy(ctx, PolicyArn);
    if (policyUses(ctx).some(({ arn }) => arn === PolicyArn))
      throw deleteConflict('Cannot delete a policy attached to entities.');
    if (policy.versions.length > 1) {
      throw deleteConflict(
        'This policy has more than one version. Before you delete a policy, you must delete ' +
          "the policy's versions. The default version is deleted with the policy.",
      );
    }
    ctx.delete(managedPolicies, PolicyArn);
  },

  ListEntitiesForPolicy(ctx, { PolicyArn, EntityFilter, PathPrefix = '/', PolicyUsageFilter, ...input }) {
    if (!awsPolicies().has(PolicyArn) && !customerPolicy(ctx, PolicyArn)) throw notFound(PolicyArn);
    const found = policyUses(ctx).filter(({ arn, usage, noun, holder }) => {
      const asked = EntityFilter === undefined || EntityFilter.toLowerCase() === noun;
      const used = PolicyUsageFilter === undefined || PolicyUsageFilter === usage;
      return arn === PolicyArn && asked && used && holder.path.startsWith(PathPrefix);
    });
    const once = [...new Map(found.map((one) => [one.holder.id, one])).values()];
    const [shown, rest] = pageOfList(once, ({ holder }) => holder.id, input);
    const holders = (noun: string): (typeof shown)[number]['holder'][] =>
      shown.filter((one) => one.noun === noun).map(({ holder }) => holder);
    return {
      PolicyGroups: holders('group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
      PolicyUsers: holders('user').map(({ name, id }) => ({ UserName: name, UserId: id })),
      PolicyRoles: holders('role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
      ...rest,
    };
  },

  TagPolicy(ctx, { PolicyArn, Tags }) {
    const policy = ownPolicy(ctx, PolicyArn);
    ctx.update(managedPolicies, policy, { tags: withTags(policy.tags, Tags, true) });
  },

  UntagPolicy(ctx, { PolicyArn, TagKeys }) {
    const policy = ownPolicy(ctx, PolicyArn);
    ctx.update(managedPolicies, policy, { tags: removeTags(policy.tags, TagKeys) });
  },

  ListPolicyTags(ctx, { PolicyArn, ...input }) {
    if (awsPolicies().has(PolicyArn)) return pageOfTags({}, input);
    return pageOfTags(ownPolicy(ctx, PolicyArn).tags, input);
  },
};

const versionOperations: Operations<'iam'> = {
  GetPolicyVersion(ctx, { PolicyArn, VersionId }) {
    if (PolicyArn.startsWith(AWS_POLICY)) return { PolicyVersion: awsVersion(PolicyArn, VersionId) };
    const policy = customerPolicy(ctx, PolicyArn);
    if (!policy) throw noVersion(PolicyArn, VersionId);
    const version = versionOf(policy, VersionId);
    const Document = encodeDocument(version.document);
    return { PolicyVersion: { ...describeVersion(policy, version), Document } };
  },

  CreatePolicyVersion(ctx, { PolicyArn, PolicyDocument, SetAsDefault = false }) {
    const policy = ownPolicy(ctx, PolicyArn);
    checkDocument(PolicyDocument);
    const most = QUOTAS.VersionsPerPolicyQuota;
    if (policy.versions.length >= most) {
      throw new Fault(
        'LimitExceededException',
        `A managed policy can have up to ${most} versions. ` +
          'Before you create a new version, you must delete an existing version.',
      );
    }
    const versionsMade = policy.versionsMade + 1;
    const version = { id: `v${versionsMade}`, document: PolicyDocument, createdAt: ctx.now };
    const changed = ctx.update(managedPolicies, policy, {
      versions: [...policy.versions, version],
      versionsMade,
      updatedAt: ctx.now,
      ...(SetAsDefault ? { defaultVersionId: version.id } : {}),
    });
    return { PolicyVersion: describeVersion(changed, version) };
  },

  SetDefaultPolicyVersion(ctx, { PolicyArn, VersionId }) {
    const policy = ownPolicy(ctx, PolicyArn, noVersion(PolicyArn, VersionId));
    const defaultVersionId = versionOf(policy, VersionId).id;
    ctx.update(managedPolicies, policy, { defaultVersionId, updatedAt: ctx.now });
  },

  DeletePolicyVersion(ctx, { PolicyArn, VersionId }) {
    const policy = ownPolicy(ctx, PolicyArn, noVersion(PolicyArn, VersionId));
    if (versionOf(policy, VersionId).id === policy.defaultVersionId)
      throw deleteConflict('Cannot delete the default version of a policy.');
    const versions = policy.versions.filter(({ id }) => id !== VersionId);
    ctx.update(managedPolicies, policy, { versions, updatedAt: ctx.now });
  },

  /** Newest first, and without the documents. */
  ListPolicyVersions(ctx, { PolicyArn, ...input }) {
    if (PolicyArn.startsWith(AWS_POLICY)) {
      const { Document: _, ...version } = awsVersion(PolicyArn);
      return { Versions: [version], IsTruncated: false };
    }
    const policy = ownPolicy(ctx, PolicyArn);
    const [shown, rest] = pageOfList(policy.versions.toReversed(), ({ id }) => id, input);
    return { Versions: shown.map((version) => describeVersion(policy, version)), ...rest };
  },
};

export const managedPolicyOperations: Operations<'iam'> = { ...policyOperations, ...versionOperations };
