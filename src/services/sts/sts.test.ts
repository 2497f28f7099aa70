import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  TagRoleCommand,
} from '@aws-sdk/client-iam';
import { CreateTopicCommand, ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  AssumeRoleCommand,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import type { AssumeRoleCommandInput, Credentials } from '@aws-sdk/client-sts';
import { expect, it } from 'vitest';
import { newTable } from '../../../tests/table.ts';
import type { TestTable } from '../../../tests/table.ts';

const ACCOUNT = '000000000000';
const OTHER = '111111111111';
const HOUR = 3_600_000;

interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

function policy(...statements: object[]): string {
  const Statement = statements.map((one) => ({ Effect: 'Allow', ...one }));
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function trust(Principal: object, Condition?: object): string {
  return policy({ Principal, Action: 'sts:AssumeRole', Condition });
}

const ASSUME = policy({ Action: 'sts:AssumeRole', Resource: '*' });
const SNS = policy({ Action: 'sns:*', Resource: '*' });

function root(table: TestTable, account: string = ACCOUNT): IAMClient {
  return table.client(IAMClient, { credentials: { accessKeyId: account, secretAccessKey: 'any' } });
}

async function user(table: TestTable, UserName: string, PolicyDocument?: string): Promise<Keys> {
  const iam = root(table);
  await iam.send(new CreateUserCommand({ UserName }));
  if (PolicyDocument !== undefined)
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
}

async function role(
  table: TestTable,
  RoleName: string,
  AssumeRolePolicyDocument: string,
  { account = ACCOUNT, permissions = SNS, maximum = 3600 } = {},
): Promise<string> {
  const iam = root(table, account);
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, MaxSessionDuration: maximum }),
  );
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: permissions }));
  return Role?.Arn ?? '';
}

