// AWS::IAM::User, its policies, its keys, and the groups it is put into.

import { resourceKey, resources } from '../../rows.ts';
import { documentLike, without } from '../policy-document.ts';
import { handlerFailure, provider } from '../provider.ts';
import type { Provider } from '../provider.ts';
import { heldNow, hold, inOrderOf, namesIn, rowsOf, userHolder } from './holders.ts';

/** CloudFormation puts no tags of its own on what IAM keeps. */
const TAGS = { system: false } as const;

const LONGEST = 64;
const LONGEST_ID = 128;

export const user: Provider = provider({
  type: 'AWS::IAM::User',
  refused: ['LoginProfile'],
  create(work) {
    const { Path, PermissionsBoundary, Tags, Groups = [] } = work.properties;
    const UserName = work.properties.UserName ?? work.name({ longest: LONGEST });
    work.call('iam', 'CreateUser', {
      UserName,
      Path,
      PermissionsBoundary,
      Tags: work.tags(Tags, TAGS),
    });
    for (const GroupName of Groups) work.call('iam', 'AddUserToGroup', { GroupName, UserName });
    hold(userHolder(work, UserName), work.properties);
    return UserName;
  },
  update(work) {
    const UserName = work.physicalId;
    const { Path = '/', PermissionsBoundary, Groups } = work.properties;
    if (work.changed('Path')) work.call('iam', 'UpdateUser', { UserName, NewPath: Path });
    if (work.changed('PermissionsBoundary')) {
      if (PermissionsBoundary === undefined) work.find('iam', 'DeleteUserPermissionsBoundary', { UserName });
      else work.call('iam', 'PutUserPermissionsBoundary', { UserName, PermissionsBoundary });
    }
    for (const GroupName of without(work.previous?.Groups, Groups))
      work.find('iam', 'RemoveUserFromGroup', { GroupName, UserName });
    for (const GroupName of without(Groups, work.previous?.Groups))
      work.call('iam', 'AddUserToGroup', { GroupName, UserName });
    hold(userHolder(work, UserName), work.properties, work.previous);
    const { put, remove } = work.tagChanges(TAGS);
    if (put.length > 0) work.call('iam', 'TagUser', { UserName, Tags: put });
    if (remove.length > 0) work.call('iam', 'UntagUser', { UserName, TagKeys: remove });
  },
  delete(work) {
    const UserName = work.physicalId;
    for (const GroupName of work.properties.Groups ?? [])
      work.find('iam', 'RemoveUserFromGroup', { GroupName, UserName });
    hold(userHolder(work, UserName), {}, work.properties);
    work.find('iam', 'DeleteUser', { UserName });
  },
  attributes: (work) => ({
    Arn: work.call('iam', 'GetUser', { UserName: work.physicalId }).User?.Arn ?? '',
  }),
  read(work) {
    const UserName = work.physicalId;
    const found = work.find('iam', 'GetUser', { UserName })?.User;
    if (!found) return undefined;
    const groups = work.call('iam', 'ListGroupsForUser', { UserName }).Groups ?? [];
    const added = rowsOf(work, 'AWS::IAM::UserToGroupAddition')
      .filter(({ properties }) => namesIn(properties['Users']).includes(UserName))
      .map(({ properties }) => String(properties['GroupName']));
    const names = without(
      groups.map(({ GroupName = '' }) => GroupName),
      without(added, work.properties.Groups),
    );
    return {
      UserName,
      Path: found.Path ?? '/',
      PermissionsBoundary: found.PermissionsBoundary?.PermissionsBoundaryArn,
      ...(work.properties.Groups && { Groups: inOrderOf(work.properties.Groups, names) }),
      ...heldNow(work, userHolder(work, UserName), work.properties),
    };
  },
});

