// Metric alarms: what PutMetricAlarm takes and what it refuses.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html

import { Fault } from '#contract/fault.ts';
import type { Input } from '#cloud/contracts.ts';
import type { Operations } from '#cloud/service.ts';
import { comparedId, queriesOf, unwatch, watch } from '../definition.ts';
import { EVALUATION, tickAfter } from '../metrics/alarm-metrics.ts';
import { checkPeriod, kindOfQuery, planOf } from '../metrics/queries.ts';
import type { Plan } from '../metrics/queries.ts';
import { fewestSamples, parseStatistic } from '../metrics/statistics.ts';
import { alarms } from './alarm.ts';
import type { Definition } from './alarm.ts';
import { newAlarm, saved } from './alarms.ts';
import { clockOf } from './evaluation.ts';

type WireAlarm = Input<'monitoring', 'PutMetricAlarm'>;

const DAY = 86_400;
const WEEK = 604_800;
const MOST_METRICS = 10;
const TREATMENTS: readonly string[] = ['breaching', 'notBreaching', 'ignore', 'missing'];
const LOW_SAMPLES: readonly string[] = ['evaluate', 'ignore'];

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

function required<T>(value: T | undefined, member: string): T {
  if (value !== undefined) return value;
  throw invalid(
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}

function oneOf(value: string | undefined, known: readonly string[], member: string): void {
  if (value === undefined || known.includes(value)) return;
  // Two are joined by `and`, more by commas as well.
  const listed = `${known.slice(0, -1).join(', ')}${known.length > 2 ? ',' : ''} and ${known.at(-1)}`;
  throw invalid(`Option ${value} is not supported. Supported options for parameter ${member} are ${listed}.`);
}

/** A metric with one statistic, or metric math: not both. */
function checkMetric(input: WireAlarm): void {
  const { MetricName, Namespace, Statistic, ExtendedStatistic, Period, Metrics } = input;
  if (Metrics) {
    const plain = [MetricName, Namespace, Statistic, ExtendedStatistic, Period, input.Dimensions, input.Unit];
    if (plain.some((member) => member !== undefined)) {
      throw invalid(
        'Metrics list must not be specified together with MetricName, Namespace, Dimensions, Period, Unit or Statistic',
      );
    }
    return;
  }
  required(MetricName, 'metricName');
  required(Namespace, 'namespace');
  checkPeriod(required(Period, 'period'));
  if ((Statistic === undefined) === (ExtendedStatistic === undefined)) {
    throw invalid('Exactly one of Statistic and ExtendedStatistic must be specified');
  }
  if (ExtendedStatistic !== undefined && typeof parseStatistic(ExtendedStatistic) !== 'object') {
    throw new Fault(
      'InvalidParameterValue',
      `The value ${ExtendedStatistic} for parameter ExtendedStatistic is not supported.`,
    );
  }
}

function checkPlan(plan: Plan, { Metrics }: Definition): void {
  if (!Metrics) return;
  if (plan.metrics.length === 0) throw invalid('An alarm needs at least one metric');
  if (plan.metrics.length > MOST_METRICS) throw invalid(`An alarm can have at most ${MOST_METRICS} metrics`);
  if (Metrics.filter(({ ReturnData }) => ReturnData !== false).length !== 1) {
    throw invalid('Exactly one element of the metrics list should return data.');
  }
  if (new Set(plan.metrics.map(({ periodMs }) => periodMs)).size > 1)
    throw invalid('Metrics must all have the same period');
  if (kindOfQuery(plan, comparedId(Metrics)) !== 'TS') {
    throw invalid('The expression that returns data must return a single time series');
  }
}

function checkNumbers(input: WireAlarm, periodSeconds: number, evaluationPeriods: number): void {
  const { DatapointsToAlarm, ComparisonOperator, EvaluateLowSampleCountPercentile, ExtendedStatistic } =
    input;
  const longest = periodSeconds >= 3600 ? WEEK : DAY;
  if (periodSeconds * evaluationPeriods > longest) {
    const span = longest === DAY ? 'a day' : '7 days';
    throw invalid(
      `Metrics cannot be checked across more than ${span} (EvaluationPeriods * Period must be <= ${longest}).`,
    );
  }
  if (DatapointsToAlarm !== undefined && DatapointsToAlarm > evaluationPeriods) {
    throw invalid('DatapointsToAlarm must be less than or equal to EvaluationPeriods');
  }
  if (ComparisonOperator?.includes('Lower') || ComparisonOperator?.includes('Upper')) {
    throw new Fault('NotImplemented', 'Anomaly detection alarms are not modelled by Sandtable.');
  }
  oneOf(input.TreatMissingData, TREATMENTS, 'TreatMissingData');
  oneOf(EvaluateLowSampleCountPercentile, LOW_SAMPLES, 'EvaluateLowSampleCountPercentile');
  const percentile = ExtendedStatistic === undefined ? undefined : parseStatistic(ExtendedStatistic);
  if (EvaluateLowSampleCountPercentile !== undefined && (!percentile || fewestSamples(percentile) === 0)) {
    throw invalid(
      'Option EvaluateLowSampleCountPercentile can only be set if ExtendedStatistic is a percentile',
    );
  }
}

function definitionOf(input: WireAlarm): Definition {
  const { MetricName, Namespace, Statistic, ExtendedStatistic, Dimensions, Period, Unit, Metrics } = input;
  const { DatapointsToAlarm, TreatMissingData, EvaluateLowSampleCountPercentile } = input;
  const optional = {
    MetricName,
    Namespace,
    Statistic,
    ExtendedStatistic,
    Dimensions,
    Period,
    Unit,
    Metrics,
    DatapointsToAlarm,
    TreatMissingData,
    EvaluateLowSampleCountPercentile,
  };
  const given = Object.fromEntries(Object.entries(optional).filter(([, member]) => member !== undefined));
  return {
    ...given,
    EvaluationPeriods: required(input.EvaluationPeriods, 'evaluationPeriods'),
    Threshold: required(input.Threshold, 'threshold'),
    ComparisonOperator: required(input.ComparisonOperator, 'comparisonOperator'),
  };
}

export const metricAlarmOperations: Operations<'monitoring'> = {
  PutMetricAlarm(ctx, input) {
    const { AlarmName: name } = input;
    checkMetric(input);
    const definition = definitionOf(input);
    const plan = planOf(queriesOf(definition));
    checkPlan(plan, definition);
    const periodSeconds = (plan.metrics[0]?.periodMs ?? 0) / 1000;
    checkNumbers(input, periodSeconds, definition.EvaluationPeriods);
    const known = ctx.get(alarms, name);
    if (known?.kind === 'composite') {
      throw invalid(`An alarm with the name ${name} exists and is not a metric alarm`);
    }
    if (known) unwatch(ctx, known);
    const clock = clockOf(ctx, name, periodSeconds, definition.EvaluationPeriods);
    watch(ctx, { name, definition, clock });
    saved(ctx, { ...newAlarm(ctx, input, 'metric', known), kind: 'metric', definition, clock }, known);
    ctx.wake(EVALUATION, name, tickAfter(clock, ctx.now));
  },
};
