// Decisions end to end: real signatures of keys that the world issued, on calls of another service.

import {
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  AddRoleToInstanceProfileCommand,
  DeleteAccessKeyCommand,
  GetUserCommand,
  IAMClient,
  ListUsersCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  TagUserCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { CreateTopicCommand, ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { expect, it } from 'vitest';
import { identity } from '#cloud/ports/identity.ts';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

const ACCOUNT = '000000000000';
const HOUR = 3_600_000;

interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

function document(...statements: object[]): string {
  const Statement = statements.map((one) => ({ Effect: 'Allow', Resource: '*', ...one }));
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

/** A user with one inline policy, and keys. */
async function user(table: TestTable, UserName: string, ...statements: object[]): Promise<Keys> {
  const iam = table.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName }));
  if (statements.length > 0) {
    const PolicyDocument = document(...statements);
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'inline', PolicyDocument }));
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
}

function create(table: TestTable, credentials: Keys, Name: string): Promise<unknown> {
  return table.client(SNSClient, { credentials }).send(new CreateTopicCommand({ Name }));
}

const NO_IDENTITY = `because no identity-based policy allows the sns:CreateTopic action`;

// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
it('lets a user do what its policies allow, and says which policy is missing', async () => {
  const table = newTable();
  const keys = await user(table, 'ann', { Action: 'sns:CreateTopic', Resource: 'arn:aws:sns:*:*:a-*' });
  await create(table, keys, 'a-topic');
  await expect(create(table, keys, 'b-topic')).rejects.toMatchObject({
    name: 'AccessDenied',
    message:
      `User: arn:aws:iam::${ACCOUNT}:user/ann is not authorized to perform: sns:CreateTopic ` +
      `on resource: arn:aws:sns:us-east-1:${ACCOUNT}:b-topic ${NO_IDENTITY}`,
  });
});

it('lets an explicit deny win', async () => {
  const table = newTable();
  const keys = await user(table, 'ann', { Action: 'sns:*' }, { Effect: 'Deny', Action: 'sns:Create*' });
  await table.client(SNSClient, { credentials: keys }).send(new ListTopicsCommand({}));
  await expect(create(table, keys, 't')).rejects.toThrow('with an explicit deny in an identity-based policy');
});

it('adds the policies of groups and managed policies to a user’s own', async () => {
  const table = newTable();
  const iam = table.client(IAMClient);
  const keys = await user(table, 'ann');
  await expect(create(table, keys, 't')).rejects.toThrow(NO_IDENTITY);
  await iam.send(new CreateGroupCommand({ GroupName: 'g' }));
  const PolicyDocument = document({ Action: 'sns:CreateTopic' });
  await iam.send(new PutGroupPolicyCommand({ GroupName: 'g', PolicyName: 'p', PolicyDocument }));
  await iam.send(new AddUserToGroupCommand({ GroupName: 'g', UserName: 'ann' }));
  await create(table, keys, 't');
  const list = (): Promise<unknown> =>
    table.client(SNSClient, { credentials: keys }).send(new ListTopicsCommand({}));
  await expect(list()).rejects.toThrow('sns:ListTopics');
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  await iam.send(new AttachUserPolicyCommand({ UserName: 'ann', PolicyArn }));
  await list();
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
it('bounds a user by its permissions boundary, which grants nothing', async () => {
  const table = newTable();
  const iam = table.client(IAMClient);
  const keys = await user(table, 'ann', { Action: 'sns:*' });
  const { Policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: 'b',
      PolicyDocument: document({ Action: ['sns:List*', 'sqs:*'] }),
    }),
  );
  await iam.send(
    new PutUserPermissionsBoundaryCommand({ UserName: 'ann', PermissionsBoundary: Policy?.Arn }),
  );
  await table.client(SNSClient, { credentials: keys }).send(new ListTopicsCommand({}));
  await expect(create(table, keys, 't')).rejects.toThrow(
    'because no permissions boundary allows the sns:CreateTopic action',
  );
});

