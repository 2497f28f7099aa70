// Tags of tables.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { pageOf } from '#cloud/pagination.ts';
import { actsForAws } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { invalid, invalidValues } from './faults.ts';
import { tables } from './rows.ts';
import { tableByResource } from './tables/table.ts';
import { MOST_TAGS } from './timings.ts';

const PAGE_SIZE = 10;

/** Throws where DynamoDB would not take the tags in addition to those that are there. */
export function checkTags(
  ctx: Ctx,
  present: Tags,
  added: readonly { readonly Key: string; readonly Value: string }[],
): void {
  const names = added.map(({ Key }) => Key);
  if (new Set(names).size < names.length) throw invalidValues('Duplicate tag keys found');
  if (!actsForAws(ctx.principal) && names.some((name) => name.toLowerCase().startsWith('aws:')))
    throw invalidValues('Tag keys starting with aws: are reserved for system use');
  if (Object.keys(mergeTags(present, added)).length > MOST_TAGS)
    throw new Fault(
      'LimitExceededException',
      `Subscriber limit exceeded: A resource cannot have more than ${MOST_TAGS} tags`,
    );
}

export const tagOperations: Operations<'dynamodb'> = {
  TagResource(ctx, { ResourceArn, Tags: added }) {
    const { home, table } = tableByResource(ctx, ResourceArn);
    if (added.length === 0) throw invalid('Atleast one Tag needs to be provided as Input.');
    checkTags(ctx, table.tags, added);
    home.update(tables, table, { tags: mergeTags(table.tags, added) });
  },

  UntagResource(ctx, { ResourceArn, TagKeys }) {
    const { home, table } = tableByResource(ctx, ResourceArn);
    if (TagKeys.length === 0) throw invalid('Atleast one Tag Key needs to be provided as Input.');
    home.update(tables, table, { tags: removeTags(table.tags, TagKeys) });
  },

  ListTagsOfResource(ctx, { ResourceArn, NextToken }) {
    const { table } = tableByResource(ctx, ResourceArn);
    const invalidToken = (): Fault => invalid('Invalid NextToken');
    const request = { token: NextToken, limit: PAGE_SIZE, invalidToken };
    const { items, next } = pageOf(tagList(table.tags), ({ Key }) => Key, request);
    return { Tags: items, ...(next !== undefined && { NextToken: next }) };
  },
};
