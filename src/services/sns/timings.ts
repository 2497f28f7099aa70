// How long SNS takes, how it retries what is no HTTP, and its limits.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const deliveryDelay: Timing = timing(
  'sns/delivery-delay',
  [20, 60],
  'assumed',
  'AWS publishes no figure; well under a second in practice',
);

/** How long a subscription waits for its confirmation, and a token can be used. */
export const confirmationTime: Timing = timing(
  'sns/confirmation-time',
  172_800_000,
  'documented',
  'https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html: tokens are valid for two days; unconfirmed subscriptions are deleted after 48 hours',
  172_800_000,
);

/**
 * Retries to AWS-managed endpoints: 100,015 over 23 days.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
 */
export const RETRIES = 100_015;

/** Pause before the retry that follows `failures` failed attempts: 3 at once, 2 after 1 s, 10 from 1 to 20 s, then 20 s. */
export function retryDelayMs(failures: number): number {
  if (failures < 3) return 0;
  if (failures < 5) return 1000;
  return failures < 15 ? 1000 + Math.round((19_000 * (failures - 5)) / 9) : 20_000;
}

/** https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html */
export const DEDUPLICATION_MS = 300_000;
/** Bytes, with attributes; https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export const LARGEST_MESSAGE = 262_144;
export const LARGEST_BATCH = 10;
