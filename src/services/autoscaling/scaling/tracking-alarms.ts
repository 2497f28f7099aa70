// The CloudWatch alarms that a target tracking policy makes for itself.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import type { MetricId } from '#cloud/ports/metrics.ts';
import { roleOf } from '../group.ts';
import type { Group } from '../group.ts';
import { policies } from './policy.ts';
import type { PolicyAlarmName, ScalingPolicy, Tracking } from './policy.ts';

type PutAlarm = Input<'monitoring', 'PutMetricAlarm'>;
type Metric = Pick<
  PutAlarm,
  'Namespace' | 'MetricName' | 'Dimensions' | 'Statistic' | 'Unit' | 'Period' | 'Metrics'
>;

const PERIOD = 60;
/** Minutes above the target before the group grows, and minutes below before it shrinks. */
const HIGH_PERIODS = 3;
const LOW_PERIODS = 15;

const LABEL = /^(app\/[^/]+\/[^/]+)\/(targetgroup\/[^/]+\/[^/]+)$/;

function invalid(message: string): Fault {
  return new Fault('ValidationError', message);
}

/** The load balancer's metric that a resource label means, `app/name/id/targetgroup/name/id`. */
function requestCountOf(group: Group, label: string | undefined): MetricId {
  const [, LoadBalancer, TargetGroup] = LABEL.exec(label ?? '') ?? [];
  if (LoadBalancer === undefined || TargetGroup === undefined) {
    throw invalid(
      'ResourceLabel must be of the form app/<load-balancer-name>/<load-balancer-id>/targetgroup/<target-group-name>/<target-group-id>.',
    );
  }
  if (!group.targetGroupArns.some((arn) => arn.endsWith(`:${TargetGroup}`)))
    throw invalid(`The target group ${TargetGroup} is not attached to the Auto Scaling group.`);
  return {
    namespace: 'AWS/ApplicationELB',
    name: 'RequestCountPerTarget',
    dimensions: { LoadBalancer, TargetGroup },
  };
}

const AVERAGES: Readonly<Record<string, string>> = {
  ASGAverageCPUUtilization: 'CPUUtilization',
  ASGAverageNetworkIn: 'NetworkIn',
  ASGAverageNetworkOut: 'NetworkOut',
};

/** The metric of a configuration, as an alarm wants it. Throws AWS's errors. */
function metricOf(group: Group, tracking: Tracking): Metric {
  const { PredefinedMetricSpecification: predefined, CustomizedMetricSpecification: customized } = tracking;
  if ((predefined === undefined) === (customized === undefined)) {
    throw invalid(
      'Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified.',
    );
  }
  if (predefined) {
    const { PredefinedMetricType: type, ResourceLabel } = predefined;
    const average = AVERAGES[type];
    if (average === undefined) return plain(requestCountOf(group, ResourceLabel), 'Sum');
    if (ResourceLabel !== undefined) throw invalid(`ResourceLabel must not be specified with ${type}.`);
    const dimensions = { AutoScalingGroupName: group.name };
    return plain({ namespace: 'AWS/EC2', name: average, dimensions }, 'Average');
  }
  const {
    MetricName,
    Namespace,
    Dimensions = [],
    Statistic,
    Unit,
    Period = PERIOD,
    Metrics,
  } = customized ?? {};
  if (Metrics) return mathOf(Metrics);
  checkPeriod(Period);
  if (MetricName === undefined || Namespace === undefined || Statistic === undefined)
    throw invalid('MetricName, Namespace and Statistic must be specified, or Metrics.');
  return {
    Namespace,
    MetricName,
    Dimensions,
    Statistic,
    Period: PERIOD,
    ...(Unit === undefined ? {} : { Unit: Unit as never }),
  };
}

type Queries = NonNullable<NonNullable<Tracking['CustomizedMetricSpecification']>['Metrics']>;

/** Metric math goes to CloudWatch as it is. */
function mathOf(queries: Queries): Metric {
  const Metrics = queries.map(({ Id, Expression, Label, ReturnData, MetricStat, Period = PERIOD }) => {
    checkPeriod(MetricStat?.Period ?? Period);
    return {
      Id,
      ...(Expression === undefined ? {} : { Expression }),
      ...(Label === undefined ? {} : { Label }),
      ReturnData: ReturnData ?? true,
      ...(MetricStat
        ? {
            MetricStat: {
              Metric: {
                Namespace: MetricStat.Metric.Namespace,
                MetricName: MetricStat.Metric.MetricName,
                Dimensions: MetricStat.Metric.Dimensions ?? [],
              },
              Stat: MetricStat.Stat,
              Period: PERIOD,
              ...(MetricStat.Unit === undefined ? {} : { Unit: MetricStat.Unit as never }),
            },
          }
        : {}),
    };
  });
  return { Metrics };
}

