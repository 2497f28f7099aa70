// Roles.

import type { Row, Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags } from '#cloud/tags.ts';
import { checkBare } from './attachments.ts';
import { boundary, boundaryFields } from './documents.ts';
import {
  changeableRole,
  checkNew,
  deleteConflict,
  encodeDocument,
  invalidInput,
  ownTags,
  pageOfRows,
  pageOfTags,
  roleOf,
  withTags,
} from './entities.ts';
import { uniqueId } from './ids.ts';
import { createLinkedRole, linkedRole } from './linked-roles.ts';
import { QUOTAS } from './quotas.ts';
import { instanceProfiles, keyOf, roles } from './tables.ts';
import type { Entity, Role } from './tables.ts';
import { checkTrust, renamePrincipal } from './trust.ts';

type Described = NonNullable<Output<'iam', 'GetRole'>['Role']>;

/** As answers show a role inside others; some add more. */
export function describeRole({ path, name, id, arn, createdAt, trust }: Role): Described {
  return {
    Path: path,
    RoleName: name,
    RoleId: id,
    Arn: arn,
    CreateDate: createdAt,
    AssumeRolePolicyDocument: encodeDocument(trust),
  };
}

function described({ description }: Role): { Description?: string } {
  return description === undefined ? {} : { Description: description };
}

/** A row without its boundary: rows hold no undefined members. */
export function withoutBoundary<R extends Row & { boundaryArn?: string }>(
  ctx: Ctx,
  rows: Table<R>,
  row: R,
): void {
  const { boundaryArn: _, ...rest } = row;
  ctx.put(rows, rest as R);
}

const roleOperations: Operations<'iam'> = {
  CreateRole(ctx, input) {
    const { RoleName, AssumeRolePolicyDocument, Path = '/', Description, MaxSessionDuration = 3600 } = input;
    const tags = withTags({}, input.Tags);
    checkTrust(ctx, AssumeRolePolicyDocument);
    const taken = `Role with name ${RoleName} already exists.`;
    checkNew(ctx, roles as Table<Entity>, RoleName, {
      taken,
      quota: QUOTAS.RolesQuota,
      what: 'RolesPerAccount',
    });
    const role: Role = {
      name: RoleName,
      id: uniqueId(ctx, 'AROA'),
      path: Path,
      arn: ctx.arn('iam', `role${Path}${RoleName}`),
      createdAt: ctx.now,
      inline: {},
      attached: [],
      trust: AssumeRolePolicyDocument,
      ...(Description === undefined ? {} : { description: Description }),
      maxSessionSeconds: MaxSessionDuration,
      ...boundary(ctx, input.PermissionsBoundary),
      tags,
    };
    ctx.put(roles, role);
    return { Role: { ...describeRole(role), ...boundaryFields(role.boundaryArn), ...ownTags(tags) } };
  },

  GetRole(ctx, { RoleName }) {
    const role = roleOf(ctx, RoleName);
    return {
      Role: {
        ...describeRole(role),
        ...described(role),
        MaxSessionDuration: role.maxSessionSeconds,
        ...boundaryFields(role.boundaryArn),
        ...ownTags(role.tags),
        RoleLastUsed: {},
      },
    };
  },

  /** Tags and boundaries are not listed. */
  ListRoles(ctx, input) {
    const [shown, rest] = pageOfRows(ctx, roles, input);
    const Roles = shown.map((role) => ({
      ...describeRole(role),
      ...described(role),
      MaxSessionDuration: role.maxSessionSeconds,
    }));
    return { Roles, ...rest };
  },

  UpdateRole(ctx, { RoleName, Description, MaxSessionDuration }) {
    const role = changeableRole(ctx, RoleName);
    ctx.update(roles, role, {
      ...(Description === undefined ? {} : { description: Description }),
      ...(MaxSessionDuration === undefined ? {} : { maxSessionSeconds: MaxSessionDuration }),
    });
  },

  UpdateRoleDescription(ctx, { RoleName, Description }) {
    const role = ctx.update(roles, changeableRole(ctx, RoleName), { description: Description });
    return { Role: { ...describeRole(role), ...described(role) } };
  },

  UpdateAssumeRolePolicy(ctx, { RoleName, PolicyDocument }) {
    const role = changeableRole(ctx, RoleName);
    checkTrust(ctx, PolicyDocument);
    ctx.update(roles, role, { trust: PolicyDocument });
  },

  DeleteRole(ctx, { RoleName }) {
    const role = changeableRole(ctx, RoleName);
    if (ctx.list(instanceProfiles, 'role', RoleName).length > 0)
      throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
    checkBare(role);
    ctx.delete(roles, keyOf(RoleName));
    renamePrincipal(ctx, role.arn, role.id);
  },

  PutRolePermissionsBoundary(ctx, { RoleName, PermissionsBoundary }) {
    const role = changeableRole(ctx, RoleName);
    ctx.update(roles, role, boundary(ctx, PermissionsBoundary));
  },

  DeleteRolePermissionsBoundary(ctx, { RoleName }) {
    withoutBoundary(ctx, roles, changeableRole(ctx, RoleName));
  },

  TagRole(ctx, { RoleName, Tags }) {
    const role = changeableRole(ctx, RoleName);
    ctx.update(roles, role, { tags: withTags(role.tags, Tags) });
  },

  UntagRole(ctx, { RoleName, TagKeys }) {
    const role = changeableRole(ctx, RoleName);
    ctx.update(roles, role, { tags: removeTags(role.tags, TagKeys) });
  },

  ListRoleTags: (ctx, { RoleName, ...input }) => pageOfTags(roleOf(ctx, RoleName).tags, input),
};

/**
 * A trust policy whose values stand in lists, as the answer to CreateServiceLinkedRole shows it:
 * https://docs.aws.amazon.com/cli/latest/reference/iam/create-service-linked-role.html
 */
function listed(trust: string): string {
  const policy = JSON.parse(trust) as { Statement: { Action: string; Principal: { Service: string } }[] };
  const Statement = policy.Statement.map(({ Action, Principal: { Service }, ...rest }) => ({
    Action: [Action],
    ...rest,
    Principal: { Service: [Service] },
  }));
  return JSON.stringify({ ...policy, Statement });
}

const linkedRoleOperations: Operations<'iam'> = {
  CreateServiceLinkedRole(ctx, { AWSServiceName, Description, CustomSuffix }) {
    const { name, suffixes } = linkedRole(AWSServiceName);
    if (CustomSuffix !== undefined && !suffixes)
      throw invalidInput(`Custom suffix is not allowed for ${AWSServiceName}`);
    const full = CustomSuffix === undefined ? name : `${name}_${CustomSuffix}`;
    if (ctx.get(roles, keyOf(full))) {
      throw invalidInput(
        `Service role name ${full} has been taken in this account, please try a different suffix.`,
      );
    }
    const role = createLinkedRole(ctx, AWSServiceName, full, Description);
    return { Role: { ...describeRole({ ...role, trust: listed(role.trust) }), ...described(role) } };
  },
};

export const allRoleOperations: Operations<'iam'> = { ...roleOperations, ...linkedRoleOperations };
