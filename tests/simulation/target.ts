// What requests that are fired at a simulation can hit: an account of its own with one of many things, and valid requests aimed
// at them, because most names that are made up name nothing.

import { rootOf } from '#cloud/principal.ts';
import type { WireRequest } from '#contract/wire.ts';
import { packBundle } from '#workloads/bundle.ts';
import type { Draw } from './draw.ts';
import type { Stage } from './stage.ts';

/** Whoever fires has an account of its own, so that the fleet under simulation stays what it is. */
export const ACCOUNT: string = '999999999999';
const REGION = 'us-east-1';
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
const TEMPLATE = JSON.stringify({ Resources: { T: { Type: 'AWS::SNS::Topic' } } });
const arn = (rest: string): string => `arn:aws:${rest.replace('@', `${REGION}:${ACCOUNT}`)}`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/target`;

const MADE: readonly (readonly [service: string, operation: string, input: object])[] = [
  ['sqs', 'CreateQueue', { QueueName: 'target' }],
  ['sns', 'CreateTopic', { Name: 'target' }],
  [
    'dynamodb',
    'CreateTable',
    {
      TableName: 'target',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    },
  ],
  ['s3', 'CreateBucket', { Bucket: 'target' }],
  ['s3', 'PutObject', { Bucket: 'target', Key: 'target', Body: { bytes: new Uint8Array([1, 2, 3]) } }],
  ['iam', 'CreateRole', { RoleName: 'target', AssumeRolePolicyDocument: TRUST }],
  ['iam', 'CreateUser', { UserName: 'target' }],
  ['iam', 'CreateGroup', { GroupName: 'target' }],
  ['logs', 'CreateLogGroup', { logGroupName: 'target' }],
  ['logs', 'CreateLogStream', { logGroupName: 'target', logStreamName: 'target' }],
  ['ssm', 'PutParameter', { Name: 'target', Type: 'String', Value: 'v' }],
  [
    'secretsmanager',
    'CreateSecret',
    { Name: 'target', SecretString: 's', ClientRequestToken: 't'.repeat(36) },
  ],
  ['kms', 'CreateKey', {}],
  ['events', 'PutRule', { Name: 'target', EventPattern: '{"source":["x"]}' }],
  ['ecr', 'CreateRepository', { repositoryName: 'target' }],
  ['cloudformation', 'CreateStack', { StackName: 'target', TemplateBody: TEMPLATE }],
  ['codedeploy', 'CreateApplication', { applicationName: 'target' }],
];

/** Members of requests, in any case, and what they may well name. */
const NAMED: Readonly<Record<string, string>> = {
  QueueUrl: `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/target`,
  QueueName: 'target',
  TopicArn: arn('sns:@:target'),
  TableName: 'target',
  RoleName: 'target',
  UserName: 'target',
  GroupName: 'target',
  logGroupName: 'target',
  logStreamName: 'target',
  Name: 'target',
  SecretId: 'target',
  KeyId: 'alias/target',
  AliasName: 'alias/target',
  Rule: 'target',
  repositoryName: 'target',
  StackName: 'target',
  applicationName: 'target',
  FunctionName: 'target',
  Role: ROLE,
  RoleArn: ROLE,
};

/** Makes what there is to hit. */
export function furnish(stage: Stage): void {
  const principal = rootOf(ACCOUNT);
  const run = (service: string, operation: string, input: object): unknown => {
    const global = stage.cloud.services.get(service)?.global === true;
    const scope = `${ACCOUNT}/${global ? 'global' : REGION}`;
    const cause = { kind: 'input', name: `${service}:${operation}` } as const;
    const outcome = stage.world.transact(scope, cause, (ctx) =>
      stage.cloud.run(ctx, service, operation, input, principal),
    );
    if (!outcome.ok) throw new Error(`${service} ${operation}: ${outcome.fault.message}`);
    return outcome.output;
  };
  for (const [service, operation, input] of MADE) {
    const made = run(service, operation, input) as { KeyMetadata?: { KeyId: string } } | undefined;
    const { KeyId } = made?.KeyMetadata ?? {};
    if (KeyId !== undefined) run('kms', 'CreateAlias', { AliasName: 'alias/target', TargetKeyId: KeyId });
  }
  const ZipFile = packBundle({ 'index.js': 'exports.handler = async () => 1;' });
  const code = { Runtime: 'nodejs22.x', Handler: 'index.handler', Code: { ZipFile } };
  run('lambda', 'CreateFunction', { FunctionName: 'target', Role: ROLE, ...code });
}

const escaped = (text: string): string => text.replaceAll(/[$]/g, '$$$$');

/** The request with names of what is there in some of its members and in its path. */
export function aimed(service: string, wire: WireRequest, draw: Draw): WireRequest {
  const text = new TextDecoder().decode(wire.body);
  const form = wire.headers['content-type']?.includes('urlencoded') === true;
  const json = wire.headers['content-type']?.includes('json') === true;
  let body = text;
  for (const [member, value] of Object.entries(NAMED)) {
    if (!draw.chance(0.8)) continue;
    if (form)
      body = body.replace(new RegExp(`(^|&)(${member})=[^&]*`), `$1$2=${escaped(encodeURIComponent(value))}`);
    else if (json)
      body = body.replace(
        new RegExp(`"(${member})":"(?:[^"\\\\]|\\\\.)*"`, 'i'),
        `"$1":${escaped(JSON.stringify(value))}`,
      );
  }
  const path =
    service === 's3'
      ? wire.path.replace(/^\/[^/]+(\/.+)?$/, (_, key) => (key === undefined ? '/target' : '/target/target'))
      : wire.path.replace(/(\/functions\/)[^/]+/, '$1target');
  return { ...wire, path, ...(body === text ? {} : { body: new TextEncoder().encode(body) }) };
}
