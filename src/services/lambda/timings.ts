// How long Lambda takes, and its limits.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

const STATES =
  'AWS publishes no figure; zip functions are seen Pending for a second or a few, https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html';

/** From CreateFunction until the function is Active. */
export const creation: Timing = timing('lambda/creation', [1_000, 4_000], 'assumed', STATES);
/** From an update until LastUpdateStatus is Successful. */
export const update: Timing = timing('lambda/update', [1_000, 3_000], 'assumed', STATES);

/** An execution environment that nobody uses is shut down after this. */
export const environmentIdle: Timing = timing(
  'lambda/environment-idle',
  [300_000, 420_000],
  'assumed',
  'AWS publishes no figure; measurements of others begin at some 5 minutes',
  300_000,
);

/** Credentials of an execution environment; it is replaced before they run out. */
export const credentialsLifetime: Timing = timing(
  'lambda/credentials-lifetime',
  43_200_000,
  'assumed',
  'AWS publishes no figure',
  43_200_000,
);

/** From the acceptance of an asynchronous event until its first attempt. */
export const eventDispatch: Timing = timing(
  'lambda/event-dispatch',
  [20, 100],
  'assumed',
  'AWS publishes no figure; well under a second in practice',
);

const RETRIES = 'https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html';

/** Pause before the first and before the second retry of an event whose function failed. */
export const firstRetry: Timing = timing('lambda/first-retry', 60_000, 'documented', RETRIES, 60_000);
export const secondRetry: Timing = timing('lambda/second-retry', 120_000, 'documented', RETRIES, 120_000);

/** Pause before an event that was throttled is tried again: doubles from 1 second to 5 minutes. */
export function throttleRetryMs(throttles: number): number {
  return Math.min(300_000, 1000 * (1 << Math.min(throttles, 9)));
}

const MAPPINGS = 'AWS publishes no figure; mappings of queues are seen Creating for some seconds';

/** From a request about an event source mapping until the mapping is as asked. */
export const mappingChange: Timing = timing('lambda/mapping-change', [3_000, 10_000], 'assumed', MAPPINGS);

/** From the arrival of messages at a poller until the function is invoked with them. */
export const batchDispatch: Timing = timing(
  'lambda/batch-dispatch',
  [10, 50],
  'assumed',
  'AWS publishes no figure; well under a second in practice',
);

/** How long a mapping leaves its queue alone after a throttle, or after the queue refused it. */
export const mappingBackoff: Timing = timing(
  'lambda/mapping-backoff',
  [2_000, 6_000],
  'assumed',
  'AWS says that it backs off, https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html',
  1_000,
);
export const mappingRefusal: Timing = timing(
  'lambda/mapping-refusal',
  60_000,
  'assumed',
  'AWS publishes no figure for how often a mapping without permission tries again',
  60_000,
);

/** Concurrent executions of an account in a region; https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html */
export const ACCOUNT_CONCURRENCY = 1000;
/** Reserved concurrency leaves at least this much to the other functions. */
export const LEAST_UNRESERVED = 100;
/** Of all packages; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const LARGEST_CODE_STORAGE = 80_530_636_800;

/** Batches that a mapping of a standard queue has in flight at first, and how many more each further minute. */
export const FIRST_POLLERS = 5;
export const MORE_POLLERS = 300;
/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
export const MOST_POLLERS = 1250;

/** If whoever runs an invocation says nothing this long after it should have timed out, Lambda ends it. */
export const SILENCE_MS = 60_000;
