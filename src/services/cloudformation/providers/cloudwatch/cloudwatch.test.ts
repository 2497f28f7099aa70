// AWS::CloudWatch through CloudFormation.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html

import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  ListDashboardsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-cloudwatch';
import { describe, expect, it } from 'vitest';
import { ProviderStand } from '../test-stand.ts';

const ref = (Ref: string): object => ({ Ref });
const att = (logicalId: string, name: string): object => ({ 'Fn::GetAtt': [logicalId, name] });

function newStand(): ProviderStand & { watch: CloudWatchClient } {
  const stand = new ProviderStand();
  return Object.assign(stand, { watch: stand.table.client(CloudWatchClient) });
}

describe('alarms', () => {
  const parts = (Threshold: number, rule: string): { Resources: object; Outputs: object } => ({
    Resources: {
      Topic: { Type: 'AWS::SNS::Topic', Properties: {} },
      Errors: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          AlarmDescription: 'Too many errors',
          Namespace: 'Shop',
          MetricName: 'Errors',
          Dimensions: [{ Name: 'Service', Value: 'web' }],
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 3,
          DatapointsToAlarm: 2,
          Threshold,
          ComparisonOperator: 'GreaterThanThreshold',
          TreatMissingData: 'notBreaching',
          AlarmActions: [ref('Topic')],
          Tags: [{ Key: 'team', Value: String(Threshold) }],
        },
      },
      Rate: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          AlarmName: 'error-rate',
          EvaluationPeriods: 1,
          Threshold: 0.05,
          ComparisonOperator: 'GreaterThanThreshold',
          Metrics: [
            { Id: 'rate', Expression: 'errors / requests', Label: 'Error rate' },
            {
              Id: 'errors',
              ReturnData: false,
              MetricStat: { Metric: { Namespace: 'Shop', MetricName: 'Errors' }, Period: 300, Stat: 'Sum' },
            },
            {
              Id: 'requests',
              ReturnData: false,
              MetricStat: { Metric: { Namespace: 'Shop', MetricName: 'Requests' }, Period: 300, Stat: 'Sum' },
            },
          ],
        },
      },
      Either: {
        Type: 'AWS::CloudWatch::CompositeAlarm',
        Properties: { AlarmName: 'either', AlarmRule: { 'Fn::Sub': rule } },
      },
    },
    Outputs: { Errors: { Value: ref('Errors') }, Arn: { Value: att('Errors', 'Arn') } },
  });

  it('are made on metrics, on metric math and on other alarms, changed in place and removed', async () => {
    const stand = newStand();
    expect(await stand.create(parts(10, 'ALARM(${Errors}) OR ALARM(${Rate})'))).toBe('CREATE_COMPLETE');
    const { Errors = '', Arn = '' } = await stand.outputs();
    expect(Errors).toMatch(/^shop-Errors-[A-Za-z0-9]{12}$/);
    expect(await stand.update(parts(20, 'ALARM(${Errors}) AND ALARM(${Rate})'))).toBe('UPDATE_COMPLETE');
    const found = await stand.watch.send(
      new DescribeAlarmsCommand({ AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }),
    );
    expect(found.CompositeAlarms).toMatchObject([
      { AlarmName: 'either', AlarmRule: `ALARM(${Errors}) AND ALARM(error-rate)` },
    ]);
    expect(found.MetricAlarms).toMatchObject([
      { AlarmName: 'error-rate', Metrics: [{ Id: 'rate' }, { Id: 'errors' }, { Id: 'requests' }] },
      { AlarmName: Errors, AlarmArn: Arn, Threshold: 20, DatapointsToAlarm: 2 },
    ]);
    const { Tags } = await stand.watch.send(new ListTagsForResourceCommand({ ResourceARN: Arn }));
    expect(Tags?.find(({ Key }) => Key === 'team')).toEqual({ Key: 'team', Value: '20' });
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const left = await stand.watch.send(
      new DescribeAlarmsCommand({ AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }),
    );
    expect([left.MetricAlarms, left.CompositeAlarms]).toEqual([[], []]);
  });

  it('fail when the metric has no statistic', async () => {
    const stand = newStand();
    const Properties = {
      Namespace: 'Shop',
      MetricName: 'Errors',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    };
    expect(await stand.create({ Resources: { Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties } } })).toBe(
      'ROLLBACK_COMPLETE',
    );
    expect((await stand.failures())[0]).toContain('Exactly one of Statistic and ExtendedStatistic');
  });

  it('with an anomaly detector are refused by name', async () => {
    const stand = newStand();
    const Properties = { EvaluationPeriods: 1, ComparisonOperator: 'x', ThresholdMetricId: 'band' };
    await stand.create({ Resources: { Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties } } });
    expect((await stand.failures())[0]).toContain(
      'Sandtable does not model the property ThresholdMetricId of AWS::CloudWatch::Alarm.',
    );
  });
});

describe('AWS::CloudWatch::Dashboard', () => {
  const dashboard = (text: string): { Resources: object } => ({
    Resources: {
      Board: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: { DashboardName: 'shop', DashboardBody: text },
      },
    },
  });

  it('holds its body, follows updates and goes with the stack', async () => {
    const stand = newStand();
    expect(await stand.create(dashboard('{"widgets":[]}'))).toBe('CREATE_COMPLETE');
    expect(await stand.physicalIds()).toEqual({ Board: 'shop' });
    await stand.update(dashboard('{"widgets":[],"start":"-PT1H"}'));
    const found = await stand.watch.send(new GetDashboardCommand({ DashboardName: 'shop' }));
    expect(found.DashboardBody).toBe('{"widgets":[],"start":"-PT1H"}');
    expect(await stand.delete()).toBe('DELETE_COMPLETE');
    const left = await stand.watch.send(new ListDashboardsCommand({}));
    expect(left.DashboardEntries).toEqual([]);
  });

  it('fails on a body that is no JSON', async () => {
    const stand = newStand();
    expect(await stand.create(dashboard('{widgets'))).toBe('ROLLBACK_COMPLETE');
    expect((await stand.failures())[0]).toContain('The field DashboardBody must be a valid JSON object');
  });
});
