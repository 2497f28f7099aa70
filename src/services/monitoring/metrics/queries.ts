// Metric queries, as alarms and GetMetricData have them: metrics with a statistic, and expressions over them.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { dimensionsOf, metricKey } from './metric-key.ts';
import { kindOf, parseExpression } from './metric-math-grammar.ts';
import type { Expression } from './metric-math-grammar.ts';
import { evaluateExpression } from './metric-math.ts';
import type { TimeSeries } from './metric-math.ts';
import { seriesOf } from './series.ts';
import type { Periods, Series } from './series.ts';
import { parseStatistic, valueOf } from './statistics.ts';
import type { Statistic } from './statistics.ts';

export type WireQuery = Input<'monitoring', 'GetMetricData'>['MetricDataQueries'][number];

/** One metric of a plan. */
export interface PlannedMetric {
  readonly id: string;
  readonly key: string;
  readonly statistic: Statistic;
  readonly unit: string | undefined;
  readonly periodMs: number;
}

/** Queries, checked and ready to be read. */
export interface Plan {
  readonly metrics: readonly PlannedMetric[];
  readonly expressions: ReadonlyMap<string, Expression>;
}

const ID = /^[a-z][a-zA-Z0-9_]*$/;

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

/** Periods below a minute of alarms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
const OF_ALARMS: readonly number[] = [10, 20, 30];
/** Of queries: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html */
export const OF_QUERIES: readonly number[] = [1, 5, 10, 20, 30];

export function checkPeriod(seconds: number, short: readonly number[] = OF_ALARMS): void {
  if (seconds % 60 === 0 || short.includes(seconds)) return;
  throw invalid(`Period must be ${short.join(', ')} or a multiple of 60`);
}

function statisticOf(name: string): Statistic {
  const statistic = parseStatistic(name);
  if (statistic === undefined) throw invalid(`The value ${name} for parameter Stat is not supported.`);
  return statistic;
}

/** Throws what AWS answers to queries that make no sense. */
export function planOf(queries: readonly WireQuery[], short?: readonly number[]): Plan {
  const ids = queries.map(({ Id }) => Id);
  const wrong = ids.find((id) => !ID.test(id));
  if (wrong !== undefined) {
    throw invalid(
      `The value ${wrong} for parameter MetricDataQueries.member.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
    );
  }
  if (new Set(ids).size < ids.length)
    throw invalid('The values for parameter id in MetricDataQueries are not unique.');
  const metrics: PlannedMetric[] = [];
  const expressions = new Map<string, Expression>();
  for (const [index, { Id, MetricStat, Expression: text, Period }] of queries.entries()) {
    if (MetricStat === undefined && text === undefined)
      throw invalid(`The parameter MetricDataQueries.member.${index + 1}.MetricStat is required.\n`);
    if (MetricStat !== undefined && text !== undefined) {
      throw invalid(`Exactly one of MetricStat and Expression must be given for the query ${Id}.`);
    }
    if (text !== undefined) {
      if (Period !== undefined) checkPeriod(Period, short);
      expressions.set(Id, parseExpression(Id, text));
    }
    if (MetricStat) metrics.push(plannedMetric(Id, MetricStat, short));
  }
  const known = new Set(metrics.map(({ id }) => id));
  for (const [id, expression] of expressions) kindOf(id, expression, known, expressions);
  return { metrics, expressions };
}

function plannedMetric(
  id: string,
  { Metric, Period, Stat, Unit }: NonNullable<WireQuery['MetricStat']>,
  short: readonly number[] | undefined,
): PlannedMetric {
  const { Namespace: namespace, MetricName: name } = Metric;
  if (namespace === undefined || name === undefined) {
    throw invalid(
      'The parameters MetricStat.Metric.Namespace and MetricStat.Metric.MetricName are required.',
    );
  }
  checkPeriod(Period, short);
  const key = metricKey({ namespace, name, dimensions: dimensionsOf(Metric.Dimensions) });
  return { id, key, statistic: statisticOf(Stat), unit: Unit, periodMs: Period * 1000 };
}

/** What the expression with this id returns: `TS` for a metric. */
export function kindOfQuery({ metrics, expressions }: Plan, id: string): ReturnType<typeof kindOf> {
  const expression = expressions.get(id);
  if (!expression) return 'TS';
  return kindOf(id, expression, new Set(metrics.map((metric) => metric.id)), expressions);
}

/** Samples of each metric, over one run of periods. */
export type Samples = ReadonlyMap<string, Series>;

export function samplesOf(ctx: Ctx, { metrics }: Plan, periods: Periods, seenBefore: number): Samples {
  const found = new Map<string, Series>();
  for (const { id, key, unit, statistic } of metrics) {
    found.set(
      id,
      seriesOf(ctx, key, unit, { periods, seenBefore, histograms: typeof statistic !== 'string' }),
    );
  }
  return found;
}

/** Values of one query over the samples of its metrics. */
export function valuesOf(plan: Plan, id: string, samples: Samples, periods: Periods): TimeSeries {
  const metrics = new Map<string, TimeSeries>();
  for (const { id: metric, statistic } of plan.metrics) {
    const series = samples.get(metric) ?? [];
    metrics.set(
      metric,
      Array.from(series, (one) => one && valueOf(one, statistic)),
    );
  }
  const expression = plan.expressions.get(id);
  if (!expression) return metrics.get(id) ?? [];
  return evaluateExpression(expression, {
    metrics,
    expressions: plan.expressions,
    periodSeconds: periods.periodMs / 1000,
    length: periods.count,
  });
}
