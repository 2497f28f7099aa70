// Accounts, functions, keys and the like, for tables of who may do what with them.

import { expect } from 'vitest';
import type { Ctx } from '#cloud/ctx.ts';
import type { Outcome } from '#cloud/caller.ts';
import { rootOf } from '#cloud/principal.ts';
import type { Principal } from '#cloud/principal.ts';
import { packBundle } from '#workloads/bundle.ts';
import { newTable } from '../table.ts';
import type { TestTable } from '../table.ts';

export const HOME: string = '000000000000';
export const FRIEND: string = '111122223333';
export const STRANGER: string = '444455556666';
export const REGION: string = 'us-east-1';
export const LAMBDA: string = `arn:aws:lambda:${REGION}:${HOME}:function`;
export const LOGS: string = `arn:aws:logs:${REGION}:${HOME}:log-group`;
export const PARAMETER: string = `arn:aws:ssm:${REGION}:${HOME}:parameter`;
export const STACK: string = `arn:aws:cloudformation:${REGION}:${HOME}:stack`;
export const EVENTS: string = `arn:aws:events:${REGION}:${HOME}`;
export const ROLE: string = `arn:aws:iam::${HOME}:role/runs`;
export const BUCKET: string = 'arn:aws:s3:::pictures';
export const QUEUE: string = `arn:aws:sqs:${REGION}:${HOME}:jobs`;
const SCOPE = `${HOME}/${REGION}`;

/** Errors of authorization; Secrets Manager has words of its own for a key that nobody else may use. */
const DENIED = /^(?:AccessDenied|NotAuthorized|AuthorizationError)|from a different AWS account/;

export interface Statement {
  readonly Effect?: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: object;
}

export interface Case {
  /** What is asked for, in words. */
  readonly that: string;
  /** Identity policies of whoever asks: a user of `account`, who has none where there are no statements. */
  readonly has?: readonly Statement[];
  readonly account?: string;
  /** Whoever asks, where that is not a user made for the case. */
  readonly as?: Principal;
  readonly asks: readonly [service: string, operation: string, input: object];
  readonly allowed: boolean;
}

export const allow = (
  Action: Statement['Action'],
  Resource: Statement['Resource'] = '*',
  Condition?: object,
): Statement => ({
  Action,
  Resource,
  ...(Condition && { Condition }),
});
export const deny = (
  Action: Statement['Action'],
  Resource: Statement['Resource'] = '*',
  Condition?: object,
): Statement => ({
  ...allow(Action, Resource, Condition),
  Effect: 'Deny',
});
const document = (statements: readonly object[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', Resource: '*', ...statement })),
  });
export const byService = (service: string, sourceArn: string, account: string = HOME): Principal => ({
  type: 'service',
  service: `${service}.amazonaws.com`,
  account,
  sourceArn,
});

/** Everything that the cases are about, made once by the roots of the accounts. */
export class Ground {
  readonly table: TestTable = newTable();
  /** Keys: one with the default policy, one that leaves the account out, one that lets a friend in. */
  readonly keys: Record<'plain' | 'closed' | 'shared', string> = { plain: '', closed: '', shared: '' };
  readonly secrets: Record<string, string> = {};
  readonly bytes: Uint8Array;
  zone = '';
  #users = 0;

  constructor() {
    this.bytes = packBundle({ 'index.js': 'exports.handler = async () => 1;' });
    this.#functions();
    this.#keysAndSecrets();
    this.make('logs', 'CreateLogGroup', { logGroupName: '/app/one' });
    for (const logStreamName of ['s', 't'])
      this.make('logs', 'CreateLogStream', { logGroupName: '/app/one', logStreamName });
    for (const Name of ['/app/db/password', '/app/other', 'plain'])
      this.make('ssm', 'PutParameter', { Name, Type: 'String', Value: 'v' });
    const Queue = {
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: QUEUE,
      Condition: { ArnLike: { 'aws:SourceArn': BUCKET }, StringEquals: { 'aws:SourceAccount': HOME } },
    };
    this.make('sqs', 'CreateQueue', { QueueName: 'jobs', Attributes: { Policy: document([Queue]) } });
    this.make('events', 'PutPermission', {
      Action: 'events:PutEvents',
      Principal: FRIEND,
      StatementId: 'friend',
    });
    this.make('ecr', 'CreateRepository', { repositoryName: 'shop' });
    this.make('route53', 'CreateHostedZone', { Name: 'example.com', CallerReference: 'x' });
    this.zone = (
      this.make('route53', 'ListHostedZones', {}) as { HostedZones: { Id: string }[] }
    ).HostedZones[0]?.Id.split('/').at(-1) as string;
    this.table.advance(600_000);
  }

