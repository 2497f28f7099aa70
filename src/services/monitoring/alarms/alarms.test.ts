import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  DescribeAlarmsForMetricCommand,
  DisableAlarmActionsCommand,
  EnableAlarmActionsCommand,
  ListTagsForResourceCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch';
import type { PutMetricAlarmCommandInput } from '@aws-sdk/client-cloudwatch';
import { describe, expect, it } from 'vitest';
import { table } from '#world/index.ts';
import type { Row, Table } from '#world/index.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { provide } from '#cloud/port.ts';
import { scaling } from '#cloud/ports/scaling.ts';
import type { PolicyAlarm } from '#cloud/ports/scaling.ts';
import { defineService } from '#cloud/service.ts';
import { monitoringTable } from '../../../../tests/monitoring-table.ts';
import { START } from '../../../../tests/table.ts';

const MINUTE = 60_000;
const ARN = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:';
const PLAIN: Omit<PutMetricAlarmCommandInput, 'AlarmName'> = {
  Namespace: 'Shop',
  MetricName: 'Errors',
  Statistic: 'Sum',
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 5,
  ComparisonOperator: 'GreaterThanThreshold',
};

/** In the profile `instant` alarms are evaluated at full minutes and data are seen at once. */
function stage(
  profile: 'typical' | 'instant' = 'instant',
  ...others: Parameters<typeof monitoringTable>[1][]
) {
  const world = monitoringTable({ profile }, ...others);
  const cloudwatch = world.client(CloudWatchClient);
  const alarm = (AlarmName: string, more: Partial<PutMetricAlarmCommandInput> = {}) =>
    cloudwatch.send(new PutMetricAlarmCommand({ AlarmName, ...PLAIN, ...more }));
  const value = (Value: number, MetricName = 'Errors') =>
    cloudwatch.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData: [{ MetricName, Value }] }));
  const described = async (name: string) => {
    const input = { AlarmNames: [name], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] as const };
    const { MetricAlarms = [], CompositeAlarms = [] } = await cloudwatch.send(
      new DescribeAlarmsCommand(input as never),
    );
    return { ...MetricAlarms[0], ...CompositeAlarms[0] };
  };
  const state = async (name: string) => (await described(name)).StateValue;
  const history = async (more: object = {}) =>
    (await cloudwatch.send(new DescribeAlarmHistoryCommand({ ScanBy: 'TimestampAscending', ...more })))
      .AlarmHistoryItems ?? [];
  return { world, cloudwatch, alarm, value, described, state, history };
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
describe('metric alarms', () => {
  it('begin without data, unchecked, and then say what the data say', async () => {
    const { world, alarm, value, described } = stage();
    await alarm('errors', { AlarmDescription: 'too many', Dimensions: [] });
    expect(await described('errors')).toMatchObject({
      AlarmArn: `${ARN}errors`,
      StateValue: 'INSUFFICIENT_DATA',
      StateReason: 'Unchecked: Initial alarm creation',
      ActionsEnabled: true,
      AlarmDescription: 'too many',
    });
    await value(9);
    world.advance(MINUTE);
    expect(await described('errors')).toMatchObject({
      StateValue: 'ALARM',
      StateReason:
        'Threshold Crossed: 1 datapoint [9.0 (05/01/26 00:00:00)] was greater than the threshold (5.0).',
      StateReasonData:
        '{"version":"1.0","queryDate":"2026-01-05T00:01:00.000+0000","startDate":"2026-01-05T00:00:00.000+0000",' +
        '"statistic":"Sum","period":60,"recentDatapoints":[9.0],"threshold":5.0,' +
        '"evaluatedDatapoints":[{"timestamp":"2026-01-05T00:00:00.000+0000","sampleCount":1.0,"value":9.0}]}',
    });
  });

  it('count M out of N and say so', async () => {
    const { world, alarm, value, described } = stage();
    await alarm('errors', { EvaluationPeriods: 3, DatapointsToAlarm: 2 });
    for (const one of [9, 1, 8]) {
      await value(one);
      world.advance(MINUTE);
    }
    expect((await described('errors')).StateReason).toBe(
      'Threshold Crossed: 2 out of the last 3 datapoints [8.0 (05/01/26 00:02:00), 9.0 (05/01/26 00:00:00)] ' +
        'were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).',
    );
    await value(1);
    world.advance(MINUTE);
    expect(await described('errors')).toMatchObject({
      StateValue: 'OK',
      StateReason:
        'Threshold Crossed: 2 out of the last 3 datapoints [1.0 (05/01/26 00:03:00), 1.0 (05/01/26 00:01:00)] ' +
        'were not greater than the threshold (5.0) (minimum 2 datapoints for ALARM -> OK transition).',
    });
  });

  it('list the most recent five data points where there are more', async () => {
    const { world, alarm, value, described } = stage();
    await alarm('errors', { EvaluationPeriods: 6 });
    for (let minute = 0; minute < 6; minute += 1) {
      await value(10 + minute);
      world.advance(MINUTE);
    }
    expect((await described('errors')).StateReason).toBe(
      'Threshold Crossed: 6 datapoints were greater than the threshold (5.0). The most recent datapoints which crossed the ' +
        'threshold: [15.0 (05/01/26 00:05:00), 14.0 (05/01/26 00:04:00), 13.0 (05/01/26 00:03:00), ' +
        '12.0 (05/01/26 00:02:00), 11.0 (05/01/26 00:01:00)].',
    );
  });

  it.each([
    ['missing', 'INSUFFICIENT_DATA', 'Insufficient Data: 2 datapoints were unknown.'],
    [
      'notBreaching',
      'OK',
      'Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [NonBreaching].',
    ],
    [
      'breaching',
      'ALARM',
      'Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].',
    ],
    ['ignore', 'ALARM', 'put there'],
  ])('treat missing data as %s', async (TreatMissingData, expected, reason) => {
    const { world, cloudwatch, alarm, value, described } = stage();
    await alarm('errors', { TreatMissingData, EvaluationPeriods: 2 });
    await value(TreatMissingData === 'breaching' ? 1 : 9);
    world.advance(10 * MINUTE);
    const set = { AlarmName: 'errors', StateValue: 'ALARM' as const, StateReason: 'put there' };
    if (TreatMissingData !== 'breaching') await cloudwatch.send(new SetAlarmStateCommand(set));
    world.advance(10 * MINUTE);
    expect(await described('errors')).toMatchObject({ StateValue: expected, StateReason: reason });
  });

  it('look at a window that slides by the minute, not at fixed periods', async () => {
    const { world, alarm, value, state } = stage();
    await alarm('errors', { Period: 300, Threshold: 2, TreatMissingData: 'notBreaching' });
    world.advance(3 * MINUTE);
    await value(1);
    world.advance(3 * MINUTE);
    await value(2);
    // Minutes 3 and 6 lie in different five minutes of the clock, and in one window of five minutes.
    world.advance(MINUTE);
    expect(await state('errors')).toBe('ALARM');
  });

  it('see what AWS services publish only after its delay, at their own second of the minute', async () => {
    const { world, alarm, history } = stage('typical');
    await alarm('errors');
    const metric = { namespace: 'Shop', name: 'Errors', dimensions: {} };
    for (let minute = 0; minute < 6; minute += 1) {
      world.advance(MINUTE);
      const point = { at: START + minute * MINUTE, unit: 'Count', values: [minute < 3 ? 0 : 9], counts: [1] };
      world.act((ctx) => ctx.port(metrics).publish(ctx, metric, point));
    }
    world.advance(5 * MINUTE);
    const changes = (await history({ HistoryItemType: 'StateUpdate' })).map(
      ({ Timestamp, HistorySummary }) => ({
        after: (Timestamp as Date).getTime() - START,
        summary: HistorySummary,
      }),
    );
    expect(changes.map(({ summary }) => summary)).toEqual(
      ['Alarm updated from INSUFFICIENT_DATA to OK', 'Alarm updated from OK to ALARM'].concat(
        changes.length > 2 ? ['Alarm updated from ALARM to INSUFFICIENT_DATA'] : [],
      ),
    );
    const [ok, crossed] = changes;
    expect(crossed?.after).toBeGreaterThan(4.5 * MINUTE);
    expect(crossed?.after).toBeLessThan(6.5 * MINUTE + 1);
    expect((ok?.after ?? 0) % MINUTE).toBe((crossed?.after ?? 1) % MINUTE);
  });

  it('evaluate a rate by metric math, with FILL for metrics that publish no zeros', async () => {
    const { world, alarm, value, described } = stage();
    const stat = (MetricName: string) => ({
      Metric: { Namespace: 'Shop', MetricName },
      Period: 60,
      Stat: 'Sum',
    });
    const plain = { MetricName: undefined, Namespace: undefined, Statistic: undefined, Period: undefined };
    await alarm('rate', {
      ...plain,
      Metrics: [
        { Id: 'm1', MetricStat: stat('Errors'), ReturnData: false },
        { Id: 'm2', MetricStat: stat('Requests'), ReturnData: false },
        { Id: 'e1', Expression: '100 * FILL(m1, 0) / m2', Label: 'rate' },
      ],
    });
    await value(100, 'Requests');
    world.advance(MINUTE);
    expect(await described('rate')).toMatchObject({ StateValue: 'OK' });
    await value(100, 'Requests');
    await value(10);
    world.advance(MINUTE);
    expect(await described('rate')).toMatchObject({
      StateValue: 'ALARM',
      StateReason:
        'Threshold Crossed: 1 datapoint [10.0 (05/01/26 00:01:00)] was greater than the threshold (5.0).',
    });
  });

  it('keep their state where a percentile rests on too few samples and they are told to ignore that', async () => {
    const { world, alarm, value, state } = stage();
    const slow = {
      Statistic: undefined,
      ExtendedStatistic: 'p99',
      EvaluateLowSampleCountPercentile: 'ignore',
    };
    await alarm('ignores', slow);
    await alarm('evaluates', { ...slow, EvaluateLowSampleCountPercentile: undefined });
    await value(9);
    world.advance(MINUTE);
    expect([await state('ignores'), await state('evaluates')]).toEqual(['INSUFFICIENT_DATA', 'ALARM']);
  });

  it('on metrics of DynamoDB ignore missing data whatever they are told', async () => {
    const { world, alarm, state } = stage();
    await alarm('table', { Namespace: 'AWS/DynamoDB', TreatMissingData: 'breaching' });
    world.advance(10 * MINUTE);
    expect(await state('table')).toBe('INSUFFICIENT_DATA');
  });

  it('are evaluated every ten seconds on periods below a minute', async () => {
    const { world, cloudwatch, alarm, state } = stage();
    await alarm('fast', { Period: 10 });
    const MetricData = [{ MetricName: 'Errors', Value: 9, StorageResolution: 1 }];
    await cloudwatch.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData }));
    world.advance(10_000);
    expect(await state('fast')).toBe('ALARM');
  });

  it('return from a state that was set to what their data say at the next evaluation', async () => {
    const { world, cloudwatch, alarm, value, state } = stage();
    await alarm('errors');
    await value(1);
    world.advance(MINUTE);
    await cloudwatch.send(
      new SetAlarmStateCommand({ AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'drill' }),
    );
    expect(await state('errors')).toBe('ALARM');
    world.advance(MINUTE);
    expect(await state('errors')).toBe('OK');
  });

  it('keep their state when they are overwritten', async () => {
    const { world, alarm, value, described } = stage();
    await alarm('errors');
    await value(9);
    world.advance(MINUTE);
    await alarm('errors', { Threshold: 50, OKActions: undefined });
    expect(await described('errors')).toMatchObject({ StateValue: 'ALARM', Threshold: 50 });
    world.advance(MINUTE);
    expect(await described('errors')).toMatchObject({ StateValue: 'OK' });
  });

  it.each([
    [{ Period: 45 }, 'Period must be 10, 20, 30 or a multiple of 60'],
    [
      { Period: 300, EvaluationPeriods: 289 },
      'Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).',
    ],
    [{ DatapointsToAlarm: 2 }, 'DatapointsToAlarm must be less than or equal to EvaluationPeriods'],
    // In the words of moto's test_put_metric_alarm_error_evaluate_low_sample_count_percentile; the API's model has no enumeration.
    [
      { TreatMissingData: 'never' },
      'Option never is not supported. Supported options for parameter TreatMissingData are',
    ],
    [
      { Statistic: undefined, ExtendedStatistic: 'p90', EvaluateLowSampleCountPercentile: 'never' },
      'Option never is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.',
    ],
    [{ Statistic: undefined }, 'Exactly one of Statistic and ExtendedStatistic must be specified'],
    [{ Threshold: undefined }, "Value null at 'threshold'"],
    [{ ExtendedStatistic: 'p101', Statistic: undefined }, 'not supported'],
    [{ AlarmActions: ['topic'] }, 'Invalid arn syntax: topic'],
    [{ AlarmActions: ['arn:aws:automate:us-east-1:ec2:reboot'] }, 'not modelled by Sandtable'],
    [{ AlarmActions: ['arn:aws:lambda:us-east-1:000000000000:function:f'] }, 'not modelled by Sandtable'],
    [{ ComparisonOperator: 'GreaterThanUpperThreshold' as const }, 'not modelled by Sandtable'],
    [{ ThresholdMetricId: 'ad1' }, 'not modelled by Sandtable'],
  ])('are refused with %o', async (more, message) => {
    await expect(stage().alarm('wrong', more)).rejects.toThrow(message);
  });

  it('are described by name, prefix, state, action and metric, page by page', async () => {
    const { cloudwatch, alarm } = stage();
    const topic = 'arn:aws:sns:us-east-1:000000000000:oncall';
    await alarm('a1', { AlarmActions: [topic] });
    await alarm('a2');
    await alarm('b1', { MetricName: 'Visits' });
    const names = async (input: object) =>
      (await cloudwatch.send(new DescribeAlarmsCommand(input))).MetricAlarms?.map(
        ({ AlarmName }) => AlarmName,
      );
    expect(await names({ AlarmNamePrefix: 'a' })).toEqual(['a1', 'a2']);
    expect(await names({ AlarmNames: ['b1', 'none'] })).toEqual(['b1']);
    expect(await names({ StateValue: 'OK' })).toEqual([]);
    expect(await names({ ActionPrefix: 'arn:aws:sns' })).toEqual(['a1']);
    const first = await cloudwatch.send(new DescribeAlarmsCommand({ MaxRecords: 2 }));
    expect(await names({ NextToken: first.NextToken })).toEqual(['b1']);
    const forMetric = await cloudwatch.send(
      new DescribeAlarmsForMetricCommand({ Namespace: 'Shop', MetricName: 'Visits' }),
    );
    expect(forMetric.MetricAlarms?.map(({ AlarmName }) => AlarmName)).toEqual(['b1']);
    await expect(names({ AlarmNames: ['a1'], AlarmNamePrefix: 'a' })).rejects.toThrow(
      'cannot be specified with',
    );
  });

  it('are deleted, and their history stays', async () => {
    const { cloudwatch, alarm, history, state } = stage();
    await alarm('errors');
    await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: ['errors'] }));
    expect(await state('errors')).toBeUndefined();
    expect((await history({ AlarmName: 'errors' })).map(({ HistorySummary }) => HistorySummary)).toEqual([
      'Alarm "errors" created',
      'Alarm "errors" deleted',
    ]);
    await expect(cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: ['errors'] }))).rejects.toMatchObject({
      name: 'ResourceNotFound',
    });
  });

  it('carry tags, which a later PutMetricAlarm does not change', async () => {
    const { cloudwatch, alarm } = stage();
    const ResourceARN = `${ARN}errors`;
    await alarm('errors', { Tags: [{ Key: 'team', Value: 'shop' }] });
    await alarm('errors', { Tags: [{ Key: 'team', Value: 'other' }] });
    await cloudwatch.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: 'stage', Value: 'prod' }] }));
    await cloudwatch.send(new UntagResourceCommand({ ResourceARN, TagKeys: ['none'] }));
    expect((await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([
      { Key: 'stage', Value: 'prod' },
      { Key: 'team', Value: 'shop' },
    ]);
    // Recorded by LocalStack: test_tagging_metric_alarm.
    await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: ['errors'] }));
    expect((await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([]);
  });

  // Recorded by LocalStack: test_set_alarm_invalid_input.
  it('are set to a state that there is, where there is an alarm', async () => {
    const { cloudwatch } = stage();
    const set = (StateValue: string) =>
      cloudwatch.send(
        new SetAlarmStateCommand({ AlarmName: 'none', StateValue: StateValue as 'OK', StateReason: 'r' }),
      );
    await expect(set('INVALID')).rejects.toThrow('enum value set: [INSUFFICIENT_DATA, ALARM, OK]');
    await expect(set('OK')).rejects.toMatchObject({ name: 'ResourceNotFound' });
  });

  it('execute a scaling policy when they enter the state and again each minute while it lasts', async () => {
    const policyArn =
      'arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:c0ffee00-0000:autoScalingGroupName/web:policyName/out';
    interface Executed extends Row {
      id: string;
      arn: string;
      alarm: PolicyAlarm;
    }
    const executed: Table<Executed> = table<Executed>('test/executed', (row) => row.id);
    const autoscaling = defineService({
      contract: 'autoscaling',
      tables: [executed],
      operations: {},
      provides: [
        provide(scaling, {
          execute: (ctx, arn, alarm) => ctx.put(executed, { id: String(ctx.now), arn, alarm }),
        }),
      ],
    });
    const { world, cloudwatch, alarm, value } = stage('instant', autoscaling);
    await alarm('errors', { AlarmActions: [policyArn], TreatMissingData: 'notBreaching' });
    await value(9);
    world.advance(3 * MINUTE);
    const handed = { alarmName: 'errors', metricValue: 9, threshold: 5 };
    expect(world.read((ctx) => ctx.list(executed))).toEqual(
      [1, 2, 3].map((minute) => ({ id: String(START + minute * MINUTE), arn: policyArn, alarm: handed })),
    );
    await cloudwatch.send(new DisableAlarmActionsCommand({ AlarmNames: ['errors'] }));
    world.advance(MINUTE);
    await cloudwatch.send(new EnableAlarmActionsCommand({ AlarmNames: ['errors'] }));
    expect(world.read((ctx) => ctx.list(executed))).toHaveLength(3);
  });
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html
describe('composite alarms', () => {
  async function family() {
    const all = stage();
    await all.alarm('errors');
    await all.alarm('slow', { MetricName: 'Latency' });
    const composite = (AlarmName: string, AlarmRule: string, more: object = {}) =>
      all.cloudwatch.send(new PutCompositeAlarmCommand({ AlarmName, AlarmRule, ...more }));
    return { ...all, composite };
  }

  it('follow their children at once and say which one it was', async () => {
    const { world, composite, value, described } = await family();
    await composite('down', `ALARM(errors) AND NOT ALARM("slow")`);
    world.advance(0);
    expect(await described('down')).toMatchObject({
      StateValue: 'OK',
      StateReason: `${ARN}down was created and its alarm rule evaluates to OK`,
    });
    await value(9);
    world.advance(MINUTE);
    expect(await described('down')).toMatchObject({
      StateValue: 'ALARM',
      StateReason: `${ARN}errors transitioned to ALARM at Monday 05 January, 2026 00:01:00 UTC`,
      StateReasonData:
        `{"triggeringAlarms":[{"arn":"${ARN}errors",` +
        '"state":{"value":"ALARM","timestamp":"2026-01-05T00:01:00.000+0000"}}]}',
    });
    await value(9, 'Latency');
    world.advance(MINUTE);
    expect(await described('down')).toMatchObject({ StateValue: 'OK' });
  });

  it('may stand on composite alarms, by ARN, in brackets, with TRUE and FALSE', async () => {
    const { world, cloudwatch, composite, state } = await family();
    await composite('inner', `(ALARM(${ARN}errors) OR OK(slow)) AND TRUE`);
    await composite('outer', `ALARM('inner') OR FALSE OR INSUFFICIENT_DATA("none")`.replace('none', 'slow'));
    world.advance(0);
    expect([await state('inner'), await state('outer')]).toEqual(['OK', 'ALARM']);
    const set = (AlarmName: string, StateValue: 'OK' | 'ALARM') =>
      cloudwatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'drill' }));
    await set('slow', 'OK');
    world.advance(0);
    expect([await state('inner'), await state('outer')]).toEqual(['ALARM', 'ALARM']);
    // A composite alarm that was set stays so until a child changes.
    await set('outer', 'OK');
    world.advance(10);
    expect(await state('outer')).toBe('OK');
  });

  it.each([
    ['ALARM(nope)', 'Could not save the composite alarm as alarms [nope] in the alarm rule do not exist'],
    [' ALARM(errors)', 'AlarmRule must not contain leading or trailing whitespace or be null'],
    ['ALARM(errors', 'AlarmRule is invalid'],
    ['ALARM(errors) XOR OK(slow)', 'AlarmRule is invalid'],
    ['BROKEN(errors)', 'AlarmRule is invalid'],
  ])('are refused with the rule %s', async (rule, message) => {
    const { composite } = await family();
    await expect(composite('down', rule)).rejects.toThrow(message);
  });

  it('cannot be suppressed here', async () => {
    const { composite } = await family();
    const more = {
      ActionsSuppressor: 'slow',
      ActionsSuppressorWaitPeriod: 60,
      ActionsSuppressorExtensionPeriod: 60,
    };
    await expect(composite('down', 'ALARM(errors)', more)).rejects.toThrow('ActionsSuppressor');
  });

  it('keep their children from being deleted, and those in a circle until it is broken', async () => {
    const { world, cloudwatch, composite, state } = await family();
    await composite('a', 'ALARM(errors)');
    await composite('b', 'ALARM(a)');
    const remove = (...AlarmNames: string[]) => cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames }));
    await expect(remove('errors')).rejects.toThrow('used by the composite alarms [a]');
    world.advance(0);
    await composite('a', 'ALARM(b) OR OK(slow) OR INSUFFICIENT_DATA(slow)');
    world.advance(0);
    expect(await state('a')).toBe('OK'); // Would be ALARM: an alarm in a circle is not evaluated.
    await expect(remove('a', 'b')).rejects.toThrow('used by');
    await composite('a', 'FALSE');
    await remove('b');
    await remove('a');
    const family2 = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmTypes: ['CompositeAlarm'] }));
    expect(family2.CompositeAlarms).toEqual([]);
  });

  it('are listed as parents and children', async () => {
    const { cloudwatch, composite } = await family();
    await composite('down', 'ALARM(errors) OR ALARM(slow)');
    const children = await cloudwatch.send(new DescribeAlarmsCommand({ ChildrenOfAlarmName: 'down' }));
    expect(children.MetricAlarms?.map(({ AlarmName }) => AlarmName)).toEqual(['errors', 'slow']);
    const parents = await cloudwatch.send(new DescribeAlarmsCommand({ ParentsOfAlarmName: 'slow' }));
    expect(parents.CompositeAlarms?.map(({ AlarmName }) => AlarmName)).toEqual(['down']);
  });
});
