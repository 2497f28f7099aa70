// What EventBridge is told when an alarm changes its state.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html

import type { Ctx } from '#cloud/ctx.ts';
import { tellEventBridge } from '#cloud/service-events.ts';
import { isoInstant } from '../java-text.ts';
import type { Alarm, AlarmState, Definition } from './alarm.ts';

export function tellStateChange(ctx: Ctx, alarm: Alarm, before: AlarmState): void {
  tellEventBridge(ctx, 'aws.cloudwatch', () => ({
    detailType: 'CloudWatch Alarm State Change',
    resources: [alarm.arn],
    detail: {
      alarmName: alarm.name,
      configuration: {
        ...(alarm.description === undefined ? {} : { description: alarm.description }),
        ...(alarm.kind === 'metric' ? { metrics: metricsOf(ctx, alarm) } : { alarmRule: alarm.rule }),
      },
      previousState: shown(before),
      state: shown(alarm.state),
    },
  }));
}

function shown({ value, reason, reasonData, updatedAt }: AlarmState): object {
  return {
    value,
    reason,
    ...(reasonData === undefined ? {} : { reasonData }),
    timestamp: isoInstant(updatedAt),
  };
}

type Query = NonNullable<Definition['Metrics']>[number];
type Dimensions = Definition['Dimensions'];

function dimensionsIn(dimensions: Dimensions = []): Record<string, string> {
  return Object.fromEntries(dimensions.map(({ Name = '', Value = '' }) => [Name, Value]));
}

/** An alarm on a single metric is shown as one with one query. */
function metricsOf(ctx: Ctx, { definition }: Extract<Alarm, { kind: 'metric' }>): object[] {
  const { Metrics, Namespace, MetricName, Dimensions, Period, Statistic, ExtendedStatistic } = definition;
  if (Metrics) return Metrics.map(queryIn);
  const metric = { namespace: Namespace, name: MetricName, dimensions: dimensionsIn(Dimensions) };
  const metricStat = { metric, period: Period, stat: Statistic ?? ExtendedStatistic };
  return [{ id: ctx.uuid('alarm-metric'), metricStat, returnData: true }];
}

function queryIn({ Id, Expression, Label, MetricStat, Period, ReturnData = true }: Query): object {
  const { Metric: metric, Period: period, Stat: stat } = MetricStat ?? {};
  return {
    id: Id,
    ...(Expression === undefined ? {} : { expression: Expression, period: Period }),
    ...(Label === undefined ? {} : { label: Label }),
    ...(metric && {
      metricStat: {
        metric: {
          namespace: metric.Namespace,
          name: metric.MetricName,
          dimensions: dimensionsIn(metric.Dimensions),
        },
        period,
        stat,
      },
    }),
    returnData: ReturnData,
  };
}
