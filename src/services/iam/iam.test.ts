import {
  AddRoleToInstanceProfileCommand,
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateAccountAliasCommand,
  CreateGroupCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateUserCommand,
  DeleteGroupCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  GetAccountSummaryCommand,
  GetGroupCommand,
  GetInstanceProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAccountAliasesCommand,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  SetDefaultPolicyVersionCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { expect, it } from 'vitest';
import { identity } from '#cloud/ports/identity.ts';
import { loadManagedPolicies } from '#cloud/iam/load.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';
import { accountOfKey } from './ids.ts';

const ACCOUNT = '000000000000';
const TRUST_EC2 = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
const ALLOW_SNS = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sns:*', Resource: '*' }],
});

function trust(principal: object): string {
  const Statement = [{ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function start(): { table: TestTable; iam: IAMClient } {
  const table = newTable();
  return { table, iam: table.client(IAMClient) };
}

async function createRole(iam: IAMClient, RoleName: string, document: string = TRUST_EC2): Promise<string> {
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document }));
  return Role?.Arn ?? '';
}

// Shapes and messages in this file are AWS's own answers as recorded in LocalStack's tests/aws/services/iam snapshots.

it('answers GetRole with what CreateRole leaves out, and the trust policy URL-encoded', async () => {
  const { iam } = start();
  const { Role: created } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'web',
      Path: '/app/',
      AssumeRolePolicyDocument: TRUST_EC2,
      Description: 'd',
    }),
  );
  expect(created).toMatchObject({
    Arn: `arn:aws:iam::${ACCOUNT}:role/app/web`,
    Path: '/app/',
    RoleName: 'web',
  });
  expect(created?.RoleId).toMatch(/^AROA[A-Z2-7]{17}$/);
  expect(created?.MaxSessionDuration).toBeUndefined();
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'web' }));
  // That it was never used is an empty RoleLastUsed (recorded by LocalStack: test_role_with_tags).
  expect(Role).toMatchObject({ MaxSessionDuration: 3600, Description: 'd', RoleLastUsed: {} });
  expect(Role?.AssumeRolePolicyDocument).toMatch(/^%7B%22Version%22%3A%222012-10-17%22/);
  expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toBe(TRUST_EC2);
});

it('names what does not exist, or exists already whatever its case', async () => {
  const { iam } = start();
  await expect(iam.send(new GetRoleCommand({ RoleName: 'no' }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
    message: 'The role with name no cannot be found.',
    $metadata: { httpStatusCode: 404 },
  });
  await expect(iam.send(new GetUserCommand({ UserName: 'no' }))).rejects.toThrow(
    'The user with name no cannot be found.',
  );
  await expect(iam.send(new GetGroupCommand({ GroupName: 'no' }))).rejects.toThrow(
    'The group with name no cannot be found.',
  );
  await expect(iam.send(new GetInstanceProfileCommand({ InstanceProfileName: 'no' }))).rejects.toThrow(
    'Instance Profile no cannot be found.',
  );
  await createRole(iam, 'web');
  await expect(createRole(iam, 'WEB')).rejects.toMatchObject({
    name: 'EntityAlreadyExistsException',
    message: 'Role with name WEB already exists.',
  });
});

it('does not repeat values that it refuses', async () => {
  const { iam } = start();
  await expect(createRole(iam, 'a b')).rejects.toMatchObject({
    name: 'ValidationError',
    message:
      "1 validation error detected: Value at 'roleName' failed to satisfy constraint: " +
      'Member must satisfy regular expression pattern: [\\w+=,.@-]+',
  });
});

it('refuses trust policies that are malformed or name principals that do not exist', async () => {
  const { iam } = start();
  await expect(createRole(iam, 'a', '{')).rejects.toMatchObject({
    name: 'MalformedPolicyDocumentException',
    message: 'This policy contains invalid Json',
  });
  await expect(createRole(iam, 'a', ALLOW_SNS)).rejects.toThrow('Missing required field Principal');
  const arn = `arn:aws:iam::${ACCOUNT}:role/ghost`;
  await expect(createRole(iam, 'a', trust({ AWS: arn }))).rejects.toThrow(
    `Invalid principal in policy: "AWS":"${arn}"`,
  );
  await expect(createRole(iam, 'a', trust({ Service: 'ec2.example.com' }))).rejects.toThrow(
    'Invalid principal in policy: "SERVICE":"ec2.example.com"',
  );
  await createRole(iam, 'ghost');
  await createRole(iam, 'a', trust({ AWS: arn }));
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-users
it('keeps trusting who is renamed, and shows the id of who is deleted', async () => {
  const { iam } = start();
  const { User } = await iam.send(new CreateUserCommand({ UserName: 'ann' }));
  await createRole(iam, 'r', trust({ AWS: User?.Arn }));
  const principal = async (): Promise<unknown> => {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'r' }));
    const document = JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')) as {
      Statement: { Principal: { AWS: string } }[];
    };
    return document.Statement[0]?.Principal.AWS;
  };
  await iam.send(new UpdateUserCommand({ UserName: 'ann', NewUserName: 'bea', NewPath: '/x/' }));
  expect(await principal()).toBe(`arn:aws:iam::${ACCOUNT}:user/x/bea`);
  await iam.send(new DeleteUserCommand({ UserName: 'bea' }));
  expect(await principal()).toBe(User?.UserId);
});

