// What a release leaves behind for all later ones to open: a world with something of everything, and what was answered about it.
// `tools/release-data.ts` writes it, `releases.test.ts` opens what was ever written.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { CreateTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeTargetHealthCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient, ListRulesCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  CreateTopicCommand,
  ListSubscriptionsCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { packageRoot } from '#runtime/package.ts';
import { packBundle } from '#workloads/bundle.ts';
import { control } from './served.ts';

interface Configuration {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly forcePathStyle: boolean;
}

/** A client of one service at an endpoint. */
type At = <C>(client: new (configuration: Configuration) => C) => C;

export function clientsOf(url: string): At {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const configuration = { endpoint: url, region: 'us-east-1', credentials, forcePathStyle: true };
  const made = new Map<unknown, unknown>();
  return <C>(client: new (configuration: Configuration) => C): C => {
    if (!made.has(client)) made.set(client, new client(configuration));
    return made.get(client) as C;
  };
}

/** How long the stack takes to stand and its machines to serve, at most (ms of virtual time). */
const SETTLED_MS = 1_800_000;

/** Fills a fresh world on a manual clock. */
export async function fill(url: string): Promise<void> {
  const at = clientsOf(url);
  const advance = (ms: number): Promise<unknown> => control({ url }, 'clock', { advanceMs: ms });
  const TemplateBody = readFileSync(join(packageRoot(), 'examples', 'templates', 'web-v1.yaml'), 'utf8');
  await at(CloudFormationClient).send(
    new CreateStackCommand({ StackName: 'web', TemplateBody, Capabilities: ['CAPABILITY_NAMED_IAM'] }),
  );
  for (let passed = 0; passed < SETTLED_MS; passed += 60_000) await advance(60_000);
  const { QueueUrl } = await at(SQSClient).send(new CreateQueueCommand({ QueueName: 'orders' }));
  for (const DelaySeconds of [0, 900])
    await at(SQSClient).send(new SendMessageCommand({ QueueUrl, MessageBody: 'order', DelaySeconds }));
  const { TopicArn } = await at(SNSClient).send(new CreateTopicCommand({ Name: 'orders' }));
  const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:orders';
  await at(SNSClient).send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  await at(S3Client).send(new CreateBucketCommand({ Bucket: 'orders' }));
  for (const size of [0, 1000, 100_000])
    await at(S3Client).send(
      new PutObjectCommand({ Bucket: 'orders', Key: String(size), Body: Buffer.alloc(size, 'order ') }),
    );
  await at(DynamoDBClient).send(
    new CreateTableCommand({
      TableName: 'orders',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  await advance(60_000);
  for (const id of ['a', 'b', 'ü'])
    await at(DynamoDBClient).send(
      new PutItemCommand({ TableName: 'orders', Item: { id: { S: id }, count: { N: '1.5' } } }),
    );
  await at(SSMClient).send(new PutParameterCommand({ Name: 'p', Value: 'v', Type: 'SecureString' }));
  await at(SecretsManagerClient).send(new CreateSecretCommand({ Name: 's', SecretString: 'secret' }));
  await at(EventBridgeClient).send(
    new PutRuleCommand({ Name: 'hourly', ScheduleExpression: 'rate(1 hour)' }),
  );
  await at(CloudWatchClient).send(
    new PutMetricAlarmCommand({
      AlarmName: 'errors',
      Namespace: 'orders',
      MetricName: 'errors',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
  );
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } };
  const { Role } = await at(IAMClient).send(
    new CreateRoleCommand({
      RoleName: 'runs',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    }),
  );
  const code = {
    'index.js': 'exports.handler = async () => 7;',
    'sandtable.yml': 'function: { answers: 7 }',
  };
  await at(LambdaClient).send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Role: Role?.Arn,
      Handler: 'index.handler',
      Runtime: 'nodejs22.x',
      Code: { ZipFile: packBundle(code) },
    }),
  );
  await advance(60_000);
}

/** What is asked about it. A later release asks more, and of older worlds what was asked then. */
export const looks: Readonly<Record<string, (at: At, url: string) => Promise<unknown>>> = {
  stacks: (at) => at(CloudFormationClient).send(new DescribeStacksCommand({})),
  resources: (at) => at(CloudFormationClient).send(new DescribeStackResourcesCommand({ StackName: 'web' })),
  groups: (at) => at(AutoScalingClient).send(new DescribeAutoScalingGroupsCommand({})),
  instances: (at) => at(EC2Client).send(new DescribeInstancesCommand({})),
  async targets(at) {
    const elb = at(ElasticLoadBalancingV2Client);
    const { TargetGroups = [] } = await elb.send(new DescribeTargetGroupsCommand({}));
    const { TargetGroupArn } = TargetGroups[0] ?? {};
    return elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  },
  queue: (at, url) =>
    at(SQSClient).send(
      new GetQueueAttributesCommand({
        QueueUrl: `${url}/000000000000/orders`,
        AttributeNames: ['All'],
      }),
    ),
  subscriptions: (at) => at(SNSClient).send(new ListSubscriptionsCommand({})),
  async objects(at) {
    const read = async (Key: string): Promise<string | undefined> => {
      const { Body } = await at(S3Client).send(new GetObjectCommand({ Bucket: 'orders', Key }));
      return Body?.transformToString();
    };
    return { lengths: [(await read('0'))?.length, (await read('100000'))?.length], text: await read('1000') };
  },
  items: (at) => at(DynamoDBClient).send(new ScanCommand({ TableName: 'orders' })),
  parameter: (at) => at(SSMClient).send(new GetParameterCommand({ Name: 'p', WithDecryption: true })),
  secret: (at) => at(SecretsManagerClient).send(new GetSecretValueCommand({ SecretId: 's' })),
  rules: (at) => at(EventBridgeClient).send(new ListRulesCommand({})),
  alarms: (at) => at(CloudWatchClient).send(new DescribeAlarmsCommand({})),
  role: (at) => at(IAMClient).send(new GetRoleCommand({ RoleName: 'runs' })),
};

/** Answers of today, as JSON. */
export async function answers(url: string, names: readonly string[]): Promise<Record<string, unknown>> {
  const at = clientsOf(url);
  const found: Record<string, unknown> = {};
  for (const name of names) {
    const { $metadata: _, ...answer } = (await lookOf(name)(at, url)) as Record<string, unknown>;
    // Each release is served at an address of its own.
    found[name] = JSON.parse(JSON.stringify(answer).replaceAll(url, 'http://endpoint'));
  }
  return found;
}

function lookOf(name: string): (at: At, url: string) => Promise<unknown> {
  const look = looks[name];
  if (!look) throw new Error(`Nobody knows any more what ${name} was: looks stay.`);
  return look;
}

/** The world lives on: what was on its way comes, and what is asked of it happens. */
export async function livesOn(url: string): Promise<{ arrived: number; answered: string }> {
  const at = clientsOf(url);
  const invoked = at(LambdaClient).send(new InvokeCommand({ FunctionName: 'f' }));
  await sleep(50);
  await control({ url }, 'clock', { advanceMs: 3_600_000 });
  const { Payload } = await invoked;
  const { Attributes } = await at(SQSClient).send(
    new GetQueueAttributesCommand({
      QueueUrl: `${url}/000000000000/orders`,
      AttributeNames: ['ApproximateNumberOfMessages'],
    }),
  );
  const arrived = Number(Attributes?.['ApproximateNumberOfMessages']);
  return { arrived, answered: Buffer.from(Payload ?? []).toString() };
}
