// How long Amazon EC2 Auto Scaling takes to notice and to act, and how it batches and retries.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const reaction: Timing = timing(
  'autoscaling/reaction',
  [2_000, 6_000],
  'assumed',
  'AWS publishes no figure; activity histories show launches a few seconds after a change of desired capacity',
);

export const launchPause: Timing = timing(
  'autoscaling/launch-pause',
  [8_000, 12_000],
  'assumed',
  'Large scale-outs appear in the activity history in batches, seconds apart; AWS publishes no figure',
);

export const enterService: Timing = timing(
  'autoscaling/enter-service',
  [1_000, 3_000],
  'assumed',
  'Registration with target groups and the step to InService take seconds; AWS publishes no figure',
);

export const healthPoll: Timing = timing(
  'autoscaling/health-poll',
  [5_000, 30_000],
  'assumed',
  'Auto Scaling asks Elastic Load Balancing periodically; AWS publishes no period',
);

export const impairedPatience: Timing = timing(
  'autoscaling/impaired-patience',
  [120_000, 300_000],
  'documented',
  'A few minutes of failed status checks: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html',
);

export const rebalanceDelay: Timing = timing(
  'autoscaling/rebalance-delay',
  [60_000, 180_000],
  'assumed',
  'Rebalancing follows an imbalance within minutes; AWS publishes no figure',
);

export const launchRetry: Timing = timing(
  'autoscaling/launch-retry',
  [25_000, 40_000],
  'assumed',
  'Failed launches are retried with growing pauses; AWS publishes no figures',
  1_000,
);

export const scheduleDelay: Timing = timing(
  'autoscaling/schedule-delay',
  [0, 10_000],
  'documented',
  'Within seconds, and at most two minutes late: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html',
);

/** How many instances one batch launches. Assumed: AWS batches large scale-outs and publishes no size. */
export const LAUNCH_BATCH = 20;

/** Pauses between failed launches double up to this many times. Assumed. */
export const LARGEST_DOUBLING = 5;

const HOUR_MS = 3_600_000;

/**
 * Launching is suspended administratively after a day of failures without an instance.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
 */
export const HOPELESS_AFTER_MS: number = 24 * HOUR_MS;

/**
 * Activities are kept for six weeks.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html
 */
export const ACTIVITY_RETENTION_MS: number = 42 * 24 * HOUR_MS;

/**
 * An instance refresh that comes no further for an hour fails.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
 */
export const REFRESH_PATIENCE_MS: number = HOUR_MS;

/**
 * Instance refreshes are kept for six weeks.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeInstanceRefreshes.html
 */
export const REFRESH_RETENTION_MS: number = 42 * 24 * HOUR_MS;

/**
 * No target drains for longer.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
 */
export const LONGEST_DRAIN_MS: number = HOUR_MS;

/**
 * Global timeout of a hook: the lesser of 48 hours and 100 heartbeats.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LifecycleHook.html
 */
export function globalTimeoutSeconds(heartbeatSeconds: number): number {
  return Math.min(172_800, 100 * heartbeatSeconds);
}
