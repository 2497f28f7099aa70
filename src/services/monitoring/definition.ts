// What an alarm's definition means: its metrics as queries, the value that is compared, and who must wake it.

import type { Ctx } from '#cloud/ctx.ts';
import type { Definition, MetricAlarm } from './alarms/alarm.ts';
import type { Treatment } from './alarms/missing-data.ts';
import { watches } from './metrics/alarm-metrics.ts';
import { planOf } from './metrics/queries.ts';
import type { WireQuery } from './metrics/queries.ts';

/** The id under which the metric of an alarm without metric math stands. */
export const ONLY = 'm1';

/** An alarm's metrics as queries: one for a plain alarm, its own for metric math. */
export function queriesOf(definition: Definition): readonly WireQuery[] {
  const {
    MetricName,
    Namespace,
    Statistic,
    ExtendedStatistic,
    Dimensions,
    Period = 60,
    Unit,
    Metrics,
  } = definition;
  if (Metrics) return Metrics;
  const Metric = { MetricName, Namespace, Dimensions };
  return [
    {
      Id: ONLY,
      MetricStat: { Metric, Period, Stat: Statistic ?? ExtendedStatistic ?? '', Unit },
      ReturnData: true,
    },
  ];
}

/** The id of the query whose values are compared. */
export function comparedId(queries: readonly WireQuery[]): string {
  return (queries.find(({ ReturnData }) => ReturnData !== false) as WireQuery).Id;
}

/** Alarms on DynamoDB's metrics ignore missing data whatever they are told. */
export function treatmentOf(definition: Definition): Treatment {
  const namespaces = queriesOf(definition).map(({ MetricStat }) => MetricStat?.Metric.Namespace);
  if (namespaces.includes('AWS/DynamoDB')) return 'ignore';
  return (definition.TreatMissingData ?? 'missing') as Treatment;
}

/** Lets new data points of an alarm's metrics wake it. */
export function watch(
  ctx: Ctx,
  { name, definition, clock }: Pick<MetricAlarm, 'name' | 'definition' | 'clock'>,
): void {
  for (const { key } of planOf(queriesOf(definition)).metrics)
    ctx.put(watches, { metric: key, alarm: name, clock });
}

/** Lets go of the metrics that an alarm looks at. */
export function unwatch(ctx: Ctx, { name, definition }: MetricAlarm): void {
  for (const { key } of planOf(queriesOf(definition)).metrics) ctx.delete(watches, `${key}@${name}`);
}
