// Metric filters, and trying out patterns. What they publish is in ./minutes.ts.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Input } from '#cloud/contracts.ts';
import { pageOf } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import {
  checkStandard,
  groupOf,
  invalidParameter,
  invalidToken,
  noMetricFilter,
  PAGE_SIZE,
} from '../groups/log-group.ts';
import { metricFilters, streamKey, subscriptionFilters } from '../tables.ts';
import { LogMessage } from './log-message.ts';
import { match, parsePattern, refersTo } from './pattern.ts';
import type { Pattern } from './pattern.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const MOST_FILTERS = 100;
const MOST_DIMENSIONS = 3;
/** Patterns of one log group that have regular expressions. */
const MOST_EXPRESSIONS = 5;

type Transformation = Input<'logs', 'PutMetricFilter'>['metricTransformations'][number];

const tooMany = (): Fault => new Fault('LimitExceededException', 'Resource limit exceeded.');

/** Throws where a group has too many patterns with regular expressions once `name` has this one. */
export function checkExpressions(ctx: Ctx, group: string, name: string, pattern: Pattern): void {
  if (pattern.expressions === 0) return;
  const own = { prefix: `${group}:` };
  const others = [...ctx.scan(metricFilters, own), ...ctx.scan(subscriptionFilters, own)].filter(
    (row) => row.name !== name && parsePattern(row.pattern).expressions > 0,
  );
  if (others.length >= MOST_EXPRESSIONS) throw tooMany();
}

function checkTransformation(pattern: Pattern, transformation: Transformation): void {
  const { metricValue, defaultValue, dimensions = {} } = transformation;
  const references = Object.values(dimensions);
  if (references.length > 0 && defaultValue !== undefined) {
    throw invalidParameter(
      'Invalid metric transformation: dimensions and default value are mutually exclusive properties.',
    );
  }
  if (references.length > 0 && pattern.form === 'terms')
    throw invalidParameter('The specified filter pattern does not support dimensions');
  if (references.length > MOST_DIMENSIONS)
    throw invalidParameter(`A metric filter can have no more than ${MOST_DIMENSIONS} dimensions.`);
  const unknown = references.find((reference) => !refersTo(pattern, reference));
  if (unknown !== undefined)
    throw invalidParameter(`Invalid metric transformation: ${unknown} is no field of the filter pattern.`);
  const valid = metricValue.startsWith('$')
    ? refersTo(pattern, metricValue)
    : /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(metricValue);
  if (!valid) throw invalidParameter(`Invalid metric transformation: metricValue ${metricValue}`);
}

export const metricFilterOperations: Operations<'logs'> = {
  PutMetricFilter(ctx, { logGroupName, filterName, filterPattern, metricTransformations, ...further }) {
    const pattern = parsePattern(filterPattern, 'metric filter pattern');
    if (further.applyOnTransformedLogs === true)
      throw new Fault('NotImplemented', 'Log transformers are not modelled by Sandtable.');
    const transformation = metricTransformations[0] as Transformation;
    checkTransformation(pattern, transformation);
    const group = groupOf(ctx, logGroupName);
    checkStandard(group, 'PutMetricFilter', 'InvalidOperationException');
    const known = ctx.get(metricFilters, streamKey(logGroupName, filterName));
    if (!known && ctx.scan(metricFilters, { prefix: `${logGroupName}:` }).length >= MOST_FILTERS)
      throw tooMany();
    checkExpressions(ctx, logGroupName, filterName, pattern);
    ctx.put(metricFilters, {
      group: logGroupName,
      name: filterName,
      pattern: filterPattern,
      transformation,
      createdAt: known?.createdAt ?? ctx.now,
    });
  },

  DescribeMetricFilters(ctx, input) {
    const { logGroupName, filterNamePrefix = '', metricName, metricNamespace, nextToken } = input;
    if ((metricName === undefined) !== (metricNamespace === undefined))
      throw invalidParameter('metricName and metricNamespace must be given together.');
    if (logGroupName !== undefined) groupOf(ctx, logGroupName);
    const prefix = logGroupName === undefined ? '' : `${logGroupName}:`;
    const keyOf = ({ name, group }: { name: string; group: string }): string => `${name}:${group}`;
    const found = ctx
      .scan(metricFilters, { prefix })
      .filter(
        ({ name, transformation }) =>
          name.startsWith(filterNamePrefix) &&
          (metricName === undefined ||
            (transformation.metricName === metricName && transformation.metricNamespace === metricNamespace)),
      )
      .toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
    const paging = { token: nextToken, limit: input.limit ?? PAGE_SIZE, invalidToken };
    const { items, next } = pageOf(found, keyOf, paging);
    return {
      metricFilters: items.map(({ name, group, pattern, transformation, createdAt }) => ({
        filterName: name,
        filterPattern: pattern,
        metricTransformations: [transformation],
        creationTime: createdAt,
        logGroupName: group,
        applyOnTransformedLogs: false,
      })),
      nextToken: next,
    };
  },

  DeleteMetricFilter(ctx, { logGroupName, filterName }) {
    groupOf(ctx, logGroupName);
    const key = streamKey(logGroupName, filterName);
    if (!ctx.get(metricFilters, key)) throw noMetricFilter();
    ctx.delete(metricFilters, key);
  },

  TestMetricFilter(_, { filterPattern, logEventMessages }) {
    const pattern = parsePattern(filterPattern);
    const matches = [];
    for (const [index, eventMessage] of logEventMessages.entries()) {
      const extractedValues = match(pattern, new LogMessage(eventMessage));
      if (extractedValues) matches.push({ eventNumber: index + 1, eventMessage, extractedValues });
    }
    return { matches };
  },
};
