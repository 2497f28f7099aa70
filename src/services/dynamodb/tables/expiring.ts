// Switching time to live on and off, and the deletion of what has expired.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html

import { timer } from '#world/index.ts';
import type { TimerHandler, TimerKind } from '#world/index.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { invalid } from '../faults.ts';
import { placeOf } from '../keys.ts';
import { items, tables } from '../rows.ts';
import type { ItemRow, TableRow } from '../rows.ts';
import { removeItem } from '../store.ts';
import { TIME_TO_LIVE_CHANGES_MS, timeToLiveChange } from '../timings.ts';
import { changeableTable, tableOf } from './table.ts';
import { awaitExpiry, expiryDue, isExpiring } from './time-to-live.ts';
import type { Expiry } from './time-to-live.ts';

interface Change {
  readonly table: string;
  readonly tableId: string;
  readonly changedAt: number;
}
const changeDue: TimerKind<Change> = timer<Change>('dynamodb/time-to-live-change-due');

export const expire: TimerHandler<Expiry, Ctx> = {
  kind: expiryDue,
  live: isExpiring,
  fire(home, { table, key }) {
    removeItem(home, home.get(tables, table) as TableRow, home.get(items, key) as ItemRow);
  },
};

export const settleTimeToLive: TimerHandler<Change, Ctx> = {
  kind: changeDue,
  live(home, { table: name, tableId, changedAt }) {
    const table = home.get(tables, name);
    return table?.id === tableId && table.timeToLive?.changedAt === changedAt;
  },
  fire(home, { table: name }) {
    const table = home.get(tables, name) as TableRow;
    const { timeToLive } = table;
    if (!timeToLive) return;
    const status = timeToLive.status === 'ENABLING' ? 'ENABLED' : 'DISABLED';
    const settled = home.update(tables, table, { timeToLive: { ...timeToLive, status } });
    if (status === 'DISABLED') return;
    for (const { key, item } of home.scan(items, { prefix: placeOf(table) }))
      awaitExpiry(home, settled, key, item);
  },
};

export const timeToLiveOperations: Operations<'dynamodb'> = {
  DescribeTimeToLive(ctx, { TableName }) {
    const { timeToLive } = tableOf(ctx, TableName).table;
    if (!timeToLive || timeToLive.status === 'DISABLED')
      return { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } };
    const { status, attribute } = timeToLive;
    return { TimeToLiveDescription: { TimeToLiveStatus: status, AttributeName: attribute } };
  },

  UpdateTimeToLive(ctx, { TableName, TimeToLiveSpecification }) {
    const { home, table } = changeableTable(ctx, TableName);
    const { AttributeName, Enabled } = TimeToLiveSpecification;
    const { timeToLive } = table;
    const isOn = timeToLive?.status === 'ENABLED' || timeToLive?.status === 'ENABLING';
    if (Enabled && isOn) throw invalid('TimeToLive is already enabled');
    if (!Enabled && !isOn) throw invalid('TimeToLive is already disabled');
    if (isOn && timeToLive.attribute !== AttributeName)
      throw invalid(
        `TimeToLive is active on a different AttributeName: current AttributeName is ${timeToLive.attribute}`,
      );
    if (timeToLive && home.now - timeToLive.changedAt < TIME_TO_LIVE_CHANGES_MS)
      throw invalid('Time to live has been modified multiple times within a fixed interval');
    const status = Enabled ? 'ENABLING' : 'DISABLING';
    home.update(tables, table, { timeToLive: { attribute: AttributeName, status, changedAt: home.now } });
    home.schedule(changeDue, home.now + home.duration(timeToLiveChange, table.arn), {
      table: table.name,
      tableId: table.id,
      changedAt: home.now,
    });
    return { TimeToLiveSpecification: { AttributeName, Enabled } };
  },
};
