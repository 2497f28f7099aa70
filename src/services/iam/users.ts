// Users and their long-term access keys.

import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { notModelled } from '#cloud/refuse.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags } from '#cloud/tags.ts';
import { checkBare } from './attachments.ts';
import { boundary, boundaryFields } from './documents.ts';
import {
  checkNew,
  deleteConflict,
  noSuchEntity,
  ownTags,
  pageOfList,
  pageOfRows,
  pageOfTags,
  userOf,
  withTags,
} from './entities.ts';
import { accessKeyId, secretKey, uniqueId } from './ids.ts';
import { quotaExceeded, QUOTAS } from './quotas.ts';
import { withoutBoundary } from './roles.ts';
import { keyOf, userKeys, users } from './tables.ts';
import type { Entity, User, UserKey } from './tables.ts';
import { renamePrincipal } from './trust.ts';

type Described = Output<'iam', 'GetUser'>['User'];

export function describeUser({ path, name, id, arn, createdAt }: User): Described {
  return { Path: path, UserName: name, UserId: id, Arn: arn, CreateDate: createdAt };
}

/** Where a request names no user, it is about the one who signs it. */
function userNameOr(ctx: Ctx, given: string | undefined, operation: string): string {
  if (given !== undefined) return given;
  const { principal } = ctx;
  if (principal.type === 'user') return principal.name;
  if (principal.type === 'root') throw notModelled('iam', operation, 'UserName left out by the root user');
  throw new Fault('ValidationError', 'Must specify userName when calling with non-User credentials');
}

function keysOf(ctx: Ctx, userName: string): UserKey[] {
  return ctx.everywhere.list(userKeys, 'user', `${ctx.account} ${userName}`);
}

function checkNewUser(ctx: Ctx, name: string): void {
  checkNew(ctx, users as Table<Entity>, name, {
    taken: `User with name ${name} already exists.`,
    quota: QUOTAS.UsersQuota,
    what: 'UsersPerAccount',
  });
}

const plainUserOperations: Operations<'iam'> = {
  CreateUser(ctx, { UserName, Path = '/', PermissionsBoundary, Tags }) {
    const tags = withTags({}, Tags);
    checkNewUser(ctx, UserName);
    const user: User = {
      name: UserName,
      id: uniqueId(ctx, 'AIDA'),
      path: Path,
      arn: ctx.arn('iam', `user${Path}${UserName}`),
      createdAt: ctx.now,
      inline: {},
      attached: [],
      ...boundary(ctx, PermissionsBoundary),
      tags,
      groups: [],
    };
    ctx.put(users, user);
    return { User: { ...describeUser(user), ...boundaryFields(user.boundaryArn), ...ownTags(tags) } };
  },

  GetUser(ctx, { UserName }) {
    const user = userOf(ctx, userNameOr(ctx, UserName, 'GetUser'));
    return { User: { ...describeUser(user), ...boundaryFields(user.boundaryArn), ...ownTags(user.tags) } };
  },

  ListUsers(ctx, input) {
    const [shown, rest] = pageOfRows(ctx, users, input);
    return { Users: shown.map(describeUser), ...rest };
  },

  /** A user keeps id, keys, policies and groups under a new name, and whoever trusts it still does. */
  UpdateUser(ctx, { UserName, NewUserName = UserName, NewPath }) {
    const user = userOf(ctx, UserName);
    if (keyOf(NewUserName) !== keyOf(UserName)) checkNewUser(ctx, NewUserName);
    const path = NewPath ?? user.path;
    const arn = ctx.arn('iam', `user${path}${NewUserName}`);
    ctx.delete(users, keyOf(UserName));
    ctx.put(users, { ...user, name: NewUserName, path, arn });
    for (const key of keysOf(ctx, UserName)) ctx.everywhere.update(userKeys, key, { userName: NewUserName });
    if (arn !== user.arn) renamePrincipal(ctx, user.arn, arn);
  },

  DeleteUser(ctx, { UserName }) {
    const user = userOf(ctx, UserName);
    if (keysOf(ctx, UserName).length > 0)
      throw deleteConflict('Cannot delete entity, must delete access keys first.');
    checkBare(user);
    if (user.groups.length > 0)
      throw deleteConflict('Cannot delete entity, must remove users from group first.');
    ctx.delete(users, keyOf(UserName));
    renamePrincipal(ctx, user.arn, user.id);
  },

  PutUserPermissionsBoundary(ctx, { UserName, PermissionsBoundary }) {
    ctx.update(users, userOf(ctx, UserName), boundary(ctx, PermissionsBoundary));
  },

  DeleteUserPermissionsBoundary(ctx, { UserName }) {
    withoutBoundary(ctx, users, userOf(ctx, UserName));
  },

  TagUser(ctx, { UserName, Tags }) {
    const user = userOf(ctx, UserName);
    ctx.update(users, user, { tags: withTags(user.tags, Tags) });
  },

  UntagUser(ctx, { UserName, TagKeys }) {
    const user = userOf(ctx, UserName);
    ctx.update(users, user, { tags: removeTags(user.tags, TagKeys) });
  },

  ListUserTags: (ctx, { UserName, ...input }) => pageOfTags(userOf(ctx, UserName).tags, input),
};

function keyOfUser(ctx: Ctx, userName: string, id: string): UserKey {
  const { name } = userOf(ctx, userName);
  const key = keysOf(ctx, name).find((one) => one.accessKeyId === id);
  if (!key) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`);
  return key;
}

const accessKeyOperations: Operations<'iam'> = {
  CreateAccessKey(ctx, { UserName }) {
    const { name } = userOf(ctx, userNameOr(ctx, UserName, 'CreateAccessKey'));
    const quota = QUOTAS.AccessKeysPerUserQuota;
    if (keysOf(ctx, name).length >= quota) throw quotaExceeded('AccessKeysPerUser', quota);
    const key: UserKey = {
      accessKeyId: accessKeyId(ctx, 'AKIA', ctx.account),
      secret: secretKey(ctx),
      account: ctx.account,
      userName: name,
      status: 'Active',
      createdAt: ctx.now,
    };
    ctx.everywhere.put(userKeys, key);
    return {
      AccessKey: {
        UserName: name,
        AccessKeyId: key.accessKeyId,
        Status: key.status,
        SecretAccessKey: key.secret,
        CreateDate: key.createdAt,
      },
    };
  },

  ListAccessKeys(ctx, { UserName, ...input }) {
    const { name } = userOf(ctx, userNameOr(ctx, UserName, 'ListAccessKeys'));
    const [shown, rest] = pageOfList(keysOf(ctx, name), (key) => key.accessKeyId, input);
    const AccessKeyMetadata = shown.map((key) => ({
      UserName: name,
      AccessKeyId: key.accessKeyId,
      Status: key.status,
      CreateDate: key.createdAt,
    }));
    return { AccessKeyMetadata, ...rest };
  },

  UpdateAccessKey(ctx, { UserName, AccessKeyId, Status }) {
    const key = keyOfUser(ctx, userNameOr(ctx, UserName, 'UpdateAccessKey'), AccessKeyId);
    ctx.everywhere.update(userKeys, key, { status: Status });
  },

  DeleteAccessKey(ctx, { UserName, AccessKeyId }) {
    const key = keyOfUser(ctx, userNameOr(ctx, UserName, 'DeleteAccessKey'), AccessKeyId);
    ctx.everywhere.delete(userKeys, key.accessKeyId);
  },
};

export const userOperations: Operations<'iam'> = { ...plainUserOperations, ...accessKeyOperations };