  #functions(): void {
    const trust = { Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } };
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', ...trust }],
    });
    this.make('iam', 'CreateRole', { RoleName: 'runs', AssumeRolePolicyDocument });
    const code = { Runtime: 'nodejs22.x', Handler: 'index.handler', Code: { ZipFile: this.bytes } };
    for (const FunctionName of ['f', 'g'])
      this.make('lambda', 'CreateFunction', { FunctionName, Role: ROLE, ...code });
    this.table.advance(60_000);
    this.make('lambda', 'PublishVersion', { FunctionName: 'f' });
    this.table.advance(60_000);
    this.make('lambda', 'CreateAlias', { FunctionName: 'f', Name: 'live', FunctionVersion: '1' });
    const Action = 'lambda:InvokeFunction';
    this.make('lambda', 'AddPermission', {
      FunctionName: 'f',
      StatementId: 'friend',
      Action,
      Principal: FRIEND,
    });
    const ofBucket = { SourceArn: BUCKET, SourceAccount: HOME, Principal: 's3.amazonaws.com' };
    this.make('lambda', 'AddPermission', { FunctionName: 'g', StatementId: 'bucket', Action, ...ofBucket });
  }

  #keysAndSecrets(): void {
    const key = (statements?: readonly object[]): string => {
      const Policy = statements && { Policy: document(statements), BypassPolicyLockoutSafetyCheck: true };
      const made = this.make('kms', 'CreateKey', { ...Policy }) as { KeyMetadata: { Arn: string } };
      return made.KeyMetadata.Arn;
    };
    const root = { Principal: { AWS: `arn:aws:iam::${HOME}:root` }, Action: 'kms:*' };
    const friend = {
      Principal: { AWS: `arn:aws:iam::${FRIEND}:root` },
      Action: ['kms:Encrypt', 'kms:Decrypt'],
    };
    this.make('iam', 'CreateUser', { UserName: 'alice' });
    const alice = { Principal: { AWS: `arn:aws:iam::${HOME}:user/alice` }, Action: 'kms:Encrypt' };
    Object.assign(this.keys, { plain: key(), closed: key([alice]), shared: key([root, friend]) });
    this.make('kms', 'CreateAlias', { AliasName: 'alias/app', TargetKeyId: this.keys.plain });
    this.make('iam', 'CreateUser', { UserName: 'gina' });
    this.make('kms', 'CreateGrant', {
      KeyId: this.keys.plain,
      GranteePrincipal: `arn:aws:iam::${HOME}:user/gina`,
      Operations: ['Encrypt'],
      Constraints: { EncryptionContextSubset: { team: 'a' } },
    });
    for (const [Name, KmsKeyId] of [['own'], ['shut'], ['ours'], ['lent', this.keys.shared]] as const) {
      const named = { Name, ...(KmsKeyId && { KmsKeyId }), Tags: [{ Key: 'team', Value: Name }] };
      const token = { ClientRequestToken: `${Name}-token`.padEnd(36, '0') };
      const made = this.make('secretsmanager', 'CreateSecret', { ...named, ...token, SecretString: 'x' });
      this.secrets[Name] = (made as { ARN: string }).ARN;
    }
    const policy = (SecretId: string, statement: object): void => {
      this.make('secretsmanager', 'PutResourcePolicy', { SecretId, ResourcePolicy: document([statement]) });
    };
    const Action = 'secretsmanager:GetSecretValue';
    policy('shut', { Effect: 'Deny', Principal: '*', Action });
    for (const name of ['ours', 'lent'])
      policy(name, { Principal: { AWS: `arn:aws:iam::${FRIEND}:root` }, Action });
  }

  run(as: Principal, service: string, operation: string, input: object): Outcome {
    const name = `${service}:${operation}`;
    return this.table.world.transact(SCOPE, { kind: 'script', name }, (ctx: Ctx) => {
      const problem = this.table.cloud.problemOf(service, operation, { ...input });
      return problem
        ? { ok: false, fault: problem }
        : this.table.cloud.run(ctx, service, operation, input, as);
    });
  }

  /** What a root does; it must succeed. */
  make(service: string, operation: string, input: object, account: string = HOME): unknown {
    const outcome = this.run(rootOf(account), service, operation, input);
    if (!outcome.ok)
      throw new Error(`${service} ${operation}: ${outcome.fault.shape}: ${outcome.fault.message}`);
    return outcome.output;
  }

  /** A new user with these identity policies and no others. */
  user(account: string, statements: readonly Statement[]): Principal {
    const name = `user-${(this.#users += 1)}`;
    this.make('iam', 'CreateUser', { UserName: name }, account);
    const PolicyDocument = document(statements);
    if (statements.length > 0)
      this.make('iam', 'PutUserPolicy', { UserName: name, PolicyName: 'p', PolicyDocument }, account);
    return this.named(account, name);
  }

  named(account: string, name: string): Principal {
    return {
      type: 'user',
      account,
      arn: `arn:aws:iam::${account}:user/${name}`,
      name,
      id: name.toUpperCase(),
    };
  }
}

/** Asks, and compares. */
export function check(
  ground: Ground,
  { that, has = [], account = HOME, as, asks: [service, operation, input], allowed }: Case,
): void {
  const who = as ?? ground.user(account, has);
  const outcome = ground.run(who, service, operation, input);
  const refusedByIam = !outcome.ok && DENIED.test(`${outcome.fault.shape}: ${outcome.fault.message}`);
  const said = outcome.ok ? 'allowed' : `${outcome.fault.shape}: ${outcome.fault.message}`;
  expect(`${that}: ${refusedByIam ? 'denied' : said}`).toBe(`${that}: ${allowed ? 'allowed' : 'denied'}`);
}