function keysOf({ AccessKeyId = '', SecretAccessKey = '', SessionToken = '' }: Credentials): Keys {
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

async function assume(
  table: TestTable,
  credentials: Keys,
  input: Partial<AssumeRoleCommandInput>,
): Promise<Keys & { expiresAt: number }> {
  const request = { RoleArn: '', RoleSessionName: 'session', ...input };
  const { Credentials } = await table.client(STSClient, { credentials }).send(new AssumeRoleCommand(request));
  return { ...keysOf(Credentials as Credentials), expiresAt: Credentials?.Expiration?.getTime() ?? 0 };
}

function who(table: TestTable, credentials: Keys): Promise<object> {
  return table.client(STSClient, { credentials }).send(new GetCallerIdentityCommand({}));
}

function createTopic(table: TestTable, credentials: Keys): Promise<unknown> {
  return table.client(SNSClient, { credentials }).send(new CreateTopicCommand({ Name: 't' }));
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
it('tells anyone who they are, even where a policy denies it', async () => {
  const table = newTable();
  const denied = policy({ Effect: 'Deny', Action: '*', Resource: '*' });
  const ann = await user(table, 'ann', denied);
  expect(await who(table, ann)).toMatchObject({
    Account: ACCOUNT,
    Arn: `arn:aws:iam::${ACCOUNT}:user/ann`,
    UserId: expect.stringMatching(/^AIDA/),
  });
  expect(await who(table, { accessKeyId: OTHER, secretAccessKey: 'x' })).toMatchObject({
    Account: OTHER,
    Arn: `arn:aws:iam::${OTHER}:root`,
    UserId: OTHER,
  });
});

it('opens a session of a role that trusts the account, for a user whose policies allow it', async () => {
  const table = newTable();
  const RoleArn = await role(table, 'r', trust({ AWS: ACCOUNT }));
  const nobody = await user(table, 'nobody');
  await expect(assume(table, nobody, { RoleArn })).rejects.toMatchObject({
    name: 'AccessDenied',
    // STS stops before the reason.
    message: `User: arn:aws:iam::${ACCOUNT}:user/nobody is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
  });
  const ann = await user(table, 'ann', ASSUME);
  const session = await assume(table, ann, { RoleArn });
  expect(session.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
  expect(session.expiresAt).toBe(table.world.now + HOUR);
  expect(await who(table, session)).toMatchObject({
    Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/r/session`,
    UserId: expect.stringMatching(/^AROA[A-Z2-7]{17}:session$/),
  });
  await createTopic(table, session);
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
it('needs no permission of a user that the trust policy names, and refuses one that it does not', async () => {
  const table = newTable();
  const ann = await user(table, 'ann');
  const bob = await user(table, 'bob', ASSUME);
  const RoleArn = await role(table, 'r', trust({ AWS: `arn:aws:iam::${ACCOUNT}:user/ann` }));
  await assume(table, ann, { RoleArn });
  await expect(assume(table, bob, { RoleArn })).rejects.toMatchObject({ name: 'AccessDenied' });
});

it('does not tell a role that does not exist from one that may not be assumed', async () => {
  const table = newTable();
  const ann = await user(table, 'ann', ASSUME);
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/none`;
  await expect(assume(table, ann, { RoleArn })).rejects.toThrow(
    `User: arn:aws:iam::${ACCOUNT}:user/ann is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
  );
  await expect(assume(table, ann, { RoleArn: 'nothing-valid-in-here' })).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'nothing-valid-in-here is invalid',
  });
});

it('lets no root user assume a role', async () => {
  const table = newTable();
  const RoleArn = await role(table, 'r', trust({ AWS: ACCOUNT }));
  await expect(
    assume(table, { accessKeyId: 'test', secretAccessKey: 'test' }, { RoleArn }),
  ).rejects.toMatchObject({ name: 'AccessDenied', message: 'Roles may not be assumed by root accounts.' });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
it('crosses accounts where both sides agree, with the external id that the trust policy asks for', async () => {
  const table = newTable();
  const ann = await user(table, 'ann', ASSUME);
  const condition = { StringEquals: { 'sts:ExternalId': 'secret' } };
  const RoleArn = await role(table, 'r', trust({ AWS: ACCOUNT }, condition), { account: OTHER });
  await expect(assume(table, ann, { RoleArn })).rejects.toMatchObject({ name: 'AccessDenied' });
  const session = await assume(table, ann, { RoleArn, ExternalId: 'secret' });
  expect(await who(table, session)).toMatchObject({ Account: OTHER });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
it('narrows a session by the policies it was opened with', async () => {
  const table = newTable();
  const ann = await user(table, 'ann', ASSUME);
  const RoleArn = await role(table, 'r', trust({ AWS: ACCOUNT }));
  const list = policy({ Action: 'sns:List*', Resource: '*' });
  const managed = [{ arn: 'arn:aws:iam::aws:policy/AmazonSQSFullAccess' }];
  for (const narrowed of [{ Policy: list }, { PolicyArns: managed }]) {
    const session = await assume(table, ann, { RoleArn, ...narrowed });
    await expect(createTopic(table, session)).rejects.toThrow(
      'because no session policy allows the sns:CreateTopic action',
    );
  }
  const session = await assume(table, ann, { RoleArn, Policy: list });
  await table.client(SNSClient, { credentials: session }).send(new ListTopicsCommand({}));
  await expect(assume(table, ann, { RoleArn, Policy: '{}' })).rejects.toMatchObject({
    name: 'MalformedPolicyDocumentException',
  });
  const Resource = Array.from({ length: 100 }, (_, n) => `arn:aws:sns:us-east-1:${ACCOUNT}:t${n}`);
  const long = policy({ Action: 'sns:*', Resource });
  await expect(assume(table, ann, { RoleArn, Policy: long })).rejects.toMatchObject({
    name: 'PackedPolicyTooLargeException',
  });
});

it('tags sessions for who may tag them, and puts the tags into conditions', async () => {
  const table = newTable();
  const ann = await user(table, 'ann', policy({ Action: 'sts:*', Resource: '*' }));
  const Condition = { StringEquals: { 'aws:PrincipalTag/team': 'blue' } };
  const permissions = policy({ Action: 'sns:*', Resource: '*', Condition });
  const untaggable = await role(table, 'u', trust({ AWS: ACCOUNT }), { permissions });
  const Tags = [{ Key: 'team', Value: 'blue' }];
  await expect(assume(table, ann, { RoleArn: untaggable, Tags })).rejects.toThrow('sts:TagSession');
  const both = policy({ Principal: { AWS: ACCOUNT }, Action: ['sts:AssumeRole', 'sts:TagSession'] });
  const RoleArn = await role(table, 'r', both, { permissions });
  await createTopic(table, await assume(table, ann, { RoleArn, Tags }));
  // The role's own tags count too, and the session's win.
  const RoleName = 'r';
  await root(table).send(new TagRoleCommand({ RoleName, Tags }));
  await createTopic(table, await assume(table, ann, { RoleArn }));
  const red = await assume(table, ann, { RoleArn, Tags: [{ Key: 'Team', Value: 'red' }] });
  await expect(createTopic(table, red)).rejects.toThrow('no identity-based policy');
  await expect(assume(table, ann, { RoleArn, Tags: [...Tags, { Key: 'Team', Value: 'x' }] })).rejects.toThrow(
    'Duplicate tag keys found.',
  );
});

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
it('limits how long sessions last: by the role, and to an hour for role chaining', async () => {
  const table = newTable();
  const ann = await user(table, 'ann', ASSUME);
  const RoleArn = await role(table, 'r', trust({ AWS: ACCOUNT }), { permissions: ASSUME, maximum: 7200 });
  await expect(assume(table, ann, { RoleArn, DurationSeconds: 7201 })).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  });
  const session = await assume(table, ann, { RoleArn, DurationSeconds: 7200 });
  expect(session.expiresAt).toBe(table.world.now + 2 * HOUR);
  await expect(assume(table, session, { RoleArn, DurationSeconds: 7200 })).rejects.toThrow(
    'exceeds the 1 hour session limit for roles assumed by role chaining',
  );
  expect((await assume(table, session, { RoleArn })).expiresAt).toBe(table.world.now + HOUR);
});

it('ends a session at its expiration and with its role, and its permissions with the role’s', async () => {
  const table = newTable();
  const ann = await user(table, 'ann', ASSUME);
  const RoleArn = await role(table, 'r', trust({ AWS: ACCOUNT }));
  const first = await assume(table, ann, { RoleArn });
  table.advance(HOUR - 1);
  await createTopic(table, first);
  table.advance(1);
  await expect(createTopic(table, first)).rejects.toMatchObject({ name: 'ExpiredToken' });
  const second = await assume(table, ann, { RoleArn });
  await expect(createTopic(table, { ...second, sessionToken: 'other' })).rejects.toMatchObject({
    name: 'InvalidClientTokenId',
  });
  await root(table).send(new DeleteRolePolicyCommand({ RoleName: 'r', PolicyName: 'p' }));
  await expect(createTopic(table, second)).rejects.toThrow('no identity-based policy');
  await root(table).send(new DeleteRoleCommand({ RoleName: 'r' }));
  await role(table, 'r', trust({ AWS: ACCOUNT }));
  await expect(createTopic(table, second)).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
});

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
it('gives a user temporary credentials that cannot call IAM or open further ones', async () => {
  const table = newTable();
  const ann = await user(table, 'ann', policy({ Action: ['sns:*', 'iam:*'], Resource: '*' }));
  const sts = table.client(STSClient, { credentials: ann });
  const { Credentials } = await sts.send(new GetSessionTokenCommand({}));
  expect(Credentials?.Expiration?.getTime()).toBe(table.world.now + 12 * HOUR);
  const session = keysOf(Credentials as Credentials);
  expect(await who(table, session)).toMatchObject({ Arn: `arn:aws:iam::${ACCOUNT}:user/ann` });
  await createTopic(table, session);
  await expect(
    table.client(IAMClient, { credentials: session }).send(new ListUsersCommand({})),
  ).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  await expect(
    table.client(STSClient, { credentials: session }).send(new GetSessionTokenCommand({})),
  ).rejects.toThrow('Cannot call GetSessionToken with session credentials');
});

it('reads the account out of a key id, of deleted keys too', async () => {
  const table = newTable();
  const sts = table.client(STSClient);
  const AccessKeyId = 'ASIAQNZGKIQY56JQ7WML';
  expect((await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId }))).Account).toBe('029608264753');
});

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
it('federates a user, who may do what the caller and the request both allow', async () => {
  const table = newTable();
  const broker = await user(
    table,
    'broker',
    policy({ Action: ['sts:GetFederationToken', 'sns:*', 'iam:*'], Resource: '*' }),
  );
  const federate = async (Policy?: string) => {
    const { Credentials, FederatedUser } = await table
      .client(STSClient, { credentials: broker })
      .send(new GetFederationTokenCommand({ Name: 'bob', Policy, DurationSeconds: 900 }));
    return { keys: keysOf(Credentials as Credentials), expires: Credentials?.Expiration, FederatedUser };
  };
  const Arn = `arn:aws:sts::${ACCOUNT}:federated-user/bob`;
  const bob = await federate(policy({ Action: ['sns:CreateTopic', 'iam:*', 'sqs:*'], Resource: '*' }));
  expect(bob.FederatedUser).toEqual({ FederatedUserId: `${ACCOUNT}:bob`, Arn });
  expect(bob.expires?.getTime()).toBe(table.world.now + 900_000);
  expect(await who(table, bob.keys)).toMatchObject({ Account: ACCOUNT, Arn, UserId: `${ACCOUNT}:bob` });
  await createTopic(table, bob.keys);
  const denied = { name: 'AccessDenied' };
  const listing = table.client(SNSClient, { credentials: bob.keys }).send(new ListTopicsCommand({}));
  await expect(listing).rejects.toMatchObject(denied);
  await expect(createTopic(table, (await federate()).keys)).rejects.toMatchObject(denied);
  await expect(
    table.client(IAMClient, { credentials: bob.keys }).send(new ListUsersCommand({})),
  ).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  await expect(
    table.client(STSClient, { credentials: bob.keys }).send(new GetFederationTokenCommand({ Name: 'eve' })),
  ).rejects.toMatchObject({ name: 'AccessDenied' });
});

