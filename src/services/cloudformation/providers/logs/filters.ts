// AWS::Logs::MetricFilter and AWS::Logs::SubscriptionFilter.

import type { Input } from '#cloud/contracts.ts';
import { provider } from '../provider.ts';
import type { Json, Properties, Provider, Work } from '../provider.ts';

const LONGEST = 512;

type Metric = Work<'AWS::Logs::MetricFilter'>;
type Transformations = Input<'logs', 'PutMetricFilter'>['metricTransformations'];
type Unit = Transformations[number]['unit'];

function transformationsOf({
  MetricTransformations,
}: Properties<'AWS::Logs::MetricFilter'>): Transformations {
  return MetricTransformations.map((one) => {
    const { MetricName, MetricNamespace, MetricValue, DefaultValue, Dimensions, Unit } = one;
    return {
      metricName: MetricName,
      metricNamespace: MetricNamespace,
      metricValue: MetricValue,
      ...(DefaultValue !== undefined && { defaultValue: DefaultValue }),
      ...(Dimensions && { dimensions: Object.fromEntries(Dimensions.map(({ Key, Value }) => [Key, Value])) }),
      ...(Unit !== undefined && { unit: Unit as Unit }),
    };
  });
}

function putMetricFilter(work: Metric, filterName: string): void {
  const { LogGroupName, FilterPattern, ApplyOnTransformedLogs } = work.properties;
  work.call('logs', 'PutMetricFilter', {
    logGroupName: LogGroupName,
    filterName,
    filterPattern: FilterPattern,
    metricTransformations: transformationsOf(work.properties),
    applyOnTransformedLogs: ApplyOnTransformedLogs,
  });
}

export const metricFilter: Provider = provider({
  type: 'AWS::Logs::MetricFilter',
  refused: ['EmitSystemFieldDimensions', 'FieldSelectionCriteria'],
  create(work) {
    const filterName = work.properties.FilterName ?? work.name({ longest: LONGEST });
    putMetricFilter(work, filterName);
    return filterName;
  },
  update(work) {
    putMetricFilter(work, work.physicalId);
  },
  delete(work) {
    const { LogGroupName: logGroupName } = work.properties;
    work.find('logs', 'DeleteMetricFilter', { logGroupName, filterName: work.physicalId });
  },
  read(work) {
    const { LogGroupName: logGroupName } = work.properties;
    const query = { logGroupName, filterNamePrefix: work.physicalId };
    const found = work
      .find('logs', 'DescribeMetricFilters', query)
      ?.metricFilters?.find(({ filterName }) => filterName === work.physicalId);
    if (!found) return undefined;
    const MetricTransformations = (found.metricTransformations ?? []).map((one): Json => {
      const { metricName, metricNamespace, metricValue, defaultValue, dimensions, unit } = one;
      const pairs = Object.entries(dimensions ?? {}).map(([Key, Value]) => ({ Key, Value }));
      return {
        MetricName: metricName,
        MetricNamespace: metricNamespace,
        MetricValue: metricValue,
        ...(defaultValue !== undefined && { DefaultValue: defaultValue }),
        ...(dimensions && { Dimensions: pairs }),
        ...(unit !== undefined && { Unit: unit }),
      };
    });
    return {
      LogGroupName: logGroupName,
      FilterName: work.physicalId,
      FilterPattern: found.filterPattern ?? '',
      MetricTransformations,
    };
  },
});

type Subscription = Work<'AWS::Logs::SubscriptionFilter'>;
type Distribution = Input<'logs', 'PutSubscriptionFilter'>['distribution'];

function putSubscriptionFilter(work: Subscription, filterName: string): void {
  const { LogGroupName, FilterPattern, DestinationArn, RoleArn, Distribution } = work.properties;
  work.call('logs', 'PutSubscriptionFilter', {
    logGroupName: LogGroupName,
    filterName,
    filterPattern: FilterPattern,
    destinationArn: DestinationArn,
    roleArn: RoleArn,
    distribution: Distribution as Distribution,
    applyOnTransformedLogs: work.properties.ApplyOnTransformedLogs,
  });
}

export const subscriptionFilter: Provider = provider({
  type: 'AWS::Logs::SubscriptionFilter',
  refused: ['EmitSystemFields', 'FieldSelectionCriteria'],
  create(work) {
    const filterName = work.properties.FilterName ?? work.name({ longest: LONGEST });
    putSubscriptionFilter(work, filterName);
    return filterName;
  },
  update(work) {
    putSubscriptionFilter(work, work.physicalId);
  },
  delete(work) {
    const { LogGroupName: logGroupName } = work.properties;
    work.find('logs', 'DeleteSubscriptionFilter', { logGroupName, filterName: work.physicalId });
  },
  read(work) {
    const { LogGroupName: logGroupName } = work.properties;
    const query = { logGroupName, filterNamePrefix: work.physicalId };
    const found = work
      .find('logs', 'DescribeSubscriptionFilters', query)
      ?.subscriptionFilters?.find(({ filterName }) => filterName === work.physicalId);
    if (!found) return undefined;
    const { filterPattern = '', destinationArn = '', distribution, roleArn } = found;
    return {
      LogGroupName: logGroupName,
      FilterName: work.physicalId,
      FilterPattern: filterPattern,
      DestinationArn: destinationArn,
      Distribution: distribution,
      RoleArn: roleArn,
    };
  },
});
