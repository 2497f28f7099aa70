// Who may do what with keys, secrets, logs and parameters: one line is one request, and what AWS's documentation says of it.

import { beforeAll, describe, it } from 'vitest';
import { rootOf } from '#cloud/principal.ts';
import type { Principal } from '#cloud/principal.ts';
import {
  allow,
  check,
  deny,
  FRIEND,
  Ground,
  HOME,
  LOGS,
  PARAMETER,
  REGION,
  STRANGER,
} from './permissions-ground.ts';
import type { Case } from './permissions-ground.ts';

let ground: Ground;
beforeAll(() => {
  ground = new Ground();
});

// https://docs.aws.amazon.com/kms/latest/developerguide/control-access.html
describe('KMS', () => {
  const Plaintext = new TextEncoder().encode('x');
  type Key = 'plain' | 'closed' | 'shared';
  const encrypt = (key: Key | 'alias/app', EncryptionContext?: object): Case['asks'] => [
    'kms',
    'Encrypt',
    {
      KeyId: key === 'alias/app' ? key : ground.keys[key],
      Plaintext,
      ...(EncryptionContext && { EncryptionContext }),
    },
  ];
  const gina = (): Principal => ground.named(HOME, 'gina');
  const cases: (() => Case)[] = [
    () => ({
      that: 'a key whose policy lets the account decide',
      has: [allow('kms:Encrypt', ground.keys.plain)],
      asks: encrypt('plain'),
      allowed: true,
    }),
    () => ({ that: 'the same without a policy', asks: encrypt('plain'), allowed: false }),
    () => ({
      that: 'the same with a policy for another key',
      has: [allow('kms:*', ground.keys.shared)],
      asks: encrypt('plain'),
      allowed: false,
    }),
    () => ({
      that: 'a key whose policy leaves the account out',
      has: [allow('kms:*')],
      asks: encrypt('closed'),
      allowed: false,
    }),
    () => ({ that: 'its root', as: rootOf(HOME), asks: encrypt('closed'), allowed: false }),
    () => ({
      that: 'whom its policy names',
      as: ground.named(HOME, 'alice'),
      asks: encrypt('closed'),
      allowed: true,
    }),
    () => ({
      that: 'a friend with policies on both sides',
      account: FRIEND,
      has: [allow('kms:Encrypt')],
      asks: encrypt('shared'),
      allowed: true,
    }),
    () => ({
      that: 'a friend without a policy of its own',
      account: FRIEND,
      asks: encrypt('shared'),
      allowed: false,
    }),
    () => ({
      that: 'a friend on a key that does not let it in',
      account: FRIEND,
      has: [allow('kms:*')],
      asks: encrypt('plain'),
      allowed: false,
    }),
    () => ({
      that: 'whom a grant lets in, within its constraints',
      as: gina(),
      asks: encrypt('plain', { team: 'a' }),
      allowed: true,
    }),
    () => ({
      that: 'the same beyond its constraints',
      as: gina(),
      asks: encrypt('plain', { team: 'b' }),
      allowed: false,
    }),
    () => ({
      that: 'the same for an operation that is not granted',
      as: gina(),
      asks: ['kms', 'GenerateDataKey', { KeyId: ground.keys.plain, KeySpec: 'AES_256' }],
      allowed: false,
    }),
    // https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    () => ({
      that: 'a key by the ARN of its alias',
      has: [allow('kms:Encrypt', `arn:aws:kms:${REGION}:${HOME}:alias/app`)],
      asks: encrypt('alias/app'),
      allowed: false,
    }),
    () => ({
      that: 'a key by the alias of the request',
      has: [allow('kms:Encrypt', '*', { StringEquals: { 'kms:RequestAlias': 'alias/app' } })],
      asks: encrypt('alias/app'),
      allowed: true,
    }),
    () => ({
      that: 'the same by its id',
      has: [allow('kms:Encrypt', '*', { StringEquals: { 'kms:RequestAlias': 'alias/app' } })],
      asks: encrypt('plain'),
      allowed: false,
    }),
    () => ({
      that: 'an alias without permission on the key',
      has: [allow('kms:CreateAlias', `arn:aws:kms:${REGION}:${HOME}:alias/*`)],
      asks: ['kms', 'CreateAlias', { AliasName: 'alias/new', TargetKeyId: ground.keys.plain }],
      allowed: false,
    }),
    () => ({
      that: 'a short wait for a deletion that the condition forbids',
      has: [
        allow('kms:*', '*', {
          NumericGreaterThanEquals: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '30' },
        }),
      ],
      asks: ['kms', 'ScheduleKeyDeletion', { KeyId: ground.keys.shared, PendingWindowInDays: 7 }],
      allowed: false,
    }),
  ];
  it('decides by key policies, grants and identity policies together', () => {
    for (const made of cases) check(ground, made());
  });
});

// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access.html
describe('Secrets Manager', () => {
  const get = (SecretId: string, more: object = {}): Case['asks'] => [
    'secretsmanager',
    'GetSecretValue',
    { SecretId, ...more },
  ];
  const reading = 'secretsmanager:GetSecretValue';
  const named = (name: string): string => `arn:aws:secretsmanager:${REGION}:${HOME}:secret:${name}`;
  const tagged = { StringEquals: { 'aws:ResourceTag/team': 'own' } };
  const current = { StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT' } };
  const cases: (() => Case)[] = [
    () => ({
      that: 'a secret by six unknown characters',
      has: [allow(reading, `${named('own')}-??????`)],
      asks: get('own'),
      allowed: true,
    }),
    () => ({
      that: 'a secret without its suffix',
      has: [allow(reading, named('own'))],
      asks: get('own'),
      allowed: false,
    }),
    () => ({
      that: 'another secret',
      has: [allow(reading, `${named('own')}-??????`)],
      asks: get('lent'),
      allowed: false,
    }),
    () => ({
      that: 'a secret by its tag',
      has: [allow(reading, '*', tagged)],
      asks: get('own'),
      allowed: true,
    }),
    () => ({
      that: 'a secret with another tag',
      has: [allow(reading, '*', tagged)],
      asks: get('lent'),
      allowed: false,
    }),
    () => ({
      that: 'a stage that the condition leaves out',
      has: [allow(reading, '*', current)],
      asks: get('own', { VersionStage: 'AWSPREVIOUS' }),
      allowed: false,
    }),
    () => ({ that: 'a secret whose policy denies', has: [allow('*')], asks: get('shut'), allowed: false }),
    () => ({
      that: 'its root, whom the policy denies too',
      as: rootOf(HOME),
      asks: get('shut'),
      allowed: false,
    }),
    // https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
    () => ({
      that: 'a friend with a secret under a key of ours',
      account: FRIEND,
      has: [allow([reading, 'kms:Decrypt'])],
      asks: get(ground.secrets['lent'] ?? ''),
      allowed: true,
    }),
    () => ({
      that: 'a friend without permission for the key',
      account: FRIEND,
      has: [allow(reading)],
      asks: get(ground.secrets['lent'] ?? ''),
      allowed: false,
    }),
    () => ({
      that: 'a friend with a secret under the managed key',
      account: FRIEND,
      has: [allow('*')],
      asks: get(ground.secrets['ours'] ?? ''),
      allowed: false,
    }),
    () => ({
      that: 'a stranger',
      account: STRANGER,
      has: [allow('*')],
      asks: get(ground.secrets['lent'] ?? ''),
      allowed: false,
    }),
    () => ({
      that: 'a deletion without a way back that is denied',
      has: [
        allow('secretsmanager:*'),
        deny('secretsmanager:DeleteSecret', '*', {
          Bool: { 'secretsmanager:ForceDeleteWithoutRecovery': 'true' },
        }),
      ],
      asks: ['secretsmanager', 'DeleteSecret', { SecretId: 'own', ForceDeleteWithoutRecovery: true }],
      allowed: false,
    }),
    () => ({
      that: 'a new secret with a tag that is denied',
      has: [
        allow('secretsmanager:*'),
        deny('secretsmanager:CreateSecret', '*', { StringEquals: { 'aws:RequestTag/team': 'b' } }),
      ],
      asks: [
        'secretsmanager',
        'CreateSecret',
        {
          Name: 'n',
          SecretString: 'x',
          ClientRequestToken: 'n'.repeat(36),
          Tags: [{ Key: 'team', Value: 'b' }],
        },
      ],
      allowed: false,
    }),
  ];
  it('decides by resource policies, keys and identity policies together', () => {
    for (const made of cases) check(ground, made());
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
describe('CloudWatch Logs', () => {
  const group = { logGroupName: '/app/one' };
  const put = (logStreamName: string): Case['asks'] => [
    'logs',
    'PutLogEvents',
    { ...group, logStreamName, logEvents: [{ timestamp: ground.table.world.now, message: 'm' }] },
  ];
  const stream = ['logs', 'CreateLogStream', { ...group, logStreamName: 'u' }] as const;
  const tag = ['logs', 'TagResource', { resourceArn: `${LOGS}:/app/one`, tags: { a: 'b' } }] as const;
  const cases: (() => Case)[] = [
    () => ({
      that: 'a stream in a group by :*',
      has: [allow('logs:CreateLogStream', `${LOGS}:/app/one:*`)],
      asks: stream,
      allowed: true,
    }),
    () => ({
      that: 'a stream in a group by its ARN without :*',
      has: [allow('logs:CreateLogStream', `${LOGS}:/app/one`)],
      asks: stream,
      allowed: false,
    }),
    () => ({
      that: 'events of a stream by its ARN',
      has: [allow('logs:PutLogEvents', `${LOGS}:/app/one:log-stream:s`)],
      asks: put('s'),
      allowed: true,
    }),
    () => ({
      that: 'events of another stream',
      has: [allow('logs:PutLogEvents', `${LOGS}:/app/one:log-stream:s`)],
      asks: put('t'),
      allowed: false,
    }),
    () => ({
      that: 'events of a group by :*',
      has: [allow('logs:PutLogEvents', `${LOGS}:/app/one:*`)],
      asks: put('t'),
      allowed: true,
    }),
    () => ({
      that: 'events with a permission for another group',
      has: [allow('logs:*', `${LOGS}:/app/two:*`)],
      asks: put('s'),
      allowed: false,
    }),
    () => ({
      that: 'tags of a group by its ARN without :*',
      has: [allow('logs:TagResource', `${LOGS}:/app/one`)],
      asks: tag,
      allowed: true,
    }),
    () => ({
      that: 'the deletion of a group with permission for a stream',
      has: [allow('logs:*', `${LOGS}:/app/one:log-stream:s`)],
      asks: ['logs', 'DeleteLogGroup', group],
      allowed: false,
    }),
  ];
  it('goes by the ARNs of groups with :* and of streams', () => {
    for (const made of cases) check(ground, made());
  });
});

// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
describe('Parameter Store', () => {
  const get = (Name: string): Case['asks'] => ['ssm', 'GetParameter', { Name }];
  const path = (Path: string, Recursive = false): Case['asks'] => [
    'ssm',
    'GetParametersByPath',
    { Path, Recursive },
  ];
  const flat = { StringEquals: { 'ssm:Recursive': 'true' } };
  const over = { StringEquals: { 'ssm:Overwrite': 'true' } };
  const cases: Case[] = [
    {
      that: 'a parameter under a path',
      has: [allow('ssm:GetParameter', `${PARAMETER}/app/db/*`)],
      asks: get('/app/db/password'),
      allowed: true,
    },
    {
      that: 'a parameter beside it',
      has: [allow('ssm:GetParameter', `${PARAMETER}/app/db/*`)],
      asks: get('/app/other'),
      allowed: false,
    },
    {
      that: 'a parameter without a path',
      has: [allow('ssm:GetParameter', `${PARAMETER}/plain`)],
      asks: get('plain'),
      allowed: true,
    },
    {
      that: 'several, of which one is not permitted',
      has: [allow('ssm:GetParameters', `${PARAMETER}/app/db/*`)],
      asks: ['ssm', 'GetParameters', { Names: ['/app/db/password', '/app/other'] }],
      allowed: false,
    },
    {
      that: 'a path',
      has: [allow('ssm:GetParametersByPath', `${PARAMETER}/app`)],
      asks: path('/app'),
      allowed: true,
    },
    {
      that: 'a path with permission for what lies below only',
      has: [allow('ssm:GetParametersByPath', `${PARAMETER}/app/*`)],
      asks: path('/app'),
      allowed: false,
    },
    {
      that: 'everything below a path where that is denied',
      has: [allow('ssm:*'), deny('ssm:GetParametersByPath', '*', flat)],
      asks: path('/app', true),
      allowed: false,
    },
    {
      that: 'a value over another where that is denied',
      has: [allow('ssm:*'), deny('ssm:PutParameter', '*', over)],
      asks: ['ssm', 'PutParameter', { Name: 'plain', Value: 'w', Overwrite: true }],
      allowed: false,
    },
    {
      that: 'a new parameter with tags, without permission to tag',
      has: [allow('ssm:PutParameter')],
      asks: [
        'ssm',
        'PutParameter',
        { Name: 'n', Type: 'String', Value: 'w', Tags: [{ Key: 'a', Value: 'b' }] },
      ],
      allowed: false,
    },
  ];
  it.each(cases)('$that: $allowed', (one) => check(ground, one));
});
