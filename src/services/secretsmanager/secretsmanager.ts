// AWS Secrets Manager: secrets (./secrets.ts), their versions (./versions.ts) and their rotation (./rotation.ts).

import type { TimerHandler } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { parsePolicy } from '#cloud/iam/policy.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { listingOperations } from './listing.ts';
import { passwordOperations } from './password.ts';
import { policyOperations } from './policies.ts';
import { beginStep, endStep, retryRotation, rotateBySchedule, rotationOperations } from './rotation.ts';
import { arnOfSecret, findSecret } from './secret.ts';
import { goAway, secretOperations } from './secrets.ts';
import { secrets, versions } from './tables.ts';
import { valueOperations } from './values.ts';
import { versionOperations } from './versions.ts';

const ofSecret = {
  resources: (ctx: Ctx, { SecretId }: { SecretId: string }): string => arnOfSecret(ctx, SecretId),
};

/** Condition keys that are named after members of the request. */
const given = (
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[`secretsmanager:${name}`, String(value)]],
    ),
  );

export const service: Service = defineService({
  contract: 'secretsmanager',
  tables: [secrets, versions],
  operations: {
    ...secretOperations,
    ...versionOperations,
    ...valueOperations,
    ...listingOperations,
    ...policyOperations,
    ...passwordOperations,
    ...rotationOperations,
  },
  timers: [goAway, beginStep, retryRotation, endStep, rotateBySchedule] as TimerHandler<unknown, Ctx>[],
  authorization: {
    CreateSecret: {
      // The suffix of the ARN is not known yet; policies leave its place open.
      resources: (ctx, { Name }) => ctx.arn('secretsmanager', `secret:${Name}-??????`),
      conditions: (_, { Name, Description, KmsKeyId }) => given({ Name, Description, KmsKeyId }),
      further: (ctx, { Name, Tags = [] }) =>
        Tags.length === 0
          ? []
          : [
              {
                action: 'secretsmanager:TagResource',
                resource: ctx.arn('secretsmanager', `secret:${Name}-??????`),
              },
            ],
    },
    GetSecretValue: {
      ...ofSecret,
      conditions: (_, { VersionId, VersionStage }) => ({
        ...(VersionId === undefined ? {} : { 'secretsmanager:VersionId': VersionId }),
        'secretsmanager:VersionStage': VersionStage ?? 'AWSCURRENT',
      }),
    },
    DeleteSecret: {
      ...ofSecret,
      conditions: (_, { ForceDeleteWithoutRecovery = false, RecoveryWindowInDays }) =>
        given({ ForceDeleteWithoutRecovery, RecoveryWindowInDays }),
    },
    PutResourcePolicy: {
      ...ofSecret,
      conditions: (_, { BlockPublicPolicy = false }) => ({
        'secretsmanager:BlockPublicPolicy': String(BlockPublicPolicy),
      }),
    },
    ValidateResourcePolicy: {
      resources: (ctx, { SecretId }) => (SecretId === undefined ? '*' : arnOfSecret(ctx, SecretId)),
    },
    CancelRotateSecret: ofSecret,
    DeleteResourcePolicy: ofSecret,
    DescribeSecret: ofSecret,
    GetResourcePolicy: ofSecret,
    ListSecretVersionIds: ofSecret,
    PutSecretValue: ofSecret,
    RestoreSecret: ofSecret,
    RotateSecret: {
      ...ofSecret,
      conditions: (_, { RotationLambdaARN, RotationRules, RotateImmediately = true }) =>
        given({ RotationLambdaARN, ModifyRotationRules: RotationRules !== undefined, RotateImmediately }),
    },
    TagResource: ofSecret,
    UntagResource: ofSecret,
    UpdateSecret: {
      ...ofSecret,
      conditions: (_, { Description, KmsKeyId }) => given({ Description, KmsKeyId }),
    },
    UpdateSecretVersionStage: ofSecret,
  },
  resourcePolicy(ctx, arn) {
    const policy = findSecret(ctx, arn)?.policy;
    return policy === undefined ? undefined : parsePolicy(policy, 'resource');
  },
  resourceConditions(ctx, arn) {
    const secret = findSecret(ctx, arn);
    if (!secret) return {};
    const tags = Object.entries(secret.tags ?? {}).flatMap(([key, value]) => [
      [`aws:ResourceTag/${key}`, value],
      [`secretsmanager:ResourceTag/${key}`, value],
    ]);
    return { ...Object.fromEntries(tags), 'secretsmanager:SecretId': secret.arn };
  },
  refused: {
    CreateSecret: ['AddReplicaRegions', 'Type'],
    UpdateSecret: ['Type'],
    PutSecretValue: ['RotationToken'],
    RotateSecret: ['ExternalSecretRotationMetadata', 'ExternalSecretRotationRoleArn'],
  },
  withoutEffect: {
    RotateSecret: { 'RotationRules.Duration': 'kept and shown; rotation starts when the window opens' },
    CreateSecret: { ForceOverwriteReplicaSecret: 'there are no replicas that it could overwrite' },
  },
});
