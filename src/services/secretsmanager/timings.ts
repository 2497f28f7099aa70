// How long Secrets Manager takes.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const rotationStart: Timing = timing(
  'secretsmanager/rotation-start',
  [200, 1000],
  'assumed',
  'RotateSecret answers before the rotation function runs; AWS publishes no figure',
);

export const rotationRetry: Timing = timing(
  'secretsmanager/rotation-retry',
  3_600_000,
  'assumed',
  'a failed rotation is tried again (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html); AWS does not say when',
);
