// AWS::IAM through CloudFormation. What Ref and Fn::GetAtt give:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html

import {
  AttachRolePolicyCommand,
  DeleteRolePermissionsBoundaryCommand,
  GetGroupCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListInstanceProfilesForRoleCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const READ_ONLY = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
const QUEUES = 'arn:aws:iam::aws:policy/AmazonSQSFullAccess';

function trusting(Service: string): object {
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }],
  };
}

function allowing(...Action: string[]): object {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] };
}

function role(properties: object = {}): object {
  const AssumeRolePolicyDocument = trusting('ec2.amazonaws.com');
  return { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument, ...properties } };
}

const att = (logicalId: string, name: string): object => ({ 'Fn::GetAtt': [logicalId, name] });
const ref = (Ref: string): object => ({ Ref });

function newStand(): ProviderStand & { iam: IAMClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, { iam: stand.table.client(IAMClient) });
}

describe('AWS::IAM::Role', () => {
  it('has its policies, boundary and tags, and is known by its name', async () => {
    const stand = newStand();
    const template = {
      Resources: {
        Role: role({
          Path: '/shop/',
          Description: 'Runs the shop',
          MaxSessionDuration: 7200,
          ManagedPolicyArns: [READ_ONLY],
          PermissionsBoundary: 'arn:aws:iam::aws:policy/PowerUserAccess',
          Policies: [{ PolicyName: 'inline', PolicyDocument: allowing('sqs:SendMessage') }],
          Tags: [{ Key: 'team', Value: 'shop' }],
        }),
      },
      Outputs: {
        Name: { Value: ref('Role') },
        Arn: { Value: att('Role', 'Arn') },
        Id: { Value: att('Role', 'RoleId') },
      },
    };
    expect(await stand.create(template)).toBe('CREATE_COMPLETE');
    const { Name = '', Arn, Id } = await stand.outputs();
    const { Role } = await stand.iam.send(new GetRoleCommand({ RoleName: Name }));
    expect(Name).toMatch(/^shop-Role-[A-Za-z0-9]{12}$/);
    expect([Arn, Id]).toEqual([Role?.Arn, Role?.RoleId]);
    expect(Role).toMatchObject({ Path: '/shop/', Description: 'Runs the shop', MaxSessionDuration: 7200 });
    expect(Role?.PermissionsBoundary?.PermissionsBoundaryArn).toMatch(/PowerUserAccess$/);
    // The type's schema: cloudFormationSystemTags is false.
    expect(Role?.Tags).toEqual([{ Key: 'team', Value: 'shop' }]);
    const inline = await stand.iam.send(new GetRolePolicyCommand({ RoleName: Name, PolicyName: 'inline' }));
    expect(JSON.parse(decodeURIComponent(inline.PolicyDocument ?? ''))).toEqual(allowing('sqs:SendMessage'));
  });

  it('is changed in place, and replaced when its path changes', async () => {
    const stand = newStand();
    const before = role({
      Description: 'old',
      ManagedPolicyArns: [READ_ONLY],
      Policies: [
        { PolicyName: 'kept', PolicyDocument: allowing('sqs:SendMessage') },
        { PolicyName: 'gone', PolicyDocument: allowing('sns:Publish') },
      ],
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '2' },
      ],
    });
    await stand.create({ Resources: { Role: before } });
    const { Role: RoleName = '' } = await stand.physicalIds();
    const properties = {
      AssumeRolePolicyDocument: trusting('lambda.amazonaws.com'),
      ManagedPolicyArns: [QUEUES],
      Policies: [{ PolicyName: 'kept', PolicyDocument: allowing('sqs:ReceiveMessage') }],
      Tags: [{ Key: 'a', Value: '3' }],
    };
    expect(await stand.update({ Resources: { Role: role(properties) } })).toBe('UPDATE_COMPLETE');
    expect(await stand.physicalIds()).toEqual({ Role: RoleName });
    const { Role } = await stand.iam.send(new GetRoleCommand({ RoleName }));
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toContain('lambda.amazonaws.com');
    expect(Role?.Description ?? '').toBe('');
    const attached = await stand.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    expect(attached.AttachedPolicies?.map(({ PolicyArn }) => PolicyArn)).toEqual([QUEUES]);
    const inline = await stand.iam.send(new ListRolePoliciesCommand({ RoleName }));
    expect(inline.PolicyNames).toEqual(['kept']);
    const tags = await stand.iam.send(new ListRoleTagsCommand({ RoleName }));
    expect(tags.Tags).toEqual([{ Key: 'a', Value: '3' }]);

    await stand.update({ Resources: { Role: role({ ...properties, Path: '/new/' }) } });
    const { Roles = [] } = await stand.iam.send(new ListRolesCommand({ PathPrefix: '/' }));
    expect(Roles.filter(({ RoleName: name }) => name?.startsWith('shop-')).map(({ Path }) => Path)).toEqual([
      '/new/',
    ]);
  });

  it('goes back to what it was when something else fails', async () => {
    const stand = newStand();
    await stand.create({ Resources: { Role: role({ ManagedPolicyArns: [READ_ONLY] }) } });
    const { Role: RoleName = '' } = await stand.physicalIds();
    const failing = {
      Type: 'AWS::IAM::Role',
      DependsOn: 'Role',
      Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Maybe' }] } },
    };
    const Resources = { Role: role({ ManagedPolicyArns: [QUEUES] }), Failing: failing };
    expect(await stand.update({ Resources })).toBe('UPDATE_ROLLBACK_COMPLETE');
    const attached = await stand.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    expect(attached.AttachedPolicies?.map(({ PolicyArn }) => PolicyArn)).toEqual([READ_ONLY]);
  });

  it('is not deleted while others have attached policies to it', async () => {
    const stand = newStand();
    await stand.create({ Resources: { Role: role({ ManagedPolicyArns: [READ_ONLY] }) } });
    const { Role: RoleName = '' } = await stand.physicalIds();
    await stand.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: QUEUES }));
    expect(await stand.delete()).toBe('DELETE_FAILED');
    expect((await stand.failures())[0]).toContain('Cannot delete entity, must detach all policies first.');
  });

  it('fails on a managed policy that does not exist, and leaves nothing', async () => {
    const stand = newStand();
    const ManagedPolicyArns = ['arn:aws:iam::aws:policy/NoSuchPolicy'];
    expect(await stand.create({ Resources: { Role: role({ ManagedPolicyArns }) } })).toBe(
      'ROLLBACK_COMPLETE',
    );
    expect((await stand.failures())[0]).toMatch(
      /Role CREATE_FAILED .*Policy .*NoSuchPolicy does not exist or is not attachable.*HandlerErrorCode: NotFound/,
    );
    const { Roles = [] } = await stand.iam.send(new ListRolesCommand({}));
    expect(Roles.filter(({ RoleName }) => RoleName?.startsWith('shop-'))).toEqual([]);
  });
});