export const userPolicy: Provider = provider({
  type: 'AWS::IAM::UserPolicy',
  create(work) {
    const { UserName, PolicyName, PolicyDocument = {} } = work.properties;
    userHolder(work, UserName).put(PolicyName, PolicyDocument);
    return `${PolicyName}|${UserName}`;
  },
  update(work) {
    const { UserName, PolicyName, PolicyDocument = {} } = work.properties;
    userHolder(work, UserName).put(PolicyName, PolicyDocument);
  },
  delete(work) {
    const { UserName, PolicyName } = work.properties;
    userHolder(work, UserName).remove(PolicyName);
  },
  read(work) {
    const [PolicyName = '', UserName = ''] = work.physicalId.split('|');
    const text = userHolder(work, UserName).get(PolicyName);
    if (text === undefined) return undefined;
    return { PolicyName, UserName, PolicyDocument: documentLike(work.properties.PolicyDocument, text) };
  },
});

export const userToGroupAddition: Provider = provider({
  type: 'AWS::IAM::UserToGroupAddition',
  create(work) {
    const { GroupName, Users } = work.properties;
    for (const UserName of Users) work.call('iam', 'AddUserToGroup', { GroupName, UserName });
    return work.name({ longest: LONGEST_ID });
  },
  update(work) {
    const { GroupName, Users } = work.properties;
    const { GroupName: groupBefore = GroupName, Users: usersBefore = [] } = work.previous ?? {};
    const moved = groupBefore !== GroupName;
    for (const UserName of moved ? usersBefore : without(usersBefore, Users))
      work.find('iam', 'RemoveUserFromGroup', { GroupName: groupBefore, UserName });
    for (const UserName of Users) work.call('iam', 'AddUserToGroup', { GroupName, UserName });
  },
  delete(work) {
    const { GroupName, Users } = work.properties;
    for (const UserName of Users) work.find('iam', 'RemoveUserFromGroup', { GroupName, UserName });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const { GroupName, Users } = work.properties;
    const names = (work.find('iam', 'GetGroup', { GroupName })?.Users ?? []).map(({ UserName }) => UserName);
    const left = Users.filter((name) => names.includes(name));
    return left.length === 0 ? undefined : { GroupName, Users: left };
  },
});

type KeyStatus = 'Active' | 'Inactive';

export const accessKey: Provider = provider({
  type: 'AWS::IAM::AccessKey',
  withoutEffect: { Serial: 'a change of it replaces the key, which is all that it is for' },
  create(work) {
    const { UserName, Status } = work.properties;
    const { AccessKey } = work.call('iam', 'CreateAccessKey', { UserName });
    const AccessKeyId = AccessKey?.AccessKeyId ?? '';
    if (Status !== undefined && Status !== 'Active' && Status !== 'Inactive')
      throw handlerFailure(work, `Invalid status: ${Status}`);
    if (Status === 'Inactive') work.call('iam', 'UpdateAccessKey', { UserName, AccessKeyId, Status });
    // IAM tells it once; the stack keeps it.
    work.remember({ secret: AccessKey?.SecretAccessKey ?? '' });
    return AccessKeyId;
  },
  update(work) {
    const { UserName, Status = 'Active' } = work.properties;
    work.call('iam', 'UpdateAccessKey', {
      UserName,
      AccessKeyId: work.physicalId,
      Status: Status as KeyStatus,
    });
  },
  delete(work) {
    const { UserName } = work.properties;
    work.find('iam', 'DeleteAccessKey', { UserName, AccessKeyId: work.physicalId });
  },
  attributes({ memory, ctx, stack, logicalId, physicalId }) {
    const known = ctx.get(resources, resourceKey(stack.id, logicalId))?.attributes['SecretAccessKey'];
    return { Id: physicalId, SecretAccessKey: String(memory['secret'] ?? known ?? '') };
  },
  read(work) {
    const { UserName } = work.properties;
    const keys = work.find('iam', 'ListAccessKeys', { UserName })?.AccessKeyMetadata ?? [];
    const found = keys.find(({ AccessKeyId }) => AccessKeyId === work.physicalId);
    return found && { UserName, Status: found.Status ?? '' };
  },
});
