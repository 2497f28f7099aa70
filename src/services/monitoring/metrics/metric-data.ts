// Putting, reading and listing metrics.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input, Output } from '#cloud/contracts.ts';
import { page, pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import * as limits from '../timings.ts';
import { dimensionsOf, metricKey, wireDimensions } from './metric-key.ts';
import type { WireDimensions } from './metric-key.ts';
import { metricRows, record } from './points.ts';
import type { Metric } from './points.ts';
import { kindOfQuery, OF_QUERIES, planOf, samplesOf, valuesOf } from './queries.ts';
import type { Plan, WireQuery } from './queries.ts';
import { seriesByUnit } from './series.ts';
import type { Periods } from './series.ts';
import { aggregateOf, aggregateOfSet, merged, parseStatistic, valueOf } from './statistics.ts';
import type { Aggregate } from './statistics.ts';

type Datum = NonNullable<Input<'monitoring', 'PutMetricData'>['MetricData']>[number];
type StandardUnit = NonNullable<Datum['Unit']>;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const MOST_DATA = 1000;
const MOST_VALUES = 150;
const LARGEST_VALUE = 2 ** 360;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html */
const MOST_DATAPOINTS = 1440;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
const MOST_QUERIES = 500;
const MOST_RETURNED = 100_800;
const LIST_PAGE = 500;

const wrongValue = (message: string): Fault => new Fault('InvalidParameterValueException', message);
const wrongCombination = (message: string): Fault =>
  new Fault('InvalidParameterCombinationException', message);
const missingParameter = (message: string): Fault => new Fault('MissingRequiredParameterException', message);

function checkNumber(value: number, place: string): void {
  if (Number.isFinite(value) && Math.abs(value) <= LARGEST_VALUE) return;
  throw wrongValue(`The value ${value} for parameter ${place} is invalid.`);
}

/** The samples of a datum: a value, or values with counts and a statistic set, of which AWS takes both. */
function samplesOfDatum({ Value, Values, Counts, StatisticValues }: Datum, place: string): Aggregate {
  const other = Values ? 'Values' : StatisticValues && 'StatisticValues';
  if (Value !== undefined) {
    checkNumber(Value, `${place}.Value`);
    if (other === undefined) return aggregateOf([Value], [1]);
    throw wrongCombination(
      `The parameters ${place}.Value and ${place}.${other} are mutually exclusive and you have specified both.`,
    );
  }
  const set = StatisticValues && samplesOfSet(StatisticValues, `${place}.StatisticValues`);
  const list = Values && samplesOfList(Values, Counts, place);
  if (set && list) return merged(set, list);
  const samples = set ?? list;
  if (samples) return samples;
  throw missingParameter(
    `At least one of the parameters must be specified: ${place}.Value, ${place}.Values, ${place}.StatisticValues.`,
  );
}

function samplesOfSet(set: NonNullable<Datum['StatisticValues']>, place: string): Aggregate {
  const { SampleCount, Sum, Minimum, Maximum } = set;
  for (const [name, value] of Object.entries({ SampleCount, Sum, Minimum, Maximum }))
    checkNumber(value, `${place}.${name}`);
  if (SampleCount < 0)
    throw wrongValue(`The value ${SampleCount} for parameter ${place}.SampleCount is invalid.`);
  if (Minimum > Maximum)
    throw wrongValue(`The parameter ${place}.Maximum must be greater than ${place}.Minimum.`);
  return aggregateOfSet(set);
}

function samplesOfList(
  values: readonly number[],
  counts: readonly number[] | undefined,
  place: string,
): Aggregate {
  if (values.length > MOST_VALUES)
    throw wrongValue(`The collection ${place}.Values must not have a size greater than ${MOST_VALUES}.`);
  if (counts && counts.length !== values.length)
    throw wrongValue(`The parameters ${place}.Values and ${place}.Counts must be of the same size.`);
  for (const value of values) checkNumber(value, `${place}.Values`);
  for (const count of counts ?? []) checkNumber(count, `${place}.Counts`);
  return aggregateOf(values, counts ?? []);
}

/** When a data point of this age, received now, can be seen. */
function visibleAt(ctx: Ctx, at: number, key: string): number {
  const age = ctx.now - at;
  const delay =
    age >= limits.VERY_OLD_PUT_MS
      ? limits.veryOldPutDelay
      : age >= limits.OLD_PUT_MS
        ? limits.oldPutDelay
        : limits.putDelay;
  return ctx.now + ctx.duration(delay, key);
}

function putDatum(ctx: Ctx, namespace: string, datum: Datum, place: string): void {
  const {
    MetricName: name,
    Dimensions,
    Unit = 'None',
    StorageResolution = 60,
    Timestamp: at = ctx.now,
  } = datum;
  if (StorageResolution !== 1 && StorageResolution !== 60) {
    throw wrongValue(`The parameter ${place}.StorageResolution must be 1 or 60.`);
  }
  if (at < ctx.now - limits.OLDEST_PUT_MS || at > ctx.now + limits.LATEST_PUT_MS) {
    throw wrongValue(`The parameter ${place}.Timestamp must specify a time within the past two weeks.`);
  }
  const aggregate = samplesOfDatum(datum, place);
  if (aggregate.count === 0) return;
  const id = { namespace, name, dimensions: dimensionsOf(Dimensions) };
  const seen = visibleAt(ctx, at, metricKey(id));
  record(ctx, id, { at, unit: Unit, resolution: StorageResolution, aggregate, visibleAt: seen });
}

/** AWS rounds the start of a request down, to coarser instants the further back it lies. */
function roundedStart(ctx: Ctx, start: number, periodMs: number): number {
  const age = ctx.now - start;
  const day = 86_400_000;
  const grain = age > 63 * day ? 3_600_000 : age > 15 * day ? 300_000 : Math.min(60_000, periodMs);
  return start - (start % grain);
}

function periodsOf(ctx: Ctx, start: number, end: number, periodMs: number): Periods {
  const from = roundedStart(ctx, start, periodMs);
  return { from, periodMs, count: Math.max(0, Math.ceil((end - from) / periodMs)) };
}

type Listed = (metric: Metric) => boolean;

/** What ListMetrics is asked for. A metric shows up some minutes after its first data point and goes two weeks after its last. */
function listed(ctx: Ctx, input: Input<'monitoring', 'ListMetrics'>): Listed {
  const { Namespace, MetricName, Dimensions = [], RecentlyActive } = input;
  const span = RecentlyActive === undefined ? limits.LISTED_MS : limits.RECENT_MS + limits.ACTIVITY_GRAIN_MS;
  return ({ namespace, name, dimensions, listedAt, activeAt, level }) =>
    (Namespace === undefined || namespace === Namespace) &&
    (MetricName === undefined || name === MetricName) &&
    Dimensions.every(
      ({ Name, Value }) =>
        dimensions[Name] !== undefined && (Value === undefined || dimensions[Name] === Value),
    ) &&
    listedAt <= ctx.now &&
    (level !== undefined || activeAt > ctx.now - span);
}

export const metricDataOperations: Operations<'monitoring'> = {
  PutMetricData(ctx, { Namespace, MetricData = [] }) {
    if (MetricData.length === 0) throw missingParameter('The parameter MetricData is required.');
    if (MetricData.length > MOST_DATA) {
      throw wrongValue(`The collection MetricData must not have a size greater than ${MOST_DATA}.`);
    }
    for (const [index, datum] of MetricData.entries())
      putDatum(ctx, Namespace, datum, `MetricData.member.${index + 1}`);
  },

  ListMetrics(ctx, input) {
    const { rows, next } = page(ctx, metricRows, {
      token: input.NextToken,
      limit: LIST_PAGE,
      where: listed(ctx, input),
      invalidToken: () => wrongValue('Request parameter NextToken is invalid'),
    });
    const Metrics = rows.map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: wireDimensions(dimensions),
    }));
    return { Metrics, NextToken: next };
  },

  GetMetricStatistics(ctx, input) {
    const { Namespace, MetricName, Dimensions, StartTime, EndTime, Period, Unit } = input;
    const { Statistics = [], ExtendedStatistics = [] } = input;
    if (Period % 60 !== 0 && ![1, 5, 10, 20, 30].includes(Period)) {
      throw wrongValue(`The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.`);
    }
    if (StartTime >= EndTime) {
      throw wrongValue('The parameter StartTime must be less than the parameter EndTime.');
    }
    if (Statistics.length + ExtendedStatistics.length === 0) {
      throw wrongCombination('Must specify either Statistics or ExtendedStatistics');
    }
    const asked = Math.ceil((EndTime - StartTime) / (Period * 1000));
    if (asked > MOST_DATAPOINTS) {
      const advice =
        'You may reduce the datapoints requested by increasing Period, or decreasing the time range.';
      throw wrongCombination(
        `You have requested up to ${asked} datapoints, which exceeds the limit of ${MOST_DATAPOINTS}. ${advice}`,
      );
    }
    const key = metricKey({
      namespace: Namespace,
      name: MetricName,
      dimensions: dimensionsOf(Dimensions as WireDimensions),
    });
    const periods = periodsOf(ctx, StartTime, EndTime, Period * 1000);
    return {
      Label: MetricName,
      Datapoints: datapoints(ctx, key, periods, { Statistics, ExtendedStatistics, Unit }),
    };
  },

  GetMetricData(ctx, input) {
    const {
      MetricDataQueries: queries,
      StartTime,
      EndTime,
      ScanBy,
      MaxDatapoints = MOST_RETURNED,
      NextToken,
    } = input;
    if (queries.length > MOST_QUERIES) {
      throw new Fault(
        'ValidationError',
        `The collection MetricDataQueries must not have a size greater than ${MOST_QUERIES}.`,
      );
    }
    if (Math.floor(StartTime / 1000) === Math.floor(EndTime / 1000))
      throw new Fault('ValidationError', 'The parameter StartTime must not equal parameter EndTime.');
    if (StartTime > EndTime)
      throw new Fault('ValidationError', 'The parameter EndTime must be greater than StartTime.');
    const plan = planOf(queries, OF_QUERIES);
    const found = queries
      .filter(({ ReturnData }) => ReturnData !== false)
      .map((query) => {
        const rows = rowsOf(ctx, plan, query, StartTime, EndTime);
        return { id: query.Id, label: query.Label ?? labelOf(query, queries), rows };
      })
      .map((result) =>
        ScanBy === 'TimestampAscending' ? result : { ...result, rows: result.rows.toReversed() },
      );
    return paged(found, Math.min(MaxDatapoints, MOST_RETURNED), NextToken);
  },
};

