import {
  DeletePolicyCommand,
  DescribeAutoScalingGroupsCommand,
  DescribePoliciesCommand,
  PutScalingPolicyCommand,
} from '@aws-sdk/client-auto-scaling';
import type { PutScalingPolicyCommandInput } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, DescribeAlarmsCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import {
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it } from 'vitest';
import { startLoad, stopLoad } from '#traffic/load-control.ts';
import { balanced, GROUP, HOUR, MINUTE, stand } from '../test-stand.ts';
import type { Stand } from '../test-stand.ts';

interface Tracked extends Stand {
  cloudwatch: CloudWatchClient;
  put: (more: Partial<PutScalingPolicyCommandInput>) => Promise<string[]>;
  desired: () => Promise<number | undefined>;
  alarms: () => Promise<MetricAlarm[]>;
}

async function tracked(): Promise<Tracked> {
  const here = await stand();
  const cloudwatch = here.table.client(CloudWatchClient);
  const policy = { AutoScalingGroupName: GROUP, PolicyName: 'keep', PolicyType: 'TargetTrackingScaling' };
  return {
    ...here,
    cloudwatch,
    async put(more) {
      const { Alarms = [] } = await here.asg.send(new PutScalingPolicyCommand({ ...policy, ...more }));
      return Alarms.map(({ AlarmName = '' }) => AlarmName);
    },
    async desired() {
      const { AutoScalingGroups } = await here.asg.send(new DescribeAutoScalingGroupsCommand({}));
      return AutoScalingGroups?.[0]?.DesiredCapacity;
    },
    async alarms() {
      return (await cloudwatch.send(new DescribeAlarmsCommand({}))).MetricAlarms ?? [];
    },
  };
}

const BACKLOG = {
  CustomizedMetricSpecification: { Namespace: 'App', MetricName: 'Backlog', Statistic: 'Average' as const },
  TargetValue: 100,
};

/** Reports the metric each minute for a while. */
async function report(here: Tracked, Value: number, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    const MetricData = [{ MetricName: 'Backlog', Value }];
    await here.cloudwatch.send(new PutMetricDataCommand({ Namespace: 'App', MetricData }));
    here.table.advance(MINUTE);
  }
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
it('makes two alarms for a target tracking policy, and deletes them with it', async () => {
  const here = await tracked();
  await here.create();
  const PredefinedMetricSpecification = { PredefinedMetricType: 'ASGAverageCPUUtilization' as const };
  const TargetTrackingConfiguration = { PredefinedMetricSpecification, TargetValue: 60 };
  const names = await here.put({ TargetTrackingConfiguration });
  expect(names[0]).toMatch(/^TargetTracking-web-AlarmHigh-[0-9a-f-]{36}$/);
  expect(names[1]).toMatch(/^TargetTracking-web-AlarmLow-[0-9a-f-]{36}$/);
  const common = {
    Namespace: 'AWS/EC2',
    MetricName: 'CPUUtilization',
    Dimensions: [{ Name: 'AutoScalingGroupName', Value: GROUP }],
    Period: 60,
  };
  expect(await here.alarms()).toMatchObject([
    { ...common, Threshold: 60, EvaluationPeriods: 3, ComparisonOperator: 'GreaterThanThreshold' },
    { ...common, Threshold: 54, EvaluationPeriods: 15, ComparisonOperator: 'LessThanThreshold' },
  ]);
  const { ScalingPolicies } = await here.asg.send(new DescribePoliciesCommand({}));
  expect(ScalingPolicies?.[0]?.Alarms?.map(({ AlarmName }) => AlarmName)).toEqual(names);
  await here.asg.send(new DeletePolicyCommand({ AutoScalingGroupName: GROUP, PolicyName: 'keep' }));
  expect(await here.alarms()).toEqual([]);
});

it('makes no alarm for scaling in where that is disabled', async () => {
  const here = await tracked();
  await here.create();
  await here.put({ TargetTrackingConfiguration: BACKLOG });
  const [name] = await here.put({ TargetTrackingConfiguration: { ...BACKLOG, DisableScaleIn: true } });
  expect((await here.alarms()).map(({ AlarmName }) => AlarmName)).toEqual([name]);
});

it('takes one policy only for a metric', async () => {
  const here = await tracked();
  await here.create();
  await here.put({ TargetTrackingConfiguration: BACKLOG });
  await expect(here.put({ PolicyName: 'again', TargetTrackingConfiguration: BACKLOG })).rejects.toThrow(
    'Only one TargetTrackingScaling policy for a given metric specification is allowed.',
  );
});

