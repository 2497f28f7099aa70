// Tags of load balancers, target groups, listeners and rules.

import type { Table } from '#world/index.ts';
import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { tagsShown, tagsWith } from '#cloud/load-balancers/tags.ts';
import type { WireTags } from '#cloud/load-balancers/tags.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags } from '#cloud/tags.ts';
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

const TOO_MANY = "You've reached the limit on the number of tags for this resource.";

/** Tags as a new resource gets them. */
export function newTags(wanted: WireTags = []): Tags {
  return tagsWith({}, wanted, TOO_MANY);
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
      ctx.update(table, row, { tags: tagsWith(row.tags, Tags, TOO_MANY) });
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
        Tags: tagsShown(taggedBy(ctx, arn).row.tags),
      })),
    };
  },
};
