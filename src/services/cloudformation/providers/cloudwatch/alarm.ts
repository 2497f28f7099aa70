// AWS::CloudWatch::Alarm and AWS::CloudWatch::CompositeAlarm.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Json, Provider, Work } from '../provider.ts';
import { retag } from '../tagging.ts';

const LONGEST = 255;

type PutAlarm = Input<'monitoring', 'PutMetricAlarm'>;
type PutComposite = Input<'monitoring', 'PutCompositeAlarm'>;

type AlarmWork = Work<'AWS::CloudWatch::Alarm'> | Work<'AWS::CloudWatch::CompositeAlarm'>;

function put(work: AlarmWork, AlarmName: string): void {
  const { AlarmName: _, Tags, ...definition } = work.properties;
  // Tags count for a new alarm only.
  const input = { ...definition, AlarmName, Tags: work.tags(Tags) };
  if (work.typeName === 'AWS::CloudWatch::Alarm')
    work.call('monitoring', 'PutMetricAlarm', input as PutAlarm);
  else work.call('monitoring', 'PutCompositeAlarm', input as PutComposite);
}

const arnOf = ({ ctx, physicalId }: AlarmWork): string => ctx.arn('cloudwatch', `alarm:${physicalId}`);

/** What both kinds of alarm do alike. */
const alike = {
  create(work: AlarmWork): string {
    const name = work.properties.AlarmName ?? work.name({ longest: LONGEST });
    put(work, name);
    return name;
  },
  update(work: AlarmWork): void {
    put(work, work.physicalId);
    retag(work as Work, 'monitoring', arnOf(work));
  },
  delete(work: AlarmWork): void {
    work.find('monitoring', 'DeleteAlarms', { AlarmNames: [work.physicalId] });
  },
  attributes: (work: AlarmWork): { Arn: string } => ({ Arn: arnOf(work) }),
};

/** What both kinds of alarm show as the template would give it. Tags are not looked at. */
function shown(alarm: object, properties: object): Record<string, Json | undefined> {
  const known = alarm as Readonly<Record<string, Json | undefined>>;
  const names = Object.keys(properties).filter((name) => name !== 'Tags');
  return Object.fromEntries(names.map((name) => [name, known[name]]));
}

export const alarm: Provider = provider({
  type: 'AWS::CloudWatch::Alarm',
  refused: [
    'EvaluationCriteria',
    'EvaluationInterval',
    'EvaluationWindow',
    'Metrics.AccountId',
    'ThresholdMetricId',
    'WarmUpConfiguration',
  ],
  passedOn: [
    'ActionsEnabled',
    'AlarmActions',
    'AlarmDescription',
    'ComparisonOperator',
    'DatapointsToAlarm',
    'Dimensions',
    'EvaluateLowSampleCountPercentile',
    'EvaluationPeriods',
    'ExtendedStatistic',
    'InsufficientDataActions',
    'MetricName',
    'Metrics',
    'Namespace',
    'OKActions',
    'Period',
    'Statistic',
    'Threshold',
    'TreatMissingData',
    'Unit',
  ],
  ...alike,
  read(work) {
    const AlarmNames = [work.physicalId];
    const { MetricAlarms = [] } = work.call('monitoring', 'DescribeAlarms', { AlarmNames });
    const [found] = MetricAlarms;
    return found && { ...shown(found, work.properties), AlarmName: work.physicalId };
  },
});

export const compositeAlarm: Provider = provider({
  type: 'AWS::CloudWatch::CompositeAlarm',
  refused: ['ActionsSuppressor', 'ActionsSuppressorExtensionPeriod', 'ActionsSuppressorWaitPeriod'],
  passedOn: [
    'ActionsEnabled',
    'AlarmActions',
    'AlarmDescription',
    'AlarmRule',
    'InsufficientDataActions',
    'OKActions',
  ],
  ...alike,
  read(work) {
    const query = { AlarmNames: [work.physicalId], AlarmTypes: ['CompositeAlarm'] as const };
    const { CompositeAlarms = [] } = work.call('monitoring', 'DescribeAlarms', query);
    const [found] = CompositeAlarms;
    return found && { ...shown(found, work.properties), AlarmName: work.physicalId };
  },
});
