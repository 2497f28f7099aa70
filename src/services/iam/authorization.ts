// How IAM decides about its own operations: the resource of each, and its condition keys.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Service } from '#cloud/service.ts';
import { named } from './entities.ts';
import { linkedRole } from './linked-roles.ts';
import { groups, instanceProfiles, managedPolicies, oidcProviders, roles, users } from './tables.ts';
import type { Entity } from './tables.ts';

/** What operations take, as far as decisions look at it. */
interface Request {
  RoleName?: string;
  UserName?: string;
  GroupName?: string;
  InstanceProfileName?: string;
  PolicyName?: string;
  PolicyArn?: string;
  OpenIDConnectProviderArn?: string;
  Url?: string;
  Path?: string;
  AWSServiceName?: string;
  PermissionsBoundary?: string;
  Tags?: readonly { Key: string; Value: string }[];
  TagKeys?: readonly string[];
}

interface Resource {
  arn: string;
  row?: Partial<Entity> & { tags?: Readonly<Record<string, string>>; boundaryArn?: string };
}
type Find = (ctx: Ctx, request: Request) => Resource;

function resource(ctx: Ctx, type: string, row: Resource['row'], name: string, path: string = '/'): Resource {
  return row?.arn ? { arn: row.arn, row } : { arn: ctx.arn('iam', `${type}${path}${name}`) };
}

const role: Find = (ctx, { RoleName = '', Path }) =>
  resource(ctx, 'role', named(ctx, roles, RoleName), RoleName, Path);
const group: Find = (ctx, { GroupName = '', Path }) =>
  resource(ctx, 'group', named(ctx, groups, GroupName), GroupName, Path);
const profile: Find = (ctx, { InstanceProfileName: name = '', Path }) =>
  resource(ctx, 'instance-profile', named(ctx, instanceProfiles, name), name, Path);
const newPolicy: Find = (ctx, { PolicyName = '', Path }) =>
  resource(ctx, 'policy', undefined, PolicyName, Path);

const user: Find = (ctx, { UserName, Path }) => {
  const { principal } = ctx;
  const name = UserName ?? (principal.type === 'user' ? principal.name : '');
  return resource(ctx, 'user', named(ctx, users, name), name, Path);
};

const policy: Find = (ctx, { PolicyArn = '' }) => {
  const row = ctx.get(managedPolicies, PolicyArn);
  return row ? { arn: PolicyArn, row } : { arn: PolicyArn };
};

const oidcProvider: Find = (ctx, { OpenIDConnectProviderArn: arn = '' }) => {
  const row = ctx.get(oidcProviders, arn);
  return row ? { arn, row } : { arn };
};
const newOidcProvider: Find = (ctx, { Url = '' }) => ({
  arn: ctx.arn('iam', `oidc-provider/${Url.replace(/^https:\/\//, '')}`),
});

const linked: Find = (ctx, { AWSServiceName = '' }) => {
  const path = `/aws-service-role/${AWSServiceName}/`;
  return resource(ctx, 'role', undefined, linkedRole(AWSServiceName).name, path);
};

