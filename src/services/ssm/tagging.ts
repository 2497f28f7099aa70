// Tags of parameters and documents.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { documents, keyOf, parameters } from './tables.ts';

const MOST_TAGS = 50;

interface Tagged {
  readonly tags: Tags;
  retag(tags: Tags): void;
}

function tagged(ctx: Ctx, type: string, id: string): Tagged {
  if (type === 'Parameter') {
    const parameter = ctx.get(parameters, keyOf(id));
    if (parameter)
      return { tags: parameter.tags, retag: (tags) => void ctx.update(parameters, parameter, { tags }) };
  } else if (type === 'Document') {
    const document = ctx.get(documents, id);
    if (document)
      return { tags: document.tags, retag: (tags) => void ctx.update(documents, document, { tags }) };
  }
  // Of the other types of resources none exist here.
  throw new Fault(
    'InvalidResourceId',
    "The resource ID isn't valid. Verify that you entered the correct ID and try again.",
  );
}

export const tagOperations: Operations<'ssm'> = {
  AddTagsToResource(ctx, { ResourceType, ResourceId, Tags }) {
    const { tags, retag } = tagged(ctx, ResourceType, ResourceId);
    const merged = mergeTags(tags, Tags);
    if (Object.keys(merged).length > MOST_TAGS) {
      throw new Fault(
        'TooManyTagsError',
        'The Targets parameter includes too many tags. Remove one or more tags and try the command again.',
      );
    }
    retag(merged);
  },

  RemoveTagsFromResource(ctx, { ResourceType, ResourceId, TagKeys }) {
    const { tags, retag } = tagged(ctx, ResourceType, ResourceId);
    retag(removeTags(tags, TagKeys));
  },

  ListTagsForResource(ctx, { ResourceType, ResourceId }) {
    return { TagList: tagList(tagged(ctx, ResourceType, ResourceId).tags) };
  },
};