// Recorded by LocalStack: test_iam_role_chaining_override_transitive_tags, test_assume_role_tag_validation.
it('hands transitive tags on from session to session', async () => {
  const table = newTable();
  const tagging = { Action: ['sts:AssumeRole', 'sts:TagSession'] };
  const trusting = policy({ Principal: { AWS: ACCOUNT }, ...tagging });
  const first = await role(table, 'first', trusting, { permissions: policy({ ...tagging, Resource: '*' }) });
  const onlyBlue = policy({
    Action: 'sns:CreateTopic',
    Resource: '*',
    Condition: { StringEquals: { 'aws:PrincipalTag/Team': 'blue' } },
  });
  const second = await role(table, 'second', trusting, { permissions: onlyBlue });
  const ann = await user(table, 'ann', policy({ ...tagging, Resource: '*' }));
  const Tags = [
    { Key: 'Team', Value: 'blue' },
    { Key: 'Cost', Value: '1' },
  ];
  const invalid = { name: 'InvalidParameterValue' };
  await expect(
    assume(table, ann, { RoleArn: first, Tags, TransitiveTagKeys: ['Other'] }),
  ).rejects.toMatchObject({
    ...invalid,
    message: 'The specified transitive tag key must be included in the requested tags.',
  });
  const session = await assume(table, ann, { RoleArn: first, Tags, TransitiveTagKeys: ['team'] });
  await expect(
    assume(table, session, { RoleArn: second, Tags: [{ Key: 'TEAM', Value: 'red' }] }),
  ).rejects.toMatchObject({
    ...invalid,
    message:
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
  });
  await createTopic(table, await assume(table, session, { RoleArn: second }));
  const plain = await assume(table, ann, { RoleArn: first, Tags });
  await expect(createTopic(table, await assume(table, plain, { RoleArn: second }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
});
