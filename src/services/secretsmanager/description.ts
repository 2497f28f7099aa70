// A secret as it is shown, without its versions.

import type { Output } from '#cloud/contracts.ts';
import { tagList } from '#cloud/tags.ts';
import type { Secret } from './tables.ts';

type Described = Omit<Output<'secretsmanager', 'DescribeSecret'>, 'VersionIdsToStages'>;

export function described(secret: Secret): Described {
  const { rotation, tags } = secret;
  const { automaticallyAfterDays, scheduleExpression, duration } = rotation?.rules ?? {};
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    RotationEnabled: rotation?.enabled,
    RotationLambdaARN: rotation?.functionArn,
    RotationRules: rotation && {
      AutomaticallyAfterDays: automaticallyAfterDays,
      ScheduleExpression: scheduleExpression,
      Duration: duration,
    },
    LastRotatedDate: rotation?.lastAt,
    LastChangedDate: secret.changedAt,
    LastAccessedDate: secret.accessedAt,
    DeletedDate: secret.deletedAt,
    NextRotationDate: rotation?.enabled ? rotation.nextAt : undefined,
    Tags: tags && tagList(tags),
    CreatedDate: secret.createdAt,
  };
}