it('puts, reads and limits inline policies', async () => {
  const { iam } = start();
  await createRole(iam, 'r');
  await iam.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: ALLOW_SNS }));
  const found = await iam.send(new GetRolePolicyCommand({ RoleName: 'r', PolicyName: 'p' }));
  expect(found.PolicyDocument).toContain('%22Action%22%3A%22sns%3A%2A%22');
  await expect(iam.send(new GetRolePolicyCommand({ RoleName: 'r', PolicyName: 'q' }))).rejects.toThrow(
    'The role policy with name q cannot be found.',
  );
  const Resource = Array.from({ length: 400 }, (_, n) => `arn:aws:sns:us-east-1:${ACCOUNT}:topic-${n}`);
  const long = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'sns:*', Resource }],
  });
  await expect(
    iam.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'q', PolicyDocument: long })),
  ).rejects.toMatchObject({
    name: 'LimitExceededException',
    message: 'Maximum policy size of 10240 bytes exceeded for role r',
  });
});

it('attaches managed policies, of AWS too, and refuses those that are nobody’s to attach', async () => {
  const { iam } = start();
  await createRole(iam, 'r');
  const attach = (PolicyArn: string): Promise<unknown> =>
    iam.send(new AttachRolePolicyCommand({ RoleName: 'r', PolicyArn }));
  const aws = 'arn:aws:iam::aws:policy/AmazonSNSFullAccess';
  await attach(aws);
  await attach(aws);
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'r' }));
  expect(AttachedPolicies).toEqual([{ PolicyName: 'AmazonSNSFullAccess', PolicyArn: aws }]);
  await expect(attach('longpolicynamebutnoarn')).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'Invalid ARN:  Could not be parsed!',
  });
  await expect(attach('arn:aws:iam::aws:policy/NoSuchPolicy')).rejects.toThrow(
    'Policy arn:aws:iam::aws:policy/NoSuchPolicy does not exist or is not attachable.',
  );
  await expect(
    attach('arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy'),
  ).rejects.toMatchObject({ name: 'PolicyNotAttachableException' });
  await iam.send(new DetachRolePolicyCommand({ RoleName: 'r', PolicyArn: aws }));
  await expect(iam.send(new DetachRolePolicyCommand({ RoleName: 'r', PolicyArn: aws }))).rejects.toThrow(
    `Policy ${aws} was not found.`,
  );
});

it('knows AWS’s managed policies, each of which decides', async () => {
  const { iam } = start();
  const { Policies = [] } = await iam.send(new ListPoliciesCommand({ Scope: 'AWS', MaxItems: 1000 }));
  expect(Policies).toHaveLength(loadManagedPolicies().size);
  for (const { document } of loadManagedPolicies().values()) parsePolicy(document, 'identity');
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonEC2FullAccess';
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  expect(Policy).toMatchObject({
    PolicyName: 'AmazonEC2FullAccess',
    DefaultVersionId: 'v5',
    AttachmentCount: 0,
  });
  expect(Policy?.CreateDate).toEqual(new Date('2015-02-06T18:40:15Z'));
  const version = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v5' }));
  expect(decodeURIComponent(version.PolicyVersion?.Document ?? '')).toContain('ec2:*');
  await expect(iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }))).rejects.toMatchObject({
    name: 'NotImplemented',
  });
});

