// Tags of load balancers.

import { Fault } from '#contract/fault.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { loadBalancerOf, loadBalancers } from './tables.ts';

type WireTags = readonly { Key: string; Value?: string | undefined }[];

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/add-remove-tags.html */
const MOST_TAGS = 50;

/** Tags with some added or overwritten. */
export function tagsWith(tags: Tags, wanted: WireTags = []): Tags {
  const keys = wanted.map(({ Key }) => Key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined)
    throw new Fault('DuplicateTagKeysException', `Tag key was specified more than once: ${twice}`);
  const merged = mergeTags(tags, wanted);
  if (Object.keys(merged).length > MOST_TAGS) {
    throw new Fault(
      'TooManyTagsException',
      'The quota for the number of tags that can be assigned to a load balancer has been reached',
    );
  }
  return merged;
}

export const tagOperations: Operations<'elasticloadbalancing-classic'> = {
  AddTags(ctx, { LoadBalancerNames, Tags }) {
    for (const name of LoadBalancerNames) {
      const row = loadBalancerOf(ctx, name);
      ctx.update(loadBalancers, row, { tags: tagsWith(row.tags, Tags) });
    }
  },

  RemoveTags(ctx, { LoadBalancerNames, Tags }) {
    for (const name of LoadBalancerNames) {
      const row = loadBalancerOf(ctx, name);
      const keys = Tags.map(({ Key = '' }) => Key);
      ctx.update(loadBalancers, row, { tags: removeTags(row.tags, keys) });
    }
  },

  DescribeTags(ctx, { LoadBalancerNames }) {
    return {
      TagDescriptions: LoadBalancerNames.map((name) => ({
        LoadBalancerName: name,
        Tags: tagList(loadBalancerOf(ctx, name).tags),
      })),
    };
  },
};
