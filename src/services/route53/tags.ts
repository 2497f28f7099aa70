// Tags of hosted zones and health checks.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { actsForAws } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { healthCheckOf, healthChecks, hostedZones, plainId, zoneOf } from './tables.ts';

type ResourceType = 'healthcheck' | 'hostedzone';

const MOST_TAGS = 50;

function tagsOf(ctx: Ctx, type: ResourceType, id: string): Tags {
  return type === 'hostedzone' ? zoneOf(ctx, id).tags : healthCheckOf(ctx, id).tags;
}

function shown(
  ctx: Ctx,
  type: ResourceType,
  id: string,
): { ResourceType: ResourceType; ResourceId: string; Tags: { Key: string; Value: string }[] } {
  return { ResourceType: type, ResourceId: plainId(id), Tags: tagList(tagsOf(ctx, type, id)) };
}

export const tagOperations: Operations<'route53'> = {
  ChangeTagsForResource(ctx, { ResourceType, ResourceId, AddTags = [], RemoveTagKeys = [] }) {
    const keys = [...AddTags.map(({ Key = '' }) => Key), ...RemoveTagKeys];
    if (keys.some((key) => key.toLowerCase().startsWith('aws:')) && !actsForAws(ctx.principal))
      throw new Fault('InvalidInput', 'Tag keys that begin with aws: are reserved for use by AWS.');
    const tags = mergeTags(removeTags(tagsOf(ctx, ResourceType, ResourceId), RemoveTagKeys), AddTags);
    if (Object.keys(tags).length > MOST_TAGS)
      throw new Fault('InvalidInput', `A resource cannot have more than ${MOST_TAGS} tags.`);
    if (ResourceType === 'hostedzone') ctx.update(hostedZones, zoneOf(ctx, ResourceId), { tags });
    else ctx.update(healthChecks, healthCheckOf(ctx, ResourceId), { tags });
  },

  ListTagsForResource: (ctx, { ResourceType, ResourceId }) => ({
    ResourceTagSet: shown(ctx, ResourceType, ResourceId),
  }),

  ListTagsForResources: (ctx, { ResourceType, ResourceIds }) => ({
    ResourceTagSets: ResourceIds.map((id) => shown(ctx, ResourceType, id)),
  }),
};
