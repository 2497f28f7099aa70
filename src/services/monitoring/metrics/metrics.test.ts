import {
  CloudWatchClient,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import type { MetricDatum, PutMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import { describe, expect, it } from 'vitest';
import { metrics } from '#cloud/ports/metrics.ts';
import { monitoringTable } from '../../../../tests/monitoring-table.ts';
import { START } from '../../../../tests/table.ts';

const MINUTE = 60_000;
const at = (minutes: number): Date => new Date(START + minutes * MINUTE);

function stage(profile: 'typical' | 'instant' = 'instant') {
  const table = monitoringTable({ profile });
  const cloudwatch = table.client(CloudWatchClient);
  const put = (MetricData: MetricDatum[], more: Partial<PutMetricDataCommandInput> = {}) =>
    cloudwatch.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData, ...more }));
  const statistics = async (more: object = {}) => {
    const input = {
      Namespace: 'Shop',
      MetricName: 'Orders',
      StartTime: at(0),
      EndTime: at(60),
      Period: 60,
      Statistics: ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'] as const,
    };
    const { Datapoints = [] } = await cloudwatch.send(
      new GetMetricStatisticsCommand({ ...input, ...more } as never),
    );
    return Datapoints;
  };
  return { table, cloudwatch, put, statistics };
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
describe('metrics', () => {
  it('aggregates values, arrays of values and statistic sets of one minute', async () => {
    const { put, statistics } = stage();
    await put([{ MetricName: 'Orders', Value: 4, Timestamp: at(1) }]);
    await put([
      { MetricName: 'Orders', Values: [1, 3], Counts: [2, 1], Timestamp: new Date(START + MINUTE + 59_999) },
    ]);
    const set = { SampleCount: 2, Sum: 10, Minimum: 2, Maximum: 8 };
    await put([{ MetricName: 'Orders', StatisticValues: set, Timestamp: at(1) }]);
    expect(await statistics()).toEqual([
      { Timestamp: at(1), Unit: 'None', Sum: 19, Average: 19 / 6, Minimum: 1, Maximum: 8, SampleCount: 6 },
    ]);
  });

  it('keeps metrics apart by their exact set of dimensions, in any order', async () => {
    const { put, statistics } = stage();
    const [a, b] = [
      { Name: 'A', Value: '1' },
      { Name: 'B', Value: '2' },
    ] as const;
    await put([
      { MetricName: 'Orders', Value: 1, Timestamp: at(0) },
      { MetricName: 'Orders', Value: 2, Timestamp: at(0), Dimensions: [a, b] },
      { MetricName: 'Orders', Value: 3, Timestamp: at(0), Dimensions: [b, a] },
    ]);
    expect((await statistics()).map(({ Sum }) => Sum)).toEqual([1]);
    expect((await statistics({ Dimensions: [b, a] })).map(({ Sum }) => Sum)).toEqual([5]);
    expect(await statistics({ Dimensions: [a] })).toEqual([]);
  });

  it('answers one data point for each unit', async () => {
    const { put, statistics } = stage();
    await put([
      { MetricName: 'Orders', Value: 1, Unit: 'Count', Timestamp: at(0) },
      { MetricName: 'Orders', Value: 2, Unit: 'Bytes', Timestamp: at(0) },
    ]);
    expect((await statistics()).map(({ Unit, Sum }) => [Unit, Sum])).toEqual([
      ['Bytes', 2],
      ['Count', 1],
    ]);
    expect((await statistics({ Unit: 'Count' })).map(({ Sum }) => Sum)).toEqual([1]);
  });

  it('knows percentiles of values, and none of a statistic set with different values', async () => {
    const { put, statistics } = stage();
    const Values = Array.from({ length: 100 }, (_, index) => index + 1);
    await put([{ MetricName: 'Orders', Values, Timestamp: at(0) }]);
    const asked = { Statistics: undefined, ExtendedStatistics: ['p0', 'p50', 'p99', 'p99.5', 'p100'] };
    expect((await statistics(asked))[0]?.ExtendedStatistics).toEqual({
      p0: 1,
      p50: 50,
      p99: 99,
      'p99.5': 100,
      p100: 100,
    });
    const StatisticValues = { SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2 };
    await put([{ MetricName: 'Orders', StatisticValues, Timestamp: at(0) }]);
    expect((await statistics(asked))[0]?.ExtendedStatistics).toBeUndefined();
    await expect(statistics({ Statistics: undefined, ExtendedStatistics: ['tm99'] })).rejects.toThrow(
      /tm99 is not modelled/,
    );
  });

  it('bounds the histogram of a minute and keeps its percentiles close', async () => {
    const { put, statistics } = stage();
    for (let part = 0; part < 10; part += 1) {
      const Values = Array.from({ length: 150 }, (_, index) => part * 150 + index + 1);
      await put([{ MetricName: 'Orders', Values, Timestamp: at(0) }]);
    }
    const [point] = await statistics({ Statistics: ['SampleCount'], ExtendedStatistics: ['p90'] });
    expect(point?.SampleCount).toBe(1500);
    expect(Math.abs((point?.ExtendedStatistics?.['p90'] ?? 0) - 1350)).toBeLessThan(10);
  });

  it('stores seconds at high resolution', async () => {
    const { cloudwatch, put, statistics } = stage();
    for (const second of [1, 7, 12]) {
      await put([
        {
          MetricName: 'Orders',
          Value: second,
          StorageResolution: 1,
          Timestamp: new Date(START + second * 1000),
        },
      ]);
    }
    // A period of a second is one of a query, and none of an alarm.
    const Metric = { Namespace: 'Shop', MetricName: 'Orders' };
    const { MetricDataResults } = await cloudwatch.send(
      new GetMetricDataCommand({
        StartTime: at(0),
        EndTime: at(1),
        ScanBy: 'TimestampAscending',
        MetricDataQueries: [{ Id: 'm', MetricStat: { Metric, Period: 1, Stat: 'Sum' } }],
      }),
    );
    expect(MetricDataResults?.[0]?.Values).toHaveLength(3);
    const found = await statistics({ Period: 10, EndTime: at(1) });
    expect(found.map(({ Timestamp, Sum }) => [Timestamp, Sum])).toEqual([
      [at(0), 8],
      [new Date(START + 10_000), 12],
    ]);
  });

  it.each([
    [{ MetricName: 'Orders', Value: 2 ** 361 }, /is invalid/],
    [
      { MetricName: 'Orders', Value: Number.NaN },
      /The value NaN for parameter MetricData.member.1.Value is invalid/,
    ],
    [{ MetricName: 'Orders' }, /At least one of the parameters must be specified/],
    [
      { MetricName: 'Orders', Value: 1, Values: [1] },
      /MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both/,
    ],
    [{ MetricName: 'Orders', Values: [1, 2], Counts: [1] }, /same size/],
    [{ MetricName: 'Orders', Value: 1, StorageResolution: 5 }, /StorageResolution/],
    [{ MetricName: 'Orders', Value: 1, Timestamp: at(-14 * 24 * 60 - 1) }, /within the past two weeks/],
    [{ MetricName: 'Orders', Value: 1, Timestamp: at(121) }, /Timestamp/],
  ])('refuses a datum that CloudWatch does not take: %o', async (datum, message) => {
    await expect(stage().put([datum as MetricDatum])).rejects.toThrow(message);
  });

  // Recorded by LocalStack: test_put_metric_data_validation ("For some strange reason the AWS implementation allows this").
  it('takes values and a statistic set in one datum', async () => {
    const { put, statistics } = stage();
    const StatisticValues = { SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2 };
    await put([{ MetricName: 'Orders', Values: [10], StatisticValues, Timestamp: at(0) }]);
    expect(await statistics()).toMatchObject([{ Sum: 13, SampleCount: 3, Maximum: 10 }]);
  });

  it('shows what was put after a while, and what is a day old after two days', async () => {
    const { table, put, statistics } = stage('typical');
    await put([{ MetricName: 'Orders', Value: 1 }]);
    expect(await statistics()).toEqual([]);
    table.advance(5000);
    expect(await statistics()).toHaveLength(1);
    await put([{ MetricName: 'Orders', Value: 1, Timestamp: at(-25 * 60) }]);
    const old = { StartTime: at(-26 * 60), EndTime: at(-24 * 60) };
    table.advance(47 * 60 * MINUTE);
    expect(await statistics(old)).toEqual([]);
    table.advance(60 * MINUTE);
    expect(await statistics(old)).toHaveLength(1);
  });

  it('shows a minute of an AWS service only some time after it has ended', async () => {
    const { table, statistics } = stage('typical');
    table.advance(MINUTE);
    const metric = { namespace: 'Shop', name: 'Orders', dimensions: {} };
    const point = { at: START, unit: 'Count', values: [1], counts: [3] };
    table.act((ctx) => ctx.port(metrics).publish(ctx, metric, point));
    table.advance(29_000);
    expect(await statistics()).toEqual([]);
    table.advance(61_000);
    expect((await statistics()).map(({ SampleCount }) => SampleCount)).toEqual([3]);
  });

  it('reads a level as one sample for each minute, at the value at the end of the minute', async () => {
    const { table, statistics } = stage();
    const metric = { namespace: 'Shop', name: 'Orders', dimensions: {} };
    const level = (value: number | undefined): void =>
      table.act((ctx) => ctx.port(metrics).level(ctx, metric, 'Count', value));
    level(2);
    table.advance(2.5 * MINUTE);
    level(3);
    level(5);
    table.advance(2 * MINUTE);
    level(undefined);
    table.advance(5 * MINUTE);
    const found = await statistics();
    expect(found.map(({ Sum }) => Sum)).toEqual([2, 2, 5, 5]);
    const [whole] = await statistics({ Period: 600 });
    expect(whole).toMatchObject({ Sum: 14, Average: 3.5, Minimum: 2, Maximum: 5, SampleCount: 4 });
  });

  it('answers at most 1,440 data points', async () => {
    const message = 'You have requested up to 2880 datapoints, which exceeds the limit of 1440.';
    await expect(stage().statistics({ EndTime: at(2880) })).rejects.toThrow(message);
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
  it('lists a metric some minutes after its first data point and until two weeks after its last', async () => {
    const { table, cloudwatch, put } = stage('typical');
    const list = async (more = {}) =>
      (await cloudwatch.send(new ListMetricsCommand(more))).Metrics?.map(({ MetricName }) => MetricName);
    await put([
      { MetricName: 'Orders', Value: 1 },
      { MetricName: 'Visits', Value: 1, Dimensions: [{ Name: 'Page', Value: 'home' }] },
    ]);
    expect(await list()).toEqual([]);
    table.advance(15 * MINUTE);
    expect(await list()).toEqual(['Orders', 'Visits']);
    expect(await list({ Dimensions: [{ Name: 'Page' }] })).toEqual(['Visits']);
    expect(await list({ Namespace: 'Shop', MetricName: 'Orders', RecentlyActive: 'PT3H' })).toEqual([
      'Orders',
    ]);
    table.advance(4 * 60 * MINUTE);
    expect(await list({ RecentlyActive: 'PT3H' })).toEqual([]);
    table.advance(14 * 24 * 60 * MINUTE);
    expect(await list()).toEqual([]);
  });

  it('lists 500 metrics a page', async () => {
    const { cloudwatch, put } = stage();
    await put(Array.from({ length: 501 }, (_, index) => ({ MetricName: `m${index}`, Value: 1 })));
    const first = await cloudwatch.send(new ListMetricsCommand({}));
    expect(first.Metrics).toHaveLength(500);
    const second = await cloudwatch.send(new ListMetricsCommand({ NextToken: first.NextToken }));
    // As moto's test_list_metrics_paginated.
    const NextToken = '0d3b92c4-c64e-4b5d-8a3e-6ff5a28e11d7';
    await expect(cloudwatch.send(new ListMetricsCommand({ NextToken }))).rejects.toThrow(
      'Request parameter NextToken is invalid',
    );
    expect(second.Metrics).toHaveLength(1);
    expect(second.NextToken).toBeUndefined();
  });

  // Recorded by LocalStack's validated test_label_generation.
  it.each([
    [
      ['Sum', 60],
      ['Minimum', 30],
      ['Orders Sum 60', 'Orders Minimum 30'],
    ],
    [
      ['Sum', 60],
      ['Minimum', 60],
      ['Orders Sum', 'Orders Minimum'],
    ],
    [
      ['Sum', 60],
      ['Sum', 30],
      ['Orders 60', 'Orders 30'],
    ],
    [
      ['Sum', 60],
      ['Sum', 60],
      ['Orders', 'Orders'],
    ],
  ] as const)('labels the results of %o and %o by what tells them apart', async (one, other, labels) => {
    const { cloudwatch } = stage();
    const MetricDataQueries = [one, other].map(([Stat, Period], index) => ({
      Id: `m${index}`,
      MetricStat: { Metric: { Namespace: 'Shop', MetricName: 'Orders' }, Period, Stat },
    }));
    const query = { StartTime: at(0), EndTime: at(10), MetricDataQueries };
    const { MetricDataResults } = await cloudwatch.send(new GetMetricDataCommand(query));
    expect(MetricDataResults?.map(({ Label }) => Label)).toEqual(labels);
  });

  // As moto has it: test_get_metric_data_starttime_endtime_within_1_second, test_get_metric_invalid_parameter_combination and
  // test_get_metric_statistics_endtime_sooner_than_starttime.
  it('is asked for over some time, and by a statistic', async () => {
    const { cloudwatch, statistics } = stage();
    const moment = { StartTime: at(0), EndTime: new Date(START + 900), MetricDataQueries: [] };
    await expect(cloudwatch.send(new GetMetricDataCommand(moment))).rejects.toThrow(
      'The parameter StartTime must not equal parameter EndTime.',
    );
    await expect(statistics({ EndTime: at(0) })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
    await expect(statistics({ Statistics: undefined })).rejects.toThrow(
      'Must specify either Statistics or ExtendedStatistics',
    );
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
  it('evaluates metric math in GetMetricData, newest first unless told otherwise, page by page', async () => {
    const { cloudwatch, put } = stage();
    const errors = [1, 2, 4];
    for (const [minute, Value] of errors.entries()) {
      await put([
        { MetricName: 'Errors', Value, Timestamp: at(minute) },
        { MetricName: 'Orders', Value: 10, Timestamp: at(minute) },
      ]);
    }
    const stat = (MetricName: string) => ({
      Metric: { Namespace: 'Shop', MetricName },
      Period: 60,
      Stat: 'Sum',
    });
    const query = {
      StartTime: at(0),
      EndTime: at(10),
      MetricDataQueries: [
        { Id: 'm1', MetricStat: stat('Errors'), ReturnData: false },
        { Id: 'm2', MetricStat: stat('Orders'), Label: 'orders' },
        { Id: 'e1', Expression: '100 * m1 / m2', Label: 'rate' },
      ],
    };
    const { MetricDataResults } = await cloudwatch.send(new GetMetricDataCommand(query));
    expect(MetricDataResults).toEqual([
      {
        Id: 'm2',
        Label: 'orders',
        Timestamps: [at(2), at(1), at(0)],
        Values: [10, 10, 10],
        StatusCode: 'Complete',
      },
      {
        Id: 'e1',
        Label: 'rate',
        Timestamps: [at(2), at(1), at(0)],
        Values: [40, 20, 10],
        StatusCode: 'Complete',
      },
    ]);
    const paging = { ...query, MaxDatapoints: 4, ScanBy: 'TimestampAscending' as const };
    const first = await cloudwatch.send(new GetMetricDataCommand(paging));
    expect(first.MetricDataResults?.map(({ Values, StatusCode }) => [Values, StatusCode])).toEqual([
      [[10, 10, 10], 'Complete'],
      [[10], 'PartialData'],
    ]);
    const second = await cloudwatch.send(new GetMetricDataCommand({ ...paging, NextToken: first.NextToken }));
    expect(second.MetricDataResults?.[1]?.Values).toEqual([20, 40]);
    expect(second.NextToken).toBeUndefined();
  });
});
