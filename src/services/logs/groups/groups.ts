// Log groups and their tags.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Output } from '#cloud/contracts.ts';
import { page } from '#cloud/pagination.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { deliveries } from '../filters/forwarding.ts';
import { ingestions } from '../filters/minutes.ts';
import {
  batches,
  logGroups,
  logStreams,
  metricFilters,
  streamBatches,
  subscriptionFilters,
} from '../tables.ts';
import type { LogGroup } from '../tables.ts';
import { keyFor } from './encryption.ts';
import {
  checkProtection,
  groupArn,
  groupByIdentifier,
  groupOf,
  invalidParameter,
  invalidToken,
  nameIn,
  PAGE_SIZE,
} from './log-group.ts';

const MOST_TAGS = 50;

type Described = NonNullable<Output<'logs', 'DescribeLogGroups'>['logGroups']>[number];

function described(ctx: Ctx, group: LogGroup): Described {
  const { name, arn, createdAt, retentionInDays, storedBytes } = group;
  return {
    logGroupName: name,
    creationTime: createdAt,
    ...(retentionInDays === undefined ? {} : { retentionInDays }),
    metricFilterCount: ctx.scan(metricFilters, { prefix: `${name}:` }).length,
    arn: `${arn}:*`,
    storedBytes,
    ...(group.kmsKeyId === undefined ? {} : { kmsKeyId: group.kmsKeyId }),
    logGroupClass: group.class,
    logGroupArn: arn,
    deletionProtectionEnabled: group.protected,
  };
}

/** What a search by pattern tells, which is less (recorded by LocalStack: test_describe_log_groups_with_pattern). */
function asFound(group: Described): Described {
  const { storedBytes: _, deletionProtectionEnabled: __, ...told } = group;
  return told;
}

function retag(ctx: Ctx, group: LogGroup, tags: Tags): void {
  if (Object.keys(tags).length > MOST_TAGS) {
    throw new Fault('TooManyTagsException', 'The resource can have no more than 50 tags.', {
      fields: { resourceName: group.arn },
    });
  }
  ctx.update(logGroups, group, { tags });
}

function tagged(ctx: Ctx, arn: string): LogGroup {
  const group = ctx.get(logGroups, nameIn(arn));
  if (group?.arn === arn) return group;
  throw new Fault('ResourceNotFoundException', 'The specified resource does not exist.');
}

/** `^` at the beginning of an alternative ties it to the beginning of the name. */
function named(pattern: string): (group: LogGroup) => boolean {
  const wanted = pattern.split('|');
  return ({ name }) =>
    wanted.some((part) => (part.startsWith('^') ? name.startsWith(part.slice(1)) : name.includes(part)));
}

/** Which groups DescribeLogGroups is asked for, besides a prefix. */
function chosen(
  logGroupClass: string | undefined,
  pattern: string | undefined,
  identifiers: readonly string[] | undefined,
): ((group: LogGroup) => boolean) | undefined {
  if (logGroupClass === undefined && pattern === undefined && identifiers === undefined) return undefined;
  const names = identifiers && new Set(identifiers.map(nameIn));
  return (group) =>
    (logGroupClass === undefined || group.class === logGroupClass) &&
    (pattern === undefined || group.name.includes(pattern)) &&
    (names === undefined || names.has(group.name));
}

