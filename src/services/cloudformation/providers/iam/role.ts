// AWS::IAM::Role and AWS::IAM::RolePolicy.

import { documentLike, documentText } from '../policy-document.ts';
import { provider } from '../provider.ts';
import type { Provider } from '../provider.ts';
import { heldNow, hold, roleHolder } from './holders.ts';

/** CloudFormation puts no tags of its own on what IAM keeps. */
const TAGS = { system: false } as const;

const LONGEST = 64;
const DEFAULT_SESSION = 3600;

export const role: Provider = provider({
  type: 'AWS::IAM::Role',
  create(work) {
    const { AssumeRolePolicyDocument, Path, Description, MaxSessionDuration } = work.properties;
    const RoleName = work.properties.RoleName ?? work.name({ longest: LONGEST });
    work.call('iam', 'CreateRole', {
      RoleName,
      AssumeRolePolicyDocument: documentText(AssumeRolePolicyDocument),
      Path,
      Description,
      MaxSessionDuration,
      PermissionsBoundary: work.properties.PermissionsBoundary,
      Tags: work.tags(work.properties.Tags, TAGS),
    });
    hold(roleHolder(work, RoleName), work.properties);
    return RoleName;
  },
  update(work) {
    const RoleName = work.physicalId;
    const { AssumeRolePolicyDocument, Description = '', PermissionsBoundary } = work.properties;
    if (work.changed('AssumeRolePolicyDocument')) {
      const PolicyDocument = documentText(AssumeRolePolicyDocument);
      work.call('iam', 'UpdateAssumeRolePolicy', { RoleName, PolicyDocument });
    }
    if (work.changed('Description', 'MaxSessionDuration')) {
      const { MaxSessionDuration = DEFAULT_SESSION } = work.properties;
      work.call('iam', 'UpdateRole', { RoleName, Description, MaxSessionDuration });
    }
    if (work.changed('PermissionsBoundary')) {
      if (PermissionsBoundary === undefined) work.find('iam', 'DeleteRolePermissionsBoundary', { RoleName });
      else work.call('iam', 'PutRolePermissionsBoundary', { RoleName, PermissionsBoundary });
    }
    hold(roleHolder(work, RoleName), work.properties, work.previous);
    const { put, remove } = work.tagChanges(TAGS);
    if (put.length > 0) work.call('iam', 'TagRole', { RoleName, Tags: put });
    if (remove.length > 0) work.call('iam', 'UntagRole', { RoleName, TagKeys: remove });
  },
  /** Policies that others gave the role keep it from being deleted. */
  delete(work) {
    hold(roleHolder(work, work.physicalId), {}, work.properties);
    work.find('iam', 'DeleteRole', { RoleName: work.physicalId });
  },
  attributes(work) {
    const { Role } = work.call('iam', 'GetRole', { RoleName: work.physicalId });
    return { Arn: Role?.Arn ?? '', RoleId: Role?.RoleId ?? '' };
  },
  read(work) {
    const found = work.find('iam', 'GetRole', { RoleName: work.physicalId })?.Role;
    if (!found) return undefined;
    const { AssumeRolePolicyDocument = '', Description, MaxSessionDuration, PermissionsBoundary } = found;
    const trust = decodeURIComponent(AssumeRolePolicyDocument);
    return {
      AssumeRolePolicyDocument: documentLike(work.properties.AssumeRolePolicyDocument, trust),
      Description,
      MaxSessionDuration,
      PermissionsBoundary: PermissionsBoundary?.PermissionsBoundaryArn,
      Path: found.Path ?? '/',
      RoleName: found.RoleName ?? '',
      ...heldNow(work, roleHolder(work, work.physicalId), work.properties),
    };
  },
});

export const rolePolicy: Provider = provider({
  type: 'AWS::IAM::RolePolicy',
  create(work) {
    const { RoleName, PolicyName, PolicyDocument = {} } = work.properties;
    roleHolder(work, RoleName).put(PolicyName, PolicyDocument);
    return `${PolicyName}|${RoleName}`;
  },
  update(work) {
    const { RoleName, PolicyName, PolicyDocument = {} } = work.properties;
    roleHolder(work, RoleName).put(PolicyName, PolicyDocument);
  },
  delete(work) {
    const { RoleName, PolicyName } = work.properties;
    roleHolder(work, RoleName).remove(PolicyName);
  },
  read(work) {
    const [PolicyName = '', RoleName = ''] = work.physicalId.split('|');
    const text = roleHolder(work, RoleName).get(PolicyName);
    if (text === undefined) return undefined;
    return { PolicyName, RoleName, PolicyDocument: documentLike(work.properties.PolicyDocument, text) };
  },
});