interface Asked {
  readonly Statistics: readonly ('SampleCount' | 'Average' | 'Sum' | 'Minimum' | 'Maximum')[];
  readonly ExtendedStatistics: readonly string[];
  readonly Unit: StandardUnit | undefined;
}

type Datapoints = NonNullable<Output<'monitoring', 'GetMetricStatistics'>['Datapoints']>;

/** One data point for each period and unit that has samples. */
function datapoints(
  ctx: Ctx,
  key: string,
  periods: Periods,
  { Statistics, ExtendedStatistics, Unit }: Asked,
): Datapoints {
  const extended = ExtendedStatistics.map((name) => {
    const statistic = parseStatistic(name);
    if (typeof statistic === 'object') return { name, statistic };
    throw wrongValue(`The value ${name} for parameter ExtendedStatistics.member.1 is not supported.`);
  });
  const byUnit = seriesByUnit(ctx, key, {
    periods,
    seenBefore: ctx.now + 1,
    histograms: extended.length > 0,
  });
  const found: Datapoints[number][] = [];
  for (let index = 0; index < periods.count; index += 1) {
    for (const [unit, series] of byUnit) {
      const samples = series[index];
      if (!samples || (Unit !== undefined && unit !== Unit)) continue;
      const plain = Object.fromEntries(Statistics.map((name) => [name, valueOf(samples, name)]));
      const percentiles = extended.map(({ name, statistic }) => [name, valueOf(samples, statistic)] as const);
      const known = percentiles.filter((entry): entry is readonly [string, number] => entry[1] !== undefined);
      found.push({
        Timestamp: periods.from + index * periods.periodMs,
        Unit: unit as StandardUnit,
        ...plain,
        ...(known.length > 0 ? { ExtendedStatistics: Object.fromEntries(known) } : {}),
      });
    }
  }
  return found;
}

