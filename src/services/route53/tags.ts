// Tags of hosted zones and health checks.

import { Fault } from '#contract/fault.ts';
import type { Ctx } from '#cloud/ctx.ts';
import { actsForAws } from '#cloud/principal.ts';
import type { Operations } from '#cloud/service.ts';
import { mergeTags, removeTags, tagList } from '#cloud/tags.ts';
import type { Tags } from '#cloud/tags.ts';
import { healthCheckOf, healthChecks, hostedZones, zoneOf } from './tables.ts';

type ResourceType = 'healthcheck' | 'hostedzone';

const MOST_TAGS = 50;
const LONGEST_ID = 32;

/** Zones are tagged by their ids alone, without `/hostedzone/`, and ids have at most 32 characters. */
function checkId(type: ResourceType, id: string): void {
  if (type !== 'hostedzone') return;
  if (id.length > LONGEST_ID) {
    throw new Fault(
      'InvalidInput',
      `1 validation error detected: Value '${id}' at 'resourceId' failed to satisfy constraint: Member must have length less than or equal to ${LONGEST_ID}`,
    );
  }
  if (id.includes('/')) throw new Fault('NoSuchHostedZone', `No hosted zone found with ID: ${id}`);
}

function tagsOf(ctx: Ctx, type: ResourceType, id: string): Tags {
  checkId(type, id);
  return type === 'hostedzone' ? zoneOf(ctx, id).tags : healthCheckOf(ctx, id).tags;
}

function shown(
  ctx: Ctx,
  type: ResourceType,
  id: string,
): { ResourceType: ResourceType; ResourceId: string; Tags: { Key: string; Value: string }[] } {
  return { ResourceType: type, ResourceId: id, Tags: tagList(tagsOf(ctx, type, id)) };
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
