// Tags of load balancers, target groups, listeners and rules.

import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import {
  listenerOf,
  listeners,
  loadBalancerOf,
  loadBalancers,
  ruleOf,
  rules,
  targetGroupOf,
  targetGroups,
} from './tables.ts';

interface Tagged {
  readonly tags: Tags;
}
type WireTags = readonly { Key: string; Value?: string | undefined }[];

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-tags.html */
const MOST_TAGS = 50;

/** Tags as a new resource gets them. */
export function newTags(wanted: WireTags = []): Tags {
  return added({}, wanted);
}

function added(tags: Tags, wanted: WireTags): Tags {
  const keys = wanted.map(({ Key }) => Key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined)
    throw new Fault('DuplicateTagKeysException', `Tag key was specified more than once: ${twice}`);
  const merged = mergeTags(tags, wanted);
  if (Object.keys(merged).length > MOST_TAGS) {
    throw new Fault(
      'TooManyTagsException',
      "You've reached the limit on the number of tags for this resource.",
    );
  }
  return merged;
}

/** The table and the row of a resource that carries tags. */
function taggedBy(ctx: Ctx, arn: string): { table: Table<Tagged>; row: Tagged } {
  const kind = arn.split(':')[5]?.split('/')[0];
  if (kind === 'loadbalancer')
    return { table: loadBalancers as Table<Tagged>, row: loadBalancerOf(ctx, arn) };
  if (kind === 'targetgroup') return { table: targetGroups as Table<Tagged>, row: targetGroupOf(ctx, arn) };
  if (kind === 'listener') return { table: listeners as Table<Tagged>, row: listenerOf(ctx, arn) };
  if (kind === 'listener-rule') return { table: rules as Table<Tagged>, row: ruleOf(ctx, arn) };
  throw new Fault('ValidationError', `'${arn}' is not a valid ARN`);
}

export const tagOperations: Operations<'elasticloadbalancing'> = {
  AddTags(ctx, { ResourceArns, Tags }) {
    for (const arn of ResourceArns) {
      const { table, row } = taggedBy(ctx, arn);
      ctx.update(table, row, { tags: added(row.tags, Tags) });
    }
  },

  RemoveTags(ctx, { ResourceArns, TagKeys }) {
    for (const arn of ResourceArns) {
      const { table, row } = taggedBy(ctx, arn);
      ctx.update(table, row, { tags: removeTags(row.tags, TagKeys) });
    }
  },

  DescribeTags(ctx, { ResourceArns }) {
    return {
      TagDescriptions: ResourceArns.map((arn) => ({
        ResourceArn: arn,
        Tags: tagList(taggedBy(ctx, arn).row.tags),
      })),
    };
  },
};