it('puts the tags of a user into conditions', async () => {
  const table = newTable();
  const Condition = { StringEquals: { 'aws:PrincipalTag/team': 'blue' } };
  const keys = await user(table, 'ann', { Action: 'sns:*', Condition });
  await expect(create(table, keys, 't')).rejects.toThrow(NO_IDENTITY);
  const Tags = [{ Key: 'Team', Value: 'blue' }];
  await table.client(IAMClient).send(new TagUserCommand({ UserName: 'ann', Tags }));
  await create(table, keys, 't');
});

it('refuses keys that are deleted, inactive or unknown, and signatures with another secret', async () => {
  const table = newTable();
  const iam = table.client(IAMClient);
  const keys = await user(table, 'ann', { Action: 'sns:*' });
  await expect(create(table, { ...keys, secretAccessKey: 'x' }, 't')).rejects.toMatchObject({
    name: 'SignatureDoesNotMatch',
  });
  const invalid = {
    name: 'InvalidClientTokenId',
    message: 'The security token included in the request is invalid.',
  };
  const AccessKeyId = keys.accessKeyId;
  await iam.send(new UpdateAccessKeyCommand({ UserName: 'ann', AccessKeyId, Status: 'Inactive' }));
  await expect(create(table, keys, 't')).rejects.toMatchObject(invalid);
  await iam.send(new UpdateAccessKeyCommand({ UserName: 'ann', AccessKeyId, Status: 'Active' }));
  await create(table, keys, 't');
  await iam.send(new DeleteAccessKeyCommand({ UserName: 'ann', AccessKeyId }));
  await expect(create(table, keys, 't')).rejects.toMatchObject(invalid);
});

it('takes the signer for the user where none is named, and lets keys outlive a renaming', async () => {
  const table = newTable();
  const credentials = await user(table, 'ann', { Action: 'iam:GetUser', Resource: '*' });
  await table.client(IAMClient).send(new UpdateUserCommand({ UserName: 'ann', NewUserName: 'bea' }));
  const { User } = await table.client(IAMClient, { credentials }).send(new GetUserCommand({}));
  expect(User?.UserName).toBe('bea');
});

it('decides about IAM’s own operations by entity and condition key', async () => {
  const table = newTable();
  const only = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  const credentials = await user(table, 'ann', {
    Action: 'iam:AttachUserPolicy',
    Resource: `arn:aws:iam::${ACCOUNT}:user/dev/*`,
    Condition: { ArnEquals: { 'iam:PolicyARN': only } },
  });
  await table.client(IAMClient).send(new CreateUserCommand({ UserName: 'dev', Path: '/dev/' }));
  const iam = table.client(IAMClient, { credentials });
  await iam.send(new AttachUserPolicyCommand({ UserName: 'dev', PolicyArn: only }));
  const other = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await expect(
    iam.send(new AttachUserPolicyCommand({ UserName: 'dev', PolicyArn: other })),
  ).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(iam.send(new ListUsersCommand({}))).rejects.toThrow('iam:ListUsers');
});