describe('policies of their own', () => {
  const parts = (
    actions: string[],
    Roles: object[],
  ): { Resources: Record<string, object>; Outputs: object } => ({
    Resources: {
      Role: role(),
      Other: role(),
      Policy: {
        Type: 'AWS::IAM::Policy',
        Properties: { PolicyName: 'jobs', PolicyDocument: allowing(...actions), Roles },
      },
      RolePolicy: {
        Type: 'AWS::IAM::RolePolicy',
        Properties: { PolicyName: 'own', RoleName: ref('Role'), PolicyDocument: allowing(...actions) },
      },
      Managed: {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: { Path: '/shop/', PolicyDocument: allowing(...actions), Roles },
      },
    },
    Outputs: { Managed: { Value: ref('Managed') }, Version: { Value: att('Managed', 'DefaultVersionId') } },
  });

  it('are put on their roles, follow updates, and go with the stack', async () => {
    const stand = newStand();
    expect(await stand.create(parts(['sqs:SendMessage'], [ref('Role')]))).toBe('CREATE_COMPLETE');
    const ids = await stand.physicalIds();
    const { Role: RoleName = '', Other = '' } = ids;
    expect(ids['Policy']).toMatch(/^shop-Policy?-[A-Za-z0-9]{12}$/);
    expect(ids['RolePolicy']).toBe(`own|${RoleName}`);
    expect((await stand.outputs())['Managed']).toMatch(
      /^arn:aws:iam::\d{12}:policy\/shop\/shop-Managed-[A-Za-z0-9]{12}$/,
    );
    const first = await stand.iam.send(new ListRolePoliciesCommand({ RoleName }));
    expect(first.PolicyNames).toEqual(['jobs', 'own']);

    await stand.update(parts(['sqs:ReceiveMessage'], [ref('Other')]));
    const inline = await stand.iam.send(new ListRolePoliciesCommand({ RoleName: Other }));
    const left = await stand.iam.send(new ListRolePoliciesCommand({ RoleName }));
    expect([inline.PolicyNames, left.PolicyNames]).toEqual([['jobs'], ['own']]);
    const { Managed: PolicyArn = '', Version: VersionId = '' } = await stand.outputs();
    const document = await stand.iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
    expect(VersionId).toBe('v2');
    expect(decodeURIComponent(document.PolicyVersion?.Document ?? '')).toContain('sqs:ReceiveMessage');

    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const { Policies } = await stand.iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
    expect(Policies).toEqual([]);
  });

  it('make room for a new version of a managed policy by deleting the oldest', async () => {
    const stand = newStand();
    await stand.create(parts(['sqs:Action0'], [ref('Role')]));
    for (let version = 1; version <= 5; version += 1)
      await stand.update(parts([`sqs:Action${version}`], [ref('Role')]));
    const { Managed: PolicyArn = '' } = await stand.outputs();
    const { Versions = [] } = await stand.iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    expect(Versions.map(({ VersionId }) => VersionId)).toEqual(['v6', 'v5', 'v4', 'v3', 'v2']);
  });

  it('need somebody to be put on', async () => {
    const stand = newStand();
    expect(await stand.create({ Resources: { Policy: parts(['sqs:*'], []).Resources['Policy'] } })).toBe(
      'ROLLBACK_COMPLETE',
    );
    expect((await stand.failures())[0]).toContain('At least one of [Groups,Roles,Users] must be non-empty.');
  });
});

