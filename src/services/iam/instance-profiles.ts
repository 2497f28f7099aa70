// Instance profiles: how an instance gets a role.

import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags, tagList } from '#cloud/tags.ts';
import {
  changeableRole,
  checkNew,
  deleteConflict,
  named,
  noSuchEntity,
  ownTags,
  pageOfList,
  pageOfRows,
  pageOfTags,
  profileOf,
  roleOf,
  withTags,
} from './entities.ts';
import { uniqueId } from './ids.ts';
import { quotaExceeded, QUOTAS } from './quotas.ts';
import { describeRole } from './roles.ts';
import { instanceProfiles, keyOf, roles } from './tables.ts';
import type { Entity, InstanceProfile } from './tables.ts';

type Described = Output<'iam', 'GetInstanceProfile'>['InstanceProfile'];

function describe(ctx: Ctx, { path, name, id, arn, createdAt, roleName }: InstanceProfile): Described {
  const role = roleName === undefined ? undefined : named(ctx, roles, roleName);
  return {
    Path: path,
    InstanceProfileName: name,
    InstanceProfileId: id,
    Arn: arn,
    CreateDate: createdAt,
    Roles: role ? [describeRole(role)] : [],
  };
}

/** Without its role: rows hold no undefined members. */
function emptied(profile: InstanceProfile): InstanceProfile {
  const { roleName: _, ...rest } = profile;
  return rest;
}

export const instanceProfileOperations: Operations<'iam'> = {
  CreateInstanceProfile(ctx, { InstanceProfileName, Path = '/', Tags }) {
    const tags = withTags({}, Tags, true);
    checkNew(ctx, instanceProfiles as Table<Entity>, InstanceProfileName, {
      taken: `Instance Profile ${InstanceProfileName} already exists.`,
      quota: QUOTAS.InstanceProfilesQuota,
      what: 'InstanceProfilesPerAccount',
    });
    const profile: InstanceProfile = {
      name: InstanceProfileName,
      id: uniqueId(ctx, 'AIPA'),
      path: Path,
      arn: ctx.arn('iam', `instance-profile${Path}${InstanceProfileName}`),
      createdAt: ctx.now,
      tags,
    };
    ctx.put(instanceProfiles, profile);
    return { InstanceProfile: { ...describe(ctx, profile), ...ownTags(tags) } };
  },

  GetInstanceProfile(ctx, { InstanceProfileName }) {
    const profile = profileOf(ctx, InstanceProfileName);
    return { InstanceProfile: { ...describe(ctx, profile), Tags: tagList(profile.tags) } };
  },

  ListInstanceProfiles(ctx, input) {
    const [shown, rest] = pageOfRows(ctx, instanceProfiles, input);
    return { InstanceProfiles: shown.map((profile) => describe(ctx, profile)), ...rest };
  },

  ListInstanceProfilesForRole(ctx, { RoleName, ...input }) {
    const profiles = ctx.list(instanceProfiles, 'role', roleOf(ctx, RoleName).name);
    const [shown, rest] = pageOfList(profiles, ({ name }) => name, input);
    return { InstanceProfiles: shown.map((profile) => describe(ctx, profile)), ...rest };
  },

  DeleteInstanceProfile(ctx, { InstanceProfileName }) {
    const profile = profileOf(ctx, InstanceProfileName);
    if (profile.roleName !== undefined)
      throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
    ctx.delete(instanceProfiles, keyOf(InstanceProfileName));
  },

  AddRoleToInstanceProfile(ctx, { InstanceProfileName, RoleName }) {
    const profile = profileOf(ctx, InstanceProfileName);
    const role = changeableRole(ctx, RoleName);
    if (profile.roleName !== undefined) throw quotaExceeded('InstanceSessionsPerInstanceProfile', 1);
    ctx.update(instanceProfiles, profile, { roleName: role.name });
  },

  RemoveRoleFromInstanceProfile(ctx, { InstanceProfileName, RoleName }) {
    const profile = profileOf(ctx, InstanceProfileName);
    const role = roleOf(ctx, RoleName);
    if (profile.roleName !== role.name)
      throw noSuchEntity(`Role ${RoleName} in Instance Profile ${InstanceProfileName} cannot be found.`);
    ctx.put(instanceProfiles, emptied(profile));
  },

  TagInstanceProfile(ctx, { InstanceProfileName, Tags }) {
    const profile = profileOf(ctx, InstanceProfileName);
    ctx.update(instanceProfiles, profile, { tags: withTags(profile.tags, Tags, true) });
  },

  UntagInstanceProfile(ctx, { InstanceProfileName, TagKeys }) {
    const profile = profileOf(ctx, InstanceProfileName);
    ctx.update(instanceProfiles, profile, { tags: removeTags(profile.tags, TagKeys) });
  },

  ListInstanceProfileTags: (ctx, { InstanceProfileName, ...input }) =>
    pageOfTags(profileOf(ctx, InstanceProfileName).tags, input),
};
