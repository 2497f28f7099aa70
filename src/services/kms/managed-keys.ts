// Keys that AWS manages in an account, one for each service, made when they are first asked for.
// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key

import type { Ctx } from '#cloud/ctx.ts';
import { addMaterial, awaitRotation } from './materials.ts';
import { aliases } from './tables.ts';
import type { Alias, Key } from './tables.ts';
import { DAY_MS, ROTATION_PERIOD_DAYS } from './timings.ts';

/** What the descriptions and policies of these keys call the services, by the name in the alias. */
const SERVICES: Readonly<Record<string, string>> = {
  dynamodb: 'DynamoDB',
  ebs: 'EBS',
  ecr: 'ECR',
  elasticfilesystem: 'EFS',
  kinesis: 'Kinesis',
  lambda: 'Lambda',
  rds: 'RDS',
  s3: 'S3',
  secretsmanager: 'Secrets Manager',
  sns: 'SNS',
  sqs: 'SQS',
  ssm: 'SSM',
};

/** Services whose requests to KMS bear another name than the key. */
const VIA: Readonly<Record<string, string>> = { ebs: 'ec2' };

const ALIAS = 'alias/aws/';

/** Only through the service, and only for whoever may use the service. */
function policyFor({ account, region }: Ctx, name: string, title: string): string {
  const via = `${VIA[name] ?? name}.${region}.amazonaws.com`;
  const document = {
    Version: '2012-10-17',
    Id: `auto-${name}-1`,
    Statement: [
      {
        Sid: `Allow access through ${title} for all principals in the account that are authorized to use ${title}`,
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          'kms:Encrypt',
          'kms:Decrypt',
          'kms:ReEncrypt*',
          'kms:GenerateDataKey*',
          'kms:CreateGrant',
          'kms:DescribeKey',
        ],
        Resource: '*',
        Condition: { StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': via } },
      },
      {
        Sid: 'Allow direct access to key metadata to the account',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
        Resource: '*',
      },
    ],
  };
  return JSON.stringify(document, null, 2);
}

/** The alias of a managed key, with the key behind it; nothing where no service has such a key. */
export function managedAlias(ctx: Ctx, aliasName: string): Alias | undefined {
  if (!aliasName.startsWith(ALIAS)) return undefined;
  const name = aliasName.slice(ALIAS.length);
  const title = Object.hasOwn(SERVICES, name) ? SERVICES[name] : undefined;
  if (title === undefined) return undefined;
  const id = ctx.uuid('kms-key');
  const nextAt = ctx.now + ROTATION_PERIOD_DAYS * DAY_MS;
  const key: Key = {
    id,
    arn: ctx.arn('kms', `key/${id}`),
    // LocalStack's test_s3_bucket_encryption_sse_kms_aws_managed_key, recorded from AWS.
    description: `Default key that protects my ${title} ${name === 's3' ? 'objects' : 'data'} when no other key is defined`,
    policy: policyFor(ctx, name, title),
    spec: 'SYMMETRIC_DEFAULT',
    usage: 'ENCRYPT_DECRYPT',
    manager: 'AWS',
    state: 'Enabled',
    tags: {},
    createdAt: ctx.now,
    material: 0,
    rotation: { periodDays: ROTATION_PERIOD_DAYS, since: ctx.now, nextAt },
  };
  awaitRotation(ctx, addMaterial(ctx, key));
  const alias = {
    name: aliasName,
    arn: ctx.arn('kms', aliasName),
    keyId: id,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  };
  ctx.put(aliases, alias);
  return alias;
}
