// A canary under load: the bad version's errors reach CloudWatch, the alarm fires, CodeDeploy takes the traffic back.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html

import { PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { expect, it } from 'vitest';
import { startInvocations } from '#traffic/invocation-load.ts';
import { measured } from '#traffic/measure.ts';
import { MINUTE } from '../../../../tests/lambda-stand.ts';
import { ROLLS_BACK, shop } from '../test-lambda-stand.ts';

it('that fails for some of its callers is taken back within minutes, and nine tenths never meet it', async () => {
  const made = await shop({
    alarmConfiguration: { enabled: true, alarms: [{ name: 'errors' }] },
    autoRollbackConfiguration: ROLLS_BACK,
  });
  await made.update('shop', 'function: { answers: three, errors: 20% }');
  await made.publish('shop');
  await made.cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName: 'errors',
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [
        { Name: 'FunctionName', Value: 'shop' },
        { Name: 'Resource', Value: 'shop:live' },
        { Name: 'ExecutedVersion', Value: '3' },
      ],
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 10,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    }),
  );
  const request = { function: 'shop:live', ratePerSecond: 50 };
  const load = made.table.act((ctx) => startInvocations(ctx, request)).id;
  made.table.advance(2 * MINUTE);
  const content = JSON.stringify({
    version: 0.0,
    Resources: [
      {
        shop: {
          Type: 'AWS::Lambda::Function',
          Properties: { Name: 'shop', Alias: 'live', CurrentVersion: '1', TargetVersion: '3' },
        },
      },
    ],
  });
  const info = await made.ended(await made.deploy(content), 5 * MINUTE);
  expect(info).toMatchObject({ status: 'Stopped', errorInformation: { code: 'ALARM_ACTIVE' } });
  await made.ended(info.rollbackInfo?.rollbackDeploymentId ?? '', MINUTE);
  expect(await made.alias()).toBe('1');
  made.table.advance(2 * MINUTE);
  const { requests, byVersion, series } = made.table.read((ctx) => measured(ctx, load));
  expect(byVersion['1']?.failed).toBe(0);
  expect(byVersion['3']?.failed).toBeGreaterThan(10);
  expect((byVersion['3']?.requests ?? 0) / requests).toBeLessThan(0.1);
  expect(series.slice(-10).every((bucket) => bucket.failed === 0)).toBe(true);
});
