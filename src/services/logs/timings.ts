// How long CloudWatch Logs takes, and the limits of what it takes.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

const STREAM_PAGE = 'https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html';
const DELIVERY_PAGE = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html';

/** From ingestion until DescribeLogStreams shows the times of a stream's events. */
export const streamTimesDelay: Timing = timing(
  'logs/stream-times-delay',
  [10_000, 600_000],
  'assumed',
  `${STREAM_PAGE} says typically less than an hour`,
);

/** From the end of an event's retention until it is deleted. */
export const expiryDelay: Timing = timing(
  'logs/expiry-delay',
  [0, 259_200_000],
  'documented',
  'https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html: up to 72 hours',
);

/** From ingestion until a subscription's destination gets the events. */
export const forwardDelay: Timing = timing(
  'logs/forward-delay',
  [1000, 5000],
  'assumed',
  `AWS promises less than 3 minutes in most cases (${DELIVERY_PAGE}); seconds are usual`,
);

/** Between two attempts to forward the same events. */
export const forwardRetryPause: Timing = timing(
  'logs/forward-retry-pause',
  60_000,
  'assumed',
  `${DELIVERY_PAGE} gives no figure, only that it goes on for 24 hours`,
  60_000,
);

/** How long a subscription filter is passed over after its destination refused it for good. */
export const forwardRest: Timing = timing(
  'logs/forward-rest',
  600_000,
  'documented',
  `${DELIVERY_PAGE}: up to 10 minutes`,
  600_000,
);

export const MINUTE = 60_000;
const HOUR = 3_600_000;
export const DAY: number = 24 * HOUR;

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
export const LARGEST_BATCH = 1_048_576;
export const EVENT_OVERHEAD = 26;
export const LARGEST_EVENT = 1_048_576;
export const OLDEST_EVENT_MS: number = 14 * DAY;
export const LATEST_EVENT_MS: number = 2 * HOUR;
export const LONGEST_SPAN_MS: number = 24 * HOUR;

/** How long events are offered to a destination that is throttled or broken. */
export const FORWARD_MS: number = 24 * HOUR;
