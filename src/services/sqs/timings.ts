// How long SQS takes, and its limits.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

/** How long the name of a deleted queue stays taken. */
export const nameReuse: Timing = timing(
  'sqs/name-reuse',
  60_000,
  'documented',
  'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html: 60 seconds',
);

/** Between two purges of one queue. */
export const purgeInterval: Timing = timing(
  'sqs/purge-interval',
  60_000,
  'documented',
  'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html: 60 seconds',
);

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const LARGEST_MESSAGE = 1_048_576;
export const LARGEST_BATCH = 10;
export const MOST_ATTRIBUTES = 10;
/** From the first receive of a message, whatever its visibility timeout is changed to. */
export const LONGEST_INVISIBLE_MS = 43_200_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html, and quotas-fifo.html */
export const MOST_IN_FLIGHT = 120_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html */
export const DEDUPLICATION_MS = 300_000;
/** How long a receive can be repeated; the page is named in ./receive-attempts.ts. */
export const RECEIVE_ATTEMPT_MS = 300_000;

/** From StartMessageMoveTask until the first messages are moved. */
export const moveStart: Timing = timing(
  'sqs/move-start',
  [1000, 3000],
  'assumed',
  'AWS publishes no figure; tasks over a few messages are done within seconds',
);
/** Messages that a move task moves in a second where it was given no rate; AWS chooses, and allows to ask for 500 at most. */
export const MOVES_PER_SECOND = 500;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html */
export const ACTIVE_MS = 21_600_000;
