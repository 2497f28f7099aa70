// How long SNS takes, and how it retries.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const deliveryDelay: Timing = timing(
  'sns/delivery-delay',
  [20, 60],
  'assumed',
  'AWS publishes no figure; well under a second in practice',
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