it('grows in proportion to the metric, and not again while instances warm up', async () => {
  const here = await tracked();
  await here.create({ DesiredCapacity: 2, DefaultInstanceWarmup: 0 });
  here.until('InService', 2);
  await here.put({ TargetTrackingConfiguration: BACKLOG, EstimatedInstanceWarmup: 600 });
  here.table.advance(11 * MINUTE);
  await report(here, 240, 8);
  // Two instances at 240 are five at 96: as many as that, and no more while three of them warm up.
  expect(await here.desired()).toBe(5);
  expect((await here.activities())[0]?.Cause).toMatch(
    /a monitor alarm TargetTracking-web-AlarmHigh-\S+ in state ALARM triggered policy keep changing the desired capacity from 2 to 5\./,
  );
});

it('shrinks after a quarter of an hour below the target, by one instance at a time', async () => {
  const here = await tracked();
  await here.create({ MinSize: 1, DesiredCapacity: 4, DefaultInstanceWarmup: 60 });
  here.until('InService', 4);
  await here.put({ TargetTrackingConfiguration: BACKLOG });
  await report(here, 40, 14);
  expect(await here.desired()).toBe(4);
  await report(here, 40, 5);
  expect(await here.desired()).toBeLessThan(4);
  await report(here, 40, 40);
  expect(await here.desired()).toBe(1);
});

it('shrinks only where all tracking policies agree', async () => {
  const here = await tracked();
  await here.create({ MinSize: 1, DesiredCapacity: 4, DefaultInstanceWarmup: 0 });
  here.until('InService', 4);
  await here.put({ TargetTrackingConfiguration: BACKLOG });
  const PredefinedMetricSpecification = { PredefinedMetricType: 'ASGAverageNetworkIn' as const };
  const other = { PredefinedMetricSpecification, TargetValue: 1000 };
  await here.put({ PolicyName: 'network', TargetTrackingConfiguration: other });
  await report(here, 40, 25);
  expect(await here.desired()).toBe(4); // Nothing is known of the network: its alarm is not in ALARM.
});

it('tracks metric math', async () => {
  const here = await tracked();
  await here.create({ DesiredCapacity: 1, DefaultInstanceWarmup: 0 });
  here.until('InService', 1);
  const Metric = { Namespace: 'App', MetricName: 'Backlog' };
  const Metrics = [
    { Id: 'm1', MetricStat: { Metric, Stat: 'Sum' }, ReturnData: false },
    { Id: 'e1', Expression: 'm1 / 10', ReturnData: true },
  ];
  const TargetTrackingConfiguration = { CustomizedMetricSpecification: { Metrics }, TargetValue: 10 };
  await here.put({ TargetTrackingConfiguration });
  await report(here, 300, 8);
  expect(await here.desired()).toBe(10); // Three times as many, again and again, up to the maximum.
});

it('follows the requests of a load balancer out and, when they end, in again', async () => {
  const here = await tracked();
  const TargetGroupArn = await balanced(here);
  await here.create({
    MinSize: 1,
    DesiredCapacity: 1,
    MaxSize: 4,
    TargetGroupARNs: [TargetGroupArn],
    DefaultInstanceWarmup: 300,
  });
  here.until('InService', 1);
  const elb = here.table.client(ElasticLoadBalancingV2Client);
  const { LoadBalancers } = await elb.send(new DescribeLoadBalancersCommand({}));
  const { LoadBalancerArn = '', DNSName: host = '' } = LoadBalancers?.[0] ?? {};
  const ResourceLabel = `${LoadBalancerArn.split(':loadbalancer/')[1]}/${TargetGroupArn.split(':').at(-1)}`;
  const PredefinedMetricSpecification = {
    PredefinedMetricType: 'ALBRequestCountPerTarget' as const,
    ResourceLabel,
  };
  await here.put({ TargetTrackingConfiguration: { PredefinedMetricSpecification, TargetValue: 600 } });
  here.table.advance(10 * MINUTE);
  const load = here.table.act((ctx) =>
    startLoad(ctx, { host, port: 80, path: '/', ratePerSecond: 25, resolution: 'binned' }),
  );
  here.table.advance(15 * MINUTE);
  expect(await here.desired()).toBe(3); // 1500 requests a minute.
  here.table.act((ctx) => stopLoad(ctx, load.id));
  here.table.advance(HOUR);
  expect(await here.desired()).toBe(1);
});
