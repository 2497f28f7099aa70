// How long KMS takes.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const DAY_MS = 86_400_000;

export const grantActivation: Timing = timing(
  'kms/grant-activation',
  [500, 3000],
  'assumed',
  'https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html says "less than five minutes"',
);

export const onDemandRotation: Timing = timing(
  'kms/on-demand-rotation',
  [5000, 30_000],
  'assumed',
  'https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-on-demand.html gives no figure',
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html */
export const WAITING_PERIOD_DAYS = { least: 7, most: 30 };

/** https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html */
export const ROTATION_PERIOD_DAYS = 365;

/** https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html */
export const MOST_ON_DEMAND_ROTATIONS = 25;
export const MOST_TAGS = 50;
