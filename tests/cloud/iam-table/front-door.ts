// The accounts, people and resources of the table in a world of their own, and how a row is asked there: with real keys, by
// stock clients.

import { DynamoDBClient, CreateTableCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  ListUsersCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, EncryptCommand, KMSClient, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateTopicCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { newTable } from '../../table.ts';
import type { TestTable } from '../../table.ts';
import {
  BUCKET,
  documentOf,
  HOME,
  KEY,
  OTHER,
  PEOPLE,
  QUEUE,
  rootArn,
  TABLE,
  TARGET,
  THEIRS,
  TOPIC,
} from './row.ts';
import type { Expected, Policies, Request, Statement, Who } from './row.ts';

interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

const rootKeys = (account: string): Keys => ({ accessKeyId: account, secretAccessKey: 'x' });
const QUEUE_URL = `https://sqs.us-east-1.amazonaws.com/${HOME}/jobs`;

/** The world, the keys of its users, and its KMS key, whose id the table cannot know. */
export interface Ground {
  readonly table: TestTable;
  readonly keys: Readonly<Record<string, Keys>>;
  readonly keyArn: string;
}

const trusting = (account: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: rootArn(account) }, Action: 'sts:AssumeRole' }],
  });

async function populate(
  table: TestTable,
  account: string,
  users: readonly string[],
): Promise<[string, Keys][]> {
  const iam = table.client(IAMClient, { credentials: rootKeys(account) });
  const found: [string, Keys][] = [];
  for (const UserName of users) {
    const Tags = ['ana', 'eve'].includes(UserName) ? [{ Key: 'team', Value: 'red' }] : [];
    await iam.send(new CreateUserCommand({ UserName, Tags }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
    found.push([UserName, { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey }]);
  }
  return found;
}

/** All that the rows are about, without any policy but the trust of roles in their own account. */
export async function prepare(): Promise<Ground> {
  const table = newTable({ profile: 'instant' });
  const keys = Object.fromEntries([
    ...(await populate(table, HOME, ['ana', 'bob', `broker-${HOME}`])),
    ...(await populate(table, OTHER, ['eve', `broker-${OTHER}`])),
  ]);
  for (const [account, ...names] of [
    [HOME, 'Admin', 'Deploy', 'Target'],
    [OTHER, 'Visitor'],
  ] as const) {
    const iam = table.client(IAMClient, { credentials: rootKeys(account) });
    for (const RoleName of names)
      await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trusting(account) }));
    const PolicyDocument = documentOf(
      [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }],
      'identity',
    );
    const UserName = `broker-${account}`;
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument }));
    const s3 = table.client(S3Client, { credentials: rootKeys(account) });
    const Bucket = account === HOME ? 'pictures' : 'theirs';
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  }
  const credentials = rootKeys(HOME);
  await table.client(SQSClient, { credentials }).send(new CreateQueueCommand({ QueueName: 'jobs' }));
  await table.client(SNSClient, { credentials }).send(new CreateTopicCommand({ Name: 'news' }));
  await table.client(DynamoDBClient, { credentials }).send(
    new CreateTableCommand({
      TableName: 'orders',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
  const { KeyMetadata } = await table.client(KMSClient, { credentials }).send(new CreateKeyCommand({}));
  table.advance(60_000);
  return { table, keys, keyArn: KeyMetadata?.Arn ?? '' };
}

// ---- Which rows can be asked ----

const ASKABLE: ReadonlySet<string> = new Set([
  's3:GetObject',
  's3:PutObject',
  's3:DeleteObject',
  's3:GetObjectAcl',
  's3:GetObjectTagging',
  's3:ListBucket',
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sns:Publish',
  'dynamodb:GetItem',
  'kms:Encrypt',
  'sts:AssumeRole',
  'iam:CreateUser',
  'iam:ListUsers',
  'ec2:DescribeInstances',
]);
const PLACES = [BUCKET, THEIRS, QUEUE, TOPIC, TABLE, KEY, TARGET];
/** Keys of the context that a request brings about by what it asks for. */
const BROUGHT_ABOUT: ReadonlySet<string> = new Set(['s3:prefix', 'sts:ExternalId', 'sts:RoleSessionName']);

const placeOf = (on: string): string | undefined =>
  PLACES.find((place) => on === place || on.startsWith(`${place}/`));

function isAbout(statement: Statement, place: string): boolean {
  const { Resource = '*' } = statement;
  return [Resource].flat().every((name) => name === '*' || String(name).startsWith(place));
}

/** Whether the front door can be asked this: services and organizations are not to be had there. */
export function askable(policies: Policies, request: Request = {}): boolean {
  const { who = 'ana', action = 's3:GetObject', on = `${BUCKET}/k`, given = {} } = request;
  if (policies.scps || policies.rcps || policies.endpoint || !ASKABLE.has(action)) return false;
  if (!Object.keys(given).every((key) => BROUGHT_ABOUT.has(key))) return false;
  const { type } = PEOPLE[who];
  if (type === 'service' || type === 'federated' || type === 'federated-user') return false;
  if (type === 'anonymous' && action !== 's3:GetObject') return false;
  const place = placeOf(on);
  if (place === undefined) return action.startsWith('iam:') || action.startsWith('ec2:');
  return policies.resource?.every((statement) => isAbout(statement, place)) ?? place !== TARGET;
}

// ---- Asking ----

/** A copy of the ground with the policies of a situation; asks as one principal. */
class Asking {
  readonly ground: Ground;
  readonly table: TestTable;
  readonly policies: Policies;
  readonly who: Who;
  readonly account: string;

  constructor(ground: Ground, policies: Policies, who: Who) {
    this.ground = ground;
    this.table = ground.table.fork();
    this.policies = policies;
    this.who = who;
    const principal = PEOPLE[who];
    this.account = 'account' in principal ? principal.account : HOME;
  }

  text(statements: readonly Statement[], kind: Parameters<typeof documentOf>[1] = 'identity'): string {
    return documentOf(statements, kind, this.policies.version).replaceAll(KEY, this.ground.keyArn);
  }

  /** Gives whoever asks its identity policies and its boundary. */
  async equip(): Promise<void> {
    const { identity = [], boundary } = this.policies;
    const { type } = PEOPLE[this.who];
    if (type !== 'user' && type !== 'role') return;
    const iam = this.table.client(IAMClient, { credentials: rootKeys(this.account) });
    const [PolicyName, PolicyDocument] = ['p', this.text(identity)];
    const user = { UserName: this.who };
    const role = { RoleName: this.who };
    if (identity.length > 0 && type === 'user')
      await iam.send(new PutUserPolicyCommand({ ...user, PolicyName, PolicyDocument }));
    else if (identity.length > 0)
      await iam.send(new PutRolePolicyCommand({ ...role, PolicyName, PolicyDocument }));
    if (!boundary) return;
    // A managed policy must have the newest version.
    const document = { PolicyName: 'boundary', PolicyDocument: documentOf(boundary, 'identity') };
    const { Policy } = await iam.send(new CreatePolicyCommand(document));
    const PermissionsBoundary = Policy?.Arn ?? '';
    if (type === 'user')
      await iam.send(new PutUserPermissionsBoundaryCommand({ ...user, PermissionsBoundary }));
    else await iam.send(new PutRolePermissionsBoundaryCommand({ ...role, PermissionsBoundary }));
  }

  /** Puts the resource's policy where the request will look for it. */
  async guard(place: string | undefined): Promise<void> {
    const { resource } = this.policies;
    if (!resource || place === undefined) return;
    const credentials = rootKeys(place === THEIRS ? OTHER : HOME);
    if (place === BUCKET || place === THEIRS) {
      const Policy = this.text(resource, 'bucket');
      const Bucket = place.slice('arn:aws:s3:::'.length);
      await this.table.client(S3Client, { credentials }).send(new PutBucketPolicyCommand({ Bucket, Policy }));
    } else if (place === QUEUE) {
      const Attributes = { Policy: this.text(resource, 'resource') };
      const set = new SetQueueAttributesCommand({ QueueUrl: QUEUE_URL, Attributes });
      await this.table.client(SQSClient, { credentials }).send(set);
    } else if (place === TOPIC) {
      const policy = { AttributeName: 'Policy', AttributeValue: this.text(resource, 'resource') };
      const set = new SetTopicAttributesCommand({ TopicArn: TOPIC, ...policy });
      await this.table.client(SNSClient, { credentials }).send(set);
    } else if (place === KEY) {
      const Policy = this.text(resource, 'resource');
      const put = { KeyId: this.ground.keyArn, Policy, BypassPolicyLockoutSafetyCheck: true };
      await this.table.client(KMSClient, { credentials }).send(new PutKeyPolicyCommand(put));
    } else if (place === TARGET) {
      const trust = { RoleName: 'Target', PolicyDocument: this.text(resource, 'trust') };
      await this.table.client(IAMClient, { credentials }).send(new UpdateAssumeRolePolicyCommand(trust));
    } else throw new Error(`${place} has no policy here`);
  }

  async credentials(): Promise<Keys> {
    const { type } = PEOPLE[this.who];
    if (type === 'root') return rootKeys(this.account);
    if (type === 'user') return this.ground.keys[this.who] as Keys;
    const credentials = this.ground.keys[`broker-${this.account}`] as Keys;
    const RoleArn = `arn:aws:iam::${this.account}:role/${this.who}`;
    const { session } = this.policies;
    const narrowed = session ? { Policy: this.text(session) } : {};
    const assume = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'tour', ...narrowed });
    const { Credentials } = await this.table.client(STSClient, { credentials }).send(assume);
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  }

  async call(action: string, on: string, given: Readonly<Record<string, unknown>>): Promise<unknown> {
    const Key = on.slice(on.indexOf('/') + 1);
    const Bucket = on.slice('arn:aws:s3:::'.length).split('/')[0] as string;
    if (action.startsWith('s3:') && on.includes('/'))
      await this.table
        .client(S3Client, { credentials: rootKeys(on.startsWith(THEIRS) ? OTHER : HOME) })
        .send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await this.equip();
    const held = PEOPLE[this.who].type === 'anonymous' ? undefined : await this.credentials();
    await this.guard(placeOf(on));
    if (!held) return this.unsigned(Bucket, Key);
    const { table } = this;
    const options = { credentials: held };
    const object = { Bucket, Key };
    const s3 = table.client(S3Client, options);
    const wished = (key: string): string | undefined => given[key] as string | undefined;
    switch (action) {
      case 's3:GetObject':
        return s3.send(new GetObjectCommand(object));
      case 's3:PutObject':
        return s3.send(new PutObjectCommand({ ...object, Body: 'y' }));
      case 's3:DeleteObject':
        return s3.send(new DeleteObjectCommand(object));
      case 's3:GetObjectAcl':
        return s3.send(new GetObjectAclCommand(object));
      case 's3:GetObjectTagging':
        return s3.send(new GetObjectTaggingCommand(object));
      case 's3:ListBucket':
        return s3.send(new ListObjectsV2Command({ Bucket, Prefix: wished('s3:prefix') }));
      case 'sqs:SendMessage':
        return table
          .client(SQSClient, options)
          .send(new SendMessageCommand({ QueueUrl: QUEUE_URL, MessageBody: 'm' }));
      case 'sqs:ReceiveMessage':
        return table.client(SQSClient, options).send(new ReceiveMessageCommand({ QueueUrl: QUEUE_URL }));
      case 'sns:Publish':
        return table.client(SNSClient, options).send(new PublishCommand({ TopicArn: TOPIC, Message: 'm' }));
      case 'dynamodb:GetItem':
        return table
          .client(DynamoDBClient, options)
          .send(new GetItemCommand({ TableName: 'orders', Key: { id: { S: 'a' } } }));
      case 'kms:Encrypt': {
        const encrypt = { KeyId: this.ground.keyArn, Plaintext: new Uint8Array([1]) };
        return table.client(KMSClient, options).send(new EncryptCommand(encrypt));
      }
      case 'sts:AssumeRole': {
        const RoleSessionName = wished('sts:RoleSessionName') ?? 'tour';
        const wish = { RoleArn: TARGET, RoleSessionName, ExternalId: wished('sts:ExternalId') };
        return table.client(STSClient, options).send(new AssumeRoleCommand(wish));
      }
      case 'iam:CreateUser':
        return table.client(IAMClient, options).send(new CreateUserCommand({ UserName: 'new' }));
      case 'iam:ListUsers':
        return table.client(IAMClient, options).send(new ListUsersCommand({}));
      case 'ec2:DescribeInstances':
        return table.client(EC2Client, options).send(new DescribeInstancesCommand({}));
      default:
        throw new Error(`${action} cannot be asked here`);
    }
  }

  unsigned(bucket: string, key: string): void {
    const host = 's3.us-east-1.amazonaws.com';
    const path = `/${bucket}/${key}`;
    const wire = { method: 'GET', path, query: '', host, headers: { host }, body: new Uint8Array() };
    const answer = this.table.gateway.handle(wire);
    if (!('status' in answer) || answer.status === 200) return;
    throw Object.assign(new Error(), { name: answer.status === 403 ? 'AccessDenied' : `${answer.status}` });
  }
}

const DENIED = /^(?:AccessDenied|AccessDeniedException|AuthorizationError|UnauthorizedOperation)$/;

/** What the front door answers to a row. Explicit denials are told apart where the service's message does. */
export async function ask(ground: Ground, policies: Policies, request: Request = {}): Promise<Expected> {
  const { who = 'ana', action = 's3:GetObject', on = `${BUCKET}/k`, given = {} } = request;
  const asking = new Asking(ground, policies, who);
  try {
    await asking.call(action, on, given);
    return 'allow';
  } catch (error) {
    const { name, message } = error as Error;
    if (!DENIED.test(name)) throw error;
    return message.includes('explicit deny') ? 'explicit deny' : 'deny';
  } finally {
    asking.table.check();
  }
}
