// How long S3 takes where it does not answer at once.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const DAY_MS = 86_400_000;

export const eventDelivery: Timing = timing(
  's3/event-delivery',
  [300, 2000],
  'assumed',
  'https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html: typically in seconds',
);

export const replicationDelay: Timing = timing(
  's3/replication',
  [5000, 120_000],
  'assumed',
  'https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html: most objects replicate in seconds, ' +
    'and nothing is promised without S3 RTC',
);

export const lifecycleDelay: Timing = timing(
  's3/lifecycle-delay',
  [600_000, 7_200_000],
  'assumed',
  'https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html: ' +
    'there may be a delay',
);

export const logDelivery: Timing = timing(
  's3/log-delivery',
  [600_000, 3_600_000],
  'assumed',
  'https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html: within a few hours',
);
