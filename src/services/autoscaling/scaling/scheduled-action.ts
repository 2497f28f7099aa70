// The row of a scheduled action.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';

export interface ScheduledAction {
  arn: string;
  group: string;
  name: string;
  /** 0 where the request gave none. */
  startAt: number;
  endAt: number;
  /** Empty: once. */
  recurrence: string;
  timeZone: string;
  /** -1: left as they are. */
  minSize: number;
  maxSize: number;
  desired: number;
  /** When it is carried out next, epoch ms. */
  nextAt: number;
  /** How often it was carried out. */
  runs: number;
}

export const scheduledActions: Table<ScheduledAction> = table<ScheduledAction>(
  'autoscaling/scheduled-actions',
  (row) => row.arn,
  {
    group: (row) => row.group,
  },
);
