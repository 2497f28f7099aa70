// Tags of functions and of event source mappings.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html

import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { mappings } from './event-source-mappings/mapping-rows.ts';
import { functionOf, invalid, named, notFound } from './names.ts';
import { functions } from './rows.ts';

const MOST_TAGS = 50;

interface Tagged {
  readonly tags: Tags;
  set(tags: Tags): void;
}

function taggedOf(ctx: Ctx, arn: string): Tagged {
  const [, , , , , kind = '', name = ''] = arn.split(':');
  if (kind === 'event-source-mapping') {
    const mapping = ctx.get(mappings, name);
    if (!mapping) throw notFound(`Event source mapping not found: ${arn}`);
    return { tags: mapping.tags, set: (tags) => void ctx.update(mappings, mapping, { tags }) };
  }
  if (kind !== 'function') throw notFound(`Resource not found: ${arn}`);
  const of = named(ctx, arn);
  if (of.qualifier !== undefined) {
    throw invalid('Tags on function aliases and versions are not supported. Please specify a function ARN.');
  }
  const fn = functionOf(of);
  return { tags: fn.tags, set: (tags) => void of.owner.update(functions, fn, { tags }) };
}

export const tagOperations: Operations<'lambda'> = {
  TagResource(ctx, { Resource, Tags }) {
    const tagged = taggedOf(ctx, Resource);
    if (Object.keys(Tags).length === 0)
      throw invalid('An error occurred and the request cannot be processed.');
    const tags = { ...tagged.tags, ...Tags };
    if (Object.keys(tags).length > MOST_TAGS) throw invalid('Number of tags exceeds resource tag limit.');
    tagged.set(tags);
  },

  UntagResource(ctx, { Resource, TagKeys }) {
    const tagged = taggedOf(ctx, Resource);
    tagged.set(removeTags(tagged.tags, TagKeys));
  },

  ListTags(ctx, { Resource }) {
    return { Tags: taggedOf(ctx, Resource).tags };
  },
};