it('keeps up to five versions of a policy and never uses a number again', async () => {
  const { iam } = start();
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: ALLOW_SNS }));
  const PolicyArn = Policy?.Arn ?? '';
  expect(Policy?.PolicyId).toMatch(/^ANPA[A-Z2-7]{17}$/);
  const add = (SetAsDefault = false): Promise<unknown> =>
    iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: ALLOW_SNS, SetAsDefault }));
  for (let n = 2; n <= 5; n += 1) await add();
  await expect(add()).rejects.toMatchObject({
    name: 'LimitExceededException',
    message:
      'A managed policy can have up to 5 versions. ' +
      'Before you create a new version, you must delete an existing version.',
  });
  await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v3' }));
  await add(true);
  const { Versions = [] } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  expect(Versions.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion])).toEqual([
    ['v6', true],
    ['v5', false],
    ['v4', false],
    ['v2', false],
    ['v1', false],
  ]);
  await expect(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v6' }))).rejects.toThrow(
    'Cannot delete the default version of a policy.',
  );
  await expect(iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v3' }))).rejects.toThrow(
    `Policy ${PolicyArn} version v3 does not exist or is not attachable.`,
  );
  await expect(iam.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toThrow(
    'This policy has more than one version.',
  );
});

it('requires the current policy language of managed policies only', async () => {
  const { iam } = start();
  const old = ALLOW_SNS.replace('2012-10-17', '2008-10-17');
  await expect(iam.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: old }))).rejects.toThrow(
    'Policy document must be version 2012-10-17 or greater.',
  );
  await createRole(iam, 'r');
  await iam.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: old }));
});

it('lists who uses a policy, as permissions or as boundary, and keeps it while it is used', async () => {
  const { iam } = start();
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: ALLOW_SNS }));
  const PolicyArn = Policy?.Arn ?? '';
  await createRole(iam, 'r');
  await iam.send(new CreateUserCommand({ UserName: 'u' }));
  await iam.send(new AttachUserPolicyCommand({ UserName: 'u', PolicyArn }));
  await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'r', PermissionsBoundary: PolicyArn }));
  const found = await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }));
  expect(found.PolicyUsers?.map(({ UserName }) => UserName)).toEqual(['u']);
  expect(found.PolicyRoles?.map(({ RoleName }) => RoleName)).toEqual(['r']);
  const { Policy: now } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  expect(now).toMatchObject({ AttachmentCount: 1, PermissionsBoundaryUsageCount: 1 });
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'r' }));
  expect(Role?.PermissionsBoundary).toEqual({
    PermissionsBoundaryType: 'Policy',
    PermissionsBoundaryArn: PolicyArn,
  });
  await expect(iam.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toMatchObject({
    name: 'DeleteConflictException',
    message: 'Cannot delete a policy attached to entities.',
  });
  const missing = `arn:aws:iam::${ACCOUNT}:policy/none`;
  await expect(
    iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'r', PermissionsBoundary: missing })),
  ).rejects.toThrow(`Scope ARN: ${missing} does not exist or is not attachable.`);
});

it('deletes only what nothing hangs on', async () => {
  const { iam } = start();
  await createRole(iam, 'r');
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'i' }));
  const add = { InstanceProfileName: 'i', RoleName: 'r' };
  await iam.send(new AddRoleToInstanceProfileCommand(add));
  await expect(iam.send(new AddRoleToInstanceProfileCommand(add))).rejects.toThrow(
    'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
  );
  await expect(iam.send(new DeleteRoleCommand({ RoleName: 'r' }))).rejects.toThrow(
    'Cannot delete entity, must remove roles from instance profile first.',
  );
  await iam.send(new CreateUserCommand({ UserName: 'u' }));
  await iam.send(new CreateGroupCommand({ GroupName: 'g' }));
  await iam.send(new AddUserToGroupCommand({ GroupName: 'g', UserName: 'u' }));
  const { Users } = await iam.send(new GetGroupCommand({ GroupName: 'g' }));
  expect(Users?.map(({ UserName }) => UserName)).toEqual(['u']);
  const remove = 'Cannot delete entity, must remove users from group first.';
  await expect(iam.send(new DeleteGroupCommand({ GroupName: 'g' }))).rejects.toThrow(remove);
  await expect(iam.send(new DeleteUserCommand({ UserName: 'u' }))).rejects.toThrow(remove);
  await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
  await expect(iam.send(new DeleteUserCommand({ UserName: 'u' }))).rejects.toThrow(
    'Cannot delete entity, must delete access keys first.',
  );
});

