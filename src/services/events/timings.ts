// How long EventBridge takes, how it retries, and its limits.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

export const deliveryDelay: Timing = timing(
  'events/delivery-delay',
  [50, 130],
  'assumed',
  'AWS publishes no figure in its documentation; users measure about a tenth of a second',
);

/** A schedule runs somewhere in its minute. */
export const scheduleDelay: Timing = timing(
  'events/schedule-delay',
  [0, 30_000],
  'assumed',
  'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html: runs within the minute, not at its beginning; how late is not said',
);

/** The pause after a first failed attempt; it doubles with each further one. */
export const firstRetry: Timing = timing(
  'events/first-retry',
  [500, 1500],
  'assumed',
  'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html: exponential back-off with jitter; the pauses are not said',
  1000,
);

/** From the bus into an archive. */
export const archiveDelay: Timing = timing(
  'events/archive-delay',
  [0, 600_000],
  'documented',
  'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html: events may arrive late; wait ten minutes before a replay',
);

/** In the profile `instant` there is still time to cancel a replay. */
export const replayStart: Timing = timing(
  'events/replay-start',
  [60_000, 300_000],
  'observed',
  'LocalStack, tests/aws/services/events/test_archive_and_replay.py: "replaying an archive mostly takes at least 5 minutes on AWS"',
  1000,
);

/** From the events of one minute to those of the next. */
export const replayMinute: Timing = timing(
  'events/replay-minute',
  1000,
  'assumed',
  'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html: in intervals of a minute; how fast is not said',
);

/** So that 185 attempts fill 24 hours. */
export const LONGEST_PAUSE_MS = 480_000;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html */
export const MOST_ATTEMPTS = 185;
export const LONGEST_AGE_MS = 86_400_000;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
export const MOST_BUSES = 100;
export const MOST_RULES = 300;
export const MOST_TARGETS = 5;
/** At a time, as LocalStack's test tests_concurrency_error_too_many_active_replays recorded. */
export const MOST_REPLAYS = 10;
/** Bytes of all entries of one request: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
export const LARGEST_REQUEST = 262_144;
/** Characters: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html */
export const LONGEST_POLICY = 10_240;
