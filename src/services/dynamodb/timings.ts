// How long DynamoDB takes, and its limits.

import { timing } from '#cloud/timing.ts';
import type { Timing } from '#cloud/timing.ts';

const WORKING_WITH_TABLES =
  'AWS publishes no figure; waiters look every 20 s (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html)';

export const tableCreation: Timing = timing(
  'dynamodb/table-creation',
  [5000, 12_000],
  'assumed',
  WORKING_WITH_TABLES,
);
export const tableDeletion: Timing = timing(
  'dynamodb/table-deletion',
  [3000, 8000],
  'assumed',
  WORKING_WITH_TABLES,
);
export const backupCreation: Timing = timing(
  'dynamodb/backup-creation',
  [1000, 5000],
  'assumed',
  'within seconds, however large the table is (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CreateBackup.html)',
);
export const tableRestoration: Timing = timing(
  'dynamodb/table-restoration',
  [300_000, 1_200_000],
  'assumed',
  'most take less than an hour (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Restore.Tutorial.html)',
);
/** Throughput, table class, encryption. */
export const tableUpdate: Timing = timing(
  'dynamodb/table-update',
  [10_000, 40_000],
  'assumed',
  WORKING_WITH_TABLES,
);
export const billingModeChange: Timing = timing(
  'dynamodb/billing-mode-change',
  [120_000, 300_000],
  'assumed',
  'takes "several minutes" (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-switching-capacity-modes.html)',
);
export const indexAllocation: Timing = timing(
  'dynamodb/index-allocation',
  [60_000, 180_000],
  'assumed',
  'the phases are documented (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html), not their length',
);
export const indexBackfill: Timing = timing(
  'dynamodb/index-backfill',
  [120_000, 300_000],
  'assumed',
  'the phases are documented (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html); minutes even for an empty table',
);
export const indexDeletion: Timing = timing(
  'dynamodb/index-deletion',
  [60_000, 180_000],
  'assumed',
  'documented as online, without a figure (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html)',
);
export const timeToLiveChange: Timing = timing(
  'dynamodb/time-to-live-change',
  [60_000, 600_000],
  'assumed',
  'up to an hour (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html)',
);
/** Between the instant in an item's attribute and its deletion. */
export const expiry: Timing = timing(
  'dynamodb/time-to-live-expiry',
  [60_000, 172_800_000],
  'documented',
  'within a few days (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html)',
);
/** How often `ItemCount` and sizes are brought up to date. */
export const countRefresh: Timing = timing(
  'dynamodb/count-refresh',
  21_600_000,
  'documented',
  'approximately every six hours (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html)',
);

/**
 * A table's time to live can be changed once in this time.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
 */
export const TIME_TO_LIVE_CHANGES_MS = 3_600_000;
/**
 * Items that expired longer ago are left alone.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
 */
export const EXPIRED_LONG_AGO_MS: number = 5 * 365 * 86_400_000;
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
export const MOST_ITEM_BYTES: number = 400 * 1024;
export const MOST_PAGE_BYTES: number = 1024 * 1024;
export const MOST_GLOBAL_INDEXES = 20;
export const MOST_LOCAL_INDEXES = 5;
export const MOST_TAGS = 50;
/** Of all `INCLUDE` projections of a table together. */
export const MOST_PROJECTED = 100;
export const MOST_BATCH_BYTES: number = 16 * 1024 * 1024;
export const MOST_TRANSACTION_BYTES: number = 4 * 1024 * 1024;
/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
export const TOKEN_MS = 600_000;
/**
 * Unused capacity that is kept for bursts.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
 */
export const BURST_SECONDS = 300;