export const groupOperations: Operations<'logs'> = {
  CreateLogGroup(ctx, input) {
    const { logGroupName: name, logGroupClass = 'STANDARD', tags = {}, deletionProtectionEnabled } = input;
    if (ctx.get(logGroups, name))
      throw new Fault('ResourceAlreadyExistsException', 'The specified log group already exists');
    if (logGroupClass === 'DELIVERY')
      throw new Fault('NotImplemented', 'Log groups of the class DELIVERY are not modelled by Sandtable.');
    const arn = groupArn(ctx, name);
    ctx.put(logGroups, {
      name,
      arn,
      class: logGroupClass,
      createdAt: ctx.now,
      protected: deletionProtectionEnabled === true,
      tags,
      storedBytes: 0,
      longestSpanMs: 0,
      ...(input.kmsKeyId === undefined ? {} : keyFor(ctx, arn, input.kmsKeyId)),
    });
  },

  DeleteLogGroup(ctx, { logGroupName: name }) {
    checkProtection(groupOf(ctx, name));
    const own = { prefix: `${name}:` };
    for (const { key } of ctx.scan(streamBatches, own)) ctx.delete(streamBatches, key);
    for (const { key } of ctx.scan(batches, own)) ctx.delete(batches, key);
    for (const { key } of ctx.scan(ingestions, own)) ctx.delete(ingestions, key);
    for (const row of ctx.list(deliveries, 'group', name)) ctx.delete(deliveries, row.id);
    for (const stream of ctx.scan(logStreams, own)) ctx.delete(logStreams, `${name}:${stream.name}`);
    for (const filter of ctx.scan(metricFilters, own)) ctx.delete(metricFilters, `${name}:${filter.name}`);
    for (const filter of ctx.scan(subscriptionFilters, own))
      ctx.delete(subscriptionFilters, `${name}:${filter.name}`);
    ctx.delete(logGroups, name);
  },

  DescribeLogGroups(ctx, input) {
    const { logGroupNamePrefix: prefix, logGroupNamePattern, logGroupIdentifiers, nextToken, limit } = input;
    if (prefix !== undefined && logGroupNamePattern !== undefined) {
      throw invalidParameter(
        'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
      );
    }
    const where = chosen(input.logGroupClass, logGroupNamePattern, logGroupIdentifiers);
    const { rows, next } = page(ctx, logGroups, {
      token: nextToken,
      limit: limit ?? PAGE_SIZE,
      prefix: prefix ?? '',
      ...(where ? { where } : {}),
      invalidToken,
    });
    const all = rows.map((group) => described(ctx, group));
    return { logGroups: logGroupNamePattern === undefined ? all : all.map(asFound), nextToken: next };
  },

  ListLogGroups(ctx, { logGroupNamePattern: pattern, logGroupClass, nextToken, limit = PAGE_SIZE }) {
    const matches = pattern === undefined ? (): boolean => true : named(pattern);
    const { rows, next } = page(ctx, logGroups, {
      token: nextToken,
      limit,
      where: (group) => matches(group) && (logGroupClass === undefined || group.class === logGroupClass),
      invalidToken,
    });
    return {
      logGroups: rows.map((group) => ({
        logGroupName: group.name,
        logGroupArn: group.arn,
        logGroupClass: group.class,
      })),
      nextToken: next,
    };
  },

  PutLogGroupDeletionProtection(ctx, { logGroupIdentifier, deletionProtectionEnabled }) {
    const group = groupByIdentifier(ctx, logGroupIdentifier);
    ctx.update(logGroups, group, { protected: deletionProtectionEnabled });
  },

  TagLogGroup(ctx, { logGroupName, tags }) {
    const group = groupOf(ctx, logGroupName);
    retag(ctx, group, { ...group.tags, ...tags });
  },

  UntagLogGroup(ctx, { logGroupName, tags }) {
    const group = groupOf(ctx, logGroupName);
    retag(ctx, group, removeTags(group.tags, tags));
  },

  ListTagsLogGroup(ctx, { logGroupName }) {
    return { tags: groupOf(ctx, logGroupName).tags };
  },

  TagResource(ctx, { resourceArn, tags }) {
    const group = tagged(ctx, resourceArn);
    retag(ctx, group, { ...group.tags, ...tags });
  },

  UntagResource(ctx, { resourceArn, tagKeys }) {
    const group = tagged(ctx, resourceArn);
    retag(ctx, group, removeTags(group.tags, tagKeys));
  },

  ListTagsForResource(ctx, { resourceArn }) {
    return { tags: tagged(ctx, resourceArn).tags };
  },
};