/** Operations by what they touch; the others touch `*`. */
const TOUCHED: readonly (readonly [Find, readonly string[]])[] = [
  [
    role,
    [
      'CreateRole',
      'GetRole',
      'UpdateRole',
      'UpdateRoleDescription',
      'UpdateAssumeRolePolicy',
      'DeleteRole',
      'PutRolePermissionsBoundary',
      'DeleteRolePermissionsBoundary',
      'TagRole',
      'UntagRole',
      'ListRoleTags',
      'PutRolePolicy',
      'GetRolePolicy',
      'DeleteRolePolicy',
      'ListRolePolicies',
      'AttachRolePolicy',
      'DetachRolePolicy',
      'ListAttachedRolePolicies',
      'ListInstanceProfilesForRole',
    ],
  ],
  [
    user,
    [
      'CreateUser',
      'GetUser',
      'UpdateUser',
      'DeleteUser',
      'PutUserPermissionsBoundary',
      'DeleteUserPermissionsBoundary',
      'TagUser',
      'UntagUser',
      'ListUserTags',
      'PutUserPolicy',
      'GetUserPolicy',
      'DeleteUserPolicy',
      'ListUserPolicies',
      'AttachUserPolicy',
      'DetachUserPolicy',
      'ListAttachedUserPolicies',
      'ListGroupsForUser',
      'CreateAccessKey',
      'ListAccessKeys',
      'UpdateAccessKey',
      'DeleteAccessKey',
    ],
  ],
  [
    group,
    [
      'CreateGroup',
      'GetGroup',
      'UpdateGroup',
      'DeleteGroup',
      'AddUserToGroup',
      'RemoveUserFromGroup',
      'PutGroupPolicy',
      'GetGroupPolicy',
      'DeleteGroupPolicy',
      'ListGroupPolicies',
      'AttachGroupPolicy',
      'DetachGroupPolicy',
      'ListAttachedGroupPolicies',
    ],
  ],
  [
    profile,
    [
      'CreateInstanceProfile',
      'GetInstanceProfile',
      'DeleteInstanceProfile',
      'AddRoleToInstanceProfile',
      'RemoveRoleFromInstanceProfile',
      'TagInstanceProfile',
      'UntagInstanceProfile',
      'ListInstanceProfileTags',
    ],
  ],
  [
    policy,
    [
      'GetPolicy',
      'DeletePolicy',
      'ListEntitiesForPolicy',
      'TagPolicy',
      'UntagPolicy',
      'ListPolicyTags',
      'GetPolicyVersion',
      'CreatePolicyVersion',
      'SetDefaultPolicyVersion',
      'DeletePolicyVersion',
      'ListPolicyVersions',
    ],
  ],
  [newPolicy, ['CreatePolicy']],
  [newOidcProvider, ['CreateOpenIDConnectProvider']],
  [
    oidcProvider,
    [
      'GetOpenIDConnectProvider',
      'DeleteOpenIDConnectProvider',
      'UpdateOpenIDConnectProviderThumbprint',
      'AddClientIDToOpenIDConnectProvider',
      'RemoveClientIDFromOpenIDConnectProvider',
      'TagOpenIDConnectProvider',
      'UntagOpenIDConnectProvider',
      'ListOpenIDConnectProviderTags',
    ],
  ],
  [linked, ['CreateServiceLinkedRole']],
];

/** Operations that put a policy on something: `iam:PolicyARN` names it. */
const ATTACHES = /^(?:At|De)tach(?:Role|User|Group)Policy$/;

function conditions(
  operation: string,
  { row }: Resource,
  request: Request,
): Record<string, string | readonly string[]> {
  const keys: Record<string, string | readonly string[]> = {};
  for (const { Key, Value } of request.Tags ?? []) keys[`aws:RequestTag/${Key}`] = Value;
  const tagKeys = request.TagKeys ?? request.Tags?.map(({ Key }) => Key);
  if (tagKeys) keys['aws:TagKeys'] = tagKeys;
  for (const [key, value] of Object.entries(row?.tags ?? {})) {
    keys[`aws:ResourceTag/${key}`] = value;
    keys[`iam:ResourceTag/${key}`] = value;
  }
  const boundaryArn = request.PermissionsBoundary ?? row?.boundaryArn;
  if (boundaryArn !== undefined) keys['iam:PermissionsBoundary'] = boundaryArn;
  if (request.PolicyArn !== undefined && ATTACHES.test(operation)) keys['iam:PolicyARN'] = request.PolicyArn;
  if (request.AWSServiceName !== undefined) keys['iam:AWSServiceName'] = request.AWSServiceName;
  return keys;
}

type Rules = Service['authorization'];

function rules(): Rules {
  const found: Record<string, Rules[string]> = {};
  for (const [find, operations] of TOUCHED) {
    for (const operation of operations) {
      found[operation] = {
        resources: (ctx, input) => find(ctx, input as Request).arn,
        conditions: (ctx, input) => conditions(operation, find(ctx, input as Request), input as Request),
      };
    }
  }
  // Whoever puts a role into a profile hands it to EC2.
  found['AddRoleToInstanceProfile'] = {
    ...found['AddRoleToInstanceProfile'],
    passes: (ctx, input) => [{ roleArn: role(ctx, input as Request).arn, service: 'ec2.amazonaws.com' }],
  };
  return found;
}

export const authorization: Rules = rules();
