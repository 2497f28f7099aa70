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

export type Tier = 'Expedited' | 'Standard' | 'Bulk';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const RETRIEVAL =
  'https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html: ';

const restorations: Readonly<Record<string, Timing>> = {
  'GLACIER Expedited': timing(
    's3/restore-expedited',
    [MINUTE_MS, 5 * MINUTE_MS],
    'documented',
    `${RETRIEVAL}1–5 minutes`,
  ),
  'GLACIER Standard': timing(
    's3/restore-standard',
    [3 * HOUR_MS, 5 * HOUR_MS],
    'documented',
    `${RETRIEVAL}3–5 hours`,
  ),
  'GLACIER Bulk': timing(
    's3/restore-bulk',
    [5 * HOUR_MS, 12 * HOUR_MS],
    'documented',
    `${RETRIEVAL}5–12 hours`,
  ),
  'DEEP_ARCHIVE Standard': timing(
    's3/restore-deep-standard',
    12 * HOUR_MS,
    'documented',
    `${RETRIEVAL}within 12 hours`,
  ),
  'DEEP_ARCHIVE Bulk': timing(
    's3/restore-deep-bulk',
    48 * HOUR_MS,
    'documented',
    `${RETRIEVAL}within 48 hours`,
  ),
};

/** How long it takes to get an object out of an archive. */
export function restoration(storageClass: string, tier: Tier): Timing {
  const found = restorations[`${storageClass} ${tier}`];
  if (!found) throw new Error(`Nothing is restored from ${storageClass} by ${tier}.`);
  return found;
}