function checkPeriod(seconds: number): void {
  if (seconds !== PERIOD)
    throw new Fault(
      'NotImplemented',
      `Target tracking over periods of ${seconds} s is not modelled by Sandtable.`,
    );
}

function plain({ namespace, name, dimensions }: MetricId, statistic: 'Sum' | 'Average'): Metric {
  return {
    Namespace: namespace,
    MetricName: name,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    Statistic: statistic,
    Period: PERIOD,
  };
}

/** What tells one metric from another. */
function sameMetric(left: Tracking, right: Tracking): boolean {
  const told = ({
    PredefinedMetricSpecification: one,
    CustomizedMetricSpecification: other,
  }: Tracking): string => JSON.stringify([one, other]);
  return told(left) === told(right);
}

/** Throws AWS's error where another policy of the group tracks the same metric. */
export function checkUnique(ctx: Ctx, group: Group, policyName: string, tracking: Tracking): void {
  const others = ctx.list(policies, 'group', group.name).filter(({ name }) => name !== policyName);
  if (others.some((one) => one.tracking && sameMetric(one.tracking, tracking)))
    throw invalid('Only one TargetTrackingScaling policy for a given metric specification is allowed.');
}

/** Makes a policy's alarms, or changes those it has. Returns them. */
export function putAlarms(
  ctx: Ctx,
  group: Group,
  { arn, tracking, alarms }: Pick<ScalingPolicy, 'arn' | 'alarms'> & { tracking: Tracking },
): readonly PolicyAlarmName[] {
  const metric = metricOf(group, tracking);
  const kinds = tracking.DisableScaleIn ? (['high'] as const) : (['high', 'low'] as const);
  dropAlarms(
    ctx,
    group,
    alarms.filter(({ kind }) => !kinds.some((wanted) => wanted === kind)),
  );
  reportNothing(ctx, tracking);
  return kinds.map((kind) => {
    const label = kind === 'high' ? 'AlarmHigh' : 'AlarmLow';
    const known = alarms.find((one) => one.kind === kind);
    const name = known?.name ?? `TargetTracking-${group.name}-${label}-${ctx.uuid('policy-alarm')}`;
    const put = ctx.call(
      'monitoring',
      'PutMetricAlarm',
      {
        ...metric,
        AlarmName: name,
        AlarmDescription: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${arn}.`,
        AlarmActions: [arn],
        ComparisonOperator: kind === 'high' ? 'GreaterThanThreshold' : 'LessThanThreshold',
        EvaluationPeriods: kind === 'high' ? HIGH_PERIODS : LOW_PERIODS,
        // A tenth below the target: between the two nothing happens.
        Threshold: kind === 'high' ? tracking.TargetValue : (tracking.TargetValue * 9) / 10,
      },
      roleOf(group),
    );
    if (!put.ok) throw put.fault.shape === 'NotImplemented' ? put.fault : invalid(put.fault.message);
    return { name, arn: ctx.arn('cloudwatch', `alarm:${name}`), kind };
  });
}

/** Deletes alarms of a policy. */
export function dropAlarms(
  ctx: Ctx,
  group: Pick<Group, 'roleArn'>,
  alarms: readonly PolicyAlarmName[],
): void {
  if (alarms.length === 0) return;
  ctx.call('monitoring', 'DeleteAlarms', { AlarmNames: alarms.map(({ name }) => name) }, roleOf(group));
}

/**
 * Load balancers report zero requests per target for minutes without any, so that a group without traffic shrinks. The sum of
 * a level of zero and of the requests is the requests.
 */
function reportNothing(ctx: Ctx, { PredefinedMetricSpecification: predefined }: Tracking): void {
  const [, LoadBalancer, TargetGroup] = LABEL.exec(predefined?.ResourceLabel ?? '') ?? [];
  if (LoadBalancer === undefined || TargetGroup === undefined) return;
  const metric = {
    namespace: 'AWS/ApplicationELB',
    name: 'RequestCountPerTarget',
    dimensions: { LoadBalancer, TargetGroup },
  };
  ctx.port(metrics).level(ctx, metric, 'Count', 0);
}
