// What DynamoDB tells CloudWatch: the units that are consumed. A request that fails is undone as a whole, its counts with it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html

import type { Ctx } from '#cloud/ctx.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import type { Index, TableRow } from './rows.ts';

const MINUTE = 60_000;

function sample(home: Ctx, name: string, dimensions: Readonly<Record<string, string>>, value: number): void {
  if (!home.cloud.stands(metrics)) return;
  const at = home.now - (home.now % MINUTE);
  const metric = { namespace: 'AWS/DynamoDB', name, dimensions };
  home.port(metrics).publish(home, metric, { at, unit: 'Count', values: [value], counts: [1] });
}

function dimensionsOf(table: TableRow, index: Index | undefined): Record<string, string> {
  return { TableName: table.name, ...(index && { GlobalSecondaryIndexName: index.name }) };
}

export function countConsumed(
  home: Ctx,
  table: TableRow,
  index: Index | undefined,
  kind: 'read' | 'write',
  units: number,
): void {
  const name = kind === 'read' ? 'ConsumedReadCapacityUnits' : 'ConsumedWriteCapacityUnits';
  sample(home, name, dimensionsOf(table, index), units);
}
