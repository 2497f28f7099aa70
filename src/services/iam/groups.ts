// Groups of users.

import type { Table } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { checkBare } from './attachments.ts';
import { checkNew, deleteConflict, groupOf, named, pageOfList, pageOfRows, userOf } from './entities.ts';
import { uniqueId } from './ids.ts';
import { quotaExceeded, QUOTAS } from './quotas.ts';
import { groups, keyOf, users } from './tables.ts';
import type { Entity, Group, User } from './tables.ts';
import { describeUser } from './users.ts';

type Described = Output<'iam', 'GetGroup'>['Group'];

function describe({ path, name, id, arn, createdAt }: Group): Described {
  return { Path: path, GroupName: name, GroupId: id, Arn: arn, CreateDate: createdAt };
}

function members(ctx: Ctx, name: string): User[] {
  return ctx.list(users).filter((user) => user.groups.includes(name));
}

function checkNewGroup(ctx: Ctx, name: string): void {
  checkNew(ctx, groups as Table<Entity>, name, {
    taken: `Group with name ${name} already exists.`,
    quota: QUOTAS.GroupsQuota,
    what: 'GroupsPerAccount',
  });
}

export const groupOperations: Operations<'iam'> = {
  CreateGroup(ctx, { GroupName, Path = '/' }) {
    checkNewGroup(ctx, GroupName);
    const group: Group = {
      name: GroupName,
      id: uniqueId(ctx, 'AGPA'),
      path: Path,
      arn: ctx.arn('iam', `group${Path}${GroupName}`),
      createdAt: ctx.now,
      inline: {},
      attached: [],
    };
    ctx.put(groups, group);
    return { Group: describe(group) };
  },

  GetGroup(ctx, { GroupName, ...input }) {
    const group = groupOf(ctx, GroupName);
    const [shown, rest] = pageOfList(members(ctx, GroupName), ({ name }) => name, input);
    return { Group: describe(group), Users: shown.map(describeUser), ...rest };
  },

  ListGroups(ctx, input) {
    const [shown, rest] = pageOfRows(ctx, groups, input);
    return { Groups: shown.map(describe), ...rest };
  },

  UpdateGroup(ctx, { GroupName, NewGroupName = GroupName, NewPath }) {
    const group = groupOf(ctx, GroupName);
    if (keyOf(NewGroupName) !== keyOf(GroupName)) checkNewGroup(ctx, NewGroupName);
    const path = NewPath ?? group.path;
    ctx.delete(groups, keyOf(GroupName));
    ctx.put(groups, {
      ...group,
      name: NewGroupName,
      path,
      arn: ctx.arn('iam', `group${path}${NewGroupName}`),
    });
    for (const user of members(ctx, GroupName)) {
      const renamed = user.groups.map((name) => (name === GroupName ? NewGroupName : name));
      ctx.update(users, user, { groups: renamed });
    }
  },

  DeleteGroup(ctx, { GroupName }) {
    const group = groupOf(ctx, GroupName);
    checkBare(group);
    if (members(ctx, GroupName).length > 0)
      throw deleteConflict('Cannot delete entity, must remove users from group first.');
    ctx.delete(groups, keyOf(GroupName));
  },

  AddUserToGroup(ctx, { GroupName, UserName }) {
    const user = userOf(ctx, UserName);
    const { name } = groupOf(ctx, GroupName);
    if (user.groups.includes(name)) return;
    const quota = QUOTAS.GroupsPerUserQuota;
    if (user.groups.length >= quota) throw quotaExceeded('GroupsPerUser', quota);
    ctx.update(users, user, { groups: [...user.groups, name] });
  },

  RemoveUserFromGroup(ctx, { GroupName, UserName }) {
    const user = userOf(ctx, UserName);
    const { name } = groupOf(ctx, GroupName);
    ctx.update(users, user, { groups: user.groups.filter((other) => other !== name) });
  },

  ListGroupsForUser(ctx, { UserName, ...input }) {
    const found = userOf(ctx, UserName)
      .groups.map((name) => named(ctx, groups, name))
      .filter((group) => group !== undefined);
    const [shown, rest] = pageOfList(found, ({ name }) => name, input);
    return { Groups: shown.map(describe), ...rest };
  },
};
