// AWS::CloudWatch::Alarm and AWS::CloudWatch::CompositeAlarm.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Json, Provider, TypeName, Work } from '../provider.ts';

const LONGEST = 255;

type PutAlarm = Input<'monitoring', 'PutMetricAlarm'>;
type PutComposite = Input<'monitoring', 'PutCompositeAlarm'>;

function putAlarm(work: Work<'AWS::CloudWatch::Alarm'>, AlarmName: string): void {
  const { AlarmName: _, Tags, ...definition } = work.properties;
  // Tags count for a new alarm only.
  const input = { ...definition, AlarmName, Tags: work.tags(Tags) };
  work.call('monitoring', 'PutMetricAlarm', input as PutAlarm);
}

function putComposite(work: Work<'AWS::CloudWatch::CompositeAlarm'>, AlarmName: string): void {
  const { AlarmName: _, Tags, ...definition } = work.properties;
  const input = { ...definition, AlarmName, Tags: work.tags(Tags) };
  work.call('monitoring', 'PutCompositeAlarm', input as PutComposite);
}

function retag<T extends TypeName>(work: Work<T>): void {
  const ResourceARN = work.ctx.arn('cloudwatch', `alarm:${work.physicalId}`);
  const { put, remove } = work.tagChanges();
  work.call('monitoring', 'TagResource', { ResourceARN, Tags: put });
  if (remove.length > 0) work.call('monitoring', 'UntagResource', { ResourceARN, TagKeys: remove });
}

function remove<T extends TypeName>(work: Work<T>): void {
  work.find('monitoring', 'DeleteAlarms', { AlarmNames: [work.physicalId] });
}

function arnOf<T extends TypeName>({ ctx, physicalId }: Work<T>): { Arn: string } {
  return { Arn: ctx.arn('cloudwatch', `alarm:${physicalId}`) };
}

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
  create(work) {
    const name = work.properties.AlarmName ?? work.name({ longest: LONGEST });
    putAlarm(work, name);
    return name;
  },
  update(work) {
    putAlarm(work, work.physicalId);
    retag(work);
  },
  delete: remove,
  attributes: arnOf,
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
  create(work) {
    const name = work.properties.AlarmName ?? work.name({ longest: LONGEST });
    putComposite(work, name);
    return name;
  },
  update(work) {
    putComposite(work, work.physicalId);
    retag(work);
  },
  delete: remove,
  attributes: arnOf,
  read(work) {
    const query = { AlarmNames: [work.physicalId], AlarmTypes: ['CompositeAlarm'] as const };
    const { CompositeAlarms = [] } = work.call('monitoring', 'DescribeAlarms', query);
    const [found] = CompositeAlarms;
    return found && { ...shown(found, work.properties), AlarmName: work.physicalId };
  },
});
