// Alarms as the report shows them, read through CloudWatch's own public operation.

import { rootOf } from '#cloud/principal.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import type { AlarmReport } from './result.ts';
import type { Scene } from './scene.ts';

type Item = NonNullable<Output<'monitoring', 'DescribeAlarmHistory'>['AlarmHistoryItems']>[number];

/** Every change of an alarm's state from `since` on, in order. */
export function alarmReports(scene: Scene, since: number): AlarmReport[] {
  const found: AlarmReport[] = [];
  let NextToken: string | undefined;
  do {
    const page = history(scene, {
      HistoryItemType: 'StateUpdate',
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
      StartDate: since,
      ScanBy: 'TimestampAscending',
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    found.push(...(page.AlarmHistoryItems ?? []).map(report));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return found;
}

function report({
  Timestamp = 0,
  AlarmName = '',
  HistorySummary = '',
  HistoryData = '{}',
}: Item): AlarmReport {
  const { newState = {} } = JSON.parse(HistoryData) as {
    newState?: { stateValue?: string; stateReason?: string };
  };
  const { stateValue = '', stateReason = '' } = newState;
  return { at: Timestamp, alarm: AlarmName, summary: HistorySummary, state: stateValue, reason: stateReason };
}

function history(
  scene: Scene,
  input: Input<'monitoring', 'DescribeAlarmHistory'>,
): Output<'monitoring', 'DescribeAlarmHistory'> {
  return scene.look((ctx) => {
    const outcome = ctx.cloud.run(ctx, 'monitoring', 'DescribeAlarmHistory', input, rootOf(ctx.account));
    if (!outcome.ok) throw outcome.fault;
    return outcome.output as Output<'monitoring', 'DescribeAlarmHistory'>;
  });
}
