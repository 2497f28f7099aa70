// How long CloudWatch takes, and the limits of what it takes.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

/** From the end of a minute until what an AWS service measured in it can be seen. */
export const vendedDelay: Timing = timing(
  'monitoring/vended-delay',
  [30_000, 90_000],
  'assumed',
  'AWS publishes no figure; alarms on AWS metrics commonly see the newest minute one to two minutes late',
);

/** From PutMetricData until the data point can be seen. */
export const putDelay: Timing = timing(
  'monitoring/put-delay',
  [1000, 5000],
  'assumed',
  'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html gives up to 2 minutes for a new metric',
);

/** Data points between 3 and 24 hours old. */
export const oldPutDelay: Timing = timing(
  'monitoring/old-put-delay',
  [0, 7_200_000],
  'documented',
  'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html: as much as 2 hours',
);

/** Data points older than 24 hours. */
export const veryOldPutDelay: Timing = timing(
  'monitoring/very-old-put-delay',
  172_800_000,
  'documented',
  'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html: at least 48 hours',
);

/** From a metric's first data point until ListMetrics shows it. */
export const listingDelay: Timing = timing(
  'monitoring/listing-delay',
  [60_000, 900_000],
  'documented',
  'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html: up to 15 minutes',
);

/** Where in its minute an alarm is evaluated. Each alarm keeps its own second, as captured histories show. */
export const evaluationPhase: Timing = timing(
  'monitoring/evaluation-phase',
  [0, 60_000],
  'observed',
  'alarm histories: all transitions of one alarm fall on the same second of the minute',
);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * How far from now a data point may lie.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
 */
export const OLDEST_PUT_MS: number = 14 * DAY;
export const LATEST_PUT_MS: number = 2 * HOUR;
export const OLD_PUT_MS: number = 3 * HOUR;
export const VERY_OLD_PUT_MS: number = DAY;

/** A metric without data for this long is no longer listed. */
export const LISTED_MS: number = 14 * DAY;
/** What RecentlyActive PT3H asks for, and how coarsely a metric's latest data point is kept; AWS allows 50 minutes. */
export const RECENT_MS: number = 3 * HOUR;
export const ACTIVITY_GRAIN_MS: number = 1_800_000;

/** Data points are kept as they came for as long as AWS keeps minutes; AWS then rolls them up instead. */
export const RETENTION_MS: number = 15 * DAY;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html */
export const HISTORY_MS: number = 30 * DAY;
