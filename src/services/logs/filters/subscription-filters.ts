// Subscription filters. Only Lambda functions can be destinations so far; others are refused by name.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import {
  checkStandard,
  groupOf,
  invalidParameter,
  invalidToken,
  noSubscriptionFilter,
  PAGE_SIZE,
} from '../groups/log-group.ts';
import { streamKey, subscriptionFilters } from '../tables.ts';
import { invoke } from './forwarding.ts';
import { checkExpressions } from './metric-filters.ts';
import { parsePattern } from './pattern.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const MOST_FILTERS = 2;
const FUNCTION = /^arn:aws:lambda:([a-z0-9-]+):(\d{12}):function:[A-Za-z0-9_-]+(?::[A-Za-z0-9_$-]+)?$/;

/** Whether events could be forwarded there, as far as the ARN and the role tell. */
function checkDestination(ctx: Ctx, destinationArn: string, roleArn: string | undefined): void {
  const [arn, , vendor = ''] = destinationArn.split(':');
  if (arn !== 'arn') throw invalidParameter('Invalid destinationArn');
  if (vendor === 'kinesis' || vendor === 'firehose') {
    if (roleArn === undefined)
      throw invalidParameter(`destinationArn for vendor ${vendor} cannot be used without roleArn`);
    throw notModelled(vendor);
  }
  if (vendor === 'logs') throw notModelled(vendor);
  if (vendor !== 'lambda') {
    throw invalidParameter(
      `PutSubscriptionFilter operation cannot work with destinationArn for vendor ${vendor}`,
    );
  }
  if (roleArn !== undefined)
    throw invalidParameter('destinationArn for vendor lambda cannot be used with roleArn');
  const [, region, account] = FUNCTION.exec(destinationArn) ?? [];
  if (account === undefined || region !== ctx.region) throw invalidParameter('Invalid destinationArn');
  if (account !== ctx.account) {
    throw new Fault(
      'AccessDeniedException',
      'Cross-account lambda invocation passing is not allowed. ' +
        'You must use DestinationPolicies to create cross account lambda triggers.',
    );
  }
}

const notModelled = (vendor: string): Fault =>
  new Fault('NotImplemented', `Subscriptions of vendor ${vendor} are not modelled by Sandtable.`);

export const subscriptionFilterOperations: Operations<'logs'> = {
  PutSubscriptionFilter(ctx, input) {
    const { logGroupName, filterName, filterPattern, destinationArn, distribution } = input;
    const pattern = parsePattern(filterPattern);
    if (input.applyOnTransformedLogs === true)
      throw new Fault('NotImplemented', 'Log transformers are not modelled by Sandtable.');
    checkDestination(ctx, destinationArn, input.roleArn);
    const group = groupOf(ctx, logGroupName);
    checkStandard(group, 'PutSubscriptionFilter', 'InvalidOperationException');
    const known = ctx.get(subscriptionFilters, streamKey(logGroupName, filterName));
    const others = ctx
      .scan(subscriptionFilters, { prefix: `${logGroupName}:` })
      .filter(({ name }) => name !== filterName);
    if (others.length >= MOST_FILTERS) throw new Fault('LimitExceededException', 'Resource limit exceeded.');
    checkExpressions(ctx, logGroupName, filterName, pattern);
    // Asks whether the function is there and lets CloudWatch Logs in; its code does not run.
    const tried = invoke(ctx, destinationArn, logGroupName, { InvocationType: 'DryRun' });
    if (!tried.ok) {
      if (tried.fault.shape === 'NotImplemented') throw tried.fault;
      throw invalidParameter(
        'Could not execute the lambda function. ' +
          'Make sure you have given CloudWatch Logs permission to execute your function.',
      );
    }
    ctx.put(subscriptionFilters, {
      group: logGroupName,
      name: filterName,
      pattern: filterPattern,
      destinationArn,
      distribution: distribution ?? 'ByLogStream',
      createdAt: known?.createdAt ?? ctx.now,
    });
  },

  DescribeSubscriptionFilters(ctx, { logGroupName, filterNamePrefix = '', nextToken, limit = PAGE_SIZE }) {
    groupOf(ctx, logGroupName);
    const prefix = streamKey(logGroupName, filterNamePrefix);
    const { rows, next } = page(ctx, subscriptionFilters, { token: nextToken, limit, prefix, invalidToken });
    return {
      subscriptionFilters: rows.map((row) => ({
        filterName: row.name,
        logGroupName: row.group,
        filterPattern: row.pattern,
        destinationArn: row.destinationArn,
        distribution: row.distribution,
        applyOnTransformedLogs: false,
        creationTime: row.createdAt,
      })),
      nextToken: next,
    };
  },

  DeleteSubscriptionFilter(ctx, { logGroupName, filterName }) {
    groupOf(ctx, logGroupName);
    const key = streamKey(logGroupName, filterName);
    if (!ctx.get(subscriptionFilters, key)) throw noSubscriptionFilter();
    ctx.delete(subscriptionFilters, key);
  },
};
