// What a secret gets from resources of their own: AWS::SecretsManager::ResourcePolicy and AWS::SecretsManager::RotationSchedule.
// Both are known by the secret's ARN.

import { documentLike, documentText } from '../policy-document.ts';
import { provider } from '../provider.ts';
import type { Json, Provider, Work } from '../provider.ts';

function putPolicy(work: Work<'AWS::SecretsManager::ResourcePolicy'>): string {
  const { SecretId, ResourcePolicy, BlockPublicPolicy } = work.properties;
  const { ARN = '' } = work.call('secretsmanager', 'PutResourcePolicy', {
    SecretId,
    ResourcePolicy: documentText(ResourcePolicy),
    BlockPublicPolicy,
  });
  return ARN;
}

const resourcePolicy = provider({
  type: 'AWS::SecretsManager::ResourcePolicy',
  create: putPolicy,
  update: putPolicy,
  delete(work) {
    work.find('secretsmanager', 'DeleteResourcePolicy', { SecretId: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const found = work.find('secretsmanager', 'GetResourcePolicy', { SecretId: work.physicalId });
    if (found?.ResourcePolicy === undefined) return undefined;
    const { SecretId, ResourcePolicy } = work.properties;
    return { SecretId, ResourcePolicy: documentLike(ResourcePolicy, found.ResourcePolicy) };
  },
});

function rotate(work: Work<'AWS::SecretsManager::RotationSchedule'>): string {
  const { SecretId, RotationLambdaARN, RotationRules, RotateImmediatelyOnUpdate } = work.properties;
  const { ARN = '' } = work.call('secretsmanager', 'RotateSecret', {
    SecretId,
    RotationLambdaARN,
    RotationRules: RotationRules && {
      AutomaticallyAfterDays: RotationRules.AutomaticallyAfterDays,
      Duration: RotationRules.Duration,
      ScheduleExpression: RotationRules.ScheduleExpression,
    },
    RotateImmediately: RotateImmediatelyOnUpdate ?? true,
    ClientRequestToken: work.token,
  });
  return ARN;
}

const rotationSchedule = provider({
  type: 'AWS::SecretsManager::RotationSchedule',
  refused: ['ExternalSecretRotationMetadata', 'ExternalSecretRotationRoleArn', 'HostedRotationLambda'],
  create: rotate,
  update: rotate,
  delete(work) {
    work.find('secretsmanager', 'CancelRotateSecret', { SecretId: work.physicalId });
  },
  attributes: ({ physicalId }) => ({ Id: physicalId }),
  read(work) {
    const found = work.find('secretsmanager', 'DescribeSecret', { SecretId: work.physicalId });
    if (!found?.RotationEnabled) return undefined;
    const { RotationLambdaARN, RotationRules } = found;
    const rules = Object.entries(RotationRules ?? {}).filter(([, value]) => value !== undefined);
    return {
      SecretId: work.properties.SecretId,
      RotationLambdaARN,
      RotationRules: Object.fromEntries(rules) as Json,
    };
  },
});

export const secretSettings: readonly Provider[] = [resourcePolicy, rotationSchedule];
