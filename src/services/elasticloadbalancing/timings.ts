// How long Elastic Load Balancing takes, and how finely a slow start is stepped.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const provisioning: Timing = timing(
  'elasticloadbalancing/provisioning',
  [90_000, 180_000],
  'assumed',
  'AWS publishes no figure; a new Application Load Balancer is active after two to three minutes in practice',
);

/** From registration to the first health check of a target. */
export const firstCheck: Timing = timing(
  'elasticloadbalancing/first-check',
  [2000, 8000],
  'assumed',
  'AWS gives no figure; https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html',
);

/**
 * A slow start grows linearly; here it grows in steps of this many ms, so that routing is constant in
 * between.
 */
export const SLOW_START_STEP_MS = 5000;
