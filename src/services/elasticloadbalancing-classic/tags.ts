// Tags of load balancers.

import { tagsShown, tagsWith } from '#cloud/load-balancers/tags.ts';
import type { WireTags } from '#cloud/load-balancers/tags.ts';
import type { Operations } from '#cloud/service.ts';
import { removeTags } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { loadBalancerOf, loadBalancers } from './tables.ts';

const TOO_MANY = 'The quota for the number of tags that can be assigned to a load balancer has been reached';

/** Tags as a new load balancer gets them. */
export function newTags(wanted: WireTags = []): Tags {
  return tagsWith({}, wanted, TOO_MANY);
}

export const tagOperations: Operations<'elasticloadbalancing-classic'> = {
  AddTags(ctx, { LoadBalancerNames, Tags }) {
    for (const name of LoadBalancerNames) {
      const row = loadBalancerOf(ctx, name);
      ctx.update(loadBalancers, row, { tags: tagsWith(row.tags, Tags, TOO_MANY) });
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
        Tags: tagsShown(loadBalancerOf(ctx, name).tags),
      })),
    };
  },
};
