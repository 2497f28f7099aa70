// The notification of an alarm: subject and JSON, as published ones read.

import type { Ctx } from '#cloud/ctx.ts';
import { Double, isoInstant, json } from '../java-text.ts';
import { regionName } from '../region-names.ts';
import { childrenOf, alarms } from './alarm.ts';
import type { Alarm, AlarmState, MetricAlarm } from './alarm.ts';

/** SNS takes no longer subject. */
const LONGEST_SUBJECT = 100;

/** `ALARM: "name" in US East (N. Virginia)`; long names are cut so that the subject stays within SNS's limit. */
export function subjectOf(ctx: Ctx, { name, state }: Alarm): string {
  const around = `${state.value}: "" in ${regionName(ctx.region)}`.length;
  const plain = name.replaceAll(/[^ -~]/g, '?');
  const room = LONGEST_SUBJECT - around;
  const shown = plain.length <= room ? plain : `${plain.slice(0, room - 3)}...`;
  return `${state.value}: "${shown}" in ${regionName(ctx.region)}`;
}

export function messageOf(ctx: Ctx, alarm: Alarm, before: AlarmState): string {
  const { actions, state } = alarm;
  return json({
    AlarmName: alarm.name,
    AlarmDescription: alarm.description ?? null,
    AWSAccountId: ctx.account,
    AlarmConfigurationUpdatedTimestamp: isoInstant(alarm.configuredAt),
    NewStateValue: state.value,
    NewStateReason: state.reason,
    StateChangeTime: isoInstant(state.updatedAt),
    Region: regionName(ctx.region),
    AlarmArn: alarm.arn,
    OldStateValue: before.value,
    OKActions: actions.OK,
    AlarmActions: actions.ALARM,
    InsufficientDataActions: actions.INSUFFICIENT_DATA,
    ...(alarm.kind === 'metric'
      ? { Trigger: triggerOf(alarm) }
      : { AlarmRule: alarm.rule, TriggeringChildren: triggeringChildren(ctx, alarm) }),
  });
}

function triggerOf({ definition }: MetricAlarm): object {
  const { Statistic, ExtendedStatistic, Metrics } = definition;
  const tail = {
    Period: definition.Period ?? Metrics?.find(({ MetricStat }) => MetricStat)?.MetricStat?.Period,
    EvaluationPeriods: definition.EvaluationPeriods,
    DatapointsToAlarm: definition.DatapointsToAlarm,
    ComparisonOperator: definition.ComparisonOperator,
    Threshold: new Double(definition.Threshold),
    TreatMissingData: definition.TreatMissingData ?? '',
    EvaluateLowSampleCountPercentile: definition.EvaluateLowSampleCountPercentile ?? '',
  };
  if (Metrics) return { ...tail, Metrics: Metrics.map(inMessage) };
  return {
    MetricName: definition.MetricName,
    Namespace: definition.Namespace,
    StatisticType: Statistic === undefined ? 'ExtendedStatistic' : 'Statistic',
    ...(Statistic === undefined ? { ExtendedStatistic } : { Statistic: IN_CAPITALS[Statistic] }),
    Unit: definition.Unit ?? null,
    Dimensions: inOrder(definition.Dimensions),
    ...tail,
  };
}

const IN_CAPITALS = {
  SampleCount: 'SAMPLE_COUNT',
  Average: 'AVERAGE',
  Sum: 'SUM',
  Minimum: 'MINIMUM',
  Maximum: 'MAXIMUM',
} as const;

/** CloudWatch writes the value first. */
function inOrder(dimensions: MetricAlarm['definition']['Dimensions'] = []): object[] {
  return dimensions.map(({ Name, Value }) => ({ value: Value, name: Name }));
}

function inMessage(query: NonNullable<MetricAlarm['definition']['Metrics']>[number]): object {
  const { Id, Expression, Label, MetricStat, ReturnData = true } = query;
  if (!MetricStat) return { Expression, Id, Label, ReturnData };
  const { Metric, Period, Stat, Unit } = MetricStat;
  const { Dimensions, MetricName, Namespace } = Metric;
  const stat = { Metric: { Dimensions: inOrder(Dimensions), MetricName, Namespace }, Period, Stat, Unit };
  return { Id, Label, MetricStat: stat, ReturnData };
}

/** The children whose change brought this one about. */
function triggeringChildren(ctx: Ctx, { name, state }: Alarm): object[] {
  const children = childrenOf(ctx, name).map((child) => ctx.get(alarms, child));
  return children
    .filter((child) => child !== undefined)
    .filter((child) => child.state.transitionedAt === state.updatedAt)
    .map((child) => ({
      Arn: child.arn,
      State: { Value: child.state.value, Timestamp: isoInstant(child.state.updatedAt) },
    }));
}