async function role(
  table: TestTable,
  RoleName: string,
  service: string,
  Condition?: object,
): Promise<string> {
  const iam = table.client(IAMClient);
  const Statement = [
    { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole', Condition },
  ];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = document({ Action: 'sns:CreateTopic' });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
  return Role?.Arn ?? '';
}

it('lets a service act through a role that trusts it, within the role’s policies', async () => {
  const table = newTable();
  const roleArn = await role(table, 'deploy', 'codedeploy.amazonaws.com');
  const as = { roleArn, service: 'codedeploy.amazonaws.com', sessionName: 'd-1' };
  const calls = table.act((ctx) => [
    ctx.call('sns', 'CreateTopic', { Name: 't' }, as),
    ctx.call('sns', 'ListTopics', {}, as),
    ctx.call('sns', 'CreateTopic', { Name: 't' }, { ...as, service: 'ecs.amazonaws.com' }),
    ctx.call('sns', 'CreateTopic', { Name: 't' }, { ...as, roleArn: `${roleArn}x` }),
  ]);
  expect(calls.map((call) => (call.ok ? 'ok' : call.fault.message))).toEqual([
    'ok',
    `User: arn:aws:sts::${ACCOUNT}:assumed-role/deploy/d-1 is not authorized to perform: sns:ListTopics ` +
      'because no identity-based policy allows the sns:ListTopics action',
    `User: ecs.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    `User: codedeploy.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: ${roleArn}x`,
  ]);
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
it('asks a service for the account it acts for, where the trust policy does', async () => {
  const table = newTable();
  const service = 'codedeploy.amazonaws.com';
  const ours = await role(table, 'ours', service, { StringEquals: { 'aws:SourceAccount': ACCOUNT } });
  const theirs = await role(table, 'theirs', service, {
    StringEquals: { 'aws:SourceAccount': '111111111111' },
  });
  const assume = (roleArn: string): string =>
    table.read(
      (ctx) => ctx.port(identity).assumeFor(ctx, { roleArn, service, sessionName: 's' }).sessionName,
    );
  expect(assume(ours)).toBe('s');
  expect(() => assume(theirs)).toThrow('sts:AssumeRole');
});

it('hands an instance the same credentials until shortly before they expire', async () => {
  const table = newTable();
  const iam = table.client(IAMClient);
  await role(table, 'web', 'ec2.amazonaws.com');
  const { InstanceProfile } = await iam.send(
    new CreateInstanceProfileCommand({ InstanceProfileName: 'web' }),
  );
  const arn = InstanceProfile?.Arn ?? '';
  const credentials = ():
    | { accessKeyId: string; secretAccessKey: string; sessionToken: string }
    | undefined => {
    const key = table.act((ctx) => ctx.port(identity).profileCredentials(ctx, arn, 'i-1'));
    return (
      key && {
        accessKeyId: key.accessKeyId,
        secretAccessKey: key.secret,
        sessionToken: key.sessionToken ?? '',
      }
    );
  };
  expect(credentials()).toBeUndefined();
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'web', RoleName: 'web' }));
  expect(table.read((ctx) => ctx.port(identity).profileRole(ctx, arn))).toBe(
    `arn:aws:iam::${ACCOUNT}:role/web`,
  );
  const first = credentials();
  expect(first?.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
  await create(table, first as Keys, 't');
  table.advance(5 * HOUR);
  expect(credentials()?.accessKeyId).toBe(first?.accessKeyId);
  table.advance(HOUR);
  expect(credentials()?.accessKeyId).not.toBe(first?.accessKeyId);
  await expect(create(table, first as Keys, 't')).rejects.toMatchObject({ name: 'ExpiredToken' });
  // A role that no longer trusts EC2 gives none.
  const Statement = [
    { Effect: 'Allow', Principal: { Service: 'ecs.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'web', PolicyDocument }));
  expect(credentials()).toBeUndefined();
});

it('gives equal worlds equal keys, and compiles policies once', async () => {
  const [left, right] = [newTable(), newTable()];
  expect(await user(left, 'ann')).toEqual(await user(right, 'ann'));
  const table = newTable();
  const roleArn = await role(table, 'deploy', 'codedeploy.amazonaws.com');
  const as = { roleArn, service: 'codedeploy.amazonaws.com', sessionName: 'd-1' };
  const session = table.read((ctx) => ctx.port(identity).assumeFor(ctx, as));
  const { identity: policies } = table.read((ctx) => ctx.port(identity).policies(ctx, session));
  // Compiled once, however often they are asked for.
  expect(table.read((ctx) => ctx.port(identity).policies(ctx, session)).identity[0]).toBe(policies[0]);
});