describe('AWS::IAM::InstanceProfile', () => {
  it('hands its role to instances, and another one after an update', async () => {
    const stand = newStand();
    const parts = (name: string): { Resources: object; Outputs: object } => ({
      Resources: {
        Role: role(),
        Other: role(),
        Profile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [ref(name)] } },
      },
      Outputs: { Arn: { Value: att('Profile', 'Arn') } },
    });
    expect(await stand.create(parts('Role'))).toBe('CREATE_COMPLETE');
    const { Profile = '', Other = '' } = await stand.physicalIds();
    expect((await stand.outputs())['Arn']).toMatch(new RegExp(`:instance-profile/${Profile}$`));
    await stand.update(parts('Other'));
    const { InstanceProfiles } = await stand.iam.send(
      new ListInstanceProfilesForRoleCommand({ RoleName: Other }),
    );
    expect(InstanceProfiles?.map(({ InstanceProfileName }) => InstanceProfileName)).toEqual([Profile]);
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
  });
});

describe('users and groups', () => {
  const parts = (status: string): { Resources: object; Outputs: object } => ({
    Resources: {
      Admins: {
        Type: 'AWS::IAM::Group',
        Properties: {
          ManagedPolicyArns: [READ_ONLY],
          Policies: [{ PolicyName: 'in', PolicyDocument: allowing('sqs:*') }],
        },
      },
      Readers: { Type: 'AWS::IAM::Group', Properties: { GroupName: 'readers' } },
      GroupPolicy: {
        Type: 'AWS::IAM::GroupPolicy',
        Properties: { GroupName: ref('Readers'), PolicyName: 'own', PolicyDocument: allowing('s3:Get*') },
      },
      User: {
        Type: 'AWS::IAM::User',
        Properties: { UserName: 'ann', Groups: [ref('Admins')], ManagedPolicyArns: [QUEUES] },
      },
      UserPolicy: {
        Type: 'AWS::IAM::UserPolicy',
        Properties: { UserName: ref('User'), PolicyName: 'own', PolicyDocument: allowing('sns:*') },
      },
      Addition: {
        Type: 'AWS::IAM::UserToGroupAddition',
        Properties: { GroupName: ref('Readers'), Users: [ref('User')] },
      },
      Key: { Type: 'AWS::IAM::AccessKey', Properties: { UserName: ref('User'), Status: status } },
    },
    Outputs: {
      User: { Value: att('User', 'Arn') },
      Group: { Value: att('Admins', 'Arn') },
      Key: { Value: ref('Key') },
      Secret: { Value: att('Key', 'SecretAccessKey') },
    },
  });

  it('come with keys, policies and memberships, and go without a trace', async () => {
    const stand = newStand();
    expect(await stand.create(parts('Active'))).toBe('CREATE_COMPLETE');
    const { User: userArn, Group: groupArn, Key = '', Secret = '' } = await stand.outputs();
    const UserName = 'ann';
    const { User } = await stand.iam.send(new GetUserCommand({ UserName }));
    const { Admins = '' } = await stand.physicalIds();
    const { Group } = await stand.iam.send(new GetGroupCommand({ GroupName: Admins }));
    expect([userArn, groupArn]).toEqual([User?.Arn, Group?.Arn]);
    const { Groups = [] } = await stand.iam.send(new ListGroupsForUserCommand({ UserName }));
    expect(Groups.map(({ GroupName }) => GroupName)).toEqual([Admins, 'readers']);
    const inline = await stand.iam.send(new ListUserPoliciesCommand({ UserName }));
    const attached = await stand.iam.send(new ListAttachedUserPoliciesCommand({ UserName }));
    expect([inline.PolicyNames, attached.AttachedPolicies?.length]).toEqual([['own'], 1]);
    expect(Key).toMatch(/^AKIA/);

    // The secret is told once, and the stack still knows it after an update.
    expect(Secret).toMatch(/^.{40}$/);
    expect(await stand.update(parts('Inactive'))).toBe('UPDATE_COMPLETE');
    expect((await stand.outputs())['Secret']).toBe(Secret);
    const keys = await stand.iam.send(new ListAccessKeysCommand({ UserName }));
    expect(keys.AccessKeyMetadata).toMatchObject([{ AccessKeyId: Key, Status: 'Inactive' }]);

    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const { Users } = await stand.iam.send(new ListUsersCommand({}));
    expect(Users).toEqual([]);
  });
});

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
describe('drift', () => {
  it('is what others changed, and not what other resources of the stack attach', async () => {
    const stand = newStand();
    const Resources = {
      Role: role({ Description: 'Runs the shop', ManagedPolicyArns: [READ_ONLY] }),
      Other: role({ PermissionsBoundary: READ_ONLY }),
      Managed: {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: { PolicyDocument: allowing('sqs:*'), Roles: [ref('Role')] },
      },
      User: { Type: 'AWS::IAM::User', Properties: { Groups: [ref('Group')] } },
      Group: { Type: 'AWS::IAM::Group', Properties: {} },
      Readers: { Type: 'AWS::IAM::Group', Properties: {} },
      Addition: {
        Type: 'AWS::IAM::UserToGroupAddition',
        Properties: { GroupName: ref('Readers'), Users: [ref('User')] },
      },
    };
    await stand.create({ Resources });
    expect((await stand.drift()).filter((one) => !one.endsWith(' IN_SYNC'))).toEqual([]);
    const { Role: RoleName = '', Other = '' } = await stand.physicalIds();
    await stand.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: QUEUES }));
    await stand.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: Other }));
    await stand.iam.send(new UpdateRoleCommand({ RoleName, Description: 'Sleeps' }));
    const drifted = (await stand.drift()).filter((one) => one.includes('MODIFIED'));
    expect(drifted).toEqual([
      'Other MODIFIED /PermissionsBoundary',
      'Role MODIFIED /Description /ManagedPolicyArns',
    ]);
  });
});