it('gives a user two access keys, whose ids name the account', async () => {
  const table = newTable();
  const iam = table.client(IAMClient, {
    credentials: { accessKeyId: '123456789012', secretAccessKey: 'any' },
  });
  await iam.send(new CreateUserCommand({ UserName: 'u' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
  expect(AccessKey?.AccessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
  expect(AccessKey?.SecretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
  expect(accountOfKey(AccessKey?.AccessKeyId ?? '')).toBe('123456789012');
  // A key of a known account, published with its decoding by those who found it.
  expect(accountOfKey('ASIAQNZGKIQY56JQ7WML')).toBe('029608264753');
  await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
  await expect(iam.send(new CreateAccessKeyCommand({ UserName: 'u' }))).rejects.toThrow(
    'Cannot exceed quota for AccessKeysPerUser: 2',
  );
});

it('pages through lists with markers, in the order of names and under a path', async () => {
  const { iam } = start();
  for (const name of ['c', 'a', 'b']) await createRole(iam, name);
  const first = await iam.send(new ListRolesCommand({ MaxItems: 2 }));
  expect([first.IsTruncated, first.Roles?.map(({ RoleName }) => RoleName)]).toEqual([true, ['a', 'b']]);
  const rest = await iam.send(new ListRolesCommand({ Marker: first.Marker }));
  expect([rest.IsTruncated, rest.Marker, rest.Roles?.map(({ RoleName }) => RoleName)]).toEqual([
    false,
    undefined,
    ['c'],
  ]);
  expect((await iam.send(new ListRolesCommand({ PathPrefix: '/x' }))).Roles).toEqual([]);
});

it('tags without regard to case', async () => {
  const { iam } = start();
  await createRole(iam, 'r');
  const tag = (Tags: { Key: string; Value: string }[]): Promise<unknown> =>
    iam.send(new TagRoleCommand({ RoleName: 'r', Tags }));
  await expect(
    tag([
      { Key: 'a', Value: '1' },
      { Key: 'A', Value: '2' },
    ]),
  ).rejects.toMatchObject({
    name: 'InvalidInputException',
    message: 'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
  });
  await tag([{ Key: 'Team', Value: 'x' }]);
  await tag([{ Key: 'team', Value: '' }]);
  const { Tags, IsTruncated } = await iam.send(new ListRoleTagsCommand({ RoleName: 'r' }));
  expect([Tags, IsTruncated]).toEqual([[{ Key: 'team', Value: '' }], false]);
});

it('makes service-linked roles once, and lets nobody change them', async () => {
  const { table, iam } = start();
  const service = 'autoscaling.amazonaws.com';
  const arn = table.act((ctx) => ctx.port(identity).serviceLinkedRole(ctx, service));
  expect(arn).toBe(`arn:aws:iam::${ACCOUNT}:role/aws-service-role/${service}/AWSServiceRoleForAutoScaling`);
  const create = (CustomSuffix?: string, AWSServiceName = service): Promise<unknown> =>
    iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName, CustomSuffix }));
  await expect(create()).rejects.toThrow(
    'Service role name AWSServiceRoleForAutoScaling has been taken in this account, please try a different suffix.',
  );
  await create('blue');
  // Recorded by LocalStack: test_service_role_lifecycle_custom_suffix.
  const described = async (RoleName: string) =>
    (await iam.send(new GetRoleCommand({ RoleName }))).Role?.Description;
  expect(await described('AWSServiceRoleForAutoScaling_blue')).toBeUndefined();
  expect(await described('AWSServiceRoleForAutoScaling')).toMatch(/^Default Service-Linked Role/);
  await expect(create('blue', 'elasticloadbalancing.amazonaws.com')).rejects.toThrow(
    'Custom suffix is not allowed for elasticloadbalancing.amazonaws.com',
  );
  const RoleName = 'AWSServiceRoleForAutoScaling';
  await expect(
    iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: TRUST_EC2 })),
  ).rejects.toMatchObject({ name: 'UnmodifiableEntityException' });
  const session = table.read((ctx) =>
    ctx.port(identity).assumeFor(ctx, { roleArn: arn, service, sessionName: 'AutoScaling' }),
  );
  expect(session.arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/${RoleName}/AutoScaling`);
});

it('counts what the account holds', async () => {
  const { iam } = start();
  await createRole(iam, 'r');
  await iam.send(new CreateAccountAliasCommand({ AccountAlias: 'sand' }));
  expect((await iam.send(new ListAccountAliasesCommand({}))).AccountAliases).toEqual(['sand']);
  const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
  expect(SummaryMap).toMatchObject({ Roles: 1, RolesQuota: 1000, Users: 0, VersionsPerPolicyQuota: 5 });
});