interface Result {
  readonly id: string;
  readonly label: string;
  readonly rows: readonly (readonly [at: number, value: number])[];
}

/**
 * The metric's name, with the statistic and the period where queries of the same metric differ in them, as LocalStack's
 * validated test_label_generation recorded.
 */
function labelOf({ Id, MetricStat: own }: WireQuery, queries: readonly WireQuery[]): string {
  if (!own) return Id;
  const { Namespace, MetricName = Id } = own.Metric;
  const alike = queries.flatMap(({ MetricStat }) =>
    MetricStat && MetricStat.Metric.Namespace === Namespace && MetricStat.Metric.MetricName === MetricName
      ? [MetricStat]
      : [],
  );
  const stat = alike.some(({ Stat }) => Stat !== own.Stat) ? [own.Stat] : [];
  const period = alike.some(({ Period }) => Period !== own.Period) ? [own.Period] : [];
  return [MetricName, ...stat, ...period].join(' ');
}

function rowsOf(ctx: Ctx, plan: Plan, query: WireQuery, start: number, end: number): Result['rows'] {
  const { Id: id } = query;
  const kind = kindOfQuery(plan, id);
  if (kind === 'TS[]') {
    throw new Fault(
      'NotImplemented',
      `Expressions that return several time series are not modelled by Sandtable: ${id}.`,
    );
  }
  if (kind === 'S')
    throw new Fault('ValidationError', `Error in expression '${id}' [The expression returns no time series]`);
  const own = plan.metrics.filter((metric) => metric.id === id);
  const used = plan.expressions.has(id) ? plan.metrics : own;
  if (new Set(used.map(({ periodMs }) => periodMs)).size > 1) {
    throw new Fault(
      'NotImplemented',
      'Expressions over metrics of different periods are not modelled by Sandtable.',
    );
  }
  const periods = periodsOf(ctx, start, end, used[0]?.periodMs ?? (query.Period ?? 60) * 1000);
  const samples = samplesOf(ctx, { ...plan, metrics: used }, periods, ctx.now + 1);
  const values = valuesOf({ ...plan, metrics: used }, id, samples, periods);
  return [...values.entries()]
    .filter((entry): entry is [number, number] => entry[1] !== undefined)
    .map(([index, value]) => [periods.from + index * periods.periodMs, value] as const);
}

/** Pages of data points: the token names the query and the instant at which the page before ended. */
function paged(
  found: readonly Result[],
  limit: number,
  token: string | undefined,
): Output<'monitoring', 'GetMetricData'> {
  const all = found.flatMap(({ id, rows }) => rows.map((row) => ({ id, row })));
  const { items, next } = pageOf(all, ({ id, row }) => `${id} ${row[0]}`, {
    token,
    limit,
    invalidToken: () => new Fault('InvalidNextToken', 'The next token specified is invalid.'),
  });
  const MetricDataResults = found.map(({ id, label, rows }) => {
    const shown = items.filter((item) => item.id === id).map(({ row }) => row);
    const last = rows.at(-1)?.[0];
    const complete = shown.length === rows.length || shown.at(-1)?.[0] === last;
    return {
      Id: id,
      Label: label,
      Timestamps: shown.map(([at]) => at),
      Values: shown.map(([, value]) => value),
      StatusCode: complete ? ('Complete' as const) : ('PartialData' as const),
    };
  });
  return { MetricDataResults, Messages: [], NextToken: next };
}
