// Amazon CloudWatch: metrics (./points.ts, ./metric-data.ts), metric math (./queries.ts), alarms (./metric-alarms.ts,
// ./composite-alarms.ts, ./evaluation.ts) and dashboards (./dashboards.ts).

import type { Reconciler, Row } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import { validationMessage } from '#contract/validate.ts';
import type { Violation } from '#contract/validate.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { provide } from '#cloud/port.ts';
import { metrics } from '#cloud/ports/metrics.ts';
import { defineService } from '#cloud/service.ts';
import type { Service } from '#cloud/service.ts';
import { historyItems, historyOperations } from './alarms/alarm-history.ts';
import { alarms, dependences } from './alarms/alarm.ts';
import { alarmOperations } from './alarms/alarms.ts';
import { compose, compositeAlarmOperations } from './alarms/composite-alarms.ts';
import { evaluate } from './alarms/evaluation.ts';
import { metricAlarmOperations } from './alarms/metric-alarms.ts';
import { dashboardArn, dashboardOperations, dashboards } from './dashboards.ts';
import { watches } from './metrics/alarm-metrics.ts';
import { metricDataOperations } from './metrics/metric-data.ts';
import { metricRows, metricsPort, points, stretches } from './metrics/points.ts';
import { tagOperations } from './tags.ts';

const alarmArn = (ctx: Ctx, name: string): string => ctx.arn('cloudwatch', `alarm:${name}`);
const ofAlarm = (ctx: Ctx, { AlarmName }: { AlarmName?: string | undefined }): string =>
  alarmArn(ctx, AlarmName ?? '*');
const ofAlarms = (ctx: Ctx, { AlarmNames }: { AlarmNames?: readonly string[] | undefined }): string[] =>
  (AlarmNames ?? ['*']).map((name) => alarmArn(ctx, name));
const ofDashboard = (ctx: Ctx, { DashboardName }: { DashboardName: string }): string =>
  dashboardArn(ctx, DashboardName);
const ofTagged = (_: Ctx, { ResourceARN }: { ResourceARN: string }): string => ResourceARN;

/** AWS lists an alarm's states in an order of its own (recorded by LocalStack: test_set_alarm_invalid_input). */
function asWorded(violation: Violation): Violation {
  if (violation.constraint !== 'enum' || violation.members.at(-1) !== 'StateValue') return violation;
  return { ...violation, message: 'Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]' };
}

export const service: Service = defineService({
  contract: 'monitoring',
  actionPrefix: 'cloudwatch',
  principal: 'cloudwatch.amazonaws.com',
  tables: [metricRows, points, stretches, watches, alarms, dependences, historyItems, dashboards],
  operations: {
    ...metricDataOperations,
    ...alarmOperations,
    ...metricAlarmOperations,
    ...compositeAlarmOperations,
    ...historyOperations,
    ...dashboardOperations,
    ...tagOperations,
  },
  reconcilers: [evaluate, compose] as unknown as Reconciler<Row, Ctx>[],
  provides: [provide(metrics, metricsPort)],
  authorization: {
    PutMetricData: { conditions: (_, { Namespace }) => ({ 'cloudwatch:namespace': Namespace }) },
    PutMetricAlarm: { resources: ofAlarm },
    PutCompositeAlarm: { resources: ofAlarm },
    DescribeAlarms: { resources: ofAlarms },
    DescribeAlarmHistory: { resources: ofAlarm },
    DeleteAlarms: { resources: ofAlarms },
    SetAlarmState: { resources: ofAlarm },
    EnableAlarmActions: { resources: ofAlarms },
    DisableAlarmActions: { resources: ofAlarms },
    PutDashboard: { resources: ofDashboard },
    GetDashboard: { resources: ofDashboard },
    DeleteDashboards: {
      resources: (ctx, { DashboardNames }) => DashboardNames.map((name) => dashboardArn(ctx, name)),
    },
    TagResource: { resources: ofTagged },
    UntagResource: { resources: ofTagged },
    ListTagsForResource: { resources: ofTagged },
  },
  invalid: (_, violations) => new Fault('ValidationException', validationMessage(violations.map(asWorded))),
  refused: {
    PutMetricData: ['EntityMetricData'],
    PutMetricAlarm: ['ThresholdMetricId', 'EvaluationCriteria', 'EvaluationInterval', 'Metrics.AccountId'],
    PutCompositeAlarm: [
      'ActionsSuppressor',
      'ActionsSuppressorWaitPeriod',
      'ActionsSuppressorExtensionPeriod',
    ],
    DescribeAlarmHistory: ['AlarmContributorId'],
    GetMetricData: ['LabelOptions', 'MetricDataQueries.AccountId'],
    ListMetrics: ['IncludeLinkedAccounts', 'OwningAccount'],
  },
  withoutEffect: {
    PutMetricData: { StrictEntityValidation: 'it only concerns entities, which are refused' },
  },
});
