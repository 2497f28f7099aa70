// What happened to alarms: configuration, states and actions. Kept for 30 days, also of alarms that are gone.

import { table } from '#world/index.ts';
import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { instantKey } from '../metrics/points.ts';
import { HISTORY_MS } from '../timings.ts';

type ItemType = NonNullable<Input<'monitoring', 'DescribeAlarmHistory'>['HistoryItemType']>;

export interface HistoryItem {
  /** Instant and order of writing. */
  id: string;
  alarm: string;
  alarmType: 'MetricAlarm' | 'CompositeAlarm';
  at: number;
  type: ItemType;
  summary: string;
  /** JSON text. */
  data: string;
}

export const historyItems: Table<HistoryItem> = table<HistoryItem>(
  'monitoring/history-items',
  (row) => row.id,
  {
    alarm: (row) => row.alarm,
  },
);

type NewItem = Pick<HistoryItem, 'alarm' | 'alarmType' | 'type' | 'summary' | 'data'>;

export function remember(ctx: Ctx, item: NewItem): void {
  const id = `${instantKey(ctx.now)}@${String(ctx.kernel.nextSeq()).padStart(12, '0')}`;
  ctx.put(historyItems, { id, at: ctx.now, ...item });
  for (const old of ctx.scan(historyItems, { limit: 2 })) {
    if (old.at < ctx.now - HISTORY_MS) ctx.delete(historyItems, old.id);
  }
}

const PAGE_SIZE = 100;

export const historyOperations: Operations<'monitoring'> = {
  DescribeAlarmHistory(ctx, input) {
    const {
      AlarmName,
      AlarmTypes,
      HistoryItemType,
      StartDate = 0,
      EndDate = Infinity,
      MaxRecords = PAGE_SIZE,
    } = input;
    const types = AlarmTypes ?? ['MetricAlarm'];
    const rows =
      AlarmName === undefined ? ctx.list(historyItems) : ctx.list(historyItems, 'alarm', AlarmName);
    const found = rows.filter(
      ({ at, type, alarmType }) =>
        at >= Math.max(StartDate, ctx.now - HISTORY_MS) &&
        at <= EndDate &&
        (HistoryItemType === undefined || type === HistoryItemType) &&
        // A named alarm is shown whatever it is; without a name only metric alarms are, unless asked for.
        ((AlarmName !== undefined && AlarmTypes === undefined) || types.includes(alarmType)),
    );
    const ordered = input.ScanBy === 'TimestampAscending' ? found : found.toReversed();
    const { items, next } = pageOf(ordered, ({ id }) => id, {
      token: input.NextToken,
      limit: MaxRecords,
      invalidToken: () => new Fault('InvalidNextToken', 'The next token specified is invalid.'),
    });
    const AlarmHistoryItems = items.map(({ alarm, alarmType, at, type, summary, data }) => ({
      AlarmName: alarm,
      AlarmType: alarmType,
      Timestamp: at,
      HistoryItemType: type,
      HistorySummary: summary,
      HistoryData: data,
    }));
    return { AlarmHistoryItems, NextToken: next };
  },
};
